"""Start a draft: any channel may, with as much or as little as it knows."""

from dataclasses import dataclass, replace

from app.domain.access import Right, sells_for
from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.request import OrderRequest, draft_of
from app.domain.rules import violations
from app.domain.violations import mistakes
from app.ordering.drafts import case_of, established, gather, not_orderable_for, require
from app.ordering.family import parent_breaches
from app.ordering.ordering import Ask, Ordering, commit, external_id_taken, recall
from app.ordering.outcomes import Outcome, ValidationFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrder(Ask):
    """A new draft."""

    request: OrderRequest


async def create_order(ordering: Ordering, actor: Actor, ask: CreateOrder) -> Outcome:
    """A draft that the actor's channel controls. What is wrong is refused, what is missing may follow later.

    Raises BackendFailure when a fact that the decision needs is out of reach, NotPermitted when the role may not.
    """
    require(actor, Right.WRITE_ORDERS)
    return await recall(ordering, actor, ask) or await start_draft(ordering, actor, ask, ask.request)


async def start_draft(ordering: Ordering, actor: Actor, ask: Ask, request: OrderRequest) -> Outcome:
    """The draft that `request` makes, kept under the key of `ask`, which has not been used before."""
    if refusal := not_orderable_for(ordering, actor, request.customer_id, request.seller_id):
        return refusal
    if taken := await external_id_taken(ordering, actor, request.external_ids):
        # the same request may have been quicker under the same key, and is then the order that has the id
        return await recall(ordering, actor, ask) or taken
    if unfit := await parent_breaches(ordering, actor, request):
        return ValidationFailed(unfit)
    at = ordering.clock()
    order = draft_of(with_seller(request, actor), actor, order_id=ordering.new_id(), at=at)
    facts = (await gather(ordering, order)).need(*_needed(request))
    if wrong := mistakes(violations(case_of(ordering, order, facts, actor))):
        return ValidationFailed(wrong)
    order = established(order, facts, at)
    event = order_event(order, 1, EventType.CREATED, at=at, actor=actor, summary="draft created")
    return await commit(ordering, actor, ask, order, after=0, events=(event,))


def with_seller(request: OrderRequest, actor: Actor) -> OrderRequest:
    """A dealer's order is sold by itself, unless it names one below it; an affiliate's by itself."""
    return replace(request, seller_id=request.seller_id or sells_for(actor))


def _needed(request: OrderRequest) -> tuple[str, ...]:
    """The backends without whose answer nothing can be said of what the channel names."""
    return (
        "customer",
        *(("catalog",) if request.items else ()),
        *(("address",) if request.place_id or any(item.place_id for item in request.items) else ()),
        *(("billing",) if request.billing_account_id else ()),
    )
