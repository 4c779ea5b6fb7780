"""Items of product orders (TMF622 ProductOrderItem)."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import field

from app.domain import order
from app.domain.access import is_customer
from resolvers.context import Info
from resolvers.enums import (
    ItemAction,
    ItemState,
    PriceType,
    ProductStatus,
    RelationshipType,
    SuspensionBilling,
    SuspensionOriginator,
    SuspensionScope,
)
from resolvers.fields import loaded, resolved
from resolvers.loaders import Loaders
from resolvers.types.customer import Characteristic, Product
from resolvers.types.money import Money
from resolvers.types.offering import PriceAlteration, ProductOffering, Term
from resolvers.types.place import GeographicAddress
from resolvers.types.resource import Reservation


@strawberry.type(description="A relationship with another item of the same order.")
class OrderItemRelationship:
    type: RelationshipType = field(description="What kind of relationship.")
    item_id: strawberry.ID = field(description="The other item.")


@strawberry.type(description="A technician's visit held for an item (TMF646).")
class Appointment:
    id: strawberry.ID = field(description="Id of the appointment in workforce management.")
    start: datetime = field(description="When it begins.")
    end: datetime = field(description="When it ends.")


@strawberry.type(description="An item of a quote (TMF648).")
class QuoteItemRef:
    quote_id: strawberry.ID = field(description="Id of the quote.")
    id: strawberry.ID = field(description="Id of the item in the quote.")


def _alterations(root: strawberry.Parent[order.ItemPrice]) -> list[PriceAlteration]:
    return [
        PriceAlteration(
            name=a.name,
            percentage=a.percentage,
            amount=a.amount.amount if a.amount else None,
            periods=a.periods,
            priority=a.priority,
        )
        for a in root.alterations
    ]


@strawberry.type(description="A price of an item; frozen when the order is submitted (TMF622 OrderPrice).")
class OrderPrice:
    name: str = field(description="What the price is for.")
    price_type: PriceType = field(description="When it is charged.")
    period: str | None = field(description="Charge period of a recurring price.")
    unit_price: Money = field(description="For one piece, duty free, before alterations.")
    tax_rate: Decimal = field(description="Tax in hundredths of the price.")
    duty_free: Money = field(description="For all pieces in the first charge period, alterations applied, without tax.")
    tax_included: Money = field(description="The same with tax.")
    alterations = resolved(list[PriceAlteration], _alterations, "Reductions of this price.")


async def _item_product(root: strawberry.Parent[order.OrderItem], info: Info) -> object:
    # an order outlives its customer's owning the product: what became of it since is the new owner's
    found = await info.context.loaders.product_by_id.load(root.product_id) if root.product_id else None
    return found if found and any(is_customer(info.context.actor, owner) for owner in found.customer_ids) else None


@strawberry.type(description="How a product is put out of use.")
class Suspension:
    reason: str = field(description="Why.")
    originator: SuspensionOriginator = field(description="Who wants it.")
    scope: SuspensionScope = field(description="How much of it.")
    billing: SuspensionBilling = field(description="What becomes of its recurring charges.")
    resumes_at: datetime | None = field(description="When it is put into use again by itself; null: it is not.")


@strawberry.type(description="For which term a product is kept on.")
class Renewal:
    term_name: str | None = field(description="The term that was asked for; null: the only one.")
    term: Term | None = field(description="The term; null: the offering has none that is meant.")
    starts_at: datetime | None = field(description="When it begins: when the term before has run out.")
    ends_at: datetime | None = field(description="When it ends.")


@strawberry.type(description="One thing that an order adds, changes or ends (TMF622 ProductOrderItem).")
class ProductOrderItem:
    id: strawberry.ID = field(description="Id of the item in its order.")
    action: ItemAction = field(description="What it does to a product.")
    state: ItemState = field(description="Where the item stands.")
    quantity: int = field(description="How many pieces.")
    offering_name: str = field(description="Name of the offering when it was last looked up.")
    offering_key: str = resolved(str, lambda root: root.offering_id, "Id of the offering in the catalog (TMF620).")
    offering = resolved(
        ProductOffering | None,
        loaded(Loaders.offering_by_id, lambda root: root.offering_id),
        "The offering as the catalog has it now (TMF620). Null with an error while the catalog is down.",
    )
    characteristics: list[Characteristic] = field(description="How it is configured.")
    relationships: list[OrderItemRelationship] = field(description="How it relates to other items.")
    place = resolved(
        GeographicAddress | None,
        loaded(Loaders.address_by_id, lambda root: root.place.id if root.place else None),
        "Where it is delivered, when that is not the order's place (TMF673).",
    )
    appointment: Appointment | None = field(description="The technician's visit held for it.")
    prices: list[OrderPrice] = field(description="What it costs.")
    terms: list[Term] = field(description="Commitments that come with it.")
    reservations: list[Reservation] = field(description="Numbers and SIMs held for it (TMF685).")
    moved_from = resolved(
        GeographicAddress | None,
        loaded(Loaders.address_by_id, lambda root: root.moved_from.id if root.moved_from else None),
        "Where its product is installed until it works at its new place (TMF673); null: it does not move.",
    )
    product_status: ProductStatus | None = field(description="The status that its product is to have; null: as it is.")
    suspension: Suspension | None = field(description="How it is put out of use; null: it is not about that.")
    renewal: Renewal | None = field(description="For which term it is kept on; null: it is not about that.")
    quote_item: QuoteItemRef | None = field(description="What it was quoted as, when it is ordered by a quote.")
    product_key: str | None = resolved(str | None, lambda root: root.product_id, "Id of the owned product (TMF637).")
    product = resolved(
        Product | None,
        _item_product,
        "The owned product, once the inventory has it (TMF637). Null with an error while the inventory is down, and "
        "without one while it is somebody else's.",
    )
