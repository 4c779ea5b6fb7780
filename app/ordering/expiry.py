"""Drafts that nobody goes on with: the customer is told, later they are given up and what they held is given back."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.domain.actor import system_actor
from app.domain.events import EventType, OrderEvent, order_event
from app.domain.order import ProductOrder
from app.domain.states import OrderState
from app.ordering.counted import count
from app.ordering.discard import give_all_back, given_up
from app.ordering.notify import write_to
from app.ordering.ordering import Ordering
from app.store.port import Change, StoredOrder, Written

UPKEEP: Final = system_actor("upkeep")
AT_ONCE: Final = 1000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPolicy:
    """How many days a draft is kept in a channel that the registry does not know, and told of before its end."""

    days: int
    notice_days: int


async def expire_drafts(ordering: Ordering, policy: DraftPolicy) -> None:
    """Tell of drafts that end soon, and give up those whose time is over; the registry of channels says when that is.

    Raises BackendFailure when the registry, or the backend that sends the message, gives no answer.
    """
    channels = {channel.id: channel.draft_days for channel in await ordering.backends.channels.all()}
    at = ordering.clock()
    first = at - timedelta(days=min([policy.days, *channels.values()]) - policy.notice_days)
    drafts = await ordering.store.load(await ordering.store.waiting(OrderState.DRAFT, first, AT_ONCE))
    for stored in drafts.values():
        draft = stored.order
        until = draft.updated_at + timedelta(days=channels.get(draft.controlled_by, policy.days))
        if until <= at:
            await _give_up(ordering, stored, at)
        elif draft.expiry_told_at is None and until - at <= timedelta(days=policy.notice_days):
            await _tell(ordering, stored, until, at)


async def _tell(ordering: Ordering, stored: StoredOrder, until: datetime, at: datetime) -> None:
    draft = stored.order
    customer = (await ordering.backends.customer.by_ids([draft.customer_id])).get(draft.customer_id)
    if customer is not None:
        await write_to(
            ordering,
            draft,
            customer,
            subject=f"Your order {draft.id} is kept until {until:%Y-%m-%d}",
            content="It has not been submitted yet. Go on with it before then, in any of our channels.",
            key=f"{draft.id}:expiry:{draft.version}",
        )
    # still as it was when the draft was last edited: a notice is no change that would keep it longer
    told = replace(draft, expiry_told_at=at, version=draft.version + 1)
    event = _event(stored, told, EventType.CHANGED, at, f"customer told that the draft ends on {until:%Y-%m-%d}")
    await _keep(ordering, stored, told, event)


async def _give_up(ordering: Ordering, stored: StoredOrder, at: datetime) -> None:
    ended = replace(given_up(stored.order), version=stored.order.version + 1, updated_at=at)
    event = _event(stored, ended, EventType.STATE_CHANGED, at, "draft expired")
    if await _keep(ordering, stored, ended, event):
        await give_all_back(ordering.backends, stored.order.items)
        log.info("draft_expired", order_id=ended.id)


def _event(stored: StoredOrder, order: ProductOrder, event_type: EventType, at: datetime, summary: str) -> OrderEvent:
    before = stored.order.state if event_type is EventType.STATE_CHANGED else None
    return order_event(order, stored.sequence + 1, event_type, at=at, actor=UPKEEP, summary=summary, before=before)


async def _keep(ordering: Ordering, stored: StoredOrder, order: ProductOrder, event: OrderEvent) -> bool:
    """Whether it is kept; when the channel was faster, the draft is alive and nothing is done."""
    change = Change(
        order=order, after=stored.sequence, events=(event,), actor=UPKEEP, reason=event.summary, at=event.at
    )
    kept = isinstance(await ordering.store.commit(change), Written)
    if kept:
        count(change.events)
    return kept
