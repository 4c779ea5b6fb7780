"""What an order costs: item prices from the catalog, and totals per price type and period."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from app.domain.catalog import Offering, OfferingPrice, PriceAlteration, PriceType
from app.domain.facts import OwnedProduct
from app.domain.money import Money
from app.domain.order import (
    ItemAction,
    ItemPrice,
    OrderItem,
    PriceTotal,
    ProductOrder,
    RelationshipType,
    SuspensionBilling,
)
from app.domain.periods import months_begun, months_of


def price_order(
    order: ProductOrder, offerings: Mapping[str, Offering], *, at: datetime, owned: Collection[OwnedProduct] = ()
) -> ProductOrder:
    """The order with the prices and terms of its offerings as they are at this time, and the totals.

    What an item ends or leaves as it is costs nothing. A product of those that are `owned` that stays what it was sold
    as costs what it did before. An item whose offering is not known now stays as it is.
    Source: TMF622 itemPrice, itemTerm, orderTotalPrice.
    """
    had = {product.id: product for product in owned}
    items = tuple(_price_item(order, item, offerings, had.get(item.product_id or ""), at) for item in order.items)
    return replace(order, items=items, totals=totals(price for item in items for price in item.prices))


def _price_item(
    order: ProductOrder, item: OrderItem, offerings: Mapping[str, Offering], product: OwnedProduct | None, at: datetime
) -> OrderItem:
    offering = offerings.get(item.offering_id)
    if item.action not in (ItemAction.ADD, ItemAction.MODIFY):
        return replace(item, prices=(), terms=())
    if offering is None:
        return item
    if item.action is ItemAction.MODIFY and product is not None and product.offering_id == offering.id:
        unpaid = item.suspension is not None and item.suspension.billing is SuspensionBilling.PAUSE
        return replace(item, prices=() if unpaid else owned_prices(product, item.quantity, offerings, at=at), terms=())
    asked = prices_of(order, item, offerings, at=at)
    if item.action is ItemAction.MODIFY:
        # what was paid once for having it is not paid again for changing it
        asked = tuple(price for price in asked if price.price_type is not PriceType.ONE_TIME)
    return replace(item, prices=tuple(item_price(price, item.quantity) for price in asked), terms=offering.terms)


def prices_of(
    order: ProductOrder, item: OrderItem, offerings: Mapping[str, Offering], *, at: datetime
) -> tuple[OfferingPrice, ...]:
    """What is asked for one piece of the item at this time: its offering's prices, or its bundle's in their place."""
    offering = offerings.get(item.offering_id)
    if offering is None:
        return ()
    bundles = (offerings.get(other.offering_id) for other in order.items if _bundles(other, item))
    parts = (part for bundle in bundles if bundle for part in bundle.bundled if part.offering_id == item.offering_id)
    instead = {price.name: price for part in parts for price in part.prices if price.asked_at(at)}
    return tuple(instead.get(price.name, price) for price in offering.prices_at(at))


def owned_prices(
    product: OwnedProduct, quantity: int, offerings: Mapping[str, Offering], *, at: datetime
) -> tuple[ItemPrice, ...]:
    """What an owned product costs from this time on for as long as it is owned: its recurring prices.

    They are those that it was sold for, or what its offering asks, when the inventory does not say. Reductions are
    there for as long as they still hold.
    """
    month = months_begun(product.started_at, at)
    return tuple(
        item_price(_after(price, (month - 1) // (months_of(price.period) or 1)), pieces)
        for price, pieces in recurring_of(product, quantity, offerings, at)
    )


def is_paused(product: OwnedProduct) -> bool:
    """Whether nothing is charged for it while it is suspended."""
    return product.suspension is not None and product.suspension.billing is SuspensionBilling.PAUSE


def _after(price: OfferingPrice, periods: int) -> OfferingPrice:
    """The price when so many charge periods have passed."""
    left = (a if a.periods is None else replace(a, periods=a.periods - periods) for a in price.alterations)
    return replace(price, alterations=tuple(a for a in left if a.periods is None or a.periods > 0))


def recurring_of(
    product: OwnedProduct, quantity: int, offerings: Mapping[str, Offering], at: datetime
) -> Iterable[tuple[OfferingPrice, int]]:
    """The recurring prices of an owned product, and of how many pieces they speak."""
    offering = offerings.get(product.offering_id or "")
    sold = tuple((price, 1) for price in product.prices)
    asked = sold or tuple((price, quantity) for price in (offering.prices_at(at) if offering else ()))
    return (found for found in asked if found[0].price_type is PriceType.RECURRING)


def _bundles(bundle: OrderItem, item: OrderItem) -> bool:
    return any(r.type is RelationshipType.BUNDLES and r.item_id == item.id for r in bundle.relationships)


def item_price(price: OfferingPrice, quantity: int, period: int = 1) -> ItemPrice:
    """One catalog price applied to `quantity` pieces, as it is in the first charge period, or in another one.

    A usage price has no charge until something is used.
    """
    pieces = 0 if price.price_type is PriceType.USAGE else quantity
    duty_free, tax_included = _charge(price.price, _held(price.alterations, period), price.tax_rate, pieces)
    return ItemPrice(
        name=price.name,
        price_type=price.price_type,
        unit_price=price.price,
        tax_rate=price.tax_rate,
        duty_free=duty_free,
        tax_included=tax_included,
        period=price.period,
        unit_of_measure=price.unit_of_measure,
        alterations=price.alterations,
        quantity=pieces,
    )


def _charge(
    price: Money, alterations: Iterable[PriceAlteration], tax_rate: Decimal, quantity: int
) -> tuple[Money, Money]:
    """Duty free and with tax, rounded as it is charged; alterations in order of priority, each on what is left."""
    charge = price
    for alteration in sorted(alterations, key=lambda a: a.priority):
        if alteration.percentage is not None:
            charge -= charge.percent(alteration.percentage)
        if alteration.amount is not None:
            charge -= alteration.amount
    duty_free = charge.times(quantity).rounded()
    return duty_free, (duty_free + duty_free.percent(tax_rate)).rounded()


def totals(prices: Iterable[ItemPrice]) -> tuple[PriceTotal, ...]:
    """The sums per price type, period and currency, in the order in which they first appear; usage has none."""
    return _sums((price, price.duty_free, price.tax_included) for price in prices)


def _sums(charges: Iterable[tuple[ItemPrice, Money, Money]]) -> tuple[PriceTotal, ...]:
    sums: dict[tuple[PriceType, str | None, str], tuple[Money, Money]] = {}
    for price, duty_free, tax_included in charges:
        if price.price_type is PriceType.USAGE:
            continue
        key = (price.price_type, price.period, price.unit_price.currency)
        zero = Money(Decimal(0), price.unit_price.currency)
        before = sums.get(key, (zero, zero))
        sums[key] = (before[0] + duty_free, before[1] + tax_included)
    return tuple(
        PriceTotal(price_type=price_type, period=period, duty_free=duty_free, tax_included=tax_included)
        for (price_type, period, _), (duty_free, tax_included) in sums.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePeriod:
    """What recurring prices come to from one charge period to another, both counted from 1; None: for good."""

    first: int
    last: int | None
    totals: tuple[PriceTotal, ...]


def price_periods(order: ProductOrder) -> tuple[PricePeriod, ...]:
    """How the recurring total goes on when alterations run out: one entry per change, the first from period 1."""
    recurring = [p for item in order.items for p in item.prices if p.price_type is PriceType.RECURRING]
    ends = {a.periods for price in recurring for a in price.alterations if a.periods is not None and a.periods > 0}
    starts = [1, *(end + 1 for end in sorted(ends))]
    return tuple(
        PricePeriod(first=first, last=after - 1 if after else None, totals=_sums(_in_period(recurring, first)))
        for first, after in zip(starts, [*starts[1:], None], strict=True)
        if recurring
    )


def charges_over_time(price: ItemPrice) -> tuple[tuple[int, int | None, Money], ...]:
    """What a recurring price comes to, with tax, from one charge period to another; None: for good."""
    ends = {a.periods for a in price.alterations if a.periods is not None and a.periods > 0}
    starts = [1, *(end + 1 for end in sorted(ends))]
    return tuple(
        (first, after - 1 if after else None, charge)
        for first, after in zip(starts, [*starts[1:], None], strict=True)
        for _, _, charge in _in_period([price], first)
    )


def _in_period(prices: Iterable[ItemPrice], period: int) -> Iterable[tuple[ItemPrice, Money, Money]]:
    for price in prices:
        held = _held(price.alterations, period)
        yield price, *_charge(price.unit_price, held, price.tax_rate, price.quantity)


def _held(alterations: Iterable[PriceAlteration], period: int) -> Iterable[PriceAlteration]:
    return (a for a in alterations if a.periods is None or period <= a.periods)


def prorated(total: PriceTotal, *, start: date, period_start: date, period_end: date) -> PriceTotal:
    """What a recurring total comes to when it begins within a charge period: by the day, the first day included.

    `period_end` is the first day of the next period. Raises ValueError when `start` is not within the period.
    """
    days = (period_end - period_start).days
    if not period_start <= start < period_end:
        raise ValueError(f"{start} is not within {period_start} and {period_end}")
    charged = (period_end - start).days
    return replace(
        total,
        duty_free=total.duty_free.part(charged, days).rounded(),
        tax_included=total.tax_included.part(charged, days).rounded(),
    )
