"""Say who sees to work that waits for people, and give it back. A claim changes nothing about the order itself."""

from dataclasses import dataclass

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.states import ORDER
from app.domain.worklist import WorkItem, work_items
from app.ordering.drafts import require
from app.ordering.ordering import (
    Instruction,
    InstructionKind,
    OrderAsk,
    Ordering,
    as_recorded,
    key_of,
    load,
    recall,
)
from app.ordering.outcomes import Committed, NotAllowedInState, Outcome, WorkClaimed
from app.store.port import StoredOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimWork(OrderAsk):
    """This task, or with None the cancellation that is being assessed, is the actor's to see to."""

    task_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseWork(OrderAsk):
    """The same is nobody's any more."""

    task_id: str | None


async def claim_work(ordering: Ordering, actor: Actor, ask: ClaimWork) -> Outcome:
    """The order; nobody else sees to this work from now on. Raises NotPermitted, FulfilmentUnavailable."""
    return await _tell(ordering, actor, ask, actor.subject)


async def release_work(ordering: Ordering, actor: Actor, ask: ReleaseWork) -> Outcome:
    """The order; anybody may see to this work again. Who decides fallout gives back what others have claimed, too.

    Raises NotPermitted, FulfilmentUnavailable.
    """
    return await _tell(ordering, actor, ask, None)


async def _tell(ordering: Ordering, actor: Actor, ask: ClaimWork | ReleaseWork, by: str | None) -> Outcome:
    require(actor, Right.WORK_LISTS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    waiting = waiting_for(stored, ask.task_id)
    if waiting is None:
        return _nothing_waits(stored)
    if waiting.claimed_by == by:
        return Committed(stored.order)
    instruction = Instruction(
        kind=InstructionKind.CLAIM,
        task_id=ask.task_id,
        claimed_by=by,
        reason="",
        actor=actor,
        key=key_of(actor, ask),
    )
    if await ordering.fulfilment.tell(ask.order_id, instruction) is None:
        return await as_recorded(ordering, actor, ask)
    now = (await ordering.store.load([ask.order_id]))[ask.order_id]
    waiting = waiting_for(now, ask.task_id)
    if waiting is None or waiting.claimed_by is None:
        return _nothing_waits(now)
    return WorkClaimed(now.order, waiting.claimed_by)


def waiting_for(stored: StoredOrder, task_id: str | None) -> WorkItem | None:
    """What of the order waits for people under this task id; None: the cancellation that is being assessed."""
    return next((item for item in work_items(stored.order, stored.plan) if item.task_id == task_id), None)


def _nothing_waits(stored: StoredOrder) -> NotAllowedInState:
    return NotAllowedInState(stored.order, "see to what waits for nobody", ORDER.possible(stored.order.state))
