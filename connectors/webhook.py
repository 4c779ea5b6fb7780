"""Calls to addresses that callers chose: never to where the policy does not allow, wherever a name leads to."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import aiohttp

SECONDS: Final = 5.0
"""How long a call may take."""
IDLE_SECONDS: Final = 4.0
"""How long a connection waits for the next call: shorter than servers wait, as a call that meets the end of its
connection is not made again."""

Allowed = Callable[[IPv4Address | IPv6Address], bool]
Call = Callable[[str, Mapping[str, str], bytes], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call was answered: its status and its headers, by their names in small letters."""

    status: int
    headers: Mapping[str, str]

    @property
    def taken(self) -> bool:
        """Whether what was sent has been taken."""
        return 200 <= self.status < 300


class Unanswered(Exception):
    """A call that had no answer, or was not made, and why."""


Post = Callable[[str, Mapping[str, str], bytes], Awaitable[Reply]]
"""Posts JSON with headers to an address. Raises Unanswered."""


class _NotAllowed(OSError):
    """The address is none that may be called."""


@asynccontextmanager
async def webhook_calls(allowed: Allowed) -> AsyncIterator[Call]:
    """A function that posts JSON to an address, as `posts`, and gives why it was not taken (None: it was)."""
    async with posts(allowed, at_once=8) as post:

        async def call(callback: str, headers: Mapping[str, str], body: bytes) -> str | None:
            try:
                reply = await post(callback, headers, body)
            except Unanswered as failure:
                return str(failure)
            return None if reply.taken else f"answered {reply.status}"

        yield call


@asynccontextmanager
async def posts(allowed: Allowed, *, at_once: int = 0) -> AsyncIterator[Post]:
    """A function that posts JSON to an address; to each host `at_once`, 0: as many as there are.

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
        limit_per_host=at_once,
        keepalive_timeout=IDLE_SECONDS,
        happy_eyeballs_delay=None,
    )
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:

        async def post(address: str, headers: Mapping[str, str], body: bytes) -> Reply:
            try:
                async with session.post(
                    address,
                    data=body,
                    headers={**headers, "Content-Type": "application/json", "User-Agent": "Orderway"},
                    allow_redirects=False,
                ) as response:
                    return Reply(response.status, {name.lower(): value for name, value in response.headers.items()})
            except TimeoutError:
                raise Unanswered(f"no answer within {SECONDS:g} s") from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise Unanswered(_reason(error)) from None

        yield post


def _reason(error: BaseException) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return str(cause) if isinstance(cause, _NotAllowed) else f"no answer: {type(error).__name__}"
