"""Take a whole order in one request: everything is there, so it is checked and published at once."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.facts import Facts
from app.domain.order import ProductOrder
from app.domain.request import OrderRequest, draft_of
from app.domain.rules import violations
from app.domain.rules.credit import asks_bureau
from app.domain.violations import refusals
from app.ordering.create import with_seller
from app.ordering.credit import assessed
from app.ordering.drafts import case_of, established, gather, not_orderable_for, require
from app.ordering.ordering import Ask, Ordering, commit, external_id_taken, key_of, recall
from app.ordering.outcomes import Committed, Outcome, SlotUnavailable, ValidationFailed
from app.ordering.submit import acknowledged, finished
from app.ordering.visits import as_if_booked, book_all

CONTRACT_FOLLOWS: Final = "agreementPrepared"
"""Who asks for everything at once agrees to the contract that is drawn up for it; the order waits for its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Ask):
    """A complete order."""

    request: OrderRequest


async def place_order(ordering: Ordering, actor: Actor, ask: PlaceOrder) -> Outcome:
    """The order, acknowledged and on its way; the chosen time slots are held. All breaches refuse it at once.

    Raises BackendFailure when a fact that the decision needs is out of reach, NotPermitted when the role may not.
    """
    require(actor, Right.WRITE_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    if refusal := not_orderable_for(actor, ask.request.customer_id, ask.request.seller_id):
        return refusal
    if taken := await external_id_taken(ordering, actor, ask.request.external_ids):
        # the same request may have been quicker under the same key, and is then the order that has the id
        return await recall(ordering, actor, ask) or taken
    at = ordering.clock()
    draft = draft_of(with_seller(ask.request, actor), actor, order_id=ordering.new_id(), at=at)
    facts = as_if_booked(draft, (await gather(ordering, draft)).whole())
    draft = await _assessed(ordering, actor, ask, established(draft, facts, at), facts, at)
    case = case_of(ordering, draft, facts)
    if breaches := tuple(v for v in refusals(violations(case)) if v.rule != CONTRACT_FOLLOWS):
        return await recall(ordering, actor, ask) or ValidationFailed(breaches)
    booked = await book_all(ordering.backends, finished(case), key=key_of(actor, ask), at=at)
    if isinstance(booked, SlotUnavailable):
        return booked
    order = acknowledged(booked, at)
    events = (
        order_event(draft, 1, EventType.CREATED, at=at, actor=actor, summary="order placed"),
        order_event(
            order,
            2,
            EventType.STATE_CHANGED,
            at=at,
            actor=actor,
            summary="order submitted",
            before=draft.state,
        ),
    )
    outcome = await commit(ordering, actor, ask, order, after=0, events=events)
    if isinstance(outcome, Committed):
        await ordering.fulfilment.start(outcome.order.id)  # repeatable; a crash on this line is the sweeper's
    return outcome


async def _assessed(
    ordering: Ordering, actor: Actor, ask: PlaceOrder, draft: ProductOrder, facts: Facts, at: datetime
) -> ProductOrder:
    """The draft with the credit decision that it needs, when the customer agreed that the bureau is asked."""
    if not ask.request.credit_consent or not asks_bureau(case_of(ordering, draft, facts)):
        return draft
    key = key_of(actor, ask)
    # to the hour: a repeated request must ask the bureau the same
    consent_at = at.replace(minute=0, second=0, microsecond=0)
    credit = await assessed(ordering.backends, draft, consent_at=consent_at, at=at, key=f"{key.owner}:{key.key}:credit")
    return replace(draft, credit=credit)
