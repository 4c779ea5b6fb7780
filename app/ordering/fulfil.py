"""Records how an order is carried out: its plan when it begins, and every step the plan takes.

These are the use cases of the workflow, the only writer of an order once it is submitted. Each can be repeated.
"""

from app.domain.actor import Actor, system_actor
from app.domain.decomposition import decompose
from app.domain.plan import Plan
from app.domain.progress import advance
from app.ordering.facts import offerings_of
from app.ordering.ordering import Ordering
from app.store.port import Change, Commit, IdempotencyKey, KeyUsed, MovedOn, StoredOrder, Written

ORCHESTRATION = system_actor("orchestration")


async def plan_order(ordering: Ordering, order_id: str) -> Plan:
    """The plan that the order is being carried out by; for an order that has not begun, the one that it calls for.

    Raises BackendFailure when the catalog is out of reach, CyclicPlan when the rules contradict themselves.
    """
    stored = await _stored(ordering, order_id)
    if stored.plan is not None:
        return stored.plan
    return decompose(stored.order, await offerings_of(stored.order, ordering.backends), ordering.rulebook())


async def record_progress(
    ordering: Ordering,
    order_id: str,
    plan: Plan,
    *,
    actor: Actor = ORCHESTRATION,
    reason: str = "carried out",
    key: IdempotencyKey | None = None,
) -> None:
    """Keep the plan as it is now, and what that means for the order. A plan not newer than the kept one is ignored."""
    outcome: Commit = MovedOn()
    while not isinstance(outcome, Written):
        stored = await _stored(ordering, order_id)
        if stored.plan is not None and stored.plan.revision >= plan.revision:
            return
        at = ordering.clock()
        progress = advance(stored.order, stored.plan, plan, sequence=stored.sequence, at=at, actor=actor)
        outcome = await ordering.store.commit(
            Change(
                order=progress.order,
                after=stored.sequence,
                events=progress.events,
                actor=actor,
                reason=reason,
                at=at,
                plan=plan,
                key=key,
            )
        )
        if isinstance(outcome, KeyUsed):
            key = None  # used for something else in between; the decision has been taken all the same


async def _stored(ordering: Ordering, order_id: str) -> StoredOrder:
    return (await ordering.store.load([order_id]))[order_id]
