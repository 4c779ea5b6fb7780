"""Take a complete order in one request."""

from dataclasses import replace

import strawberry
from strawberry import field

from app.domain.request import OrderRequest
from app.ordering.place import PlaceOrder, place_order
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.money import MoneyInput, money_in
from resolvers.types.order_input import OrderHeaderInput, PlacedOrderItemInput


@strawberry.input(description="A complete order: one line of a batch.")
class CompleteOrderInput(OrderHeaderInput):
    items: list[PlacedOrderItemInput] = field(description="Everything that is ordered.")
    accepted_charge: MoneyInput | None = field(
        default=None,
        description="What the customer accepts to pay for ending products before their term has run out, exactly.",
    )

    def to_order(self) -> OrderRequest:
        """The wished-for order as the domain has it."""
        wanted = self.to_request([item.with_slot() for item in self.items])
        return replace(wanted, accepted_charge=money_in(self.accepted_charge))


@strawberry.input(description="Input of placeProductOrder.")
class PlaceProductOrderInput(CompleteOrderInput):
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )

    def to_ask(self) -> PlaceOrder:
        """What the use case is asked."""
        return PlaceOrder(idempotency_key=self.idempotency_key, request=self.to_order())


@strawberry.type(description="Answer of placeProductOrder.")
class PlaceProductOrderPayload(OrderPayload):
    pass


async def place_product_order(info: Info, input: PlaceProductOrderInput) -> PlaceProductOrderPayload:
    context = info.context
    return await PlaceProductOrderPayload.of(place_order(context.ordering, context.actor, input.to_ask()))
