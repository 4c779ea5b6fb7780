"""Reserve a number or a SIM for an item of a draft, so that the customer can choose it (TMF685)."""

from dataclasses import dataclass, replace

import structlog

from app.domain.actor import Actor
from app.domain.order import ReservationRef
from app.domain.violations import Violation, ViolationCode
from app.ordering.change_item import no_such_item, replace_item
from app.ordering.drafts import gather, load_draft, record_edit
from app.ordering.ordering import OrderAsk, Ordering, key_of, recall
from app.ordering.outcomes import Committed, Outcome, ValidationFailed
from app.store.port import StoredOrder
from connectors.backends import Backends
from connectors.base import BackendFailure
from connectors.service_resources import NoneLeft, ResourceKind

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveResource(OrderAsk):
    """What is reserved for which item; `value` None: any that is free."""

    item_id: str
    kind: ResourceKind
    value: str | None = None


async def reserve_resource(ordering: Ordering, actor: Actor, ask: ReserveResource) -> Outcome:
    """The draft with the reservation; an earlier one of the same kind is given back.

    Raises BackendFailure, NotPermitted.
    """
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load_draft(ordering, actor, ask, "reserve a resource")
    if not isinstance(stored, StoredOrder):
        return stored
    item = stored.order.item(ask.item_id)
    if item is None:
        return no_such_item(ask.item_id)
    place = stored.order.place_of(item)
    key = key_of(actor, ask)
    reserved = await ordering.backends.service_resources.reserve(
        ask.kind,
        value=ask.value,
        customer_id=stored.order.customer_id,
        place_id=place.id if place else None,
        external_id=f"{stored.order.id}:{item.id}:{ask.kind}:{ask.expected_version}",
        key=f"{key.owner}:{key.key}:reserve",
    )
    if isinstance(reserved, NoneLeft):
        message = f"/value: {reserved.reason}; choose another one (resourceFree)."
        return ValidationFailed((Violation("resourceFree", "/value", ViolationCode.INVALID_VALUE, message),))
    new = ReservationRef(id=reserved.id, kind=reserved.kind.value, value=reserved.value, expires_at=reserved.expires_at)
    before = tuple(r for r in item.reservations if r.kind == new.kind)
    kept = tuple(r for r in item.reservations if r.kind != new.kind)
    edited = replace_item(stored.order, replace(item, reservations=(*kept, new)))
    facts = (await gather(ordering, edited)).facts
    outcome = await record_edit(
        ordering,
        actor,
        ask,
        stored,
        edited,
        facts,
        changed=(f"/items/{item.id}/reservations",),
        summary=f"{new.kind} {new.value} reserved for item {item.id}",
    )
    if isinstance(outcome, Committed) and not outcome.replayed:
        for old in before:
            await give_back(ordering.backends, old)
    return outcome


async def give_back(backends: Backends, reservation: ReservationRef) -> None:
    """Release what is no longer wanted. When the backend is out of reach the reservation expires there by itself."""
    try:
        await backends.service_resources.release(reservation.id, key=f"{reservation.id}:release")
    except BackendFailure as failure:
        log.warning("reservation_not_released", reservation_id=reservation.id, reason=str(failure))
