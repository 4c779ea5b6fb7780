"""Check out a shopping cart (TMF663): what is in it, and not saved for later, becomes a draft."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.domain.access import Right, is_customer
from app.domain.actor import Actor, Role
from app.domain.order import Characteristic, ExternalId, ItemAction, ItemRelationship, RelationshipType
from app.domain.request import ItemRequest, OrderRequest
from app.domain.violations import Violation, ViolationCode, relocated
from app.ordering.create import start_draft
from app.ordering.drafts import require
from app.ordering.ordering import Ask, Ordering, recall
from app.ordering.outcomes import ExternalIdTaken, NotFound, Outcome, ValidationFailed
from connectors.cart import Cart, CartItem

OWNER: Final = "shoppingCart"
TYPE: Final = "cart"
RELATIONSHIPS: Final = {
    **{known.lower(): known for known in RelationshipType},
    "relyon": RelationshipType.RELIES_ON,
    "dependenton": RelationshipType.DEPENDS_ON,
}
"""How carts call a relationship, without regard to case: TMF663 leaves the words open and has two of its own."""

IN_CART: Final = {
    "offeringId": "productOffering/id",
    "productId": "product/id",
    "placeId": "product/place",
    "characteristics": "product/characteristic",
    "relationships": "cartItemRelationship",
}
"""Where the parts of an order item stand in a cart item, when they are called otherwise there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutCart(Ask):
    """Which cart; `customer_id` says whose, when the cart does not."""

    cart_id: str
    customer_id: str | None = None


async def checkout_cart(ordering: Ordering, actor: Actor, ask: CheckoutCart) -> Outcome:
    """A draft of the cart's active items. A cart becomes one order only, which has the cart's id as an external id.

    Raises BackendFailure when the cart or a fact that the decision needs is out of reach, NotPermitted.
    """
    require(actor, Right.WRITE_ORDERS)
    # before the cart is looked at: it may have changed since, or be gone, and the order is still the first result
    if earlier := await recall(ordering, actor, ask):
        return earlier
    cart = await ordering.backends.channels.cart(ask.cart_id)
    if cart is None or (cart.customer_id is not None and not is_customer(actor, cart.customer_id)):
        return NotFound("/cartId", f"/cartId: there is no shopping cart {ask.cart_id!r} (cartKnown).")
    own = actor.party if actor.role is Role.CUSTOMER else None
    customer_id = cart.customer_id or ask.customer_id or own
    items = tuple(item for item in cart.items if item.active)
    breaches = tuple(_breaches(cart, ask, customer_id, items))
    if breaches or customer_id is None:
        return ValidationFailed(breaches)
    return _in_cart(await start_draft(ordering, actor, ask, _request(cart, customer_id, items)), items)


def _breaches(cart: Cart, ask: CheckoutCart, customer_id: str | None, items: Sequence[CartItem]) -> Iterable[Violation]:
    """What makes it impossible to say which order the cart means."""
    if customer_id is None:
        message = f"nobody is named in cart {cart.id!r}; name the customer"
        yield _breach("cartCustomer", "/customerId", ViolationCode.MISSING_PROPERTY, message)
    elif ask.customer_id not in (None, customer_id):
        message = f"cart {cart.id!r} is not of customer {ask.customer_id!r}"
        yield _breach("cartCustomer", "/customerId", ViolationCode.INVALID_VALUE, message)
    if not items:
        message = f"cart {cart.id!r} has no active item; put something into it"
        yield _breach("cartNotEmpty", "/cartId", ViolationCode.MISSING_PROPERTY, message)
    for item in items:
        for n, relationship in enumerate(item.relationships):
            if relationship.type.lower() not in RELATIONSHIPS:
                path = f"{item.path}/cartItemRelationship/{n}/relationshipType"
                message = f"{relationship.type!r} is none of {', '.join(sorted(RelationshipType))}"
                yield _breach("cartRelationshipKnown", path, ViolationCode.INVALID_VALUE, message)


def _breach(rule: str, path: str, code: ViolationCode, message: str) -> Violation:
    return Violation(rule, path, code, f"{path}: {message} ({rule}).")


def _request(cart: Cart, customer_id: str, items: Sequence[CartItem]) -> OrderRequest:
    return OrderRequest(
        customer_id=customer_id,
        items=tuple(_item(item) for item in items),
        external_ids=(ExternalId(owner=OWNER, type=TYPE, id=cart.id),),
    )


def _item(item: CartItem) -> ItemRequest:
    return ItemRequest(
        # an item that names no offering is refused like one that names an unknown one
        offering_id=item.offering_id or "",
        id=item.id,
        action=ItemAction(item.action),
        quantity=item.quantity,
        characteristics=tuple(Characteristic(name, value) for name, value in item.characteristics),
        relationships=tuple(ItemRelationship(RELATIONSHIPS[r.type.lower()], r.item_id) for r in item.relationships),
        place_id=item.place_id,
        product_id=item.product_id,
    )


def _in_cart(outcome: Outcome, items: Sequence[CartItem]) -> Outcome:
    """The outcome, what refuses it told where it stands in the cart."""
    match outcome:
        case ExternalIdTaken():
            return replace(outcome, path="/cartId")
        case ValidationFailed(found):
            return ValidationFailed(relocated(found, _paths(items)))
        case _:
            return outcome


def _paths(items: Sequence[CartItem]) -> dict[str, str]:
    """Where the parts of the order stand in the cart, the closer ones first."""
    paths = {"/externalIds/0": "/cartId"}
    for n, item in enumerate(items):
        paths |= {f"/items/{n}/{part}": f"{item.path}/{there}" for part, there in IN_CART.items()}
        paths[f"/items/{n}"] = item.path
    return paths | {"/items": "/cartItem"}
