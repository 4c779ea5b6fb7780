"""What a caller may expect of a use case: the change, or one of the refusals. A refusal has changed nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from app.domain.cancellation import Passed
from app.domain.money import Money
from app.domain.order import ExternalId, ProductOrder
from app.domain.request import Slot
from app.domain.states import OrderState
from app.domain.taking_back import ProductChange
from app.domain.violations import Violation, relocated, relocated_path


class RefusalCode(StrEnum):
    """Why a caller was refused, for programs."""

    NOT_FOUND = "notFound"
    STALE_VERSION = "staleVersion"
    IDEMPOTENCY_CONFLICT = "idempotencyConflict"
    EXTERNAL_ID_TAKEN = "externalIdTaken"
    VALIDATION_FAILED = "validationFailed"
    NOT_ALLOWED_IN_STATE = "notAllowedInState"
    NOT_IN_CONTROL = "notInControl"
    SLOT_UNAVAILABLE = "slotUnavailable"
    POINT_OF_NO_RETURN = "pointOfNoReturn"
    CHARGE_NOT_ACCEPTED = "chargeNotAccepted"
    WORK_CLAIMED = "workClaimed"
    TOO_LATE = "tooLate"
    CHANGED_SINCE = "changedSince"


@dataclass(frozen=True, slots=True)
class Committed:
    """It is done, and kept. `replayed`: it had been done before, under the same key; this is the first result."""

    order: ProductOrder
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such thing, or the actor may not see it. `path` points into the input."""

    code: ClassVar = RefusalCode.NOT_FOUND
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class StaleVersion:
    """The order has changed since the version that the caller knew."""

    code: ClassVar = RefusalCode.STALE_VERSION
    path: ClassVar = "/expectedVersion"
    order: ProductOrder

    @property
    def message(self) -> str:
        """What is wrong and the way out."""
        return f"/expectedVersion: the order is at version {self.order.version}; read it again (expectedVersion)."


@dataclass(frozen=True, slots=True)
class IdempotencyConflict:
    """The key was used before, for something else."""

    code: ClassVar = RefusalCode.IDEMPOTENCY_CONFLICT
    path: ClassVar = "/idempotencyKey"
    message: ClassVar = "/idempotencyKey: used before with another input; take a new key (idempotencyKey)."
    first_used_at: datetime


@dataclass(frozen=True, slots=True)
class ExternalIdTaken:
    """Another order has this id in the other system already. `order` is None when the actor may not see it."""

    code: ClassVar = RefusalCode.EXTERNAL_ID_TAKEN
    path: str
    external_id: ExternalId
    order: ProductOrder | None

    @property
    def message(self) -> str:
        """What is wrong and the way out."""
        taken = f"{self.external_id.owner}'s {self.external_id.type} {self.external_id.id!r}"
        whose = f"order {self.order.id}" if self.order else "another order"
        return f"{self.path}: {taken} is {whose} already; an order that goes on is asked for by it (externalIdUnique)."


@dataclass(frozen=True, slots=True)
class ValidationFailed:
    """The order, or what the channel wants of it, breaks rules: all breaches at once."""

    code: ClassVar = RefusalCode.VALIDATION_FAILED
    violations: tuple[Violation, ...]

    @property
    def path(self) -> str | None:
        """Where the only breach is."""
        return self.violations[0].path if len(self.violations) == 1 else None

    @property
    def message(self) -> str:
        """What is wrong, when it is one thing."""
        return self.violations[0].message if len(self.violations) == 1 else f"{len(self.violations)} rules are broken."


@dataclass(frozen=True, slots=True)
class NotAllowedInState:
    """The order is in a state in which this cannot be done."""

    code: ClassVar = RefusalCode.NOT_ALLOWED_IN_STATE
    path: ClassVar = "/id"
    order: ProductOrder
    action: str
    possible: tuple[str, ...]

    @property
    def state(self) -> OrderState:
        """The state that the order is in."""
        return self.order.state

    @property
    def message(self) -> str:
        """What is wrong and what is possible instead."""
        possible = ", ".join(self.possible) or "nothing, it has ended"
        return f"/id: cannot {self.action}, the order is {self.state}; possible: {possible} (orderState)."


