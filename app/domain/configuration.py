"""Configuration check: may this be ordered so, what may still be chosen, what does it cost (TMF760).

The same rules judge here that judge an order; of what a real order says later, nothing is asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.catalog import CharacteristicSpecification, Offering, Term
from app.domain.order import ItemPrice, OrderItem
from app.domain.rules import violations
from app.domain.rules.case import Case
from app.domain.violations import StepKind, Violation, ViolationCode, refusals


class ConfigurationState(StrEnum):
    """TMF760 checkProductConfigurationItem.state, once it is decided."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ConfigurableCharacteristic:
    """What one characteristic may be, and what it is now."""

    specification: CharacteristicSpecification
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedItem:
    """One item: `reasons` are the errors that reject it and the warnings that only tell."""

    item: OrderItem
    reasons: tuple[Violation, ...]
    characteristics: tuple[ConfigurableCharacteristic, ...]

    @property
    def state(self) -> ConfigurationState:
        """Whether it may be ordered so."""
        return _state(self.reasons)

    @property
    def prices(self) -> tuple[ItemPrice, ...]:
        """What it costs so."""
        return self.item.prices

    @property
    def terms(self) -> tuple[Term, ...]:
        """The commitments that come with it."""
        return self.item.terms


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationCheck:
    """The items one by one; `reasons` are those that lie in no single item."""

    items: tuple[CheckedItem, ...]
    reasons: tuple[Violation, ...]

    @property
    def state(self) -> ConfigurationState:
        """Whether all of it may be ordered so, together."""
        return _state([*self.reasons, *(reason for item in self.items for reason in item.reasons)])


# credit, visit, contract and payment are no matter of how something is configured
_CONFIGURED: Final = frozenset(
    {StepKind.CUSTOMER, StepKind.OFFERING, StepKind.PLACE, StepKind.SERVICEABILITY, StepKind.PRICE}
)


def checked(case: Case) -> ConfigurationCheck:
    """What the rules say of the case's items as they are configured; the items are priced already."""
    found = [v for v in violations(case) if _speaks_of_configuration(case, v)]
    items = tuple(
        CheckedItem(
            item=item,
            reasons=tuple(v for v in found if _lies_in(path, v)),
            characteristics=tuple(_characteristics(item, offering)),
        )
        for path, item, offering in case.items()
    )
    return ConfigurationCheck(
        items=items, reasons=tuple(v for v in found if not any(_lies_in(path, v) for path, _, _ in case.items()))
    )


def _state(reasons: Iterable[Violation]) -> ConfigurationState:
    return ConfigurationState.REJECTED if refusals(reasons) else ConfigurationState.APPROVED


def _speaks_of_configuration(case: Case, violation: Violation) -> bool:
    if violation.step is StepKind.CUSTOMER and not case.order.customer_id:
        return False
    # where it goes may be said later; that it cannot go where was said is told
    later = violation.step is StepKind.PLACE and violation.code is ViolationCode.MISSING_PROPERTY
    return violation.step in _CONFIGURED and not later


def _lies_in(path: str, violation: Violation) -> bool:
    return violation.path == path or violation.path.startswith(f"{path}/")


def _characteristics(item: OrderItem, offering: Offering | None) -> Iterable[ConfigurableCharacteristic]:
    chosen = {c.name: c.value for c in item.characteristics}
    for specification in offering.specification.characteristics if offering and offering.specification else ():
        yield ConfigurableCharacteristic(specification, chosen.get(specification.name))
