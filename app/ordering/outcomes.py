"""What a caller may expect of a use case: the change, or one of the refusals. A refusal has changed nothing."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.order import ProductOrder
from app.domain.request import Slot
from app.domain.states import OrderState, Trigger
from app.domain.violations import Violation


@dataclass(frozen=True, slots=True)
class Committed:
    """It is done, and kept. `replayed`: it had been done before, under the same key; this is the first result."""

    order: ProductOrder
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such thing, or the actor may not see it. `path` points into the input."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class StaleVersion:
    """The order has changed since the version that the caller knew."""

    order: ProductOrder


@dataclass(frozen=True, slots=True)
class IdempotencyConflict:
    """The key was used before, for something else."""

    first_used_at: datetime


@dataclass(frozen=True, slots=True)
class ValidationFailed:
    """The order, or what the channel wants of it, breaks rules: all breaches at once."""

    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class NotAllowedInState:
    """The order is in a state in which this cannot be done."""

    order: ProductOrder
    action: str
    possible: tuple[Trigger, ...]

    @property
    def state(self) -> OrderState:
        """The state that the order is in."""
        return self.order.state


@dataclass(frozen=True, slots=True)
class NotInControl:
    """Another channel holds the draft."""

    order: ProductOrder


@dataclass(frozen=True, slots=True)
class SlotUnavailable:
    """The time slot is taken; these are free now."""

    path: str
    reason: str
    free: tuple[Slot, ...]


Refusal = (
    NotFound
    | StaleVersion
    | IdempotencyConflict
    | ValidationFailed
    | NotAllowedInState
    | NotInControl
    | SlotUnavailable
)
Outcome = Committed | Refusal
