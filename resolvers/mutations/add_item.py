"""Put one more item into a draft."""

import strawberry
from strawberry import field

from app.ordering.add_item import AddItem, add_item
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput, ProductOrderItemInput


@strawberry.input(description="Input of addProductOrderItem.")
class AddProductOrderItemInput(OrderChangeInput):
    item: ProductOrderItemInput = field(description="The item.")

    def to_ask(self) -> AddItem:
        """What the use case is asked."""
        return AddItem(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            item=self.item.to_request(),
        )


@strawberry.type(description="Answer of addProductOrderItem.")
class AddProductOrderItemPayload(OrderPayload):
    pass


async def add_product_order_item(info: Info, input: AddProductOrderItemInput) -> AddProductOrderItemPayload:
    context = info.context
    return await AddProductOrderItemPayload.of(add_item(context.ordering, context.actor, input.to_ask()))
