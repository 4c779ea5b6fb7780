"""Somebody else's server, which webhooks call."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from app.embedded.ports import free_port
from tests.channel import Json


@dataclass
class Receiver:
    """Takes calls, or answers with `status`, or not at all while it `hangs`."""

    url: str
    status: int = 204
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    refused: int = 0
    hangs: bool = False
    hung: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.hangs:
            self.hung.set()
            await asyncio.sleep(60)  # until the caller is gone
        if self.status >= 300:
            self.refused += 1
            return web.Response(status=self.status, headers={"Location": f"{self.url}/elsewhere"})
        self.taken.append(({name.lower(): value for name, value in request.headers.items()}, body))
        return web.Response(status=self.status)

    def orders(self) -> list[str]:
        """The order of each event that it was told of."""
        return [json.loads(body)["correlationId"] for _, body in self.taken]

    def events(self, order: str) -> list[Json]:
        """What it was told of this order."""
        told = [json.loads(body) for _, body in self.taken]
        return [event for event in told if event["correlationId"] == order]

    def sequences(self, order: str) -> list[int]:
        return [int(event["eventId"].rpartition("-")[2]) for event in self.events(order)]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on this machine, until the context ends."""
    port = free_port()
    receiver = Receiver(f"http://127.0.0.1:{port}")
    async with taking_posts(receiver.take, port):
        yield receiver


@asynccontextmanager
async def taking_posts(take: Callable[[web.Request], Awaitable[web.Response]], port: int) -> AsyncIterator[None]:
    """Every POST to this port of this machine is for `take`, until the context ends."""
    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()
