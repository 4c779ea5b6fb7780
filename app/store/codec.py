"""How stored values look: the domain's dataclasses as JSON, exact to the decimal and the microsecond."""

from typing import TypeVar

import msgspec

from app.domain.order import ProductOrder
from app.domain.plan import Plan
from app.domain.states import TASK_ENDED

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_decoders: dict[type, msgspec.json.Decoder[object]] = {}


def encode(value: object) -> bytes:
    """The value as JSON."""
    return _encoder.encode(value)


def decode(data: bytes | str, shape: type[T]) -> T:
    """The value of this shape from its JSON."""
    decoder = _decoders.get(shape)
    if decoder is None:
        decoder = _decoders[shape] = msgspec.json.Decoder(shape)
    return decoder.decode(data)  # type: ignore[return-value]  # the decoder was made for this shape


def awaited_orders(plan: Plan) -> tuple[str, ...]:
    """The orders that tasks of the plan still have to await."""
    open_tasks = (task for task in plan.tasks if task.awaits and task.state not in TASK_ENDED)
    return tuple(sorted({order_id for task in open_tasks for order_id in task.awaits}))


def offering_words(order: ProductOrder) -> str:
    """What a search for an offering's text looks into: names and ids of what is ordered, without regard to case."""
    return "\n".join(text for item in order.items for text in (item.offering_name, item.offering_id)).casefold()
