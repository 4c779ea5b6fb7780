"""What happens at the place and in the network: serviceability, visits, service orders (TMF645, 646, 697, 641)."""

from collections.abc import Mapping
from typing import Final

from app.domain.order import ItemAction, OrderItem, PlaceRef, ProductStatus, SuspensionScope
from app.orchestration.operations.work import Accepted, Done, Refused, Result, Work
from connectors.catalog import ProductOffering
from connectors.provisioning import NewServiceOrder, ServiceOrder, ServiceOrderItem, ServiceOrderState

ACTIVE: Final = "active"
INACTIVE: Final = "inactive"
PORTED: Final = "msisdn"
"""The characteristic of a mobile line that names the number that the customer brings along."""
PORTING: Final = "cfs-number-porting"
SUSPENDED_PART: Final = "suspendedPart"
"""The characteristic of a service (TMF638) that says how much of it is out of use: full, outgoing, data or none."""
NEVER_DONE: Final = frozenset({ServiceOrderState.CANCELLED, ServiceOrderState.FAILED, ServiceOrderState.REJECTED})


async def check_place(work: Work) -> Result:
    """Whether the place can still be served."""
    offering, place = await work.offering(), work.order.place_of(work.item)
    if place is None or offering.specification is None:
        return Refused("INCOMPLETE", "there is no place or no specification to check")
    answer = await work.backends.serviceability.check(place.id, offering.specification.service_specification_ids)
    if not answer.serviceable:
        return Refused("NOT_SERVICEABLE", answer.reason or f"{place.label} cannot be served")
    return Done(answer.id)


async def confirm_appointment(work: Work) -> Result:
    """The technician's visit, confirmed."""
    if work.item.appointment is None:
        return Refused("INCOMPLETE", "no visit was chosen")
    confirmed = await work.backends.workforce.confirm(work.item.appointment.id, key=work.call.key)
    return Done(confirmed.id)


async def create_work_order(work: Work) -> Result:
    """The technician's work order for the visit."""
    item = work.item
    place = work.order.place_of(item)
    if place is None or item.appointment is None:
        return Refused("INCOMPLETE", "there is no place or no visit")
    made = await work.backends.workforce.create_work_order(
        description=f"Installation of {item.offering_name}",
        place_id=place.id,
        appointment_id=item.appointment.id,
        order_id=work.order.id,
        external_id=work.call.key,
        key=work.call.key,
    )
    return Done(made.id)


async def create_service_order(work: Work) -> Result:
    """A service order at provisioning, which reports its end later."""
    return await _order_service(work, work.item.action)


async def create_at_new_place(work: Work) -> Result:
    """A service order for the product as it is, at the place that it moves to; where it was it goes on."""
    product = (await work.backends.inventory.by_ids([work.product_id])).get(work.product_id)
    if product is None:
        return Refused("NOT_FOUND", f"the inventory has no product {work.product_id}")
    return await _order_service(work, ItemAction.ADD, configured=product.characteristics)


async def end_at_old_place(work: Work) -> Result:
    """A service order that takes the service away where the product has been."""
    return await _order_service(work, ItemAction.DELETE, place=work.item.moved_from)


async def _order_service(
    work: Work, action: ItemAction, *, place: PlaceRef | None = None, configured: Mapping[str, str] | None = None
) -> Result:
    """`place` None: where each item goes. `configured` is how the product is, under what the item changes."""
    offerings = await work.backends.catalog.offerings_by_ids({item.offering_id for item in work.items})
    services = [
        (item, place or work.order.place_of(item), service_id)
        for item in work.items
        if item.offering_id in offerings
        for service_id in _realised_by(offerings[item.offering_id])
    ]
    created = await work.backends.provisioning.create(
        NewServiceOrder(
            external_id=work.call.key,
            description=f"{work.call.task.name}: {', '.join(item.offering_name for item in work.items)}",
            items=tuple(
                ServiceOrderItem(
                    id=str(n),
                    action=action.value,
                    service_specification_id=service_id,
                    characteristics={**(configured or {}), **{c.name: c.value for c in item.characteristics}}
                    | _use(item),
                    state=_state(item),
                    place_id=where.id if where else None,
                    appointment_id=item.appointment.id if item.appointment else None,
                )
                for n, (item, where, service_id) in enumerate(services, 1)
            ),
        ),
        key=work.call.key,
    )
    return result_of(created)


def _realised_by(offering: ProductOffering) -> tuple[str, ...]:
    """The services that make the product work; what no service realises is handed over as a resource."""
    specification = offering.specification
    if specification is None:
        return ()
    return specification.service_specification_ids or specification.resource_specification_ids


def _state(item: OrderItem) -> str | None:
    """The state that the item's services are to have (TMF638): they are inactive only when all of them is suspended."""
    if item.product_status is None:
        return None
    whole = item.suspension is None or item.suspension.scope is SuspensionScope.FULL
    return INACTIVE if item.product_status is ProductStatus.SUSPENDED and whole else ACTIVE


def _use(item: OrderItem) -> dict[str, str]:
    match item.product_status:
        case ProductStatus.SUSPENDED if item.suspension is not None:
            return {SUSPENDED_PART: item.suspension.scope.value}
        case ProductStatus.ACTIVE:
            return {SUSPENDED_PART: "none"}
        case _:
            return {}


async def port_number(work: Work) -> Result:
    """The number that the customer brings along, at its old operator's and ours: provisioning reports the end."""
    number = next((c.value for c in work.item.characteristics if c.name == PORTED), None)
    if number is None:
        return Refused("INCOMPLETE", "there is no number to take over")
    created = await work.backends.provisioning.create(
        NewServiceOrder(
            external_id=work.call.key,
            description=f"{work.call.task.name}: {number}",
            items=(
                ServiceOrderItem(
                    id="1",
                    action=ItemAction.ADD.value,
                    service_specification_id=PORTING,
                    characteristics={PORTED: number},
                ),
            ),
        ),
        key=work.call.key,
    )
    return result_of(created)


async def cancel_appointment(work: Work) -> Result:
    """The technician's visit will not take place."""
    cancelled = await work.backends.workforce.cancel(work.reference, key=work.call.key)
    return Done(cancelled.id)


async def cancel_work_order(work: Work) -> Result:
    """The technician's work is not wanted any more; what has been done of it stays done."""
    await work.backends.workforce.cancel_work_order(work.reference, key=work.call.key)
    return Done(work.reference)


async def take_back(work: Work) -> Result:
    """The service order is cancelled; when it was carried out already, another one takes away what it brought."""
    provisioning = work.backends.provisioning
    found = (await provisioning.by_ids([work.reference])).get(work.reference)
    under_way = found is not None and not found.state.ended
    if under_way and await provisioning.cancel(work.reference, key=f"{work.call.key}:cancel"):
        return Done(work.reference)
    if found is None or found.state in NEVER_DONE:
        return Done(work.reference)
    return await _order_service(work, ItemAction.DELETE)


async def check_service_order(work: Work) -> Result:
    """How far provisioning has come with the service order."""
    found = (await work.backends.provisioning.by_ids([work.reference])).get(work.reference)
    return result_of(found) if found else Refused("NOT_FOUND", f"provisioning has no service order {work.reference}")


def result_of(order: ServiceOrder) -> Result:
    """What a service order's state means for its task."""
    if order.state is ServiceOrderState.COMPLETED:
        return Done(order.id)
    if order.state.ended:
        return Refused(order.state.upper(), order.problem or f"provisioning ended it as {order.state}")
    return Accepted(order.id)
