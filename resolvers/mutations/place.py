"""Take a complete order in one request."""

import strawberry
from strawberry import field

from app.ordering.place import PlaceOrder, place_order
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderHeaderInput, PlacedOrderItemInput


@strawberry.input(description="Input of placeProductOrder.")
class PlaceProductOrderInput(OrderHeaderInput):
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )
    items: list[PlacedOrderItemInput] = field(description="Everything that is ordered.")

    def to_ask(self) -> PlaceOrder:
        """What the use case is asked."""
        return PlaceOrder(
            idempotency_key=self.idempotency_key,
            request=self.to_request([item.with_slot() for item in self.items]),
        )


@strawberry.type(description="Answer of placeProductOrder.")
class PlaceProductOrderPayload(OrderPayload):
    pass


async def place_product_order(info: Info, input: PlaceProductOrderInput) -> PlaceProductOrderPayload:
    context = info.context
    return await PlaceProductOrderPayload.of(place_order(context.ordering, context.actor, input.to_ask()))
