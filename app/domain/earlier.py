"""Orders of the same customer that have to end before another one may do its work."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.catalog import Offering, OfferingRelation
from app.domain.order import ItemAction, OrderItem, ProductOrder
from app.domain.states import ITEM, ORDER, ItemState, OrderState


def came_before(order: ProductOrder, other: ProductOrder) -> bool:
    """Whether `other` was submitted before `order`: of two orders one comes first, so none waits in a circle."""
    if order.submitted_at is None:
        return other.submitted_at is not None
    return other.submitted_at is not None and (other.submitted_at, other.id) < (order.submitted_at, order.id)


def in_the_way(order: ProductOrder, other: ProductOrder, at: datetime) -> bool:
    """Whether `other` is to be carried out before `order`; one that begins on a later day is not."""
    if other.id == order.id or other.state in ORDER.terminal or other.state is OrderState.DRAFT:
        return False
    if not came_before(order, other):
        return False
    day = other.requested_start_at
    if order.requested_start_at is not None and order.requested_start_at > at:
        return day is None or day <= order.requested_start_at
    return not other.waits_for_its_day and (day is None or day <= at)


def earlier_orders(
    order: ProductOrder,
    others: Iterable[ProductOrder],
    offerings: Mapping[str, Offering],
    owned: Collection[str],
    at: datetime,
) -> dict[str, tuple[str, ...]]:
    """By item, the customer's earlier orders that it waits for, the first submitted first.

    They are those that do something with the same owned product, or bring what a new product requires when neither the
    order brings it nor the customer has it: `owned` are the offerings of the products in use. An item that waits for
    none is absent.
    """
    open_ones = sorted(
        (other for other in others if in_the_way(order, other, at)), key=lambda o: (o.submitted_at or at, o.id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for item in order.items:
        missing = missing_for(order, item, offerings) if item.action is ItemAction.ADD else frozenset[str]()
        if missing.isdisjoint(owned):
            touching = tuple(other.id for other in open_ones if any(_touches(i, item, missing) for i in other.items))
            if touching:
                found[item.id] = touching
    return found


def missing_for(order: ProductOrder, item: OrderItem, offerings: Mapping[str, Offering]) -> frozenset[str]:
    """What the new product requires and the order does not bring; of a group of requirements each one would do."""
    offering = offerings.get(item.offering_id)
    brought = {other.offering_id for other in order.items if other.action is ItemAction.ADD}
    groups: dict[str, set[str]] = {}
    for relation in offering.related(OfferingRelation.REQUIRES) if offering else ():
        groups.setdefault(relation.group or relation.offering_id, set()).add(relation.offering_id)
    return frozenset(one for group in groups.values() if group.isdisjoint(brought) for one in group)


def _touches(other: OrderItem, item: OrderItem, missing: Collection[str]) -> bool:
    if other.state in ITEM.terminal or ItemAction.NO_CHANGE in (other.action, item.action):
        return False
    if item.action is ItemAction.ADD:
        return other.action is ItemAction.ADD and other.offering_id in missing
    return item.product_id is not None and other.product_id == item.product_id


@dataclass(frozen=True, slots=True)
class Waiting:
    """This order has not ended yet."""

    order_id: str


@dataclass(frozen=True, slots=True)
class Missed:
    """What this order was to bring, it has not brought."""

    order_id: str
    message: str


def still_awaited(order: ProductOrder, others: Iterable[ProductOrder], at: datetime) -> Waiting | None:
    """The first of these orders that is still to be waited for: that has not ended, and begins on no later day."""
    return next((Waiting(other.id) for other in others if in_the_way(order, other, at)), None)


def missed(
    order: ProductOrder,
    items: Iterable[OrderItem],
    others: Collection[ProductOrder],
    offerings: Mapping[str, Offering],
) -> Missed | None:
    """What the orders that were waited for have not brought, of what these new items require.

    A product that changes is there whatever became of an earlier change.
    """
    for item in items:
        missing = missing_for(order, item, offerings) if item.action is ItemAction.ADD else ()
        for other in others:
            wanted = [one for one in other.items if one.action is ItemAction.ADD and one.offering_id in missing]
            if wanted and other.state in ORDER.terminal and all(i.state is not ItemState.COMPLETED for i in wanted):
                names = ", ".join(one.offering_name for one in wanted)
                return Missed(other.id, f"order {other.id} has not brought {names}")
    return None
