"""Have an owned product installed elsewhere: the old place stays in use until the new one is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.order import ItemAction, ItemRelationship, RelationshipType
from app.domain.request import ItemRequest, OrderRequest, Slot
from app.domain.violations import Violation, ViolationCode
from app.ordering.drafts import require
from app.ordering.ordering import Ask, Ordering, recall
from app.ordering.outcomes import Committed, NotFound, Outcome, Refusal, ValidationFailed, in_input
from app.ordering.place import place, preview_placement
from app.ordering.preview import Preview
from app.ordering.reach import reached


def _path(n: int) -> str:
    return f"/togetherWith/{n - 1}" if n else "/productId"


PATHS: Final = {
    "/items/0/slot": "/slot",
    "/items/0/appointment": "/slot",
    **{
        prefix: path
        for n in range(100)
        for prefix, path in (
            (f"/items/{n}/placeId", "/placeId"),
            (f"/items/{n}/productId", _path(n)),
            (f"/items/{n}", _path(n)),
        )
    },
}
"""Where what an order says of it stands in the input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveProduct(Ask):
    """What moves where, why, when the technician comes, and not before when. `together_with` goes along."""

    product_id: str
    place_id: str
    reason: str
    slot: Slot | None = None
    together_with: tuple[str, ...] = ()
    start_at: datetime | None = None


async def move_product(ordering: Ordering, actor: Actor, ask: MoveProduct) -> Outcome:
    """The order that moves it; the chosen time slot is held. Raises BackendFailure, NotPermitted."""
    require(actor, Right.TEND_PRODUCTS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    request = await _request(ordering, actor, ask)
    if not isinstance(request, OrderRequest):
        return request
    outcome = await place(ordering, actor, ask, request)
    return outcome if isinstance(outcome, Committed) else in_input(outcome, PATHS)


async def preview_move(ordering: Ordering, actor: Actor, ask: MoveProduct) -> Preview:
    """What `move_product` would do now. Changes nothing and holds no slot. Raises BackendFailure, NotPermitted."""
    request = await _request(ordering, actor, ask)
    if not isinstance(request, OrderRequest):
        return Preview(refusals=(request,))
    return (await preview_placement(ordering, actor, request)).in_input(PATHS)


async def _request(ordering: Ordering, actor: Actor, ask: MoveProduct) -> OrderRequest | Refusal:
    """The order for the products' owner: the first product, and what goes along relies on it. Raises BackendFailure."""
    ids = (ask.product_id, *ask.together_with)
    known = await ordering.backends.inventory.by_ids(ids)
    owners = known[ask.product_id].customer_ids if ask.product_id in known else ()
    owner = await reached(ordering, actor, owners)
    items: list[ItemRequest] = []
    for n, product_id in enumerate(ids):
        path, product = _path(n), known.get(product_id)
        if product is None or product.offering_id is None or owner is None or owner not in product.customer_ids:
            return NotFound(path, f"{path}: there is no product {product_id!r} (ownedProductKnown).")
        if product.place_id is None:
            message = (
                f"{path}: {product.name!r} is not installed anywhere; it goes where the customer goes (installed)."
            )
            return ValidationFailed((Violation("installed", path, ViolationCode.INVALID_VALUE, message),))
        items.append(
            ItemRequest(
                id=str(n + 1),
                offering_id=product.offering_id,
                action=ItemAction.MODIFY,
                product_id=product.id,
                place_id=ask.place_id,
                moved_from_id=product.place_id,
                slot=ask.slot if n == 0 else None,
                relationships=(ItemRelationship(RelationshipType.RELIES_ON, "1"),) if n else (),
            )
        )
    return OrderRequest(
        customer_id=owner or "",
        items=tuple(items),
        billing_account_id=known[ask.product_id].billing_account_id,
        description=ask.reason,
        requested_start_at=ask.start_at,
    )
