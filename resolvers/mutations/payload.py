"""What a mutation answers: the order, or why it was refused."""

from collections.abc import Awaitable
from typing import Protocol, Self

import strawberry
from strawberry import field

from app.ordering.outcomes import Committed, Outcome
from resolvers.errors import UserError, user_error
from resolvers.fields import described, resolved
from resolvers.types.order import ProductOrder


@strawberry.interface(description="What every mutation of an order answers.")
class OrderPayload:
    order: ProductOrder | None = field(description="The order after the change; null when it was refused.")
    errors: list[UserError] = field(description="Why it was refused; when there is any, nothing was changed.")
    replayed: bool = field(description="Whether the key had been used before, and this is the first result again.")

    @classmethod
    async def of(cls, outcome: Awaitable[Outcome]) -> Self:
        """The payload for what a use case brings."""
        match await outcome:
            case Committed(order, replayed):
                return cls(order=described(order), errors=[], replayed=replayed)
            case refusal:
                return cls(order=None, errors=[user_error(refusal)], replayed=False)


class _Outcome(Protocol):
    @property
    def outcome(self) -> Outcome: ...


def _order(root: strawberry.Parent[_Outcome]) -> object:
    return root.outcome.order if isinstance(root.outcome, Committed) else None


def _errors(root: strawberry.Parent[_Outcome]) -> list[UserError]:
    return [] if isinstance(root.outcome, Committed) else [user_error(root.outcome)]


def _replayed(root: strawberry.Parent[_Outcome]) -> bool:
    return isinstance(root.outcome, Committed) and root.outcome.replayed


@strawberry.type
class OneOfMany:
    """What became of one of many that a mutation was about; the value behind it has an `outcome`."""

    order = resolved(ProductOrder | None, _order, "The order after the change; null when it was refused.")
    errors = resolved(list[UserError], _errors, "Why it was refused; then this order is as it was.")
    replayed: bool = resolved(bool, _replayed, "Whether it had been done before, under the same key.")
