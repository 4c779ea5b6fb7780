"""Product catalog: what can be ordered, at which price. TMF620 productOffering, productSpecification,
productOfferingPrice, v4.
"""

import asyncio
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, FailureKind, OpenApi, Page
from connectors.recent import Recent
from connectors.wire import Instant, Money, text_of

APIS: Final[Apis] = {"TMF620": OpenApi(v4="tmf-api/productCatalogManagement/v4")}


class PriceType(StrEnum):
    """TMF620 priceType."""

    ONE_TIME = "oneTime"
    RECURRING = "recurring"
    USAGE = "usage"


class PriceAlteration(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A reduction of a price, by a percentage or an amount, for some charge periods or for good."""

    name: str
    percentage: Decimal | None = None
    amount: Decimal | None = None
    periods: int | None = None
    priority: int = 0


class OfferingPrice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One price. `amount` is duty free, `tax_rate` a percentage.

    `period` is the charge period of a recurring price, "month" or "3 month"; `unit_of_measure` what `amount` buys of
    a usage price, "minute" or "100 MB".
    """

    id: str
    name: str
    price_type: PriceType
    amount: Decimal
    currency: str
    description: str | None = None
    tax_rate: Decimal = Decimal(0)
    period: str | None = None
    unit_of_measure: str | None = None
    alterations: tuple[PriceAlteration, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class CharacteristicValue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A value that a characteristic may take."""

    value: str
    is_default: bool = False


class Characteristic(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What can be chosen, or is fixed, about a product."""

    name: str
    description: str | None = None
    value_type: str | None = None
    required: bool = False
    configurable: bool = True
    values: tuple[CharacteristicValue, ...] = ()
    pattern: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    unit_of_measure: str | None = None


class ProductSpecification(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is delivered."""

    id: str
    name: str
    version: str | None = None
    characteristics: tuple[Characteristic, ...] = ()
    service_specification_ids: tuple[str, ...] = ()
    resource_specification_ids: tuple[str, ...] = ()


class BundledOffering(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A part of a bundle and how often it may be chosen."""

    offering_id: str
    name: str
    lower_limit: int
    upper_limit: int
    default: int


class Term(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A commitment: `amount` of `unit`, for example 12 months."""

    name: str
    amount: int
    unit: str


class ProductOffering(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is sold, with its specification and prices."""

    id: str
    name: str
    lifecycle_status: str
    description: str | None = None
    version: str | None = None
    is_bundle: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    categories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    market_segments: tuple[str, ...] = ()
    bundled: tuple[BundledOffering, ...] = ()
    terms: tuple[Term, ...] = ()
    prices: tuple[OfferingPrice, ...] = ()
    specification: ProductSpecification | None = None


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


class _Term(msgspec.Struct):
    name: str
    duration: _Quantity | None = None


class _Offering(msgspec.Struct, rename="camel"):
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
    bundled_product_offering: list[_Bundled] = []
    product_offering_term: list[_Term] = []
    product_offering_price: list[_Ref] = []
    product_specification: _Ref | None = None


class _Tax(msgspec.Struct, rename="camel"):
    tax_rate: Decimal = Decimal(0)


class _Alteration(msgspec.Struct, rename="camel"):
    name: str
    percentage: Decimal | None = None
    price: Money | None = None
    application_duration: int | None = None
    priority: int = 0


class _Price(msgspec.Struct, rename="camel"):
    id: str
    name: str
    price_type: PriceType
    price: Money
    description: str | None = None
    recurring_charge_period_type: str | None = None
    recurring_charge_period_length: int = 1
    unit_of_measure: _Quantity | None = None
    tax: list[_Tax] = []
    price_alteration: list[_Alteration] = []
    valid_for: _Validity = msgspec.field(default_factory=_Validity)


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
    min_cardinality: int = 0
    regex: str | None = None
    product_spec_characteristic_value: list[_Value] = []


class _Specification(msgspec.Struct, rename="camel"):
    id: str
    name: str
    version: str | None = None
    product_spec_characteristic: list[_Characteristic] = []
    service_specification: list[_Ref] = []
    resource_specification: list[_Ref] = []


def _period(wire: _Price) -> str | None:
    unit, length = wire.recurring_charge_period_type, wire.recurring_charge_period_length
    return unit if unit is None or length == 1 else f"{length} {unit}"


def _read_price(wire: _Price) -> OfferingPrice:
    return OfferingPrice(
        id=wire.id,
        name=wire.name,
        price_type=wire.price_type,
        amount=wire.price.value,
        currency=wire.price.unit,
        description=wire.description,
        tax_rate=sum((tax.tax_rate for tax in wire.tax), Decimal(0)),
        period=_period(wire),
        unit_of_measure=wire.unit_of_measure.text if wire.unit_of_measure else None,
        alterations=tuple(
            PriceAlteration(
                name=a.name,
                percentage=a.percentage,
                amount=a.price.value if a.price else None,
                periods=a.application_duration,
                priority=a.priority,
            )
            for a in wire.price_alteration
        ),
        valid_from=wire.valid_for.start_date_time,
        valid_until=wire.valid_for.end_date_time,
    )


def _read_characteristic(wire: _Characteristic) -> Characteristic:
    values = wire.product_spec_characteristic_value
    return Characteristic(
        name=wire.name,
        description=wire.description,
        value_type=wire.value_type,
        required=wire.min_cardinality > 0,
        configurable=wire.configurable,
        values=tuple(
            CharacteristicValue(value=text_of(v.value), is_default=v.is_default) for v in values if v.value is not None
        ),
        pattern=wire.regex or next((v.regex for v in values if v.regex), None),
        minimum=next((v.value_from for v in values if v.value_from is not None), None),
        maximum=next((v.value_to for v in values if v.value_to is not None), None),
        unit_of_measure=next((v.unit_of_measure for v in values if v.unit_of_measure), None),
    )


def _read_specification(wire: _Specification) -> ProductSpecification:
    return ProductSpecification(
        id=wire.id,
        name=wire.name,
        version=wire.version,
        characteristics=tuple(_read_characteristic(c) for c in wire.product_spec_characteristic),
        service_specification_ids=tuple(ref.id for ref in wire.service_specification),
        resource_specification_ids=tuple(ref.id for ref in wire.resource_specification),
    )


def _read_offering(
    wire: _Offering, specifications: dict[str, ProductSpecification], prices: dict[str, OfferingPrice]
) -> ProductOffering:
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
        bundled=tuple(
            BundledOffering(
                offering_id=b.id,
                name=b.name or b.id,
                lower_limit=b.bundled_product_offering_option.number_rel_offer_lower_limit,
                upper_limit=b.bundled_product_offering_option.number_rel_offer_upper_limit,
                default=b.bundled_product_offering_option.number_rel_offer_default,
            )
            for b in wire.bundled_product_offering
        ),
        terms=tuple(
            Term(name=t.name, amount=int(t.duration.amount), unit=t.duration.units)
            for t in wire.product_offering_term
            if t.duration
        ),
        prices=tuple(prices[ref.id] for ref in wire.product_offering_price),
        specification=specifications[wire.product_specification.id] if wire.product_specification else None,
    )


class CatalogBackend:
    """Raises BackendFailure when there is no answer. What was read is reused for `cache_seconds`.

    A price or a specification may be that old already when an offering is read with it.
    """

    def __init__(self, http: BackendHttp, *, cache_seconds: float = 30.0, cache_entries: int = 5000) -> None:
        self._http = http
        self._cache_seconds = cache_seconds
        self._cache_entries = cache_entries
        self.invalidate()

    async def offerings_by_ids(self, ids: Collection[str]) -> dict[str, ProductOffering]:
        """The offerings with these ids, with specification and prices; unknown ids are absent."""
        return await self._offerings.through(ids, self._load_offerings)

    async def search_offerings(
        self,
        *,
        category: str | None = None,
        name: str | None = None,
        lifecycle_status: str | None = None,
        offset: int,
        limit: int,
    ) -> Page[ProductOffering]:
        """Offerings of a category, with a name that contains `name`, in a life cycle status; sorted by the backend."""
        offerings = self._offerings  # those of now: what `invalidate` puts in their place must not get what is read now
        query = {"offset": str(offset), "limit": str(limit)}
        if category:
            query["category.id"] = category
        if name:
            query["name.regex"] = f"(?i){re.escape(name)}"
        if lifecycle_status:
            query["lifecycleStatus"] = lifecycle_status
        answer = await self._http.get("listProductOffering", "productOffering", query)
        found = await self._complete(answer.decode(list[_Offering]))
        offerings.keep({offering.id: offering for offering in found})
        return Page(tuple(found), offset + len(found) if answer.total is None else answer.total)

    def invalidate(self) -> None:
        """The catalog has changed: forget what was read."""
        seconds, entries = self._cache_seconds, self._cache_entries
        self._offerings = Recent[ProductOffering](seconds=seconds, entries=entries)
        self._specifications = Recent[ProductSpecification](seconds=seconds, entries=entries)
        self._prices = Recent[OfferingPrice](seconds=seconds, entries=entries)

    async def _load_offerings(self, ids: list[str]) -> dict[str, ProductOffering]:
        wires = await self._http.by_ids("listProductOffering", "productOffering", ids, list[_Offering])
        return {offering.id: offering for offering in await self._complete(wires)}

    async def _complete(self, wires: Sequence[_Offering]) -> list[ProductOffering]:
        """The offerings with their specifications and prices, which are asked for side by side."""
        specification_ids = {wire.product_specification.id for wire in wires if wire.product_specification}
        price_ids = {ref.id for wire in wires for ref in wire.product_offering_price}
        specifications, prices = await asyncio.gather(
            self._specifications.through(specification_ids, self._load_specifications),
            self._prices.through(price_ids, self._load_prices),
        )
        try:
            return [_read_offering(wire, specifications, prices) for wire in wires]
        except KeyError as missing:
            # sold without its price, or delivered without its specification, it would be another offering
            detail = f"an offering names a price or specification {missing}, which the catalog does not have"
            raise self._http.failure("listProductOffering", FailureKind.MALFORMED, detail, retryable=False) from missing

    async def _load_specifications(self, ids: list[str]) -> dict[str, ProductSpecification]:
        wires = await self._http.by_ids("listProductSpecification", "productSpecification", ids, list[_Specification])
        return {wire.id: _read_specification(wire) for wire in wires}

    async def _load_prices(self, ids: list[str]) -> dict[str, OfferingPrice]:
        wires = await self._http.by_ids("listProductOfferingPrice", "productOfferingPrice", ids, list[_Price])
        return {wire.id: _read_price(wire) for wire in wires}
