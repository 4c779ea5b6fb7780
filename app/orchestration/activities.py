"""The workflow's hands: calls to backends, and recording. Each can be repeated, and heartbeats while it runs."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from time import perf_counter
from typing import Final

import structlog
from temporalio import activity
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from app import metrics
from app.domain.plan import Cause, Plan, Task
from app.domain.redaction import redacted
from app.domain.states import ORDER
from app.orchestration.contract import (
    CHECK_TASK,
    PLACE_LINES,
    PLAN_ORDER,
    RECORD_PROGRESS,
    RUN_TASK,
    TELL_CUSTOMER,
    TELLS_WITH,
    LinesCall,
    Notice,
    PlanCall,
    Record,
    Recorded,
    ReportKind,
    TaskCall,
    TaskReport,
    task_key,
)
from app.orchestration.operations import CHECKS, OPERATIONS
from app.orchestration.operations.work import Accepted, Done, Refused, Result, Work
from app.orchestration.room import Room
from app.ordering.batch import place_lines
from app.ordering.fulfil import plan_order, record_progress
from app.ordering.notify import tell_customer
from app.ordering.ordering import Ordering
from app.store.port import StoredOrder
from connectors.base import BackendFailure, correlation_id

BEAT_SECONDS: Final = 1.0
EAGER: Final = 16
"""So many tasks at most are begun at once with one step of an order."""
REMEMBERED: Final = 500
"""Of so many orders under way it is remembered what was recorded last."""

LONGEST_REST: Final = timedelta(minutes=10)
"""No backend is spared for longer, whatever it asks for."""

log = structlog.get_logger()


class Activities:
    """All activities, over the same parts as the mutations.

    What was recorded here is remembered for the order's next steps, which mostly come here, too.
    """

    def __init__(self, ordering: Ordering, room: Room) -> None:
        self._ordering = ordering
        self._room = room
        self._known: OrderedDict[str, StoredOrder] = OrderedDict()

    @activity.defn(name=PLAN_ORDER)
    async def plan_order(self, call: PlanCall) -> Plan:
        """The order's plan."""
        with _named(f"order-{call.order_id}"):
            return await plan_order(self._ordering, call.order_id, at=call.at)

    @activity.defn(name=RECORD_PROGRESS)
    async def record_progress(self, record: Record) -> Recorded:
        """Keep the plan and what it means for the order; find out what of that has room here at once."""
        with _named(f"order-{record.order_id}"):
            kept = await record_progress(
                self._ordering,
                record.order_id,
                record.plan,
                record.instruction,
                at=record.at,
                known=self._known.pop(record.order_id, None),
            )
            self._remember(kept.stored)
            return Recorded(
                news=kept.news,
                at_once=tuple([task.id for task in self._begun(record) if await self._has_room(record, task)]),
                tell_at_once=kept.news
                and record.tells
                and await self._room.keep(TELLS_WITH, Notice(order_id=record.order_id, after=0).key),
            )

    def _begun(self, record: Record) -> Iterator[Task]:
        found = (record.plan.task(task_id) for task_id in record.begins[:EAGER])
        return (task for task in found if task is not None)

    async def _has_room(self, record: Record, task: Task) -> bool:
        return await self._room.keep(task.backend, task_key(record.order_id, task))

    def _remember(self, stored: StoredOrder) -> None:
        if stored.order.state not in ORDER.terminal:
            self._known[stored.order.id] = stored
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    @activity.defn(name=RUN_TASK)
    async def run_task(self, call: TaskCall) -> TaskReport:
        """Carry the task out on its backend. Raises when the same call may succeed later."""
        async with _alive(f"order-{call.order_id}"), self._room.taken(call.task.backend, call.key, waited=_waited()):
            work = await self._work(call)
            begun, outcome = perf_counter(), "failed"
            try:
                result = await OPERATIONS[call.task.call](work)
                outcome = type(result).__name__.lower()
            except BackendFailure as failure:
                outcome = failure.kind.value.lower()
                if failure.retryable:
                    raise ApplicationError(
                        redacted(str(failure)), type=failure.kind.value, next_retry_delay=_pause_after(failure)
                    ) from failure
                result = Refused(failure.kind.value, str(failure))
            finally:
                metrics.TASK_ATTEMPTS.labels(call.task.call, outcome).inc()
                metrics.TASK_SECONDS.labels(call.task.call).observe(perf_counter() - begun)
            log.info("task_carried_out", order_id=call.order_id, task_id=call.task.id, result=type(result).__name__)
            return _report(call, result, call.tried + activity.info().attempt)

    @activity.defn(name=CHECK_TASK)
    async def check_task(self, call: TaskCall) -> TaskReport:
        """Ask the backend how far an accepted task has come."""
        async with _alive(f"order-{call.order_id}"), self._room.taken(call.task.backend, call.key, waited=_waited()):
            return _report(call, await CHECKS[call.task.call](await self._work(call)), 0)

    @activity.defn(name=TELL_CUSTOMER)
    async def tell_customer(self, notice: Notice) -> int:
        """Write to the customer what became of the order since the last time; gives the last event told of."""
        async with _alive(f"order-{notice.order_id}"), self._room.taken(TELLS_WITH, notice.key, waited=_waited()):
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
        stored = self._known.get(call.order_id)
        if stored is None or stored.plan is None or stored.plan.revision < max(call.recorded, 1):
            stored = (await self._ordering.store.load([call.order_id]))[call.order_id]
        return Work(call=call, order=stored.order, backends=self._ordering.backends, ordering=self._ordering)


def _report(call: TaskCall, result: Result, attempts: int) -> TaskReport:
    task = call.task
    ask_at: datetime | None = None
    match result:
        case Done(reference):
            kind, cause = ReportKind.COMPLETED, None
        case Accepted(reference, later):
            kind, cause, ask_at = ReportKind.ACCEPTED, None, later
        case Refused(code, message, calls_off):
            # kept with the order and shown to those who decide
            cause = Cause(kind=code, message=redacted(message), final=True, calls_off=calls_off)
            kind, reference = ReportKind.FAILED, None
    return TaskReport(
        task_id=task.id,
        revision=task.revision,
        kind=kind,
        reference=reference,
        cause=cause,
        attempts=attempts,
        ask_at=ask_at,
    )


def _pause_after(failure: BackendFailure) -> timedelta | None:
    info = activity.info()
    return longer_pause(timedelta(seconds=failure.retry_after), info.retry_policy, attempt=info.attempt)


def longer_pause(asked: timedelta, policy: RetryPolicy | None, *, attempt: int) -> timedelta | None:
    """How long to wait when a backend is known not to answer before this; None: not longer than the policy waits."""
    if policy is None:
        return None
    usual = policy.initial_interval * 2 ** min(attempt - 1, 32)
    if policy.maximum_interval is not None:
        usual = min(usual, policy.maximum_interval)
    return min(asked, LONGEST_REST) if asked > usual else None


def _waited() -> timedelta:
    """How long the call has waited to be taken from its task queue."""
    info = activity.info()
    return info.started_time - info.current_attempt_scheduled_time


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Backends and logs get what the activity is for as correlation id."""
    token = correlation_id.set(what)
    try:
        yield
    finally:
        correlation_id.reset(token)


@asynccontextmanager
async def _alive(what: str) -> AsyncIterator[None]:
    """Named so, and with heartbeats while the activity runs."""
    beats = asyncio.create_task(_beat())
    try:
        with _named(what):
            yield
    finally:
        beats.cancel()
        with suppress(asyncio.CancelledError):
            await beats


async def _beat() -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        activity.heartbeat()
