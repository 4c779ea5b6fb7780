"""Inventories: what a customer owns, what the network has at a place. TMF637 product, TMF639 resource, v4 and v5."""

from collections.abc import Collection, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

from connectors import parties
from connectors.base import Apis, BackendHttp, Dialect, OpenApi
from connectors.network import Drift as Drift
from connectors.network import Resource as Resource
from connectors.network import drift as drift
from connectors.network import read_resources
from connectors.owners import by_owner, grouped
from connectors.product import NewProduct as NewProduct
from connectors.product import Product as Product
from connectors.product import ProductAlteration as ProductAlteration
from connectors.product import ProductPrice as ProductPrice
from connectors.product import ProductRelationship as ProductRelationship
from connectors.product import ProductTerm as ProductTerm
from connectors.product import Suspension as Suspension
from connectors.product import (
    WireProduct,
    read_product,
    write_characteristics,
    write_place,
    write_prices,
    write_product,
    write_relationships,
    write_suspension,
    write_terms,
)
from connectors.wire import Json, segment

APIS: Final[Apis] = {
    "TMF637": OpenApi(v4="tmf-api/productInventory/v4", v5="productInventory/v5"),
    "TMF639": OpenApi(v4="tmf-api/resourceInventoryManagement/v4", v5="resourceInventoryManagement/v5"),
}


OWNER: Final = "customer"
"""The role of who has a product."""


