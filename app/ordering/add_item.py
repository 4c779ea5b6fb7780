"""Put one more item into a draft."""

from dataclasses import dataclass

from app.domain.actor import Actor
from app.domain.order import ProductOrder
from app.domain.request import ItemRequest, with_item
from app.ordering.drafts import edit_draft
from app.ordering.ordering import OrderAsk, Ordering
from app.ordering.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class AddItem(OrderAsk):
    """One more item."""

    item: ItemRequest


async def add_item(ordering: Ordering, actor: Actor, ask: AddItem) -> Outcome:
    """The draft with the item. Raises BackendFailure, NotPermitted."""

    def last(order: ProductOrder) -> dict[str, str]:
        return {f"/items/{len(order.items) - 1}": "/item"}

    return await edit_draft(
        ordering,
        actor,
        ask,
        lambda order: with_item(order, ask.item),
        action="add an item",
        changed=("/items",),
        summary=f"item {ask.item.offering_id} added",
        input_paths=last,
        needs=("catalog",),
    )
