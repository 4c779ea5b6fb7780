"""Owned products become parts of another offering: what becomes of each, and what that means in money and time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import ceil
from typing import Final

from app.domain.catalog import Offering, PriceType
from app.domain.facts import OwnedProduct, QuoteFact
from app.domain.money import Money, sum_of
from app.domain.order import (
    Characteristic,
    ItemAction,
    ItemPrice,
    ItemRelationship,
    OrderItem,
    ProductOrder,
    QuoteItemRef,
    RelationshipType,
)
from app.domain.periods import end_of_term, months_of
from app.domain.pricing import charges_over_time, owned_prices
from app.domain.request import ItemRequest, Slot


class ComponentFate(StrEnum):
    """What becomes of a component."""

    KEEP = "keep"
    """It stays as it is."""
    SWAP = "swap"
    """It becomes another offering of the same product specification, and keeps its id."""
    DROP = "drop"
    """It ends."""
    ADD = "add"
    """It is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentWish:
    """A component that is wanted. `product_id` None: whichever owned product fits, or a new one."""

    offering_id: str
    product_id: str | None = None
    characteristics: tuple[Characteristic, ...] = ()
    place_id: str | None = None
    slot: Slot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component and what becomes of it. `path` is where it was asked for: a JSON pointer into the input."""

    fate: ComponentFate
    path: str
    wish: ComponentWish | None = None
    product: OwnedProduct | None = None


TARGET: Final = "/targetOfferingId"
ACTIONS: Final[Mapping[ComponentFate, ItemAction]] = {
    ComponentFate.KEEP: ItemAction.NO_CHANGE,
    ComponentFate.SWAP: ItemAction.MODIFY,
    ComponentFate.DROP: ItemAction.DELETE,
    ComponentFate.ADD: ItemAction.ADD,
}


def decide(
    target: Offering,
    products: Sequence[OwnedProduct],
    offerings: Mapping[str, Offering],
    wishes: Sequence[ComponentWish] | None,
) -> tuple[Part, ...]:
    """What becomes of the products when they become this offering, and what is new.

    Without wishes a bundle gets what it takes at least, and as many of the owned products as it takes. A product that
    is named for a component goes there; others go where the same offering is wanted, else where the product
    specification is the same, so that as many as possible keep their id. What goes nowhere ends.
    """
    wanted = list(wishes) if wishes is not None else list(_usual(target, products, offerings))
    taken: dict[int, OwnedProduct] = {}
    left = list(products)

    def take(n: int, product: OwnedProduct) -> None:
        taken[n] = product
        left.remove(product)

    for n, wish in enumerate(wanted):
        named = next((p for p in left if p.id == wish.product_id), None)
        if named is not None and _fits(named, wish, offerings):
            take(n, named)
    for fits in (_same_offering, _fits):
        for n, wish in enumerate(wanted):
            found = next((p for p in left if fits(p, wish, offerings)), None)
            if n not in taken and wish.product_id is None and found is not None:
                take(n, found)
    chosen = tuple(
        _part(wish, taken.get(n), f"/components/{n}" if wishes is not None else TARGET) for n, wish in enumerate(wanted)
    )
    numbers = {product.id: n for n, product in enumerate(products)}
    return (*chosen, *(Part(fate=ComponentFate.DROP, path=f"/productIds/{numbers[p.id]}", product=p) for p in left))


def _usual(
    target: Offering, products: Sequence[OwnedProduct], offerings: Mapping[str, Offering]
) -> Iterable[ComponentWish]:
    if not target.is_bundle:
        yield ComponentWish(offering_id=target.id)
        return
    for bundled in target.bundled:
        wish = ComponentWish(offering_id=bundled.offering_id)
        fitting = sum(_fits(product, wish, offerings) for product in products)
        yield from [wish] * min(max(bundled.lower_limit, fitting), bundled.upper_limit)


def _same_offering(product: OwnedProduct, wish: ComponentWish, _: Mapping[str, Offering]) -> bool:
    return product.offering_id == wish.offering_id


def _fits(product: OwnedProduct, wish: ComponentWish, offerings: Mapping[str, Offering]) -> bool:
    """Whether it can become what is wished for and stay the same product."""
    old, new = offerings.get(product.offering_id or ""), offerings.get(wish.offering_id)
    specifications = [offering.specification for offering in (old, new) if offering and offering.specification]
    return product.offering_id == wish.offering_id or (
        len(specifications) == 2 and specifications[0].id == specifications[1].id
    )


def _part(wish: ComponentWish, product: OwnedProduct | None, path: str) -> Part:
    if product is None:
        return Part(fate=ComponentFate.ADD, path=path, wish=wish)
    same = product.offering_id == wish.offering_id and not wish.characteristics
    return Part(fate=ComponentFate.KEEP if same else ComponentFate.SWAP, path=path, wish=wish, product=product)


def items_of(
    target: Offering, parts: Sequence[Part], quote: QuoteFact | None
) -> tuple[tuple[ItemRequest, ...], dict[str, str]]:
    """The items of the order that does it, and where each of them was asked for, by their paths in the order.

    A bundle is the first item and bundles what is kept, swapped and added. Each item is what the quote has of the same
    action and offering.
    """
    first = 2 if target.is_bundle else 1
    components = [_item(str(n), part) for n, part in enumerate(parts, first)]
    bundled = [item for item in components if item.action is not ItemAction.DELETE]
    head = ItemRequest(
        id="1",
        offering_id=target.id,
        relationships=tuple(ItemRelationship(RelationshipType.BUNDLES, item.id or "") for item in bundled),
    )
    items = (head, *components) if target.is_bundle else tuple(components)
    asked = (TARGET, *(part.path for part in parts)) if target.is_bundle else tuple(part.path for part in parts)
    return _quoted(items, quote), {f"/items/{n}": path for n, path in enumerate(asked)}


def _item(item_id: str, part: Part) -> ItemRequest:
    wish, product = part.wish, part.product
    return ItemRequest(
        id=item_id,
        offering_id=wish.offering_id if wish else (product.offering_id or "" if product else ""),
        action=ACTIONS[part.fate],
        product_id=product.id if product else None,
        characteristics=wish.characteristics if wish else (),
        place_id=product.place_id if product else (wish.place_id if wish else None),
        slot=wish.slot if wish else None,
    )


def _quoted(items: tuple[ItemRequest, ...], quote: QuoteFact | None) -> tuple[ItemRequest, ...]:
    if quote is None:
        return items
    left = dict(quote.items)

    def ref(item: ItemRequest) -> QuoteItemRef | None:
        found = next(
            (i for i, q in left.items() if (q.action, q.offering_id) == (item.action.value, item.offering_id)), None
        )
        return QuoteItemRef(quote_id=quote.id, id=found) if found is not None and left.pop(found) else None

    return tuple(replace(item, quote_item=ref(item)) for item in items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What becomes of one component, and what that costs, with tax; None: nothing of the kind."""

    item_id: str
    fate: ComponentFate
    offering_id: str
    offering_name: str
    product: OwnedProduct | None
    monthly_before: Money | None
    monthly_after: Money | None
    one_time: Money | None
    early_termination: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Before and after, all together. `commitment` is what the customer takes on until `commitment_ends_at`."""

    components: tuple[Compared, ...]
    monthly_before: Money | None
    monthly_after: Money | None
    one_time: Money | None
    early_termination: Money | None
    commitment: Money | None
    commitment_ends_at: datetime | None


FATES: Final = {action: fate for fate, action in ACTIONS.items()}


def compare(
    order: ProductOrder, owned: Sequence[OwnedProduct], offerings: Mapping[str, Offering], at: datetime
) -> Comparison:
    """What an order that repackages products, priced with what it costs to end some, means for who owns them."""
    had = {product.id: product for product in owned}
    components = tuple(_compared(item, had.get(item.product_id or ""), offerings, at) for item in order.items)
    return Comparison(
        components=components,
        monthly_before=sum_of(c.monthly_before for c in components if c.monthly_before),
        monthly_after=sum_of(c.monthly_after for c in components if c.monthly_after),
        one_time=sum_of(c.one_time for c in components if c.one_time),
        early_termination=sum_of(c.early_termination for c in components if c.early_termination),
        commitment=commitment(order),
        commitment_ends_at=commitment_ends_at(order, owned, at),
    )


def _compared(
    item: OrderItem, product: OwnedProduct | None, offerings: Mapping[str, Offering], at: datetime
) -> Compared:
    before = owned_prices(product, item.quantity, offerings, at=at) if product else ()
    after = before if item.action is ItemAction.NO_CHANGE else item.prices
    once = _once(item.prices)
    return Compared(
        item_id=item.id,
        fate=FATES[item.action],
        offering_id=item.offering_id,
        offering_name=item.offering_name,
        product=product,
        monthly_before=_monthly(before),
        monthly_after=None if item.action is ItemAction.DELETE else _monthly(after),
        one_time=None if item.action is ItemAction.DELETE else once,
        early_termination=once if item.action is ItemAction.DELETE else None,
    )


def _monthly(prices: Iterable[ItemPrice]) -> Money | None:
    """What recurring prices come to in a month; those of periods that are not counted in months are left out."""
    counted = ((price.tax_included, months_of(price.period)) for price in prices if _recurs(price))
    return sum_of(amount.part(1, months).rounded() for amount, months in counted if months)


def _once(prices: Iterable[ItemPrice]) -> Money | None:
    return sum_of(price.tax_included for price in prices if price.price_type is PriceType.ONE_TIME)


def _recurs(price: ItemPrice) -> bool:
    return price.price_type is PriceType.RECURRING


def commitment(order: ProductOrder) -> Money | None:
    """What the customer takes on with the order: every charge until the longest of the new terms ends, with tax."""
    months = max((_months(term.amount, term.unit) for item in order.items for term in item.terms), default=0)
    taken_on = (item for item in order.items if item.action is not ItemAction.DELETE)
    return sum_of(amount for item in taken_on for price in item.prices for amount in _charges(price, months))


def _charges(price: ItemPrice, months: int) -> Iterable[Money]:
    length = months_of(price.period)
    if not _recurs(price):
        yield price.tax_included
    elif length and months:
        periods = ceil(months / length)
        for first, last, charge in charges_over_time(price):
            yield charge.times(max(min(last or periods, periods) - first + 1, 0))


def _months(amount: int, unit: str) -> int:
    return amount * (months_of(unit) or 0)


def commitment_ends_at(order: ProductOrder, owned: Sequence[OwnedProduct], at: datetime) -> datetime | None:
    """When the last commitment ends: of the new terms, or of what is kept and swapped, which goes on."""
    stays = {item.product_id for item in order.items if item.action is not ItemAction.DELETE}
    new = (end_of_term(at, term.amount, term.unit) for item in order.items for term in item.terms)
    old = (product.term_ends_at for product in owned if product.id in stays)
    return max((end for end in (*new, *old) if end is not None), default=None)
