"""Prices of any order: recalculated in fractions, they come to the same to the cent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.domain.catalog import BundledOffering, Offering, OfferingPrice, PriceAlteration, PriceType
from app.domain.money import Money
from app.domain.order import ItemAction, ItemRelationship, PriceTotal, ProductOrder, RelationshipType
from app.domain.pricing import price_order, price_periods, prorated
from tests.unit.orders import NOW, item, offering, order

CENT = Fraction(1, 100)
MOMENT = timedelta(microseconds=1)
LONGEST = 6
Kind = tuple[PriceType, str | None, str]
unhurried = settings(deadline=None, max_examples=40)

amounts = st.decimals("-1000", "10000", places=2)
percentages = st.decimals("-50", "100", places=2)
rates = st.decimals("0", "30", places=2)
currencies = st.sampled_from(["EUR", "EUR", "USD"])
durations = st.none() | st.integers(0, LONGEST)
names = st.sampled_from(["fee", "rent", "setup", "calls"])


def alterations(currency: str) -> st.SearchStrategy[PriceAlteration]:
    percentage = st.builds(
        PriceAlteration, name=st.just("part"), percentage=percentages, periods=durations, priority=st.integers(0, 3)
    )
    amount = st.builds(
        PriceAlteration,
        name=st.just("amount"),
        amount=st.decimals("-20", "100", places=2).map(lambda a: Money(a, currency)),
        periods=durations,
        priority=st.integers(0, 3),
    )
    return percentage | amount


@st.composite
def prices(draw: st.DrawFn) -> OfferingPrice:
    kind, currency = draw(st.sampled_from(PriceType)), draw(currencies)
    return OfferingPrice(
        id="p",
        name=draw(names),
        price_type=kind,
        price=Money(draw(amounts), currency),
        tax_rate=draw(rates),
        period=draw(st.sampled_from(["month", "year"])) if kind is PriceType.RECURRING else None,
        alterations=tuple(draw(st.lists(alterations(currency), max_size=3))),
    )


@st.composite
def orders(draw: st.DrawFn) -> tuple[ProductOrder, dict[str, Offering]]:
    sold = draw(st.lists(st.lists(prices(), max_size=3), min_size=1, max_size=3))
    offerings = {str(n): offering(str(n), *asked) for n, asked in enumerate(sold)}
    lines = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(offerings)), st.integers(1, 100), st.sampled_from(ItemAction)), max_size=4
        )
    )
    items = [
        replace(item(str(n), offering=offered, quantity=quantity), action=action)
        for n, (offered, quantity, action) in enumerate(lines)
    ]
    return order(*items), offerings


def rounded(exact: Fraction) -> Fraction:
    """To the cent; a half goes away from zero."""
    cents = int(abs(exact) / CENT + Fraction(1, 2))
    return (cents if exact >= 0 else -cents) * CENT


def charged(price: OfferingPrice, quantity: int, period: int = 1) -> tuple[Fraction, Fraction]:
    """Duty free and with tax, in this period."""
    left = Fraction(price.price.amount)
    for alteration in sorted(price.alterations, key=lambda a: a.priority):
        if alteration.periods is not None and alteration.periods < period:
            continue
        if alteration.percentage is not None:
            left = left * (100 - Fraction(alteration.percentage)) / 100
        if alteration.amount is not None:
            left -= Fraction(alteration.amount.amount)
    duty_free = rounded(left * quantity)
    return duty_free, rounded(duty_free * (100 + Fraction(price.tax_rate)) / 100)


def expected(
    wanted: ProductOrder, offerings: Mapping[str, Offering], period: int = 1
) -> dict[Kind, tuple[Fraction, Fraction]]:
    sums: defaultdict[Kind, tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
    for ordered in wanted.items:
        if ordered.action in (ItemAction.ADD, ItemAction.MODIFY):
            for price in offerings[ordered.offering_id].prices:
                paid_before = ordered.action is ItemAction.MODIFY and price.price_type is PriceType.ONE_TIME
                if price.price_type is not PriceType.USAGE and not paid_before:
                    key = (price.price_type, price.period, price.price.currency)
                    duty_free, taxed = charged(price, ordered.quantity, period)
                    sums[key] = (sums[key][0] + duty_free, sums[key][1] + taxed)
    return dict(sums)


def told(totals: Iterable[PriceTotal]) -> dict[Kind, tuple[Fraction, Fraction]]:
    made = [
        (
            (t.price_type, t.period, t.duty_free.currency),
            (Fraction(t.duty_free.amount), Fraction(t.tax_included.amount)),
        )
        for t in totals
    ]
    assert len(dict(made)) == len(made), "each kind has one total"
    return dict(made)


def parts(of: object) -> Iterable[object]:
    """The value and all that it is made of."""
    yield of
    if is_dataclass(of):
        for field in fields(of):
            yield from parts(getattr(of, field.name))
    elif isinstance(of, tuple):
        for part in of:
            yield from parts(part)


@unhurried
@given(orders())
def test_the_order_costs_what_its_items_cost_per_kind_and_period(
    drawn: tuple[ProductOrder, dict[str, Offering]],
) -> None:
    wanted, offerings = drawn

    priced = price_order(wanted, offerings, at=NOW)

    sums: defaultdict[Kind, tuple[Fraction, Fraction]] = defaultdict(lambda: (Fraction(0), Fraction(0)))
    for price in (price for ordered in priced.items for price in ordered.prices):
        if price.price_type is not PriceType.USAGE:
            key = (price.price_type, price.period, price.unit_price.currency)
            free, taxed = sums[key]
            sums[key] = (free + Fraction(price.duty_free.amount), taxed + Fraction(price.tax_included.amount))
    assert told(priced.totals) == sums == expected(wanted, offerings)


@unhurried
@given(prices(), st.integers(1, 100))
def test_a_charge_is_the_altered_price_times_the_quantity_and_its_tax_to_the_cent(
    price: OfferingPrice, quantity: int
) -> None:
    priced = price_order(order(item("1", quantity=quantity)), {"line": offering("line", price)}, at=NOW)

    [[found]] = [ordered.prices for ordered in priced.items]
    pieces = 0 if price.price_type is PriceType.USAGE else quantity
    assert (Fraction(found.duty_free.amount), Fraction(found.tax_included.amount)) == charged(price, pieces)
    assert (found.unit_price, found.tax_rate, found.quantity) == (price.price, price.tax_rate, pieces)
    assert found.duty_free.currency == found.tax_included.currency == price.price.currency


@unhurried
@given(orders(), st.integers(1, 30))
def test_nothing_in_a_priced_order_is_a_float_and_charges_are_whole_cents(
    drawn: tuple[ProductOrder, dict[str, Offering]], days: int
) -> None:
    priced = price_order(*drawn, at=NOW)
    start = date(2026, 5, 1)
    partly = tuple(
        prorated(total, start=start, period_start=start - timedelta(days=days), period_end=start + timedelta(days=days))
        for total in priced.totals
    )

    for made in (priced, price_periods(priced), partly):
        assert not [part for part in parts(made) if isinstance(part, float)]
        assert all(isinstance(part.amount, Decimal) for part in parts(made) if isinstance(part, Money))
    charges = [m for p in parts(priced) if isinstance(p, PriceTotal) for m in (p.duty_free, p.tax_included)]
    charges += [m for total in partly for m in (total.duty_free, total.tax_included)]
    assert {charge.amount.as_tuple().exponent for charge in charges} <= {-2}


@unhurried
@given(orders())
def test_each_alteration_holds_for_its_duration_and_no_longer(drawn: tuple[ProductOrder, dict[str, Offering]]) -> None:
    wanted, offerings = drawn

    periods = price_periods(price_order(wanted, offerings, at=NOW))

    for number in range(1, LONGEST + 3):
        recurring = {
            kind: amounts
            for kind, amounts in expected(wanted, offerings, number).items()
            if kind[0] is PriceType.RECURRING
        }
        holding = [p for p in periods if p.first <= number and (p.last is None or number <= p.last)]
        assert len(holding) == bool(recurring)
        assert told(total for p in holding for total in p.totals) == recurring


@unhurried
@given(amounts, rates, st.lists(alterations("EUR"), min_size=1, max_size=4), st.integers(1, 100))
def test_when_every_alteration_has_ended_the_price_itself_is_asked(
    amount: Decimal, rate: Decimal, altered: list[PriceAlteration], quantity: int
) -> None:
    ending = tuple(replace(a, periods=a.periods or 1) for a in altered)
    plain = OfferingPrice(
        id="p",
        name="fee",
        price_type=PriceType.RECURRING,
        price=Money(amount, "EUR"),
        tax_rate=rate,
        period="month",
    )
    wanted = order(item("1", quantity=quantity))

    *_, last = price_periods(
        price_order(wanted, {"line": offering("line", replace(plain, alterations=ending))}, at=NOW)
    )

    assert last.first == 1 + max(a.periods or 0 for a in ending)
    assert last.totals == price_order(wanted, {"line": offering("line", plain)}, at=NOW).totals


by_name = st.lists(prices(), max_size=4, unique_by=lambda price: price.name).map(tuple)


@unhurried
@given(own=by_name, instead=by_name, quantity=st.integers(1, 10))
def test_inside_a_bundle_its_price_wins_over_the_price_of_the_same_name(
    own: tuple[OfferingPrice, ...], instead: tuple[OfferingPrice, ...], quantity: int
) -> None:
    part = BundledOffering(offering_id="line", lower_limit=0, upper_limit=10, prices=instead)
    offerings = {
        "line": offering("line", *own),
        "bundle": replace(offering("bundle"), is_bundle=True, bundled=(part,)),
    }
    inside, outside = item("1", quantity=quantity), item("2", quantity=quantity)
    bundle = item("b", ItemRelationship(RelationshipType.BUNDLES, "1"), offering="bundle")

    within, without, _ = price_order(order(inside, outside, bundle), offerings, at=NOW).items

    of_bundle = {price.name: price for price in instead}
    winning = offering("line", *(of_bundle.get(price.name, price) for price in own))
    assert without.prices == price_order(order(outside), offerings, at=NOW).items[0].prices
    assert within.prices == price_order(order(inside), {"line": winning}, at=NOW).items[0].prices


@unhurried
@given(
    own=by_name,
    instead=by_name,
    related=st.sampled_from([t for t in RelationshipType if t is not RelationshipType.BUNDLES]),
)
def test_only_what_bundles_an_item_sets_its_price(
    own: tuple[OfferingPrice, ...], instead: tuple[OfferingPrice, ...], related: RelationshipType
) -> None:
    part = BundledOffering(offering_id="line", lower_limit=0, upper_limit=1, prices=instead)
    line, bundle = offering("line", *own), replace(offering("bundle"), is_bundle=True, bundled=(part,))
    alone = price_order(order(item("1")), {"line": line}, at=NOW).items[0]
    beside = item("b", ItemRelationship(related, "1"), offering="bundle")

    assert price_order(order(item("1"), beside), {"line": line, "bundle": bundle}, at=NOW).items[0] == alone


@unhurried
@given(own=by_name, instead=by_name)
def test_a_bundle_price_that_is_not_asked_now_wins_over_nothing(
    own: tuple[OfferingPrice, ...], instead: tuple[OfferingPrice, ...]
) -> None:
    coming = tuple(replace(price, valid_from=NOW + MOMENT) for price in instead)
    over = tuple(replace(price, valid_until=NOW) for price in instead)
    line = offering("line", *own)
    alone = price_order(order(item("1")), {"line": line}, at=NOW).items[0]
    bundle = item("b", ItemRelationship(RelationshipType.BUNDLES, "1"), offering="bundle")

    for asked in (coming, over):
        part = BundledOffering(offering_id="line", lower_limit=0, upper_limit=1, prices=asked)
        offered = replace(offering("bundle"), is_bundle=True, bundled=(part,))
        assert price_order(order(item("1"), bundle), {"line": line, "bundle": offered}, at=NOW).items[0] == alone


@st.composite
def periods(draw: st.DrawFn) -> tuple[date, int]:
    """The first day of a charge period and how many days it has."""
    return draw(st.dates(date(2024, 1, 1), date(2030, 1, 1))), draw(st.integers(1, 366))


def monthly(duty_free: Decimal, tax_included: Decimal) -> PriceTotal:
    return PriceTotal(
        price_type=PriceType.RECURRING,
        period="month",
        duty_free=Money(duty_free, "EUR"),
        tax_included=Money(tax_included, "EUR"),
    )


@unhurried
@given(amounts, amounts, periods())
def test_the_whole_period_costs_the_whole_price(
    duty_free: Decimal, tax_included: Decimal, period: tuple[date, int]
) -> None:
    first, days = period
    total = monthly(duty_free, tax_included)

    assert prorated(total, start=first, period_start=first, period_end=first + timedelta(days=days)) == total


@unhurried
@given(amounts, amounts, periods(), st.integers(1, 365))
def test_two_parts_that_make_a_period_cost_the_whole_price_to_the_cent(
    duty_free: Decimal, tax_included: Decimal, period: tuple[date, int], later: int
) -> None:
    first, days = period
    assume(later < days)
    end, total = first + timedelta(days=days), monthly(duty_free, tax_included)

    rest = prorated(total, start=first + timedelta(days=later), period_start=first, period_end=end)
    other = prorated(total, start=end - timedelta(days=later), period_start=first, period_end=end)

    for whole, one, two in (
        (total.duty_free, rest.duty_free, other.duty_free),
        (total.tax_included, rest.tax_included, other.tax_included),
    ):
        assert abs(one.amount + two.amount - whole.amount) <= Decimal("0.01")
        assert abs(Fraction(one.amount) - Fraction(whole.amount) * (days - later) / days) <= CENT / 2
        assert abs(Fraction(two.amount) - Fraction(whole.amount) * later / days) <= CENT / 2
    assert (rest.price_type, rest.period) == (PriceType.RECURRING, "month")


@unhurried
@given(st.decimals("0", "10000", places=2), periods(), st.integers(1, 365))
def test_who_begins_a_day_later_pays_no_more(amount: Decimal, period: tuple[date, int], later: int) -> None:
    first, days = period
    assume(later < days)
    end, total = first + timedelta(days=days), monthly(amount, amount)
    start = first + timedelta(days=later)

    before = prorated(total, start=start - timedelta(days=1), period_start=first, period_end=end)
    after = prorated(total, start=start, period_start=first, period_end=end)

    assert Decimal(0) <= after.tax_included.amount <= before.tax_included.amount <= amount
