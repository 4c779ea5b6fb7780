"""Workforce: free time slots, the appointments made in them, the work done then. TMF646 searchTimeSlot and
appointment, TMF697 workOrder, v4.
"""

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Answer, Apis, BackendHttp, FailureKind, OpenApi
from connectors.owners import grouped
from connectors.wire import Instant, Json, Ref, segment

APIS: Final[Apis] = {
    "TMF646": OpenApi(v4="tmf-api/appointment/v4"),
    "TMF697": OpenApi(v4="tmf-api/workOrderManagement/v4"),
}
OVER: Final = frozenset({"cancelled", "expired"})
"""The statuses in which an appointment takes up no time."""


class TimeSlot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A time in which a technician is free."""

    start: datetime
    end: datetime


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """A technician's visit (TMF646). `status` is the standard's: initialized, confirmed, cancelled, expired …"""

    id: str
    status: str
    start: datetime
    end: datetime
    external_id: str | None = None


class SlotTaken(msgspec.Struct, frozen=True):
    """Somebody else was faster, or the slot is no working time: choose another."""

    reason: str


class WorkOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a technician has to do (TMF697). `state` is the standard's: acknowledged, inProgress, completed …"""

    id: str
    state: str
    description: str | None = None
    order_id: str | None = None
    appointment_id: str | None = None
    external_id: str | None = None


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


class _RelatedEntity(msgspec.Struct):
    id: str
    type: str | None = msgspec.field(default=None, name="@referredType")


class _WorkOrder(msgspec.Struct, rename="camel"):
    id: str
    state: str
    description: str | None = None
    external_id: str | None = None
    appointment: Ref | None = None
    related_entity: list[_RelatedEntity] = []


def _read_work_order(wire: _WorkOrder) -> WorkOrder:
    return WorkOrder(
        id=wire.id,
        state=wire.state,
        description=wire.description,
        order_id=next((entity.id for entity in wire.related_entity if entity.type == "ProductOrder"), None),
        appointment_id=wire.appointment.id if wire.appointment else None,
        external_id=wire.external_id,
    )


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
        self._work = http.at("TMF697")

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
        return self._unless_taken(answer)

    async def reschedule(self, appointment_id: str, slot: TimeSlot, *, key: str) -> Appointment | SlotTaken:
        """Move the visit to this slot; when that is taken, it stays where it was."""
        body: Json = {"validFor": {"startDateTime": slot.start.isoformat(), "endDateTime": slot.end.isoformat()}}
        return self._unless_taken(await self._patch(appointment_id, body, key))

    async def confirm(self, appointment_id: str, *, key: str) -> Appointment:
        """The visit will take place."""
        return _read(self._granted(await self._patch(appointment_id, {"status": "confirmed"}, key)))

    async def cancel(self, appointment_id: str, *, key: str) -> Appointment:
        """The visit will not take place; its slot is free again. Of one that is over already nothing is changed."""
        answer = await self._patch(appointment_id, {"status": "cancelled"}, key)
        if answer.status == HTTPStatus.CONFLICT:
            found = (await self.by_ids([appointment_id])).get(appointment_id)
            if found is not None and found.status in OVER:
                return found
        return _read(self._granted(answer))

    async def by_ids(self, ids: Collection[str]) -> dict[str, Appointment]:
        """The appointments with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listAppointment", "appointment", ids, list[_Appointment])
        return {wire.id: _read(wire) for wire in found}

    async def create_work_order(
        self, *, description: str, place_id: str, appointment_id: str, order_id: str, external_id: str, key: str
    ) -> WorkOrder:
        """Have the work of a visit done, for this product order."""
        body: Json = {
            "externalId": external_id,
            "description": description,
            "place": [{"id": place_id, "role": "interventionAddress", "@referredType": "GeographicAddress"}],
            "appointment": {"id": appointment_id},
            "relatedEntity": [{"id": order_id, "role": "productOrder", "@referredType": "ProductOrder"}],
        }
        answer = await self._work.write("POST", "createWorkOrder", "workOrder", body, key=key)
        return _read_work_order(answer.decode(_WorkOrder))

    async def cancel_work_order(self, work_order_id: str, *, key: str) -> None:
        """The work is not wanted any more; of work that has ended nothing is changed."""
        path = f"workOrder/{segment(work_order_id)}"
        over = {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}
        await self._work.write("PATCH", "patchWorkOrder", path, {"state": "cancelled"}, key=key, expected=over)

    async def work_orders_of(self, order_ids: Collection[str]) -> dict[str, tuple[WorkOrder, ...]]:
        """The work orders for each of these product orders; every asked order is in the answer."""
        found = await self._work.where("listWorkOrder", "workOrder", "relatedEntity.id", order_ids, list[_WorkOrder])
        return grouped(order_ids, map(_read_work_order, found), lambda work: (work.order_id or "",))

    async def _patch(self, appointment_id: str, body: Json, key: str) -> Answer:
        path = f"appointment/{segment(appointment_id)}"
        return await self._http.write("PATCH", "patchAppointment", path, body, key=key, expected={HTTPStatus.CONFLICT})

    def _unless_taken(self, answer: Answer) -> Appointment | SlotTaken:
        refusal = answer.refusal
        if answer.status == HTTPStatus.CONFLICT and "slot" in f"{refusal.code} {refusal.reason}".lower():
            return SlotTaken(refusal.reason or "the slot is taken")
        return _read(self._granted(answer))

    def _granted(self, answer: Answer) -> _Appointment:
        """The appointment as it is now. Raises BackendFailure (REFUSED) when the change was refused."""
        if answer.status == HTTPStatus.CONFLICT:
            detail = f"status {answer.status}: {answer.refusal.text}".removesuffix(": ")
            raise self._http.failure(answer.operation, FailureKind.REFUSED, detail, retryable=False)
        return answer.decode(_Appointment)
