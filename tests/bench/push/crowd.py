"""Thousands of graphql-transport-ws subscribers in one process, each a bare socket that does next to nothing."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SHORT, LONG = 126, 127
"""Lengths in the second byte of a frame that mean: two, or eight bytes of length follow (RFC 6455)."""
AT_ONCE: Final = 100


def frame(message: object) -> bytes:
    """A masked text frame; the mask is zero, so that nothing has to be computed."""
    text = json.dumps(message).encode()
    length = bytes([0x80 | len(text)]) if len(text) < SHORT else bytes([0x80 | SHORT]) + len(text).to_bytes(2)
    return b"\x81" + length + bytes(4) + text


class Subscriber(asyncio.Protocol):
    """One connection with one subscription; `heard` is called with the time and text of each answer."""

    def __init__(self, host: str, hello: list[object], heard: Callable[[float, bytes], None]) -> None:
        self._host = host
        self._hello = [frame(message) for message in hello]
        self._heard = heard
        self._buffer = b""
        self._upgraded = False
        self.transport: asyncio.Transport | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Take what came apart into frames."""
        at = time.perf_counter()
        self._buffer += data
        if not self._upgraded:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self._upgraded, self._buffer = True, rest
            assert self.transport
            self.transport.write(self._hello[0])
        while (text := self._next_frame()) is not None:
            if b'"next"' in text:
                self._heard(at, text)
            elif b"connection_ack" in text:
                assert self.transport
                self.transport.write(b"".join(self._hello[1:]))
                self.ready.set_result(None)
            elif b'"error"' in text:
                raise RuntimeError(text.decode())

    def _next_frame(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        opcode, length, start = buffer[0] & 0x0F, buffer[1] & 0x7F, 2
        if length == SHORT:
            length, start = int.from_bytes(buffer[2:4]), 4
        elif length == LONG:
            length, start = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        if opcode == 0x9:  # a ping is answered, or the server would take us for gone
            assert self.transport
            self.transport.write(b"\x8a" + bytes([0x80 | length]) + bytes(4) + buffer[start : start + length])
            return b""
        return buffer[start : start + length]


@dataclass
class Crowd:
    """Many subscribers of one server, and when each heard of the event that is being told."""

    subscribers: list[Subscriber] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    awaited: int = 0
    everybody: asyncio.Event = field(default_factory=asyncio.Event)
    hear: Callable[[bytes], object] = len
    """Called with each message."""

    async def gather(self, port: int, count: int, token: str, query: str, variables: object = None) -> None:
        """Connect and subscribe so many."""
        hello: list[object] = [
            {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}},
            {"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables or {}}},
        ]
        turn = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with turn:
                _, subscriber = await asyncio.get_running_loop().create_connection(
                    lambda: Subscriber(f"127.0.0.1:{port}", hello, self._heard), "127.0.0.1", port
                )
                await subscriber.ready
                self.subscribers.append(subscriber)

        await asyncio.gather(*(one() for _ in range(count)))

    def _heard(self, at: float, text: bytes) -> None:
        self.times.append(at)
        self.hear(text)
        if len(self.times) >= self.awaited:
            self.everybody.set()

    def listen_for(self, events: int) -> None:
        """Begin to count: everybody is to hear of so many events."""
        self.times.clear()
        self.awaited = events * len(self.subscribers)
        self.everybody.clear()

    async def leave(self) -> None:
        """Cut every connection as a lost network does."""
        for subscriber in self.subscribers:
            assert subscriber.transport
            subscriber.transport.abort()
        self.subscribers.clear()
