"""Rules about where and when: address, serviceability, appointment (TMF673, 645, 646)."""

from collections.abc import Iterable
from typing import Final

from app.domain.catalog import Offering
from app.domain.rulebook import Need
from app.domain.rules.case import Case, breach, listed
from app.domain.violations import Violation, ViolationCode

LOST_APPOINTMENT: Final = frozenset({"cancelled", "failed", "completed", "expired"})


def place_given(case: Case) -> Iterable[Violation]:
    """What is installed somewhere says where, and the address is a validated one (TMF673)."""
    if case.order.place and case.order.place.id not in case.facts.places:
        yield breach(
            "placeKnown",
            "/placeId",
            ViolationCode.REFERENCE_NOT_FOUND,
            f"there is no address {case.order.place.id!r}",
        )
    for path, item, offering in case.items():
        place = case.order.place_of(item)
        if item.place and item.place.id not in case.facts.places:
            yield breach(
                "placeKnown",
                f"{path}/placeId",
                ViolationCode.REFERENCE_NOT_FOUND,
                f"there is no address {item.place.id!r}",
            )
        if place is None and Need.PLACE in case.needs(item, offering):
            yield breach(
                "placeGiven",
                f"{path}/placeId",
                ViolationCode.MISSING_PROPERTY,
                f"{item.offering_name!r} is installed at a place; name a validated address",
            )


def moves_elsewhere(case: Case) -> Iterable[Violation]:
    """What moves goes to another place than the one where it is (TMF637)."""
    for path, item, _ in case.items():
        if item.moved_from is not None and item.place is not None and item.place.id == item.moved_from.id:
            yield breach(
                "movesElsewhere",
                f"{path}/placeId",
                ViolationCode.INVALID_VALUE,
                f"{item.offering_name!r} is installed at {item.place.label} already; name another address",
            )


def place_serviceable(case: Case) -> Iterable[Violation]:
    """The place can be served with what the item needs, and that answer still holds (TMF645)."""
    for path, item, offering in case.items():
        place = case.order.place_of(item)
        if place is None or offering is None or offering.specification is None:
            continue
        fact = case.facts.qualifications.get((place.id, serviceability_key(offering)))
        if fact is None:
            continue
        if not fact.serviceable:
            yield breach(
                "placeServiceable",
                f"{path}/placeId",
                ViolationCode.INVALID_VALUE,
                f"{item.offering_name!r} cannot be delivered at {place.label}: {fact.reason or 'not serviceable'}"
                + (f"; there {listed(fact.alternatives)} can be" if fact.alternatives else ""),
            )
        elif fact.guaranteed_until and fact.guaranteed_until <= case.at:
            yield breach(
                "placeServiceable",
                f"{path}/placeId",
                ViolationCode.INVALID_VALUE,
                f"the answer for {place.label} expired at {fact.guaranteed_until.isoformat()}; check again",
            )


def serviceability_key(offering: Offering) -> tuple[str, ...]:
    """What serviceability is asked for: the offering's service specifications, sorted."""
    return tuple(sorted(offering.specification.service_specification_ids)) if offering.specification else ()


def appointment_held(case: Case) -> Iterable[Violation]:
    """What needs a technician's visit has an appointment, still held and not in the past (TMF646)."""
    for path, item, offering in case.items():
        if item.appointment is None:
            if Need.APPOINTMENT in case.needs(item, offering):
                yield breach(
                    "appointmentGiven",
                    f"{path}/appointment",
                    ViolationCode.MISSING_PROPERTY,
                    f"{item.offering_name!r} needs a visit; choose a time slot",
                )
            continue
        fact = case.facts.appointments.get(item.appointment.id)
        if fact is None or fact.status.lower() in LOST_APPOINTMENT:
            yield breach(
                "appointmentHeld",
                f"{path}/appointment",
                ViolationCode.REFERENCE_NOT_FOUND,
                "the appointment is no longer held; choose a new time slot",
            )
        elif item.appointment.start <= case.at:
            yield breach(
                "appointmentHeld",
                f"{path}/appointment",
                ViolationCode.INVALID_VALUE,
                f"the appointment was at {item.appointment.start.isoformat()}; choose a new time slot",
            )
