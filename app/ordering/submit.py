"""Publish a draft: from here on the order is carried out."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.money import Money
from app.domain.order import ProductOrder
from app.domain.rules import violations
from app.domain.rules.business import prioritised
from app.domain.rules.case import Case
from app.domain.rules.payments import amount_due
from app.domain.states import ITEM, ORDER, Trigger
from app.domain.termination import with_terminations
from app.domain.violations import refusals
from app.ordering.charges import not_accepted
from app.ordering.credit import reassessed
from app.ordering.drafts import case_of, established, gather, load_draft
from app.ordering.ordering import OrderAsk, Ordering, commit, recall
from app.ordering.outcomes import Committed, Outcome, ValidationFailed
from app.ordering.planning import unplannable
from app.store.port import StoredOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOrder(OrderAsk):
    """Publish the draft as it is. `accepted_charge`: what the customer accepts to pay for ending products early."""

    accepted_charge: Money | None = None


async def submit_order(ordering: Ordering, actor: Actor, ask: SubmitOrder) -> Outcome:
    """Check the draft again, freeze its prices and terms, acknowledge it, start fulfilment.

    Raises BackendFailure when a fact that the decision needs is out of reach, NotPermitted when the role may not.
    """
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load_draft(ordering, actor, ask, "submit")
    if not isinstance(stored, StoredOrder):
        return stored
    facts = (await gather(ordering, stored.order)).whole()
    at = ordering.clock()
    draft = await reassessed(ordering, established(stored.order, facts, at), facts, at)
    case = case_of(ordering, draft, facts, actor)
    if breaches := refusals(violations(case)) or unplannable(case):
        return await recall(ordering, actor, ask) or ValidationFailed(breaches)
    if costs := not_accepted(case, stored.order, ask.accepted_charge):
        return costs
    order = replace(acknowledged(finished(case), at), version=stored.order.version + 1)
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
        await ordering.fulfilment.start(order)  # repeatable; a crash on this line is the sweeper's
    return outcome


def finished(case: Case) -> ProductOrder:
    """The order with what only a submission decides: what ending products early costs, how urgent it is, and how much
    is due before delivery.
    """
    order = prioritised(replace(case, order=with_terminations(case)))
    return replace(order, payment=replace(order.payment, due=amount_due(case))) if order.payment else order


def acknowledged(order: ProductOrder, at: datetime) -> ProductOrder:
    """The order as published: what it says of names, prices and qualifications is frozen from here on."""
    return replace(
        order,
        state=ORDER.move(order.state, Trigger.SUBMIT),
        items=tuple(replace(item, state=ITEM.move(item.state, Trigger.SUBMIT)) for item in order.items),
        submitted_at=at,
        updated_at=at,
    )
