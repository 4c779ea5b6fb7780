"""What the product catalog sells, as everybody but the catalog's client knows it (TMF620)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


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
    a usage price, "minute" or "100 MB". `lifecycle_status` None: the catalog does not say.
    """

    id: str
    name: str
    price_type: PriceType
    amount: Decimal
    currency: str
    description: str | None = None
    lifecycle_status: str | None = None
    tax_rate: Decimal = Decimal(0)
    period: str | None = None
    unit_of_measure: str | None = None
    alterations: tuple[PriceAlteration, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    @property
    def asked(self) -> bool:
        """Whether its status lets it be asked; a price in design or retired is not."""
        return self.lifecycle_status is None or self.lifecycle_status.lower() in ("active", "launched")


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


class CharacteristicUse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an offering narrows a characteristic of its specification (TMF620 prodSpecCharValueUse).

    No `values`: those of the specification. A cardinality of None is that of the specification.
    """

    name: str
    values: tuple[CharacteristicValue, ...] = ()
    minimum_cardinality: int | None = None
    maximum_cardinality: int | None = None


class ProductSpecification(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is delivered."""

    id: str
    name: str
    version: str | None = None
    characteristics: tuple[Characteristic, ...] = ()
    service_specification_ids: tuple[str, ...] = ()
    resource_specification_ids: tuple[str, ...] = ()


class BundledOffering(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A part of a bundle and how often it may be chosen; `prices` are what it costs there, none: its own."""

    offering_id: str
    name: str
    lower_limit: int
    upper_limit: int
    default: int
    prices: tuple[OfferingPrice, ...] = ()


class OfferingRelationship(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an offering goes together with another (TMF620 productOfferingRelationship).

    `type` is the catalog's own word: requires, excludes, upgradesTo, migratesTo … Of requirements with the same
    `role` one is enough.
    """

    type: str
    offering_id: str
    name: str | None = None
    role: str | None = None


class Term(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A commitment: `amount` of `unit`, for example 12 months."""

    name: str
    amount: int
    unit: str


class ProductOffering(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is sold, with its specification and prices.

    `places` are the ids of the countries, regions or postcode areas it is sold in. No channels, market segments or
    places: it is sold through, to and in all. Ages are whole years; `credit_check` is the catalog's own word, here
    none, soft or full. TMF620 has no attributes for these three and the signature, so that they are characteristics
    of the offering: minimumAge, maximumAge, creditCheck, signatureRequired.
    """

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
    places: tuple[str, ...] = ()
    agreement_ids: tuple[str, ...] = ()
    relationships: tuple[OfferingRelationship, ...] = ()
    bundled: tuple[BundledOffering, ...] = ()
    terms: tuple[Term, ...] = ()
    prices: tuple[OfferingPrice, ...] = ()
    specification: ProductSpecification | None = None
    characteristic_uses: tuple[CharacteristicUse, ...] = ()
    minimum_age: int | None = None
    maximum_age: int | None = None
    credit_check: str | None = None
    signature_required: bool = False

    @property
    def agreement_required(self) -> bool:
        """Whether it is sold only under an agreement."""
        return bool(self.agreement_ids)

    @property
    def characteristics(self) -> tuple[Characteristic, ...]:
        """What can be chosen about it: the characteristics of its specification, as far as it leaves them open."""
        uses: Mapping[str, CharacteristicUse] = {use.name: use for use in self.characteristic_uses}
        specified = self.specification.characteristics if self.specification else ()
        return tuple(_narrowed(c, uses[c.name]) if c.name in uses else c for c in specified)


def _narrowed(characteristic: Characteristic, use: CharacteristicUse) -> Characteristic:
    minimum = use.minimum_cardinality
    return msgspec.structs.replace(
        characteristic,
        values=use.values or characteristic.values,
        required=characteristic.required if minimum is None else minimum > 0,
    )
