"""What conditions may speak of: an order, its items, and what is around them, in the words of rule files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from app.domain.catalog import Offering, PriceType
from app.domain.conditions import Members, View
from app.domain.facts import CustomerFact, PlaceFact
from app.domain.order import ItemAction, OrderItem, ProductOrder, ProductStatus
from app.domain.states import OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What decomposition may look at beside the order: who the customer is, where it is, how much is waiting where.

    `load` is by backend the number of tasks that wait for it. `learnt` is by operation how long it takes lately.
    `earlier` are by item the customer's earlier orders that have to end before anything is done for the item.
    """

    customer: CustomerFact | None = None
    places: Mapping[str, PlaceFact] = field(default_factory=dict)
    load: Mapping[str, int] = field(default_factory=dict)
    learnt: Mapping[str, timedelta] = field(default_factory=dict)
    earlier: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


BACKENDS: Final = (
    "address",
    "billing",
    "catalog",
    "channels",
    "credit",
    "customer",
    "documents",
    "intelligent_network",
    "inventory",
    "ledger",
    "provisioning",
    "service_resources",
    "serviceability",
    "workforce",
)
"""Whose load conditions may speak of."""
NOTHING_KNOWN: Final = Surroundings()


def item_view(
    order: ProductOrder, item: OrderItem, offering: Offering | None, around: Surroundings = NOTHING_KNOWN
) -> View:
    """What a decomposition condition may speak of: `item`, `order`, `customer`, `place` and `load`."""
    customer, place = around.customer, order.place_of(item)
    at = around.places.get(place.id) if place else None
    return View(
        {
            "item": {**item_part(item, offering), "earlierOrders": list(around.earlier.get(item.id, ()))},
            "order": order_part(order),
            "customer": {
                "segment": (customer.segment or "") if customer else "",
                "market": (customer.market or "") if customer else "",
                "vip": customer is not None and customer.vip,
            },
            "place": {
                "known": place is not None,
                "country": (at.country or "") if at else "",
                "postcode": (at.postcode or "") if at else "",
                "services": [s for q in order.qualifications if place and q.place_id == place.id for s in q.services],
            },
            "load": {backend: around.load.get(backend, 0) for backend in BACKENDS},
        }
    )


def item_part(item: OrderItem, offering: Offering | None) -> Members:
    """What conditions call `item`."""
    specification = offering.specification if offering else None
    return {
        "id": item.id,
        "action": item.action.value,
        "offering": item.offering_id,
        "productStatus": item.product_status or "",
        "name": item.offering_name,
        "quantity": item.quantity,
        "moves": item.moved_from is not None,
        "isBundle": bool(offering and offering.is_bundle),
        "categories": list(offering.categories) if offering else [],
        "serviceSpecifications": list(specification.service_specification_ids) if specification else [],
        "resourceSpecifications": list(specification.resource_specification_ids) if specification else [],
        "isRealised": bool(
            specification and (specification.service_specification_ids or specification.resource_specification_ids)
        ),
        "characteristics": {c.name: c.value for c in item.characteristics},
        "signatureRequired": bool(offering and offering.signature_required),
        "suspendedBy": item.suspension.originator.value if item.suspension else "",
        "suspensionScope": item.suspension.scope.value if item.suspension else "",
        "resumesByItself": item.suspension is not None and item.suspension.resumes_at is not None,
        "suspensionBilling": item.suspension.billing.value if item.suspension else "",
        "renews": item.renewal is not None,
        "oneTimeCents": _cents(item, PriceType.ONE_TIME),
        "recurringCents": _cents(item, PriceType.RECURRING),
    }


def order_part(order: ProductOrder) -> Members:
    """What conditions call `order`. Amounts are in hundredths and with tax: conditions compare, they do not round."""
    return {
        "channel": order.controlled_by,
        "category": order.category or "",
        "priority": order.priority,
        "hasBillingAccount": order.billing_account_id is not None,
        "hasPayment": order.payment is not None,
        "hasAgreement": order.agreement is not None,
        "changesOwner": order.ownership is not None,
        "repackages": order.repackaging is not None,
        "creditDecision": order.credit.decision.value if order.credit else "",
        "depositCents": int(order.deposit.amount * 100) if order.deposit else 0,
        "actions": sorted({_what(item) for item in order.items}),
        "items": len(order.items),
        "hasVisit": any(item.appointment is not None for item in order.items),
        "pieces": sum(item.quantity for item in order.items),
        "oneTimeCents": sum(_cents(item, PriceType.ONE_TIME) for item in order.items),
        "recurringCents": sum(_cents(item, PriceType.RECURRING) for item in order.items),
    }


def _what(item: OrderItem) -> str:
    """What an item does to a product: add, delete, noChange; of what is modified suspend, resume, renew or modify."""
    if item.action is not ItemAction.MODIFY:
        return item.action.value
    match item.product_status:
        case ProductStatus.SUSPENDED:
            return "suspend"
        case ProductStatus.ACTIVE:
            return "resume"
        case None:
            return "renew" if item.renewal else "modify"


def _cents(item: OrderItem, price_type: PriceType) -> int:
    return sum(int(price.tax_included.amount * 100) for price in item.prices if price.price_type is price_type)


_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
BLANK_ITEM: Final = OrderItem(id="", action=ItemAction.NO_CHANGE, offering_id="", offering_name="")
BLANK_ORDER: Final = ProductOrder(
    id="",
    version=0,
    state=OrderState.DRAFT,
    customer_id="",
    customer_name="",
    channel="",
    controlled_by="",
    created_at=_LONG_AGO,
    created_by="",
    updated_at=_LONG_AGO,
)
"""An order of which nothing is known; a condition that cannot be judged of it speaks of what is never there."""
