"""What Orderway costs beside a bare Temporal workflow of as many activities: ratios, from rounds that take turns.

The same Temporal server carries both, one worker process each, with the same worker options, retry policies, timeouts
and heartbeats, and the same graph of tasks. The bare workflow leaves out everything else: it calls no backend, keeps no
order, writes to no customer, and its payloads are a few bytes. Two of them are measured: one with an activity for each
task and for the plan, and one with as many activities as Orderway has, with those that record and tell.

Orders are a mobile line without its service order, whose end a backend would report at its own time. They are placed
before the clock starts, so that what is compared is the carrying out.
"""

import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import resources
from itertools import cycle
from pathlib import Path
from typing import Final
from uuid import uuid4

import aiohttp
import yaml
from rich.console import Console
from rich.table import Table
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from app.domain.actor import Actor, Role
from app.domain.order import Characteristic, ProductOrder
from app.domain.plan import Task
from app.domain.request import ItemRequest, OrderRequest
from app.embedded import parts as embedded
from app.embedded.processes import ChildProcess, Guard, Part
from app.orchestration.contract import WORKFLOW, OrderRun, TaskPolicy, workflow_id
from app.orchestration.payloads import DATA_CONVERTER
from app.ordering.ordering import BackendLoad, Instruction, Ordering
from app.ordering.outcomes import Committed
from app.ordering.place import PlaceOrder, place_order
from app.parts import parts
from tests.bench.bare import BARE, Graph
from tests.bench.carrier import BARE_QUEUE, EFFECTS, RECORDING, TELLING
from tests.harness import ROOT, Product, start

AGENT: Final = Actor(subject="agent-1", role=Role.AGENT, channel="callCentre")
MOBILE: Final = ItemRequest(offering_id="mobile-m", characteristics=(Characteristic(name="simType", value="eSIM"),))
CUSTOMERS: Final = cycle(f"cust-{n}" for n in range(1101, 1131))
"""More than one: somebody with a hundred orders a day is suspicious."""
LEFT_OUT_RULE: Final = "mobile-service"
ORDERWAY: Final = "Orderway"
ALONE: Final = 3
BARE_TASKS: Final = "bare: an activity a task"
BARE_ALL: Final = "bare: as many activities"
VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    ORDERWAY: (),
    "Orderway, effects as no-ops": (EFFECTS,),
    "Orderway, effects, messages as no-ops": (EFFECTS, TELLING),
    "Orderway, effects, messages, recording as no-ops": (EFFECTS, TELLING, RECORDING),
}


class StartsNothing:
    """A fulfilment that leaves the start to the benchmark."""

    async def start(self, order: ProductOrder) -> None:
        """Not yet."""

    async def load(self) -> tuple[BackendLoad, ...]:
        """Nothing waits."""
        return ()

    async def start_batch(self, batch_id: str) -> None:
        """Not yet."""

    async def task_done(self, order_id: str, task: Task, reference: str) -> None:
        """Nobody waits for it."""

    async def tell(self, order_id: str, instruction: Instruction) -> str | None:
        """Nobody is told anything."""
        return "this is a benchmark"


