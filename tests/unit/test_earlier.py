"""Which of a customer's orders waits for which: never two for each other, and never for what has ended."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog import Offering, OfferingRelation, OfferingRelationship
from app.domain.earlier import Missed, Waiting, earlier_orders, in_the_way, missed, still_awaited
from app.domain.order import ItemAction, OrderItem, ProductOrder
from app.domain.states import ItemState, OrderState
from tests.unit.orders import NOW, item, offering, order

ADD, MODIFY, DELETE = ItemAction.ADD, ItemAction.MODIFY, ItemAction.DELETE
REQUIRES = OfferingRelation.REQUIRES


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def of_product(product_id: str, action: ItemAction = MODIFY, **more: Any) -> OrderItem:
    return replace(item("1"), action=action, product_id=product_id, **more)


def sent(order_id: str, minutes: float, *items: OrderItem, **more: Any) -> ProductOrder:
    made = order(*items, state=OrderState.IN_PROGRESS)
    return replace(made, **{"id": order_id, "submitted_at": at(minutes), **more})


def waits(
    new: ProductOrder, *others: ProductOrder, known: tuple[Offering, ...] = (), owned: tuple[str, ...] = ()
) -> dict[str, tuple[str, ...]]:
    return earlier_orders(new, others, {o.id: o for o in known}, owned, at(60))


@pytest.mark.parametrize("action", [MODIFY, DELETE])
def test_what_concerns_the_same_product_is_waited_for_in_the_order_of_submission(action: ItemAction) -> None:
    new = sent("n", 9, of_product("p1", action), replace(of_product("p9"), id="2"))
    others = (
        sent("c", 3, of_product("p1")),
        sent("b", 1, of_product("p1", DELETE)),
        sent("x", 2, of_product("p2")),
        sent("later", 10, of_product("p1")),
    )

    assert waits(new, *others) == {"1": ("b", "c")}


@pytest.mark.parametrize(
    ("_case", "more"),
    [
        ("it has ended", {"state": OrderState.COMPLETED}),
        ("it is a draft", {"state": OrderState.DRAFT, "submitted_at": None}),
        ("it waits for its day", {"state": OrderState.ACKNOWLEDGED, "planned_at": at(1)}),
        ("it begins on a later day", {"state": OrderState.ACKNOWLEDGED, "requested_start_at": at(6000)}),
        ("it is about nothing any more", {"items": (of_product("p1", state=ItemState.CANCELLED),)}),
        ("it leaves the product as it is", {"items": (of_product("p1", ItemAction.NO_CHANGE),)}),
    ],
)
def test_what_is_not_in_the_way_is_not_waited_for(_case: str, more: dict[str, Any]) -> None:
    assert waits(sent("n", 9, of_product("p1")), sent("a", 1, of_product("p1"), **more)) == {}


def test_one_for_a_day_to_come_waits_for_those_that_come_before_that_day() -> None:
    new = sent("n", 9, of_product("p1"), requested_start_at=at(9000))
    before = sent("a", 1, of_product("p1"), requested_start_at=at(8000), state=OrderState.ACKNOWLEDGED)
    after = sent("b", 2, of_product("p1"), requested_start_at=at(9500), state=OrderState.ACKNOWLEDGED)

    assert waits(new, before, after, sent("c", 3, of_product("p1"))) == {"1": ("a", "c")}


SPORT = replace(
    offering("sport"),
    relationships=tuple(OfferingRelationship(REQUIRES, one, "television") for one in ("basic", "family")),
)


def test_what_is_new_waits_for_what_it_requires_unless_that_is_there() -> None:
    new = sent("n", 9, item("1", offering="sport"))
    brings = sent("a", 1, item("1", offering="family"))

    assert waits(new, brings, known=(SPORT,)) == {"1": ("a",)}
    assert waits(new, brings, known=(SPORT,), owned=("basic",)) == {}
    assert waits(replace(new, items=(*new.items, item("2", offering="basic"))), brings, known=(SPORT,)) == {}
    assert waits(new, sent("b", 1, item("1", offering="line")), known=(SPORT,)) == {}
    assert waits(new, sent("b", 1, replace(item("1", offering="family"), action=DELETE)), known=(SPORT,)) == {}


def test_what_has_not_come_is_missed_and_what_was_only_changed_is_not() -> None:
    new = sent("n", 9, item("1", offering="sport"))
    failed = sent("a", 1, replace(item("1", offering="family"), state=ItemState.FAILED), state=OrderState.FAILED)
    came = sent("a", 1, replace(item("1", offering="family"), state=ItemState.COMPLETED), state=OrderState.COMPLETED)
    changed = sent("n", 9, of_product("p1"))

    assert missed(new, new.items, [failed], {"sport": SPORT}) == Missed("a", "order a has not brought Family")
    assert missed(new, new.items, [came], {"sport": SPORT}) is None
    assert missed(changed, changed.items, [sent("a", 1, of_product("p1"), state=OrderState.FAILED)], {}) is None


def test_it_is_waited_for_until_it_has_ended_or_is_put_off() -> None:
    new, other = sent("n", 9, of_product("p1")), sent("a", 1, of_product("p1"))

    assert still_awaited(new, [other], at(60)) == Waiting("a")
    assert still_awaited(new, [replace(other, state=OrderState.CANCELLED)], at(60)) is None
    put_off = replace(other, state=OrderState.ACKNOWLEDGED, requested_start_at=at(9000))
    assert still_awaited(new, [put_off], at(60)) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.none() | st.integers(0, 90), st.booleans()),
        min_size=2,
        max_size=6,
    ),
    st.integers(0, 100),
)
def test_no_two_orders_are_in_each_others_way(drawn: list[tuple[int, int | None, bool]], now: int) -> None:
    orders = [
        sent(
            f"o{n}",
            submitted,
            of_product("p1"),
            requested_start_at=None if day is None else at(day),
            state=OrderState.ACKNOWLEDGED if waiting else OrderState.IN_PROGRESS,
            planned_at=at(0) if waiting else None,
        )
        for n, (submitted, day, waiting) in enumerate(drawn)
    ]

    for one, other in combinations(orders, 2):
        assert not (in_the_way(one, other, at(now)) and in_the_way(other, one, at(now)))
