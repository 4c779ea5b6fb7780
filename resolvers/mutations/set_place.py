"""Say where a draft is delivered."""

import strawberry
from strawberry import field

from app.ordering.set_place import SetPlace, set_place
from resolvers.context import Info
from resolvers.ids import key_of
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of setProductOrderPlace.")
class SetProductOrderPlaceInput(OrderChangeInput):
    place_id: strawberry.ID = field(description="A validated address, id or key.")
    item_id: strawberry.ID | None = field(default=None, description="Only this item; null: the whole order.")

    def to_ask(self) -> SetPlace:
        """What the use case is asked."""
        return SetPlace(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            place_id=key_of(self.place_id, "GeographicAddress"),
            item_id=self.item_id,
        )


@strawberry.type(description="Answer of setProductOrderPlace.")
class SetProductOrderPlacePayload(OrderPayload):
    pass


async def set_product_order_place(info: Info, input: SetProductOrderPlaceInput) -> SetProductOrderPlacePayload:
    context = info.context
    return await SetProductOrderPlacePayload.of(set_place(context.ordering, context.actor, input.to_ask()))