class InventoryBackend:
    """Raises BackendFailure when there is no answer. An unknown product is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http
        self._network = http.at("TMF639")
        self._place = "place.id" if http.dialect is Dialect.V4 else "place.place.id"

    async def by_ids(self, ids: Collection[str]) -> dict[str, Product]:
        """The products with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listProduct", "product", ids, list[WireProduct])
        return {wire.id: read_product(wire) for wire in found}

    async def products_of(self, customer_ids: Collection[str]) -> dict[str, tuple[Product, ...]]:
        """What each of these customers owns; every asked customer is in the answer."""
        attribute = parties.attribute(self._http.dialect)
        found = await self._http.where("listProduct", "product", attribute, customer_ids, list[WireProduct])
        return by_owner(customer_ids, map(read_product, found))

    async def products_at(self, place_ids: Collection[str]) -> dict[str, tuple[Product, ...]]:
        """What is owned at each of these places, whoever owns it; every asked place is in the answer."""
        found = await self._http.where("listProduct", "product", self._place, place_ids, list[WireProduct])
        return grouped(place_ids, map(read_product, found), lambda product: (product.place_id or "",))

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
        body = write_product(new, self._http.dialect)
        answer = await self._http.write("POST", "createProduct", "product", body, key=key)
        return read_product(answer.decode(WireProduct))

    async def change(
        self,
        product_id: str,
        characteristics: Mapping[str, str],
        *,
        offering_id: str,
        name: str,
        key: str,
        prices: tuple[ProductPrice, ...] = (),
        terms: tuple[ProductTerm, ...] = (),
    ) -> Product | None:
        """The product with these characteristics in place of what it had of them, as this offering from now on.

        `prices` are what it costs from now on; none: what it did. `terms` are those that begin. None: there is no such
        product.
        """
        found = (await self.by_ids([product_id])).get(product_id)
        if found is None:
            return None
        merged = {**found.characteristics, **write_suspension(found.suspension), **characteristics}
        # all of it each time, changed or not: a repeated request must be the same request
        offering: dict[str, Json] = {"id": offering_id, "name": name}
        if self._http.dialect is Dialect.V5:
            offering["@type"] = "ProductOfferingRef"
        body: dict[str, Json] = {
            "name": name,
            "productOffering": offering,
            "productCharacteristic": write_characteristics(merged, self._http.dialect),
        }
        if prices:
            body["productPrice"] = write_prices(prices, self._http.dialect)
        if terms:
            kept = [known for known in found.terms if known not in terms]
            body["productTerm"] = write_terms([*kept, *terms], self._http.dialect)
        return await self._patch(product_id, body, key)

    async def set_status(
        self,
        product_id: str,
        status: str,
        *,
        key: str,
        start_date: datetime | None = None,
        termination_date: datetime | None = None,
        terms: tuple[ProductTerm, ...] = (),
        relationships: tuple[ProductRelationship, ...] = (),
    ) -> Product | None:
        """Move the product to this status; None when there is no such product.

        `terms` are what the customer is committed to from then on, `relationships` how it goes with other products.
        """
        body: dict[str, Json] = {"status": status}
        if start_date:
            body["startDate"] = start_date.isoformat()
        if termination_date:
            body["terminationDate"] = termination_date.isoformat()
        if terms:
            body["productTerm"] = write_terms(terms, self._http.dialect)
        if relationships:
            body["productRelationship"] = write_relationships(relationships, self._http.dialect)
        return await self._patch(product_id, body, key)

    async def suspend(self, product_id: str, suspension: Suspension, *, key: str) -> Product | None:
        """The product, suspended, and how it is; None when there is no such product."""
        return await self._suspended(product_id, suspension, key)

    async def resume(self, product_id: str, *, key: str) -> Product | None:
        """The product, active again; nothing tells of its suspension any more. None when there is no such product."""
        return await self._suspended(product_id, None, key)

    async def _suspended(self, product_id: str, suspension: Suspension | None, key: str) -> Product | None:
        found = (await self.by_ids([product_id])).get(product_id)
        if found is None:
            return None
        values = {**found.characteristics, **write_suspension(suspension)}
        body: dict[str, Json] = {
            "status": "suspended" if suspension else "active",
            "productCharacteristic": write_characteristics(values, self._http.dialect),
        }
        return await self._patch(product_id, body, key)

    async def renew(self, product_id: str, term: ProductTerm, *, key: str) -> Product | None:
        """The product with this commitment after those that it had; None when there is no such product."""
        found = (await self.by_ids([product_id])).get(product_id)
        if found is None:
            return None
        terms = [known for known in found.terms if known != term]  # a repeated request must be the same request
        body: dict[str, Json] = {"productTerm": write_terms([*terms, term], self._http.dialect)}
        return await self._patch(product_id, body, key)

    async def change_owner(
        self, product_id: str, customer_id: str, *, billing_account_id: str | None, key: str
    ) -> Product | None:
        """The product as this customer's, charged to this account (None: as before); who else has to do with it stays.

        None: there is no such product.
        """
        dialect = self._http.dialect
        found = await self._http.by_ids("listProduct", "product", [product_id], list[WireProduct])
        if not found:
            return None
        others = [party for party in found[0].related_party if (party.role or "").lower() != OWNER]
        named = [(party.party_id, party.role or "", party.kind) for party in others]
        body: dict[str, Json] = {
            "relatedParty": [
                parties.named(customer_id, OWNER, dialect),
                *(parties.named(party_id, role, dialect, kind=kind) for party_id, role, kind in named),
            ]
        }
        if billing_account_id is not None:
            account: dict[str, Json] = {"id": billing_account_id}
            if dialect is Dialect.V5:
                account["@type"] = "BillingAccountRef"
            body["billingAccount"] = account
        return await self._patch(product_id, body, key)

    async def change_place(self, product_id: str, place_id: str, *, key: str) -> Product | None:
        """The product, installed at this place from now on; None when there is no such product."""
        return await self._patch(product_id, {"place": write_place(place_id, self._http.dialect)}, key)

    async def _patch(self, product_id: str, body: dict[str, Json], key: str) -> Product | None:
        if self._http.dialect is Dialect.V5:
            body["@type"] = "Product"
        answer = await self._http.write(
            "PATCH", "patchProduct", f"product/{segment(product_id)}", body, key=key, expected={HTTPStatus.NOT_FOUND}
        )
        return None if answer.status == HTTPStatus.NOT_FOUND else read_product(answer.decode(WireProduct))
