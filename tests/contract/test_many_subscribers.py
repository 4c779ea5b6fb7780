"""Subscribers by the thousand: those who vanish leave nothing behind, and those who do not read get everything late."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import uvicorn

from app.gateway.app import Gateway, create_app
from app.gateway.health import Readiness
from app.gateway.limits import Limits
from app.ordering.audit import Audit, Trail
from app.ordering.ordering import Ordering
from app.ordering.reading import Reading
from app.security.identity import Identity
from app.store.feed import LANE, Feed
from app.store.port import Written
from app.store.sqlite import SqliteStore
from connectors.backends import Backends
from resolvers.context import Context
from resolvers.loaders import Loaders
from resolvers.schema import schema
from tests.bench.push.crowd import Crowd
from tests.contract.stored import ADA, change, new_order
from tests.harness import WAIT_SECONDS, until

VANISHING = 1_000
EVENTS = "subscription { productOrderEvents { cursor summary lag { behind } } }"
BUFFER = 4_096


@dataclass
class Served:
    """A gateway of this process over a store in a file."""

    store: SqliteStore
    feed: Feed
    gateway: Gateway
    port: int

    async def until_followed_by(self, number: int) -> None:
        """Returns when so many have subscribed."""

        async def there() -> bool:
            return self.feed.followers == number

        await until(there)

    def counts(self) -> dict[str, int]:
        """What subscribers take up."""
        return {
            "tasks": len(asyncio.all_tasks()),
            "files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
            "connections": self.gateway.websockets.connections,
            "followers": self.feed.followers,
            "lanes": self.feed.lanes,
        }


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[Served]:
    store = SqliteStore(folder / "orders.db")
    await store.open(keys_kept_since=datetime.now(UTC))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)  # what is accepted has it, too
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    async with Feed(store) as feed:
        reading = Reading(store, feed, dict)
        nobody = cast("Backends", None)  # events ask no backend

        async def authenticate(_: str | None) -> Identity:
            return Identity(ADA, datetime.now(UTC) + timedelta(hours=1))

        async def readiness() -> Readiness:
            return Readiness({})

        app = create_app(
            schema,
            authenticate=authenticate,
            make_context=lambda actor, facts: Context(
                actor=actor,
                ordering=cast("Ordering", None),
                reading=reading,
                loaders=Loaders(nobody, reading, actor),
                page_size=100,
                batch_lines=100,
                audit=cast("Audit", None),  # events hold no personal data
                trail=cast("Trail", None),
                resume_after=facts.resume_after,
            ),
            readiness=readiness,
            limits=Limits(),
        )
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws_per_message_deflate=False))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield Served(store, feed, app.state.gateway, listener.getsockname()[1])
        finally:
            server.should_exit = True
            await serving
    await store.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with _serving(tmp_path) as served:
        yield served


async def test_a_thousand_abrupt_disconnects_leave_no_task_socket_or_cursor_behind(served: Served) -> None:
    first = Crowd()
    await first.gather(served.port, 1, "any", EVENTS)
    await served.until_followed_by(1)
    baseline = served.counts()

    crowd = Crowd()
    await crowd.gather(served.port, VANISHING, "any", EVENTS)
    await served.until_followed_by(VANISHING + 1)
    assert served.feed.lanes == 1, "those who are told the same share what it takes"
    crowd.listen_for(1)
    assert await served.store.commit(change(new_order("o1"))) == Written()
    async with asyncio.timeout(WAIT_SECONDS):
        await crowd.everybody.wait()
    await crowd.leave()

    async def nothing_left() -> bool:
        # less than before is no loss: what other tests have in this process may end meanwhile
        return all(number <= baseline[what] for what, number in served.counts().items())

    await until(nothing_left)
    await first.leave()


async def test_who_does_not_read_costs_no_memory_is_told_and_gets_everything(served: Served) -> None:
    crowd = Crowd()
    await crowd.gather(served.port, 1, "any", EVENTS)
    [sleeper] = crowd.subscribers
    seen: list[dict[str, object]] = []
    crowd.hear = lambda text: seen.append(json.loads(text)["payload"]["data"]["productOrderEvents"])
    await served.until_followed_by(1)
    assert sleeper.transport
    sleeper.transport.pause_reading()
    count = 12 * LANE  # more than the buffers of both sockets take
    await served.store.commit(change(new_order("o1"), events=count))

    async def told() -> bool:
        return served.feed.position >= await served.store.events.last_position()

    await until(told)
    [lane] = served.feed._lanes.values()
    assert len(lane._held) == LANE
    crowd.listen_for(count)
    sleeper.transport.resume_reading()
    async with asyncio.timeout(WAIT_SECONDS):
        await crowd.everybody.wait()
    await crowd.leave()

    assert [event["summary"] for event in seen] == [f"event {number}" for number in range(1, count + 1)]
    [notice] = [event["lag"] for event in seen if event["lag"]]
    assert isinstance(notice, dict)
    assert LANE < notice["behind"] <= count
