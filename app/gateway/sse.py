"""Server-sent events: the protocol graphql-sse, a stream for each operation or one stream for all of a client."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from secrets import token_urlsafe
from typing import Final

import orjson

from app.gateway.clients import Client, client_of
from app.gateway.errors import Code, Refused
from app.gateway.incremental import Spec
from app.gateway.limits import Guard, Limits
from app.gateway.operations import Answer, Operations, Ready, cursor_of
from app.gateway.streaming import Wire
from app.security.identity import Identity

TOKEN_HEADER: Final = "X-GraphQL-Event-Stream-Token"
TOKEN_PARAMETER: Final = "token"
OPERATION_ID: Final = "operationId"

CONTENT_TYPE: Final = "text/event-stream; charset=utf-8"
COMPLETE: Final = b"event: complete\ndata:\n\n"
# a stream begins with a comment, as some browsers open it with the first byte of its body only
BEGINNING: Final = b":\n\n"


def next_event(content: object, event_id: str | None = None) -> bytes:
    """One `next` event. Nothing in JSON ends a line, so it is one `data` line."""
    return b"event: next\n%sdata: %s\n\n" % (_id(event_id), orjson.dumps(content))


def _id(event_id: str | None) -> bytes:
    """The line with which a client comes back; nothing in it may end it."""
    if event_id is None or any(end in event_id for end in "\r\n\0"):
        return b""
    return b"id: %s\n" % event_id.encode()


def _farewell(refused: Refused) -> bytes:
    """Why the stream ends; there is no `complete` behind it, so that the client comes back."""
    return next_event({"errors": refused.formatted()})


WIRE: Final = Wire(CONTENT_TYPE, lambda: BEGINNING, _farewell)
"""A stream for one operation. A comment keeps it alive."""
SHARED_WIRE: Final = Wire(CONTENT_TYPE, lambda: BEGINNING)
"""A stream of several operations: none of them has ended, so none is told."""


async def events(answers: AsyncGenerator[Answer, None]) -> AsyncGenerator[bytes, None]:
    """The answers of one operation as the events of a stream of its own."""
    yield BEGINNING
    async with aclosing(answers):
        async for answer in answers:
            yield next_event(answer, cursor_of(answer))
    yield COMPLETE


class SharedStream:
    """One event stream of a client, from its reservation to its end, with the operations that it carries."""

    def __init__(self, identity: Identity, operations: Operations, guard: Guard) -> None:
        self.identity = identity
        self.opened = False
        self._operations = operations
        self._guard = guard
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # those of _running, and those that are still being cancelled
        # of one place: while the client is slow to read, operations wait
        self._messages: asyncio.Queue[bytes] = asyncio.Queue(1)

    def start(self, ready: Ready) -> None:
        """Begin an operation; its answers come on the stream. Raises Refused."""
        operation_id = ready.asked.extensions.get(OPERATION_ID)
        if not isinstance(operation_id, str) or not operation_id:
            raise Refused(Code.BAD_REQUEST, f"extensions.{OPERATION_ID} must be a string that is not empty.")
        if operation_id in self._running:
            raise Refused(Code.STREAM_CONFLICT, f"The operation {operation_id[:80]!r} is running on this stream.")
        self._guard.check("operations_per_connection", len(self._running) + 1)
        task = asyncio.create_task(self._run(operation_id, ready, Spec.wished(ready.asked.extensions)))
        self._running[operation_id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self, operation_id: str) -> None:
        """End an operation; one that is not running has ended already."""
        task = self._running.pop(operation_id, None)
        if task is not None:
            task.cancel()

    async def _run(self, operation_id: str, ready: Ready, spec: Spec) -> None:
        async with aclosing(self._operations.answers(ready, spec)) as answers:
            async for answer in answers:
                await self._messages.put(next_event({"id": operation_id, "payload": answer}))
        # forgotten first: the client may use the id again as soon as it reads this
        self._running.pop(operation_id, None)
        await self._messages.put(b"event: complete\ndata: %s\n\n" % orjson.dumps({"id": operation_id}))

    async def messages(self) -> AsyncGenerator[bytes, None]:
        """What is sent on the stream; it never ends by itself."""
        yield BEGINNING
        while True:
            yield await self._messages.get()

    def cancel(self) -> tuple["asyncio.Task[None]", ...]:
        """Begin to end all operations; the tasks that are about to end."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    async def end(self) -> None:
        """End all operations."""
        await asyncio.gather(*self.cancel(), return_exceptions=True)


class EventStreams:
    """The shared event streams of one gateway: reserved by PUT, opened by GET, fed by POST and DELETE.

    They live in the process that they were reserved in.
    """

    def __init__(self, operations: Operations, limits: Limits) -> None:
        self._operations = operations
        self._limits = limits
        self._streams: dict[str, SharedStream] = {}
        self._guard = Guard(limits)
        self._unopened: Counter[Client] = Counter()

    @property
    def reserved(self) -> int:
        """How many there are, opened or not."""
        return len(self._streams)

    def reserve(self, identity: Identity) -> str:
        """The token of a new stream, which has to be opened before long. Raises Refused."""
        client = client_of(identity)
        self._guard.check("reserved_streams", self._unopened[client] + 1)
        token = token_urlsafe(32)
        self._streams[token] = SharedStream(identity, self._operations, self._guard)
        self._unopened[client] += 1
        asyncio.get_running_loop().call_later(self._limits.connection_init_seconds, self._forget_unopened, token)
        return token

    def _forget_unopened(self, token: str) -> None:
        stream = self._streams.get(token)
        if stream is None or stream.opened:
            return
        del self._streams[token]
        self._opened_or_gone(stream)
        stream.cancel()

    def _opened_or_gone(self, stream: SharedStream) -> None:
        client = client_of(stream.identity)
        self._unopened[client] -= 1
        if not self._unopened[client]:
            del self._unopened[client]

    def find(self, token: str, identity: Identity | None = None) -> SharedStream:
        """The stream with this token; it belongs to who reserved it. Raises Refused."""
        stream = self._streams.get(token)
        if stream is None or (identity is not None and identity.actor != stream.identity.actor):
            raise Refused(Code.STREAM_NOT_FOUND, "There is no event stream with this token; reserve one by PUT.")
        return stream

    def open(self, token: str) -> SharedStream:
        """The stream with this token, which nobody else can open from now on; `close` it. Raises Refused."""
        stream = self.find(token)
        if stream.opened:
            raise Refused(Code.STREAM_CONFLICT, "This event stream is open already.")
        stream.opened = True
        self._opened_or_gone(stream)
        return stream

    async def close(self, token: str) -> None:
        """Forget an opened stream and end its operations."""
        await self._streams.pop(token).end()
