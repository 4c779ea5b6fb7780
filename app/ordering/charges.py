"""What an order costs that has to be accepted before it is taken: the end of products before their term has run out."""

from app.domain.cancellation import Passed
from app.domain.money import Money, sum_of
from app.domain.order import ItemAction, OrderItem, ProductOrder
from app.domain.plan import PointOfNoReturn
from app.domain.rules.case import Case
from app.domain.termination import EarlyTermination, early_termination
from app.ordering.outcomes import ChargeNotAccepted


def charges_of(case: Case) -> tuple[Passed, ...]:
    """What it costs, item by item, and why."""
    ending = (item for item in case.order.items if item.action is ItemAction.DELETE)
    found = ((item, early_termination(case, item)) for item in ending)
    return tuple(_passed(item, end) for item, end in found if end is not None)


def _passed(item: OrderItem, end: EarlyTermination) -> Passed:
    point = PointOfNoReturn(reason=end.reason, charge=end.charge)
    return Passed(item_id=item.id, task_id=end.rule, task_name=f"End {end.product.name} early", point=point)


def total_charge(passed: tuple[Passed, ...]) -> Money | None:
    """All of it; None: nothing."""
    return sum_of(p.point.charge for p in passed if p.point.charge is not None)


def not_accepted(case: Case, order: ProductOrder, accepted: Money | None) -> ChargeNotAccepted | None:
    """The refusal, when it costs something and exactly that was not accepted."""
    passed = charges_of(case)
    charge = total_charge(passed)
    return ChargeNotAccepted(order, charge, passed) if charge is not None and charge != accepted else None
