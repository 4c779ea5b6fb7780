"""Addresses: completed from free text, validated, found by id; and the sites of customers. TMF673 geographicAddress and
geographicAddressValidation, TMF674 geographicSite, v4.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

import msgspec

from connectors import parties
from connectors.base import Apis, BackendHttp, OpenApi
from connectors.owners import by_owner
from connectors.wire import Json, PlaceRef, RelatedParty

APIS: Final[Apis] = {
    "TMF673": OpenApi(v4="tmf-api/geographicAddressManagement/v4"),
    "TMF674": OpenApi(v4="tmf-api/geographicSiteManagement/v4"),
}


class GeographicAddress(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A postal address that the backend knows (TMF673 GeographicAddress)."""

    id: str
    street_name: str | None = None
    street_nr: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str | None = None

    @property
    def label(self) -> str:
        """The address in one line."""
        street = " ".join(part for part in (self.street_name, self.street_nr) if part)
        town = " ".join(part for part in (self.postcode, self.city) if part)
        return ", ".join(part for part in (street, town) if part) or self.id


class Site(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a customer is, under the customer's own name for it (TMF674); `status` is the backend's own word."""

    id: str
    name: str
    place_id: str | None = None
    status: str | None = None
    customer_ids: tuple[str, ...] = ()


class ValidationResult(StrEnum):
    """TMF673 validationResult."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAIL = "fail"


class AddressValidation(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a free text: the one address it means, or those that it may mean."""

    result: ValidationResult
    address: GeographicAddress | None = None
    alternatives: tuple[GeographicAddress, ...] = ()


class _Validation(msgspec.Struct, rename="camel"):
    validation_result: ValidationResult
    valid_geographic_address: GeographicAddress | None = None
    alternate_geographic_address: list[GeographicAddress] = []


class _Site(msgspec.Struct, rename="camel"):
    id: str
    name: str = ""
    status: str | None = None
    place: list[PlaceRef] = []
    related_party: list[RelatedParty] = []


def _read_site(wire: _Site) -> Site:
    return Site(
        id=wire.id,
        name=wire.name or wire.id,
        place_id=next((place.place_id for place in wire.place if place.place_id), None),
        status=wire.status,
        customer_ids=parties.customers(wire.related_party),
    )


class AddressBackend:
    """Raises BackendFailure when there is no answer. "No such address" is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http
        self._sites = http.at("TMF674")

    async def by_ids(self, ids: Collection[str]) -> dict[str, GeographicAddress]:
        """The addresses with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listGeographicAddress", "geographicAddress", ids, list[GeographicAddress])
        return {address.id: address for address in found}

    async def validate(self, text: str) -> AddressValidation:
        """The address that a free text means; when it is not one, the addresses that it may mean, the likeliest first.

        Serves completion as well: a text cut short gets its completions as alternatives. Repeatable.
        """
        body: Json = {"submittedGeographicAddress": {"fullText": text}, "provideAlternative": True}
        answer = await self._http.ask("createGeographicAddressValidation", "geographicAddressValidation", body)
        wire = answer.decode(_Validation)
        return AddressValidation(
            result=wire.validation_result,
            address=wire.valid_geographic_address,
            alternatives=tuple(wire.alternate_geographic_address),
        )

    async def sites_of(self, customer_ids: Collection[str]) -> dict[str, tuple[Site, ...]]:
        """The sites of each of these customers; every asked customer is in the answer."""
        attribute = parties.attribute(self._sites.dialect)
        found = await self._sites.where("listGeographicSite", "geographicSite", attribute, customer_ids, list[_Site])
        return by_owner(customer_ids, map(_read_site, found))
