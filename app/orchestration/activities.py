"""The workflow's hands: calls to backends, and recording. Each can be repeated, and heartbeats while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from app.domain.plan import Cause, Plan
from app.orchestration.contract import (
    CHECK_TASK,
    PLACE_LINES,
    PLAN_ORDER,
    RECORD_PROGRESS,
    RUN_TASK,
    TELL_CUSTOMER,
    LinesCall,
    Notice,
    Record,
    ReportKind,
    TaskCall,
    TaskReport,
)
from app.orchestration.operations import CHECKS, OPERATIONS
from app.orchestration.operations.work import Accepted, Done, Refused, Result, Work
from app.ordering.batch import place_lines
from app.ordering.earlier import outcome_for
from app.ordering.fulfil import plan_order, record_progress
from app.ordering.notify import tell_customer
from app.ordering.ordering import Ordering
from connectors.base import BackendFailure, correlation_id

BEAT_SECONDS: Final = 1.0

log = structlog.get_logger()


class Activities:
    """All activities, over the same parts as the mutations."""

    def __init__(self, ordering: Ordering) -> None:
        self._ordering = ordering

    @activity.defn(name=PLAN_ORDER)
    async def plan_order(self, order_id: str) -> Plan:
        """The order's plan."""
        async with _alive(f"order-{order_id}"):
            return await plan_order(self._ordering, order_id)

    @activity.defn(name=RECORD_PROGRESS)
    async def record_progress(self, record: Record) -> None:
        """Keep the plan and what it means for the order."""
        async with _alive(f"order-{record.order_id}"):
            await record_progress(self._ordering, record.order_id, record.plan, record.instruction)

    @activity.defn(name=RUN_TASK)
    async def run_task(self, call: TaskCall) -> TaskReport:
        """Carry the task out on its backend. Raises when the same call may succeed later."""
        async with _alive(f"order-{call.order_id}"):
            work = await self._work(call)
            try:
                result = await OPERATIONS[call.task.call](work)
            except BackendFailure as failure:
                if failure.retryable:
                    raise ApplicationError(str(failure), type=failure.kind.value) from failure
                result = Refused(failure.kind.value, str(failure))
            log.info("task_carried_out", order_id=call.order_id, task_id=call.task.id, result=type(result).__name__)
            return _report(call, result, activity.info().attempt)

    @activity.defn(name=CHECK_TASK)
    async def check_task(self, call: TaskCall) -> TaskReport:
        """Ask the backend how far an accepted task has come."""
        async with _alive(f"order-{call.order_id}"):
            return _report(call, await CHECKS[call.task.call](await self._work(call)), 0)

    @activity.defn(name=TELL_CUSTOMER)
    async def tell_customer(self, notice: Notice) -> int:
        """Write to the customer what became of the order since the last time; gives the last event told of."""
        async with _alive(f"order-{notice.order_id}"):
            return await tell_customer(self._ordering, notice.order_id, after=notice.after)

    @activity.defn(name=PLACE_LINES)
    async def place_lines(self, call: LinesCall) -> bool:
        """Place the next lines of a batch; whether there are more. Raises when some may be placed later."""
        async with _alive(f"batch-{call.batch_id}"):
            last_try = activity.info().attempt >= call.attempts
            try:
                return await place_lines(self._ordering, call.batch_id, last_try=last_try)
            except BackendFailure as failure:
                raise ApplicationError(str(failure), type=failure.kind.value) from failure

    async def _work(self, call: TaskCall) -> Work:
        stored = (await self._ordering.store.load([call.order_id]))[call.order_id]
        earlier = partial(outcome_for, self._ordering)
        return Work(call=call, order=stored.order, backends=self._ordering.backends, earlier=earlier)


def _report(call: TaskCall, result: Result, attempts: int) -> TaskReport:
    task = call.task
    match result:
        case Done(reference):
            kind, cause = ReportKind.COMPLETED, None
        case Accepted(reference):
            kind, cause = ReportKind.ACCEPTED, None
        case Refused(code, message):
            kind, reference, cause = ReportKind.FAILED, None, Cause(kind=code, message=message, final=True)
    return TaskReport(
        task_id=task.id, revision=task.revision, kind=kind, reference=reference, cause=cause, attempts=attempts
    )


@asynccontextmanager
async def _alive(what: str) -> AsyncIterator[None]:
    """Heartbeats while the activity runs; backends and logs get what it is for as correlation id."""
    token = correlation_id.set(what)
    beats = asyncio.create_task(_beat())
    try:
        yield
    finally:
        correlation_id.reset(token)
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats


async def _beat() -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        activity.heartbeat()
