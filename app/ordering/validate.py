"""Say what is wrong with a draft and what it still lacks, all at once; changes nothing."""

from app.domain.actor import Actor
from app.domain.rules import violations
from app.domain.violations import Violation
from app.ordering.drafts import case_of, gather
from app.ordering.ordering import Ordering


async def validate_order(ordering: Ordering, actor: Actor, order_id: str) -> tuple[Violation, ...] | None:
    """Every breach of every rule, as a submission would find it now; None when there is no such order to see.

    What could not be judged, because a backend gives no answer, is said as a breach of its own.
    """
    stored = (await ordering.store.load([order_id])).get(order_id)
    if stored is None or not ordering.own(actor, stored.order):
        return None
    return violations(case_of(ordering, stored.order, (await gather(ordering, stored.order)).facts, actor))
