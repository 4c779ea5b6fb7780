"""Refusals as data of a payload, and faults as top-level errors."""

from datetime import datetime
from enum import Enum

import strawberry
from graphql import GraphQLError
from strawberry import field

from app.ordering import outcomes
from app.ordering.drafts import NotPermitted
from app.ordering.ordering import FulfilmentUnavailable
from app.ordering.reading import StoreUnavailable
from connectors.base import BackendFailure, correlation_id
from resolvers.enums import OrderState
from resolvers.types.order import ProductOrder
from resolvers.types.place import TimeSlot
from resolvers.types.violation import Violation


@strawberry.enum(name="UserErrorCode", description="Why a mutation was refused. New codes may be added.")
class UserErrorCode(Enum):
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="What is named does not exist, or may not be seen.")
    STALE_VERSION = strawberry.enum_value("STALE_VERSION", description="The order has changed in between.")
    IDEMPOTENCY_CONFLICT = strawberry.enum_value(
        "IDEMPOTENCY_CONFLICT", description="The key was used before for something else."
    )
    VALIDATION_FAILED = strawberry.enum_value("VALIDATION_FAILED", description="Rules are broken.")
    NOT_ALLOWED_IN_STATE = strawberry.enum_value(
        "NOT_ALLOWED_IN_STATE", description="It cannot be done in the state that the order is in."
    )
    NOT_IN_CONTROL = strawberry.enum_value("NOT_IN_CONTROL", description="Another channel holds the draft.")
    SLOT_UNAVAILABLE = strawberry.enum_value("SLOT_UNAVAILABLE", description="The time slot is taken.")


@strawberry.interface(description="Why a mutation was refused; nothing was changed. New types may be added.")
class UserError:
    code: UserErrorCode = field(description="Stable code.")
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


def user_error(refusal: outcomes.Refusal) -> UserError:
    """The refusal as the graph tells it."""
    match refusal:
        case outcomes.NotFound(path, message):
            return NotFound(code=UserErrorCode.NOT_FOUND, message=message, path=path)
        case outcomes.StaleVersion(order):
            return StaleVersion(
                code=UserErrorCode.STALE_VERSION,
                message=f"/expectedVersion: the order is at version {order.version}; read it again (expectedVersion).",
                path="/expectedVersion",
                current_version=order.version,
                order=order,  # type: ignore[arg-type]  # described by the graph's type, not copied into it
            )
        case outcomes.IdempotencyConflict(first_used_at):
            return IdempotencyConflict(
                code=UserErrorCode.IDEMPOTENCY_CONFLICT,
                message="/idempotencyKey: used before with another input; take a new key (idempotencyKey).",
                path="/idempotencyKey",
                first_used_at=first_used_at,
            )
        case outcomes.ValidationFailed(violations):
            return ValidationFailed(
                code=UserErrorCode.VALIDATION_FAILED,
                message=violations[0].message if len(violations) == 1 else f"{len(violations)} rules are broken.",
                path=violations[0].path if len(violations) == 1 else None,
                violations=list(violations),  # type: ignore[arg-type]  # described, not copied
            )
        case outcomes.NotAllowedInState(order, action, possible):
            return NotAllowedInState(
                code=UserErrorCode.NOT_ALLOWED_IN_STATE,
                message=f"/id: cannot {action}, the order is {order.state}; "
                f"possible: {', '.join(possible) or 'nothing, it has ended'} (orderState).",
                path="/id",
                state=order.state,
                possible=list(possible),
            )
        case outcomes.NotInControl(order):
            return NotInControl(
                code=UserErrorCode.NOT_IN_CONTROL,
                message=f"/id: channel {order.controlled_by} holds the draft; take it over first (draftControl).",
                path="/id",
                controlled_by=order.controlled_by,
            )
        case outcomes.SlotUnavailable(path, reason, free):
            return SlotUnavailable(
                code=UserErrorCode.SLOT_UNAVAILABLE,
                message=reason,
                path=path,
                free=[TimeSlot(start=slot.start, end=slot.end) for slot in free],
            )


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


def _unavailable(code: str, message: str) -> GraphQLError:
    extensions = {"code": code, "retryable": True, "correlationId": correlation_id.get()}
    return GraphQLError(f"{message} Try again with the same idempotency key.", extensions=extensions)
