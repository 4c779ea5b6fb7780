"""Publish a draft."""

import strawberry

from app.ordering.submit import SubmitOrder, submit_order
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of submitProductOrder.")
class SubmitProductOrderInput(OrderChangeInput):
    def to_ask(self) -> SubmitOrder:
        """What the use case is asked."""
        return SubmitOrder(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
        )


@strawberry.type(description="Answer of submitProductOrder.")
class SubmitProductOrderPayload(OrderPayload):
    pass


async def submit_product_order(info: Info, input: SubmitProductOrderInput) -> SubmitProductOrderPayload:
    context = info.context
    return await SubmitProductOrderPayload.of(submit_order(context.ordering, context.actor, input.to_ask()))
