"""Customer information: who the customer is. TMF629 customer, v4."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, OpenApi, Page
from connectors.wire import segment

APIS: Final[Apis] = {"TMF629": OpenApi(v4="tmf-api/customerManagement/v4")}


class Customer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer (TMF629). `status` is the backend's own word; `party_id` the individual or organization (TMF632)."""

    id: str
    name: str
    status: str | None = None
    status_reason: str | None = None
    party_id: str | None = None
    party_type: str | None = None
    email: str | None = None
    phone: str | None = None
    segment: str | None = None


class _Party(msgspec.Struct):
    id: str
    type: str | None = msgspec.field(default=None, name="@referredType")


class _Medium(msgspec.Struct, rename="camel"):
    email_address: str | None = None
    phone_number: str | None = None


class _ContactMedium(msgspec.Struct):
    characteristic: _Medium | None = None
    preferred: bool = False


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class _Customer(msgspec.Struct, rename="camel"):
    id: str
    name: str
    status: str | None = None
    status_reason: str | None = None
    engaged_party: _Party | None = None
    contact_medium: list[_ContactMedium] = []
    characteristic: list[_Characteristic] = []


def _read(wire: _Customer) -> Customer:
    media = [m.characteristic for m in sorted(wire.contact_medium, key=lambda m: not m.preferred) if m.characteristic]
    segment = next((c.value for c in wire.characteristic if c.name == "segment"), None)
    return Customer(
        id=wire.id,
        name=wire.name,
        status=wire.status,
        status_reason=wire.status_reason,
        party_id=wire.engaged_party.id if wire.engaged_party else None,
        party_type=wire.engaged_party.type if wire.engaged_party else None,
        email=next((m.email_address for m in media if m.email_address), None),
        phone=next((m.phone_number for m in media if m.phone_number), None),
        segment=segment if isinstance(segment, str) else None,
    )


class CustomerBackend:
    """Raises BackendFailure when there is no answer. An unknown customer is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def by_ids(self, ids: Collection[str]) -> dict[str, Customer]:
        """The customers with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listCustomer", "customer", ids, list[_Customer])
        return {wire.id: _read(wire) for wire in found}

    async def search(self, name: str | None, *, offset: int, limit: int) -> Page[Customer]:
        """Customers whose name contains `name`, without regard to case, sorted by the backend."""
        query = {"offset": str(offset), "limit": str(limit)}
        if name:
            query["name.regex"] = f"(?i){re.escape(name)}"
        answer = await self._http.get("listCustomer", "customer", query)
        found = tuple(_read(wire) for wire in answer.decode(list[_Customer]))
        return Page(found, offset + len(found) if answer.total is None else answer.total)

    async def set_status(self, customer_id: str, status: str, *, key: str) -> Customer | None:
        """Give the customer this status; None when there is no such customer."""
        answer = await self._http.write(
            "PATCH",
            "patchCustomer",
            f"customer/{segment(customer_id)}",
            {"status": status},
            key=key,
            expected={HTTPStatus.NOT_FOUND},
        )
        return None if answer.status == HTTPStatus.NOT_FOUND else _read(answer.decode(_Customer))
