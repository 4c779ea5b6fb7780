"""Decide what becomes of a task that could not be done: try again, go on without it, or fail its item."""

from dataclasses import dataclass

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.plan import FalloutAction
from app.domain.states import ORDER, TaskState
from app.ordering.drafts import require
from app.ordering.ordering import Instruction, InstructionKind, OrderAsk, Ordering, as_recorded, key_of, load, recall
from app.ordering.outcomes import NotAllowedInState, NotFound, Outcome
from app.store.port import StoredOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveFallout(OrderAsk):
    """The decision, and why it was taken."""

    task_id: str
    action: FalloutAction
    reason: str


async def resolve_fallout(ordering: Ordering, actor: Actor, ask: ResolveFallout) -> Outcome:
    """The order with the decision recorded; its workflow judges whether the task still waits for one.

    Raises NotPermitted.
    """
    require(actor, Right.RESOLVE_FALLOUT)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    task = stored.plan.task(ask.task_id) if stored.plan else None
    if task is None:
        return NotFound("/taskId", f"/taskId: the order has no task {ask.task_id!r} (taskKnown).")
    refused = NotAllowedInState(
        stored.order, f"{ask.action} a task that is {task.state}", ORDER.possible(stored.order.state)
    )
    if task.state is not TaskState.FALLOUT:
        return refused
    instruction = Instruction(
        kind=InstructionKind.RESOLVE_FALLOUT,
        task_id=ask.task_id,
        action=ask.action,
        reason=ask.reason,
        actor=actor,
        key=key_of(actor, ask),
    )
    if await ordering.fulfilment.tell(ask.order_id, instruction) is not None:
        return refused
    return await as_recorded(ordering, actor, ask)