@dataclass(frozen=True, slots=True)
class NotInControl:
    """Another channel holds the draft."""

    code: ClassVar = RefusalCode.NOT_IN_CONTROL
    path: ClassVar = "/id"
    order: ProductOrder

    @property
    def message(self) -> str:
        """What is wrong and the way out."""
        return f"/id: channel {self.order.controlled_by} holds the draft; take it over first (draftControl)."


@dataclass(frozen=True, slots=True)
class SlotUnavailable:
    """The time slot is taken; these are free now."""

    code: ClassVar = RefusalCode.SLOT_UNAVAILABLE
    path: str
    message: str
    free: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class PointOfNoReturnPassed:
    """The order has come too far for this."""

    code: ClassVar = RefusalCode.POINT_OF_NO_RETURN
    order: ProductOrder
    passed: tuple[Passed, ...]
    path: str = "/itemIds"

    @property
    def message(self) -> str:
        """What has been passed, and why there is no way back."""
        points = "; ".join(f"item {p.item_id}, {p.task_name}: {p.point.reason}" for p in self.passed)
        return f"{self.path}: {points} (pointOfNoReturn)."


@dataclass(frozen=True, slots=True)
class ChargeNotAccepted:
    """It costs something, and this was not accepted. An order that was not taken for that is `order` as it would be."""

    code: ClassVar = RefusalCode.CHARGE_NOT_ACCEPTED
    path: ClassVar = "/acceptedCharge"
    order: ProductOrder
    charge: Money
    passed: tuple[Passed, ...]

    @property
    def message(self) -> str:
        """What it costs, why, and the way out."""
        reasons = "; ".join(p.point.reason for p in self.passed if p.point.charge is not None)
        charge = f"{self.charge.amount} {self.charge.currency}"
        return f"/acceptedCharge: it costs {charge} ({reasons}); accept exactly that (chargeAccepted)."


@dataclass(frozen=True, slots=True)
class WorkClaimed:
    """Somebody else sees to this work."""

    code: ClassVar = RefusalCode.WORK_CLAIMED
    path: ClassVar = "/taskId"
    order: ProductOrder
    claimed_by: str

    @property
    def message(self) -> str:
        """Who does, and the way out."""
        return f"/taskId: {self.claimed_by} sees to it; it has to be given back first (workClaimed)."


@dataclass(frozen=True, slots=True)
class TooLate:
    """The time in which it was possible is over. `reason` is why it was possible."""

    code: ClassVar = RefusalCode.TOO_LATE
    path: ClassVar = "/id"
    order: ProductOrder
    until: datetime
    reason: str

    @property
    def message(self) -> str:
        """Until when, and the way out."""
        until = self.until.isoformat(timespec="seconds")
        return f"/id: it was possible until {until} ({self.reason}); end the products instead (takeBackInTime)."


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """What the order brought is not as it left it."""

    code: ClassVar = RefusalCode.CHANGED_SINCE
    path: ClassVar = "/id"
    order: ProductOrder
    products: tuple[ProductChange, ...]

    @property
    def message(self) -> str:
        """What has changed, and the way out."""
        what = "; ".join(f"product {one.product_id} {one.what}" for one in self.products)
        return f"/id: {what}; change or end the products instead (takeBackUnchanged)."


Refusal = (
    NotFound
    | StaleVersion
    | IdempotencyConflict
    | ExternalIdTaken
    | ValidationFailed
    | NotAllowedInState
    | NotInControl
    | SlotUnavailable
    | PointOfNoReturnPassed
    | ChargeNotAccepted
    | WorkClaimed
    | TooLate
    | ChangedSince
)
Outcome = Committed | Refusal


def in_input(refusal: Refusal, prefixes: Mapping[str, str]) -> Refusal:
    """The refusal of an order in the words of the input that it was made of; see `relocated_path`."""
    match refusal:
        case ValidationFailed(violations):
            return ValidationFailed(relocated(violations, prefixes))
        case SlotUnavailable(path, message):
            there = relocated_path(path, prefixes)
            return replace(refusal, path=there, message=message.replace(path, there, 1))
        case _:
            return refusal
