"""Hand an owned product over to another customer: asked for here, consented to by both, judged by its workflow."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from app.domain.access import Right, may, sells_for
from app.domain.actor import Actor, Role
from app.domain.foresight import ends_at, outlook
from app.domain.order import Consent, ConsentSide, ItemAction, ProductOrder, RelationshipType
from app.domain.ownership import LONGEST_WAIT, party_of, task_awaiting
from app.domain.plan import Cause, Task
from app.domain.plan_events import TaskCompleted, TaskFailed
from app.domain.request import ItemRequest, OrderRequest, OwnershipRequest
from app.domain.rules.owned import IN_USE
from app.domain.rules.parties import CLOSED
from app.domain.states import ORDER, TASK_ENDED
from app.domain.violations import Violation, ViolationCode
from app.ordering.drafts import require
from app.ordering.ordering import (
    Ask,
    Instruction,
    InstructionKind,
    OrderAsk,
    Ordering,
    as_recorded,
    key_of,
    load,
    recall,
)
from app.ordering.outcomes import Committed, NotAllowedInState, NotFound, Outcome, Refusal, ValidationFailed, in_input
from app.ordering.place import place, preview_placement
from app.ordering.preview import Preview, foreseen
from app.ordering.reach import reached
from app.store.port import StoredOrder
from connectors.inventory import Product

PATHS: Final = {
    "/ownership/acceptorId": "/newOwnerId",
    "/ownership/consentUntil": "/consentWithin",
    "/ownership/effectiveAt": "/effectiveAt",
    "/items/0/productId": "/productId",
    "/items/0": "/productId",
}
"""Where what an order says of it stands in the input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOwnership(Ask):
    """Which product goes to whom, why, how long consent is waited for, and from when on it holds."""

    product_id: str
    new_owner_id: str
    reason: str
    consent_within: timedelta = LONGEST_WAIT
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentToOwnership(OrderAsk):
    """What a party says. `credit_consent`: the accepting one agrees that the credit bureau is asked."""

    side: ConsentSide
    given: bool
    credit_consent: bool = False
    billing_account_id: str | None = None
    reason: str | None = None


