"""Take an item out of a draft, and every relationship with it."""

from dataclasses import dataclass, replace

from app.domain.actor import Actor
from app.domain.order import OrderItem, ProductOrder
from app.ordering.change_item import no_such_item
from app.ordering.discard import give_all_back
from app.ordering.drafts import edit_draft
from app.ordering.ordering import OrderAsk, Ordering
from app.ordering.outcomes import Committed, Outcome, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveItem(OrderAsk):
    """One item less."""

    item_id: str


async def remove_item(ordering: Ordering, actor: Actor, ask: RemoveItem) -> Outcome:
    """The draft without the item; what is held for it is given back. Raises BackendFailure, NotPermitted."""
    removed: list[OrderItem] = []

    def edit(order: ProductOrder) -> ProductOrder | Refusal:
        item = order.item(ask.item_id)
        if item is None:
            return no_such_item(ask.item_id)
        removed.append(item)
        rest = (
            replace(item, relationships=tuple(r for r in item.relationships if r.item_id != ask.item_id))
            for item in order.items
            if item.id != ask.item_id
        )
        return replace(order, items=tuple(rest))

    outcome = await edit_draft(
        ordering,
        actor,
        ask,
        edit,
        action="remove an item",
        changed=("/items",),
        summary=f"item {ask.item_id} removed",
        input_paths=lambda _: {},
    )
    if isinstance(outcome, Committed):
        await give_all_back(ordering.backends, removed, unless_of=outcome.order.items)
    return outcome
