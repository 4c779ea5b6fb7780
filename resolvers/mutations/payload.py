"""What a mutation answers: the order, or why it was refused."""

from collections.abc import Awaitable
from typing import Self

import strawberry
from strawberry import field

from app.ordering.outcomes import Committed, Outcome
from resolvers.errors import UserError, user_error
from resolvers.fields import described
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
