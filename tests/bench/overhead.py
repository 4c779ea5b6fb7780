"""What Orderway costs beside a bare Temporal workflow of as many activities: ratios, from rounds that take turns.

The same Temporal server carries both, one worker process each, with the same worker options, retry policies, timeouts
and heartbeats, and the same graph of tasks. The bare workflow (`tests.bench.bare`) leaves out everything else: it keeps
no order and no plan, and can be asked or told nothing. Three of them are measured: one with an activity for each task
and for the plan, and nothing beside; one with the same activities as an order, remote and local, each a no-op; and one
with the same activities and the same calls to backends, which compares like with like.

Orders are a mobile line without its service order, whose end a backend would report at its own time. They are placed
before the clock starts, so that what is compared is the carrying out.
"""

import asyncio
import os
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
from app.domain.states import TaskState
from app.embedded import parts as embedded
from app.embedded.processes import ChildProcess, Guard, Part
from app.orchestration.contract import WORKFLOW, OrderRun, TaskPolicy, workflow_id
from app.orchestration.payloads import DATA_CONVERTER
from app.ordering.ordering import BackendLoad, Instruction, Ordering
from app.ordering.outcomes import Committed
from app.ordering.place import PlaceOrder, place_order
from app.parts import parts
from tests.bench.bare import BARE, Effects, Graph
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
BARE_ALL: Final = "bare: the same activities"
BARE_EFFECTS: Final = "bare: the same activities and calls"
BARES: Final = (BARE_TASKS, BARE_ALL, BARE_EFFECTS)
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
    worker_cpu: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)

    @property
    def cpu(self) -> list[float]:
        """Seconds of worker and server together for an order, by round."""
        return [worker + server for worker, server in zip(self.worker_cpu, self.server_cpu, strict=True)]


@dataclass(frozen=True, slots=True)
class Ring:
    """Where contenders meet: `run` carries out one order, or one bare workflow, and gives its workflow's id.

    `workers` are the processes by contender, `server` is Temporal's.
    """

    client: Client
    ordering: Ordering
    tasks: tuple[Task, ...]
    workers: Mapping[str, int]
    server: int

    async def prepared(self, contender: str, number: int) -> list[Callable[[], Awaitable[str]]]:
        """This many starters, each of which waits for the end."""
        if contender not in VARIANTS:
            return [await self._bare(contender) for _ in range(number)]
        found: list[Callable[[], Awaitable[str]]] = []
        for _ in range(number):
            order = OrderRun(order_id=(await self._placed()).id, policy=TaskPolicy())
            found.append(partial(self._carried, WORKFLOW, order, workflow_id(order.order_id), contender))
        return found

    async def _bare(self, contender: str) -> Callable[[], Awaitable[str]]:
        before = {task.id: [other.task_id for other in task.depends_on] for task in self.tasks}
        graph = Graph(tasks=before, beside=contender != BARE_TASKS)
        if contender == BARE_EFFECTS:
            order = await self._placed()
            # the same tasks, of another order
            graph = replace(graph, effects=Effects(order_id=order.id, tasks=self.tasks))
        return partial(self._carried, BARE, graph, f"bare-{uuid4()}", BARE_QUEUE)

    async def _placed(self) -> ProductOrder:
        request = OrderRequest(customer_id=next(CUSTOMERS), items=(MOBILE,))
        outcome = await place_order(self.ordering, AGENT, PlaceOrder(idempotency_key=str(uuid4()), request=request))
        assert isinstance(outcome, Committed), outcome
        return outcome.order

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


