"""What tasks do with recurring charges, against the running mock BSS server: each can be repeated at any point."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from app.domain.catalog import PriceAlteration
from app.domain.order import ItemAction, OrderItem, ProductOrder
from app.domain.plan import Task
from app.domain.pricing import item_price
from app.orchestration.contract import TaskCall
from app.orchestration.operations.recurring import (
    cancel_recurring,
    change_recurring,
    end_recurring,
    pause_recurring,
    resume_recurring,
    start_recurring,
)
from app.orchestration.operations.work import Done, Refused, Result, Work
from app.ordering.ordering import Ordering
from connectors.backends import Backends
from connectors.billing import RecurringRate
from tests.unit.orders import euros, item, order, price

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
Operation = Callable[[Work], Awaitable[Result]]
REDUCED = replace(price("10"), alterations=(PriceAlteration(name="start", amount=euros("4"), periods=3),))
NO_ORDERING = cast("Ordering", None)
"""What is charged is no matter of other orders."""


class Book:
    """One product's charges, and the tasks that write them."""

    def __init__(self, backends: Backends, product_id: str) -> None:
        self._backends = backends
        self._product_id = product_id

    def item(self, *prices: Any, **more: Any) -> OrderItem:
        asked = tuple(item_price(one, 1) for one in prices)
        return replace(item("1"), product_id=self._product_id, prices=asked, **more)

    async def do(self, operation: Operation, wanted: OrderItem, order_id: str, **more: Any) -> Result:
        placed: ProductOrder = replace(order(wanted), id=order_id, **{"billing_account_id": "ba-1003", **more})
        task = Task(id="1/t", item_ids=("1",), name="T", operation="billing.x", rule="r", started_at=NOW)
        call = TaskCall(order_id=order_id, task=task, references={})
        work = Work(call=call, order=placed, backends=self._backends, ordering=NO_ORDERING)
        return await operation(work)

    async def rates(self) -> list[RecurringRate]:
        found = (await self._backends.billing.recurring_of([self._product_id]))[self._product_id]
        return sorted(found, key=lambda rate: (rate.starts_at, rate.id))


@pytest.fixture
def book(backends: Backends, request: pytest.FixtureRequest) -> Book:
    return Book(backends, f"prod-{request.node.name}")


async def test_what_was_begun_is_begun_once_and_taken_back_whole(book: Book) -> None:
    wanted = book.item(REDUCED)
    first = await book.do(start_recurring, wanted, "ord-s1")
    again = await book.do(start_recurring, wanted, "ord-s1")

    assert first == again
    reduced, full = await book.rates()
    assert (reduced.amount, full.amount) == (Decimal("7.14"), Decimal("11.9"))
    assert (reduced.starts_at, reduced.ends_at, full.starts_at, full.ends_at) == (
        NOW,
        datetime(2026, 6, 10, 12, tzinfo=UTC),
        datetime(2026, 6, 10, 12, tzinfo=UTC),
        None,
    )
    for _ in range(2):
        assert isinstance(await book.do(cancel_recurring, wanted, "ord-s1"), Done)
    assert [rate.ends_at == rate.starts_at for rate in await book.rates()] == [True, True], "nothing is ever charged"


async def test_a_new_price_takes_the_place_of_the_old_one_at_whatever_point_it_is_repeated(book: Book) -> None:
    await book.do(start_recurring, book.item(price("10")), "ord-c1")
    same = await book.do(change_recurring, book.item(price("10"), action=ItemAction.MODIFY), "ord-c2")
    dearer = book.item(price("20"), action=ItemAction.MODIFY)
    for _ in range(3):
        await book.do(change_recurring, dearer, "ord-c3", billing_account_id=None)

    assert same == Done()
    rates = await book.rates()
    assert sorted((rate.order_id, rate.amount, rate.ends_at) for rate in rates) == [
        ("ord-c1", Decimal("11.9"), NOW),
        ("ord-c3", Decimal("23.8"), None),
    ]
    assert {rate.account_id for rate in rates} == {"ba-1003"}, "it goes where it went before"


async def test_what_rests_is_not_charged_and_what_ends_no_more(book: Book) -> None:
    await book.do(start_recurring, book.item(price("10")), "ord-e1")
    nothing = book.item()
    for operation in (pause_recurring, resume_recurring, end_recurring, end_recurring):
        assert await book.do(operation, nothing, "ord-e2") == Done()

    [rate] = await book.rates()
    assert (rate.pauses, rate.ends_at) == ((), NOW), "a suspension that says nothing of billing pauses nothing"


async def test_a_past_day_counts_for_all_of_it(book: Book) -> None:
    back = NOW - timedelta(days=30)
    await book.do(start_recurring, book.item(price("10")), "ord-b1", requested_start_at=back, submitted_at=NOW)

    [rate] = await book.rates()
    assert rate.starts_at == back


async def test_nothing_is_charged_to_nobody(book: Book) -> None:
    found = await book.do(start_recurring, book.item(price("10")), "ord-n1", billing_account_id=None)

    assert isinstance(found, Refused)
    assert await book.rates() == []