async def change_ownership(ordering: Ordering, actor: Actor, ask: ChangeOwnership) -> Outcome:
    """The order that waits for both consents; who asks for its own product has given the first one with it.

    Raises BackendFailure, NotPermitted.
    """
    require(actor, Right.TEND_PRODUCTS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    request = await _request(ordering, actor, ask)
    if not isinstance(request, OrderRequest):
        return request
    outcome = await place(ordering, actor, ask, request)
    return outcome if isinstance(outcome, Committed) else in_input(outcome, PATHS)


async def preview_ownership_change(ordering: Ordering, actor: Actor, ask: ChangeOwnership) -> Preview:
    """What `change_ownership` would do now. Changes nothing; neither party and no bureau is asked.

    Raises BackendFailure, NotPermitted.
    """
    request = await _request(ordering, actor, ask)
    if not isinstance(request, OrderRequest):
        return Preview(refusals=(request,))
    return (await preview_placement(ordering, actor, request)).in_input(PATHS)


async def _request(ordering: Ordering, actor: Actor, ask: ChangeOwnership) -> OrderRequest | Refusal:
    """The order for the product's owner; the parts of a bundle go along. Raises BackendFailure."""
    product = (await ordering.backends.inventory.by_ids([ask.product_id])).get(ask.product_id)
    owners = product.customer_ids if product else ()
    owner = await reached(ordering, actor, owners)
    if product is None or product.offering_id is None or owner is None:
        return NotFound("/productId", f"/productId: there is no product {ask.product_id!r} (ownedProductKnown).")
    return OrderRequest(
        customer_id=owner,
        items=tuple(
            ItemRequest(
                offering_id=going.offering_id or "",
                action=ItemAction.MODIFY,
                product_id=going.id,
                place_id=going.place_id,
            )
            for going in (product, *await _parts(ordering, product))
        ),
        billing_account_id=product.billing_account_id,
        description=ask.reason,
        ownership=OwnershipRequest(
            acceptor_id=ask.new_owner_id, consent_within=ask.consent_within, effective_at=ask.effective_at
        ),
    )


async def _parts(ordering: Ordering, bundle: Product) -> list[Product]:
    """What the product bundles and is in use, and what that bundles. Raises BackendFailure."""
    found: dict[str, Product] = {}
    wanted = [bundle]
    while wanted:
        ids = {r.product_id for product in wanted for r in product.relationships if r.type == RelationshipType.BUNDLES}
        known = await ordering.backends.inventory.by_ids(ids - found.keys() - {bundle.id})
        wanted = [product for product in known.values() if product.status in IN_USE and product.offering_id]
        found |= {product.id: product for product in wanted}
    return list(found.values())


async def consent_to_ownership_change(ordering: Ordering, actor: Actor, ask: ConsentToOwnership) -> Outcome:
    """The order with what the party says on record; a refusal ends it. The order's workflow judges.

    Raises NotPermitted, BackendFailure, FulfilmentUnavailable.
    """
    require(actor, Right.TEND_PRODUCTS)
    if earlier := await recall(ordering, actor, ask):
        return _seen(ordering, actor, earlier)
    stored = await load(ordering, actor, ask, as_party=True)
    if not isinstance(stored, StoredOrder):
        return stored
    order = stored.order
    awaited = await _awaited(ordering, actor, stored, ask)
    if not isinstance(awaited, _Awaited):
        return awaited
    awaiting, party = awaited.task, awaited.party
    instruction = Instruction(
        kind=InstructionKind.CONSENT,
        reason=ask.reason or "",
        actor=actor,
        key=key_of(actor, ask),
        task_id=awaiting.id,
        revision=awaiting.revision,
        consent=Consent(
            side=ask.side,
            given=ask.given,
            by=actor.subject,
            channel=actor.channel,
            at=ordering.clock(),
            on_behalf_of=party if actor.subject != party else None,
            reason=ask.reason,
            billing_account_id=ask.billing_account_id,
        ),
    )
    if await ordering.fulfilment.tell(order.id, instruction) is not None:
        return _not_awaited(order)
    return _seen(ordering, actor, await as_recorded(ordering, ask.order_id))


async def preview_consent(ordering: Ordering, actor: Actor, ask: ConsentToOwnership) -> Preview:
    """What `consent_to_ownership_change` would do now; key and version of `ask` do not matter. Changes nothing.

    Who is to take over learns whether it can say so, and nothing of the work. Raises NotPermitted, BackendFailure.
    """
    require(actor, Right.TEND_PRODUCTS)
    found = (await ordering.store.load([ask.order_id])).get(ask.order_id)
    seen = ordering.as_seen_by(actor, found.order) if found is not None else None
    if found is None or seen is None:
        return Preview(refusals=(NotFound("/id", f"/id: there is no product order {ask.order_id!r} (orderKnown)."),))
    stored = replace(found, order=seen)
    awaited = await _awaited(ordering, actor, stored, ask)
    if not isinstance(awaited, _Awaited):
        return Preview(refusals=(awaited,))
    preview = Preview(item_ids=tuple(item.id for item in seen.items), order=seen)
    if stored.plan is None or not ordering.own(actor, seen):
        return preview
    at, task = ordering.clock(), awaited.task
    refused = Cause(kind="CONSENT_REFUSED", message="refused", final=True, calls_off=True)
    event = (
        TaskCompleted(at=at, task_id=task.id, revision=task.revision)
        if ask.given
        else TaskFailed(at=at, task_id=task.id, revision=task.revision, cause=refused)
    )
    outlook_of = outlook(stored.plan, event)
    still = tuple(t.name for t in outlook_of.kept if t.pends and t.id != task.id and t.state not in TASK_ENDED)
    return foreseen(
        replace(preview, expected_before=ends_at(stored.plan, at), approvals=still if ask.given else ()), outlook_of
    )


@dataclass(frozen=True, slots=True)
class _Awaited:
    """The task that waits for what this party says."""

    task: Task
    party: str


async def _awaited(
    ordering: Ordering, actor: Actor, stored: StoredOrder, ask: ConsentToOwnership
) -> _Awaited | Refusal:
    order = stored.order
    if (party := party_of(order, ask.side)) is None:
        return _not_awaited(order)
    if not _speaks_for(actor, party):
        return _wrong("/side", "consentSide", f"you do not speak for the {ask.side} party")
    if ask.given and (refusal := await _incomplete(ordering, party, ask)):
        return refusal
    awaiting = task_awaiting(stored.plan, ask.side)
    late = order.ownership is not None and ordering.clock() >= order.ownership.consent_until
    return _not_awaited(order) if awaiting is None or late else _Awaited(awaiting, party)


def _not_awaited(order: ProductOrder) -> NotAllowedInState:
    return NotAllowedInState(order, "consent to", ORDER.possible(order.state))


def _speaks_for(actor: Actor, party: str) -> bool:
    """Whether the actor is the party itself, or one of the operator's own people who notes what the party said."""
    if actor.role is Role.CUSTOMER:
        return actor.party == party
    return may(actor, Right.CONSENT_FOR_OTHERS) and sells_for(actor) is None


async def _incomplete(ordering: Ordering, party: str, ask: ConsentToOwnership) -> Refusal | None:
    """What the accepting party's consent lacks."""
    if ask.side is ConsentSide.RELEASING:
        return None
    if not ask.credit_consent:
        return _wrong("/creditConsent", "creditConsent", "who takes over agrees that the credit bureau is asked")
    if ask.billing_account_id is None:
        return None
    account = (await ordering.backends.billing.by_ids([ask.billing_account_id])).get(ask.billing_account_id)
    if account is None or party not in account.customer_ids or (account.state or "").lower() in CLOSED:
        message = f"customer {party!r} has no open billing account {ask.billing_account_id!r}"
        return _wrong("/billingAccountId", "billingAccountKnown", message)
    return None


def _wrong(path: str, rule: str, message: str) -> ValidationFailed:
    return ValidationFailed((Violation(rule, path, ViolationCode.INVALID_VALUE, f"{path}: {message} ({rule})."),))


def _seen(ordering: Ordering, actor: Actor, outcome: Outcome) -> Outcome:
    """The outcome with the order as its party sees it."""
    if not isinstance(outcome, Committed):
        return outcome
    order: ProductOrder | None = ordering.as_seen_by(actor, outcome.order)
    return replace(outcome, order=order) if order else NotFound("/id", "/id: there is no such order (orderKnown).")
