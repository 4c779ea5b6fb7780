"""What a task does on its backend. Each operation can be repeated: it carries the task's key, or looks first."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.domain.order import OrderItem, ProductOrder
from app.orchestration.contract import TaskCall
from connectors.backends import Backends
from connectors.catalog import ProductOffering
from connectors.inventory import NewProduct
from connectors.provisioning import NewServiceOrder, ServiceOrder, ServiceOrderItem, ServiceOrderState

ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done; `reference` is what the backend made."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The backend took the work and will report under `reference`."""

    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The backend's answer is no, and asking again would bring the same."""

    kind: str
    message: str


Result = Done | Accepted | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Everything that an operation needs to know."""

    call: TaskCall
    order: ProductOrder
    backends: Backends

    @property
    def item(self) -> OrderItem:
        """The item that the task serves."""
        item = self.order.item(self.call.task.item_id or "")
        if item is None:
            raise LookupError(f"task {self.call.task.id} serves no item of order {self.order.id}")
        return item

    @property
    def billing_account_id(self) -> str | None:
        """The account that charges go to: the customer's choice, or the one opened for this order."""
        return self.order.billing_account_id or self.call.references.get("billing.openAccount")

    async def offering(self) -> ProductOffering:
        """The offering of the item."""
        offering_id = self.item.offering_id
        return (await self.backends.catalog.offerings_by_ids([offering_id]))[offering_id]


async def _open_account(work: Work) -> Result:
    customer_id = work.order.customer_id
    accounts = (await work.backends.billing.accounts_of([customer_id]))[customer_id]
    if accounts:
        return Done(accounts[0].id)
    opened = await work.backends.billing.open_account(customer_id, work.order.customer_name, key=work.call.key)
    return Done(opened.id)


async def _create_product(work: Work) -> Result:
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


async def _activate_product(work: Work) -> Result:
    product_id = work.item.product_id or work.call.references["inventory.createProduct"]
    product = await work.backends.inventory.set_status(
        # the task's own start, not now: a repeated request must be the same request
        product_id,
        ACTIVE,
        key=work.call.key,
        start_date=work.call.task.started_at,
    )
    return Done(product_id) if product else Refused("NOT_FOUND", f"the inventory has no product {product_id}")


async def _check_place(work: Work) -> Result:
    offering, place = await work.offering(), work.order.place_of(work.item)
    if place is None or offering.specification is None:
        return Refused("INCOMPLETE", "there is no place or no specification to check")
    answer = await work.backends.serviceability.check(place.id, offering.specification.service_specification_ids)
    if not answer.serviceable:
        return Refused("NOT_SERVICEABLE", answer.reason or f"{place.label} cannot be served")
    return Done(answer.id)


async def _confirm_appointment(work: Work) -> Result:
    if work.item.appointment is None:
        return Refused("INCOMPLETE", "no visit was chosen")
    confirmed = await work.backends.workforce.confirm(work.item.appointment.id, key=work.call.key)
    return Done(confirmed.id)


async def _create_service_order(work: Work) -> Result:
    offering, place, item = await work.offering(), work.order.place_of(work.item), work.item
    specification = offering.specification
    # what no service realises is handed over as a resource
    realised_by = (
        (specification.service_specification_ids or specification.resource_specification_ids) if specification else ()
    )
    created = await work.backends.provisioning.create(
        NewServiceOrder(
            external_id=work.call.key,
            description=f"{work.call.task.name}: {item.offering_name}",
            items=tuple(
                ServiceOrderItem(
                    id=str(n),
                    action=item.action.value,
                    service_specification_id=service_id,
                    characteristics={c.name: c.value for c in item.characteristics},
                    place_id=place.id if place else None,
                    appointment_id=item.appointment.id if item.appointment else None,
                )
                for n, service_id in enumerate(realised_by, 1)
            ),
        ),
        key=work.call.key,
    )
    return result_of(created)


async def _activate_customer(work: Work) -> Result:
    customer_id = work.order.customer_id
    customer = (await work.backends.customer.by_ids([customer_id])).get(customer_id)
    if customer is not None and customer.status != ACTIVE:
        customer = await work.backends.customer.set_status(customer_id, ACTIVE, key=work.call.key)
    return Done(customer_id) if customer else Refused("NOT_FOUND", f"there is no customer {customer_id}")


OPERATIONS: Final[Mapping[str, Callable[[Work], Awaitable[Result]]]] = {
    "billing.openAccount": _open_account,
    "customer.activate": _activate_customer,
    "inventory.activateProduct": _activate_product,
    "inventory.createProduct": _create_product,
    "provisioning.createServiceOrder": _create_service_order,
    "serviceability.check": _check_place,
    "workforce.confirmAppointment": _confirm_appointment,
}
"""Everything that a rule may ask for, as `backend.operation`."""


def result_of(order: ServiceOrder) -> Result:
    """What a service order's state means for its task."""
    if order.state is ServiceOrderState.COMPLETED:
        return Done(order.id)
    if order.state.ended:
        return Refused(order.state.upper(), order.problem or f"provisioning ended it as {order.state}")
    return Accepted(order.id)
