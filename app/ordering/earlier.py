"""Orders of the same customer one after the other: which are waited for, and who is told when one has ended."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from app.domain.catalog import Offering
from app.domain.earlier import Missed, Waiting, earlier_orders, missed, missing_for, still_awaited
from app.domain.order import ItemAction, ProductOrder
from app.domain.plan import AWAIT_EARLIER, Task
from app.domain.rules.owned import IN_USE
from app.domain.states import ORDER, OrderState, TaskState
from app.ordering.facts import offerings_of
from app.ordering.ordering import Ordering
from app.store.port import OrderBy, OrderSearch

OPEN: Final = tuple(state for state in OrderState if state not in ORDER.terminal and state is not OrderState.DRAFT)
MOST: Final = 100
STILL_AWAITED: Final = frozenset({TaskState.RUNNING, TaskState.AWAITING_RESULT})
OF_OWNED: Final = frozenset({ItemAction.MODIFY, ItemAction.DELETE})


async def orders_before(
    ordering: Ordering, order: ProductOrder, offerings: Mapping[str, Offering], at: datetime
) -> dict[str, tuple[str, ...]]:
    """By item, the orders that it waits for. An order that concerns nothing but itself costs no look at others.

    Raises BackendFailure.
    """
    of_owned = any(item.action in OF_OWNED for item in order.items)
    missing = any(item.action is ItemAction.ADD and missing_for(order, item, offerings) for item in order.items)
    if not (of_owned or missing):
        return {}
    search = OrderSearch(customer_ids=(order.customer_id,), states=OPEN)
    # the oldest first: what an order waits for was submitted before
    found = await ordering.store.search(search, OrderBy.CREATED_ASCENDING, after=None, limit=MOST)
    if all(other.id == order.id for other in found):
        return {}
    owned: frozenset[str] = frozenset()
    if missing:
        products = (await ordering.backends.inventory.products_of([order.customer_id])).get(order.customer_id, ())
        owned = frozenset(p.offering_id for p in products if p.offering_id and p.status in IN_USE)
    return earlier_orders(order, found, offerings, owned, at)


async def outcome_for(ordering: Ordering, order: ProductOrder, task: Task) -> Waiting | Missed | None:
    """What has become of the orders that the task waits for; None: it may go on. Raises BackendFailure."""
    others = [stored.order for stored in (await ordering.store.load(task.awaits)).values()]
    if waiting := still_awaited(order, others, ordering.clock()):
        return waiting
    items = [item for item in order.items if item.id in task.item_ids]
    return missed(order, items, others, await offerings_of(order, ordering.backends))


async def tell_those_waiting(ordering: Ordering, ended: ProductOrder) -> None:
    """The order has ended: those that waited for it go on at once.

    Who is missed here, because this process ended first, finds out by asking, and so does who has to ask the catalog
    what it has missed.
    """
    waiting = await ordering.store.awaiting(ended.id)
    stored = await ordering.store.load(waiting) if waiting else {}
    for one in stored.values():
        for task in one.plan.tasks if one.plan else ():
            if ended.id not in task.awaits or task.operation != AWAIT_EARLIER or task.state not in STILL_AWAITED:
                continue
            others = [other.order for other in (await ordering.store.load(task.awaits)).values()]
            settled = still_awaited(one.order, others, ordering.clock()) is None
            if settled and all(other.state is OrderState.COMPLETED for other in others):
                await ordering.fulfilment.task_done(one.order.id, task, ended.id)
