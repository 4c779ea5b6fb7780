"""What Temporal itself costs: a workflow that runs the same graph of activities as an order, and does nothing else.

Its activities are no-ops, or, for a comparison of like with like, make the same calls to the same backends as the
order's tasks. No plan is kept, nothing is recorded, nothing can be asked, revised, cancelled or decided by people.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from app.domain.order import ProductOrder
from app.domain.plan import Task
from app.orchestration.contract import TaskCall
from app.orchestration.operations import OPERATIONS
from app.orchestration.operations.work import Accepted, Done, Work
from app.orchestration.workflow import HEARTBEAT, LONGEST_CALL, PATIENT
from app.ordering.notify import write_to
from app.ordering.ordering import Ordering

BARE: Final = "Bare"
NOOP: Final = "noop"
EFFECT: Final = "effect"
MESSAGES: Final = "messages"
RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1), maximum_attempts=10
)
TOLD: Final = 2
"""An order that goes well has so many messages beside its tasks: that it was taken, and that it is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """By task, what it waits for. `beside`: also the activities that an order has beside its tasks, as no-ops.

    `effects`: of these tasks of this order, with what it is told meanwhile.
    """

    tasks: dict[str, list[str]]
    beside: bool
    effects: "Effects | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """The order whose effects are to be had, and its tasks."""

    order_id: str
    tasks: tuple[Task, ...]


@activity.defn(name=NOOP)
async def noop(what: str) -> str:
    """Done."""
    return what


@dataclass
class Hands:
    """The activities with effects. The order is read once: it is what such a workflow would have been given."""

    ordering: Ordering
    _orders: dict[str, ProductOrder] = field(default_factory=dict)

    async def _order(self, order_id: str) -> ProductOrder:
        if order_id not in self._orders:
            self._orders[order_id] = (await self.ordering.store.load([order_id]))[order_id].order
        return self._orders[order_id]

    @activity.defn(name=EFFECT)
    async def effect(self, call: TaskCall) -> str:
        """What the task does on its backend; gives what that made, if anything."""
        order = await self._order(call.order_id)
        work = Work(call=call, order=order, backends=self.ordering.backends, ordering=self.ordering)
        result = await OPERATIONS[call.task.call](work)
        assert isinstance(result, Done | Accepted), result
        return result.reference or ""

    @activity.defn(name=MESSAGES)
    async def messages(self, order_id: str) -> str:
        """As many messages as Orderway sends beside the plan."""
        order = await self._order(order_id)
        customer = (await self.ordering.backends.customer.by_ids([order.customer_id]))[order.customer_id]
        for n in range(TOLD):
            key = f"{order_id}:state:{n}"
            await write_to(self.ordering, order, customer, subject="Your order", content="News of it", key=key)
        return ""


@workflow.defn(name=BARE)
class Bare:
    """Runs the graph; what becomes ready together is begun together, as in an order."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._references: dict[str, str] = {}
        self._steps = 1
        self._recorded = 0

    @workflow.run
    async def run(self, graph: Graph) -> None:
        """Ends when every task is done."""
        self._effects = graph.effects
        self._by_id = {task.id: task for task in graph.effects.tasks} if graph.effects else {}
        if graph.beside:
            await self._local("plan")
            beside = [asyncio.create_task(self._record(graph)), asyncio.create_task(self._tell())]
        else:
            await self._remote(NOOP, "plan", PATIENT)
            beside = []
        await asyncio.gather(*(self._task(task, before) for task, before in graph.tasks.items()), *beside)

    async def _task(self, task_id: str, before: list[str]) -> None:
        await workflow.wait_condition(lambda: self._done.issuperset(before))
        if self._effects is not None:
            task = replace(self._by_id[task_id], started_at=workflow.now())
            call = TaskCall(order_id=self._effects.order_id, task=task, references=dict(self._references))
            if made := await self._remote(EFFECT, call, RETRY):
                self._references[task.operation] = made
        else:
            await self._remote(NOOP, task_id, RETRY)
        self._done.add(task_id)
        self._steps += 1

    async def _record(self, graph: Graph) -> None:
        while self._recorded < len(graph.tasks) + 1:
            await workflow.wait_condition(lambda: self._recorded < self._steps)
            steps = self._steps
            await self._local("record")
            self._recorded = steps

    async def _tell(self) -> None:
        if self._effects is not None:
            await self._remote(MESSAGES, self._effects.order_id, PATIENT)
        else:
            await self._remote(NOOP, "tell", PATIENT)

    async def _local(self, what: str) -> None:
        await workflow.execute_local_activity(
            NOOP, what, result_type=str, start_to_close_timeout=LONGEST_CALL, retry_policy=PATIENT
        )

    async def _remote(self, what: str, given: object, retry: RetryPolicy) -> str:
        done: str = await workflow.execute_activity(
            what,
            given,
            result_type=str,
            start_to_close_timeout=LONGEST_CALL,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=retry,
        )
        return done
