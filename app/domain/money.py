"""Money: an exact amount in one currency. Never a float."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

CENT: Final = Decimal("0.01")


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its ISO 4217 currency (TMF Money)."""

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + other.times(Decimal(-1))

    def times(self, factor: Decimal | int) -> "Money":
        """The amount multiplied, not rounded."""
        return Money(self.amount * factor, self.currency)

    def part(self, parts: int, whole: int) -> "Money":
        """`parts` of the `whole` parts of the amount, not rounded."""
        return Money(self.amount * parts / whole, self.currency)

    def percent(self, percentage: Decimal) -> "Money":
        """`percentage` hundredths of the amount, not rounded."""
        return self.times(percentage / 100)

    def rounded(self) -> "Money":
        """Rounded half up to a hundredth: what is charged."""
        return Money(self.amount.quantize(CENT, ROUND_HALF_UP), self.currency)


def sum_of(amounts: Iterable[Money]) -> Money | None:
    """The amounts together; None when there are none, or when they are in several currencies."""
    all_of_them = tuple(amounts)
    if len({amount.currency for amount in all_of_them}) != 1:
        return None
    return sum(all_of_them[1:], all_of_them[0])
