"""Workforce: free time slots and the appointments made in them. TMF646 searchTimeSlot and appointment, v4."""

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, OpenApi
from connectors.wire import Instant, Json, segment

APIS: Final[Apis] = {"TMF646": OpenApi(v4="tmf-api/appointment/v4")}


class TimeSlot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A time in which a technician is free."""

    start: datetime
    end: datetime


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """A technician's visit (TMF646). `status` is the standard's: initialized, confirmed, cancelled, completed …"""

    id: str
    status: str
    start: datetime
    end: datetime
    external_id: str | None = None


class SlotTaken(msgspec.Struct, frozen=True):
    """Somebody else was faster, or the slot is no working time: choose another."""

    reason: str


class _Period(msgspec.Struct, rename="camel"):
    start_date_time: Instant
    end_date_time: Instant


class _Slot(msgspec.Struct, rename="camel"):
    valid_for: _Period


class _Search(msgspec.Struct, rename="camel"):
    available_time_slot: list[_Slot] = []


class _Appointment(msgspec.Struct, rename="camel"):
    id: str
    status: str
    valid_for: _Period
    external_id: str | None = None


def _read(wire: _Appointment) -> Appointment:
    return Appointment(
        id=wire.id,
        status=wire.status,
        start=wire.valid_for.start_date_time,
        end=wire.valid_for.end_date_time,
        external_id=wire.external_id,
    )


class WorkforceBackend:
    """Raises BackendFailure when there is no answer. A slot that is taken is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def time_slots(self, place_id: str, start: datetime, end: datetime) -> tuple[TimeSlot, ...]:
        """The free slots for a visit at this place between two times, the earliest first. Repeatable."""
        body: Json = {
            "relatedPlace": {"id": place_id, "role": "interventionAddress", "@referredType": "GeographicAddress"},
            "requestedTimeSlot": [
                {"validFor": {"startDateTime": start.isoformat(), "endDateTime": end.isoformat()}},
            ],
        }
        answer = await self._http.ask("createSearchTimeSlot", "searchTimeSlot", body)
        slots = (slot.valid_for for slot in answer.decode(_Search).available_time_slot)
        return tuple(
            sorted((TimeSlot(start=s.start_date_time, end=s.end_date_time) for s in slots), key=lambda s: s.start)
        )

    async def book(
        self, slot: TimeSlot, *, place_id: str, customer_id: str, description: str, external_id: str, key: str
    ) -> Appointment | SlotTaken:
        """Hold this slot for the customer, not yet confirmed."""
        body: Json = {
            "externalId": external_id,
            "description": description,
            "category": "installation",
            "validFor": {"startDateTime": slot.start.isoformat(), "endDateTime": slot.end.isoformat()},
            "relatedPlace": {"id": place_id, "role": "interventionAddress", "@referredType": "GeographicAddress"},
            "relatedParty": [{"id": customer_id, "role": "customer", "@referredType": "Customer"}],
        }
        answer = await self._http.write(
            "POST", "createAppointment", "appointment", body, key=key, expected={HTTPStatus.CONFLICT}
        )
        if answer.status == HTTPStatus.CONFLICT:
            return SlotTaken(answer.refusal.reason or "the slot is taken")
        return _read(answer.decode(_Appointment))

    async def confirm(self, appointment_id: str, *, key: str) -> Appointment:
        """The visit will take place."""
        return await self._set_status(appointment_id, "confirmed", key)

    async def cancel(self, appointment_id: str, *, key: str) -> Appointment:
        """The visit will not take place; its slot is free again."""
        return await self._set_status(appointment_id, "cancelled", key)

    async def by_ids(self, ids: Collection[str]) -> dict[str, Appointment]:
        """The appointments with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listAppointment", "appointment", ids, list[_Appointment])
        return {wire.id: _read(wire) for wire in found}

    async def _set_status(self, appointment_id: str, status: str, key: str) -> Appointment:
        path = f"appointment/{segment(appointment_id)}"
        answer = await self._http.write("PATCH", "patchAppointment", path, {"status": status}, key=key)
        return _read(answer.decode(_Appointment))
