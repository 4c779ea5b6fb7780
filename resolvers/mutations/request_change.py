"""Ask for a change of an order under way, answer that, take it back."""

import strawberry
from strawberry import field

from app.ordering.request_change import (
    RequestChange,
    ResolveChangeRequest,
    WithdrawChangeRequest,
    request_change,
    resolve_change_request,
    withdraw_change_request,
)
from resolvers.context import Info
from resolvers.enums import ChangeRequestKind
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of requestProductOrderChange.")
class RequestProductOrderChangeInput(OrderChangeInput):
    kind: ChangeRequestKind = field(description="What kind of change is wished for.")
    wish: str = field(description="What is wished for, in words; up to 2,000 characters.")
    reason: str | None = field(default=None, description="Why; up to 2,000 characters.")


@strawberry.input(description="Input of resolveProductOrderChangeRequest.")
class ResolveProductOrderChangeRequestInput(OrderChangeInput):
    request_id: strawberry.ID = field(description="The request, by its id within the order.")
    accept: bool = field(description="Whether it is met. What is done about it is done by the other mutations.")
    answer: str = field(description="What the customer is to read; up to 2,000 characters.")
    led_to_version: int | None = field(
        default=None, description="The version of the order that came of it; only with a request that is accepted."
    )


@strawberry.input(description="Input of withdrawProductOrderChangeRequest.")
class WithdrawProductOrderChangeRequestInput(OrderChangeInput):
    request_id: strawberry.ID = field(description="The request, by its id within the order.")


@strawberry.type(description="Answer of requestProductOrderChange.")
class RequestProductOrderChangePayload(OrderPayload):
    pass


@strawberry.type(description="Answer of resolveProductOrderChangeRequest.")
class ResolveProductOrderChangeRequestPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of withdrawProductOrderChangeRequest.")
class WithdrawProductOrderChangeRequestPayload(OrderPayload):
    pass


async def request(info: Info, input: RequestProductOrderChangeInput) -> RequestProductOrderChangePayload:
    context = info.context
    ask = RequestChange(
        order_id=input.order_id,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
        kind=input.kind,
        wish=input.wish,
        reason=input.reason,
    )
    return await RequestProductOrderChangePayload.of(request_change(context.ordering, context.actor, ask))


async def resolve(info: Info, input: ResolveProductOrderChangeRequestInput) -> ResolveProductOrderChangeRequestPayload:
    context = info.context
    ask = ResolveChangeRequest(
        order_id=input.order_id,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
        request_id=input.request_id,
        accept=input.accept,
        answer=input.answer,
        led_to_version=input.led_to_version,
    )
    return await ResolveProductOrderChangeRequestPayload.of(
        resolve_change_request(context.ordering, context.actor, ask)
    )


async def withdraw(
    info: Info, input: WithdrawProductOrderChangeRequestInput
) -> WithdrawProductOrderChangeRequestPayload:
    context = info.context
    ask = WithdrawChangeRequest(
        order_id=input.order_id,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
        request_id=input.request_id,
    )
    return await WithdrawProductOrderChangeRequestPayload.of(
        withdraw_change_request(context.ordering, context.actor, ask)
    )
