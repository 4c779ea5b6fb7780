"""Money in the graph."""

from decimal import Decimal

import strawberry
from strawberry import field

from app.domain import money
from resolvers.scalars import CurrencyCode


@strawberry.type(description="An exact amount in one currency (TMF Money).")
class Money:
    amount: Decimal = field(description="The amount, in units of the currency.")
    currency: CurrencyCode = field(description="The currency.")


@strawberry.input(name="MoneyInput", description="An exact amount in one currency (TMF Money).")
class MoneyInput:
    amount: Decimal = field(description="The amount, in units of the currency.")
    currency: CurrencyCode = field(description="The currency.")


def money_in(given: MoneyInput | None) -> money.Money | None:
    """The amount as the domain has it."""
    return money.Money(given.amount, given.currency) if given else None
