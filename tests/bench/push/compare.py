"""One gateway process and a crowd of subscribers: how long from commit to receipt, and what a delivered event costs.

Beside it graphql-ws on Node tells the same crowd of the same events. Both are told one event at a time, in turns; what
counts is the processor time of a delivered event, as other work on the machine does not change it much.
"""

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console
from rich.table import Table

from app.domain.actor import Actor, Role
from app.domain.events import EventType, ItemStateChange, order_event
from app.domain.order import ItemAction, OrderItem, ProductOrder
from app.domain.states import ItemState, OrderState
from app.embedded.ports import answers_ok, free_port, listens
from app.security.tokens import DevelopmentKey
from app.store import open_store
from app.store.port import Change, OrderStore
from tests.bench.gateway.compare import node
from tests.bench.push.crowd import Crowd
from tests.harness import ROOT, until
from tools.npm import npm

PEERS: Final = Path(__file__).resolve().parent / "peers"
QUERY: Final = """subscription {
  productOrderEvents {
    __typename cursor sequence orderKey version state occurredAt summary actor { subject channel }
    ... on ProductOrderStateChangeEvent { before itemChanges { itemId before after } }
  }
}"""
ORDERWAY: Final = "Orderway"
NODE: Final = "graphql-ws"
ADA: Final = Actor(subject="agent-1", role=Role.AGENT, channel="callCentre")


@dataclass
class Server:
    """A server with its crowd, and what was measured."""

    name: str
    process: subprocess.Popen[bytes]
    publish: Callable[[int], Awaitable[float]]
    crowd: Crowd = field(default_factory=Crowd)
    bytes_each: float = 0
    latencies: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def cpu_seconds(self) -> float:
        """Processor time so far."""
        times = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Memory in bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def change(number: int) -> Change:
    """The first event of an order."""
    now = datetime.now(UTC)
    order = ProductOrder(
        id=f"o{number:06}",
        version=1,
        state=OrderState.IN_PROGRESS,
        customer_id="cust-1001",
        customer_name="Ada",
        channel="online",
        controlled_by="online",
        created_at=now,
        created_by="agent-1",
        updated_at=now,
        items=(OrderItem(id="1", action=ItemAction.ADD, offering_id="fibre-500", offering_name="Fibre 500"),),
    )
    event = order_event(
        order,
        1,
        EventType.STATE_CHANGED,
        at=now,
        actor=ADA,
        summary="in progress",
        before=OrderState.ACKNOWLEDGED,
        item_changes=(ItemStateChange("1", ItemState.ACKNOWLEDGED, ItemState.IN_PROGRESS),),
    )
    return Change(order=order, after=0, events=(event,), actor=ADA, reason="started", at=now)


