"""What endangers the promise of an order (TMF622 v5 productOrderJeopardyAlert)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JeopardyLevel(StrEnum):
    """How much a promise is in danger."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Higher is worse."""
        return list(JeopardyLevel).index(self)


class JeopardyKind(StrEnum):
    """What is wrong with a task."""

    LATE = "late"
    """It takes longer than it usually does."""
    BLOCKED = "blocked"
    """It could not be done, and waits for people to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JeopardyReason:
    """A task that endangers the promise: it is `late` since it should have ended, or `blocked` since it fell out."""

    task_id: str
    task_name: str
    kind: JeopardyKind
    since: datetime
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jeopardy:
    """A promise in danger.

    `since` is when it came to be so, `rule` what gave the level, `queue` the worklist that it is escalated to and
    `notice` what the customer is told. `milestone` names the one that is promised, when it is not the whole order;
    without `promised_at` nothing is promised, and the order does not go on by itself.
    """

    level: JeopardyLevel
    since: datetime
    rule: str
    predicted_at: datetime
    promised_at: datetime | None = None
    milestone: str | None = None
    reasons: tuple[JeopardyReason, ...] = ()
    queue: str | None = None
    notice: str | None = None
