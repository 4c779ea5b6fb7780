"""TMF673 addresses, TMF645 serviceability, TMF646 time slots and appointments.

A free text is validated by its words: every word must begin a word of the address. One address left is a success,
several are alternatives, none is a failure with whatever shares a word as alternatives.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.collection import Refused, Resource, answer, body_of, error, now
from connectors.mock.state import Document, State, seed, text_of

ADDRESS_ROOT = "tmf-api/geographicAddressManagement/v4"
SERVICEABILITY_ROOT = "tmf-api/serviceQualificationManagement/v4"
APPOINTMENT_ROOT = "tmf-api/appointment/v4"

SLOT_HOURS = (8, 10, 12, 14, 16)
SLOT_LENGTH = timedelta(hours=2)
MOST_SLOTS = 60
MOST_ALTERNATIVES = 10
VISIT_MOVES = {
    "initialized": frozenset({"confirmed", "cancelled"}),
    "confirmed": frozenset({"completed", "cancelled", "failed"}),
}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower().replace("strasse", "straße").replace("str.", "straße"))


def _address_words(address: Document) -> list[str]:
    parts = ("streetName", "streetNr", "postcode", "city")
    return _words(" ".join(text_of(address, part) for part in parts))


def _means(wanted: list[str], words: list[str]) -> bool:
    # a number is meant whole, "1" is not the beginning of "12"; the last word may be cut short
    return all(w in words or (not w.isdigit() and any(x.startswith(w) for x in words)) for w in wanted)


class Places:
    """The operations that are more than collections."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._unserved = {text_of(entry, "place"): entry for entry in seed("serviceability")}
        self._words = {key: _address_words(a) for key, a in state.members("geographicAddress").items()}

    def resources(self) -> Iterable[Resource]:
        """The plain collections."""
        yield Resource(
            backend="workforce",
            name="appointment",
            root=APPOINTMENT_ROOT,
            id_prefix="appt-",
            required=("validFor",),
            on_create=self._book,
            on_patch=self._move_visit,
            patchable=True,
        )

    def routes(self) -> list[Route]:
        """The task resources: validate, check, search."""
        return [
            Route(f"/{ADDRESS_ROOT}/geographicAddressValidation", self._validate, methods=["POST"]),
            Route(f"/{SERVICEABILITY_ROOT}/checkServiceQualification", self._check, methods=["POST"]),
            Route(f"/{APPOINTMENT_ROOT}/searchTimeSlot", self._search, methods=["POST"]),
        ]

    async def _validate(self, request: Request) -> Response:
        try:
            document = await body_of(request)
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        submitted = document.get("submittedGeographicAddress")
        if not isinstance(submitted, dict):
            return error(400, "missing attribute", "submittedGeographicAddress is required")
        parts = ("fullText", "streetName", "streetNr", "postcode", "city")
        wanted = _words(" ".join(text_of(submitted, part) for part in parts))
        addresses = self._state.members("geographicAddress")
        exact = [addresses[key] for key, words in self._words.items() if wanted and _means(wanted, words)]
        names = [w for w in wanted if not w.isdigit()]
        near = exact or [
            addresses[key] for key, words in self._words.items() if any(x.startswith(w) for w in names for x in words)
        ]
        result: Document = {
            "state": "done",
            "validationDate": now(),
            "provideAlternative": True,
            "submittedGeographicAddress": submitted,
        }
        if len(exact) == 1:
            result |= {"validationResult": "success", "validGeographicAddress": exact[0]}
        else:
            result |= {
                "validationResult": "partial" if exact else "fail",
                "alternateGeographicAddress": near[:MOST_ALTERNATIVES],
            }
        return answer(201, result)

    async def _check(self, request: Request) -> Response:
        try:
            document = await body_of(request)
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        items = document.get("serviceQualificationItem")
        if not isinstance(items, list) or not items:
            return error(400, "missing attribute", "serviceQualificationItem is required")
        results = [self._check_item(item) for item in items]
        qualified = all(r["qualificationItemResult"] == "qualified" for r in results)
        return answer(
            201,
            {
                "id": f"sq-{self._place_of(items[0]) or 'unknown'}",
                "state": "done",
                "instantSyncQualification": True,
                "qualificationResult": "qualified" if qualified else "unqualified",
                "effectiveQualificationDate": now(),
                "expirationDate": (datetime.now(UTC) + timedelta(days=14)).isoformat(),
                "serviceQualificationItem": results,
            },
        )

    def _check_item(self, item: Document) -> Document:
        service = item.get("service")
        specification = service.get("serviceSpecification") if isinstance(service, dict) else None
        wanted = specification.get("id") if isinstance(specification, dict) else None
        place = self._place_of(item)
        reason = ""
        if place not in self._state.members("geographicAddress"):
            reason = "the address is unknown"
        elif (entry := self._unserved.get(place)) and wanted not in _list(entry.get("services")):
            reason = text_of(entry, "reason")
        return {
            **item,
            "state": "done",
            "qualificationItemResult": "unqualified" if reason else "qualified",
            "eligibilityUnavailabilityReason": [{"code": "NO_NETWORK", "label": reason}] if reason else [],
        }

    @staticmethod
    def _place_of(item: Document) -> str:
        service = item.get("service")
        places = service.get("place") if isinstance(service, dict) else None
        first = places[0] if isinstance(places, list) and places else None
        return text_of(first, "id") if isinstance(first, dict) else ""

    async def _search(self, request: Request) -> Response:
        try:
            document = await body_of(request)
            place = document.get("relatedPlace")
            if not isinstance(place, dict) or not place.get("id"):
                raise Refused(400, "missing attribute", "relatedPlace is required")
            start, end = _period(_first(document.get("requestedTimeSlot")))
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        taken = self._taken(str(place["id"]))
        free = [s for s in _slots(start, end) if s not in taken][:MOST_SLOTS]
        slots = [
            {"id": s.isoformat(), "validFor": {"startDateTime": _z(s), "endDateTime": _z(s + SLOT_LENGTH)}}
            for s in free
        ]
        return answer(201, {"status": "done", "searchDate": now(), "availableTimeSlot": slots})

    def _taken(self, place: str) -> set[datetime]:
        return {
            _period(a)[0]
            for a in self._state.members("appointment").values()
            if a.get("status") != "cancelled" and _related_place(a) == place
        }

    def _book(self, appointment: Document) -> None:
        start, end = _period(appointment)
        if start not in set(_slots(start, end)) or start in self._taken(_related_place(appointment)):
            raise Refused(409, "the slot is taken", f"{_z(start)} is not free; search again")
        appointment["status"] = "initialized"
        appointment["creationDate"] = now()

    @staticmethod
    def _move_visit(appointment: Document, patch: Document) -> None:
        old, new = text_of(appointment, "status"), text_of(patch, "status")
        if new and new != old and new not in VISIT_MOVES.get(old, frozenset()):
            raise Refused(409, "illegal transition", f"an appointment that is {old} does not become {new}")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _first(value: object) -> Document:
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, dict):
        raise Refused(400, "missing attribute", "requestedTimeSlot is required")
    return first


def _related_place(appointment: Document) -> str:
    place = appointment.get("relatedPlace")
    return text_of(place, "id") if isinstance(place, dict) else ""


def _period(document: Document) -> tuple[datetime, datetime]:
    valid_for = document.get("validFor")
    try:
        if not isinstance(valid_for, dict):
            raise ValueError("validFor is required")
        start = datetime.fromisoformat(text_of(valid_for, "startDateTime"))
        end = datetime.fromisoformat(text_of(valid_for, "endDateTime"))
    except ValueError as problem:
        raise Refused(400, "bad period", str(problem)) from problem
    return start.astimezone(UTC), end.astimezone(UTC)


def _slots(start: datetime, end: datetime) -> Iterable[datetime]:
    """The technicians' slots that lie within the period and ahead of us, on working days."""
    from_now = max(start, datetime.now(UTC))
    day: date = from_now.date()
    while day <= end.date() and (day - from_now.date()).days < 366:
        if day.weekday() < 5:
            for hour in SLOT_HOURS:
                slot = datetime.combine(day, time(hour), UTC)
                if slot >= from_now and slot + SLOT_LENGTH <= end:
                    yield slot
        day += timedelta(days=1)


def _z(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
