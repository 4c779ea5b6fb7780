"""What is kept on record: billing account, owned product, customer (TMF666, 637, 629)."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from app.domain.catalog import PriceType
from app.domain.order import OrderItem, ProductStatus, RelationshipType
from app.domain.order import Suspension as DomainSuspension
from app.domain.periods import end_of_term, months_begun, months_of
from app.orchestration.operations.work import Done, Refused, Result, Work
from connectors.inventory import (
    NewProduct,
    ProductAlteration,
    ProductPrice,
    ProductRelationship,
    ProductTerm,
    Suspension,
    drift,
)

ACTIVE: Final = "active"
CANCELLED: Final = "cancelled"
TERMINATED: Final = "terminated"
RELATED: Final = frozenset({RelationshipType.BUNDLES, RelationshipType.RELIES_ON})
"""What of an item's relationships is known of its product."""


async def open_account(work: Work) -> Result:
    """The account for this order: one that the customer has, or a new one."""
    customer_id = work.order.customer_id
    accounts = (await work.backends.billing.accounts_of([customer_id]))[customer_id]
    if accounts:
        return Done(accounts[0].id)
    opened = await work.backends.billing.open_account(customer_id, work.order.customer_name, key=work.call.key)
    return Done(opened.id)


async def create_product(work: Work) -> Result:
    """The product in the inventory, on its way."""
    offering, place = await work.offering(), work.order.place_of(work.item)
    product = await work.backends.inventory.create(
        NewProduct(
            name=work.item.offering_name,
            offering_id=work.item.offering_id,
            customer_id=work.order.customer_id,
            order_id=work.order.id,
            order_item_id=work.item.id,
            is_bundle=offering.is_bundle,
            specification_id=offering.specification.id if offering.specification else None,
            billing_account_id=work.billing_account_id,
            place_id=place.id if place else None,
            characteristics={c.name: c.value for c in work.item.characteristics},
            prices=_sold_for(work.item),
        ),
        key=work.call.key,
    )
    return Done(product.id)


async def amend_product(work: Work) -> Result:
    """The product that was recorded, as it is wished for by now; it keeps its id."""
    item, place = work.item, work.order.place_of(work.item)
    changed = await work.backends.inventory.change(
        work.reference,
        {c.name: c.value for c in item.characteristics},
        offering_id=item.offering_id,
        name=item.offering_name,
        prices=_sold_for(item),
        key=work.call.key,
    )
    if changed is not None and place is not None and changed.place_id != place.id:
        await work.backends.inventory.change_place(work.reference, place.id, key=f"{work.call.key}:place")
    return Done(work.reference) if changed else Refused("NOT_FOUND", f"the inventory has no product {work.reference}")


def _sold_for(item: OrderItem, periods: Callable[[str | None], int] = lambda _: 0) -> tuple[ProductPrice, ...]:
    """The item's recurring prices, for all its pieces. `periods` is how many charge periods the product had before."""
    return tuple(
        ProductPrice(
            name=price.name,
            price_type=price.price_type.value,
            amount=price.unit_price.times(price.quantity).amount,
            currency=price.unit_price.currency,
            tax_rate=price.tax_rate,
            period=price.period,
            alterations=tuple(
                ProductAlteration(
                    name=a.name,
                    percentage=a.percentage,
                    amount=a.amount.times(price.quantity).amount if a.amount else None,
                    periods=None if a.periods is None else a.periods + periods(price.period),
                    priority=a.priority,
                )
                for a in price.alterations
            ),
        )
        for price in item.prices
        if price.price_type is PriceType.RECURRING
    )


async def activate_product(work: Work) -> Result:
    """The product, active; its term begins, and it is known which products go with it."""
    at = work.effective_at
    product = await work.backends.inventory.set_status(
        work.product_id,
        ACTIVE,
        key=work.call.key,
        start_date=at,
        terms=_terms(work.item, at),
        relationships=await _relationships(work),
    )
    return Done(product.id) if product else _no_product(work.product_id)


def _terms(item: OrderItem, at: datetime) -> tuple[ProductTerm, ...]:
    return tuple(
        ProductTerm(
            name=term.name,
            amount=term.amount,
            unit=term.unit,
            starts_at=at,
            ends_at=end_of_term(at, term.amount, term.unit),
        )
        for term in item.terms
    )


