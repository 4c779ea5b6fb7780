"""Whether something may be ordered as it is configured, and what may still be chosen (TMF760)."""

from decimal import Decimal

import strawberry
from strawberry import field

from app.ordering.configure import CheckConfiguration
from resolvers.enums import ConfigurationState
from resolvers.fields import resolved
from resolvers.ids import key_of
from resolvers.types.offering import Term
from resolvers.types.order_input import ProductOrderItemInput
from resolvers.types.order_item import OrderPrice
from resolvers.types.violation import Violation


@strawberry.input(description="What is configured how: an order item, with what would be ordered with it.")
class CheckProductConfigurationInput(ProductOrderItemInput):
    customer_id: strawberry.ID | None = field(
        default=None, description="For whom, id or customer number; null: for somebody who has nothing yet."
    )
    related_items: list[ProductOrderItemInput] | None = field(
        default=None, description="What would be ordered with it: the parts of a bundle, or what it relies on."
    )

    def to_ask(self) -> CheckConfiguration:
        """What the use case is asked."""
        return CheckConfiguration(
            item=self.to_request(),
            related=tuple(item.to_request() for item in self.related_items or ()),
            customer_id=key_of(self.customer_id, "Customer") if self.customer_id else None,
        )


@strawberry.type(description="What a characteristic of an item may be, and what it is now (TMF760).")
class ConfigurableCharacteristic:
    name: str = resolved(str, lambda root: root.specification.name, "Name to use when it is chosen.")
    description: str | None = resolved(str | None, lambda root: root.specification.description, "What it means.")
    value: str | None = field(description="The value that is chosen; null: none yet.")
    required: bool = resolved(bool, lambda root: root.specification.required, "Whether a value has to be chosen.")
    configurable: bool = resolved(
        bool, lambda root: root.specification.configurable, "Whether it can be chosen at all, or is fixed."
    )
    allowed: list[str] = resolved(
        list[str], lambda root: root.specification.allowed, "The allowed values; empty: any that fits the rest."
    )
    default: str | None = resolved(str | None, lambda root: root.specification.default, "The value that is suggested.")
    pattern: str | None = resolved(
        str | None, lambda root: root.specification.pattern, "Regular expression that a value must match as a whole."
    )
    minimum: Decimal | None = resolved(
        Decimal | None, lambda root: root.specification.minimum, "Smallest allowed number."
    )
    maximum: Decimal | None = resolved(
        Decimal | None, lambda root: root.specification.maximum, "Largest allowed number."
    )


@strawberry.type(description="What was found out about one item (TMF760 checkProductConfigurationItem).")
class CheckedConfiguration:
    item_id: strawberry.ID = resolved(strawberry.ID, lambda root: root.item.id, "Id of the item, given or counted.")
    offering_key: str = resolved(str, lambda root: root.item.offering_id, "Id of the offering in the catalog (TMF620).")
    state: ConfigurationState = field(description="Whether it may be ordered so.")
    reasons: list[Violation] = field(description="Why not; and warnings, which reject nothing.")
    characteristics: list[ConfigurableCharacteristic] = field(description="What may still be chosen, and what is.")
    prices: list[OrderPrice] = field(description="What it costs as it is configured.")
    terms: list[Term] = field(description="Commitments that come with it.")


@strawberry.type(description="Whether something may be ordered as it is configured (TMF760 checkProductConfiguration).")
class ProductConfigurationCheck:
    state: ConfigurationState = field(description="Whether all of it may be ordered so, together.")
    reasons: list[Violation] = field(description="What speaks against it as a whole; the items have their own.")
    items: list[CheckedConfiguration] = field(description="The item that was asked about, then the related ones.")
