"""What it costs to end a product before its term has run out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.catalog import PriceAlteration, PriceType
from app.domain.facts import OwnedProduct
from app.domain.order import ItemAction, OrderItem
from app.domain.periods import months_left
from app.domain.pricing import owned_prices
from app.domain.rulebook import Rulebook
from app.domain.termination import EarlyTermination, early_termination, with_terminations
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook.read import read_rulebook
from tests.unit.orders import NOW, case, customer, euros, facts, item, offering, order, owned, price

RULES = read_rulebook(None, OPERATIONS)
START = datetime(2026, 1, 23, 12, tzinfo=UTC)  # ten months before NOW
END = datetime(2028, 1, 23, 12, tzinfo=UTC)
LINE = offering("line", price("20"))


def ending(product_id: str = "p1") -> OrderItem:
    return replace(item("1"), action=ItemAction.DELETE, product_id=product_id)


def found(product: OwnedProduct, rules: Rulebook = RULES, **more: object) -> EarlyTermination | None:
    known = facts(LINE, owned=(product,), **more)
    return early_termination(case(order(ending()), known, rules), ending())


def test_half_of_what_is_left_of_the_term_is_asked_for_with_tax() -> None:
    asked = found(owned("p1", started_at=START, term_ends_at=NOW + timedelta(days=80)))

    assert asked is not None
    [part] = asked.prices
    assert (part.name, part.price_type) == ("Early termination: fee", PriceType.ONE_TIME)
    assert (part.duty_free, part.tax_included) == (euros("30.00"), euros("35.70")), (
        "three months begun, half of 20 each"
    )
    assert asked.charge == euros("35.70")
    assert (asked.rule, asked.reason) == ("rest-of-the-term", "the term runs until 2027-02-11, 3 months from then")


@pytest.mark.parametrize(
    ("_case", "product"),
    [
        ("without a term", owned("p1", started_at=START)),
        ("when it has run out", owned("p1", started_at=START, term_ends_at=NOW)),
        ("of somebody else", owned("p2", term_ends_at=END)),
        ("without a price", owned("p1", "gift", term_ends_at=END)),
        ("just bought", owned("p1", started_at=NOW - timedelta(days=14), term_ends_at=END)),
    ],
)
def test_what_costs_nothing(_case: str, product: OwnedProduct) -> None:
    assert found(product) is None


def test_a_company_may_not_withdraw() -> None:
    assert found(owned("p1", started_at=NOW, term_ends_at=END), customer=customer(segment="business")) is not None


def test_no_more_than_a_year_is_asked_for() -> None:
    asked = found(owned("p1", started_at=START, term_ends_at=END))

    assert asked is not None
    assert asked.prices[0].duty_free == euros("120.00")


def test_what_it_was_sold_for_counts_and_a_reduction_as_long_as_it_lasts() -> None:
    reduced = PriceAlteration(name="start", amount=euros("10"), periods=12)
    sold = replace(price("30"), alterations=(reduced,))
    product = owned("p1", started_at=START, term_ends_at=NOW + timedelta(days=100), prices=(sold,))

    asked = found(product)

    assert asked is not None
    assert asked.prices[0].duty_free == euros("50.00"), "half of 20, 20, 30 and 30: the reduction ends with month 12"
    [now] = owned_prices(product, 1, {}, at=NOW)
    assert now.duty_free == euros("20.00")
    [later] = owned_prices(product, 1, {}, at=NOW + timedelta(days=100))
    assert later.duty_free == euros("30.00")


def test_a_price_by_the_year_is_asked_for_by_the_month() -> None:
    yearly = replace(price("120"), period="year")

    asked = found(owned("p1", started_at=START, term_ends_at=NOW + timedelta(days=80), prices=(yearly,)))

    assert asked is not None
    assert asked.prices[0].duty_free == euros("15.00")


def test_the_order_has_it_as_a_price_of_the_item_that_ends_it_on_the_day_that_it_does() -> None:
    product = owned("p1", started_at=START, term_ends_at=NOW + timedelta(days=80))
    ends = replace(order(ending(), item("2")), requested_start_at=NOW + timedelta(days=60))

    priced = with_terminations(case(ends, facts(LINE, owned=(product,)), RULES))

    assert [p.duty_free for p in priced.items[0].prices] == [euros("10.00")], "one month will be left by then"
    assert priced.items[1].prices == ()
    assert [(t.price_type, t.tax_included) for t in priced.totals] == [(PriceType.ONE_TIME, euros("11.90"))]


@pytest.mark.parametrize(
    ("_case", "days", "months"), [("today", 0, 0), ("a day", 1, 1), ("a month", 30, 1), ("a month and a day", 31, 2)]
)
def test_months_that_have_begun_are_left(_case: str, days: int, months: int) -> None:
    assert months_left(NOW + timedelta(days=days), NOW) == months
