"""TMF620 as it is on the wire, v4 and v5, read into what is sold.

v5 renames what is inside a characteristic of a specification, and makes an alteration a price of its own, which the
price names as `discountedBy`; everything else that is read here kept its name. Either way is read, whatever the
dialect: catalogs migrate member by member.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from connectors.offering import (
    BundledOffering,
    Characteristic,
    CharacteristicUse,
    CharacteristicValue,
    OfferingPrice,
    OfferingRelationship,
    PriceAlteration,
    PriceType,
    ProductOffering,
    ProductSpecification,
    Term,
)
from connectors.wire import Instant, Money, text_of

PERIODS: Final[Mapping[str, str]] = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}
"""The standard's examples write a charge period either way; two words for one would be two totals."""


class _Ref(msgspec.Struct):
    id: str
    name: str | None = None


class _Validity(msgspec.Struct, rename="camel"):
    start_date_time: Instant | None = None
    end_date_time: Instant | None = None


class _Quantity(msgspec.Struct):
    units: str
    amount: Decimal = Decimal(1)

    @property
    def text(self) -> str:
        return self.units if self.amount == 1 else f"{self.amount} {self.units}"


class _BundleOption(msgspec.Struct, rename="camel"):
    number_rel_offer_lower_limit: int = 0
    number_rel_offer_upper_limit: int = 1
    number_rel_offer_default: int = 0


class _Bundled(msgspec.Struct, rename="camel"):
    id: str
    name: str | None = None
    bundled_product_offering_option: _BundleOption = msgspec.field(default_factory=_BundleOption)
    product_offering_price: list[_Ref] = []


class _Relationship(msgspec.Struct, rename="camel"):
    id: str
    relationship_type: str
    name: str | None = None
    role: str | None = None


class _Term(msgspec.Struct):
    name: str
    duration: _Quantity | None = None


class _Value(msgspec.Struct, rename="camel"):
    value: object = None
    is_default: bool = False
    regex: str | None = None
    value_from: Decimal | None = None
    value_to: Decimal | None = None
    unit_of_measure: str | None = None


class _Characteristic(msgspec.Struct, rename="camel"):
    name: str
    description: str | None = None
    value_type: str | None = None
    configurable: bool = True
    min_cardinality: int | None = None
    max_cardinality: int | None = None
    regex: str | None = None
    product_spec_characteristic_value: list[_Value] = []
    characteristic_value_specification: list[_Value] = []

    @property
    def possible(self) -> list[_Value]:
        return self.characteristic_value_specification or self.product_spec_characteristic_value

    @property
    def values(self) -> tuple[CharacteristicValue, ...]:
        return tuple(
            CharacteristicValue(value=text_of(v.value), is_default=v.is_default)
            for v in self.possible
            if v.value is not None
        )


class _Chosen(msgspec.Struct):
    name: str
    value: object = None


class WireOffering(msgspec.Struct, rename="camel"):
    """TMF620 ProductOffering, which names its prices and its specification."""

    id: str
    name: str
    lifecycle_status: str
    description: str | None = None
    version: str | None = None
    is_bundle: bool = False
    valid_for: _Validity = msgspec.field(default_factory=_Validity)
    category: list[_Ref] = []
    channel: list[_Ref] = []
    market_segment: list[_Ref] = []
    place: list[_Ref] = []
    agreement: list[_Ref] = []
    product_offering_relationship: list[_Relationship] = []
    bundled_product_offering: list[_Bundled] = []
    product_offering_term: list[_Term] = []
    product_offering_price: list[_Ref] = []
    product_specification: _Ref | None = None
    prod_spec_char_value_use: list[_Characteristic] = []
    product_offering_characteristic: list[_Chosen] = []

    @property
    def price_ids(self) -> set[str]:
        """Its own prices, and those of its parts inside it."""
        inside = (ref.id for part in self.bundled_product_offering for ref in part.product_offering_price)
        return {ref.id for ref in self.product_offering_price} | set(inside)


class _Tax(msgspec.Struct, rename="camel"):
    tax_rate: Decimal = Decimal(0)


class WireAlteration(msgspec.Struct, rename="camel"):
    """A price alteration: inside its price in v4, a ProductOfferingPrice of its own in v5."""

    name: str
    id: str = ""
    percentage: Decimal | None = None
    price: Money | None = None
    application_duration: int | _Quantity | None = None
    priority: int = 0

    @property
    def alteration(self) -> PriceAlteration:
        """The alteration."""
        duration = self.application_duration
        return PriceAlteration(
            name=self.name,
            percentage=self.percentage,
            amount=self.price.value if self.price else None,
            periods=int(duration.amount) if isinstance(duration, _Quantity) else duration,
            priority=self.priority,
        )


class _PriceRelationship(msgspec.Struct, rename="camel"):
    id: str
    relationship_type: str = ""


class WirePrice(msgspec.Struct, rename="camel"):
    """TMF620 ProductOfferingPrice."""

    id: str
    name: str
    price_type: PriceType
    price: Money
    description: str | None = None
    lifecycle_status: str | None = None
    recurring_charge_period_type: str | None = None
    recurring_charge_period_length: int = 1
    unit_of_measure: _Quantity | None = None
    tax: list[_Tax] = []
    price_alteration: list[WireAlteration] = []
    pop_relationship: list[_PriceRelationship] = []
    valid_for: _Validity = msgspec.field(default_factory=_Validity)

    @property
    def discounted_by(self) -> tuple[str, ...]:
        """The ids of the alterations that are not inside."""
        return tuple(r.id for r in self.pop_relationship if r.relationship_type == "discountedBy")


