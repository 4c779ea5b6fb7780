"""Change an item of a draft: its quantity, its characteristics, its relationships."""

from dataclasses import dataclass, replace

from app.domain.actor import Actor
from app.domain.order import Characteristic, ItemRelationship, OrderItem, ProductOrder
from app.ordering.drafts import edit_draft
from app.ordering.ordering import OrderAsk, Ordering
from app.ordering.outcomes import NotFound, Outcome, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeItem(OrderAsk):
    """What the item becomes; None leaves a part as it is. Characteristics are merged by name."""

    item_id: str
    quantity: int | None = None
    characteristics: tuple[Characteristic, ...] | None = None
    relationships: tuple[ItemRelationship, ...] | None = None


async def change_item(ordering: Ordering, actor: Actor, ask: ChangeItem) -> Outcome:
    """The draft with the item changed. Raises BackendFailure, NotPermitted."""

    def edit(order: ProductOrder) -> ProductOrder | Refusal:
        item = order.item(ask.item_id)
        if item is None:
            return no_such_item(ask.item_id)
        return replace_item(order, _changed(item, ask))

    def paths(order: ProductOrder) -> dict[str, str]:
        return {f"/items/{n}": "" for n, item in enumerate(order.items) if item.id == ask.item_id}

    return await edit_draft(
        ordering,
        actor,
        ask,
        edit,
        action="change an item",
        changed=(f"/items/{ask.item_id}",),
        summary=f"item {ask.item_id} changed",
        input_paths=paths,
        needs=("catalog",),
    )


def no_such_item(item_id: str) -> NotFound:
    """The refusal for an item that the order does not have."""
    return NotFound("/itemId", f"/itemId: the order has no item {item_id!r} (itemKnown).")


def replace_item(order: ProductOrder, changed: OrderItem) -> ProductOrder:
    """The order with this item in place of the one with its id."""
    return replace(order, items=tuple(changed if item.id == changed.id else item for item in order.items))


def _changed(item: OrderItem, ask: ChangeItem) -> OrderItem:
    characteristics = {c.name: c for c in (*item.characteristics, *(ask.characteristics or ()))}
    return replace(
        item,
        quantity=item.quantity if ask.quantity is None else ask.quantity,
        characteristics=tuple(characteristics.values()),
        relationships=item.relationships if ask.relationships is None else ask.relationships,
    )
