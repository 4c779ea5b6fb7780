"""What the customer is told of a delivery, and that it is told once: by the plan, or beside it."""

from dataclasses import replace
from datetime import datetime

import pytest

from app.domain.order import ProductOrder
from app.domain.plan import Plan, Task
from app.domain.states import ItemState, OrderState, TaskState
from app.ordering.notify import delivered_as, told_by_plan
from tests.unit.orders import NOW, item, order

S = ItemState


def of(*states: ItemState) -> ProductOrder:
    return order(*(replace(item(str(n)), state=state) for n, state in enumerate(states, 1)))


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((S.COMPLETED, S.IN_PROGRESS), OrderState.COMPLETED),
        ((S.COMPLETED, S.FAILED), OrderState.PARTIAL),
        ((S.COMPLETED, S.CANCELLED), OrderState.COMPLETED),
        ((S.IN_PROGRESS, S.PENDING_CANCELLATION), OrderState.COMPLETED),
    ],
)
def test_an_order_is_told_of_as_it_will_end(states: tuple[ItemState, ...], told: OrderState) -> None:
    assert delivered_as(of(*states)) is told


@pytest.mark.parametrize(
    ("operation", "state", "told"),
    [
        ("channels.notifyDelivery", TaskState.COMPLETED, {OrderState.COMPLETED, OrderState.PARTIAL}),
        ("channels.notifyDelivery", TaskState.SKIPPED, set()),
        ("channels.logInteraction", TaskState.COMPLETED, set()),
    ],
)
def test_what_no_task_has_told_is_told_beside_the_plan(operation: str, state: TaskState, told: set[OrderState]) -> None:
    task = Task(id="order/t", item_ids=(), name="T", operation=operation, rule="r", state=state)

    assert told_by_plan(Plan(order_id="o", tasks=(task,))) == told
    assert told_by_plan(None) == frozenset()


@pytest.mark.parametrize(
    ("requested", "submitted", "effective"),
    [(-1, 0, True), (0, 0, False), (1, 0, False), (-1, None, False), (None, 0, False)],
)
def test_an_order_holds_from_a_past_day_that_it_was_submitted_after(
    requested: int | None, submitted: int | None, effective: bool
) -> None:
    def moment(days: int | None) -> datetime | None:
        return None if days is None else NOW.replace(day=NOW.day + days)

    asked = replace(of(S.ACKNOWLEDGED), requested_start_at=moment(requested), submitted_at=moment(submitted))

    assert (asked.effective_at == asked.requested_start_at and asked.effective_at is not None) is effective
