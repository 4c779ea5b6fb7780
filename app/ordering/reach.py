"""Which customers, with what they own, an actor may see: itself, those that its dealers have sold to, or all."""

from collections.abc import Iterable

from app.domain.access import is_customer, rows_of
from app.domain.actor import Actor
from app.ordering.ordering import Ordering
from app.store.port import OrderBy, OrderSearch


async def reaches(ordering: Ordering, actor: Actor, customer_id: str) -> bool:
    """Whether the actor may see this customer. A dealer may once it, or a dealer below it, has an order of theirs."""
    if not is_customer(actor, customer_id):
        return False
    sellers = rows_of(actor, ordering.rulebook().dealers).seller_ids
    if sellers is None:
        return True
    search = OrderSearch(customer_ids=(customer_id,), seller_ids=tuple(sorted(sellers)))
    return bool(await ordering.store.search(search, OrderBy.CREATED_DESCENDING, after=None, limit=1))


async def reached(ordering: Ordering, actor: Actor, customer_ids: Iterable[str]) -> str | None:
    """The first of these customers that the actor may see."""
    for customer_id in customer_ids:
        if await reaches(ordering, actor, customer_id):
            return customer_id
    return None
