"""What is done with a product that a customer owns, each as an order: change, suspend, resume, renew, discontinue."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.money import Money
from app.domain.order import (
    Characteristic,
    ItemAction,
    ItemRelationship,
    ProductStatus,
    RelationshipType,
    Renewal,
    Suspension,
)
from app.domain.request import ItemRequest, OrderRequest
from app.ordering.drafts import require
from app.ordering.ordering import Ask, Ordering
from app.ordering.outcomes import NotFound, Outcome
from app.ordering.place import PlaceOrder, place_order, preview_placement
from app.ordering.preview import Preview
from app.ordering.reach import reached
from connectors.inventory import Product

IN_USE: Final = frozenset({"active", "suspended"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductWish:
    """What is to become of an owned product, and why.

    `start_at`: not before; when it lies behind, it holds from then on. `offering_id` is what the product is to become,
    or, with a renewal, what it is known as; None: it stays what it is. `accepted_charge` is what the customer accepts
    to pay for ending it before its term has run out.
    """

    product_id: str
    action: ItemAction
    reason: str
    status: ProductStatus | None = None
    suspension: Suspension | None = None
    renewal: Renewal | None = None
    offering_id: str | None = None
    characteristics: tuple[Characteristic, ...] = ()
    start_at: datetime | None = None
    accepted_charge: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderForProduct(Ask):
    """A wish to be fulfilled."""

    wish: ProductWish


async def order_for_product(ordering: Ordering, actor: Actor, ask: OrderForProduct) -> Outcome:
    """The order that does it, placed for the product's customer. Raises BackendFailure, NotPermitted."""
    require(actor, Right.TEND_PRODUCTS)
    request = await _request(ordering, actor, ask.wish)
    if not isinstance(request, OrderRequest):
        return request
    return await place_order(ordering, actor, PlaceOrder(idempotency_key=ask.idempotency_key, request=request))


async def preview_for_product(ordering: Ordering, actor: Actor, wish: ProductWish) -> Preview:
    """What `order_for_product` would do now. Changes nothing. Raises BackendFailure, NotPermitted."""
    require(actor, Right.TEND_PRODUCTS)
    request = await _request(ordering, actor, wish)
    if not isinstance(request, OrderRequest):
        return Preview(refusals=(request,))
    return await preview_placement(ordering, actor, request)


async def _request(ordering: Ordering, actor: Actor, wish: ProductWish) -> OrderRequest | NotFound:
    unknown = NotFound("/productId", f"/productId: there is no product {wish.product_id!r} (ownedProductKnown).")
    product = (await ordering.backends.inventory.by_ids([wish.product_id])).get(wish.product_id)
    if product is None or product.offering_id is None:
        return unknown
    owner = await reached(ordering, actor, product.customer_ids)
    if owner is None:
        return unknown
    item = ItemRequest(
        offering_id=wish.offering_id or product.offering_id,
        id="1",
        action=wish.action,
        product_id=product.id,
        product_status=wish.status,
        suspension=wish.suspension,
        renewal=wish.renewal,
        characteristics=wish.characteristics,
        place_id=product.place_id,
    )
    items: tuple[ItemRequest, ...] = (item,)
    if wish.action is ItemAction.DELETE and product.relationships:
        owned = (await ordering.backends.inventory.products_of([owner]))[owner]
        items = _with_parts(item, product, {other.id: other for other in owned})
    return OrderRequest(
        customer_id=owner,
        items=items,
        billing_account_id=product.billing_account_id,
        description=wish.reason,
        requested_start_at=wish.start_at,
        accepted_charge=wish.accepted_charge,
    )


def _with_parts(item: ItemRequest, product: Product, owned: Mapping[str, Product]) -> tuple[ItemRequest, ...]:
    """The end of the product and of all that it bundles, related as the products are."""
    ending = _parts(product, owned)
    item_ids = {other.id: str(number) for number, other in enumerate(ending, 1)}

    def ended(other: Product) -> ItemRequest:
        related = tuple(
            ItemRelationship(RelationshipType(r.type), item_ids[r.product_id])
            for r in other.relationships
            if r.type in set(RelationshipType) and r.product_id in item_ids
        )
        return replace(
            item,
            id=item_ids[other.id],
            offering_id=other.offering_id or "",
            product_id=other.id,
            place_id=other.place_id,
            relationships=related,
        )

    return tuple(ended(other) for other in ending)


def _parts(product: Product, owned: Mapping[str, Product]) -> Collection[Product]:
    """The product, the parts of it that are in use, and theirs, each once."""
    found = {product.id: product}
    left = [product]
    while left:
        for relationship in left.pop().relationships:
            part = owned.get(relationship.product_id)
            if part is None or relationship.type != RelationshipType.BUNDLES or part.id in found:
                continue
            if part.status in IN_USE:
                found[part.id] = part
                left.append(part)
    return found.values()
