"""The plan of an order under way: a graph of tasks, the events that move it, and the commands that carry it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.money import Money
from app.domain.states import TASK_ENDED, TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a task did not succeed.

    `kind` is the backend's failure kind, `final` says that the backend gave its answer: asking the same again would
    only repeat it, so a retry asks anew, under a new revision. `calls_off`: without the yes that was refused nothing of
    the order is wanted any more, so it is cancelled, and nobody has to decide.
    """

    kind: str
    message: str
    final: bool
    calls_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOfNoReturn:
    """From here on its item is not cancelled any more, or, with a `charge`, only by who accepts to pay it."""

    reason: str
    charge: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work on one backend (TMF701 taskFlow).

    `item_id` None: it serves the whole order. `rule` names the decomposition rule that made it.
    `revision` rises when the work is asked for anew; with it the key `order:task:revision` that makes the backend
    call safe to repeat. `reference` is the backend's own id of what was made. `expected` is how long it usually takes.
    A task that `pends` waits for people outside while its result is awaited. `undo` is the operation that takes back
    what it did; `undoes` names the task that this one takes back. `amount` is what it charges, when no price says so.
    One that is `tolerant` goes on without what is lost of other items, as long as one of them is left.
    """

    id: str
    item_id: str | None
    name: str
    operation: str
    rule: str
    depends_on: tuple[str, ...] = ()
    expected: timedelta = timedelta(0)
    state: TaskState = TaskState.PENDING
    revision: int = 1
    attempts: int = 0
    reference: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cause: Cause | None = None
    pends: bool = False
    undo: str | None = None
    undoes: str | None = None
    no_return: PointOfNoReturn | None = None
    amount: Money | None = None
    tolerant: bool = False

    @property
    def begun(self) -> bool:
        """Whether it may have had an effect."""
        unknown = self.state is TaskState.FALLOUT and self.cause is not None and not self.cause.final
        return unknown or self.state in (TaskState.RUNNING, TaskState.AWAITING_RESULT, TaskState.COMPLETED)

    @property
    def backend(self) -> str:
        """The backend that carries it out."""
        return self.operation.split(".", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All tasks of one order, and how many events they have seen.

    `cancelled` are the items that are not wanted any more; what was done for them is taken back. While it is `held`
    no task begins.
    """

    order_id: str
    tasks: tuple[Task, ...]
    revision: int = 0
    cancelled: tuple[str, ...] = ()
    held: bool = False

    @property
    def ended(self) -> bool:
        """Nothing is left to do or to decide."""
        return all(task.state in TASK_ENDED for task in self.tasks)

    def task(self, task_id: str) -> Task | None:
        """The task with this id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def references(self, task: Task) -> Mapping[str, str]:
        """What the backends made so far for the task's item and for the whole order, by operation."""
        return {
            other.operation: other.reference
            for other in self.tasks
            if other.reference is not None and other.item_id in (task.item_id, None)
        }


class FalloutAction(StrEnum):
    """What a person may decide about a task in fallout."""

    RETRY = "retry"
    SKIP = "skip"
    FAIL_ITEM = "failItem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The order begins."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAccepted:
    """The backend took the work and will report its end under `reference`."""

    at: datetime
    task_id: str
    revision: int
    reference: str
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted:
    """The work is done; `reference` is what the backend made, when it made something."""

    at: datetime
    task_id: str
    revision: int
    reference: str | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed:
    """The work could not be done, retries included."""

    at: datetime
    task_id: str
    revision: int
    cause: Cause
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FalloutDecided:
    """A person decided what becomes of a task in fallout."""

    at: datetime
    task_id: str
    action: FalloutAction


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRequested:
    """These items are not wanted any more. It was found possible, and what it costs (`charge`) was accepted."""

    at: datetime
    item_ids: tuple[str, ...]
    charge: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequested:
    """Nothing more is to begin until it is released."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequested:
    """What was held goes on."""

    at: datetime


PlanEvent = (
    Started
    | TaskAccepted
    | TaskCompleted
    | TaskFailed
    | FalloutDecided
    | CancellationRequested
    | HoldRequested
    | ReleaseRequested
)


@dataclass(frozen=True, slots=True)
class Run:
    """Carry this task out on its backend."""

    task_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Await:
    """Follow this accepted task until its backend reports the end."""

    task_id: str
    revision: int
    reference: str


Command = Run | Await
