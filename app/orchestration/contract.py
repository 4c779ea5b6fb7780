"""What workflow, activities and clients say to each other. Changing a field here must not break running orders."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from temporalio.common import Priority

from app.domain.plan import Cause, Plan, Task
from app.ordering.ordering import Instruction

WORKFLOW = "ProductOrder"
PLAN_ORDER = "planOrder"
RECORD_PROGRESS = "recordProgress"
RUN_TASK = "runTask"
CHECK_TASK = "checkTask"
TELL_CUSTOMER = "tellCustomer"
BATCH_WORKFLOW = "ProductOrderBatch"
PLACE_LINES = "placeLines"
REPORT = "report"
FOLLOW = "follow"
# messages leave through this backend, so they wait in its lane like tasks
TELLS_WITH = "channels"


def workflow_id(order_id: str) -> str:
    """The id of the workflow that carries this order out."""
    return f"order-{order_id}"


WEIGHTS: Final = (16.0, 8.0, 4.0, 2.0, 1.0)
"""By priority: of what waits, 16 tasks of priority 0 have their turn for one of priority 4. None waits for ever."""


def turn(priority: int, lot: str) -> Priority:
    """How work of this urgency, for a customer of this lot, takes its turn."""
    return Priority(fairness_key=f"{priority}-{lot}", fairness_weight=WEIGHTS[priority])


def batch_queue(task_queue: str) -> str:
    """The task queue of batches, beside that of orders."""
    return f"{task_queue}-batches"


def lane(task_queue: str, backend: str) -> str:
    """The task queue of what orders have to do with this backend; only work for the same backend waits in it."""
    return f"{task_queue}-{backend}"


def batch_workflow_id(batch_id: str) -> str:
    """The id of the workflow that places this batch's orders."""
    return f"batch-{batch_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPolicy:
    """How patient an order is with its backends; fixed when the order starts.

    A call that fails for a passing reason is repeated up to `attempts` times, with pauses that double from
    `first_pause` to `longest_pause`; after that the task is fallout. A backend that reports its end later is asked
    for it after `first_poll`, then in pauses that double up to `longest_poll`, in case its callback was lost.
    """

    attempts: int = 10
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=1)
    first_poll: timedelta = timedelta(seconds=2)
    longest_poll: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRun:
    """What a workflow is started with. `told` is the last event that the customer was told of."""

    order_id: str
    policy: TaskPolicy
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRun:
    """What the workflow of a batch is started with."""

    batch_id: str
    policy: TaskPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesCall:
    """The next lines of a batch are to be placed; when its `attempts`-th try fails too, what still fails is refused."""

    batch_id: str
    attempts: int


def task_key(order_id: str, task: Task) -> str:
    """The key of all that is asked of a backend for this task."""
    return f"{order_id}:{task.id}:{task.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCall:
    """The order is to be planned, as it is at this time."""

    order_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCall:
    """A task to be carried out, with what the tasks before it made, by operation.

    `recorded` is the revision of the plan from which on the order is as the task needs it. `tried` is how often the
    task was tried before this call's own attempts.
    """

    order_id: str
    task: Task
    references: dict[str, str]
    recorded: int = 0
    tried: int = 0

    @property
    def key(self) -> str:
        """What makes the backend call safe to repeat."""
        return task_key(self.order_id, self.task)


class ReportKind(StrEnum):
    """How far a task has come."""

    COMPLETED = "completed"
    ACCEPTED = "accepted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """What became of a task: done, accepted for later, or refused for good.

    `ask_at`: until then there is no use in asking what became of what was accepted; whatever comes before is told.
    """

    task_id: str
    revision: int
    kind: ReportKind
    reference: str | None = None
    cause: Cause | None = None
    attempts: int = 1
    ask_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The customer is to be told of the order's events after this one."""

    order_id: str
    after: int

    @property
    def key(self) -> str:
        """What this call is, among all of its backend."""
        return f"{self.order_id}:notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The plan as it is to be kept, since when it is so, and the instruction that made it so, if one did.

    `begins` are the tasks that are carried out once this is kept; `tells`: news would be told to the customer at once.
    """

    order_id: str
    plan: Plan
    at: datetime
    instruction: Instruction | None = None
    begins: tuple[str, ...] = ()
    tells: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The plan is kept; `news`: the customer has to hear of it.

    For the tasks of `at_once`, and for telling when `tell_at_once`, the worker that kept it has room at once.
    """

    news: bool
    at_once: tuple[str, ...] = ()
    tell_at_once: bool = False
