"""Which owned product becomes which component: as many as possible keep their id, and what goes nowhere ends."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog import BundledOffering, Offering, ProductSpecification, Term
from app.domain.facts import QuotedItem, QuoteFact
from app.domain.order import ItemAction, QuoteItemRef, RelationshipType
from app.domain.periods import plus_months
from app.domain.pricing import price_order
from app.domain.repackage import ComponentFate, ComponentWish, Part, compare, decide, items_of
from tests.unit.orders import NOW, euros, item, offering, order, owned, price

K, SW, D, A = ComponentFate.KEEP, ComponentFate.SWAP, ComponentFate.DROP, ComponentFate.ADD


def made_of(offering_id: str, specification: str) -> Offering:
    return replace(offering(offering_id), specification=ProductSpecification(id=specification, name=specification))


BUNDLE = replace(
    made_of("bundle", "spec-bundle"),
    is_bundle=True,
    bundled=(
        BundledOffering(offering_id="fast", lower_limit=1, upper_limit=1),
        BundledOffering(offering_id="mobile", lower_limit=1, upper_limit=3),
        BundledOffering(offering_id="extra", lower_limit=0, upper_limit=1),
    ),
)
OFFERINGS = {
    o.id: o
    for o in (
        BUNDLE,
        made_of("slow", "line"),
        made_of("fast", "line"),
        made_of("cheap", "mobile"),
        made_of("mobile", "mobile"),
        made_of("extra", "extra"),
        made_of("old", "old"),
    )
}


def fates(parts: tuple[Part, ...]) -> list[tuple[ComponentFate, str | None, str | None]]:
    return [(p.fate, p.product.id if p.product else None, p.wish.offering_id if p.wish else None) for p in parts]


@pytest.mark.parametrize(
    ("have", "expected"),
    [
        ({}, [(A, None, "fast"), (A, None, "mobile")]),
        ({"p1": "slow"}, [(SW, "p1", "fast"), (A, None, "mobile")]),
        ({"p1": "fast", "p2": "mobile"}, [(K, "p1", "fast"), (K, "p2", "mobile")]),
        ({"p1": "cheap", "p2": "mobile"}, [(A, None, "fast"), (SW, "p1", "mobile"), (K, "p2", "mobile")]),
        ({"p1": "slow", "p2": "old"}, [(SW, "p1", "fast"), (A, None, "mobile"), (D, "p2", None)]),
        ({"p1": "slow", "p2": "fast"}, [(K, "p2", "fast"), (A, None, "mobile"), (D, "p1", None)]),
        ({"p1": "extra"}, [(A, None, "fast"), (A, None, "mobile"), (K, "p1", "extra")]),
    ],
)
def test_without_wishes_a_bundle_takes_what_fits(
    have: dict[str, str], expected: list[tuple[ComponentFate, str | None, str | None]]
) -> None:
    products = [owned(product_id, offering_id) for product_id, offering_id in have.items()]

    found = decide(BUNDLE, products, OFFERINGS, None)

    assert sorted(map(str, fates(found))) == sorted(map(str, expected))


def test_what_is_named_goes_where_it_is_named_for() -> None:
    products = [owned("p1", "mobile"), owned("p2", "cheap")]
    wishes = [ComponentWish(offering_id="mobile", product_id="p2"), ComponentWish(offering_id="fast", product_id="p1")]

    found = decide(BUNDLE, products, OFFERINGS, wishes)

    # a telephone line does not become an access line, so it ends and another is new
    assert fates(found) == [(SW, "p2", "mobile"), (A, None, "fast"), (D, "p1", None)]
    assert [part.path for part in found] == ["/components/0", "/components/1", "/productIds/0"]


@given(
    have=st.lists(st.sampled_from(sorted(OFFERINGS)), max_size=6),
    wanted=st.none() | st.lists(st.sampled_from(sorted(OFFERINGS)), max_size=6),
)
def test_nothing_gets_lost_and_nothing_is_used_twice(have: list[str], wanted: list[str] | None) -> None:
    products = [owned(f"p{n}", offering_id) for n, offering_id in enumerate(have)]
    wishes = None if wanted is None else [ComponentWish(offering_id=w) for w in wanted]

    found = decide(BUNDLE, products, OFFERINGS, wishes)

    assert sorted(p.product.id for p in found if p.product) == sorted(p.id for p in products)
    if wanted is not None:
        assert [p.wish.offering_id for p in found if p.wish] == wanted
    for part in found:
        same = part.product and part.wish and part.product.offering_id == part.wish.offering_id
        assert (part.fate is K) == bool(same)
        if part.fate is SW and part.product and part.wish:
            before, after = OFFERINGS[part.product.offering_id or ""], OFFERINGS[part.wish.offering_id]
            assert before.specification == after.specification


def test_the_order_bundles_what_stays_and_names_what_was_quoted() -> None:
    products = [owned("p1", "slow", place_id="addr-1"), owned("p2", "old")]
    quote = QuoteFact(
        id="q1",
        state="accepted",
        customer_ids=("c1",),
        items={"7": QuotedItem(action="modify", offering_id="fast"), "8": QuotedItem(action="add", offering_id="fast")},
    )

    items, paths = items_of(BUNDLE, decide(BUNDLE, products, OFFERINGS, None), quote)

    assert [(i.id, i.action, i.offering_id, i.product_id) for i in items] == [
        ("1", ItemAction.ADD, "bundle", None),
        ("2", ItemAction.MODIFY, "fast", "p1"),
        ("3", ItemAction.ADD, "mobile", None),
        ("4", ItemAction.DELETE, "old", "p2"),
    ]
    assert [(r.type, r.item_id) for r in items[0].relationships] == [
        (RelationshipType.BUNDLES, "2"),
        (RelationshipType.BUNDLES, "3"),
    ]
    assert [i.quote_item for i in items] == [None, QuoteItemRef(quote_id="q1", id="7"), None, None]
    assert paths["/items/3"] == "/productIds/1"


def test_before_and_after_add_up_and_the_longest_commitment_counts() -> None:
    year = Term(name="a year", amount=12, unit="month")
    sold = {
        "slow": offering("slow", price("10", tax="0")),
        "fast": replace(offering("fast", price("20", tax="0")), terms=(year,)),
        "old": offering("old", price("5", tax="0")),
    }
    later = NOW + timedelta(days=1000)
    mine = (owned("p1", "slow"), owned("p2", "old", term_ends_at=later), owned("p3", "old"))
    swapped = replace(item("1", offering="fast"), action=ItemAction.MODIFY, product_id="p1")
    kept = replace(item("2", offering="old"), action=ItemAction.NO_CHANGE, product_id="p2")
    dropped = replace(item("3", offering="old"), action=ItemAction.DELETE, product_id="p3")
    wanted = price_order(order(swapped, kept, dropped), sold, at=NOW, owned=mine)

    found = compare(wanted, mine, sold, NOW)
    without = compare(replace(wanted, items=wanted.items[:1]), mine, sold, NOW)

    assert (found.monthly_before, found.monthly_after) == (euros("20.00"), euros("25.00"))
    assert found.commitment is not None and found.commitment.amount == Decimal(240)
    assert (found.commitment_ends_at, without.commitment_ends_at) == (later, plus_months(NOW, 12))
    assert [c.fate for c in found.components] == [SW, K, D]
