"""What it costs to end a product before its term has run out. How much of what is left is a rule that is data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.catalog import Offering, OfferingPrice, PriceType
from app.domain.facts import OwnedProduct
from app.domain.money import Money, sum_of
from app.domain.order import ItemAction, ItemPrice, OrderItem, ProductOrder
from app.domain.periods import months_begun, months_left, months_of
from app.domain.pricing import item_price, recurring_of, totals
from app.domain.rulebook import TerminationRule
from app.domain.rules.business import case_view
from app.domain.rules.case import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyTermination:
    """What ending a product early costs: one-time prices, one for each recurring price that is not paid any more.

    `rule` is the rule that says so, `reason` why, for people.
    """

    product: OwnedProduct
    rule: str
    reason: str
    prices: tuple[ItemPrice, ...]

    @property
    def charge(self) -> Money | None:
        """All of it, with tax; None: nothing."""
        return sum_of(price.tax_included for price in self.prices)


def early_termination(case: Case, item: OrderItem) -> EarlyTermination | None:
    """What the end of the item's owned product costs when the order takes effect; None: nothing.

    Of the case it looks at the facts, the rules and the time; the item need not be one of its order's. Raises
    CannotJudge.
    """
    product = next((product for product in case.facts.owned if product.id == item.product_id), None)
    if product is None:
        return None
    view = case_view(case, item, case.facts.offerings.get(item.offering_id))
    rule = next((rule for rule in case.rulebook.termination if rule.when.holds(view)), None)
    if rule is None:
        return None
    at = case.order.takes_effect_at(case.at)
    prices = tuple(left_to_pay(product, item.quantity, case.facts.offerings, rule, at))
    return EarlyTermination(product=product, rule=rule.id, reason=rule.reason(view), prices=prices) if prices else None


def left_to_pay(
    product: OwnedProduct, quantity: int, offerings: Mapping[str, Offering], rule: TerminationRule, at: datetime
) -> Iterable[ItemPrice]:
    """What the rule asks for an owned product that is ended at this time."""
    months = months_left(product.term_ends_at, at)
    if rule.at_most_months is not None:
        months = min(months, rule.at_most_months)
    first = months_begun(product.started_at, at)
    for price, pieces in recurring_of(product, quantity, offerings, at):
        length = months_of(price.period)  # what is charged by the day or week costs nothing when it is ended
        part = _part(price, pieces, rule, length, first, months) if length and months else None
        if part is not None:
            yield part


def _part(
    price: OfferingPrice, pieces: int, rule: TerminationRule, length: int, first: int, months: int
) -> ItemPrice | None:
    """The one-time price in place of a recurring one; reductions that run out within the term are minded."""
    asked = [item_price(price, pieces, (first + n - 1) // length + 1).duty_free.part(1, length) for n in range(months)]
    whole = sum(asked[1:], asked[0]).percent(rule.percent).rounded()
    if not whole.amount:
        return None
    tax_included = (whole + whole.percent(price.tax_rate)).rounded()
    return ItemPrice(
        name=f"Early termination: {price.name}",
        price_type=PriceType.ONE_TIME,
        unit_price=whole,
        tax_rate=price.tax_rate,
        duty_free=whole,
        tax_included=tax_included,
    )


def terminations(case: Case) -> Mapping[str, EarlyTermination]:
    """By item, what it costs that the order ends products early. Raises CannotJudge.

    A bundle's own price takes off what its parts cost, so that all of it is looked at together: nobody is paid for
    ending something.
    """
    ending = ((item, early_termination(case, item)) for item in case.order.items if item.action is ItemAction.DELETE)
    found = {item.id: end for item, end in ending if end is not None}
    whole = sum_of(price.tax_included for end in found.values() for price in end.prices)
    return found if whole is not None and whole.amount > 0 else {}


def with_terminations(case: Case) -> ProductOrder:
    """The order with what it costs that it ends products early, as prices of the items that do. Raises CannotJudge."""
    found = terminations(case)

    def priced(item: OrderItem) -> OrderItem:
        if item.action is not ItemAction.DELETE:
            return item
        return replace(item, prices=found[item.id].prices if item.id in found else ())

    items = tuple(priced(item) for item in case.order.items)
    return replace(case.order, items=items, totals=totals(price for item in items for price in item.prices))
