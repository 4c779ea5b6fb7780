"""Say what is wrong with a draft and what it still lacks, all at once; changes nothing."""

from app.domain.access import sees
from app.domain.actor import Actor
from app.domain.rules import violations
from app.domain.violations import Violation
from app.ordering.drafts import case_of
from app.ordering.facts import facts_for
from app.ordering.ordering import Ordering


async def validate_order(ordering: Ordering, actor: Actor, order_id: str) -> tuple[Violation, ...] | None:
    """Every breach of every rule, as a submission would find it now; None when there is no such order to see.

    Raises BackendFailure when a fact is out of reach.
    """
    stored = (await ordering.store.load([order_id])).get(order_id)
    if stored is None or not sees(actor, customer_id=stored.order.customer_id, seller_id=stored.order.seller_id):
        return None
    facts = await facts_for(stored.order, ordering.backends, ordering.rulebook())
    return violations(case_of(ordering, stored.order, facts))
