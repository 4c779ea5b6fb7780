"""Waits of hours, of 30 days and of a year, on the real workflow: nothing is lost, forgotten or done twice in them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from app.domain.order import Characteristic, ConsentSide
from app.domain.request import ItemRequest, OrderRequest
from app.domain.states import OrderState, TaskState
from app.orchestration.contract import CHECK_TASK, TaskPolicy
from app.ordering.change_ownership import (
    ChangeOwnership,
    ConsentToOwnership,
    change_ownership,
    consent_to_ownership_change,
)
from app.ordering.outcomes import Committed
from tests.channel import key
from tests.contract.running_mock import running_mock
from tests.harness import MockControl, until
from tests.resilience.skipping import AGENT, MONTH, STRIDE, SkippedTime, skipping

POLICY: Final = TaskPolicy(attempts=1000, longest_pause=timedelta(hours=1), longest_poll=timedelta(days=1))
MOBILE: Final = ItemRequest(offering_id="mobile-m", characteristics=(Characteristic(name="simType", value="eSIM"),))
SITE: Final = "addr-2003"


@pytest.fixture(scope="module")
async def mock() -> AsyncIterator[MockControl]:
    async with running_mock() as control:
        yield control


@pytest.fixture
async def time(tmp_path: Path, mock: MockControl) -> AsyncIterator[SkippedTime]:
    async with skipping(tmp_path, mock, POLICY) as skipped:
        yield skipped
    await mock.heal()


async def effects_of(time: SkippedTime, order_id: str) -> list[tuple[str, str, str]]:
    """What backends did for the order. Fails when one did something twice."""
    mine = [e for e in await time.mock.effects() if (e["key"] or "").startswith(f"{order_id}:")]
    found = [(e["method"], e["resource"], e["key"]) for e in mine]
    assert len(found) == len(set(found)), found
    return found


async def contract_sent(time: SkippedTime) -> str:
    """An order that is delivered, and whose contract waits to be signed."""
    level = (Characteristic(name="serviceLevel", value="gold"), Characteristic(name="router", value="own"))
    line = ItemRequest(
        offering_id="business-line-250", place_id=SITE, characteristics=level, slot=await time.free_slot(SITE)
    )
    return await time.place(OrderRequest(customer_id="cust-2001", items=(line,), credit_consent=True))


async def test_a_signature_is_waited_for(time: SkippedTime) -> None:
    order_id = await contract_sent(time)

    await time.wait(timedelta(days=29))
    waiting = await time.stored(order_id)
    assert waiting.plan is not None
    signature = waiting.plan.task("order/await-signature")
    assert signature is not None
    assert (waiting.order.state, signature.state) == (OrderState.PENDING, TaskState.AWAITING_RESULT)

    signed_at = time.clock()
    await time.ordering.backends.documents.sign(signature.reference or "", signed_by="Nora Nordwind", key=order_id)
    found = await time.ended(order_id)

    assert found.order.state is OrderState.COMPLETED
    assert found.order.completed_at is not None
    assert timedelta(0) <= found.order.completed_at - signed_at <= POLICY.longest_poll + STRIDE
    assert len([e for e in await effects_of(time, order_id) if e[1] == "serviceOrder"]) == 1


async def test_a_signature_that_does_not_come_is_left_to_people_in_time(time: SkippedTime) -> None:
    order_id = await contract_sent(time)

    await time.wait(timedelta(days=31))
    found = await time.stored(order_id)

    assert found.plan is not None
    signature = found.plan.task("order/await-signature")
    assert signature is not None
    # the line works by then, so that nothing can be called off any more
    assert (found.order.state, signature.state) == (OrderState.HELD, TaskState.FALLOUT)
    assert signature.cause is not None
    assert signature.cause.kind == "TIMEOUT"


@pytest.mark.parametrize("away", [timedelta(hours=6), timedelta(days=1)])
async def test_a_backend_is_waited_for(time: SkippedTime, away: timedelta) -> None:
    await time.mock.fault("inventory", outage=True, operations=["POST product"])
    order_id = await time.place(OrderRequest(customer_id="cust-1003", items=(MOBILE,)))

    await time.wait(away)
    waiting = await time.stored(order_id)
    assert waiting.plan is not None
    assert [t.state for t in waiting.plan.tasks if t.id == "1/record-product"] == [TaskState.RUNNING]
    await time.mock.heal()
    back_at = time.clock()
    found = await time.ended(order_id)

    assert found.order.state is OrderState.COMPLETED
    assert found.order.completed_at is not None
    assert found.order.completed_at - back_at <= POLICY.longest_pause + STRIDE
    assert len([e for e in await effects_of(time, order_id) if e[:2] == ("POST", "product")]) == 1


@pytest.mark.parametrize("days", [30, 365])
async def test_an_order_for_a_day_to_come_begins_on_that_day(time: SkippedTime, days: int) -> None:
    start = time.clock() + timedelta(days=days)
    order_id = await time.place(OrderRequest(customer_id="cust-1003", items=(MOBILE,), requested_start_at=start))

    await time.wait(timedelta(days=days) - timedelta(hours=1))
    waiting = await time.stored(order_id)
    await time.wait(timedelta(hours=2))
    found = await time.ended(order_id)

    assert (waiting.order.state, waiting.order.version) == (OrderState.ACKNOWLEDGED, 1)
    assert waiting.plan is not None
    assert {task.state for task in waiting.plan.tasks} == {TaskState.PENDING}
    assert found.order.state is OrderState.COMPLETED
    assert found.plan is not None
    begun = min(task.started_at for task in found.plan.tasks if task.started_at)
    assert timedelta(0) <= begun - start <= STRIDE


async def test_what_is_wished_for_by_a_day_begins_in_time_for_it(time: SkippedTime) -> None:
    wish = time.clock() + timedelta(days=30)
    order_id = await time.place(OrderRequest(customer_id="cust-1006", items=(MOBILE,), requested_completion_at=wish))

    await time.wait(timedelta(days=29))
    waiting = await time.stored(order_id)
    await time.wait(timedelta(days=1))
    found = await time.ended(order_id)

    assert waiting.plan is not None
    assert waiting.plan.begins_at is not None
    assert timedelta(0) < wish - waiting.plan.begins_at < timedelta(hours=1), "as late as leaves twice the usual time"
    assert (waiting.order.state, found.order.state) == (OrderState.ACKNOWLEDGED, OrderState.COMPLETED)


async def handed_over(time: SkippedTime, product_id: str, new_owner: str, effective_at: datetime | None = None) -> str:
    """An order by which this product is to go to this customer, and for which both consents are awaited."""
    ask = ChangeOwnership(
        idempotency_key=key(), product_id=product_id, new_owner_id=new_owner, reason="", effective_at=effective_at
    )
    outcome = await change_ownership(time.ordering, AGENT, ask)
    assert isinstance(outcome, Committed), outcome
    order_id = outcome.order.id

    async def awaited() -> bool:
        plan = (await time.stored(order_id)).plan
        return plan is not None and [t.state for t in plan.tasks].count(TaskState.AWAITING_RESULT) == 2

    await until(awaited)
    return order_id


async def asked(time: SkippedTime, order_id: str) -> int:
    """How often it was asked what became of a task."""
    history = await time.workflow(order_id).fetch_history()
    kinds = [e.activity_task_scheduled_event_attributes.activity_type.name for e in history.events]
    return kinds.count(CHECK_TASK)


async def consented(time: SkippedTime, order_id: str, side: ConsentSide) -> None:
    """This party says yes."""
    order = await time.order(order_id)
    consent = ConsentToOwnership(
        idempotency_key=key(),
        order_id=order_id,
        expected_version=order.version,
        side=side,
        given=True,
        credit_consent=side is ConsentSide.ACCEPTING,
    )
    assert isinstance(await consent_to_ownership_change(time.ordering, AGENT, consent), Committed)


async def test_a_consent_is_waited_for_until_its_time_is_up_and_nobody_asks_before(time: SkippedTime) -> None:
    order_id = await handed_over(time, "prod-1087", "cust-1092")
    # one party is left to wait for: a server that skips time loses a workflow that gives up one of two timers which
    # end at the same moment
    await consented(time, order_id, ConsentSide.RELEASING)

    await time.wait(timedelta(days=13))
    waiting = await time.stored(order_id)
    asked_before = await asked(time, order_id)
    await time.wait(timedelta(days=2))
    found = await time.ended(order_id)

    assert (waiting.order.state, asked_before) == (OrderState.PENDING, 0)
    assert found.order.state is OrderState.CANCELLED
    assert "did not consent until" in found.order.cancellations[0].reason
    until_then = found.order.cancellations[0].requested_at - waiting.order.created_at
    assert timedelta(0) <= until_then - timedelta(days=14) <= STRIDE


async def test_a_product_goes_over_on_the_day_that_was_named_and_nobody_asks_before(time: SkippedTime) -> None:
    day = time.clock() + MONTH
    order_id = await handed_over(time, "prod-1189", "cust-1092", day)
    for side in ConsentSide:
        await consented(time, order_id, side)

    await time.wait(MONTH - timedelta(days=1))
    asked_before = await asked(time, order_id)
    await time.wait(timedelta(days=1))
    found = await time.ended(order_id)

    assert (found.order.state, asked_before, await asked(time, order_id)) == (OrderState.COMPLETED, 0, 1)
    assert found.plan is not None
    changed = next(t for t in found.plan.tasks if t.operation == "inventory.changeOwner")
    assert changed.started_at is not None
    assert timedelta(0) <= changed.started_at - day <= STRIDE
