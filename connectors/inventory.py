"""Product inventory: what a customer owns. TMF637 product, v4."""

from collections.abc import Collection, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, OpenApi
from connectors.owners import by_owner
from connectors.wire import Instant, Json, segment, text_of

APIS: Final[Apis] = {"TMF637": OpenApi(v4="tmf-api/productInventory/v4")}


class Product(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An owned product (TMF637). `status` is the standard's: created, pendingActive, active, suspended …"""

    id: str
    name: str
    status: str
    offering_id: str | None = None
    customer_ids: tuple[str, ...] = ()
    start_date: datetime | None = None
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


class _Ref(msgspec.Struct):
    id: str
    role: str | None = None


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class _Product(msgspec.Struct, rename="camel"):
    id: str
    status: str
    name: str = ""
    product_offering: _Ref | None = None
    related_party: list[_Ref] = []
    start_date: Instant | None = None
    product_characteristic: list[_Characteristic] = []


def _read(wire: _Product) -> Product:
    return Product(
        id=wire.id,
        name=wire.name or wire.id,
        status=wire.status.strip(),  # the standard's own enumeration has "aborted " with a blank
        offering_id=wire.product_offering.id if wire.product_offering else None,
        customer_ids=tuple(p.id for p in wire.related_party if (p.role or "").lower() == "customer"),
        start_date=wire.start_date,
        characteristics={c.name: text_of(c.value) for c in wire.product_characteristic if c.value is not None},
    )


class InventoryBackend:
    """Raises BackendFailure when there is no answer. An unknown product is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def by_ids(self, ids: Collection[str]) -> dict[str, Product]:
        """The products with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listProduct", "product", ids, list[_Product])
        return {wire.id: _read(wire) for wire in found}

    async def products_of(self, customer_ids: Collection[str]) -> dict[str, tuple[Product, ...]]:
        """What each of these customers owns; every asked customer is in the answer."""
        found = await self._http.where("listProduct", "product", "relatedParty.id", customer_ids, list[_Product])
        return by_owner(customer_ids, map(_read, found))

    async def create(self, new: NewProduct, *, key: str) -> Product:
        """Record a product."""
        body: dict[str, Json] = {
            "name": new.name,
            "status": new.status,
            "isBundle": new.is_bundle,
            "productOffering": {"id": new.offering_id},
            "relatedParty": [{"id": new.customer_id, "role": "customer", "@referredType": "Customer"}],
            "productOrderItem": [{"productOrderId": new.order_id, "orderItemId": new.order_item_id}],
            "productCharacteristic": [{"name": n, "value": v} for n, v in new.characteristics.items()],
        }
        if new.specification_id:
            body["productSpecification"] = {"id": new.specification_id}
        if new.billing_account_id:
            body["billingAccount"] = {"id": new.billing_account_id}
        if new.place_id:
            body["place"] = [{"id": new.place_id, "role": "installationAddress"}]
        answer = await self._http.write("POST", "createProduct", "product", body, key=key)
        return _read(answer.decode(_Product))

    async def set_status(
        self, product_id: str, status: str, *, key: str, start_date: datetime | None = None
    ) -> Product | None:
        """Move the product to this status; None when there is no such product."""
        body: dict[str, Json] = {"status": status}
        if start_date:
            body["startDate"] = start_date.isoformat()
        answer = await self._http.write(
            "PATCH", "patchProduct", f"product/{segment(product_id)}", body, key=key, expected={HTTPStatus.NOT_FOUND}
        )
        return None if answer.status == HTTPStatus.NOT_FOUND else _read(answer.decode(_Product))
