"""Carry a draft on in another channel: control goes to the channel that takes it over."""

from dataclasses import dataclass, replace

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.states import ORDER, OrderState
from app.ordering.drafts import require
from app.ordering.ordering import OrderAsk, Ordering, commit, load, recall
from app.ordering.outcomes import NotAllowedInState, Outcome
from app.store.port import StoredOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver(OrderAsk):
    """Control of the draft for the caller's channel."""


async def take_over(ordering: Ordering, actor: Actor, ask: TakeOver) -> Outcome:
    """The draft in the actor's channel; the event tells the other channel. Raises NotPermitted."""
    require(actor, Right.WRITE_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    if stored.order.state is not OrderState.DRAFT:
        return NotAllowedInState(stored.order, "take it over", ORDER.possible(stored.order.state))
    at = ordering.clock()
    order = replace(stored.order, controlled_by=actor.channel, version=stored.order.version + 1, updated_at=at)
    summary = f"taken over from {stored.order.controlled_by} by {actor.channel}"
    event = order_event(
        order,
        stored.sequence + 1,
        EventType.CHANGED,
        at=at,
        actor=actor,
        summary=summary,
        changed=("/controlledBy",),
    )
    return await commit(ordering, actor, ask, order, after=stored.sequence, events=(event,))
