"""What an order costs: item prices from the catalog, and totals per price type and period."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from app.domain.catalog import Offering, OfferingPrice, PriceType
from app.domain.money import Money
from app.domain.order import ItemAction, ItemPrice, OrderItem, PriceTotal, ProductOrder


def price_order(order: ProductOrder, offerings: Mapping[str, Offering], *, at: datetime) -> ProductOrder:
    """The order with the prices and terms of its offerings as they are at this time, and the totals.

    What an item ends or leaves as it is costs nothing. Source: TMF622 itemPrice, itemTerm, orderTotalPrice.
    """
    items = tuple(_price_item(item, offerings.get(item.offering_id), at) for item in order.items)
    return replace(order, items=items, totals=totals(price for item in items for price in item.prices))


def _price_item(item: OrderItem, offering: Offering | None, at: datetime) -> OrderItem:
    if offering is None or item.action not in (ItemAction.ADD, ItemAction.MODIFY):
        return replace(item, prices=(), terms=())
    prices = tuple(item_price(price, item.quantity) for price in offering.prices_at(at))
    return replace(item, prices=prices, terms=offering.terms)


def item_price(price: OfferingPrice, quantity: int) -> ItemPrice:
    """One catalog price applied to `quantity` pieces; alterations in order of priority, each on what is left.

    A usage price has no charge until something is used.
    """
    charge = price.price
    for alteration in sorted(price.alterations, key=lambda a: a.priority):
        if alteration.percentage is not None:
            charge -= charge.percent(alteration.percentage)
        if alteration.amount is not None:
            charge -= alteration.amount
    pieces = 0 if price.price_type is PriceType.USAGE else quantity
    duty_free = charge.times(pieces).rounded()
    return ItemPrice(
        name=price.name,
        price_type=price.price_type,
        unit_price=price.price,
        tax_rate=price.tax_rate,
        duty_free=duty_free,
        tax_included=(duty_free + duty_free.percent(price.tax_rate)).rounded(),
        period=price.period,
        alterations=price.alterations,
    )


def totals(prices: Iterable[ItemPrice]) -> tuple[PriceTotal, ...]:
    """The sums per price type, period and currency, in the order in which they first appear; usage has none."""
    sums: dict[tuple[PriceType, str | None, str], tuple[Money, Money]] = {}
    for price in prices:
        if price.price_type is PriceType.USAGE:
            continue
        key = (price.price_type, price.period, price.unit_price.currency)
        zero = Money(Decimal(0), price.unit_price.currency)
        duty_free, tax_included = sums.get(key, (zero, zero))
        sums[key] = (duty_free + price.duty_free, tax_included + price.tax_included)
    return tuple(
        PriceTotal(price_type=price_type, period=period, duty_free=duty_free, tax_included=tax_included)
        for (price_type, period, _), (duty_free, tax_included) in sums.items()
    )
