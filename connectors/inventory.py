"""Inventories: what a customer owns, what the network has at a place. TMF637 product, TMF639 resource, v4 and v5."""

from collections.abc import Collection, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

import msgspec

from connectors import parties
from connectors.base import Apis, BackendHttp, Dialect, OpenApi
from connectors.network import Drift as Drift
from connectors.network import Resource as Resource
from connectors.network import drift as drift
from connectors.network import read_resources
from connectors.owners import by_owner, grouped
from connectors.wire import Instant, Json, PlaceRef, Ref, RelatedParty, segment, text_of

APIS: Final[Apis] = {
    "TMF637": OpenApi(v4="tmf-api/productInventory/v4", v5="productInventory/v5"),
    "TMF639": OpenApi(v4="tmf-api/resourceInventoryManagement/v4", v5="resourceInventoryManagement/v5"),
}


class Product(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An owned product (TMF637). `status` is the standard's: created, pendingActive, active, suspended …

    `term_ends_at` is the end of the last commitment that the customer has taken on for it.
    """

    id: str
    name: str
    status: str
    offering_id: str | None = None
    specification_id: str | None = None
    customer_ids: tuple[str, ...] = ()
    billing_account_id: str | None = None
    place_id: str | None = None
    start_date: datetime | None = None
    term_ends_at: datetime | None = None
    characteristics: Mapping[str, str] = {}


class NewProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product to be recorded, for the order item that brings it."""

    name: str
    offering_id: str
    customer_id: str
    order_id: str
    order_item_id: str
    is_bundle: bool = False
    specification_id: str | None = None
    billing_account_id: str | None = None
    place_id: str | None = None
    characteristics: Mapping[str, str] = {}
    status: str = "pendingActive"


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class _Validity(msgspec.Struct, rename="camel"):
    end_date_time: Instant | None = None


class _Term(msgspec.Struct, rename="camel"):
    valid_for: _Validity = msgspec.field(default_factory=_Validity)


class _Product(msgspec.Struct, rename="camel"):
    id: str
    status: str
    name: str = ""
    product_offering: Ref | None = None
    product_specification: Ref | None = None
    billing_account: Ref | None = None
    related_party: list[RelatedParty] = []
    place: list[PlaceRef] = []
    start_date: Instant | None = None
    product_term: list[_Term] = []
    product_characteristic: list[_Characteristic] = []


def _id_of(ref: Ref | None) -> str | None:
    return ref.id if ref else None


def _read(wire: _Product) -> Product:
    ends = [term.valid_for.end_date_time for term in wire.product_term if term.valid_for.end_date_time]
    return Product(
        id=wire.id,
        name=wire.name or wire.id,
        status=wire.status.strip(),  # the standard's own enumeration has "aborted " with a blank
        offering_id=_id_of(wire.product_offering),
        specification_id=_id_of(wire.product_specification),
        customer_ids=parties.customers(wire.related_party),
        billing_account_id=_id_of(wire.billing_account),
        place_id=next((place.place_id for place in wire.place if place.place_id), None),
        start_date=wire.start_date,
        term_ends_at=max(ends, default=None),
        characteristics={c.name: text_of(c.value) for c in wire.product_characteristic if c.value is not None},
    )


def _characteristics(values: Mapping[str, str], dialect: Dialect) -> Json:
    if dialect is Dialect.V5:
        return [
            {"@type": "StringCharacteristic", "name": name, "value": value, "valueType": "string"}
            for name, value in values.items()
        ]
    return [{"name": name, "value": value} for name, value in values.items()]


def _write(new: NewProduct, dialect: Dialect) -> Json:
    v5 = dialect is Dialect.V5

    def typed(kind: str, **attributes: Json) -> Json:
        return {**attributes, "@type": kind} if v5 else attributes

    body: dict[str, Json] = {
        "name": new.name,
        "status": new.status,
        "isBundle": new.is_bundle,
        "productOffering": typed("ProductOfferingRef", id=new.offering_id),
        "relatedParty": [parties.named(new.customer_id, "customer", dialect)],
        "productOrderItem": [
            typed("RelatedOrderItem", productOrderId=new.order_id, orderItemId=new.order_item_id),
        ],
        "productCharacteristic": _characteristics(new.characteristics, dialect),
    }
    if v5:
        body["@type"] = "Product"
    if new.specification_id:
        body["productSpecification"] = typed("ProductSpecificationRef", id=new.specification_id)
    if new.billing_account_id:
        body["billingAccount"] = typed("BillingAccountRef", id=new.billing_account_id)
    if new.place_id:
        role = "installationAddress"
        place = {"id": new.place_id, "@type": "PlaceRef", "@referredType": "GeographicAddress"}
        body["place"] = [
            {"role": role, "place": place, "@type": "RelatedPlaceRefOrValue"}
            if v5
            else {"id": new.place_id, "role": role}
        ]
    return body


class InventoryBackend:
    """Raises BackendFailure when there is no answer. An unknown product is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http
        self._network = http.at("TMF639")
        self._place = "place.id" if http.dialect is Dialect.V4 else "place.place.id"

    async def by_ids(self, ids: Collection[str]) -> dict[str, Product]:
        """The products with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listProduct", "product", ids, list[_Product])
        return {wire.id: _read(wire) for wire in found}

    async def products_of(self, customer_ids: Collection[str]) -> dict[str, tuple[Product, ...]]:
        """What each of these customers owns; every asked customer is in the answer."""
        attribute = parties.attribute(self._http.dialect)
        found = await self._http.where("listProduct", "product", attribute, customer_ids, list[_Product])
        return by_owner(customer_ids, map(_read, found))

    async def products_at(self, place_ids: Collection[str]) -> dict[str, tuple[Product, ...]]:
        """What is owned at each of these places, whoever owns it; every asked place is in the answer."""
        found = await self._http.where("listProduct", "product", self._place, place_ids, list[_Product])
        return grouped(place_ids, map(_read, found), lambda product: (product.place_id or "",))

    async def resources_of(self, place_ids: Collection[str]) -> dict[str, tuple[Resource, ...]]:
        """What is recorded of the network at each of these places; every asked place is in the answer."""
        return await self._resources(place_ids, discovered=False)

    async def discovered_of(self, place_ids: Collection[str]) -> dict[str, tuple[Resource, ...]]:
        """What discovery has seen in the network at each of these places; every asked place is in the answer."""
        return await self._resources(place_ids, discovered=True)

    async def _resources(self, place_ids: Collection[str], *, discovered: bool) -> dict[str, tuple[Resource, ...]]:
        resources = await read_resources(self._network, self._place, place_ids)
        wanted = (resource for resource in resources if resource.discovered is discovered)
        return grouped(place_ids, wanted, lambda resource: (resource.place_id or "",))

    async def create(self, new: NewProduct, *, key: str) -> Product:
        """Record a product."""
        body = _write(new, self._http.dialect)
        answer = await self._http.write("POST", "createProduct", "product", body, key=key)
        return _read(answer.decode(_Product))

    async def change(
        self, product_id: str, characteristics: Mapping[str, str], *, offering_id: str, name: str, key: str
    ) -> Product | None:
        """The product with these characteristics in place of what it had of them, as this offering from now on.

        None: there is no such product.
        """
        found = (await self.by_ids([product_id])).get(product_id)
        if found is None:
            return None
        merged = {**found.characteristics, **characteristics}
        body: dict[str, Json] = {"productCharacteristic": _characteristics(merged, self._http.dialect)}
        if found.offering_id != offering_id:
            offering: dict[str, Json] = {"id": offering_id, "name": name}
            if self._http.dialect is Dialect.V5:
                offering["@type"] = "ProductOfferingRef"
            body |= {"name": name, "productOffering": offering}
        return await self._patch(product_id, body, key)

    async def set_status(
        self,
        product_id: str,
        status: str,
        *,
        key: str,
        start_date: datetime | None = None,
        termination_date: datetime | None = None,
    ) -> Product | None:
        """Move the product to this status; None when there is no such product."""
        body: dict[str, Json] = {"status": status}
        if start_date:
            body["startDate"] = start_date.isoformat()
        if termination_date:
            body["terminationDate"] = termination_date.isoformat()
        return await self._patch(product_id, body, key)

    async def _patch(self, product_id: str, body: dict[str, Json], key: str) -> Product | None:
        if self._http.dialect is Dialect.V5:
            body["@type"] = "Product"
        answer = await self._http.write(
            "PATCH", "patchProduct", f"product/{segment(product_id)}", body, key=key, expected={HTTPStatus.NOT_FOUND}
        )
        return None if answer.status == HTTPStatus.NOT_FOUND else _read(answer.decode(_Product))
