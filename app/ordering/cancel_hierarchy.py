"""Cancel an order and its parts, each as far as that is still possible for it; a preview says so beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.family import MOST_CHILDREN
from app.domain.money import Money
from app.domain.states import ORDER
from app.ordering.cancel import cancel, preview_cancellation
from app.ordering.drafts import require, visible
from app.ordering.many import each, key_of_one
from app.ordering.ordering import Ask, OrderAsk, Ordering, key_breach, key_of, load, recall
from app.ordering.outcomes import IdempotencyConflict, NotFound, Outcome, Refusal, ValidationFailed
from app.ordering.preview import Preview
from app.store.port import OrderBy, OrderSearch, StoredOrder

NOTHING_LEFT: Final = "it has ended, and so have its parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedCharge:
    """What the customer accepts to pay for the cancellation of one of the orders."""

    order_id: str
    charge: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelHierarchy(OrderAsk):
    """Neither the order nor any of its parts is wanted any more."""

    reason: str
    accepted_charges: tuple[AcceptedCharge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPart(Ask):
    """That one of the orders is not wanted any more, in whatever version it is."""

    order_id: str
    reason: str
    accepted_charge: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCancelled:
    """What became of the cancellation of one of the orders."""

    order_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyCancelled:
    """What became of each of them, the order itself first."""

    results: tuple[PartCancelled, ...]
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPreview:
    """What the cancellation would do to one of the orders."""

    order_id: str
    preview: Preview


async def cancel_hierarchy(ordering: Ordering, actor: Actor, ask: CancelHierarchy) -> HierarchyCancelled | Refusal:
    """Each order that has not ended is cancelled under a key of its own; which these are is kept before the first is.

    One that has come too far goes on, and says why; the others are cancelled. A repeat of the request, after a crash on
    the way too, meets the same orders, and cancels those that were not cancelled yet. Raises NotPermitted;
    FulfilmentUnavailable, after which the request is to be repeated.
    """
    require(actor, Right.STEER_ORDERS)
    key = key_of(actor, ask)
    if breach := key_breach(key):
        return ValidationFailed((breach,))
    kept = await ordering.store.work.selected(key.owner, key.key)
    replayed = kept is not None
    if kept is None:
        stored = await load(ordering, actor, ask)
        if not isinstance(stored, StoredOrder):
            return stored
        open_orders = await _open_orders(ordering, actor, stored)
        if not open_orders:
            return NotFound("/id", f"/id: {NOTHING_LEFT} (orderOpen).")
        kept = await ordering.store.work.select(open_orders, key, ordering.clock())
    if kept.fingerprint != key.fingerprint:
        return IdempotencyConflict(kept.at)
    accepted = {one.order_id: one.charge for one in ask.accepted_charges}

    async def one(order_id: str) -> PartCancelled:
        part = CancelPart(
            idempotency_key=key_of_one(ask.idempotency_key, order_id),
            order_id=order_id,
            reason=ask.reason,
            accepted_charge=accepted.get(order_id),
        )
        return PartCancelled(order_id=order_id, outcome=await _cancel_part(ordering, actor, part))

    return HierarchyCancelled(results=await each(kept.item_ids, one), replayed=replayed)


async def preview_hierarchy_cancellation(ordering: Ordering, actor: Actor, order_id: str) -> tuple[PartPreview, ...]:
    """What `cancel_hierarchy` would do to each of the orders now. Changes nothing.

    Raises NotPermitted, BackendFailure (catalog).
    """
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return (PartPreview(order_id=order_id, preview=Preview(refusals=(stored,))),)

    async def one(part_id: str) -> PartPreview:
        return PartPreview(order_id=part_id, preview=await preview_cancellation(ordering, actor, part_id, None))

    return await each(await _open_orders(ordering, actor, stored), one)


async def _open_orders(ordering: Ordering, actor: Actor, parent: StoredOrder) -> Sequence[str]:
    """The order and its parts, as far as they are the actor's own and have not ended."""
    parts = await ordering.store.search(
        OrderSearch(parent_ids=(parent.order.id,)), OrderBy.CREATED_ASCENDING, after=None, limit=MOST_CHILDREN
    )
    return [o.id for o in (parent.order, *parts) if o.state not in ORDER.terminal and ordering.own(actor, o)]


async def _cancel_part(ordering: Ordering, actor: Actor, ask: CancelPart) -> Outcome:
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = (await ordering.store.load([ask.order_id]))[ask.order_id]
    return await cancel(ordering, actor, stored, key_of(actor, ask), reason=ask.reason, accepted=ask.accepted_charge)
