"""Product offerings with their prices and what can be chosen about them (TMF620)."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import field

from connectors import catalog
from resolvers.enums import PriceType
from resolvers.fields import loaded, resolved
from resolvers.ids import encode
from resolvers.loaders import Loaders
from resolvers.node import Node
from resolvers.scalars import CurrencyCode
from resolvers.types.money import Money


@strawberry.type(description="A reduction of a price (TMF620 priceAlteration).")
class PriceAlteration:
    name: str = field(description="What it is called.")
    percentage: Decimal | None = field(description="Hundredths of the price that are taken off.")
    amount: Decimal | None = field(description="What is taken off, in the currency of the price.")
    periods: int | None = field(description="For how many charge periods it holds; null: for good.")
    priority: int = field(description="Alterations are applied in rising order, each on what is left.")


def _price(root: strawberry.Parent[catalog.OfferingPrice]) -> Money:
    return Money(amount=root.amount, currency=CurrencyCode(root.currency))


@strawberry.type(description="A price of an offering (TMF620 ProductOfferingPrice).")
class ProductOfferingPrice:
    name: str = field(description="What the price is for.")
    description: str | None = field(description="More about it.")
    price_type: PriceType = resolved(PriceType, lambda root: PriceType(root.price_type.value), "When it is charged.")
    price = resolved(Money, _price, "The price of one piece, duty free, before alterations.")
    tax_rate: Decimal = field(description="Tax in hundredths of the price.")
    period: str | None = field(description="Charge period of a recurring price, for example month.")
    unit_of_measure: str | None = field(description="What a usage price counts, for example minute.")
    alterations: list[PriceAlteration] = field(description="Reductions of this price.")


@strawberry.type(description="A value that may be chosen for a characteristic.")
class CharacteristicValue:
    value: str = field(description="The value.")
    is_default: bool = field(description="Whether it is suggested.")


@strawberry.type(description="What can be chosen, or is fixed, about a product (TMF620 productSpecCharacteristic).")
class CharacteristicSpecification:
    name: str = field(description="Name to use when it is chosen.")
    description: str | None = field(description="What it means.")
    value_type: str | None = field(description="Type of the values, for example string or number.")
    required: bool = field(description="Whether an order must choose a value.")
    configurable: bool = field(description="Whether it can be chosen at all.")
    values: list[CharacteristicValue] = field(description="The allowed values; empty: any that fits the rest.")
    pattern: str | None = field(description="Regular expression that a value must match as a whole.")
    minimum: Decimal | None = field(description="Smallest allowed number.")
    maximum: Decimal | None = field(description="Largest allowed number.")
    unit_of_measure: str | None = field(description="Unit of the values.")


@strawberry.type(description="A commitment that comes with an offering (TMF620 productOfferingTerm).")
class Term:
    name: str = field(description="What it is called.")
    amount: int = field(description="How long, in units.")
    unit: str = field(description="Unit of time, for example month.")


@strawberry.type(description="A part of a bundle (TMF620 bundledProductOffering).")
class BundledOffering:
    name: str = field(description="Name of the part.")
    lower_limit: int = field(description="How often it must be chosen at least.")
    upper_limit: int = field(description="How often it may be chosen at most.")
    default: int = field(description="How often it is suggested.")
    offering = resolved(
        "ProductOffering | None",
        loaded(Loaders.offering_by_id, lambda root: root.offering_id),
        "The part itself. Null with an error while the catalog is down.",
    )


@strawberry.type(description="Something that is sold (TMF620 ProductOffering).")
class ProductOffering(Node):
    id = resolved(strawberry.ID, lambda root: encode("ProductOffering", root.id), "Opaque id.")
    key: str = resolved(str, lambda root: root.id, "Id of the offering in the catalog (TMF620).")
    name: str = field(description="Name as customers know it.")
    description: str | None = field(description="What it is.")
    version: str | None = field(description="Version of the offering in the catalog.")
    lifecycle_status: str = field(description="Status in the catalog: Active, Launched, Retired …")
    is_bundle: bool = field(description="Whether it is made of other offerings.")
    valid_from: datetime | None = field(description="From when it is sold.")
    valid_until: datetime | None = field(description="Until when it is sold.")
    categories: list[str] = field(description="Ids of the categories it belongs to.")
    channels: list[str] = field(description="Ids of the channels that sell it.")
    market_segments: list[str] = field(description="Segments it is meant for.")
    prices: list[ProductOfferingPrice] = field(description="What it costs.")
    terms: list[Term] = field(description="Commitments that come with it.")
    bundled: list[BundledOffering] = field(description="Parts of a bundle; empty for anything else.")
    characteristics: list[CharacteristicSpecification] = field(description="What can be chosen about it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, catalog.ProductOffering)
