"""Give a draft up."""

import strawberry
from strawberry import field

from app.ordering.discard import DiscardOrder, discard_order
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of discardProductOrder.")
class DiscardProductOrderInput(OrderChangeInput):
    reason: str = field(description="Why; it is kept with the order.")

    def to_ask(self) -> DiscardOrder:
        """What the use case is asked."""
        return DiscardOrder(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            reason=self.reason,
        )


@strawberry.type(description="Answer of discardProductOrder.")
class DiscardProductOrderPayload(OrderPayload):
    pass


async def discard_product_order(info: Info, input: DiscardProductOrderInput) -> DiscardProductOrderPayload:
    context = info.context
    return await DiscardProductOrderPayload.of(discard_order(context.ordering, context.actor, input.to_ask()))
