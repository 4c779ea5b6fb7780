"""An owned product, as a value and on the wire. TMF637 Product, v4 and v5.

The standard has no place for why and how far a product is suspended: that is kept in characteristics of its own,
`suspensionReason` and the like, which are no characteristics of the product's configuration.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from connectors import parties
from connectors.base import Dialect
from connectors.wire import Instant, Json, Money, PlaceRef, Ref, RelatedParty, money, text_of


class ProductTerm(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A commitment that the customer has taken on for a product; what is None is not said."""

    name: str
    amount: int | None = None
    unit: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class ProductAlteration(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is taken off a price: a percentage or an amount, for so many charge periods; None: for good."""

    name: str
    percentage: Decimal | None = None
    amount: Decimal | None = None
    periods: int | None = None
    priority: int = 0


class ProductPrice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a product was sold for, all pieces together, without tax and before alterations; `tax_rate` in hundredths.

    `price_type` is the standard's: recurring, oneTime, usage.
    """

    name: str
    price_type: str
    amount: Decimal
    currency: str
    tax_rate: Decimal = Decimal(0)
    period: str | None = None
    alterations: tuple[ProductAlteration, ...] = ()


class ProductRelationship(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a product relates to another one; `type` as in an order: bundles, reliesOn."""

    type: str
    product_id: str


class Suspension(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why, by whom and how far a product is suspended, what that means to billing, and until when, when that is known.

    The words are Orderway's own: `originator` customer, operator or credit, `scope` full, outgoing or data, `billing`
    continue or pause.
    """

    reason: str
    originator: str
    scope: str
    billing: str
    resumes_at: datetime | None = None


class Product(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An owned product (TMF637). `status` is the standard's: created, pendingActive, active, suspended …

    `term_ends_at` is the end of the last commitment that the customer has taken on for it. `order_item` is the order
    and item that brought it.
    """

    id: str
    name: str
    status: str
    offering_id: str | None = None
    specification_id: str | None = None
    customer_ids: tuple[str, ...] = ()
    billing_account_id: str | None = None
    place_id: str | None = None
    start_date: datetime | None = None
    termination_date: datetime | None = None
    term_ends_at: datetime | None = None
    characteristics: Mapping[str, str] = {}
    terms: tuple[ProductTerm, ...] = ()
    prices: tuple[ProductPrice, ...] = ()
    relationships: tuple[ProductRelationship, ...] = ()
    suspension: Suspension | None = None
    order_item: tuple[str, str] | None = None


class NewProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product to be recorded, for the order item that brings it."""

    name: str
    offering_id: str
    customer_id: str
    order_id: str
    order_item_id: str
    is_bundle: bool = False
    specification_id: str | None = None
    billing_account_id: str | None = None
    place_id: str | None = None
    characteristics: Mapping[str, str] = {}
    prices: tuple[ProductPrice, ...] = ()
    status: str = "pendingActive"


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class _Validity(msgspec.Struct, rename="camel"):
    start_date_time: Instant | None = None
    end_date_time: Instant | None = None


class _Duration(msgspec.Struct):
    amount: int | None = None
    units: str | None = None


class _Term(msgspec.Struct, rename="camel"):
    name: str = ""
    duration: _Duration = msgspec.field(default_factory=_Duration)
    valid_for: _Validity = msgspec.field(default_factory=_Validity)


class _Price(msgspec.Struct, rename="camel"):
    duty_free_amount: Money | None = None
    tax_rate: Decimal = Decimal(0)
    percentage: Decimal | None = None


class _Alteration(msgspec.Struct, rename="camel"):
    name: str = ""
    price: _Price = msgspec.field(default_factory=_Price)
    application_duration: int | None = None
    priority: int = 0


class _ProductPrice(msgspec.Struct, rename="camel"):
    price_type: str = ""
    name: str = ""
    recurring_charge_period: str | None = None
    price: _Price = msgspec.field(default_factory=_Price)
    product_price_alteration: list[_Alteration] = []


class _Relationship(msgspec.Struct, rename="camel"):
    relationship_type: str
    product: Ref | None = None
    id: str | None = None  # v4 as some backends write it: the reference itself

    @property
    def product_id(self) -> str:
        """The other product."""
        return self.product.id if self.product else self.id or ""


class _OrderItem(msgspec.Struct, rename="camel"):
    product_order_id: str | None = None
    order_item_id: str | None = None


class WireProduct(msgspec.Struct, rename="camel"):
    """TMF637 Product."""

    id: str
    status: str
    name: str = ""
    product_offering: Ref | None = None
    product_specification: Ref | None = None
    billing_account: Ref | None = None
    related_party: list[RelatedParty] = []
    place: list[PlaceRef] = []
    start_date: Instant | None = None
    termination_date: Instant | None = None
    product_term: list[_Term] = []
    product_price: list[_ProductPrice] = []
    product_relationship: list[_Relationship] = []
    product_order_item: list[_OrderItem] = []
    product_characteristic: list[_Characteristic] = []


REASON: Final = "suspensionReason"
ORIGINATOR: Final = "suspensionOriginator"
SCOPE: Final = "suspensionScope"
BILLING: Final = "suspensionBilling"
RESUMES_AT: Final = "suspensionResumesAt"
_OF_SUSPENSION: Final = frozenset({REASON, ORIGINATOR, SCOPE, BILLING, RESUMES_AT})


def read_product(wire: WireProduct) -> Product:
    """The product."""
    ends = [term.valid_for.end_date_time for term in wire.product_term if term.valid_for.end_date_time]
    values = {c.name: text_of(c.value) for c in wire.product_characteristic if c.value is not None}
    return Product(
        id=wire.id,
        name=wire.name or wire.id,
        status=wire.status.strip(),  # the standard's own enumeration has "aborted " with a blank
        offering_id=_id_of(wire.product_offering),
        specification_id=_id_of(wire.product_specification),
        customer_ids=parties.customers(wire.related_party),
        billing_account_id=_id_of(wire.billing_account),
        place_id=next((place.place_id for place in wire.place if place.place_id), None),
        start_date=wire.start_date,
        termination_date=wire.termination_date,
        term_ends_at=max(ends, default=None),
        characteristics={name: value for name, value in values.items() if name not in _OF_SUSPENSION},
        terms=tuple(_term(term) for term in wire.product_term),
        prices=tuple(_price(price) for price in wire.product_price if price.price.duty_free_amount),
        relationships=tuple(
            ProductRelationship(type=r.relationship_type, product_id=r.product_id)
            for r in wire.product_relationship
            if r.product_id
        ),
        suspension=_suspension(values) if wire.status == "suspended" else None,
        order_item=next(
            (
                (brought.product_order_id, brought.order_item_id)
                for brought in wire.product_order_item
                if brought.product_order_id and brought.order_item_id
            ),
            None,
        ),
    )


def _id_of(ref: Ref | None) -> str | None:
    return ref.id if ref else None


def _term(wire: _Term) -> ProductTerm:
    return ProductTerm(
        name=wire.name,
        amount=wire.duration.amount,
        unit=wire.duration.units,
        starts_at=wire.valid_for.start_date_time,
        ends_at=wire.valid_for.end_date_time,
    )


def _price(wire: _ProductPrice) -> ProductPrice:
    amount = wire.price.duty_free_amount
    assert amount is not None, "only prices with an amount are read"
    return ProductPrice(
        name=wire.name,
        price_type=wire.price_type,
        amount=amount.value,
        currency=amount.unit,
        tax_rate=wire.price.tax_rate,
        period=wire.recurring_charge_period,
        alterations=tuple(
            ProductAlteration(
                name=a.name,
                percentage=a.price.percentage,
                amount=a.price.duty_free_amount.value if a.price.duty_free_amount else None,
                periods=a.application_duration,
                priority=a.priority,
            )
            for a in wire.product_price_alteration
        ),
    )


def _suspension(values: Mapping[str, str]) -> Suspension:
    """What is known of it; a product that was suspended elsewhere is taken for suspended by the operator, in full."""
    resumes_at = values.get(RESUMES_AT)
    return Suspension(
        reason=values.get(REASON, ""),
        originator=values.get(ORIGINATOR, "operator"),
        scope=values.get(SCOPE, "full"),
        billing=values.get(BILLING, "continue"),
        resumes_at=datetime.fromisoformat(resumes_at) if resumes_at else None,
    )


def write_suspension(suspension: Suspension | None) -> dict[str, str]:
    """The characteristics that tell of it; none: it is in use."""
    if suspension is None:
        return {}
    said = {
        REASON: suspension.reason,
        ORIGINATOR: suspension.originator,
        SCOPE: suspension.scope,
        BILLING: suspension.billing,
    }
    return said | ({RESUMES_AT: suspension.resumes_at.isoformat()} if suspension.resumes_at else {})


def write_characteristics(values: Mapping[str, str], dialect: Dialect) -> Json:
    """The values as the dialect lists them."""
    if dialect is Dialect.V5:
        return [
            {"@type": "StringCharacteristic", "name": name, "value": value, "valueType": "string"}
            for name, value in values.items()
        ]
    return [{"name": name, "value": value} for name, value in values.items()]


def _typed(dialect: Dialect, kind: str, attributes: dict[str, Json]) -> Json:
    return {**attributes, "@type": kind} if dialect is Dialect.V5 else attributes


def write_terms(terms: Iterable[ProductTerm], dialect: Dialect) -> Json:
    """The terms as the dialect lists them."""

    def written(term: ProductTerm) -> Json:
        wire: dict[str, Json] = {"name": term.name}
        if term.amount is not None and term.unit is not None:
            wire["duration"] = {"amount": term.amount, "units": term.unit}
        valid_for: dict[str, Json] = {}
        if term.starts_at:
            valid_for["startDateTime"] = term.starts_at.isoformat()
        if term.ends_at:
            valid_for["endDateTime"] = term.ends_at.isoformat()
        return _typed(dialect, "ProductTerm", {**wire, "validFor": valid_for} if valid_for else wire)

    return [written(term) for term in terms]


def write_prices(prices: Iterable[ProductPrice], dialect: Dialect) -> Json:
    """The prices as the dialect lists them."""

    def altered(alteration: ProductAlteration, price: ProductPrice) -> Json:
        off: dict[str, Json] = {}
        if alteration.percentage is not None:
            off["percentage"] = alteration.percentage
        if alteration.amount is not None:
            off["dutyFreeAmount"] = money(alteration.amount, price.currency)
        wire: dict[str, Json] = {
            "name": alteration.name,
            "priceType": price.price_type,
            "priority": alteration.priority,
            "price": _typed(dialect, "Price", off),
        }
        if alteration.periods is not None:
            wire["applicationDuration"] = alteration.periods
        return _typed(dialect, "PriceAlteration", wire)

    def written(price: ProductPrice) -> Json:
        amount: dict[str, Json] = {
            "dutyFreeAmount": money(price.amount, price.currency),
            "taxRate": price.tax_rate,
        }
        wire: dict[str, Json] = {
            "name": price.name,
            "priceType": price.price_type,
            "price": _typed(dialect, "Price", amount),
        }
        if price.period:
            wire["recurringChargePeriod"] = price.period
        if price.alterations:
            wire["productPriceAlteration"] = [altered(a, price) for a in price.alterations]
        return _typed(dialect, "ProductPrice", wire)

    return [written(price) for price in prices]


def write_relationships(relationships: Iterable[ProductRelationship], dialect: Dialect) -> Json:
    """The relationships as the dialect lists them."""
    return [
        _typed(
            dialect,
            "ProductRelationship",
            {"relationshipType": r.type, "product": _typed(dialect, "ProductRef", {"id": r.product_id})},
        )
        for r in relationships
    ]


def write_product(new: NewProduct, dialect: Dialect) -> Json:
    """What records a product."""
    v5 = dialect is Dialect.V5
    body: dict[str, Json] = {
        "name": new.name,
        "status": new.status,
        "isBundle": new.is_bundle,
        "productOffering": _typed(dialect, "ProductOfferingRef", {"id": new.offering_id}),
        "relatedParty": [parties.named(new.customer_id, "customer", dialect)],
        "productOrderItem": [
            _typed(
                dialect,
                "RelatedOrderItem",
                {"productOrderId": new.order_id, "orderItemId": new.order_item_id},
            ),
        ],
        "productCharacteristic": write_characteristics(new.characteristics, dialect),
    }
    if v5:
        body["@type"] = "Product"
    if new.prices:
        body["productPrice"] = write_prices(new.prices, dialect)
    if new.specification_id:
        body["productSpecification"] = _typed(dialect, "ProductSpecificationRef", {"id": new.specification_id})
    if new.billing_account_id:
        body["billingAccount"] = _typed(dialect, "BillingAccountRef", {"id": new.billing_account_id})
    if new.place_id:
        body["place"] = write_place(new.place_id, dialect)
    return body


def write_place(place_id: str, dialect: Dialect) -> Json:
    """The place where a product is installed, as the dialect lists it."""
    role = "installationAddress"
    if dialect is Dialect.V5:
        place = {"id": place_id, "@type": "PlaceRef", "@referredType": "GeographicAddress"}
        return [{"role": role, "place": place, "@type": "RelatedPlaceRefOrValue"}]
    return [{"id": place_id, "role": role}]