def _started(
    stack: AsyncExitStack, command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=folder, stdout=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def _install_peer() -> None:
    if not (PEERS / "node_modules").exists():
        subprocess.run([*npm(), "ci", "--ignore-scripts"], cwd=PEERS, check=True)


async def _orderway(stack: AsyncExitStack, folder: Path) -> tuple[Server, int, str]:
    port = free_port()
    nowhere = "127.0.0.1:9"
    settings = {
        "ORDERWAY_PORT": str(port),
        "ORDERWAY_DATA_DIR": str(folder),
        "ORDERWAY_TEMPORAL_ADDRESS": nowhere,
        "ORDERWAY_BACKENDS_BASE_URL": f"http://{nowhere}",
        "ORDERWAY_DEVELOPMENT_TOKENS": "true",
        "ORDERWAY_LIMITS__SUBSCRIPTIONS": "100000",
        "ORDERWAY_LOG_LEVEL": "warning",
        "PYTHONPATH": str(ROOT),
    }
    process = _started(stack, [sys.executable, "-m", "app.cli", "serve"], folder, settings)
    await until(lambda: answers_ok("127.0.0.1", port, "/health/live"))
    token = DevelopmentKey.load_or_create(folder).mint(ADA, timedelta(hours=1))
    store: OrderStore = await open_store(None, "", folder, keys_kept_for=timedelta(days=1))
    stack.push_async_callback(store.close)

    async def publish(number: int) -> float:
        await store.commit(change(number))
        return time.perf_counter()

    return Server(ORDERWAY, process, publish), port, token


async def _node(stack: AsyncExitStack) -> tuple[Server, int, str]:
    await asyncio.to_thread(_install_peer)
    port = free_port()
    process = _started(stack, [node(), "server.mjs", str(port)], PEERS, {})
    await until(lambda: listens("127.0.0.1", port))
    session = await stack.enter_async_context(aiohttp.ClientSession())

    async def publish(number: int) -> float:
        order = change(number)
        [event] = order.events
        body = {
            "type": "ProductOrderStateChangeEvent",
            "cursor": f"UG9zaXRpb246{number}",
            "sequence": event.sequence,
            "orderKey": event.order_id,
            "version": event.version,
            "state": "IN_PROGRESS",
            "occurredAt": event.at.isoformat(),
            "summary": event.summary,
            "actor": {"subject": event.actor.subject, "channel": event.actor.channel},
            "before": "ACKNOWLEDGED",
            "itemChanges": [{"itemId": "1", "before": "ACKNOWLEDGED", "after": "IN_PROGRESS"}],
        }
        begun = time.perf_counter()
        await session.post(f"http://127.0.0.1:{port}/publish", data=json.dumps(body))
        return begun

    return Server(NODE, process, publish), port, "none"


async def _tell(server: Server, number: int) -> None:
    server.crowd.listen_for(1)
    before = server.cpu_seconds()
    begun = await server.publish(number)
    async with asyncio.timeout(60):
        await server.crowd.everybody.wait()
    server.slowest.append(max(server.crowd.times) - begun)
    server.latencies += [at - begun for at in server.crowd.times]
    await asyncio.sleep(0.05)  # what the server still tidies up belongs to the event
    server.cpu.append(server.cpu_seconds() - before)


async def compare(console: Console, *, subscribers: int, events: int, with_node: bool = True) -> list[Server]:
    """Measure and print."""
    _raise_open_files()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        started = [await _orderway(stack, folder)]
        if with_node:
            started.append(await _node(stack))
        for server, port, token in started:
            empty = server.resident()
            await server.crowd.gather(port, subscribers, token, QUERY)
            server.bytes_each = (server.resident() - empty) / subscribers
        await asyncio.sleep(1)  # the last ones subscribe
        for number in range(events + 3):
            for server, _, _ in started:
                await _tell(server, number)
        servers = [server for server, _, _ in started]
        for server in servers:
            server.cpu = server.cpu[3:]
            server.latencies = server.latencies[3 * subscribers :]
        _print(console, servers, subscribers)
        for server in servers:
            await server.crowd.leave()
        return servers


def _print(console: Console, servers: list[Server], subscribers: int) -> None:
    table = Table(title=f"{subscribers} subscribers of one process")
    for column in ("Server", "p50 ms", "p99 ms", "slowest ms", "µs CPU an event", "KB a subscriber"):
        table.add_column(column, justify="left" if column == "Server" else "right")
    for one in servers:
        p99 = statistics.quantiles(one.latencies, n=100)[-1]
        each = statistics.mean(one.cpu) / subscribers * 1e6
        figures = (statistics.median(one.latencies) * 1e3, p99 * 1e3, max(one.slowest[3:]) * 1e3, each)
        table.add_row(one.name, *(f"{figure:.1f}" for figure in figures), f"{one.bytes_each / 1024:.1f}")
    console.print(table)
    if len(servers) == 2:
        ours, theirs = (statistics.mean(one.cpu) for one in servers)
        console.print(f"CPU of a delivered event: {ours / theirs:.2f} × {servers[1].name}")


def _raise_open_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
