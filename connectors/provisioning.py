"""Provisioning: service orders, carried out over time, and the notifications of their progress. TMF641, v4 and v5."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, Dialect, OpenApi
from connectors.wire import Json, decode
from connectors.wire import MalformedNotification as MalformedNotification

APIS: Final[Apis] = {"TMF641": OpenApi(v4="tmf-api/serviceOrdering/v4", v5="serviceOrdering/v5")}
STATE_CHANGE = "serviceOrderStateChangeEvent"


class ServiceOrderState(StrEnum):
    """TMF641 ServiceOrderStateType."""

    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    PENDING = "pending"
    HELD = "held"
    IN_PROGRESS = "inProgress"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    PARTIAL = "partial"
    ASSESSING_CANCELLATION = "assessingCancellation"
    PENDING_CANCELLATION = "pendingCancellation"

    @property
    def ended(self) -> bool:
        """Nothing more will happen to the service order."""
        return self in _ENDED


_ENDED = frozenset(
    {
        ServiceOrderState.REJECTED,
        ServiceOrderState.CANCELLED,
        ServiceOrderState.COMPLETED,
        ServiceOrderState.FAILED,
        ServiceOrderState.PARTIAL,
    }
)


class ServiceOrderItem(msgspec.Struct, frozen=True, kw_only=True):
    """One service to be set up, changed or ended; `action` is the standard's: add, modify, delete.

    `state` is that which the service is to have, when the item is about that: active or inactive (TMF638).
    """

    id: str
    action: str
    service_specification_id: str
    characteristics: Mapping[str, str] = {}
    state: str | None = None
    place_id: str | None = None
    appointment_id: str | None = None


class NewServiceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of provisioning. `external_id` is our own id of the work, and comes back in notifications."""

    external_id: str
    description: str
    items: tuple[ServiceOrderItem, ...]


class ServiceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A service order as the backend has it; `problem` says why it did not succeed."""

    id: str
    state: ServiceOrderState
    external_id: str | None = None
    problem: str | None = None


class _Error(msgspec.Struct):
    message: str = ""


class _Reference(msgspec.Struct):
    id: str


class _ServiceOrder(msgspec.Struct, rename="camel"):
    """v5 has `external_reference`; some that speak it have a list of identifiers as `external_id`, as TMF622 does."""

    id: str
    state: ServiceOrderState
    external_id: str | list[_Reference] | None = None
    external_reference: list[_Reference] = []
    error_message: list[_Error] = []
    service_order_error_message: list[_Error] = []


class _Cancellation(msgspec.Struct):
    state: str


class _Payload(msgspec.Struct, rename="camel"):
    service_order: _ServiceOrder


class _Notification(msgspec.Struct, rename="camel"):
    event_type: str
    event: _Payload


def _read(wire: _ServiceOrder) -> ServiceOrder:
    known = wire.external_id
    references = known if isinstance(known, list) else wire.external_reference
    errors = [*wire.error_message, *wire.service_order_error_message]
    return ServiceOrder(
        id=wire.id,
        state=wire.state,
        external_id=known if isinstance(known, str) else next((reference.id for reference in references), None),
        problem="; ".join(e.message for e in errors) or None,
    )


def _write(new: NewServiceOrder) -> Json:
    return {
        "externalId": new.external_id,
        "description": new.description,
        "serviceOrderItem": [_write_item(item) for item in new.items],
    }


def _write_item(item: ServiceOrderItem) -> Json:
    service: dict[str, Json] = {
        "serviceSpecification": {"id": item.service_specification_id},
        "serviceCharacteristic": [{"name": name, "value": value} for name, value in item.characteristics.items()],
    }
    if item.state:
        service["state"] = item.state
    if item.place_id:
        service["place"] = [{"id": item.place_id, "role": "installationAddress"}]
    wire: dict[str, Json] = {"id": item.id, "action": item.action, "service": service}
    if item.appointment_id:
        wire["appointment"] = {"id": item.appointment_id}
    return wire


def _write_v5(new: NewServiceOrder) -> Json:
    reference = {
        "@type": "ExternalReference",
        "externalReferenceType": "task",
        "id": new.external_id,
        "name": new.external_id,
    }
    return {
        "@type": "ServiceOrder",
        "externalReference": [reference],
        "description": new.description,
        "serviceOrderItem": [_write_item_v5(item) for item in new.items],
    }


def _write_item_v5(item: ServiceOrderItem) -> Json:
    service: dict[str, Json] = {
        "@type": "Service",
        "serviceSpecification": {"@type": "ServiceSpecificationRef", "id": item.service_specification_id},
        "serviceCharacteristic": [
            {"@type": "StringCharacteristic", "name": name, "valueType": "string", "value": value}
            for name, value in item.characteristics.items()
        ],
    }
    if item.state:
        service["state"] = item.state
    if item.place_id:
        place = {"@type": "PlaceRef", "id": item.place_id, "@referredType": "GeographicAddress"}
        service["place"] = [{"@type": "RelatedPlaceRefOrValue", "role": "installationAddress", "place": place}]
    wire: dict[str, Json] = {"@type": "ServiceOrderItem", "id": item.id, "action": item.action, "service": service}
    if item.appointment_id:
        wire["appointment"] = {"@type": "AppointmentRef", "id": item.appointment_id}
    return wire


def read_notification(body: bytes) -> ServiceOrder:
    """The service order that a `serviceOrderStateChangeEvent` tells of. Raises MalformedNotification."""
    try:
        return _read(decode(body, _Notification).event.service_order)
    except msgspec.DecodeError as error:
        raise MalformedNotification(str(error)) from error


class ProvisioningBackend:
    """Raises BackendFailure when there is no answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def create(self, new: NewServiceOrder, *, key: str) -> ServiceOrder:
        """Ask for services; the answer only says that the order was taken."""
        body = _write_v5(new) if self._http.dialect is Dialect.V5 else _write(new)
        answer = await self._http.write("POST", "createServiceOrder", "serviceOrder", body, key=key)
        return _read(answer.decode(_ServiceOrder))

    async def cancel(self, service_order_id: str, *, key: str) -> bool:
        """Have the service order cancelled (cancelServiceOrder); whether it could be."""
        body: Json = {"serviceOrder": {"id": service_order_id}}
        answer = await self._http.write("POST", "createCancelServiceOrder", "cancelServiceOrder", body, key=key)
        return answer.decode(_Cancellation).state == "done"

    async def by_ids(self, ids: Collection[str]) -> dict[str, ServiceOrder]:
        """The service orders with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listServiceOrder", "serviceOrder", ids, list[_ServiceOrder])
        return {wire.id: _read(wire) for wire in found}

    async def register_listener(self, callback: str) -> None:
        """Have state changes told to `callback` + `/listener/serviceOrderStateChangeEvent`; once more does no harm."""
        await self._http.register(callback, [STATE_CHANGE])
