"""TCP ports of this machine: which are free, and who answers."""

import asyncio
import errno
import random
import socket
from collections import deque
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Final

from app.cannot_start import CannotStart

LISTENING_PORTS: Final = range(20_000, 32_000)
_given: Final[deque[int]] = deque(maxlen=1000)
"""Ports that were given lately: whoever got one may not listen there yet."""


def free_port() -> int:
    """A loopback port that nobody listens on now, and that was not given away a moment ago.

    Not one of those that the system gives to outgoing connections: such a port may be taken before it is used, or
    while a server that listens on it is being started again.
    """
    while True:
        port = random.choice(LISTENING_PORTS)
        if port in _given:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.append(port)
            return port


def require_free_port(host: str, port: int) -> None:
    """Raises CannotStart when a server could not listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as refusal:
        if refusal.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"Port {port} on {host} is in use: stop what listens there, or choose another with --port."
            ) from refusal
        raise CannotStart(f"Cannot listen on {host} port {port}: {refusal.strerror}.") from refusal


async def listens(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def answers_ok(host: str, port: int, path: str) -> bool:
    """Whether GET of this path is answered with 200."""
    return await asyncio.to_thread(_status, host, port, path) == 200


def _status(host: str, port: int, path: str) -> int | None:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
