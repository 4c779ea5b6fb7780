"""Have an owned product installed elsewhere."""

from datetime import datetime

import strawberry
from strawberry import field

from app.ordering.move import MoveProduct
from app.ordering.move import move_product as move
from resolvers.context import Info
from resolvers.ids import key_of, keys_of
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import TimeSlotInput


@strawberry.input(description="What moves where.")
class MoveInput:
    product_id: strawberry.ID = field(description="The product: id or key.")
    place_id: strawberry.ID = field(description="Where it goes: a validated address, id or key.")
    reason: str = field(description="Why; it is kept with the order.")
    slot: TimeSlotInput | None = field(
        default=None, description="When the technician shall come to the new place, when one has to."
    )
    together_with: list[strawberry.ID] | None = field(
        default=None, description="Other products, id or key, that go along because they rely on it."
    )
    start_at: datetime | None = field(default=None, description="Not to be begun before; null: now.")

    def to_ask(self, idempotency_key: str = "") -> MoveProduct:
        """What the use case is asked; a preview has no key."""
        return MoveProduct(
            idempotency_key=idempotency_key,
            product_id=key_of(self.product_id, "Product"),
            place_id=key_of(self.place_id, "GeographicAddress"),
            reason=self.reason,
            slot=self.slot.to_slot() if self.slot else None,
            together_with=keys_of(self.together_with, "Product"),
            start_at=self.start_at,
        )


@strawberry.input(description="Input of moveProduct.")
class MoveProductInput(MoveInput):
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )


@strawberry.type(description="Answer of moveProduct: the order that does it.")
class MoveProductPayload(OrderPayload):
    pass


async def move_product(info: Info, input: MoveProductInput) -> MoveProductPayload:
    context = info.context
    ask = input.to_ask(input.idempotency_key)
    return await MoveProductPayload.of(move(context.ordering, context.actor, ask))
