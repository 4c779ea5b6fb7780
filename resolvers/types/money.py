"""Money in the graph."""

from decimal import Decimal

import strawberry
from strawberry import field

from resolvers.scalars import CurrencyCode


@strawberry.type(description="An exact amount in one currency (TMF Money).")
class Money:
    amount: Decimal = field(description="The amount, in units of the currency.")
    currency: CurrencyCode = field(description="The currency.")


@strawberry.input(name="MoneyInput", description="An exact amount in one currency (TMF Money).")
class MoneyInput:
    amount: Decimal = field(description="The amount, in units of the currency.")
    currency: CurrencyCode = field(description="The currency.")
