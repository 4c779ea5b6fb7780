"""Say how a draft is paid."""

import strawberry
from strawberry import field

from app.ordering.set_payment import SetPayment, set_payment
from resolvers.context import Info
from resolvers.ids import key_of
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of setProductOrderPayment.")
class SetProductOrderPaymentInput(OrderChangeInput):
    payment_method_id: strawberry.ID | None = field(
        default=None,
        description="For what is due before delivery: a payment method of the customer, or `cash`; null: as it is.",
    )
    billing_account_id: strawberry.ID | None = field(
        default=None, description="For everything else: a billing account, id or key; null: as it is."
    )

    def to_ask(self) -> SetPayment:
        """What the use case is asked."""
        return SetPayment(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            payment_method_id=self.payment_method_id,
            billing_account_id=key_of(self.billing_account_id, "BillingAccount") if self.billing_account_id else None,
        )


@strawberry.type(description="Answer of setProductOrderPayment.")
class SetProductOrderPaymentPayload(OrderPayload):
    pass


async def set_product_order_payment(info: Info, input: SetProductOrderPaymentInput) -> SetProductOrderPaymentPayload:
    context = info.context
    return await SetProductOrderPaymentPayload.of(set_payment(context.ordering, context.actor, input.to_ask()))
