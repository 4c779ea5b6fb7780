"""Publish a draft: from here on the order is carried out."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.facts import Facts
from app.domain.order import ProductOrder
from app.domain.pricing import price_order
from app.domain.request import named
from app.domain.rules import violations
from app.domain.states import ITEM, ORDER, Trigger
from app.domain.violations import refusals
from app.ordering.drafts import case_of, load_draft
from app.ordering.facts import facts_for
from app.ordering.ordering import OrderAsk, Ordering, commit, recall
from app.ordering.outcomes import Committed, Outcome, ValidationFailed
from app.store.port import StoredOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOrder(OrderAsk):
    """Publish the draft as it is."""


async def submit_order(ordering: Ordering, actor: Actor, ask: SubmitOrder) -> Outcome:
    """Check the draft again, freeze its prices and terms, acknowledge it, start fulfilment.

    Raises BackendFailure when a fact that the decision needs is out of reach, NotPermitted when the role may not.
    """
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load_draft(ordering, actor, ask, "submit")
    if not isinstance(stored, StoredOrder):
        return stored
    facts = await facts_for(stored.order, ordering.backends, ordering.rulebook())
    if breaches := refusals(violations(case_of(ordering, stored.order, facts))):
        return ValidationFailed(breaches)
    at = ordering.clock()
    order = replace(acknowledged(stored.order, facts, at), version=stored.order.version + 1)
    event = order_event(
        order,
        stored.sequence + 1,
        EventType.STATE_CHANGED,
        at=at,
        actor=actor,
        summary="order submitted",
        before=stored.order.state,
    )
    outcome = await commit(ordering, actor, ask, order, after=stored.sequence, events=(event,))
    if isinstance(outcome, Committed):
        await ordering.fulfilment.start(order.id)  # repeatable; a crash on this line is the sweeper's
    return outcome


def acknowledged(order: ProductOrder, facts: Facts, at: datetime) -> ProductOrder:
    """The order as published: its names and prices frozen as they are now."""
    priced = price_order(named(order, facts), facts.offerings, at=at)
    return replace(
        priced,
        state=ORDER.move(order.state, Trigger.SUBMIT),
        items=tuple(replace(item, state=ITEM.move(item.state, Trigger.SUBMIT)) for item in priced.items),
        submitted_at=at,
        updated_at=at,
    )
