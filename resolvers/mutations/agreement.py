"""Have a contract drawn up, and signed."""

import strawberry
from strawberry import field

from app.ordering.agreement import PrepareAgreement, SignAgreement, prepare_agreement, sign_agreement
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of prepareProductOrderAgreement.")
class PrepareProductOrderAgreementInput(OrderChangeInput):
    def to_ask(self) -> PrepareAgreement:
        """What the use case is asked."""
        return PrepareAgreement(
            order_id=self.order_id, expected_version=self.expected_version, idempotency_key=self.idempotency_key
        )


@strawberry.type(description="Answer of prepareProductOrderAgreement.")
class PrepareProductOrderAgreementPayload(OrderPayload):
    pass


async def prepare_product_order_agreement(
    info: Info, input: PrepareProductOrderAgreementInput
) -> PrepareProductOrderAgreementPayload:
    context = info.context
    return await PrepareProductOrderAgreementPayload.of(
        prepare_agreement(context.ordering, context.actor, input.to_ask())
    )


@strawberry.input(description="Input of signProductOrderAgreement.")
class SignProductOrderAgreementInput(OrderChangeInput):
    signed_by: str = field(description="Who signed, as the name reads.")

    def to_ask(self) -> SignAgreement:
        """What the use case is asked."""
        return SignAgreement(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            signed_by=self.signed_by,
        )


@strawberry.type(description="Answer of signProductOrderAgreement.")
class SignProductOrderAgreementPayload(OrderPayload):
    pass


async def sign_product_order_agreement(
    info: Info, input: SignProductOrderAgreementInput
) -> SignProductOrderAgreementPayload:
    context = info.context
    return await SignProductOrderAgreementPayload.of(sign_agreement(context.ordering, context.actor, input.to_ask()))
