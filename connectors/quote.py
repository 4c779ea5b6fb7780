"""TMF648 quote v4: what was offered to a customer and for how much, as it is on the wire and as values."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from connectors import parties
from connectors.catalog_wire import PERIODS
from connectors.wire import Instant, Money, Ref, RelatedParty, text_of


class QuotedAlteration(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken off a quoted price: a percentage or an amount, for so many charge periods; None: for good."""

    percentage: Decimal | None = None
    amount: Decimal | None = None
    periods: int | None = None


class QuotedPrice(msgspec.Struct, frozen=True, kw_only=True):
    """One price of an item: duty free, for one piece, before alterations."""

    name: str
    amount: Decimal
    currency: str
    period: str | None = None
    alterations: tuple[QuotedAlteration, ...] = ()


class QuotedTerm(msgspec.Struct, frozen=True, kw_only=True):
    """A commitment that comes with an item."""

    name: str
    amount: int
    unit: str


class QuoteItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item as it was quoted. `action` is the standard's: add, modify, delete, noChange."""

    id: str
    action: str
    quantity: int = 1
    offering_id: str | None = None
    characteristics: tuple[tuple[str, str], ...] = ()
    prices: tuple[QuotedPrice, ...] = ()
    terms: tuple[QuotedTerm, ...] = ()


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A quote, its items in one list. `state` is the standard's: inProgress, approved, accepted, cancelled …"""

    id: str
    state: str
    customer_ids: tuple[str, ...] = ()
    valid_until: datetime | None = None
    items: tuple[QuoteItem, ...] = ()


class _Price(msgspec.Struct, rename="camel"):
    duty_free_amount: Money


class _Reduction(msgspec.Struct, rename="camel"):
    percentage: Decimal | None = None
    duty_free_amount: Money | None = None


class _Alteration(msgspec.Struct, rename="camel"):
    price: _Reduction
    application_duration: int | None = None


class _QuotePrice(msgspec.Struct, rename="camel"):
    name: str
    price: _Price
    recurring_charge_period: str | None = None
    price_alteration: list[_Alteration] = []


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class _Duration(msgspec.Struct):
    amount: int
    units: str


class _Term(msgspec.Struct):
    name: str
    duration: _Duration


class _Product(msgspec.Struct, rename="camel"):
    product_characteristic: list[_Characteristic] = []
    product_term: list[_Term] = []


class _Item(msgspec.Struct, rename="camel"):
    id: str
    action: str = "add"
    quantity: int = 1
    product_offering: Ref | None = None
    product: _Product = msgspec.field(default_factory=_Product)
    quote_item_price: list[_QuotePrice] = []
    quote_item: "list[_Item]" = []


class _Validity(msgspec.Struct, rename="camel"):
    end_date_time: Instant | None = None


class WireQuote(msgspec.Struct, rename="camel"):
    """TMF648 Quote."""

    id: str
    state: str
    valid_for: _Validity = msgspec.field(default_factory=_Validity)
    related_party: list[RelatedParty] = []
    quote_item: list[_Item] = []


def read_quote(wire: WireQuote) -> Quote:
    """The quote."""
    return Quote(
        id=wire.id,
        state=wire.state,
        customer_ids=parties.customers(wire.related_party),
        valid_until=wire.valid_for.end_date_time,
        items=tuple(_items(wire.quote_item)),
    )


def _items(wires: Iterable[_Item]) -> Iterable[QuoteItem]:
    for wire in wires:
        yield QuoteItem(
            id=wire.id,
            action=wire.action,
            quantity=wire.quantity,
            offering_id=wire.product_offering.id if wire.product_offering else None,
            characteristics=tuple(
                (c.name, text_of(c.value)) for c in wire.product.product_characteristic if c.value is not None
            ),
            prices=tuple(_price(price) for price in wire.quote_item_price),
            terms=tuple(
                QuotedTerm(name=t.name, amount=t.duration.amount, unit=t.duration.units)
                for t in wire.product.product_term
            ),
        )
        yield from _items(wire.quote_item)


def _price(wire: _QuotePrice) -> QuotedPrice:
    period, money = wire.recurring_charge_period, wire.price.duty_free_amount
    return QuotedPrice(
        name=wire.name,
        amount=money.value,
        currency=money.unit,
        period=PERIODS.get(period.lower(), period) if period else None,
        alterations=tuple(
            QuotedAlteration(
                percentage=a.price.percentage,
                amount=a.price.duty_free_amount.value if a.price.duty_free_amount else None,
                periods=a.application_duration,
            )
            for a in wire.price_alteration
        ),
    )
