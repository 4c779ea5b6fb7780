"""Places and the visits to them, against the running mock BSS server."""

from connectors.address import ValidationResult
from connectors.backends import Backends
from connectors.base import FailureKind
from connectors.workforce import Appointment, SlotTaken
from tests.contract.running_mock import NOW, book, free_slot
from tests.contract.scripted_backend import failure_of
from tests.harness import MockControl

# Address and serviceability


async def test_addresses(backends: Backends) -> None:
    found = await backends.address.by_ids(["addr-1001", "addr-1900", "nowhere"])

    assert {i: a.label for i, a in found.items()} == {
        "addr-1001": "Hafenstraße 12, 20457 Hamburg",
        "addr-1900": "Moorweg 7, 25926 Ladelund",
    }


async def test_a_text_means_one_address_or_several_or_none(backends: Backends) -> None:
    one = await backends.address.validate("Hafenstraße 12, 20457 Hamburg")
    several = await backends.address.validate("Hauptstraße 1")
    none = await backends.address.validate("Xyzzy 99")

    assert (one.result, one.address and one.address.id) == (ValidationResult.SUCCESS, "addr-1001")
    assert (several.result, several.address) == (ValidationResult.PARTIAL, None)
    assert len({a.city for a in several.alternatives}) >= 2
    assert (none.result, none.address, none.alternatives) == (ValidationResult.FAIL, None, ())


async def test_what_can_be_delivered_where(backends: Backends) -> None:
    served = await backends.serviceability.check("addr-1001", ["cfs-fibre-access", "cfs-tv"])
    unserved = await backends.serviceability.check("addr-1900", ["cfs-fibre-access"])
    mobile = await backends.serviceability.check("addr-1900", ["cfs-mobile-line"])

    assert (served.serviceable, served.reason, mobile.serviceable) == (True, None, True)
    assert served.valid_until is not None and served.valid_until > NOW
    assert (unserved.serviceable, bool(unserved.reason)) == (False, True)


async def test_what_else_can_be_delivered(backends: Backends) -> None:
    check = backends.serviceability.check
    unserved = await check("addr-1900", ["cfs-fibre-access"])
    remote = await check("addr-1902", ["cfs-fibre-access"])
    wireless = await check("addr-1900", ["cfs-fixed-wireless"])
    kept_for_others = await check("addr-1001", ["cfs-fixed-wireless"])
    served = await check("addr-1001", ["cfs-fibre-access"])

    assert unserved.alternatives == ("cfs-fixed-wireless", "cfs-mobile-line")
    assert (remote.alternatives, served.alternatives) == (("cfs-mobile-line",), ())
    assert (wireless.serviceable, kept_for_others.serviceable) == (True, False)
    assert kept_for_others.alternatives == ("cfs-fibre-access",)
    assert await backends.serviceability.by_ids([unserved.id, served.id, "none"]) == {
        unserved.id: unserved,
        served.id: served,
    }


async def test_a_place_that_has_to_be_looked_at_first(mock: MockControl, backends: Backends) -> None:
    found = await backends.serviceability.check("addr-1904", ["cfs-fibre-access"])

    assert (found.serviceable, found.valid_until is not None) == (True, True)
    assert (await mock.requests())["serviceability"]["GET checkServiceQualification"] >= 1


async def test_the_sites_of_a_business(backends: Backends) -> None:
    sites = await backends.address.sites_of(["cust-2001", "cust-2001-1", "cust-1001"])

    assert [(site.name, site.place_id) for site in sites["cust-2001"]] == [
        ("Zentrale Hamburg", "addr-2001"),
        ("Lager Bremen", "addr-2002"),
        ("Umschlag Leipzig", "addr-2003"),
    ]
    assert [site.id for site in sites["cust-2001-1"]] == ["site-2001-1"]
    assert sites["cust-1001"] == ()


# Workforce


