"""What a customer does with a product it owns, each as an order of its own: change, suspend, resume, discontinue."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Right, sees_customer
from app.domain.actor import Actor
from app.domain.order import Characteristic, ItemAction, ProductStatus
from app.domain.request import ItemRequest, OrderRequest
from app.ordering.drafts import require
from app.ordering.ordering import Ask, Ordering
from app.ordering.outcomes import NotFound, Outcome
from app.ordering.place import PlaceOrder, place_order


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderForProduct(Ask):
    """What is to become of an owned product, and why. `start_at`: not before."""

    product_id: str
    action: ItemAction
    reason: str
    status: ProductStatus | None = None
    characteristics: tuple[Characteristic, ...] = ()
    start_at: datetime | None = None


async def order_for_product(ordering: Ordering, actor: Actor, ask: OrderForProduct) -> Outcome:
    """The order that does it, placed for the product's customer. Raises BackendFailure, NotPermitted."""
    require(actor, Right.WRITE_ORDERS)
    unknown = NotFound("/productId", f"/productId: there is no product {ask.product_id!r} (ownedProductKnown).")
    product = (await ordering.backends.inventory.by_ids([ask.product_id])).get(ask.product_id)
    if product is None or product.offering_id is None:
        return unknown
    owner = next((customer for customer in product.customer_ids if sees_customer(actor, customer)), None)
    if owner is None:
        return unknown
    item = ItemRequest(
        offering_id=product.offering_id,
        action=ask.action,
        product_id=product.id,
        product_status=ask.status,
        characteristics=ask.characteristics,
        place_id=product.place_id,
    )
    request = OrderRequest(
        customer_id=owner,
        items=(item,),
        billing_account_id=product.billing_account_id,
        description=ask.reason,
        requested_start_at=ask.start_at,
    )
    return await place_order(ordering, actor, PlaceOrder(idempotency_key=ask.idempotency_key, request=request))
