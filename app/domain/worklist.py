"""Work that waits for people: which there is of an order, what may be done about it, and what becomes of it.

All of it follows from the order and its plan; stores keep it only so that it can be searched.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from app.domain.change_request import open_ones
from app.domain.order import ProductOrder
from app.domain.plan import CONTACT, Plan, Task
from app.domain.states import TaskState

CANCELLATIONS: Final = "cancellations"
"""The worklist of cancellations that people have to assess."""
CHANGE_REQUESTS: Final = "changeRequests"
"""The worklist of what customers ask for and nobody has answered."""
CANCELLATION: Final = "cancellation"
"""What stands for the task in the id of such work; ids of tasks have a slash in them."""


class WorkKind(StrEnum):
    """What people are wanted for."""

    FALLOUT = "fallout"
    MANUAL = "manual"
    CONTACT = "contact"
    CANCELLATION = "cancellation"
    CHANGE_REQUEST = "changeRequest"


class FalloutDecision(StrEnum):
    """What may be decided about a task that could not be done."""

    RETRY = "retry"
    FIX_DATA_AND_RETRY = "fixDataAndRetry"
    SKIP = "skip"
    FAIL_ITEM = "failItem"
    ABORT = "abort"


class WorkAction(StrEnum):
    """What may be done about work that waits for people."""

    RETRY = FalloutDecision.RETRY.value
    FIX_DATA_AND_RETRY = FalloutDecision.FIX_DATA_AND_RETRY.value
    SKIP = FalloutDecision.SKIP.value
    FAIL_ITEM = FalloutDecision.FAIL_ITEM.value
    ABORT = FalloutDecision.ABORT.value
    COMPLETE = "complete"
    ACCEPT_CANCELLATION = "acceptCancellation"
    DENY_CANCELLATION = "denyCancellation"
    ANSWER_REQUEST = "answerRequest"


class WorkMove(StrEnum):
    """What happened to work that waits for people."""

    RAISED = "raised"
    CLAIMED = "claimed"
    GIVEN_BACK = "givenBack"
    ESCALATED = "escalated"
    CLEARED = "cleared"


_A = WorkAction
SUGGESTIONS: Final[Mapping[str, WorkAction]] = {
    # the backend did not answer: it may by now
    "TIMEOUT": _A.RETRY,
    "UNREACHABLE": _A.RETRY,
    "OVERLOADED": _A.RETRY,
    # the backend does not like what it was given
    "REFUSED": _A.FIX_DATA_AND_RETRY,
    "INCOMPLETE": _A.FIX_DATA_AND_RETRY,
    "REJECTED": _A.FIX_DATA_AND_RETRY,
    # the answer is no
    "NOT_SERVICEABLE": _A.FAIL_ITEM,
    "CREDIT_REJECTED": _A.FAIL_ITEM,
    "DEPOSIT_REQUIRED": _A.FAIL_ITEM,
    "NO_CONSENT": _A.FAIL_ITEM,
    "SIGNATURE_DECLINED": _A.FAIL_ITEM,
}
"""By the kind of a failure, what usually helps; with any other, what was in the way is put right and it is retried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One piece of work that waits for people (TMF701 taskFlow that needs manual intervention).

    `task_id` None: a cancellation that is being assessed, or the change request `request_id`. `final` says that the
    backend gave its answer; `undoes` that the task takes something back; `asks` are the names of what has to be entered
    when it is completed.
    """

    order_id: str
    task_id: str | None
    kind: WorkKind
    queue: str
    since: datetime
    name: str
    priority: int = 4
    level: int = 0
    backend: str | None = None
    operation: str | None = None
    item_ids: tuple[str, ...] = ()
    cause: str | None = None
    final: bool = False
    undoes: bool = False
    asks: tuple[str, ...] = ()
    claimed_by: str | None = None
    request_id: str | None = None

    @property
    def id(self) -> str:
        """Names it among the work of all orders; work on the same task has the same id whenever it comes up."""
        request = f"{WorkKind.CHANGE_REQUEST}-{self.request_id}" if self.request_id else CANCELLATION
        return f"{self.order_id}:{self.task_id or request}"

    @property
    def place(self) -> str:
        """Its place among all work, as text that sorts: the most urgent first, and of these the oldest."""
        return f"{self.priority}:{self.since.astimezone(UTC).isoformat(timespec='microseconds')}:{self.id}"


def order_and_task(work_id: str) -> tuple[str, str]:
    """The order and the task that an id of work names; the task is empty when it names none."""
    order_id, _, task_id = work_id.partition(":")
    return order_id, "" if task_id == CANCELLATION else task_id


def work_items(order: ProductOrder, plan: Plan | None) -> tuple[WorkItem, ...]:
    """Everything of this order that waits for people."""
    return tuple(_work_of(order, plan)) if plan is not None else ()


def _work_of(order: ProductOrder, plan: Plan) -> Iterator[WorkItem]:
    for task in plan.tasks:
        kind = _kind(task)
        if kind is None or task.attention is None:
            continue
        yield WorkItem(
            order_id=order.id,
            task_id=task.id,
            kind=kind,
            queue=task.attention.queue,
            since=task.attention.since,
            name=task.name,
            priority=order.priority,
            level=task.attention.level,
            backend=task.backend,
            operation=task.call,
            item_ids=task.item_ids,
            cause=task.cause.kind if task.cause else None,
            final=task.cause is not None and task.cause.final,
            undoes=task.undoes is not None,
            asks=task.worklist.asks if task.worklist and kind is not WorkKind.FALLOUT else (),
            claimed_by=task.attention.claimed_by,
        )
    if plan.assessing is not None:
        yield WorkItem(
            order_id=order.id,
            task_id=None,
            kind=WorkKind.CANCELLATION,
            queue=CANCELLATIONS,
            since=plan.assessing.since,
            name="Say whether it may be cancelled",
            priority=order.priority,
            item_ids=plan.assessing.item_ids,
            claimed_by=plan.assessing.claimed_by,
        )
    for request in open_ones(order.change_requests):
        yield WorkItem(
            order_id=order.id,
            task_id=None,
            kind=WorkKind.CHANGE_REQUEST,
            queue=CHANGE_REQUESTS,
            since=request.requested_at,
            name=f"Answer what is asked for: {request.kind}",
            priority=order.priority,
            request_id=request.id,
        )


def _kind(task: Task) -> WorkKind | None:
    if task.state is TaskState.FALLOUT:
        return WorkKind.FALLOUT
    if task.by_people and task.state is TaskState.AWAITING_RESULT:
        return WorkKind.CONTACT if task.operation == CONTACT else WorkKind.MANUAL
    return None


def allowed_actions(item: WorkItem) -> tuple[WorkAction, ...]:
    """What may be done about it, by who has the right to.

    Data are mended only where the backend has given its answer: with the outcome unknown the same call is what keeps
    the effect from happening twice, and it must not say something else.
    """
    match item.kind:
        case WorkKind.FALLOUT:
            mendable = item.final and not item.undoes and item.backend is not None
            mending = (_A.FIX_DATA_AND_RETRY,) if mendable else ()
            return (_A.RETRY, *mending, _A.SKIP, _A.FAIL_ITEM, _A.ABORT)
        case WorkKind.CANCELLATION:
            return (_A.ACCEPT_CANCELLATION, _A.DENY_CANCELLATION)
        case WorkKind.CHANGE_REQUEST:
            return (_A.ANSWER_REQUEST,)
        case _:
            return (_A.COMPLETE,)


def suggested_action(item: WorkItem) -> WorkAction | None:
    """What usually helps; None: people know better."""
    match item.kind:
        case WorkKind.FALLOUT:
            suggested = SUGGESTIONS.get(item.cause or "", _A.RETRY)
            return suggested if suggested in allowed_actions(item) else _A.RETRY
        case WorkKind.CANCELLATION:
            return None
        case WorkKind.CHANGE_REQUEST:
            return _A.ANSWER_REQUEST
        case _:
            return _A.COMPLETE


def moves(before: Iterable[WorkItem], after: Iterable[WorkItem]) -> Iterator[tuple[WorkMove, WorkItem]]:
    """What became of an order's work that waits for people, each move with the work as it is after it.

    Work that was done and came up again in between is cleared first.
    """
    old, new = {item.id: item for item in before}, {item.id: item for item in after}
    for item in old.values():
        if item.id not in new or new[item.id].since != item.since:
            yield WorkMove.CLEARED, item
    for item in new.values():
        was = old.get(item.id)
        if was is None or was.since != item.since:
            yield WorkMove.RAISED, item
            continue
        if (was.level, was.queue) != (item.level, item.queue):
            yield WorkMove.ESCALATED, item
        if was.claimed_by != item.claimed_by:
            yield (WorkMove.CLAIMED if item.claimed_by else WorkMove.GIVEN_BACK), item
