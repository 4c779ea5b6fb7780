"""Calls to addresses that callers chose: never to where the policy does not allow, wherever a name leads to."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import aiohttp

SECONDS: Final = 5.0
"""How long a call may take."""

Allowed = Callable[[IPv4Address | IPv6Address], bool]
Call = Callable[[str, Mapping[str, str], bytes], Awaitable[str | None]]


class _NotAllowed(OSError):
    """The address is none that may be called."""


@asynccontextmanager
async def webhook_calls(allowed: Allowed) -> AsyncIterator[Call]:
    """A function that posts JSON to an address, and gives why it was not taken (None: it was).

    Whether an address is allowed is asked of each one that is about to be connected to, so a name that leads elsewhere
    the second time changes nothing. Redirects are not followed, nothing of an answer is kept, and no proxy is used.
    """

    def guarded(found: tuple[int, int, int, str, tuple[str | int, ...]]) -> socket.socket:
        family, kind, protocol, _, at = found
        if not allowed(ip_address(str(at[0]).partition("%")[0])):
            raise _NotAllowed("this address may not be called")
        return socket.socket(family, kind, protocol)

    connector = aiohttp.TCPConnector(
        socket_factory=guarded,
        limit=0,
        limit_per_host=8,
        happy_eyeballs_delay=None,
    )
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:

        async def call(callback: str, headers: Mapping[str, str], body: bytes) -> str | None:
            try:
                async with session.post(
                    callback,
                    data=body,
                    headers={**headers, "Content-Type": "application/json", "User-Agent": "Orderway"},
                    allow_redirects=False,
                ) as response:
                    return None if response.ok and response.status < 300 else f"answered {response.status}"
            except TimeoutError:
                return f"no answer within {SECONDS:g} s"
            except (aiohttp.ClientError, OSError, ValueError) as error:
                return _reason(error)

        yield call


def _reason(error: BaseException) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return str(cause) if isinstance(cause, _NotAllowed) else f"no answer: {type(error).__name__}"
