"""Whether visits could be booked, without booking them, against the running mock BSS server."""

from dataclasses import replace

from app.domain.order import AppointmentRef
from app.ordering.outcomes import SlotUnavailable
from app.ordering.visits import look_all
from connectors.backends import Backends
from connectors.workforce import Appointment
from tests.contract.running_mock import NOW, book, free_slot
from tests.unit.orders import item, order, place


async def test_a_visit_is_foreseen_as_it_would_be_booked(backends: Backends) -> None:
    slot = await free_slot(backends, "addr-1095")
    visit = AppointmentRef(id="", start=slot.start, end=slot.end)
    wanted = replace(order(item("1"), replace(item("2"), appointment=visit)), place=place("addr-1095"))

    free = await look_all(backends, wanted, at=NOW)
    still_free = await look_all(backends, wanted, at=NOW)
    assert isinstance(await book(backends, slot, "addr-1095", "somebody-else"), Appointment)
    taken = await look_all(backends, wanted, at=NOW)

    assert (free, still_free) == (None, None), "looking books nothing"
    assert isinstance(taken, SlotUnavailable)
    assert taken.path == "/items/1/slot"
    assert slot.start not in [other.start for other in taken.free]
    assert taken.free
