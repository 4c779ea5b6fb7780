"""Decide what becomes of a task that could not be done."""

import strawberry
from strawberry import field

from app.ordering.resolve_fallout import ResolveFallout
from app.ordering.resolve_fallout import resolve_fallout as decide
from resolvers.context import Info
from resolvers.enums import FalloutAction
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of resolveFallout.")
class ResolveFalloutInput(OrderChangeInput):
    task_id: strawberry.ID = field(description="The task.")
    action: FalloutAction = field(description="What becomes of it.")
    reason: str = field(description="Why; it is kept with the order.")

    def to_ask(self) -> ResolveFallout:
        """What the use case is asked."""
        return ResolveFallout(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            task_id=self.task_id,
            action=self.action,
            reason=self.reason,
        )


@strawberry.type(description="Answer of resolveFallout.")
class ResolveFalloutPayload(OrderPayload):
    pass


async def resolve_fallout(info: Info, input: ResolveFalloutInput) -> ResolveFalloutPayload:
    context = info.context
    return await ResolveFalloutPayload.of(decide(context.ordering, context.actor, input.to_ask()))
