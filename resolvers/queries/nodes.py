"""How each kind of node is found again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final

import strawberry
from strawberry import argument

from app.domain.order import ProductOrder as DomainOrder
from app.ordering.batch import batch_of
from app.ordering.drafts import require
from app.ordering.reach import reached, reaches
from app.ordering.worklists import (
    one_work_item,
)
from app.security.policy import NODES as NODE_RULES
from resolvers.context import Context, Info
from resolvers.ids import decode
from resolvers.pages import page_length
from resolvers.types.work import WORK_ITEM

ORDER: Final = "ProductOrder"
BATCH: Final = "ProductOrderBatch"


async def order(context: Context, key: str) -> DomainOrder | None:
    stored = await context.loaders.order_by_id.load(key)
    return stored.order if stored else None


async def customer(context: Context, key: str) -> object:
    seen = await reaches(context.ordering, context.actor, key)
    return await context.loaders.customer_by_id.load(key) if seen else None


def offering(context: Context, key: str) -> Awaitable[object]:
    return context.loaders.offering_by_id.load(key)


def address(context: Context, key: str) -> Awaitable[object]:
    return context.loaders.address_by_id.load(key)


async def product(context: Context, key: str) -> object:
    found = await context.loaders.product_by_id.load(key)
    return found if found and await reached(context.ordering, context.actor, found.customer_ids) else None


async def billing_account(context: Context, key: str) -> object:
    found = await context.loaders.billing_account_by_id.load(key)
    return found if found and await reached(context.ordering, context.actor, found.customer_ids) else None


async def batch(context: Context, key: str) -> object:
    return await batch_of(context.ordering, context.actor, key)


async def work_item(context: Context, key: str) -> object:
    return await one_work_item(context.ordering, context.actor, key)


NODES: Final[Mapping[str, Callable[[Context, str], Awaitable[object]]]] = {
    ORDER: order,
    "Customer": customer,
    "ProductOffering": offering,
    "GeographicAddress": address,
    "Product": product,
    "BillingAccount": billing_account,
    BATCH: batch,
    WORK_ITEM: work_item,
}


async def find(context: Context, kind: str, key: str) -> object:
    """The node of this kind with this key; None when there is none that the actor may see. Raises NotPermitted."""
    require(context.actor, NODE_RULES[kind].right)
    return await NODES[kind](context, key)


async def node(info: Info, id: Annotated[strawberry.ID, argument(description="Opaque id of the node.")]) -> object:
    decoded = decode(id)
    return await find(info.context, *decoded) if decoded and decoded[0] in NODES else None


async def nodes(
    info: Info, ids: Annotated[list[strawberry.ID], argument(description="Opaque ids, at most as many as a page.")]
) -> list[object]:
    page_length(len(ids), info.context.page_size)
    return list(await asyncio.gather(*(node(info, one) for one in ids)))
