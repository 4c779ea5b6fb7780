"""Technicians' visits: held when the channel chooses a slot, given back when they are no longer wanted."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.domain.facts import AppointmentFact, Facts
from app.domain.order import AppointmentRef, OrderItem, ProductOrder
from app.domain.request import Slot
from app.ordering.outcomes import SlotUnavailable
from app.store.port import IdempotencyKey
from connectors.backends import Backends
from connectors.base import BackendFailure
from connectors.workforce import SlotTaken, TimeSlot

SEARCH_AHEAD: Final = timedelta(days=14)
MOST_OFFERED: Final = 10

log = structlog.get_logger()


async def book(
    backends: Backends,
    order: ProductOrder,
    item: OrderItem,
    slot: Slot,
    *,
    key: IdempotencyKey,
    path: str,
    at: datetime,
) -> AppointmentRef | SlotUnavailable:
    """Hold the slot for the item; when it is taken, say which are free. Repeatable under its key.

    Raises BackendFailure.
    """
    place = order.place_of(item)
    assert place is not None, "a visit is booked at a place"
    wanted = TimeSlot(start=slot.start, end=slot.end)
    # not the order's id, which is another one when a whole request is repeated after a crash
    hold = f"{key.owner}:{key.key}:{item.id}:{slot.start.isoformat()}"
    booked = await backends.workforce.book(
        wanted,
        place_id=place.id,
        customer_id=order.customer_id,
        description=f"Installation of {item.offering_name}",
        external_id=hold,
        key=hold,
    )
    if isinstance(booked, SlotTaken):
        return await _taken(backends, place.id, slot, booked.reason, path=path, at=at)
    return AppointmentRef(id=booked.id, start=booked.start, end=booked.end)


async def book_all(
    backends: Backends, draft: ProductOrder, *, key: IdempotencyKey, at: datetime
) -> ProductOrder | SlotUnavailable:
    """The draft with every wished-for slot held; when one is taken, which and what is free instead.

    What could be held stays held for the repeated request, and else expires at the workforce. Raises BackendFailure.
    """

    async def visit(n: int, item: OrderItem) -> AppointmentRef | SlotUnavailable | None:
        if item.appointment is None:
            return None
        slot = Slot(start=item.appointment.start, end=item.appointment.end)
        return await book(backends, draft, item, slot, key=key, path=f"/items/{n}/slot", at=at)

    visits = await asyncio.gather(*(visit(n, item) for n, item in enumerate(draft.items)))
    items: list[OrderItem] = []
    for item, booked in zip(draft.items, visits, strict=True):
        if isinstance(booked, SlotUnavailable):
            return booked
        items.append(replace(item, appointment=booked))
    return replace(draft, items=tuple(items))


async def look_all(backends: Backends, draft: ProductOrder, *, at: datetime) -> SlotUnavailable | None:
    """What `book_all` would refuse now, holding nothing. Raises BackendFailure."""

    async def look(n: int, item: OrderItem) -> SlotUnavailable | None:
        place = draft.place_of(item)
        if item.appointment is None or place is None:
            return None
        slot = Slot(start=item.appointment.start, end=item.appointment.end)
        free = await backends.workforce.time_slots(place.id, slot.start, slot.end)
        if any(found.start == slot.start for found in free):
            return None
        return await _taken(backends, place.id, slot, "it is taken", path=f"/items/{n}/slot", at=at)

    found = await asyncio.gather(*(look(n, item) for n, item in enumerate(draft.items)))
    return next((taken for taken in found if taken), None)


async def _taken(
    backends: Backends, place_id: str, slot: Slot, reason: str, *, path: str, at: datetime
) -> SlotUnavailable:
    free = await backends.workforce.time_slots(place_id, at, max(at, slot.start) + SEARCH_AHEAD)
    return SlotUnavailable(
        path,
        f"{path}: {slot.start.isoformat()} is not free: {reason} (slotFree).",
        tuple(Slot(start=s.start, end=s.end) for s in free[:MOST_OFFERED]),
    )


def as_if_booked(draft: ProductOrder, facts: Facts) -> Facts:
    """The wished-for slots count as held while the rest is judged: nothing is booked for an order that is refused."""
    wished = (item.appointment for item in draft.items if item.appointment)
    return replace(facts, appointments={a.id: AppointmentFact(id=a.id, status="wished", start=a.start) for a in wished})


async def release(backends: Backends, appointment: AppointmentRef) -> None:
    """Give a hold back. When the workforce is out of reach the hold expires there by itself."""
    try:
        await backends.workforce.cancel(appointment.id, key=f"{appointment.id}:release")
    except BackendFailure as failure:
        log.warning("appointment_not_released", appointment_id=appointment.id, reason=str(failure))
