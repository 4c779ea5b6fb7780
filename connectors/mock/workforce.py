"""TMF646 time slots and appointments, TMF697 work orders.

A slot is held for an appointment that is not confirmed yet, until the hold expires.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.collection import Refused, Resource, answer, body_of, error, now
from connectors.mock.faults import Control
from connectors.mock.state import Document, State, text_of

APPOINTMENT_ROOT = "tmf-api/appointment/v4"
WORK_ORDER_ROOT = "tmf-api/workOrderManagement/v4"

SLOT_HOURS = (8, 10, 12, 14, 16)
SLOT_LENGTH = timedelta(hours=2)
MOST_SLOTS = 60
VISIT_MOVES = {
    "initialized": frozenset({"confirmed", "cancelled"}),
    "confirmed": frozenset({"completed", "cancelled", "failed"}),
}
WORK_MOVES = {
    "acknowledged": frozenset({"inProgress", "cancelled"}),
    "inProgress": frozenset({"completed", "failed", "cancelled"}),
}
OVER = frozenset({"cancelled", "expired"})
TAKEN = "the slot is taken"


class Workforce:
    """The technicians' calendar; each place has a technician of its own."""

    def __init__(self, state: State, control: Control) -> None:
        self._state = state
        self._control = control

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
            refresh=self._expire,
            patchable=True,
        )
        yield Resource(
            backend="workforce",
            name="workOrder",
            root=WORK_ORDER_ROOT,
            id_prefix="wo-",
            required=("description",),
            on_create=_accept_work,
            on_patch=_move_work,
            once_by="externalId",
            patchable=True,
        )

    def routes(self) -> list[Route]:
        """The search."""
        return [Route(f"/{APPOINTMENT_ROOT}/searchTimeSlot", self._search, methods=["POST"])]

    def _expire(self) -> None:
        """Give the slots of unconfirmed appointments back when their time is up."""
        hold = timedelta(seconds=self._control.faults["workforce"].hold_seconds)
        for visit in list(self._state.members("appointment").values()):
            booked = datetime.fromisoformat(text_of(visit, "creationDate"))
            if visit["status"] == "initialized" and datetime.now(UTC) >= booked + hold:
                self._state.put("appointment", {**visit, "status": "expired"})

    async def _search(self, request: Request) -> Response:
        try:
            document = await body_of(request)
            place = document.get("relatedPlace")
            if not isinstance(place, dict) or not place.get("id"):
                raise Refused(400, "missing attribute", "relatedPlace is required")
            start, end = _period(_first(document.get("requestedTimeSlot")))
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        self._expire()
        taken = self._taken(str(place["id"]))
        free = [s for s in _slots(start, end) if s not in taken][:MOST_SLOTS]
        slots = [
            {"id": s.isoformat(), "validFor": {"startDateTime": _z(s), "endDateTime": _z(s + SLOT_LENGTH)}}
            for s in free
        ]
        return answer(201, {"status": "done", "searchDate": now(), "availableTimeSlot": slots})

    def _taken(self, place: str, *, besides: str = "") -> set[datetime]:
        return {
            _period(visit)[0]
            for visit_id, visit in self._state.members("appointment").items()
            if visit["status"] not in OVER and visit_id != besides and _related_place(visit) == place
        }

    def _book(self, visit: Document) -> None:
        self._require_free(visit, _related_place(visit), besides="")
        visit["status"] = "initialized"
        visit["creationDate"] = now()

    def _move_visit(self, visit: Document, patch: Document) -> None:
        old, new = text_of(visit, "status"), text_of(patch, "status")
        if new and new != old and new not in VISIT_MOVES.get(old, frozenset()):
            raise Refused(409, "illegal transition", f"an appointment that is {old} does not become {new}")
        if "validFor" in patch:
            if old not in VISIT_MOVES:
                raise Refused(409, "illegal transition", f"an appointment that is {old} is not moved")
            self._require_free(patch, _related_place(visit), besides=text_of(visit, "id"))

    def _require_free(self, wanted: Document, place: str, *, besides: str) -> None:
        start, end = _period(wanted)
        if start not in set(_slots(start, end)) or start in self._taken(place, besides=besides):
            raise Refused(409, TAKEN, f"{_z(start)} is not free; search again")


def _accept_work(work: Document) -> None:
    work["state"] = "acknowledged"
    work["orderDate"] = now()


def _move_work(work: Document, patch: Document) -> None:
    old, new = text_of(work, "state"), text_of(patch, "state")
    if new and new != old and new not in WORK_MOVES.get(old, frozenset()):
        raise Refused(409, "illegal transition", f"a work order that is {old} does not become {new}")


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