@dataclass
class Measured:
    """What was measured of one contender."""

    per_second: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    activities: int = 0
    steps: int = 0
    events: int = 0
    kilobytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Ring:
    """Where contenders meet: `run` carries out one order, or one bare workflow, and gives its workflow's id."""

    client: Client
    ordering: Ordering
    graph: Mapping[str, list[str]]

    async def prepared(self, contender: str, number: int) -> list[Callable[[], Awaitable[str]]]:
        """This many starters, each of which waits for the end."""
        if contender not in VARIANTS:
            graph = Graph(tasks=dict(self.graph), keeps_record=contender == BARE_ALL)
            return [lambda: self._carried(BARE, graph, f"bare-{uuid4()}", BARE_QUEUE)] * number
        found: list[Callable[[], Awaitable[str]]] = []
        for _ in range(number):
            request = OrderRequest(customer_id=next(CUSTOMERS), items=(MOBILE,))
            ask = PlaceOrder(idempotency_key=str(uuid4()), request=request)
            outcome = await place_order(self.ordering, AGENT, ask)
            assert isinstance(outcome, Committed), outcome
            order = OrderRun(order_id=outcome.order.id, policy=TaskPolicy())
            found.append(partial(self._carried, WORKFLOW, order, workflow_id(order.order_id), contender))
        return found

    async def _carried(self, workflow: str, given: OrderRun | Graph, name: str, queue: str) -> str:
        await self.client.execute_workflow(workflow, given, id=name, task_queue=queue)
        return name

    async def look_at(self, measured: Measured, name: str) -> None:
        """What the workflow's history holds."""
        history = await self.client.get_workflow_handle(name).fetch_history()
        kinds = Counter(event.event_type for event in history.events)
        measured.activities = kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
        measured.steps = kinds[EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
        measured.events = len(history.events)
        measured.kilobytes = sum(event.ByteSize() for event in history.events) / 1000


async def measure(ring: Ring, contenders: tuple[str, ...], *, rounds: int, at_once: int) -> dict[str, Measured]:
    """Every contender in turn, again and again: some orders side by side, then some one after the other."""
    found = {name: Measured() for name in contenders}
    for n in range(rounds + 1):
        # who comes first in a round comes last in the next
        for name in contenders if n % 2 else reversed(contenders):
            together, alone = await ring.prepared(name, at_once), await ring.prepared(name, ALONE)
            begun = time.perf_counter()
            await asyncio.gather(*(one() for one in together))
            per_second = at_once / (time.perf_counter() - begun)
            latencies = []
            for one in alone:
                begun = time.perf_counter()
                workflow = await one()
                latencies.append(time.perf_counter() - begun)
            if n:  # the first round warms up
                found[name].per_second.append(per_second)
                found[name].latencies += latencies
            await ring.look_at(found[name], workflow)
    return found


@asynccontextmanager
async def ring(folder: Path) -> AsyncIterator[Ring]:
    """Temporal, the mock BSS server, and a worker process for each contender."""
    rules = folder / "rules"
    rules.mkdir(parents=True)
    shipped = yaml.safe_load((resources.files("app.rules") / "decomposition.yaml").read_text())
    (rules / "decomposition.yaml").write_text(yaml.safe_dump([r for r in shipped if r["id"] != LEFT_OUT_RULE]))
    guard = Guard()
    try:
        async with aiohttp.ClientSession() as http, AsyncExitStack() as stack:
            product = Product(folder, guard, http)
            settings = product.settings.model_copy(update={"rules_dir": rules})
            told = {
                **embedded.environment_of(settings),
                "ORDERWAY_RULES_DIR": str(rules),
                "PYTHONPATH": str(ROOT),
            }

            async def ready() -> bool:
                return True

            def carrier(n: int, queue: str, left_out: tuple[str, ...]) -> ChildProcess:
                command = (sys.executable, "-m", "tests.bench.carrier", queue, *left_out)
                part = Part(name=f"carrier-{n}", command=command, ready=ready, environment=told)
                return ChildProcess(part, folder / "logs", guard, folder=folder)

            carriers = [carrier(n, queue, left_out) for n, (queue, left_out) in enumerate(VARIANTS.items())]
            carriers.append(carrier(len(VARIANTS), BARE_QUEUE, ()))
            for child in (product.temporal, product.mock, *carriers):
                stack.push_async_callback(child.stop)
            await start(product.temporal, product.mock)
            await start(*carriers)
            assert settings.temporal_address is not None, "just started"
            client = await Client.connect(settings.temporal_address, data_converter=DATA_CONVERTER)
            p = await stack.enter_async_context(parts(settings, needs_temporal=True))
            ordering = replace(p.ordering, fulfilment=StartsNothing())
            yield Ring(client, ordering, await _graph(client, ordering))
    finally:
        guard.close()


async def _graph(client: Client, ordering: Ordering) -> Mapping[str, list[str]]:
    """By task of such an order, what it waits for."""
    [one] = await Ring(client, ordering, {}).prepared(ORDERWAY, 1)
    order_id = (await one()).removeprefix(workflow_id(""))
    plan = (await ordering.store.load([order_id]))[order_id].plan
    assert plan is not None, "it has been carried out"
    assert plan.ended, plan
    return {task.id: [before.task_id for before in task.depends_on] for task in plan.tasks}


async def compare(folder: Path, console: Console, *, rounds: int = 6, at_once: int = 8) -> None:
    """Measure and print."""
    async with ring(folder) as where:
        contenders = (BARE_TASKS, BARE_ALL, *VARIANTS)
        found = await measure(where, contenders, rounds=rounds, at_once=at_once)
    table = Table(title=f"An order of {len(where.graph)} tasks, {at_once} at once; ratios to bare, of rounds in turn")
    columns = ("", "orders/s", "× tasks", "× all", "p50 ms", "× tasks", "× all", "activities", "steps", "events", "kB")
    for column in columns:
        table.add_column(column, justify="right" if column else "left")

    def ratios(mine: list[float], other: list[float]) -> str:
        return f"{statistics.median(a / b for a, b in zip(mine, other, strict=True)):.2f}"

    for name, m in found.items():
        tasks, all_ = found[BARE_TASKS], found[BARE_ALL]
        table.add_row(
            name,
            f"{statistics.median(m.per_second):.1f}",
            ratios(m.per_second, tasks.per_second),
            ratios(m.per_second, all_.per_second),
            f"{statistics.median(m.latencies) * 1000:.0f}",
            ratios(tasks.latencies, m.latencies),
            ratios(all_.latencies, m.latencies),
            *(str(n) for n in (m.activities, m.steps, m.events)),
            f"{m.kilobytes:.0f}",
        )
    console.print(table)