async def test_a_visit_from_search_to_cancellation(backends: Backends) -> None:
    slot = await free_slot(backends, "addr-1001")

    visit = await book(backends, slot, "addr-1001", "visit-1")
    assert isinstance(visit, Appointment)
    assert (visit.status, visit.start, visit.end, visit.external_id) == ("initialized", slot.start, slot.end, "visit-1")
    assert isinstance(await book(backends, slot, "addr-1001", "visit-2"), SlotTaken)
    assert await free_slot(backends, "addr-1001") != slot

    confirmed = await backends.workforce.confirm(visit.id, key="visit-3")
    assert await backends.workforce.by_ids([visit.id, "none"]) == {visit.id: confirmed}
    assert confirmed.status == "confirmed"

    cancelled = await backends.workforce.cancel(visit.id, key="visit-4")
    assert cancelled.status == "cancelled"
    assert await free_slot(backends, "addr-1001") == slot


async def test_a_visit_that_ended_is_not_confirmed(backends: Backends) -> None:
    visit = await book(backends, await free_slot(backends, "addr-1002"), "addr-1002", "visit-5")
    assert isinstance(visit, Appointment)
    await backends.workforce.cancel(visit.id, key="visit-6")

    failure = await failure_of(backends.workforce.confirm(visit.id, key="visit-7"))

    assert (failure.kind, failure.retryable) == (FailureKind.REFUSED, False)
    assert "illegal transition" in failure.detail


async def test_a_hold_that_is_not_confirmed_in_time_expires(mock: MockControl, backends: Backends) -> None:
    slot = await free_slot(backends, "addr-1005")
    visit = await book(backends, slot, "addr-1005", "visit-8")
    kept = await book(backends, await free_slot(backends, "addr-1006"), "addr-1006", "visit-9")
    assert isinstance(visit, Appointment) and isinstance(kept, Appointment)
    await backends.workforce.confirm(kept.id, key="visit-10")

    await mock.fault("workforce", holdSeconds=0)

    assert await free_slot(backends, "addr-1005") == slot
    found = await backends.workforce.by_ids([visit.id, kept.id])
    assert (found[visit.id].status, found[kept.id].status) == ("expired", "confirmed")
    assert (await failure_of(backends.workforce.confirm(visit.id, key="visit-11"))).kind is FailureKind.REFUSED
    assert (await backends.workforce.cancel(visit.id, key="visit-12")).status == "expired"


async def test_a_visit_is_moved_unless_the_slot_is_taken(backends: Backends) -> None:
    first = await free_slot(backends, "addr-1007")
    visit = await book(backends, first, "addr-1007", "visit-13")
    second = await free_slot(backends, "addr-1007")
    other = await book(backends, second, "addr-1007", "visit-14")
    third = await free_slot(backends, "addr-1007")
    assert isinstance(visit, Appointment) and isinstance(other, Appointment)

    taken = await backends.workforce.reschedule(visit.id, second, key="visit-15")
    moved = await backends.workforce.reschedule(visit.id, third, key="visit-16")
    again = await backends.workforce.reschedule(visit.id, third, key="visit-16")

    assert isinstance(taken, SlotTaken)
    assert isinstance(moved, Appointment) and (moved.id, moved.start, moved.end) == (visit.id, third.start, third.end)
    assert moved == again
    assert await free_slot(backends, "addr-1007") == first


async def test_a_visit_is_cancelled_twice_without_harm(backends: Backends) -> None:
    visit = await book(backends, await free_slot(backends, "addr-1008"), "addr-1008", "visit-17")
    assert isinstance(visit, Appointment)

    first = await backends.workforce.cancel(visit.id, key="visit-18")
    again = await backends.workforce.cancel(visit.id, key="visit-19")

    assert (first.status, again.status) == ("cancelled", "cancelled")
    refused = await failure_of(backends.workforce.reschedule(visit.id, await free_slot(backends, "addr-1008"), key="v"))
    assert (refused.kind, "illegal transition" in refused.detail) == (FailureKind.REFUSED, True)


async def test_the_work_of_a_visit(backends: Backends) -> None:
    made = [
        await backends.workforce.create_work_order(
            description="Installation of Fibre 500",
            place_id="addr-1009",
            appointment_id="appt-1",
            order_id="order-w1",
            external_id="order-w1:work:0",
            key=key,
        )
        for key in ("work-1", "work-1", "work-2")
    ]

    assert made[0] == made[1] == made[2]
    assert (made[0].state, made[0].appointment_id) == ("acknowledged", "appt-1")
    assert await backends.workforce.work_orders_of(["order-w1", "none"]) == {"order-w1": (made[0],), "none": ()}
