"""What an order costs that has to be accepted before it is taken: the end of products before their term has run out."""

from app.domain.cancellation import Passed
from app.domain.money import Money, sum_of
from app.domain.order import ProductOrder
from app.domain.plan import PointOfNoReturn
from app.domain.rules.case import Case
from app.domain.termination import terminations
from app.ordering.outcomes import ChargeNotAccepted


def charges_of(case: Case) -> tuple[Passed, ...]:
    """What it costs, item by item, and why. Raises CannotJudge."""
    return tuple(
        Passed(
            item_id=item_id,
            task_id=end.rule,
            task_name=f"End {end.product.name} early",
            point=PointOfNoReturn(reason=end.reason, charge=end.charge),
        )
        for item_id, end in terminations(case).items()
    )


def total_charge(passed: tuple[Passed, ...]) -> Money | None:
    """All of it; None: nothing."""
    return sum_of(p.point.charge for p in passed if p.point.charge is not None)


def not_accepted(case: Case, order: ProductOrder, accepted: Money | None) -> ChargeNotAccepted | None:
    """The refusal, when it costs something and exactly that was not accepted."""
    passed = charges_of(case)
    charge = total_charge(passed)
    return ChargeNotAccepted(order, charge, passed) if charge is not None and charge != accepted else None
