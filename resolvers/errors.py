"""Refusals as data of a payload, and faults as top-level errors."""

from datetime import datetime

import strawberry
from graphql import GraphQLError
from strawberry import field

from app.ordering import outcomes
from app.ordering.drafts import NotPermitted
from app.ordering.ordering import FulfilmentUnavailable
from app.ordering.reading import StoreUnavailable
from connectors.base import BackendFailure, correlation_id
from resolvers.enums import OrderState, RefusalCode
from resolvers.fields import described
from resolvers.types.cancellation import PassedPointOfNoReturn
from resolvers.types.money import Money
from resolvers.types.order import ProductOrder
from resolvers.types.place import TimeSlot
from resolvers.types.violation import Violation


@strawberry.interface(description="Why a mutation was refused; nothing was changed. New types may be added.")
class UserError:
    code: RefusalCode = field(description="Stable code.")
    message: str = field(description="What is wrong and the way out, in one sentence.")
    path: str | None = field(description="JSON pointer into the input; null: the input as a whole.")


@strawberry.type(description="What is named does not exist, or may not be seen.")
class NotFound(UserError):
    pass


@strawberry.type(description="The order has changed since the version that was expected.")
class StaleVersion(UserError):
    current_version: int = field(description="The version to expect now.")
    order: ProductOrder | None = field(description="The order as it is now.")


@strawberry.type(description="The idempotency key was used before, with another input.")
class IdempotencyConflict(UserError):
    first_used_at: datetime = field(description="When it was first used.")


@strawberry.type(description="Another order has the same id in the other system already.")
class ExternalIdTaken(UserError):
    order: ProductOrder | None = field(description="That order; null when you may not see it.")


@strawberry.type(description="Rules are broken: every breach at once.")
class ValidationFailed(UserError):
    violations: list[Violation] = field(description="The breaches.")


@strawberry.type(description="It cannot be done in the state that the order is in.")
class NotAllowedInState(UserError):
    state: OrderState = field(description="The state.")
    possible: list[str] = field(description="What is possible instead, for people; empty: it has ended.")


@strawberry.type(description="Another channel holds the draft; take it over first.")
class NotInControl(UserError):
    controlled_by: str = field(description="The channel that holds it.")


@strawberry.type(description="The time slot is taken.")
class SlotUnavailable(UserError):
    free: list[TimeSlot] = field(description="Slots that are free now.")


@strawberry.type(description="The order has come too far for it.")
class PointOfNoReturnPassed(UserError):
    passed: list[PassedPointOfNoReturn] = field(description="What stands in the way.")


@strawberry.type(description="It costs something by now: accept exactly that.")
class ChargeNotAccepted(UserError):
    charge: Money = field(description="What it costs.")
    passed: list[PassedPointOfNoReturn] = field(description="Why.")


@strawberry.type(description="Somebody else sees to this work.")
class WorkClaimed(UserError):
    claimed_by: str = field(description="Who.")


@strawberry.type(description="The time in which it was possible is over.")
class TooLate(UserError):
    until: datetime = field(description="Until when it was possible.")


@strawberry.type(description="What has become of a product since an order brought it.")
class ProductChange:
    product_id: strawberry.ID = field(description="Id of the product in the inventory.")
    what: str = field(description="What has become of it, for people.")


@strawberry.type(description="What the order brought is not as it left it.")
class ChangedSince(UserError):
    products: list[ProductChange] = field(description="What has changed.")


def user_error(refusal: outcomes.Refusal) -> UserError:
    """The refusal as the graph tells it; what it speaks of is described by the graph's types, not copied into them."""
    code, message, path = refusal.code, refusal.message, refusal.path
    match refusal:
        case outcomes.NotFound():
            return NotFound(code=code, message=message, path=path)
        case outcomes.StaleVersion(order):
            return StaleVersion(
                code=code,
                message=message,
                path=path,
                current_version=order.version,
                order=described(order),
            )
        case outcomes.IdempotencyConflict(first_used_at):
            return IdempotencyConflict(code=code, message=message, path=path, first_used_at=first_used_at)
        case outcomes.ExternalIdTaken():
            return ExternalIdTaken(
                code=code,
                message=message,
                path=path,
                order=described(refusal.order),
            )
        case outcomes.ValidationFailed(violations):
            return ValidationFailed(
                code=code,
                message=message,
                path=path,
                violations=described(list(violations)),
            )
        case outcomes.NotAllowedInState(possible=possible):
            return NotAllowedInState(
                code=code, message=message, path=path, state=refusal.state, possible=list(possible)
            )
        case outcomes.NotInControl(order):
            return NotInControl(code=code, message=message, path=path, controlled_by=order.controlled_by)
        case outcomes.PointOfNoReturnPassed(passed=passed):
            return PointOfNoReturnPassed(
                code=code,
                message=message,
                path=path,
                passed=described(list(passed)),
            )
        case outcomes.ChargeNotAccepted(charge=charge, passed=passed):
            return ChargeNotAccepted(
                code=code,
                message=message,
                path=path,
                charge=described(charge),
                passed=described(list(passed)),
            )
        case outcomes.WorkClaimed(claimed_by=claimed_by):
            return WorkClaimed(code=code, message=message, path=path, claimed_by=claimed_by)
        case outcomes.TooLate(until=until):
            return TooLate(code=code, message=message, path=path, until=until)
        case outcomes.ChangedSince(products=products):
            changes = [ProductChange(product_id=strawberry.ID(one.product_id), what=one.what) for one in products]
            return ChangedSince(code=code, message=message, path=path, products=changes)
        case outcomes.SlotUnavailable(free=free):
            slots = [TimeSlot(start=slot.start, end=slot.end) for slot in free]
            return SlotUnavailable(code=code, message=message, path=path, free=slots)


def explain(fault: BaseException) -> GraphQLError | None:
    """What a client is told of a fault below the graph; None: nothing, it stays internal."""
    match fault:
        case BackendFailure():
            return GraphQLError(
                f"The backend {fault.backend!r} gave no usable answer.",
                extensions={
                    "code": f"BACKEND_{fault.kind.value}",
                    "backend": fault.backend,
                    "retryable": fault.retryable,
                    "correlationId": fault.correlation_id,
                },
            )
        case StoreUnavailable():
            return _unavailable("STORE_UNAVAILABLE", "Orders are out of reach at the moment.")
        case FulfilmentUnavailable():
            return _unavailable("FULFILMENT_UNAVAILABLE", "The engine that carries orders out does not answer.")
        case NotPermitted():
            return GraphQLError(f"Not permitted: {fault}.", extensions={"code": "FORBIDDEN"})
        case _:
            return None


def code_of(fault: BaseException) -> str:
    """The code under which a client is told of a fault."""
    told = fault if isinstance(fault, GraphQLError) else explain(fault)
    return str(((told.extensions or {}) if told else {}).get("code", "INTERNAL_ERROR"))


def _unavailable(code: str, message: str) -> GraphQLError:
    extensions = {"code": code, "retryable": True, "correlationId": correlation_id.get()}
    return GraphQLError(f"{message} Try again with the same idempotency key.", extensions=extensions)
