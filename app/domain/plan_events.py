"""What happens to a plan, and what is to be done then: the events that `step` takes, the commands that it gives."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.money import Money
from app.domain.order import Characteristic
from app.domain.plan import Cause, Wish


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
class TaskPerformed:
    """People have done what was theirs to do, and entered this."""

    at: datetime
    task_id: str
    data: tuple[Characteristic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClaimed:
    """Somebody sees to a task that waits for people; `by` None: nobody does any more.

    `task_id` None: to the cancellation that is being assessed.
    """

    at: datetime
    task_id: str | None
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRequested:
    """These items are not wanted any more. It was found possible, and what it costs (`charge`) was accepted."""

    at: datetime
    item_ids: tuple[str, ...]
    charge: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentRequested:
    """People are to say until then whether these items may be cancelled."""

    at: datetime
    item_ids: tuple[str, ...]
    until: datetime
    reason: str
    charge: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentDecided:
    """People have said whether what is being assessed may be cancelled."""

    at: datetime
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequested:
    """Nothing more is to begin until it is released."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequested:
    """What was held goes on."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A revision is being assessed: nothing begins until it is decided, or until then. `until` None: it is decided.

    `by` says which revision that is: of several, only the one that is being assessed lets the order go on.
    """

    at: datetime
    until: datetime | None
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """The order is to be otherwise. It was found possible, and what it costs (`charge`) was accepted."""

    at: datetime
    wish: Wish
    charge: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborted:
    """The order is given up as it is; nothing is taken back."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something was written down of the order that changes nothing about its work."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """It is later by now: something may be due."""

    at: datetime


PlanEvent = (
    Started
    | TaskAccepted
    | TaskCompleted
    | TaskFailed
    | FalloutDecided
    | TaskPerformed
    | TaskClaimed
    | CancellationRequested
    | AssessmentRequested
    | AssessmentDecided
    | HoldRequested
    | ReleaseRequested
    | Frozen
    | Revised
    | Aborted
    | Noted
    | TimePassed
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
