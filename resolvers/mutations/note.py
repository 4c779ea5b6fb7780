"""Add a remark to an order."""

import strawberry
from strawberry import field

from app.ordering.note import AddNote, add_note
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="Input of addProductOrderNote.")
class AddProductOrderNoteInput(OrderChangeInput):
    text: str = field(description="The remark, up to 2,000 characters.")
    internal: bool = field(default=False, description="Whether it is for the operator's own people only.")

    def to_ask(self) -> AddNote:
        """What the use case is asked."""
        return AddNote(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            text=self.text,
            internal=self.internal,
        )


@strawberry.type(description="Answer of addProductOrderNote.")
class AddProductOrderNotePayload(OrderPayload):
    pass


async def add(info: Info, input: AddProductOrderNoteInput) -> AddProductOrderNotePayload:
    context = info.context
    return await AddProductOrderNotePayload.of(add_note(context.ordering, context.actor, input.to_ask()))
