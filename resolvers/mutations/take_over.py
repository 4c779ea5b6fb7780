"""Carry a draft on in another channel."""

import strawberry

from app.ordering.take_over import TakeOver, take_over
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of takeOverProductOrder.")
class TakeOverProductOrderInput(OrderChangeInput):
    def to_ask(self) -> TakeOver:
        """What the use case is asked."""
        return TakeOver(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
        )


@strawberry.type(description="Answer of takeOverProductOrder.")
class TakeOverProductOrderPayload(OrderPayload):
    pass


async def take_over_product_order(info: Info, input: TakeOverProductOrderInput) -> TakeOverProductOrderPayload:
    context = info.context
    return await TakeOverProductOrderPayload.of(take_over(context.ordering, context.actor, input.to_ask()))
