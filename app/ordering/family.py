"""Orders that are parts of another one: whether an order may become one."""

from typing import Final

from app.domain.actor import Actor
from app.domain.family import MOST_CHILDREN
from app.domain.order import ProductOrder
from app.domain.request import OrderRequest
from app.domain.rules.case import breach
from app.domain.states import ORDER
from app.domain.violations import Violation, ViolationCode
from app.ordering.ordering import Ordering
from app.store.port import OrderSearch

PATH: Final = "/parentId"


async def parent_breaches(ordering: Ordering, actor: Actor, request: OrderRequest) -> tuple[Violation, ...]:
    """Why the order cannot become part of the one that it names; none: it can, or names none."""
    if request.parent_id is None:
        return ()
    stored = (await ordering.store.load([request.parent_id])).get(request.parent_id)
    if stored is None or not ordering.own(actor, stored.order):
        message = f"there is no product order {request.parent_id!r}"
        return (breach("parentKnown", PATH, ViolationCode.REFERENCE_NOT_FOUND, message),)
    why = _unfit(stored.order, request)
    if why is None and await ordering.store.count(OrderSearch(parent_ids=(request.parent_id,))) >= MOST_CHILDREN:
        why = f"{MOST_CHILDREN} orders are parts of it already"
    return () if why is None else (breach("parentFits", PATH, ViolationCode.INVALID_VALUE, why),)


def _unfit(parent: ProductOrder, request: OrderRequest) -> str | None:
    if parent.customer_id != request.customer_id:
        return f"order {parent.id} is another customer's"
    if parent.parent_id is not None:
        return f"order {parent.id} is itself part of order {parent.parent_id}, and has no parts of its own"
    if parent.state in ORDER.terminal:
        return f"order {parent.id} has ended ({parent.state})"
    return None
