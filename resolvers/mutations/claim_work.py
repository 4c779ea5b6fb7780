"""Say who sees to work that waits for people, and give it back."""

import strawberry
from strawberry import field

from app.ordering import claim_work as work
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of claimWork.")
class ClaimWorkInput(OrderChangeInput):
    task_id: strawberry.ID | None = field(
        default=None, description="The task that you see to; null: the cancellation that is being assessed."
    )


@strawberry.input(description="Input of releaseWork.")
class ReleaseWorkInput(OrderChangeInput):
    task_id: strawberry.ID | None = field(
        default=None, description="The task that you give back; null: the cancellation that is being assessed."
    )


@strawberry.type(description="Answer of claimWork.")
class ClaimWorkPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of releaseWork.")
class ReleaseWorkPayload(OrderPayload):
    pass


async def claim_work(info: Info, input: ClaimWorkInput) -> ClaimWorkPayload:
    context = info.context
    ask = work.ClaimWork(
        order_id=input.order_id,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
        task_id=input.task_id,
    )
    return await ClaimWorkPayload.of(work.claim_work(context.ordering, context.actor, ask))


async def release_work(info: Info, input: ReleaseWorkInput) -> ReleaseWorkPayload:
    context = info.context
    ask = work.ReleaseWork(
        order_id=input.order_id,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
        task_id=input.task_id,
    )
    return await ReleaseWorkPayload.of(work.release_work(context.ordering, context.actor, ask))
