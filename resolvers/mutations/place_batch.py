"""Take many complete orders at once."""

import strawberry
from strawberry import field

from app.ordering.batch import BatchTaken, Line, PlaceOrders
from app.ordering.batch import place_orders as take
from resolvers.context import Info
from resolvers.errors import UserError, user_error
from resolvers.fields import described
from resolvers.mutations.place import CompleteOrderInput
from resolvers.types.batch import ProductOrderBatch


@strawberry.input(description="Input of placeProductOrders.")
class PlaceProductOrdersInput:
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )
    orders: list[CompleteOrderInput] = field(description="The orders, each a line of the batch.")


@strawberry.type(description="Answer of placeProductOrders.")
class PlaceProductOrdersPayload:
    batch: ProductOrderBatch | None = field(description="The batch; null when it was refused as a whole.")
    errors: list[UserError] = field(description="Why it was refused; when there is any, nothing was changed.")
    replayed: bool = field(description="Whether the key had been used before, and this is the first result again.")


async def place_product_orders(info: Info, input: PlaceProductOrdersInput) -> PlaceProductOrdersPayload:
    context = info.context
    lines: tuple[Line, ...] = tuple(order.to_order() for order in input.orders)
    ask = PlaceOrders(idempotency_key=input.idempotency_key, lines=lines)
    match await take(context.ordering, context.actor, ask, most=context.batch_lines):
        case BatchTaken(batch, replayed):
            return PlaceProductOrdersPayload(
                batch=described(batch),
                errors=[],
                replayed=replayed,
            )
        case refusal:
            return PlaceProductOrdersPayload(batch=None, errors=[user_error(refusal)], replayed=False)
