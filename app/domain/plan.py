"""The plan of an order under way: a graph of tasks, with what was decided about the order as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.money import Money
from app.domain.order import Characteristic, FailurePolicy
from app.domain.states import TASK_ENDED, TaskState

PEOPLE: Final = "people"
"""The backend of the tasks that people carry out."""
PERFORM: Final = "people.perform"
"""The operation of the tasks in which people do whatever the task's name says."""
CONTACT: Final = "people.contactCustomer"
"""The operation of the tasks in which people call or write to the customer."""
BY_PEOPLE: Final = frozenset({PERFORM, CONTACT})
"""The operations that people carry out: nothing is called for them, they wait on a worklist."""

AWAIT_EARLIER: Final = "orders.awaitEarlier"
"""The operation of the tasks that wait for other orders of the same customer."""


class DependencyKind(StrEnum):
    """What of a task waits for what of another one (the four relations of a network plan)."""

    FINISH_TO_START = "finishToStart"
    START_TO_START = "startToStart"
    FINISH_TO_FINISH = "finishToFinish"
    START_TO_FINISH = "startToFinish"


@dataclass(frozen=True, slots=True)
class Dependency:
    """The task `task_id` has to have ended, or begun, before this one begins, or ends."""

    task_id: str
    kind: DependencyKind = DependencyKind.FINISH_TO_START

    @property
    def of_finish(self) -> bool:
        """Whether the other one's end is waited for, not its beginning."""
        return self.kind in (DependencyKind.FINISH_TO_START, DependencyKind.FINISH_TO_FINISH)

    @property
    def to_start(self) -> bool:
        """Whether this one's beginning waits, not its end."""
        return self.kind in (DependencyKind.FINISH_TO_START, DependencyKind.START_TO_START)


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
    """From here on its item is not cancelled or changed, or, with a `charge`, only by who accepts to pay it."""

    reason: str
    charge: Money | None = None


class OnTimeout(StrEnum):
    """What becomes of a task whose result has not come in time."""

    FALLOUT = "fallout"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """How long a result is awaited, and what then: people decide, or what the task serves is cancelled."""

    after: timedelta
    then: OnTimeout = OnTimeout.FALLOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """When nobody has acted after so long, the work goes to this worklist."""

    after: timedelta
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """Where people find a task when it waits for them, and who is asked when they do not act.

    `asks` are the names of what has to be entered when the task is completed by hand.
    """

    queue: str
    escalations: tuple[Escalation, ...] = ()
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """A task that waits for people: since when, on which worklist by now, how often escalated, who has claimed it."""

    since: datetime
    queue: str
    level: int = 0
    claimed_by: str | None = None


class Fate(StrEnum):
    """What a revision of the order has in mind for a task that had begun."""

    REDO = "redo"
    """It is taken back, and done once more."""
    AMEND = "amend"
    """What it did is changed in place, by its own operation for that."""
    DROP = "drop"
    """It is not wanted any more, though its item is; what it did is taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work on one backend (TMF701 taskFlow).

    `item_ids` are the items that it serves; none: the whole order. `rule` names the decomposition rule that made it.
    `content` identifies what of the order it uses: a revision that changes it changes the task.
    `revision` rises when the work is asked for anew; with it the key `order:task:revision` that makes the backend
    call safe to repeat. `reference` is the backend's own id of what was made. `expected` is how long it usually takes.
    It does not begin before `not_before`. A task that `pends` waits for people outside while its result is awaited,
    for as long as `timeout` says. `undo` is the operation that takes back what it did, `amend` the one that changes it
    in place; while it is `amending`, that is what is being done. `undoes` names the task that this one takes back.
    `amount` is what it charges, when no price says so. One that is `tolerant` goes on without what is lost of other
    items, as long as one of them is left. `fate` is what a revision has in mind for it. `milestone` is what is reached
    when it is done, promised by `promised_at`. `awaits` are the customer's earlier orders that it waits for.
    `data` is what people entered when they completed it. `takes_back` is the backend's id of what it takes back, when
    another order made that.
    """

    id: str
    item_ids: tuple[str, ...]
    name: str
    operation: str
    rule: str
    depends_on: tuple[Dependency, ...] = ()
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
    amend: str | None = None
    undoes: str | None = None
    no_return: PointOfNoReturn | None = None
    amount: Money | None = None
    tolerant: bool = False
    content: str = ""
    fate: Fate | None = None
    amending: bool = False
    not_before: datetime | None = None
    timeout: Timeout | None = None
    worklist: Worklist | None = None
    attention: Attention | None = None
    milestone: str | None = None
    promised_at: datetime | None = None
    awaits: tuple[str, ...] = ()
    data: tuple[Characteristic, ...] = ()
    takes_back: str | None = None

    @property
    def item_id(self) -> str | None:
        """The only item that it serves; None: several, or the whole order."""
        return self.item_ids[0] if len(self.item_ids) == 1 else None

    @property
    def for_several(self) -> bool:
        """Whether it serves more than one item, or the whole order."""
        return len(self.item_ids) != 1

    @property
    def begun(self) -> bool:
        """Whether it may have had an effect."""
        unknown = self.state is TaskState.FALLOUT and self.cause is not None and not self.cause.final
        return unknown or self.amending or self.state in TASK_BEGUN

    @property
    def started(self) -> bool:
        """Whether it has been begun, whatever became of it."""
        return self.started_at is not None or self.state in (TaskState.COMPLETED, TaskState.SKIPPED)

    @property
    def backend(self) -> str:
        """The backend that carries it out."""
        return self.operation.split(".", 1)[0]

    @property
    def by_people(self) -> bool:
        """Whether people carry it out, not a backend."""
        return self.backend == PEOPLE

    @property
    def call(self) -> str:
        """The operation that is to be carried out now."""
        return self.amend if self.amending and self.amend else self.operation


