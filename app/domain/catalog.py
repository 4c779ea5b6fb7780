"""What the rules need to know of the catalog: offerings, their specification and prices (TMF620)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.domain.money import Money


class PriceType(StrEnum):
    """TMF620 ProductOfferingPrice.priceType."""

    ONE_TIME = "oneTime"
    RECURRING = "recurring"
    USAGE = "usage"


class CreditCheck(StrEnum):
    """How much must be known of a customer's credit before an offering is delivered."""

    NONE = "none"
    SOFT = "soft"
    """What the operator's own books say is enough."""
    FULL = "full"
    """The credit bureau is asked, with the customer's consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAlteration:
    """A discount or surcharge on one price; exactly one of `percentage` and `amount` is set.

    `percentage` and `amount` are taken off the price. `periods` is for how many charge periods it holds;
    None means for good.
    """

    name: str
    percentage: Decimal | None = None
    amount: Money | None = None
    periods: int | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferingPrice:
    """One price of an offering. `price` is duty free; `tax_rate` is a percentage. `period` is e.g. "month".

    It is asked from `valid_from` on and no longer at `valid_until`; None does not bound it.
    """

    id: str
    name: str
    price_type: PriceType
    price: Money
    tax_rate: Decimal = Decimal(0)
    period: str | None = None
    unit_of_measure: str | None = None
    alterations: tuple[PriceAlteration, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def asked_at(self, at: datetime) -> bool:
        """Whether this price is asked at this time."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacteristicSpecification:
    """What a characteristic of a product may be. Empty `allowed` and no range: any value of its type."""

    name: str
    required: bool = False
    configurable: bool = True
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    value_type: str | None = None
    default: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSpecification:
    """What is delivered: its characteristics, and the services and resources that realise it."""

    id: str
    name: str
    characteristics: tuple[CharacteristicSpecification, ...] = ()
    service_specification_ids: tuple[str, ...] = ()
    resource_specification_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledOffering:
    """An offering inside a bundle and how often it may be chosen.

    `prices` are what it costs inside the bundle, each in place of its own price of the same name; empty: its own.
    """

    offering_id: str
    lower_limit: int
    upper_limit: int
    prices: tuple[OfferingPrice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A commitment that comes with an offering, for example 12 months."""

    name: str
    amount: int
    unit: str


class OfferingRelation(StrEnum):
    """How offerings go together (TMF620 productOfferingRelationship.relationshipType)."""

    REQUIRES = "requires"
    EXCLUDES = "excludes"
    UPGRADES_TO = "upgradesTo"
    MIGRATES_TO = "migratesTo"


@dataclass(frozen=True, slots=True)
class OfferingRelationship:
    """A relation with another offering. Of requirements with the same `group` one is enough."""

    type: OfferingRelation
    offering_id: str
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """A product offering as it is sold (TMF620 ProductOffering).

    Empty `channels`, `market_segments` and `markets` do not restrict; ages are in whole years.
    """

    id: str
    name: str
    lifecycle_status: str
    is_bundle: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    categories: tuple[str, ...] = ()
    specification: ProductSpecification | None = None
    prices: tuple[OfferingPrice, ...] = ()
    terms: tuple[Term, ...] = ()
    bundled: tuple[BundledOffering, ...] = ()
    channels: tuple[str, ...] = ()
    market_segments: tuple[str, ...] = ()
    markets: tuple[str, ...] = ()
    relationships: tuple[OfferingRelationship, ...] = ()
    minimum_age: int | None = None
    maximum_age: int | None = None
    credit_check: CreditCheck = CreditCheck.NONE
    signature_required: bool = False

    def related(self, relation: OfferingRelation) -> tuple[OfferingRelationship, ...]:
        """The relations of this type."""
        return tuple(r for r in self.relationships if r.type is relation)

    def prices_at(self, at: datetime) -> tuple[OfferingPrice, ...]:
        """The prices that are asked at this time."""
        return tuple(price for price in self.prices if price.asked_at(at))
