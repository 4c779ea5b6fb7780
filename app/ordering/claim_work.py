"""Say who sees to work that waits for people, and give it back. A claim changes nothing about the order itself."""

from dataclasses import dataclass

from app.domain.access import Right, may
from app.domain.actor import Actor
from app.domain.foresight import ends_at, outlook
from app.domain.plan_events import TaskClaimed
from app.domain.states import ORDER
from app.domain.worklist import WorkItem, work_items
from app.ordering.drafts import require, visible
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
from app.ordering.preview import Preview, foreseen
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


async def preview_claim(ordering: Ordering, actor: Actor, order_id: str, task_id: str | None, *, back: bool) -> Preview:
    """Whether `claim_work`, or `release_work` (`back`), would be followed now. Changes nothing. Raises NotPermitted."""
    require(actor, Right.WORK_LISTS)
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return Preview(refusals=(stored,))
    waiting = waiting_for(stored, task_id)
    if waiting is None or stored.plan is None:
        return Preview(refusals=(_nothing_waits(stored),))
    others = waiting.claimed_by not in (None, actor.subject)
    if waiting.claimed_by is not None and others and not (back and may(actor, Right.RESOLVE_FALLOUT)):
        return Preview(refusals=(WorkClaimed(stored.order, waiting.claimed_by),))
    event = TaskClaimed(at=ordering.clock(), task_id=task_id, by=None if back else actor.subject)
    found = Preview(item_ids=waiting.item_ids, order=stored.order, expected_before=ends_at(stored.plan, event.at))
    return foreseen(found, outlook(stored.plan, event))


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
        return await as_recorded(ordering, ask.order_id)
    now = (await ordering.store.load([ask.order_id]))[ask.order_id]
    waiting = waiting_for(now, ask.task_id)
    if waiting is None or waiting.claimed_by is None:
        return _nothing_waits(now)
    return WorkClaimed(now.order, waiting.claimed_by)


def waiting_for(stored: StoredOrder, task_id: str | None) -> WorkItem | None:
    """What of the order waits for people under this task id; None: the cancellation that is being assessed."""
    of_plan = (item for item in work_items(stored.order, stored.plan) if item.request_id is None)
    return next((item for item in of_plan if item.task_id == task_id), None)


def _nothing_waits(stored: StoredOrder) -> NotAllowedInState:
    return NotAllowedInState(stored.order, "see to what waits for nobody", ORDER.possible(stored.order.state))
