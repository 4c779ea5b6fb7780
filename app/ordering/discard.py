"""Give a draft up: what is held for it is given back."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.order import OrderItem, ProductOrder
from app.domain.states import ITEM, ORDER, Trigger
from app.ordering.drafts import load_draft
from app.ordering.ordering import OrderAsk, Ordering, commit, recall
from app.ordering.outcomes import Committed, Outcome
from app.ordering.reserve import give_back
from app.ordering.visits import release_visits
from app.store.port import StoredOrder
from connectors.backends import Backends


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardOrder(OrderAsk):
    """The draft is not wanted any more, and why."""

    reason: str


async def discard_order(ordering: Ordering, actor: Actor, ask: DiscardOrder) -> Outcome:
    """The order, cancelled before anything of it was carried out. Raises NotPermitted."""
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load_draft(ordering, actor, ask, "discard")
    if not isinstance(stored, StoredOrder):
        return stored
    at = ordering.clock()
    order = replace(given_up(stored.order), version=stored.order.version + 1, updated_at=at)
    event = order_event(
        order,
        stored.sequence + 1,
        EventType.STATE_CHANGED,
        at=at,
        actor=actor,
        summary=f"draft discarded: {ask.reason}",
        before=stored.order.state,
    )
    outcome = await commit(ordering, actor, ask, order, after=stored.sequence, events=(event,))
    if isinstance(outcome, Committed):
        await give_all_back(ordering.backends, stored.order.items)
    return outcome


def given_up(order: ProductOrder) -> ProductOrder:
    """The draft as cancelled."""
    return replace(
        order,
        state=ORDER.move(order.state, Trigger.GIVE_UP),
        items=tuple(replace(item, state=ITEM.move(item.state, Trigger.GIVE_UP)) for item in order.items),
    )


async def give_all_back(backends: Backends, items: Iterable[OrderItem], *, unless_of: Iterable[OrderItem] = ()) -> None:
    """Visits (unless one of the others still wants them) and reservations held for these items.

    What cannot be given back expires at its backend.
    """
    held = list(items)
    await asyncio.gather(
        release_visits(backends, held, unless_of=unless_of),
        *(give_back(backends, reservation) for item in held for reservation in item.reservations),
    )
