"""Change an item of a draft."""

import strawberry
from strawberry import field

from app.ordering.change_item import ChangeItem, change_item
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import (
    CharacteristicInput,
    OrderChangeInput,
    OrderItemRelationshipInput,
    characteristics_in,
    relationships_in,
)


@strawberry.input(description="Input of changeProductOrderItem.")
class ChangeProductOrderItemInput(OrderChangeInput):
    item_id: strawberry.ID = field(description="The item.")
    quantity: int | None = field(default=None, description="How many pieces; null: as it is.")
    characteristics: list[CharacteristicInput] | None = field(
        default=None, description="Values that change or are added; null: as they are."
    )
    relationships: list[OrderItemRelationshipInput] | None = field(
        default=None, description="All relationships; null: as they are."
    )

    def to_ask(self) -> ChangeItem:
        """What the use case is asked."""
        return ChangeItem(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            item_id=self.item_id,
            quantity=self.quantity,
            characteristics=None if self.characteristics is None else characteristics_in(self.characteristics),
            relationships=None if self.relationships is None else relationships_in(self.relationships),
        )


@strawberry.type(description="Answer of changeProductOrderItem.")
class ChangeProductOrderItemPayload(OrderPayload):
    pass


async def change_product_order_item(info: Info, input: ChangeProductOrderItemInput) -> ChangeProductOrderItemPayload:
    context = info.context
    return await ChangeProductOrderItemPayload.of(change_item(context.ordering, context.actor, input.to_ask()))
