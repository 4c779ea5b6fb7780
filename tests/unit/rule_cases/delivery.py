"""Cases of the rules about where and when it is delivered."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.domain.facts import AppointmentFact
from app.domain.order import AppointmentRef
from app.domain.rules.case import Case
from tests.unit.orders import NOW, place, served
from tests.unit.rule_cases.row import DAY, FIBRE, FIBRE_SERVICE, MOMENT, C, Row, S, line, of, one, row, with_order


def places() -> Iterable[Row]:
    elsewhere = place("addr-9")
    yield row(
        "of the order",
        "placeKnown",
        "/placeId",
        C.REFERENCE_NOT_FOUND,
        S.PLACE,
        with_order(place=elsewhere),
        with_order(place=place()),
    )
    yield row(
        "of an item",
        "placeKnown",
        "/items/0/placeId",
        C.REFERENCE_NOT_FOUND,
        S.PLACE,
        of(one(place=elsewhere)),
        of(one(place=place())),
    )
    yield row(
        "left out",
        "placeGiven",
        "/items/0/placeId",
        C.MISSING_PROPERTY,
        S.PLACE,
        of(one(), FIBRE),
        of(one(place=place()), FIBRE),
        of(replace(one(), place=place()), FIBRE),
        of(one(), line()),
    )

    def answered(at: datetime = NOW, **more: Any) -> Case:
        return of(replace(one(), place=place()), FIBRE, at=at, qualifications=served("addr-1", FIBRE_SERVICE, **more))

    def serviceable(name: str, broken: Case, *kept: Case) -> Row:
        return row(name, "placeServiceable", "/items/0/placeId", C.INVALID_VALUE, S.SERVICEABILITY, broken, *kept)

    not_asked = of(replace(one(), place=place()), FIBRE)
    yield serviceable("cannot be served", answered(serviceable=False), answered(), not_asked)
    yield serviceable(
        "answer expired",
        answered(guaranteed_until=NOW),
        answered(guaranteed_until=NOW + MOMENT),
        answered(guaranteed_until=None),
    )

    def visited(status: str | None = "initialized", start: datetime = NOW + MOMENT) -> Case:
        visit = AppointmentRef(id="a-1", start=start, end=start + DAY)
        known = {"a-1": AppointmentFact(id="a-1", status=status, start=start)} if status else {}
        return of(one(place=place(), appointment=visit), FIBRE, appointments=known)

    where = "/items/0/appointment"
    yield row(
        "left out",
        "appointmentGiven",
        where,
        C.MISSING_PROPERTY,
        S.APPOINTMENT,
        of(one(place=place()), FIBRE),
        visited(),
        of(one(place=place())),
    )
    for status in (None, "cancelled", "Failed", "completed", "expired"):
        yield row(
            status or "unknown",
            "appointmentHeld",
            where,
            C.REFERENCE_NOT_FOUND,
            S.APPOINTMENT,
            visited(status),
            visited(),
            visited("confirmed"),
        )
    yield row(
        "has begun",
        "appointmentHeld",
        where,
        C.INVALID_VALUE,
        S.APPOINTMENT,
        visited(start=NOW),
        visited(start=NOW + MOMENT),
    )