async def _relationships(work: Work) -> tuple[ProductRelationship, ...]:
    """How the item's product goes with those of the other items, as the inventory knows them by their order items."""
    if not any(r.type in RELATED for r in work.item.relationships):
        return ()
    customer_id = work.order.customer_id
    owned = (await work.backends.inventory.products_of([customer_id]))[customer_id]
    of_item = {product.order_item: product.id for product in owned if product.order_item}
    others = {item.id: item.product_id or of_item.get((work.order.id, item.id)) for item in work.order.items}
    return tuple(
        ProductRelationship(type=r.type.value, product_id=other)
        for r in work.item.relationships
        if r.type in RELATED and (other := others.get(r.item_id)) is not None
    )


async def verify_resources(work: Work) -> Result:
    """What the network shows at the place agrees with what is recorded there (TMF639)."""
    place = work.order.place_of(work.item)
    if place is None:
        return Done()
    recorded = await work.backends.inventory.resources_of([place.id])
    discovered = await work.backends.inventory.discovered_of([place.id])
    found = drift(recorded[place.id], discovered[place.id])
    return Refused("DRIFT", "; ".join(map(str, found))) if found else Done()


async def activate_customer(work: Work) -> Result:
    """The customer, active."""
    customer_id = work.order.customer_id
    customer = (await work.backends.customer.by_ids([customer_id])).get(customer_id)
    if customer is not None and customer.status != ACTIVE:
        customer = await work.backends.customer.set_status(customer_id, ACTIVE, key=work.call.key)
    return Done(customer_id) if customer else Refused("NOT_FOUND", f"there is no customer {customer_id}")


async def cancel_product(work: Work) -> Result:
    """The product was never delivered."""
    cancelled = await work.backends.inventory.set_status(work.reference, CANCELLED, key=work.call.key)
    return Done(work.reference) if cancelled else _no_product(work.reference)


async def change_product(work: Work) -> Result:
    """The owned product, with what the item changes about it; its id stays.

    What becomes another offering costs what that does from now on, and its term begins.
    """
    item, at = work.item, work.effective_at
    found = (await work.backends.inventory.by_ids([work.product_id])).get(work.product_id)
    if found is None:
        return _no_product(work.product_id)
    month = months_begun(found.start_date, at)
    product = await work.backends.inventory.change(
        found.id,
        {c.name: c.value for c in item.characteristics},
        offering_id=item.offering_id,
        name=item.offering_name,
        key=work.call.key,
        prices=_sold_for(item, lambda period: (month - 1) // (months_of(period) or 1)),
        terms=_terms(item, at),
    )
    return Done(product.id) if product else _no_product(found.id)


async def change_place(work: Work) -> Result:
    """The owned product, at the place that it has moved to."""
    place = work.order.place_of(work.item)
    if place is None:
        return Refused("INCOMPLETE", "there is no place to move to")
    product = await work.backends.inventory.change_place(work.product_id, place.id, key=work.call.key)
    return Done(product.id) if product else Refused("NOT_FOUND", f"the inventory has no product {work.product_id}")


async def set_product_status(work: Work) -> Result:
    """The owned product, suspended or active again."""
    item, inventory = work.item, work.backends.inventory
    match item.product_status:
        case ProductStatus.SUSPENDED:
            asked = item.suspension or DomainSuspension(reason=work.order.description or "")
            suspension = Suspension(
                reason=asked.reason,
                originator=asked.originator.value,
                scope=asked.scope.value,
                billing=asked.billing.value,
                resumes_at=asked.resumes_at,
            )
            product = await inventory.suspend(work.product_id, suspension, key=work.call.key)
        case ProductStatus.ACTIVE:
            product = await inventory.resume(work.product_id, key=work.call.key)
        case None:
            return Refused("INCOMPLETE", "the item names no status")
    return Done(product.id) if product else _no_product(work.product_id)


async def renew_product(work: Work) -> Result:
    """The owned product, with another term."""
    renewal = work.item.renewal
    if renewal is None or renewal.term is None:
        return Refused("INCOMPLETE", "the item names no term")
    term = ProductTerm(
        name=renewal.term.name,
        amount=renewal.term.amount,
        unit=renewal.term.unit,
        starts_at=renewal.starts_at,
        ends_at=renewal.ends_at,
    )
    product = await work.backends.inventory.renew(work.product_id, term, key=work.call.key)
    return Done(product.id) if product else _no_product(work.product_id)


async def terminate_product(work: Work) -> Result:
    """The owned product has ended, when the order took effect."""
    product = await work.backends.inventory.set_status(
        work.product_id, TERMINATED, key=work.call.key, termination_date=work.effective_at
    )
    return Done(product.id) if product else _no_product(work.product_id)


def _no_product(product_id: str) -> Refused:
    return Refused("NOT_FOUND", f"the inventory has no product {product_id}")
