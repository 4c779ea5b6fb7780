"""An order and those that are parts of it (TMF622 v5 orderRelationship): how far they are, taken together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.order import ProductOrder
from app.domain.states import ORDER, OrderState

MOST_CHILDREN: Final = 500
"""How many orders may be parts of one order."""

_S: Final = OrderState
_FIRST_OF: Final = (_S.ASSESSING_CANCELLATION, _S.PENDING_CANCELLATION, _S.HELD, _S.PENDING)
"""Where nothing goes on, what stands in the way is told, the first of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollUp:
    """Orders taken together: their state, how many there are in each, and when all of them are expected to be complete.

    `completed_at` is when the last one was completed, once the whole is.
    """

    state: OrderState
    counts: Mapping[OrderState, int]
    expected_completion_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def total(self) -> int:
        """How many orders there are."""
        return sum(self.counts.values())


def roll_up(orders: Iterable[ProductOrder]) -> RollUp:
    """All of these orders as one; there has to be one at least."""
    found = list(orders)
    counts = Counter(order.state for order in found)
    state = together(counts)
    expected = [order.expected_completion_at for order in found if order.expected_completion_at]
    completed = [order.completed_at for order in found if order.completed_at]
    return RollUp(
        state=state,
        counts=counts,
        expected_completion_at=max(expected, default=None) if state not in ORDER.terminal else None,
        completed_at=max(completed, default=None) if state is _S.COMPLETED else None,
    )


def together(states: Iterable[OrderState]) -> OrderState:
    """The state of orders taken together, as TMF622 has it of an order and its items.

    Under way if one is. Completed only if all are, failed if all are, partial when the outcome is mixed. Drafts,
    rejected and cancelled orders are not part of the whole, unless there is nothing else.
    """
    present = set(states)
    counted = present - {_S.DRAFT, _S.REJECTED, _S.CANCELLED}
    if not counted:
        return next(one for one in (_S.DRAFT, _S.CANCELLED, _S.REJECTED) if one in present)
    under_way = counted - ORDER.terminal
    if not under_way:
        return counted.pop() if len(counted) == 1 else _S.PARTIAL
    if under_way == {_S.ACKNOWLEDGED} == counted:
        return _S.ACKNOWLEDGED
    if under_way & {_S.IN_PROGRESS, _S.ACKNOWLEDGED}:
        return _S.IN_PROGRESS
    return next(one for one in _FIRST_OF if one in under_way)
