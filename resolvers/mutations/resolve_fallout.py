"""Decide what becomes of a task that could not be done."""

import strawberry
from strawberry import field

from app.ordering.resolve_fallout import ResolveFallout
from app.ordering.resolve_fallout import resolve_fallout as decide
from resolvers.context import Info
from resolvers.enums import FalloutDecision
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import CharacteristicInput, OrderChangeInput, characteristics_in


@strawberry.input(description="Input of resolveFallout.")
class ResolveFalloutInput(OrderChangeInput):
    task_id: strawberry.ID = field(description="The task.")
    action: FalloutDecision = field(description="What becomes of it.")
    reason: str = field(description="Why; it is kept with the order.")
    item_id: strawberry.ID | None = field(
        default=None, description="The item whose data are mended; null: the only one that the task serves."
    )
    characteristics: list[CharacteristicInput] | None = field(
        default=None,
        description="With FIX_DATA_AND_RETRY: what is put in place of the item's. The catalog has to allow it.",
    )

    def to_ask(self) -> ResolveFallout:
        """What the use case is asked."""
        return ResolveFallout(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            task_id=self.task_id,
            action=self.action,
            reason=self.reason,
            item_id=self.item_id,
            characteristics=characteristics_in(self.characteristics),
        )


@strawberry.type(description="Answer of resolveFallout.")
class ResolveFalloutPayload(OrderPayload):
    pass


async def resolve_fallout(info: Info, input: ResolveFalloutInput) -> ResolveFalloutPayload:
    context = info.context
    return await ResolveFalloutPayload.of(decide(context.ordering, context.actor, input.to_ask()))
