"""Publish a draft."""

import strawberry
from strawberry import field

from app.ordering.submit import SubmitOrder, submit_order
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.money import MoneyInput, money_in
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of submitProductOrder.")
class SubmitProductOrderInput(OrderChangeInput):
    accepted_charge: MoneyInput | None = field(
        default=None,
        description="What the customer accepts to pay for ending products before their term has run out, exactly.",
    )

    def to_ask(self) -> SubmitOrder:
        """What the use case is asked."""
        return SubmitOrder(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            accepted_charge=money_in(self.accepted_charge),
        )


@strawberry.type(description="Answer of submitProductOrder.")
class SubmitProductOrderPayload(OrderPayload):
    pass


async def submit_product_order(info: Info, input: SubmitProductOrderInput) -> SubmitProductOrderPayload:
    context = info.context
    return await SubmitProductOrderPayload.of(submit_order(context.ordering, context.actor, input.to_ask()))
