"""Say where a draft's items are delivered: a validated address, for the order or for one item."""

from dataclasses import dataclass, replace

from app.domain.actor import Actor
from app.domain.order import PlaceRef, ProductOrder
from app.ordering.change_item import no_such_item, replace_item
from app.ordering.drafts import edit_draft
from app.ordering.ordering import OrderAsk, Ordering
from app.ordering.outcomes import Outcome, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlace(OrderAsk):
    """The address (TMF673 id); `item_id` None: for every item that has none of its own."""

    place_id: str
    item_id: str | None = None


async def set_place(ordering: Ordering, actor: Actor, ask: SetPlace) -> Outcome:
    """The draft at its place, refused when the place cannot be served. Raises BackendFailure, NotPermitted."""
    place = PlaceRef(id=ask.place_id, label=ask.place_id)

    def edit(order: ProductOrder) -> ProductOrder | Refusal:
        if ask.item_id is None:
            return replace(order, place=place)
        item = order.item(ask.item_id)
        if item is None:
            return no_such_item(ask.item_id)
        return replace_item(order, replace(item, place=place))

    def paths(order: ProductOrder) -> dict[str, str]:
        placed = (n for n, item in enumerate(order.items) if order.place_of(item) == place)
        return {"/placeId": "/placeId"} | {f"/items/{n}/placeId": "/placeId" for n in placed}

    return await edit_draft(
        ordering,
        actor,
        ask,
        edit,
        action="set the place",
        changed=(f"/items/{ask.item_id}/place" if ask.item_id else "/place",),
        summary="place set",
        input_paths=paths,
        needs=("address",),
    )
