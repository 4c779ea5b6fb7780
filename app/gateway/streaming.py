"""HTTP responses that go on: more than one answer to one request, kept alive, and told when they have to end."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.gateway.errors import Code, Refused

EXPIRED: Final = "The token has expired; sign in again and resume after the last event that you have."
FIRST_HEARTBEAT_SECONDS: Final = 1.0
"""When a stream that is silent from the beginning shows that it was understood, and where it begins."""
FAREWELL_SECONDS: Final = 1.0
"""How long a client that reads slowly may take for the last word."""
GOING_AWAY: Final = "The gateway is about to stop; connect again and resume after the last event that you have."


@dataclass(frozen=True, slots=True)
class Wire:
    """How a stream looks: its media type, what keeps it alive, and how it says why it ends before its time."""

    content_type: str
    heartbeat: Callable[[], bytes] = bytes
    farewell: Callable[[Refused], bytes] = lambda _: b""


class OpenStreams:
    """The open streams of a gateway, so that they can be told to go."""

    def __init__(self, heartbeat_seconds: float) -> None:
        self._heartbeat_seconds = heartbeat_seconds
        self._open: set[StreamedResponse] = set()
        self._draining = False

    @property
    def open(self) -> int:
        """How many streams are open."""
        return len(self._open)

    def stream(
        self,
        chunks: AsyncGenerator[bytes, None],
        wire: Wire,
        until: datetime | None,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> Response:
        """A response that sends these chunks as they come, closes their generator and then calls `close`.

        At the longest until this time, or until the gateway stops; None: they end by themselves, before long.
        """
        return StreamedResponse(self, chunks, wire, until, close, self._heartbeat_seconds)

    def joined(self, stream: "StreamedResponse") -> None:
        """This stream has begun."""
        self._open.add(stream)
        if self._draining and stream.lasting:
            stream.leave()

    def left(self, stream: "StreamedResponse") -> None:
        """This stream has ended."""
        self._open.discard(stream)

    async def drain(self) -> None:
        """End each lasting stream, and those that still begin, with word that the client is to connect again."""
        self._draining = True
        lasting = [stream for stream in self._open if stream.lasting]
        for stream in lasting:
            stream.leave()
        await asyncio.gather(*(stream.ended.wait() for stream in lasting))


class StreamedResponse(Response):
    """One response of many chunks."""

    def __init__(
        self,
        streams: OpenStreams,
        chunks: AsyncGenerator[bytes, None],
        wire: Wire,
        until: datetime | None,
        close: Callable[[], Awaitable[None]] | None,
        heartbeat_seconds: float,
    ) -> None:
        # `no-transform` and the header of nginx: a proxy that gathers chunks would hold them back
        headers = {
            "Content-Type": wire.content_type,
            "Cache-Control": "no-store, no-transform",
            "X-Accel-Buffering": "no",
            "Vary": "Accept",
        }
        super().__init__(None, 200, headers)
        del self.headers["content-length"]
        self._streams = streams
        self._chunks = chunks
        self._wire = wire
        self._until = until
        self._close = close
        self._heartbeat_seconds = heartbeat_seconds
        self._stopped: asyncio.Future[Refused] | None = None
        self._writing = False
        self._wrote = False
        self.ended = asyncio.Event()

    @property
    def lasting(self) -> bool:
        """Whether it would go on until something else ends it."""
        return self._until is not None

    def leave(self) -> None:
        """End, as the gateway is about to stop."""
        self._stop(Refused(Code.GOING_AWAY, GOING_AWAY))

    def _stop(self, reason: Refused) -> None:
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(reason)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send chunks until they end, the client goes, its token expires or the gateway stops.

        Whichever comes first: nothing that was started for this stream is left behind.
        """
        loop = asyncio.get_running_loop()
        self._stopped = loop.create_future()
        expiry: asyncio.TimerHandle | None = None
        if self._until is not None:
            left = (self._until - datetime.now(UTC)).total_seconds()
            expiry = loop.call_later(left, self._stop, Refused(Code.UNAUTHENTICATED, EXPIRED))
        self._streams.joined(self)
        writing = asyncio.create_task(self._write(send))
        going = asyncio.create_task(_until_gone(receive))
        try:
            await self._keep_alive(writing, going, self._stopped, send)
            if writing.done():
                writing.result()
            elif self._stopped.done():
                writing.cancel()
                await asyncio.wait((writing,))
                with suppress(TimeoutError):  # a client that has stopped reading is told nothing
                    async with asyncio.timeout(FAREWELL_SECONDS):
                        await _send(send, self._wire.farewell(self._stopped.result()), more=False)
        finally:
            if expiry is not None:
                expiry.cancel()
            self._stopped.cancel()
            for task in (writing, going):
                task.cancel()
            await asyncio.gather(writing, going, return_exceptions=True)
            if self._close is not None:
                # beside the generator's own end: one that was never begun does nothing when it is closed
                await self._close()
            self._streams.left(self)
            self.ended.set()

    async def _keep_alive(
        self, writing: "asyncio.Task[None]", going: "asyncio.Task[None]", stopped: "asyncio.Future[Refused]", send: Send
    ) -> None:
        """Send a heartbeat whenever it was quiet for a while; returns when one of the three is done."""
        pause = min(FIRST_HEARTBEAT_SECONDS, self._heartbeat_seconds)
        while True:
            self._wrote = False
            done, _ = await asyncio.wait((writing, going, stopped), timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return
            pause = self._heartbeat_seconds
            # while a chunk is on its way to a client that is slow to read, it needs no sign of life
            if not self._writing and not self._wrote and (heartbeat := self._wire.heartbeat()):
                with suppress(TimeoutError):  # an earlier chunk still fills the connection
                    async with asyncio.timeout(self._heartbeat_seconds):
                        await _send(send, heartbeat, more=True)

    async def _write(self, send: Send) -> None:
        async with aclosing(self._chunks) as chunks:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for chunk in chunks:
                await self._write_chunk(send, chunk)
        await _send(send, b"", more=False)

    async def _write_chunk(self, send: Send, chunk: bytes) -> None:
        """Send one chunk; waits while the client is slow to read, so that nothing piles up for it here."""
        self._writing = True
        try:
            await _send(send, chunk, more=True)
        finally:
            self._writing = False
            self._wrote = True


async def _send(send: Send, body: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
