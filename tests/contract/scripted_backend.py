"""A backend that answers what a test tells it to, over real HTTP, and remembers what it was asked."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import pytest
from aiohttp import web

from connectors.backends import APIS
from connectors.base import BackendConfig, BackendFailure, BackendHttp, OpenApi, http_session

PREFIX = "tmf-api/some/v4"
PREFIX_V5 = "some/v5"
ANY_API = dict.fromkeys(
    ["TMF000", *(number for apis in APIS.values() for number in apis)], OpenApi(v4=PREFIX, v5=PREFIX_V5)
)
"""Every Open API at the same place, so that a test need not say which it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. `body` is sent as JSON unless it is bytes; `after` holds it back; `lost`: the connection breaks."""

    status: int = 200
    body: object = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    after: asyncio.Event | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came in; `path` as it was written, still encoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> object:
        """The body."""
        return msgspec.json.decode(self.body)


class ScriptedBackend:
    """Gives its replies in turn, the last one for ever."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[Received] = []
        self.most_at_once = 0
        self._at_once = 0
        self._left = 0
        self._replies: deque[Reply] = deque([Reply()])
        self._came = asyncio.Condition()
        self._held: list[asyncio.Event] = []

    def answer(self, *replies: Reply) -> None:
        """What the next requests get."""
        self._replies = deque(replies)

    def reply_to(self, path: str) -> Reply:
        """What this request gets."""
        return self._replies.popleft() if len(self._replies) > 1 else self._replies[0]

    async def until_received(self, number: int) -> None:
        """Wait until this many requests have come in."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.received) >= number)

    async def until_left(self, number: int) -> None:
        """Wait until this many callers have broken the connection off before they had their answer."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: self._left >= number)

    def let_go(self) -> None:
        """Hold no answer back any longer."""
        for event in self._held:
            event.set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Remember, then answer."""
        path = request.raw_path.split("?")[0]
        reply = self.reply_to(path)
        seen = Received(
            method=request.method,
            path=path,
            query=dict(request.query),
            headers=request.headers.copy(),
            body=await request.read(),
            at=asyncio.get_running_loop().time(),
        )
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            async with self._came:
                self.received.append(seen)
                self._came.notify_all()
            if reply.after:
                self._held.append(reply.after)
                await reply.after.wait()
        except asyncio.CancelledError:
            async with self._came:
                self._left += 1
                self._came.notify_all()
            raise
        finally:
            self._at_once -= 1
        if reply.lost and request.transport:
            request.transport.abort()
        body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        return web.Response(status=reply.status, body=body, headers=reply.headers, content_type="application/json")


@asynccontextmanager
async def scripted_backend(backend: ScriptedBackend | None = None) -> AsyncIterator[ScriptedBackend]:
    """A running one."""
    backend = backend or ScriptedBackend()
    runner = web.ServerRunner(web.Server(backend.handle, handler_cancellation=True))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    backend.url = f"http://{host}:{port}"
    try:
        yield backend
    finally:
        backend.let_go()
        await runner.cleanup()


@asynccontextmanager
async def calling(url: str, **config: object) -> AsyncIterator[BackendHttp]:
    """The way to this address: two attempts of two seconds, five in all, unless `config` says otherwise."""
    told: dict[str, object] = {"deadline": 5.0, "attempt_timeout": 2.0, "attempts": 2, **config}
    async with http_session() as session:
        yield BackendHttp("some", ANY_API, msgspec.convert({"base_url": url, **told}, BackendConfig), session)


def read(http: BackendHttp) -> Awaitable[object]:
    """Read."""
    return http.get("listThing", "thing")


def ask(http: BackendHttp) -> Awaitable[object]:
    """Ask."""
    return http.ask("createSearch", "search", {"what": "this"})


def write(http: BackendHttp) -> Awaitable[object]:
    """Create something."""
    return http.write("POST", "createThing", "thing", {"name": "new"}, key="order-1:task-2:0")


def change(http: BackendHttp) -> Awaitable[object]:
    """Change something."""
    return http.write("PATCH", "patchThing", "thing/1", {"status": "active"}, key="order-1:task-3:0")


async def failure_of(call: Awaitable[object]) -> BackendFailure:
    """How the call fails."""
    with pytest.raises(BackendFailure) as raised:
        await call
    return raised.value


def answers(backend: ScriptedBackend, body: str, status: int = 200, total: int | None = None) -> None:
    """Every request gets this body."""
    backend.answer(Reply(status=status, body=body.encode(), headers={"X-Total-Count": str(total)} if total else {}))


def asked(backend: ScriptedBackend) -> Received:
    """The one request that came in."""
    (request,) = backend.received
    return request


def path_of(request: Received) -> str:
    """Method and path within the Open API."""
    return f"{request.method} {request.path.removeprefix(f'/{PREFIX}/').removeprefix(f'/{PREFIX_V5}/')}"
