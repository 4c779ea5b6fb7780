"""Take an item out of a draft."""

import strawberry
from strawberry import field

from app.ordering.remove_item import RemoveItem, remove_item
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of removeProductOrderItem.")
class RemoveProductOrderItemInput(OrderChangeInput):
    item_id: strawberry.ID = field(description="The item.")

    def to_ask(self) -> RemoveItem:
        """What the use case is asked."""
        return RemoveItem(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            item_id=self.item_id,
        )


@strawberry.type(description="Answer of removeProductOrderItem.")
class RemoveProductOrderItemPayload(OrderPayload):
    pass


async def remove_product_order_item(info: Info, input: RemoveProductOrderItemInput) -> RemoveProductOrderItemPayload:
    context = info.context
    return await RemoveProductOrderItemPayload.of(remove_item(context.ordering, context.actor, input.to_ask()))
