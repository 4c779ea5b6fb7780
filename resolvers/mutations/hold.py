"""Hold an order, and let it go on."""

import strawberry
from strawberry import field

from app.ordering import hold
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of holdProductOrder.")
class HoldProductOrderInput(OrderChangeInput):
    reason: str = field(description="Why; it is kept with the order.")

    def to_ask(self) -> hold.HoldOrder:
        """What the use case is asked."""
        return hold.HoldOrder(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            reason=self.reason,
        )


@strawberry.type(description="Answer of holdProductOrder.")
class HoldProductOrderPayload(OrderPayload):
    pass


async def hold_order(info: Info, input: HoldProductOrderInput) -> HoldProductOrderPayload:
    context = info.context
    return await HoldProductOrderPayload.of(hold.hold_order(context.ordering, context.actor, input.to_ask()))


@strawberry.input(description="Input of releaseProductOrder.")
class ReleaseProductOrderInput(OrderChangeInput):
    reason: str = field(description="Why; it is kept with the order.")

    def to_ask(self) -> hold.ReleaseOrder:
        """What the use case is asked."""
        return hold.ReleaseOrder(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            reason=self.reason,
        )


@strawberry.type(description="Answer of releaseProductOrder.")
class ReleaseProductOrderPayload(OrderPayload):
    pass


async def release_order(info: Info, input: ReleaseProductOrderInput) -> ReleaseProductOrderPayload:
    context = info.context
    return await ReleaseProductOrderPayload.of(hold.release_order(context.ordering, context.actor, input.to_ask()))
