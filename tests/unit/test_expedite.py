"""What another time or urgency of an order under way costs, by the rules that Orderway comes with."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.expedite import expedited
from app.domain.order import AppointmentRef, ProductOrder
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook.read import read_rulebook
from tests.unit.orders import NOW, case, customer, facts, item, offering, order

RULES = read_rulebook(None, tuple(OPERATIONS))
WEEK = timedelta(days=7)
VISIT = AppointmentRef(id="v", start=NOW + WEEK, end=NOW + WEEK + timedelta(hours=2))


def wished(*, visited: bool = False, **more: Any) -> ProductOrder:
    """An order under way; a technician comes for it when it is to be `visited`."""
    return replace(order(replace(item("1"), appointment=VISIT if visited else None)), **more)


@pytest.mark.parametrize(
    ("before", "after", "vip", "costs"),
    [
        (wished(), wished(), False, None),
        (wished(), wished(priority=0), False, "9.90"),
        (wished(), wished(priority=0), True, None),
        (wished(priority=0), wished(priority=3), False, None),
        (wished(visited=True), wished(visited=True, requested_start_at=NOW + WEEK), False, None),
        (wished(visited=True, requested_start_at=NOW + WEEK), wished(visited=True), False, "25.00"),
        (wished(requested_start_at=NOW + WEEK), wished(), False, None),
        (wished(visited=True, requested_start_at=NOW + WEEK), wished(visited=True, priority=0), False, "9.90"),
    ],
)
def test_what_it_costs(before: ProductOrder, after: ProductOrder, vip: bool, costs: str | None) -> None:
    judged = case(after, facts(offering(), customer=customer(vip=vip)), RULES)

    found = expedited(judged, before)

    assert (found and found.charge.amount) == (costs and Decimal(costs))


def test_it_says_by_how_much() -> None:
    before = wished(visited=True, requested_start_at=NOW + timedelta(hours=2, minutes=30))

    found = expedited(case(wished(visited=True), facts(offering()), RULES), before)

    assert found is not None
    assert (found.rule, "3 hours earlier" in found.reason) == ("visit-brought-forward", True)
