"""A Temporal workflow that does nothing but what Temporal itself costs: the same graph of activities, each a no-op."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from app.orchestration.workflow import HEARTBEAT, LONGEST_CALL, PATIENT

BARE: Final = "Bare"
NOOP: Final = "noop"
RETRY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1), maximum_attempts=10
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """By task, what it waits for. `keeps_record`: after steps, an activity as for recording and one as for telling."""

    tasks: dict[str, list[str]]
    keeps_record: bool


@activity.defn(name=NOOP)
async def noop(what: str) -> str:
    """Done."""
    return what


@workflow.defn(name=BARE)
class Bare:
    """Runs the graph; what becomes ready together is begun together, as in an order."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._steps = 1
        self._recorded = 0
        self._told = 0

    @workflow.run
    async def run(self, graph: Graph) -> None:
        """Ends when every task is done."""
        await self._act("plan", PATIENT)
        beside = [asyncio.create_task(self._record(graph)), asyncio.create_task(self._tell(graph))]
        await asyncio.gather(*(self._task(task, before) for task, before in graph.tasks.items()))
        if graph.keeps_record:
            await asyncio.gather(*beside)

    async def _task(self, task: str, before: list[str]) -> None:
        await workflow.wait_condition(lambda: self._done.issuperset(before))
        await self._act(task, RETRY)
        self._done.add(task)
        self._steps += 1

    async def _record(self, graph: Graph) -> None:
        while graph.keeps_record and self._recorded < len(graph.tasks) + 1:
            await workflow.wait_condition(lambda: self._recorded < self._steps)
            steps = self._steps
            await self._act("record", PATIENT)
            self._recorded = steps

    async def _tell(self, graph: Graph) -> None:
        while graph.keeps_record and self._told < len(graph.tasks) + 1:
            await workflow.wait_condition(lambda: self._told < self._recorded)
            recorded = self._recorded
            await self._act("tell", PATIENT)
            self._told = recorded

    async def _act(self, what: str, retry: RetryPolicy) -> None:
        await workflow.execute_activity(
            NOOP,
            what,
            result_type=str,
            start_to_close_timeout=LONGEST_CALL,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=retry,
        )
