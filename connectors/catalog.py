"""Product catalog: what can be ordered, at which price, and what has changed of it. TMF620 productOffering,
productSpecification, productOfferingPrice, v4 and v5.
"""

import asyncio
import re
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, Dialect, FailureKind, OpenApi, Page
from connectors.catalog_wire import (
    WireAlteration,
    WireOffering,
    WirePrice,
    WireSpecification,
    read_offering,
    read_price,
    read_specification,
)
from connectors.offering import BundledOffering as BundledOffering
from connectors.offering import Characteristic as Characteristic
from connectors.offering import CharacteristicUse as CharacteristicUse
from connectors.offering import CharacteristicValue as CharacteristicValue
from connectors.offering import OfferingPrice as OfferingPrice
from connectors.offering import OfferingRelationship as OfferingRelationship
from connectors.offering import PriceAlteration as PriceAlteration
from connectors.offering import PriceType as PriceType
from connectors.offering import ProductOffering as ProductOffering
from connectors.offering import ProductSpecification as ProductSpecification
from connectors.offering import Term as Term
from connectors.recent import Recent
from connectors.wire import MalformedNotification, decode

APIS: Final[Apis] = {
    "TMF620": OpenApi(v4="tmf-api/productCatalogManagement/v4", v5="productCatalogManagement/v5"),
}


class CatalogResource(StrEnum):
    """What changes in the catalog concern us; the name is the resource's in TMF620."""

    OFFERING = "productOffering"
    PRICE = "productOfferingPrice"
    SPECIFICATION = "productSpecification"


class CatalogChange(msgspec.Struct, frozen=True):
    """Something in the catalog was made, changed or taken out."""

    resource: CatalogResource
    id: str


EVENTS: Final = tuple(
    f"{resource}{happened}Event"
    for resource in CatalogResource
    for happened in ("Create", "AttributeValueChange", "StateChange", "Delete", "PriceChange")
    if happened != "PriceChange" or resource is CatalogResource.OFFERING
)
"""What the catalog is asked to tell of; the listener has one path for each."""


class _Member(msgspec.Struct):
    id: str


class _Notification(msgspec.Struct):
    event: dict[str, _Member]


def read_catalog_event(body: bytes) -> CatalogChange:
    """What a TMF620 event tells of. Raises MalformedNotification."""
    try:
        told = decode(body, _Notification).event
    except msgspec.DecodeError as error:
        raise MalformedNotification(str(error)) from error
    for resource in CatalogResource:
        if member := told.get(resource):
            return CatalogChange(resource, member.id)
    raise MalformedNotification(f"the event tells of {', '.join(sorted(told)) or 'nothing'}")


