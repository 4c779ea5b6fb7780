"""The resumption of a suspended product when its day comes: an order like any other, which Orderway places by itself.

It is placed once when the product has been suspended, and waits for its day. When the product is resumed or ended
before, it is not wanted any more.
"""

from datetime import datetime
from typing import Final

from app.domain.actor import system_actor
from app.domain.order import ExternalId, ItemAction, OrderItem, ProductOrder, ProductStatus
from app.domain.request import ItemRequest, OrderRequest
from app.domain.states import ORDER
from app.ordering.cancel import CancelOrder, cancel_order
from app.ordering.ordering import Ordering
from app.ordering.outcomes import Committed, NotAllowedInState, Outcome, PointOfNoReturnPassed
from app.ordering.place import PlaceOrder, place_order
from app.store.port import OrderBy, OrderSearch, StoredOrder

RESUMPTION: Final = system_actor("resumption")
OWNER, TYPE = "orderway", "resumption"
AT_ONCE: Final = 200


async def place_resumption(ordering: Ordering, order: ProductOrder, item: OrderItem, at: datetime) -> Outcome:
    """The order that resumes what this item has suspended, at that time. Repeatable. Raises BackendFailure."""
    assert item.product_id is not None, "what is suspended is owned"
    request = OrderRequest(
        customer_id=order.customer_id,
        items=(
            ItemRequest(
                offering_id=item.offering_id,
                action=ItemAction.MODIFY,
                product_id=item.product_id,
                product_status=ProductStatus.ACTIVE,
                place_id=item.place.id if item.place else None,
            ),
        ),
        place_id=order.place.id if order.place else None,
        billing_account_id=order.billing_account_id,
        seller_id=order.seller_id,
        description=f"The suspension by order {order.id} ends",
        priority=order.priority,
        external_ids=(ExternalId(owner=OWNER, type=TYPE, id=f"{order.id}:{item.id}"),),
        requested_start_at=at,
    )
    key = f"{order.id}:{item.id}:resume"
    return await place_order(ordering, RESUMPTION, PlaceOrder(idempotency_key=key, request=request))


async def withdraw_resumptions(ordering: Ordering, order: ProductOrder, product_id: str) -> bool:
    """Cancel what was to resume the product later on, now that this order does otherwise; whether all of it is settled.

    An order that has begun meanwhile is left alone: what it does is what is wanted, or is refused by the inventory.
    Repeatable. Raises FulfilmentUnavailable.
    """
    settled = True
    for waiting in await _waiting(ordering, order.customer_id, product_id):
        if waiting.order.id == order.id:
            continue
        ask = CancelOrder(
            idempotency_key=f"{order.id}:withdraw:{waiting.order.id}",
            order_id=waiting.order.id,
            expected_version=waiting.order.version,
            reason=f"order {order.id} came before",
        )
        outcome = await cancel_order(ordering, RESUMPTION, ask)
        settled = settled and isinstance(outcome, Committed | NotAllowedInState | PointOfNoReturnPassed)
    return settled


async def _waiting(ordering: Ordering, customer_id: str, product_id: str) -> list[StoredOrder]:
    search = OrderSearch(customer_ids=(customer_id,), external_owner=OWNER, external_type=TYPE)
    found = await ordering.store.search(search, OrderBy.CREATED_DESCENDING, after=None, limit=AT_ONCE)
    ids = [
        order.id
        for order in found
        if order.state not in ORDER.terminal and any(item.product_id == product_id for item in order.items)
    ]
    stored = await ordering.store.load(ids)
    return [stored[order_id] for order_id in ids]
