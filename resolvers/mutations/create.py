"""Start a draft."""

import strawberry
from strawberry import field

from app.ordering.create import CreateOrder, create_order
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderHeaderInput, ProductOrderItemInput


@strawberry.input(description="Input of createProductOrder.")
class CreateProductOrderInput(OrderHeaderInput):
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )
    items: list[ProductOrderItemInput] | None = field(
        default=None, description="What is ordered, as far as it is known."
    )

    def to_ask(self) -> CreateOrder:
        """What the use case is asked."""
        return CreateOrder(
            idempotency_key=self.idempotency_key,
            request=self.to_request([item.to_request() for item in self.items or ()]),
        )


@strawberry.type(description="Answer of createProductOrder.")
class CreateProductOrderPayload(OrderPayload):
    pass


async def create_product_order(info: Info, input: CreateProductOrderInput) -> CreateProductOrderPayload:
    context = info.context
    return await CreateProductOrderPayload.of(create_order(context.ordering, context.actor, input.to_ask()))
