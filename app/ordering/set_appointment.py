"""Choose the time of a technician's visit: the slot is held at the workforce until the order confirms it."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.actor import Actor
from app.domain.order import OrderItem, ProductOrder
from app.domain.request import Slot
from app.domain.violations import Violation, ViolationCode
from app.ordering.change_item import no_such_item, replace_item
from app.ordering.drafts import gather, load_draft, record_edit
from app.ordering.ordering import OrderAsk, Ordering, key_of, recall
from app.ordering.outcomes import Committed, Outcome, SlotUnavailable, ValidationFailed
from app.ordering.visits import book, held_already, release_visits
from app.store.port import StoredOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAppointment(OrderAsk):
    """The chosen slot, for the item that needs the visit."""

    item_id: str
    slot: Slot


async def set_appointment(ordering: Ordering, actor: Actor, ask: SetAppointment) -> Outcome:
    """The draft with the visit held; an earlier hold of the item is given back.

    Raises BackendFailure, NotPermitted.
    """
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load_draft(ordering, actor, ask, "set the appointment")
    if not isinstance(stored, StoredOrder):
        return stored
    item = stored.order.item(ask.item_id)
    if item is None:
        return no_such_item(ask.item_id)
    if problem := _slot_problem(stored.order, item, ask.slot, ordering.clock()):
        return ValidationFailed((problem,))
    booked = held_already(stored.order, item, ask.slot) or await book(
        ordering.backends, stored.order, item, ask.slot, key=key_of(actor, ask), path="/slot", at=ordering.clock()
    )
    if isinstance(booked, SlotUnavailable):
        return booked
    edited = replace_item(stored.order, replace(item, appointment=booked))
    facts = (await gather(ordering, edited)).facts
    outcome = await record_edit(
        ordering,
        actor,
        ask,
        stored,
        edited,
        facts,
        changed=(f"/items/{item.id}/appointment",),
        summary=f"visit for item {item.id} on {booked.start:%Y-%m-%d %H:%M}",
    )
    if isinstance(outcome, Committed):
        await release_visits(ordering.backends, (item,), unless_of=edited.items)
    return outcome


def _slot_problem(order: ProductOrder, item: OrderItem, slot: Slot, at: datetime) -> Violation | None:
    if order.place_of(item) is None:
        message = "/slot: a visit needs a place; set the place first (placeGiven)."
        return Violation("placeGiven", "/slot", ViolationCode.MISSING_PROPERTY, message)
    if slot.start <= at:
        message = f"/slot/start: {slot.start.isoformat()} has passed; choose a later slot (appointmentHeld)."
        return Violation("appointmentHeld", "/slot/start", ViolationCode.INVALID_VALUE, message)
    if slot.end <= slot.start:
        message = f"/slot/end: {slot.end.isoformat()} is not after the start (appointmentHeld)."
        return Violation("appointmentHeld", "/slot/end", ViolationCode.INVALID_VALUE, message)
    return None
