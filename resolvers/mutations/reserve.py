"""Reserve a number or a SIM."""

import strawberry
from strawberry import field

from app.ordering.reserve import ReserveResource, reserve_resource
from resolvers.context import Info
from resolvers.enums import ResourceKind
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of reserveProductOrderResource.")
class ReserveProductOrderResourceInput(OrderChangeInput):
    item_id: strawberry.ID = field(description="The item that it is for.")
    kind: ResourceKind = field(description="What is reserved.")
    value: str | None = field(default=None, description="Which one, as `availableResources` lists them; null: any.")

    def to_ask(self) -> ReserveResource:
        """What the use case is asked."""
        return ReserveResource(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            item_id=self.item_id,
            kind=self.kind,
            value=self.value,
        )


@strawberry.type(description="Answer of reserveProductOrderResource.")
class ReserveProductOrderResourcePayload(OrderPayload):
    pass


async def reserve_product_order_resource(
    info: Info, input: ReserveProductOrderResourceInput
) -> ReserveProductOrderResourcePayload:
    context = info.context
    return await ReserveProductOrderResourcePayload.of(
        reserve_resource(context.ordering, context.actor, input.to_ask())
    )
