"""The plan that an order calls for, given what the backends and the rules say now."""

from dataclasses import replace
from datetime import datetime

from app.domain.conditions import CannotJudge
from app.domain.decomposition import decompose
from app.domain.order import ProductOrder
from app.domain.plan import Plan
from app.domain.rules.case import Case
from app.domain.taking_back import plan_of
from app.domain.timing import CyclicPlan
from app.domain.views import Surroundings
from app.domain.violations import Violation, ViolationCode
from app.ordering.earlier import orders_before
from app.ordering.facts import offerings_of, surroundings_of
from app.ordering.load import load
from app.ordering.ordering import Ordering


def unplannable(case: Case) -> tuple[Violation, ...]:
    """The breach of an order whose tasks, by the rules that are data, would wait for each other in a circle."""
    try:
        decompose(case.order, case.facts.offerings, case.rulebook, case.around)
    except (CyclicPlan, CannotJudge) as problem:
        return (unplanned(problem),)
    return ()


def unplanned(problem: CyclicPlan | CannotJudge) -> Violation:
    """The breach, with the circle in its message."""
    return Violation("planPossible", "/items", ViolationCode.OTHER_ISSUE, f"/items: {problem} (planPossible).")


async def planned(ordering: Ordering, order: ProductOrder, *, at: datetime | None = None) -> Plan:
    """The plan that delivers this order from then on; None: from now on.

    Raises BackendFailure, CyclicPlan, CannotJudge.
    """
    at = at or ordering.clock()
    rulebook = ordering.rulebook()
    if order.takes_back is not None:
        done = (await ordering.store.load([order.takes_back]))[order.takes_back].plan
        assert done is not None, "what is completed was carried out by a plan"
        learnt = await ordering.durations.known(ordering.store, ordering.clock())
        return plan_of(order, done, rulebook, Surroundings(learnt=learnt))
    offerings = await offerings_of(order, ordering.backends)
    around = await surroundings_of(order, ordering.backends, rulebook)
    if any(part == "load" for rule in rulebook.decomposition for part, _ in rule.when.names):
        around = replace(around, load=await load(ordering))
    follows = any(("item", "earlierOrders") in rule.when.names for rule in rulebook.decomposition)
    around = replace(
        around,
        learnt=await ordering.durations.known(ordering.store, at),
        earlier=await orders_before(ordering, order, offerings, at) if follows else {},
    )
    return decompose(order, offerings, rulebook, around, at=at)
