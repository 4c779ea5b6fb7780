"""Many orders sent at once, each a line of its own: what is asked, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.actor import Actor
from app.domain.request import OrderRequest


class BatchState(StrEnum):
    """How far a batch is."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"


class LineState(StrEnum):
    """What became of a line."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineError:
    """Why a line was refused. `path` points into the line, `rule` is the broken rule's id where one was broken."""

    code: str
    message: str
    path: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineResult:
    """An order that was accepted, or why there is none."""

    number: int
    order_id: str | None = None
    errors: tuple[LineError, ...] = ()

    @property
    def state(self) -> LineState:
        """What the line is with this result."""
        return LineState.ACCEPTED if self.order_id else LineState.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """One line, by its number in what was sent, from 1. `request` None: it could not be read."""

    number: int
    request: OrderRequest | None
    result: LineResult | None = None

    @property
    def state(self) -> LineState:
        """What became of it."""
        return self.result.state if self.result else LineState.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as it stands. Its orders are those of `actor`, who sent it. `completed_at`: when its last line ended."""

    id: str
    actor: Actor
    created_at: datetime
    line_count: int
    accepted_count: int = 0
    refused_count: int = 0
    completed_at: datetime | None = None

    @property
    def pending_count(self) -> int:
        """How many lines have no result yet."""
        return self.line_count - self.accepted_count - self.refused_count

    def count_of(self, state: LineState) -> int:
        """How many lines are in this state."""
        match state:
            case LineState.ACCEPTED:
                return self.accepted_count
            case LineState.REFUSED:
                return self.refused_count
            case LineState.PENDING:
                return self.pending_count

    @property
    def state(self) -> BatchState:
        """How far it is."""
        return BatchState.COMPLETED if self.completed_at else BatchState.IN_PROGRESS