class WireSpecification(msgspec.Struct, rename="camel"):
    """TMF620 ProductSpecification."""

    id: str
    name: str
    version: str | None = None
    product_spec_characteristic: list[_Characteristic] = []
    service_specification: list[_Ref] = []
    resource_specification: list[_Ref] = []


def _period(wire: WirePrice) -> str | None:
    said, length = wire.recurring_charge_period_type, wire.recurring_charge_period_length
    unit = PERIODS.get(said.lower(), said) if said else None
    return unit if unit is None or length == 1 else f"{length} {unit}"


def read_price(wire: WirePrice, alterations: Mapping[str, WireAlteration]) -> OfferingPrice:
    """The price. Raises KeyError for an alteration that is not there."""
    altered = [*wire.price_alteration, *(alterations[price_id] for price_id in wire.discounted_by)]
    return OfferingPrice(
        id=wire.id,
        name=wire.name,
        price_type=wire.price_type,
        amount=wire.price.value,
        currency=wire.price.unit,
        description=wire.description,
        lifecycle_status=wire.lifecycle_status,
        tax_rate=sum((tax.tax_rate for tax in wire.tax), Decimal(0)),
        period=_period(wire),
        unit_of_measure=wire.unit_of_measure.text if wire.unit_of_measure else None,
        alterations=tuple(a.alteration for a in altered),
        valid_from=wire.valid_for.start_date_time,
        valid_until=wire.valid_for.end_date_time,
    )


def _read_characteristic(wire: _Characteristic) -> Characteristic:
    values = wire.possible
    return Characteristic(
        name=wire.name,
        description=wire.description,
        value_type=wire.value_type,
        required=(wire.min_cardinality or 0) > 0,
        configurable=wire.configurable,
        values=wire.values,
        pattern=wire.regex or next((v.regex for v in values if v.regex), None),
        minimum=next((v.value_from for v in values if v.value_from is not None), None),
        maximum=next((v.value_to for v in values if v.value_to is not None), None),
        unit_of_measure=next((v.unit_of_measure for v in values if v.unit_of_measure), None),
    )


def read_specification(wire: WireSpecification) -> ProductSpecification:
    """The specification."""
    return ProductSpecification(
        id=wire.id,
        name=wire.name,
        version=wire.version,
        characteristics=tuple(_read_characteristic(c) for c in wire.product_spec_characteristic),
        service_specification_ids=tuple(ref.id for ref in wire.service_specification),
        resource_specification_ids=tuple(ref.id for ref in wire.resource_specification),
    )


def read_offering(
    wire: WireOffering, specifications: Mapping[str, ProductSpecification], prices: Mapping[str, OfferingPrice]
) -> ProductOffering:
    """The offering, put together. Raises KeyError for a price or specification that is not there, ValueError for a
    limit that cannot be understood.
    """

    def asked(refs: list[_Ref]) -> tuple[OfferingPrice, ...]:
        return tuple(price for ref in refs if (price := prices[ref.id]).asked)

    limits = {c.name: text_of(c.value) for c in wire.product_offering_characteristic if c.value is not None}
    return ProductOffering(
        id=wire.id,
        name=wire.name,
        lifecycle_status=wire.lifecycle_status,
        description=wire.description,
        version=wire.version,
        is_bundle=wire.is_bundle,
        valid_from=wire.valid_for.start_date_time,
        valid_until=wire.valid_for.end_date_time,
        categories=tuple(ref.id for ref in wire.category),
        channels=tuple(ref.id for ref in wire.channel),
        market_segments=tuple(ref.name or ref.id for ref in wire.market_segment),
        places=tuple(ref.id for ref in wire.place),
        agreement_ids=tuple(ref.id for ref in wire.agreement),
        relationships=tuple(
            OfferingRelationship(type=r.relationship_type, offering_id=r.id, name=r.name, role=r.role)
            for r in wire.product_offering_relationship
        ),
        bundled=tuple(
            BundledOffering(
                offering_id=b.id,
                name=b.name or b.id,
                lower_limit=b.bundled_product_offering_option.number_rel_offer_lower_limit,
                upper_limit=b.bundled_product_offering_option.number_rel_offer_upper_limit,
                default=b.bundled_product_offering_option.number_rel_offer_default,
                prices=asked(b.product_offering_price),
            )
            for b in wire.bundled_product_offering
        ),
        terms=tuple(
            Term(name=t.name, amount=int(t.duration.amount), unit=t.duration.units)
            for t in wire.product_offering_term
            if t.duration
        ),
        prices=asked(wire.product_offering_price),
        specification=specifications[wire.product_specification.id] if wire.product_specification else None,
        characteristic_uses=tuple(
            CharacteristicUse(
                name=use.name,
                values=use.values,
                minimum_cardinality=use.min_cardinality,
                maximum_cardinality=use.max_cardinality,
            )
            for use in wire.prod_spec_char_value_use
        ),
        minimum_age=_years(limits.get("minimumAge")),
        maximum_age=_years(limits.get("maximumAge")),
        credit_check=limits.get("creditCheck"),
        signature_required=_truth(limits.get("signatureRequired", "false")),
    )


def _years(text: str | None) -> int | None:
    return None if text is None else int(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no amount") from error
