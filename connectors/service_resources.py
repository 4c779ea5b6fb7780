"""Service resources: numbers, SIMs and ports to be reserved, and the services in use.

TMF638 service, v4; reservations after TMF685 resource pool management, v4.
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, OpenApi
from connectors.owners import by_owner
from connectors.wire import Instant, Json, segment

APIS: Final[Apis] = {
    "TMF685": OpenApi(v4="tmf-api/resourcePoolManagement/v4"),
    "TMF638": OpenApi(v4="tmf-api/serviceInventory/v4"),
}
HELD: Final = frozenset({"reserved", "inUse"})
"""The states in which a reservation holds its resource."""


class ResourceKind(StrEnum):
    """What can be reserved."""

    NUMBER = "msisdn"
    SIM = "sim"
    PORT = "port"


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A resource held for somebody (TMF685). `state` is reserved, inUse, released or expired."""

    id: str
    kind: ResourceKind
    value: str
    state: str
    expires_at: datetime | None = None
    external_id: str | None = None
    place_id: str | None = None


class NoneLeft(msgspec.Struct, frozen=True, kw_only=True):
    """The resource is not to be had, or no longer: choose another one."""

    reason: str


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A service in use (TMF638). `state` is the standard's: designed, reserved, inactive, active, terminated …"""

    id: str
    name: str
    state: str
    customer_ids: tuple[str, ...] = ()
    specification_id: str | None = None


class _Ref(msgspec.Struct):
    id: str
    role: str | None = None


class _Validity(msgspec.Struct, rename="camel"):
    end_date_time: Instant | None = None


class _Reservation(msgspec.Struct, rename="camel"):
    id: str
    resource_type: ResourceKind
    value: str
    state: str
    valid_for: _Validity = msgspec.field(default_factory=_Validity)
    external_id: str | None = None
    place: _Ref | None = None


class _Available(msgspec.Struct):
    value: str


class _Check(msgspec.Struct, rename="camel"):
    available_resource: list[_Available] = []


class _Service(msgspec.Struct, rename="camel"):
    id: str
    state: str
    name: str = ""
    related_party: list[_Ref] = []
    service_specification: _Ref | None = None


def _read(wire: _Reservation) -> Reservation:
    return Reservation(
        id=wire.id,
        kind=wire.resource_type,
        value=wire.value,
        state=wire.state,
        expires_at=wire.valid_for.end_date_time if wire.state == "reserved" else None,
        external_id=wire.external_id,
        place_id=wire.place.id if wire.place else None,
    )


def _service(wire: _Service) -> Service:
    return Service(
        id=wire.id,
        name=wire.name or wire.id,
        state=wire.state,
        customer_ids=tuple(p.id for p in wire.related_party if (p.role or "customer").lower() == "customer"),
        specification_id=wire.service_specification.id if wire.service_specification else None,
    )


class ServiceResourcesBackend:
    """Raises BackendFailure when there is no answer. That nothing is left is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._pools = http
        self._inventory = http.at("TMF638")

    async def available(
        self, kind: ResourceKind, *, pattern: str | None, place_id: str | None, limit: int
    ) -> tuple[str, ...]:
        """Resources that are free now, with `pattern` in them; ports near a place. Repeatable."""
        body: dict[str, Json] = {"resourceType": kind.value, "requestedQuantity": limit}
        if pattern:
            body["pattern"] = pattern
        if place_id:
            body["place"] = {"id": place_id, "@referredType": "GeographicAddress"}
        answer = await self._pools.ask("createAvailabilityCheck", "availabilityCheck", body)
        return tuple(found.value for found in answer.decode(_Check).available_resource)

    async def reserve(
        self,
        kind: ResourceKind,
        *,
        value: str | None,
        customer_id: str,
        place_id: str | None,
        external_id: str,
        key: str,
    ) -> Reservation | NoneLeft:
        """Hold this resource, or any of the kind, for the customer until the reservation expires."""
        body: dict[str, Json] = {
            "resourceType": kind.value,
            "externalId": external_id,
            "relatedParty": [{"id": customer_id, "role": "customer", "@referredType": "Customer"}],
        }
        if value:
            body["value"] = value
        if place_id:
            body["place"] = {"id": place_id, "@referredType": "GeographicAddress"}
        answer = await self._pools.write(
            "POST", "createReservation", "reservation", body, key=key, expected={HTTPStatus.CONFLICT}
        )
        if answer.status == HTTPStatus.CONFLICT:
            return NoneLeft(reason=answer.refusal.text or "it is taken")
        return _read(answer.decode(_Reservation))

    async def confirm(self, reservation_id: str, *, key: str) -> Reservation | NoneLeft:
        """Take what is reserved into use."""
        return await self._move(reservation_id, "inUse", key)

    async def release(self, reservation_id: str, *, key: str) -> Reservation | NoneLeft:
        """Give back what is reserved or in use; giving it back twice does no harm."""
        return await self._move(reservation_id, "released", key)

    async def by_ids(self, ids: Collection[str]) -> dict[str, Reservation]:
        """The reservations with these ids, as they are now; unknown ids are absent."""
        found = await self._pools.by_ids("listReservation", "reservation", ids, list[_Reservation])
        return {wire.id: _read(wire) for wire in found}

    async def services_of(self, customer_ids: Collection[str]) -> dict[str, tuple[Service, ...]]:
        """The services of each of these customers; every asked customer is in the answer."""
        found = await self._inventory.where("listService", "service", "relatedParty.id", customer_ids, list[_Service])
        return by_owner(customer_ids, map(_service, found))

    async def _move(self, reservation_id: str, state: str, key: str) -> Reservation | NoneLeft:
        answer = await self._pools.write(
            "PATCH",
            "patchReservation",
            f"reservation/{segment(reservation_id)}",
            {"state": state},
            key=key,
            expected={HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND},
        )
        if answer.status in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
            return NoneLeft(reason=answer.refusal.text or "the reservation is gone")
        return _read(answer.decode(_Reservation))