class CatalogBackend:
    """Raises BackendFailure when there is no answer. What was read is reused for `cache_seconds`.

    A price or a specification may be that old already when an offering is read with it; `invalidate` ends that.
    While the catalog does not answer, who only looks is shown what is up to `stale_seconds` old, and told so.
    """

    def __init__(
        self,
        http: BackendHttp,
        *,
        cache_seconds: float = 30.0,
        cache_entries: int = 5000,
        stale_seconds: float = 3600.0,
    ) -> None:
        self._http = http
        self._offerings = Recent[ProductOffering](
            seconds=cache_seconds, entries=cache_entries, stale_seconds=stale_seconds, used_stale=http.used_stale
        )
        # parts of offerings: what is in an old one is old with it
        self._specifications = Recent[ProductSpecification](seconds=cache_seconds, entries=cache_entries)
        self._prices = Recent[OfferingPrice](seconds=cache_seconds, entries=cache_entries)

    async def offerings_by_ids(self, ids: Collection[str]) -> dict[str, ProductOffering]:
        """The offerings with these ids, with specification and prices; unknown ids are absent."""
        return await self._offerings.through(ids, self._load_offerings)

    async def search_offerings(
        self,
        *,
        category: str | None = None,
        name: str | None = None,
        lifecycle_status: str | None = None,
        offset: int,
        limit: int,
    ) -> Page[ProductOffering]:
        """Offerings of a category, with a name that contains `name`, in a life cycle status; sorted by the backend."""
        changes = self._offerings.changes
        query = {"offset": str(offset), "limit": str(limit)}
        if category:
            query["category.id"] = category
        if name:
            query["name.regex"] = f"(?i){re.escape(name)}"
        if lifecycle_status:
            query["lifecycleStatus"] = lifecycle_status
        answer = await self._http.get("listProductOffering", "productOffering", query)
        found = await self._complete(answer.decode(list[WireOffering]))
        self._offerings.keep({offering.id: offering for offering in found}, since=changes)
        return Page(tuple(found), offset + len(found) if answer.total is None else answer.total)

    async def register_listener(self, callback: str) -> None:
        """Have changes told to `callback` + `/listener/` + the name of the event; once more does no harm."""
        await self._http.register(callback, EVENTS)

    def invalidate(self, change: CatalogChange | None = None) -> None:
        """Forget what has changed, and the offerings that it is part of; None: everything may have."""
        self._http.forget_reads()

        def concerned(resource: CatalogResource, member_id: str) -> bool:
            return change is None or change == CatalogChange(resource, member_id)

        def part_of(_: str, offering: ProductOffering) -> bool:
            specification = offering.specification
            return (
                # any offering may have it: one that was not asked is in none of those that were read
                (change is not None and change.resource is CatalogResource.PRICE)
                or concerned(CatalogResource.OFFERING, offering.id)
                or (specification is not None and concerned(CatalogResource.SPECIFICATION, specification.id))
            )

        def of_price(price_id: str, price: OfferingPrice) -> bool:
            # in v5 an alteration is a price of its own, and tells of its change under its own id
            apart = self._http.dialect is Dialect.V5 and bool(price.alterations)
            altered = apart and change is not None and change.resource is CatalogResource.PRICE
            return altered or concerned(CatalogResource.PRICE, price_id)

        self._prices.forget(of_price)
        self._specifications.forget(lambda member_id, _: concerned(CatalogResource.SPECIFICATION, member_id))
        self._offerings.forget(part_of)

    async def _load_offerings(self, ids: list[str]) -> dict[str, ProductOffering]:
        wires = await self._http.by_ids("listProductOffering", "productOffering", ids, list[WireOffering])
        return {offering.id: offering for offering in await self._complete(wires)}

    async def _complete(self, wires: Sequence[WireOffering]) -> list[ProductOffering]:
        """The offerings with their specifications and prices, which are asked for side by side."""
        specification_ids = {wire.product_specification.id for wire in wires if wire.product_specification}
        price_ids = {price_id for wire in wires for price_id in wire.price_ids}
        specifications, prices = await asyncio.gather(
            self._specifications.through(specification_ids, self._load_specifications),
            self._prices.through(price_ids, self._load_prices),
        )
        try:
            return [read_offering(wire, specifications, prices) for wire in wires]
        except KeyError as missing:
            # sold without its price, or delivered without its specification, it would be another offering
            detail = f"an offering names a price or specification {missing}, which the catalog does not have"
            raise self._http.failure("listProductOffering", FailureKind.MALFORMED, detail, retryable=False) from missing
        except ValueError as error:
            raise self._http.failure(
                "listProductOffering", FailureKind.MALFORMED, str(error), retryable=False
            ) from error

    async def _load_specifications(self, ids: list[str]) -> dict[str, ProductSpecification]:
        wires = await self._http.by_ids(
            "listProductSpecification", "productSpecification", ids, list[WireSpecification]
        )
        return {wire.id: read_specification(wire) for wire in wires}

    async def _load_prices(self, ids: list[str]) -> dict[str, OfferingPrice]:
        operation, path = "listProductOfferingPrice", "productOfferingPrice"
        wires = await self._http.by_ids(operation, path, ids, list[WirePrice])
        elsewhere = {price_id for wire in wires for price_id in wire.discounted_by}
        found = await self._http.by_ids(operation, path, elsewhere, list[WireAlteration])
        alterations = {alteration.id: alteration for alteration in found}
        if missing := elsewhere - alterations.keys():
            # dearer than the customer was told
            detail = f"a price names the alterations {', '.join(sorted(missing))}, which the catalog does not have"
            raise self._http.failure(operation, FailureKind.MALFORMED, detail, retryable=False)
        return {wire.id: read_price(wire, alterations) for wire in wires}
