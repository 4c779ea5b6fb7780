"""Prices: exact, altered in order, summed per kind; never a float."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog import BundledOffering, PriceAlteration, PriceType
from app.domain.money import Money
from app.domain.order import ItemAction, ItemRelationship, RelationshipType
from app.domain.pricing import item_price, price_order, price_periods, prorated, totals
from tests.unit.orders import NOW, item, offering, order, price

amounts = st.decimals("-10000", "10000", places=2)
rates = st.decimals("0", "100", places=2)


def test_alterations_apply_in_order_of_priority_each_on_what_is_left() -> None:
    altered = replace(
        price("100"),
        alterations=(
            PriceAlteration(name="later", percentage=Decimal(50), priority=2),
            PriceAlteration(name="first", amount=Money(Decimal(20), "EUR"), priority=1),
        ),
    )

    charged = item_price(altered, 2)

    assert charged.unit_price == Money(Decimal(100), "EUR")
    assert charged.duty_free == Money(Decimal("80.00"), "EUR")
    assert charged.tax_included == Money(Decimal("95.20"), "EUR")


def test_usage_costs_nothing_until_something_is_used() -> None:
    usage = item_price(price("0.10", PriceType.USAGE), 3)

    assert usage.duty_free.amount == 0
    assert totals([usage]) == ()


def test_totals_are_kept_apart_by_kind_and_period() -> None:
    monthly, once = item_price(price("10"), 1), item_price(price("5", PriceType.ONE_TIME), 1)

    summed = {(t.price_type, t.period): t.tax_included.amount for t in totals([monthly, once, monthly])}

    assert summed == {
        (PriceType.RECURRING, "month"): Decimal("23.80"),
        (PriceType.ONE_TIME, None): Decimal("5.95"),
    }


def test_what_is_not_added_or_changed_costs_nothing() -> None:
    ended = replace(item("1"), action=ItemAction.DELETE)

    priced = price_order(order(ended), {"line": offering("line", price("10"))}, at=NOW)

    assert priced.items[0].prices == ()
    assert priced.totals == ()


def test_a_price_is_asked_from_its_first_moment_until_its_last() -> None:
    day = timedelta(days=1)
    coming = replace(price("1"), name="coming", valid_from=NOW + day)
    begun = replace(price("2"), name="begun", valid_from=NOW)
    ending = replace(price("3"), name="ending", valid_until=NOW + day)
    over = replace(price("4"), name="over", valid_until=NOW)

    priced = price_order(order(item("1")), {"line": offering("line", coming, begun, ending, over)}, at=NOW)

    assert [p.name for p in priced.items[0].prices] == ["begun", "ending"]


@given(st.lists(st.tuples(amounts, rates, st.integers(1, 50)), min_size=1, max_size=20))
def test_the_total_is_the_sum_of_its_items_to_the_cent(lines: list[tuple[Decimal, Decimal, int]]) -> None:
    prices = [item_price(price(str(amount), tax=str(rate)), quantity) for amount, rate, quantity in lines]

    [total] = totals(prices)

    assert total.duty_free.amount == sum(p.duty_free.amount for p in prices)
    assert total.tax_included.amount == sum(p.tax_included.amount for p in prices)
    assert all(isinstance(p.tax_included.amount, Decimal) for p in prices)
    for (amount, rate, quantity), charged in zip(lines, prices, strict=True):
        assert charged.duty_free.amount == amount * quantity
        exact = amount * quantity * (1 + rate / 100)
        assert abs(charged.tax_included.amount - exact) <= Decimal("0.005")


def test_an_item_inside_a_bundle_costs_what_the_bundle_says() -> None:
    bundle = replace(
        offering("bundle"),
        is_bundle=True,
        bundled=(BundledOffering(offering_id="line", lower_limit=1, upper_limit=2, prices=(price("7"),)),),
    )
    inside, outside = item("2"), item("3")
    whole = order(item("1", ItemRelationship(RelationshipType.BUNDLES, "2"), offering="bundle"), inside, outside)

    priced = price_order(whole, {"bundle": bundle, "line": offering("line", price("10"))}, at=NOW)

    assert [[p.unit_price.amount for p in i.prices] for i in priced.items] == [[], [Decimal(7)], [Decimal(10)]]


def test_what_the_catalog_does_not_answer_for_keeps_its_price() -> None:
    priced = price_order(order(item("1")), {"line": offering("line", price("10"))}, at=NOW)

    assert price_order(priced, {}, at=NOW) == priced


def test_the_recurring_total_goes_on_when_reductions_run_out() -> None:
    half = PriceAlteration(name="half", percentage=Decimal(50), periods=6)
    less = PriceAlteration(name="less", amount=Money(Decimal(2), "EUR"), periods=12, priority=1)
    reduced = replace(price("20", tax="0"), alterations=(half, less))

    priced = price_order(order(item("1")), {"line": offering("line", reduced)}, at=NOW)

    periods = [(p.first, p.last, p.totals[0].tax_included.amount) for p in price_periods(priced)]
    assert periods == [(1, 6, Decimal("8.00")), (7, 12, Decimal("18.00")), (13, None, Decimal("20.00"))]


@given(st.lists(st.tuples(amounts, st.integers(1, 50), st.integers(0, 36)), min_size=1, max_size=10))
def test_the_first_period_is_what_the_order_totals_say(lines: list[tuple[Decimal, int, int]]) -> None:
    offerings = {
        str(n): offering(
            str(n),
            replace(
                price(str(amount)),
                alterations=(PriceAlteration(name="a", percentage=Decimal(10), periods=periods),),
            ),
        )
        for n, (amount, _, periods) in enumerate(lines)
    }
    items = (item(str(n), offering=str(n), quantity=quantity) for n, (_, quantity, _) in enumerate(lines))

    priced = price_order(order(*items), offerings, at=NOW)

    periods = price_periods(priced)
    assert periods[0].totals == priced.totals
    assert [p.first for p in periods] == [1, *((p.last or 0) + 1 for p in periods[:-1])]
    assert periods[-1].last is None


@given(amounts, st.integers(0, 29))
def test_proration_is_by_the_day(amount: Decimal, day: int) -> None:
    [total] = totals([item_price(price(str(amount), tax="0"), 1)])
    start = date(2026, 4, 1)

    part = prorated(total, start=start + timedelta(days=day), period_start=start, period_end=date(2026, 5, 1))

    exact = amount * (30 - day) / 30
    assert abs(part.tax_included.amount - exact) <= Decimal("0.005")
    assert day or part == total


def test_a_start_outside_the_period_is_refused() -> None:
    [total] = totals([item_price(price("10"), 1)])

    with pytest.raises(ValueError, match="not within"):
        prorated(total, start=date(2026, 5, 1), period_start=date(2026, 4, 1), period_end=date(2026, 5, 1))