def cpu_seconds(pid: int) -> float:
    """What the process has used of processors so far; not a number where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(ring: Ring, contenders: tuple[str, ...], *, rounds: int, at_once: int) -> dict[str, Measured]:
    """Every contender in turn, again and again: some orders side by side, then some one after the other."""
    found = {name: Measured() for name in contenders}
    for n in range(rounds + 1):
        # who comes first in a round comes last in the next
        for name in contenders if n % 2 else reversed(contenders):
            together, alone = await ring.prepared(name, at_once), await ring.prepared(name, ALONE)
            worker, server = cpu_seconds(ring.workers[name]), cpu_seconds(ring.server)
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
                orders = at_once + ALONE
                found[name].worker_cpu.append((cpu_seconds(ring.workers[name]) - worker) / orders)
                found[name].server_cpu.append((cpu_seconds(ring.server) - server) / orders)
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

            carriers = {queue: carrier(n, queue, left_out) for n, (queue, left_out) in enumerate(VARIANTS.items())}
            carriers[BARE_QUEUE] = carrier(len(VARIANTS), BARE_QUEUE, ())
            for child in (product.temporal, product.mock, *carriers.values()):
                stack.push_async_callback(child.stop)
            await start(product.temporal, product.mock)
            await start(*carriers.values())
            assert settings.temporal_address is not None, "just started"
            client = await Client.connect(settings.temporal_address, data_converter=DATA_CONVERTER)
            p = await stack.enter_async_context(parts(settings, needs_temporal=True))
            ordering = replace(p.ordering, fulfilment=StartsNothing())
            tasks = await _tasks(client, ordering)
            workers = {name: carriers.get(name, carriers[BARE_QUEUE]).pid for name in (*BARES, *VARIANTS)}
            yield Ring(client, ordering, tasks, workers, product.temporal.pid)
    finally:
        guard.close()


async def _tasks(client: Client, ordering: Ordering) -> tuple[Task, ...]:
    """The tasks of such an order, as they are planned."""
    [one] = await Ring(client, ordering, (), {}, 0).prepared(ORDERWAY, 1)
    order_id = (await one()).removeprefix(workflow_id(""))
    plan = (await ordering.store.load([order_id]))[order_id].plan
    assert plan is not None, "it has been carried out"
    assert plan.ended, plan
    return tuple(
        replace(task, state=TaskState.PENDING, attempts=0, reference=None, started_at=None, ended_at=None)
        for task in plan.tasks
    )


async def compare(
    folder: Path, console: Console, *, rounds: int = 6, at_once: int = 8, chosen: tuple[str, ...] = ()
) -> None:
    """Measure and print."""
    async with ring(folder) as where:
        contenders = chosen or (*BARES, *VARIANTS)
        found = await measure(where, contenders, rounds=rounds, at_once=at_once)
    table = Table(title=f"An order of {len(where.tasks)} tasks, {at_once} at once; ratios of rounds in turn")
    columns = ("", "orders/s", "× no-ops", "× calls", "p50 ms", "× no-ops", "× calls", "CPU ms: worker", "Temporal")
    for column in (*columns, "× no-ops", "× calls", "activities", "steps", "events", "kB"):
        table.add_column(column, justify="right" if column else "left")
    against = (found.get(BARE_ALL), found.get(BARE_EFFECTS))
    for name, m in found.items():
        worker, server = statistics.median(m.worker_cpu), statistics.median(m.server_cpu)
        table.add_row(
            name,
            f"{statistics.median(m.per_second):.1f}",
            *(_ratio(m.per_second, other.per_second) if other else "" for other in against),
            f"{statistics.median(m.latencies) * 1000:.0f}",
            *(_ratio(other.latencies, m.latencies) if other else "" for other in against),
            f"{worker * 1000:.0f}",
            f"{server * 1000:.0f}",
            *(_ratio(other.cpu, m.cpu) if other else "" for other in against),
            *(str(n) for n in (m.activities, m.steps, m.events)),
            f"{m.kilobytes:.0f}",
        )
    console.print(table)


def _ratio(dividends: list[float], divisors: list[float]) -> str:
    """The median of the rounds; above one is better than bare."""
    return f"{statistics.median(a / b for a, b in zip(dividends, divisors, strict=True)):.2f}"