TASK_BEGUN: Final = frozenset({TaskState.RUNNING, TaskState.AWAITING_RESULT, TaskState.CLOSING, TaskState.COMPLETED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessing:
    """People are to say whether these items may be cancelled, for this charge; nobody having said so by then: no."""

    item_ids: tuple[str, ...]
    since: datetime
    until: datetime
    reason: str
    charge: Money | None = None
    claimed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All tasks of one order, and how many events they have seen.

    `cancelled` are the items that are not wanted any more, `failed` those that a failure has taken with it; what was
    done for them is taken back. While it is `held` no task begins, nor before `begins_at`, nor until `frozen_until`
    (a revision is being assessed, `frozen_by` says which), nor while a cancellation is `assessing`. `aborted`: given up
    as it was.
    `sequence` are the items in the order in which they are carried out, one after another; none: all at once.
    `priority` is 0 (highest) to 4. `promised_at` is when the order is to be complete, `checked_at` up to when all
    that time alone changes has been seen to.
    """

    order_id: str
    tasks: tuple[Task, ...]
    revision: int = 0
    cancelled: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    held: bool = False
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    sequence: tuple[str, ...] = ()
    priority: int = 4
    begins_at: datetime | None = None
    promised_at: datetime | None = None
    frozen_until: datetime | None = None
    frozen_by: str | None = None
    assessing: Assessing | None = None
    aborted: bool = False
    checked_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Nothing is left to do or to decide."""
        return all(task.state in TASK_ENDED for task in self.tasks)

    @property
    def halted(self) -> bool:
        """Whether something fell out, what had been begun has come to rest, and the rest waits for people to decide."""
        states = {task.state for task in self.tasks}
        under_way = states & {TaskState.RUNNING, TaskState.AWAITING_RESULT}
        return self.failure_policy is not FailurePolicy.CONTINUE and TaskState.FALLOUT in states and not under_way

    @property
    def begun(self) -> bool:
        """Whether anything of what the order is for has been begun; a charge for changing it does not wait for that."""
        return any(task.state is not TaskState.PENDING and task.amount is None for task in self.tasks)

    def task(self, task_id: str) -> Task | None:
        """The task with this id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def tasks_of(self, item_id: str) -> tuple[Task, ...]:
        """The tasks that serve this item, alone or among others."""
        return tuple(task for task in self.tasks if item_id in task.item_ids)

    def references(self, task: Task) -> Mapping[str, str]:
        """What the backends made so far for the task's item and for the whole order, by operation."""
        return {
            other.operation: other.reference
            for other in self.tasks
            if other.reference is not None and (not other.item_ids or set(other.item_ids) & set(task.item_ids))
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wished for from now on, as a plan: all tasks of the items that are still wanted, none of them begun.

    `changed` are the items that are new or otherwise than before, `removed` those that are not wanted any more.
    `charge` is what it costs by the rules, whatever has been done.
    """

    tasks: tuple[Task, ...]
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    sequence: tuple[str, ...] = ()
    priority: int = 4
    begins_at: datetime | None = None
    promised_at: datetime | None = None
    charge: Money | None = None
