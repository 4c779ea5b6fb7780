"""What is kept on record: billing account, owned product, customer (TMF666, 637, 629)."""

from typing import Final

from app.orchestration.operations.work import Done, Refused, Result, Work
from connectors.inventory import NewProduct, drift

ACTIVE: Final = "active"
CANCELLED: Final = "cancelled"
TERMINATED: Final = "terminated"


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
        ),
        key=work.call.key,
    )
    return Done(product.id)


async def activate_product(work: Work) -> Result:
    """The product, active from the time that the task began."""
    product = await work.backends.inventory.set_status(
        # the task's own start, not now: a repeated request must be the same request
        work.product_id,
        ACTIVE,
        key=work.call.key,
        start_date=work.call.task.started_at,
    )
    return Done(product.id) if product else Refused("NOT_FOUND", f"the inventory has no product {work.product_id}")


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
    return Done(work.reference) if cancelled else Refused("NOT_FOUND", f"the inventory has no product {work.reference}")


async def change_product(work: Work) -> Result:
    """The owned product, with what the item changes about it; its id stays."""
    changes = {c.name: c.value for c in work.item.characteristics}
    item = work.item
    product = await work.backends.inventory.change(
        work.product_id, changes, offering_id=item.offering_id, name=item.offering_name, key=work.call.key
    )
    return Done(product.id) if product else Refused("NOT_FOUND", f"the inventory has no product {work.product_id}")


async def set_product_status(work: Work) -> Result:
    """The owned product, suspended or active again."""
    status = work.item.product_status
    if status is None:
        return Refused("INCOMPLETE", "the item names no status")
    product = await work.backends.inventory.set_status(work.product_id, status, key=work.call.key)
    return Done(product.id) if product else Refused("NOT_FOUND", f"the inventory has no product {work.product_id}")


async def terminate_product(work: Work) -> Result:
    """The owned product has ended, when the task began."""
    product = await work.backends.inventory.set_status(
        work.product_id, TERMINATED, key=work.call.key, termination_date=work.call.task.started_at
    )
    return Done(product.id) if product else Refused("NOT_FOUND", f"the inventory has no product {work.product_id}")
