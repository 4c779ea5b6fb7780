"""Where scenarios are played: the started product, its worker inside the test, and what came of each order."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp
from temporalio.client import Client, WorkflowHandle

from app.domain.states import TaskState
from app.embedded.processes import Guard
from app.orchestration.contract import workflow_id
from app.ordering.ordering import Ordering
from tests.channel import Json, order
from tests.harness import Product, start, until
from tests.resilience.crew import Crew, Fate, Run, no_crash, worker_of

PATIENCE: Final = 300.0
QUICK: Final = {
    # provisioning has ended before it is asked, so that it is asked once
    "ORDERWAY_TASKS__FIRST_POLL": "0.25",
    "ORDERWAY_TASKS__FIRST_PAUSE": "0.05",
}
AT_ONCE: Final = ("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="1ms"')
"""The server rounds times up by as much as a second, or by this: what is tried again is tried at once."""
NOT_COMPARED: Final = frozenset({"order/billing-account", "order/acceptor-account"})
"""Only a customer's first order has an effect there."""
RATE: Final = re.compile(r":rate-[^:]+")
"""Which of the rates in billing an effect is had on; its number differs from order to order."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an order, without the numbers that differ from order to order.

    `effects` is how often each was had at the backends: `("POST product", "1/record-product:1")`.
    """

    state: str
    items: tuple[tuple[str, str | None], ...]
    tasks: tuple[tuple[str, str], ...]
    effects: tuple[tuple[tuple[str, str], int], ...]

    def differences(self, other: "Outcome") -> list[str]:
        """What is not as in the other one, for people."""
        names = ("state", "items", "tasks", "effects")
        found = [(name, getattr(self, name), getattr(other, name)) for name in names]
        return [f"{name}: {_only(a, b)} instead of {_only(b, a)}" for name, a, b in found if a != b]


def _only(a: Json, b: Json) -> Json:
    return sorted(set(a) - set(b)) if isinstance(a, tuple) else a


class Stage:
    """Plays orders, many at a time, each with a fate of its own."""

    def __init__(self, product: Product, crew: Crew, client: Client, ordering: Ordering) -> None:
        self.product = product
        self._ordering = ordering
        self._crew = crew
        self._client = client
        self._entrance = asyncio.Lock()
        self._refused: dict[str, set[str]] = {}

    async def play(self, scenario: "Scenario", fate: Fate = no_crash, *, silent: bool = False) -> Run:
        """One order, from its placement to its workflow's end."""
        run = Run(fate=fate, pauses=scenario.pauses, silent=silent)
        if scenario.prepare is not None:
            prepare = scenario.prepare
            run.prepare = lambda order_id: prepare(self, order_id)
        async with asyncio.timeout(PATIENCE):
            async with self._entrance:
                self._crew.expect(run)
                order_id = await scenario.start(self)
                await run.known.wait()
            assert run.order_id == order_id, "nobody else's order came in between"
            if scenario.go_on is not None:
                await scenario.go_on(self, run)
            await self.workflow(order_id).result()
        return run

    async def before(self, start: "Start") -> str:
        """The number of an order that has to have been carried out before the one that is played begins."""
        with self._crew.unexpected():
            order_id = await start(self)
            await self.workflow(order_id).result()
        return order_id

    def workflow(self, order_id: str) -> WorkflowHandle[Json, Json]:
        """The order's workflow."""
        return self._client.get_workflow_handle(workflow_id(order_id))

    async def until_task(self, order_id: str, task_id: str, state: TaskState) -> None:
        """Return when this is recorded of the task."""

        async def there() -> bool:
            plan = (await self._ordering.store.load([order_id]))[order_id].plan
            task = plan.task(task_id) if plan else None
            return task is not None and task.state is state

        await until(there)

    async def refuse(self, backend: str, key: str) -> None:
        """The backend refuses, for good, what comes under this idempotency key."""
        keys = self._refused.setdefault(backend, set())
        keys.add(key)
        await self.product.mock_control.fault(backend, errorRate=1, errorStatus=422, keys=sorted(keys))

    async def outcomes(self, runs: Iterable[Run]) -> list[Outcome]:
        """What came of each. Fails when a backend did something twice, or a customer was told something twice."""
        effects = await self.product.mock_control.effects()
        return [_outcome(await order(self.product, run.order_id), effects) for run in runs]


Start = Callable[[Stage], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Something that happens to an order.

    `start` has the order carried out and gives its number. `prepare` is done once that is known and before it is
    planned. A task of `pauses` begins when `go_on`, which plays what happens meanwhile, sets `run.go_on`.
    `ends` is the state in which the order ends.
    """

    name: str
    start: Start
    ends: str = "COMPLETED"
    pauses: Collection[str] = ()
    prepare: Callable[[Stage, str], Awaitable[None]] | None = None
    go_on: Callable[[Stage, Run], Awaitable[None]] | None = None


def _outcome(found: Json, effects: Json) -> Outcome:
    mine = [e for e in effects if (e["key"] or "").startswith(f"{found['key']}:")]
    done = Counter((f"{e['method']} {e['resource']}", e["key"].removeprefix(f"{found['key']}:")) for e in mine)
    twice = {effect: times for effect, times in done.items() if times > 1}
    assert not twice, f"order {found['key']}: {twice}"
    made = Counter((e["backend"], e["resource"], e["externalId"]) for e in mine if e["method"] == "POST")
    again = {what: times for what, times in made.items() if what[2] and times > 1}
    assert not again, f"order {found['key']}: {again}"
    sequences = [event["sequence"] for event in found["timeline"]["nodes"]]
    assert sequences == list(range(1, len(sequences) + 1)), f"order {found['key']}: {sequences}"
    compared = Counter[tuple[str, str]]()
    for (what, which), times in done.items():
        if what != "POST communicationMessage" and _compared(which):
            compared[what, RATE.sub("", which)] += times
    return Outcome(
        state=found["state"],
        items=tuple((i["state"], (i["product"] or {}).get("status")) for i in found["items"]),
        tasks=tuple(sorted((t["id"], t["state"]) for t in found["plan"]["tasks"] if _compared(t["id"]))),
        effects=tuple(sorted(compared.items())),
    )


def _compared(task: str) -> bool:
    return task.split(":")[0] not in NOT_COMPARED


@asynccontextmanager
async def crewed(product: Product, *, remembers: bool) -> AsyncIterator[Stage]:
    """The product with a worker that is here. `remembers`: workflows stay in memory between their steps, as usual."""
    crew = Crew(remembers=remembers)
    async with worker_of(product.settings, crew) as (client, ordering):
        yield Stage(product, crew, client, ordering)


@asynccontextmanager
async def without_worker(folder: Path, *, pace: float = 0.1) -> AsyncIterator[Product]:
    """A started product that has no worker yet."""
    guard = Guard()
    try:
        async with aiohttp.ClientSession() as http:
            product = Product(folder, guard, http, pace=pace, environment=QUICK)
            try:
                temporal = product.temporal
                temporal.part = replace(temporal.part, command=(*temporal.part.command, *AT_ONCE))
                await start(product.temporal, product.mock)
                await start(*product.gateways)
                yield product
            finally:
                await product.stop()
    finally:
        guard.close()
