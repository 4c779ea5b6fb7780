"""Say whether what people were asked about may be cancelled."""

import strawberry
from strawberry import field

from app.ordering.decide_cancellation import DecideCancellation
from app.ordering.decide_cancellation import decide_cancellation as decide
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of decideCancellation.")
class DecideCancellationInput(OrderChangeInput):
    accept: bool = field(description="Whether it may be cancelled.")
    reason: str = field(description="Why; it is kept with the order.")


@strawberry.type(description="Answer of decideCancellation.")
class DecideCancellationPayload(OrderPayload):
    pass


async def decide_cancellation(info: Info, input: DecideCancellationInput) -> DecideCancellationPayload:
    context = info.context
    ask = DecideCancellation(
        order_id=input.order_id,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
        accept=input.accept,
        reason=input.reason,
    )
    return await DecideCancellationPayload.of(decide(context.ordering, context.actor, ask))
