"""Take a whole order in one request: everything is there, so it is checked and published at once."""

from dataclasses import dataclass

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.request import OrderRequest, draft_of
from app.domain.rules import violations
from app.domain.violations import refusals
from app.ordering.create import with_seller
from app.ordering.drafts import case_of, not_orderable_for, require
from app.ordering.facts import facts_for
from app.ordering.ordering import Ask, Ordering, commit, key_of, recall
from app.ordering.outcomes import Committed, Outcome, SlotUnavailable, ValidationFailed
from app.ordering.submit import acknowledged
from app.ordering.visits import as_if_booked, book_all


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
    at = ordering.clock()
    draft = draft_of(with_seller(ask.request, actor), actor, order_id=ordering.new_id(), at=at)
    facts = await facts_for(draft, ordering.backends, ordering.rulebook())
    if breaches := refusals(violations(case_of(ordering, draft, as_if_booked(draft, facts)))):
        return ValidationFailed(breaches)
    booked = await book_all(ordering.backends, draft, key=key_of(actor, ask), at=at)
    if isinstance(booked, SlotUnavailable):
        return booked
    order = acknowledged(booked, facts, at)
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
