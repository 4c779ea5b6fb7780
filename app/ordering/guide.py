"""Leads a channel: the steps of a draft, and the rules that speak of an order."""

from app.domain.order import ProductOrder
from app.domain.rules.business import Fired, fired
from app.domain.states import OrderState
from app.domain.steps import Step, next_steps
from app.ordering.drafts import case_of, established, gather
from app.ordering.ordering import Ordering


async def steps_of(ordering: Ordering, order: ProductOrder) -> tuple[Step, ...] | None:
    """The steps of a draft as they stand now; None when the order is no draft. Raises nothing for a silent backend."""
    if order.state is not OrderState.DRAFT:
        return None
    facts = (await gather(ordering, order)).facts
    return next_steps(case_of(ordering, established(order, facts, ordering.clock()), facts))


async def fired_rules(ordering: Ordering, order: ProductOrder) -> tuple[Fired, ...]:
    """The rules that are data and whose condition holds for the order now, and what they looked at."""
    facts = (await gather(ordering, order)).facts
    return tuple(fired(case_of(ordering, order, facts)))
