"""Prices: exact, altered in order, summed per kind; never a float."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog import PriceAlteration, PriceType
from app.domain.money import Money
from app.domain.order import ItemAction
from app.domain.pricing import item_price, price_order, totals
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
