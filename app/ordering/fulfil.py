"""Records how an order is carried out: its plan when it begins, and every step the plan takes.

These are the use cases of the workflow, the only writer of an order once it is submitted. Each can be repeated.
"""

from dataclasses import replace
from datetime import datetime

from app.domain.actor import system_actor
from app.domain.decomposition import decompose
from app.domain.order import Cancellation, ProductOrder
from app.domain.plan import Plan
from app.domain.progress import advance
from app.domain.states import ORDER
from app.ordering.facts import offerings_of
from app.ordering.notify import news_in
from app.ordering.ordering import Instruction, InstructionKind, Ordering
from app.store.port import Change, Commit, KeyUsed, MovedOn, StoredOrder, Written

ORCHESTRATION = system_actor("orchestration")


async def plan_order(ordering: Ordering, order_id: str) -> Plan:
    """The plan that the order is being carried out by; for an order that has not begun, the one that it calls for.

    Raises BackendFailure when the catalog is out of reach, CyclicPlan when the rules contradict themselves.
    """
    stored = await _stored(ordering, order_id)
    if stored.plan is not None:
        return stored.plan
    if stored.order.state in ORDER.terminal:
        return Plan(order_id=order_id, tasks=())  # called off before anything of it began
    return decompose(stored.order, await offerings_of(stored.order, ordering.backends), ordering.rulebook())


async def record_progress(
    ordering: Ordering, order_id: str, plan: Plan, instruction: Instruction | None = None
) -> bool:
    """Keep the plan as it is now, and what that means for the order. A plan not newer than the kept one is ignored.

    `instruction` is what made the plan so, when it was not the work itself. Tells whether there is, or may be, news
    for the customer.
    """
    outcome: Commit = MovedOn()
    actor = instruction.actor if instruction else ORCHESTRATION
    key = instruction.key if instruction else None
    while not isinstance(outcome, Written):
        stored = await _stored(ordering, order_id)
        if stored.plan is not None and stored.plan.revision >= plan.revision:
            return True  # kept before, by a call whose answer was lost
        if stored.plan is None and stored.order.state in ORDER.terminal:
            return True
        at = ordering.clock()
        order = _instructed(stored.order, instruction, at)
        progress = advance(order, stored.plan, plan, sequence=stored.sequence, at=at, actor=actor)
        outcome = await ordering.store.commit(
            Change(
                order=progress.order,
                after=stored.sequence,
                events=progress.events,
                actor=actor,
                reason=instruction.summary if instruction else "carried out",
                at=at,
                plan=plan,
                key=key,
            )
        )
        if isinstance(outcome, KeyUsed):
            key = None  # used for something else in between; the instruction has been followed all the same
    return any(news_in(event) for event in progress.events)


def _instructed(order: ProductOrder, instruction: Instruction | None, at: datetime) -> ProductOrder:
    """The order with what was told it on record."""
    if instruction is None or instruction.kind is not InstructionKind.CANCEL:
        return order
    cancellation = Cancellation(
        item_ids=instruction.item_ids,
        reason=instruction.reason,
        requested_at=at,
        requested_by=instruction.actor.subject,
        charge=instruction.charge,
    )
    return replace(order, cancellations=(*order.cancellations, cancellation))


async def _stored(ordering: Ordering, order_id: str) -> StoredOrder:
    return (await ordering.store.load([order_id]))[order_id]
