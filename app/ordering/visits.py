"""Technicians' visits: held when the channel chooses a slot, given back when they are no longer wanted."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.domain.facts import AppointmentFact, Facts
from app.domain.order import AppointmentRef, OrderItem, PlaceRef, ProductOrder
from app.domain.request import Slot
from app.domain.states import ITEM, NOT_WANTED
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


def held_already(order: ProductOrder, item: OrderItem, slot: Slot) -> AppointmentRef | None:
    """The visit that another item of the order has at this place and time: one technician does both."""
    place = order.place_of(item)
    return next(
        (
            other.appointment
            for other in order.items
            if other.id != item.id
            and order.place_of(other) == place
            and other.appointment is not None
            and other.appointment.id
            and Slot(start=other.appointment.start, end=other.appointment.end) == slot
            and other.state not in ITEM.terminal
        ),
        None,
    )


async def book_all(
    backends: Backends, draft: ProductOrder, *, key: IdempotencyKey, at: datetime
) -> ProductOrder | SlotUnavailable:
    """The draft with every wished-for slot held; when one is taken, which and what is free instead.

    Items at the same place that wish for the same slot share one visit.

    What could be held stays held for the repeated request, and else expires at the workforce. Raises BackendFailure.
    """

    wanted: dict[_Visit, tuple[int, OrderItem]] = {}
    for n, item in enumerate(draft.items):
        if (visit := _wished(draft, item)) is not None:
            wanted.setdefault(visit, (n, item))

    async def held(visit: _Visit, n: int, item: OrderItem) -> AppointmentRef | SlotUnavailable:
        path = f"/items/{n}/slot"
        there = held_already(draft, item, visit.slot)
        return there or await book(backends, draft, item, visit.slot, key=key, path=path, at=at)

    found = await asyncio.gather(*(held(visit, n, item) for visit, (n, item) in wanted.items()))
    visits: dict[_Visit, AppointmentRef] = {}
    for visit, booked in zip(wanted, found, strict=True):
        if isinstance(booked, SlotUnavailable):
            return booked
        visits[visit] = booked

    def with_visit(item: OrderItem) -> OrderItem:
        visit = _wished(draft, item)
        return item if visit is None else replace(item, appointment=visits[visit])

    return replace(draft, items=tuple(map(with_visit, draft.items)))


@dataclass(frozen=True, slots=True)
class _Visit:
    place: PlaceRef | None
    slot: Slot


def _wished(draft: ProductOrder, item: OrderItem) -> _Visit | None:
    """The visit that is still to be held for the item."""
    wish = item.appointment
    if wish is None or wish.id:
        return None
    return _Visit(draft.place_of(item), Slot(start=wish.start, end=wish.end))


async def look_all(backends: Backends, draft: ProductOrder, *, at: datetime) -> SlotUnavailable | None:
    """What `book_all` would refuse now, holding nothing. Raises BackendFailure."""

    async def look(n: int, item: OrderItem) -> SlotUnavailable | None:
        visit = _wished(draft, item)
        if visit is None or visit.place is None or held_already(draft, item, visit.slot):
            return None
        free = await backends.workforce.time_slots(visit.place.id, visit.slot.start, visit.slot.end)
        if any(found.start == visit.slot.start for found in free):
            return None
        return await _taken(backends, visit.place.id, visit.slot, "it is taken", path=f"/items/{n}/slot", at=at)

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


async def release_visits(
    backends: Backends, items: Iterable[OrderItem], *, unless_of: Iterable[OrderItem] = ()
) -> None:
    """Give the visits of these items back, each once, unless one of the others still wants it."""
    wanted = {item.appointment.id for item in unless_of if item.appointment and item.state not in NOT_WANTED}
    held = {item.appointment.id: item.appointment for item in items if item.appointment}
    await asyncio.gather(*(release(backends, visit) for visit_id, visit in held.items() if visit_id not in wanted))


async def release(backends: Backends, appointment: AppointmentRef) -> None:
    """Give a hold back. When the workforce is out of reach the hold expires there by itself."""
    try:
        await backends.workforce.cancel(appointment.id, key=f"{appointment.id}:release")
    except BackendFailure as failure:
        log.warning("appointment_not_released", appointment_id=appointment.id, reason=str(failure))
