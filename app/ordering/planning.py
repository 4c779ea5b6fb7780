"""The plan that an order calls for, given what the backends and the rules say now."""

from dataclasses import replace

from app.domain.decomposition import decompose
from app.domain.order import ProductOrder
from app.domain.plan import Plan
from app.ordering.earlier import orders_before
from app.ordering.facts import offerings_of, surroundings_of
from app.ordering.load import load
from app.ordering.ordering import Ordering


async def planned(ordering: Ordering, order: ProductOrder) -> Plan:
    """The plan that delivers this order. Raises BackendFailure, CyclicPlan, CannotJudge."""
    rulebook = ordering.rulebook()
    offerings = await offerings_of(order, ordering.backends)
    around = await surroundings_of(order, ordering.backends, rulebook)
    if any(part == "load" for rule in rulebook.decomposition for part, _ in rule.when.names):
        around = replace(around, load=await load(ordering))
    follows = any(("item", "earlierOrders") in rule.when.names for rule in rulebook.decomposition)
    around = replace(
        around,
        learnt=await ordering.durations.known(ordering.store, ordering.clock()),
        earlier=await orders_before(ordering, order, offerings) if follows else {},
    )
    return decompose(order, offerings, rulebook, around, at=ordering.clock())
