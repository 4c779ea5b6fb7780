"""TMF663 shoppingCart v4: what a customer put together in a shop, as it is on the wire and as values."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from connectors import parties
from connectors.wire import PlaceRef, Ref, RelatedParty, text_of

ACTIVE: Final = "active"
BUNDLES: Final = "bundles"
"""How a cart item is related to those inside it."""

Action = Literal["add", "modify", "delete", "noChange"]


class CartRelationship(msgspec.Struct, frozen=True):
    """The item is related to the item `item_id` of the same cart; the standard leaves the words of `type` open."""

    type: str
    item_id: str


class CartItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item. `path` is where it stands in the cart; `active` False: it is saved for later, or inside what is."""

    id: str
    path: str
    action: Action
    active: bool
    quantity: int = 1
    offering_id: str | None = None
    product_id: str | None = None
    place_id: str | None = None
    characteristics: tuple[tuple[str, str], ...] = ()
    relationships: tuple[CartRelationship, ...] = ()


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """A cart, its items in one list: one that is inside another follows it. No customer: nobody signed in yet."""

    id: str
    items: tuple[CartItem, ...] = ()
    customer_id: str | None = None


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class _Product(msgspec.Struct, rename="camel"):
    id: str | None = None
    characteristic: list[_Characteristic] = []
    product_characteristic: list[_Characteristic] = []
    place: list[PlaceRef] = []


class _Relationship(msgspec.Struct, rename="camel"):
    id: str
    relationship_type: str


class _Item(msgspec.Struct, rename="camel"):
    id: str
    action: Action = "add"
    status: str = ACTIVE
    quantity: int = 1
    product: _Product = msgspec.field(default_factory=_Product)
    product_offering: Ref | None = None
    cart_item: "list[_Item]" = []
    cart_item_relationship: list[_Relationship] = []


class WireCart(msgspec.Struct, rename="camel"):
    """TMF663 ShoppingCart."""

    id: str
    cart_item: list[_Item] = []
    related_party: list[RelatedParty] = []


def read_cart(wire: WireCart) -> Cart:
    """The cart."""
    customers = parties.customers(wire.related_party)
    return Cart(
        id=wire.id,
        items=tuple(_items(wire.cart_item, "", active=True)),
        customer_id=customers[0] if customers else None,
    )


def _items(wires: Iterable[_Item], inside: str, *, active: bool) -> Iterable[CartItem]:
    for n, wire in enumerate(wires):
        path, here = f"{inside}/cartItem/{n}", active and wire.status == ACTIVE
        yield _item(wire, path, active=here)
        yield from _items(wire.cart_item, path, active=here)


def _item(wire: _Item, path: str, *, active: bool) -> CartItem:
    product = wire.product
    return CartItem(
        id=wire.id,
        path=path,
        action=wire.action,
        active=active,
        quantity=wire.quantity,
        offering_id=wire.product_offering.id if wire.product_offering else None,
        product_id=product.id,
        place_id=next((place.place_id for place in product.place if place.place_id), None),
        characteristics=tuple(
            (c.name, text_of(c.value))
            for c in (*product.characteristic, *product.product_characteristic)
            if c.value is not None
        ),
        relationships=(
            *(CartRelationship(r.relationship_type, r.id) for r in wire.cart_item_relationship),
            *(CartRelationship(BUNDLES, part.id) for part in wire.cart_item if part.status == ACTIVE),
        ),
    )
