"""What waits for each backend, as rules and operations are told, and how urgent an order is to Temporal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from app.domain.actor import Actor, Role
from app.domain.views import BLANK_ORDER
from app.orchestration.lanes import LANES, urgency
from app.orchestration.operations import OPERATIONS
from app.ordering.drafts import NotPermitted
from app.ordering.load import backend_load, load
from app.ordering.ordering import BackendLoad, FulfilmentUnavailable, Ordering

BUSY = BackendLoad(
    backend="workforce",
    concurrency=16,
    workers=2,
    waiting=7,
    oldest_waiting_since=datetime(2025, 1, 1, tzinfo=UTC),
)
IDLE = replace(BUSY, backend="billing", waiting=0, oldest_waiting_since=None)


def ordering(answer: Sequence[BackendLoad] | FulfilmentUnavailable) -> Ordering:
    """Parts of which only fulfilment is there: it gives this answer."""

    async def asked() -> Sequence[BackendLoad]:
        if isinstance(answer, FulfilmentUnavailable):
            raise answer
        return answer

    return cast("Ordering", SimpleNamespace(fulfilment=SimpleNamespace(load=asked)))


def actor(role: Role) -> Actor:
    return Actor(subject="somebody", role=role, channel="online")


async def test_rules_are_told_how_many_wait_by_backend() -> None:
    assert await load(ordering([BUSY, IDLE])) == {"workforce": 7, "billing": 0}


async def test_planning_goes_on_when_nobody_can_tell() -> None:
    assert await load(ordering(FulfilmentUnavailable("away"))) == {}


async def test_operations_are_told_everything_or_that_it_is_not_known() -> None:
    assert await backend_load(ordering([BUSY]), actor(Role.OPERATIONS)) == [BUSY]
    with pytest.raises(FulfilmentUnavailable):
        await backend_load(ordering(FulfilmentUnavailable("away")), actor(Role.OPERATIONS))


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.DEALER, Role.AFFILIATE])
async def test_who_sees_no_internal_things_is_told_nothing(role: Role) -> None:
    with pytest.raises(NotPermitted):
        await backend_load(ordering([BUSY]), actor(role))


def test_every_operation_has_a_lane() -> None:
    assert {operation.split(".")[0] for operation in OPERATIONS} <= set(LANES)


@pytest.mark.parametrize("priority", [0, 1, 2, 3])
def test_each_priority_has_twice_the_turns_of_the_next(priority: int) -> None:
    higher, lower = (urgency(replace(BLANK_ORDER, customer_id="c", priority=p)) for p in (priority, priority + 1))

    assert higher.fairness_weight is not None and lower.fairness_weight is not None
    assert higher.fairness_weight == 2 * lower.fairness_weight
    assert higher.fairness_key != lower.fairness_key


def test_customers_take_turns_in_a_bounded_number_of_lots() -> None:
    keys = {urgency(replace(BLANK_ORDER, customer_id=f"cust-{n}", priority=4)).fairness_key for n in range(1000)}

    assert len(keys) == 16
