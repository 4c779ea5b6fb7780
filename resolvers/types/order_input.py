"""What a channel says of an order and its items."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry import field

from app.domain import order
from app.domain.money import Money
from app.domain.request import ItemRequest, OrderRequest, RevisedWish, Slot
from resolvers.enums import (
    FailurePolicy,
    ItemAction,
    ProductStatus,
    RelationshipType,
    Sequencing,
    SuspensionBilling,
    SuspensionOriginator,
    SuspensionScope,
)
from resolvers.ids import key_of
from resolvers.types.money import MoneyInput


@strawberry.input(description="A chosen value of a product characteristic.")
class CharacteristicInput:
    name: str = field(description="Name of the characteristic in the product specification.")
    value: str = field(description="The chosen value.")


@strawberry.input(description="A relationship with another item of the same order.")
class OrderItemRelationshipInput:
    type: RelationshipType = field(description="What kind of relationship.")
    item_id: strawberry.ID = field(description="The other item.")


@strawberry.input(description="A price as it was shown to the customer; the order is refused when it is another now.")
class AgreedPriceInput:
    name: str = field(description="Name of the price in the catalog.")
    price: MoneyInput = field(description="For one piece, duty free, before alterations.")


@strawberry.input(description="A chosen time slot.")
class TimeSlotInput:
    start: datetime = field(description="When it begins.")
    end: datetime = field(description="When it ends.")

    def to_slot(self) -> Slot:
        """The slot as the domain has it."""
        return Slot(start=self.start, end=self.end)


@strawberry.input(description="The order's id in another system (TMF622 ExternalIdentifier).")
class ExternalIdInput:
    owner: str = field(description="Whose id it is.")
    type: str = field(description="What kind of id, for example POnumber.")
    id: str = field(description="The id itself.")


def characteristics_in(given: Sequence[CharacteristicInput] | None) -> tuple[order.Characteristic, ...]:
    """The values as the domain has them."""
    return tuple(order.Characteristic(c.name, c.value) for c in given or ())


def relationships_in(given: Sequence[OrderItemRelationshipInput] | None) -> tuple[order.ItemRelationship, ...]:
    """The relationships as the domain has them."""
    return tuple(order.ItemRelationship(r.type, r.item_id) for r in given or ())


@strawberry.input(description="An item of a quote (TMF648).")
class QuoteItemInput:
    quote_id: strawberry.ID = field(description="Id of the quote.")
    id: strawberry.ID = field(description="Id of the item in the quote.")


@strawberry.input(description="How a product is put out of use.")
class SuspensionInput:
    reason: str = field(description="Why.")
    originator: SuspensionOriginator = field(default=SuspensionOriginator.CUSTOMER, description="Who wants it.")
    scope: SuspensionScope = field(default=SuspensionScope.FULL, description="How much of it.")
    billing: SuspensionBilling = field(
        default=SuspensionBilling.CONTINUE, description="What becomes of its recurring charges."
    )
    resumes_at: datetime | None = field(default=None, description="When it is put into use again by itself.")

    def to_suspension(self) -> order.Suspension:
        """The suspension as the domain has it."""
        return order.Suspension(
            reason=self.reason,
            originator=self.originator,
            scope=self.scope,
            billing=self.billing,
            resumes_at=self.resumes_at,
        )


@strawberry.input(description="For which term a product is kept on.")
class RenewalInput:
    term_name: str | None = field(
        default=None, description="Which of the terms of its offering; null: the only one that it has."
    )


@strawberry.input(description="A wished-for order item (TMF622 ProductOrderItem).")
class ProductOrderItemInput:
    offering_id: strawberry.ID = field(description="The offering: id or key.")
    id: strawberry.ID | None = field(
        default=None, description="Id of the item in its order, as relationships name it; null: the next free number."
    )
    action: ItemAction = field(default=ItemAction.ADD, description="What it does to a product.")
    quantity: int = field(default=1, description="How many pieces; from 1 to 100.")
    characteristics: list[CharacteristicInput] | None = field(default=None, description="How it is configured.")
    relationships: list[OrderItemRelationshipInput] | None = field(
        default=None, description="How it relates to other items."
    )
    place_id: strawberry.ID | None = field(
        default=None, description="Where it is delivered: a validated address, id or key; null: at the order's place."
    )
    product_id: strawberry.ID | None = field(
        default=None, description="The owned product, id or key, for every action but add."
    )
    product_status: ProductStatus | None = field(
        default=None, description="With action modify: the status that the product is to have."
    )
    suspension: SuspensionInput | None = field(
        default=None, description="With the product status suspended: how it is put out of use."
    )
    renewal: RenewalInput | None = field(
        default=None, description="With action modify, alone: for which term the product is kept on."
    )
    agreed_prices: list[AgreedPriceInput] | None = field(default=None, description="Prices shown to the customer.")
    quote_item: QuoteItemInput | None = field(
        default=None,
        description="What it was quoted as; the order is refused when it is not the same, or not for the same.",
    )

    def to_request(self, slot: Slot | None = None) -> ItemRequest:
        """The wish as the domain has it."""
        return ItemRequest(
            offering_id=key_of(self.offering_id, "ProductOffering"),
            id=self.id,
            action=self.action,
            quantity=self.quantity,
            characteristics=characteristics_in(self.characteristics),
            relationships=relationships_in(self.relationships),
            place_id=key_of(self.place_id, "GeographicAddress") if self.place_id else None,
            slot=slot,
            product_id=key_of(self.product_id, "Product") if self.product_id else None,
            product_status=self.product_status,
            suspension=self.suspension.to_suspension() if self.suspension else None,
            renewal=order.Renewal(term_name=self.renewal.term_name) if self.renewal else None,
            agreed_prices=tuple(
                order.AgreedPrice(a.name, Money(a.price.amount, a.price.currency)) for a in self.agreed_prices or ()
            ),
            quote_item=order.QuoteItemRef(quote_id=self.quote_item.quote_id, id=self.quote_item.id)
            if self.quote_item
            else None,
        )


@strawberry.input(description="An item of a complete order, with its time slot where a visit is needed.")
class PlacedOrderItemInput(ProductOrderItemInput):
    slot: TimeSlotInput | None = field(default=None, description="When the technician shall come.")

    def with_slot(self) -> ItemRequest:
        """The wish with its slot."""
        return self.to_request(self.slot.to_slot() if self.slot else None)


@strawberry.input(description="What is said of an order as a whole.")
class OrderHeaderInput:
    customer_id: strawberry.ID = field(description="Who orders: id or customer number.")
    place_id: strawberry.ID | None = field(
        default=None, description="Where it is delivered: a validated address, id or key."
    )
    billing_account_id: strawberry.ID | None = field(
        default=None,
        description="Where charges go, id or key; null: to the customer's account, opened if there is none.",
    )
    seller_id: strawberry.ID | None = field(
        default=None, description="The dealer that sells it; a dealer's own orders are always sold by itself."
    )
    category: str | None = field(default=None, description="Kind of order, in the channel's own word.")
    description: str | None = field(default=None, description="What the order is about.")
    priority: int = field(default=4, description="From 0, the highest, to 4.")
    external_ids: list[ExternalIdInput] | None = field(default=None, description="Its ids in other systems.")
    payment_method_id: strawberry.ID | None = field(
        default=None, description="For what is due before delivery: a payment method of the customer, or `cash`."
    )
    credit_consent: bool = field(
        default=False, description="Whether the customer agrees that the credit bureau is asked, where it has to be."
    )
    notes: list[str] | None = field(default=None, description="Remarks that everybody who sees the order may read.")
    internal_notes: list[str] | None = field(default=None, description="Remarks for the operator's own people only.")
    requested_start_at: datetime | None = field(default=None, description="Not to be begun before.")
    requested_completion_at: datetime | None = field(
        default=None, description="Wished to be complete by then; it is begun as late as leaves twice the usual time."
    )
    parent_id: strawberry.ID | None = field(
        default=None,
        description="The order of the same customer that this one is part of, id or order number. That one is no part "
        "itself, and has not ended.",
    )
    failure_policy: FailurePolicy = field(
        default=FailurePolicy.CONTINUE, description="What a task that cannot be done means for the rest."
    )
    sequencing: Sequencing = field(
        default=Sequencing.ANY, description="Whether the items are carried out one after another."
    )

    def to_request(self, items: Sequence[ItemRequest]) -> OrderRequest:
        """The wished-for order as the domain has it."""
        return OrderRequest(
            customer_id=key_of(self.customer_id, "Customer"),
            items=tuple(items),
            place_id=key_of(self.place_id, "GeographicAddress") if self.place_id else None,
            billing_account_id=key_of(self.billing_account_id, "BillingAccount") if self.billing_account_id else None,
            seller_id=self.seller_id,
            category=self.category,
            description=self.description,
            priority=self.priority,
            external_ids=tuple(order.ExternalId(owner=e.owner, type=e.type, id=e.id) for e in self.external_ids or ()),
            notes=tuple(self.notes or ()),
            internal_notes=tuple(self.internal_notes or ()),
            payment_method_id=self.payment_method_id,
            credit_consent=self.credit_consent,
            requested_start_at=self.requested_start_at,
            requested_completion_at=self.requested_completion_at,
            failure_policy=self.failure_policy,
            sequencing=self.sequencing,
            parent_id=key_of(self.parent_id, "ProductOrder") if self.parent_id else None,
        )


@strawberry.input(description="What an order that is under way is to be from now on; what is null stays as it is.")
class OrderRevisionInput:
    items: list[PlacedOrderItemInput] | None = field(
        default=None,
        description="All items that are wanted, those that the order has by their id. One that it has and that is not "
        "named here is not wanted any more. Null: all stay as they are.",
    )
    place_id: strawberry.ID | None = field(default=None, description="Where it is delivered: id or key.")
    billing_account_id: strawberry.ID | None = field(default=None, description="Where charges go: id or key.")
    payment_method_id: strawberry.ID | None = field(
        default=None, description="For what is due before delivery: a payment method of the customer, or `cash`."
    )
    priority: int | None = field(default=None, description="From 0, the highest, to 4.")
    requested_start_at: datetime | None = field(default=None, description="Not to be begun before.")
    requested_completion_at: datetime | None = field(default=None, description="Wished to be complete by then.")
    credit_consent: bool = field(
        default=False, description="Whether the customer agrees that the credit bureau is asked, where it has to be."
    )

    def to_wish(self) -> RevisedWish:
        """The wish as the domain has it."""
        return RevisedWish(
            items=None if self.items is None else tuple(item.with_slot() for item in self.items),
            place_id=key_of(self.place_id, "GeographicAddress") if self.place_id else None,
            billing_account_id=key_of(self.billing_account_id, "BillingAccount") if self.billing_account_id else None,
            payment_method_id=self.payment_method_id,
            priority=self.priority,
            requested_start_at=self.requested_start_at,
            requested_completion_at=self.requested_completion_at,
        )


@strawberry.input(description="Which order, in which version, under which key.")
class OrderChangeInput:
    id: strawberry.ID = field(description="The order: id or order number.")
    expected_version: int = field(description="The version that you know; another one refuses the change.")
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )

    @property
    def order_id(self) -> str:
        """The order's key."""
        return key_of(self.id, "ProductOrder")
