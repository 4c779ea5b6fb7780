"""What it costs to have an order that is under way at another time, or more urgently: a rule that is data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.domain.conditions import View
from app.domain.money import Money
from app.domain.order import ProductOrder
from app.domain.rules.business import case_view
from app.domain.rules.case import Case

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expedited:
    """What the change of dates or urgency costs: by which rule, and why, for people."""

    rule: str
    reason: str
    charge: Money


def expedited(case: Case, before: ProductOrder) -> Expedited | None:
    """What it costs that the order is as the case has it by now, not as `before`; None: nothing. Raises CannotJudge."""
    after = case.order
    if _wishes(before) == _wishes(after):
        return None
    view = change_view(case, before)
    rule = next((rule for rule in case.rulebook.expedite if rule.when.holds(view)), None)
    return Expedited(rule=rule.id, reason=rule.reason(view), charge=rule.charge) if rule else None


def change_view(case: Case, before: ProductOrder) -> View:
    """What a condition may speak of."""
    return View({**case_view(case, None, None), "change": _change_part(case, before)})


def _change_part(case: Case, before: ProductOrder) -> Mapping[str, object]:
    moved = list(_moved(before, case.order, case.at))
    return {
        "priority": case.order.priority,
        "priorityBefore": before.priority,
        "hoursEarlier": max((_hours(-by) for by in moved), default=0),
        "hoursLater": max((_hours(by) for by in moved), default=0),
    }


def _moved(before: ProductOrder, after: ProductOrder, at: datetime) -> Iterable[timedelta]:
    """By how much dates are later than before; what is wished for no day is wished for at once."""
    for old, new in zip(_dates(before), _dates(after), strict=True):
        if old != new:
            yield (new or at) - (old or at)


def _dates(order: ProductOrder) -> tuple[datetime | None, datetime | None]:
    return order.requested_start_at, order.requested_completion_at


def _wishes(order: ProductOrder) -> tuple[object, ...]:
    return order.priority, *_dates(order)


def _hours(time: timedelta) -> int:
    """Whole hours, the last one begun; below zero none."""
    return max(0, -(-time // HOUR))
