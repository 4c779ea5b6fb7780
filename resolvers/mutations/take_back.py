"""Take back a completed order."""

import strawberry
from strawberry import field

from app.ordering.take_back import TakeOrderBack, take_back_order
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.money import MoneyInput, money_in
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of takeBackProductOrder.")
class TakeBackProductOrderInput(OrderChangeInput):
    reason: str = field(description="Why; it is kept with the order that takes it back.")
    accepted_charge: MoneyInput | None = field(
        default=None, description="What the customer accepts to pay for it, as previewTakeBack says."
    )

    def to_ask(self) -> TakeOrderBack:
        """What the use case is asked."""
        return TakeOrderBack(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            reason=self.reason,
            accepted_charge=money_in(self.accepted_charge),
        )


@strawberry.type(description="Answer of takeBackProductOrder: the order that takes the other one back.")
class TakeBackProductOrderPayload(OrderPayload):
    pass


async def take_back_product_order(info: Info, input: TakeBackProductOrderInput) -> TakeBackProductOrderPayload:
    context = info.context
    return await TakeBackProductOrderPayload.of(take_back_order(context.ordering, context.actor, input.to_ask()))
