"""Take a whole order in one request: everything is there, so it is checked and published at once.

What that would do can be asked beforehand; both take every decision in one place.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.facts import Facts
from app.domain.order import ProductOrder
from app.domain.plan import Plan
from app.domain.pricing import is_paused, owned_prices, totals
from app.domain.request import OrderRequest, draft_of
from app.domain.rules import violations
from app.domain.rules.case import Case
from app.domain.rules.credit import asks_bureau, commitment
from app.domain.timing import expected_end
from app.domain.violations import refusals
from app.ordering.charges import charges_of, not_accepted, total_charge
from app.ordering.create import with_seller
from app.ordering.credit import assessed
from app.ordering.drafts import case_of, established, gather, not_orderable_for, require
from app.ordering.family import parent_breaches
from app.ordering.ordering import Ask, Ordering, commit, external_id_taken, key_of, recall
from app.ordering.outcomes import Committed, Outcome, Refusal, SlotUnavailable, ValidationFailed
from app.ordering.planning import planned, unplannable
from app.ordering.preview import Preview, price_changes
from app.ordering.submit import acknowledged, finished
from app.ordering.visits import as_if_booked, book_all, look_all

CONTRACT_FOLLOWS: Final = "agreementPrepared"
"""Who asks for everything at once agrees to the contract that is drawn up for it; the order waits for its signature."""
CREDIT_FOLLOWS: Final = "creditAssessed"
"""Who only asks what would happen, and would agree that the bureau is asked, learns that it would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(Ask):
    """A complete order."""

    request: OrderRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """An order that nothing speaks against: as it was wished for, as the rules judged it, as it is published."""

    draft: ProductOrder
    case: Case
    order: ProductOrder
    at: datetime


Assess = Callable[[ProductOrder, Facts, datetime], Awaitable[ProductOrder]]


async def place_order(ordering: Ordering, actor: Actor, ask: PlaceOrder) -> Outcome:
    """The order, acknowledged and on its way; the chosen time slots are held. All breaches refuse it at once.

    Raises BackendFailure when a fact that the decision needs is out of reach, NotPermitted when the role may not.
    """
    require(actor, Right.WRITE_ORDERS)
    return await recall(ordering, actor, ask) or await place(ordering, actor, ask, ask.request)


async def place(ordering: Ordering, actor: Actor, ask: Ask, request: OrderRequest) -> Outcome:
    """The order that `request` makes, placed under the key of `ask`, which has not been used before.

    An ask that is not the request itself stays the same ask when the request that follows from it has become another.
    """
    assess = partial(_assessed, ordering, actor, ask, request)
    decided = await _decide(ordering, actor, request, assess, {CONTRACT_FOLLOWS})
    if not isinstance(decided, _Decided):
        # the same request may have been quicker under the same key, and is then what stands in the way
        return await recall(ordering, actor, ask) or decided
    if costs := not_accepted(decided.case, decided.order, request.accepted_charge):
        return costs
    draft, at = decided.draft, decided.at
    booked = await book_all(ordering.backends, decided.order, key=key_of(actor, ask), at=at)
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
        await ordering.fulfilment.start(outcome.order)  # repeatable; a crash on this line is the sweeper's
    return outcome


async def preview_placement(ordering: Ordering, actor: Actor, request: OrderRequest) -> Preview:
    """What `place_order` would do with this request now. Books no visit, asks no credit bureau, keeps nothing.

    Raises BackendFailure when a fact that the decision needs is out of reach, NotPermitted when the role may not.
    """
    require(actor, Right.WRITE_ORDERS)
    follows = {CONTRACT_FOLLOWS, CREDIT_FOLLOWS} if request.credit_consent else {CONTRACT_FOLLOWS}
    decided = await _decide(ordering, actor, request, _not_assessed, follows)
    if not isinstance(decided, _Decided):
        return Preview(refusals=(decided,))
    if taken := await look_all(ordering.backends, decided.order, at=decided.at):
        return Preview(refusals=(taken,))
    order, facts, at = acknowledged(decided.order, decided.at), decided.case.facts, decided.at
    plan = await planned(ordering, order)
    owned = {product.id: product for product in facts.owned}
    now = (
        price
        for item in order.items
        if (product := owned.get(item.product_id or "")) is not None and not is_paused(product)
        for price in owned_prices(product, item.quantity, facts.offerings, at=order.takes_effect_at(at))
    )
    passed = charges_of(decided.case)
    return Preview(
        item_ids=tuple(item.id for item in order.items),
        order=order,
        prices=price_changes(totals(now), order.totals),
        expected_after=expected_end(plan, at),
        added=plan.tasks,
        passed=passed,
        charge=total_charge(passed),
        approvals=tuple(_approvals(decided.case, plan)),
    )


def _approvals(case: Case, plan: Plan) -> Iterable[str]:
    """What somebody outside has to agree to: the credit bureau before it is placed, people while it is carried out."""
    if asks_bureau(case) and case.order.credit is None:
        amount = commitment(case.order)
        yield f"The credit bureau is asked about {amount.amount} {amount.currency}" if amount else "The credit bureau"
    yield from (task.name for task in plan.tasks if task.pends)


async def _decide(
    ordering: Ordering, actor: Actor, request: OrderRequest, assess: Assess, follows: set[str]
) -> _Decided | Refusal:
    """Whether the order is taken, and as what. `follows` are the rules whose breach is mended later on."""
    if refusal := not_orderable_for(ordering, actor, request.customer_id, request.seller_id):
        return refusal
    if taken := await external_id_taken(ordering, actor, request.external_ids):
        return taken
    at = ordering.clock()
    draft = draft_of(with_seller(request, actor), actor, order_id=ordering.new_id(), at=at)
    facts = as_if_booked(draft, (await gather(ordering, draft)).whole())
    draft = await assess(established(draft, facts, at), facts, at)
    case = case_of(ordering, draft, facts, actor)
    unfit = await parent_breaches(ordering, actor, request)
    if breaches := (*unfit, *(v for v in refusals(violations(case)) if v.rule not in follows)):
        return ValidationFailed(breaches)
    if circle := unplannable(case):
        return ValidationFailed(circle)
    return _Decided(draft=draft, case=case, order=finished(case), at=at)


async def _not_assessed(draft: ProductOrder, facts: Facts, at: datetime) -> ProductOrder:
    """The draft as it is: the bureau is not asked for a look ahead."""
    return draft


async def _assessed(
    ordering: Ordering,
    actor: Actor,
    ask: Ask,
    request: OrderRequest,
    draft: ProductOrder,
    facts: Facts,
    at: datetime,
) -> ProductOrder:
    """The draft with the credit decision that it needs, when the customer agreed that the bureau is asked."""
    if not request.credit_consent or not asks_bureau(case_of(ordering, draft, facts)):
        return draft
    key = key_of(actor, ask)
    # to the hour: a repeated request must ask the bureau the same
    consent_at = at.replace(minute=0, second=0, microsecond=0)
    credit = await assessed(ordering.backends, draft, consent_at=consent_at, at=at, key=f"{key.owner}:{key.key}:credit")
    return replace(draft, credit=credit)
