"""Have the customer's credit assessed."""

import strawberry
from strawberry import field

from app.ordering.credit import AssessCredit, assess_credit
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of assessProductOrderCredit.")
class AssessProductOrderCreditInput(OrderChangeInput):
    consent: bool = field(description="That the customer agrees; the credit bureau is asked only with consent.")

    def to_ask(self) -> AssessCredit:
        """What the use case is asked."""
        return AssessCredit(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            consent=self.consent,
        )


@strawberry.type(description="Answer of assessProductOrderCredit.")
class AssessProductOrderCreditPayload(OrderPayload):
    pass


async def assess_product_order_credit(
    info: Info, input: AssessProductOrderCreditInput
) -> AssessProductOrderCreditPayload:
    context = info.context
    return await AssessProductOrderCreditPayload.of(assess_credit(context.ordering, context.actor, input.to_ask()))
