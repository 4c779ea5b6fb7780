"""Cancel an order or items of it."""

import strawberry
from strawberry import field

from app.ordering.cancel import CancelOrder
from app.ordering.cancel import cancel_order as cancel
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.money import MoneyInput, money_in
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of cancelProductOrder.")
class CancelProductOrderInput(OrderChangeInput):
    reason: str = field(description="Why; it is kept with the order.")
    item_ids: list[strawberry.ID] | None = field(default=None, description="Which items; null: the whole order.")
    accepted_charge: MoneyInput | None = field(
        default=None, description="What the customer accepts to pay for it, as previewCancellation says."
    )
    request_assessment: bool = field(
        default=False,
        description="Have people say whether it may be cancelled, even when it has come too far; nothing more of it is "
        "begun meanwhile. Nobody having said so within three days, it goes on as before.",
    )

    def to_ask(self) -> CancelOrder:
        """What the use case is asked."""
        return CancelOrder(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            reason=self.reason,
            item_ids=None if self.item_ids is None else tuple(self.item_ids),
            accepted_charge=money_in(self.accepted_charge),
            request_assessment=self.request_assessment,
        )


@strawberry.type(description="Answer of cancelProductOrder.")
class CancelProductOrderPayload(OrderPayload):
    pass


async def cancel_order(info: Info, input: CancelProductOrderInput) -> CancelProductOrderPayload:
    context = info.context
    return await CancelProductOrderPayload.of(cancel(context.ordering, context.actor, input.to_ask()))
