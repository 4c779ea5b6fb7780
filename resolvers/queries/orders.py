"""Questions about orders and batches of orders."""

from collections.abc import Awaitable
from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry import argument, field

from app.domain.access import Right
from app.domain.batch import Batch
from app.domain.order import ProductOrder as DomainOrder
from app.domain.violations import refusals
from app.ordering.batch import batches_of, count_batches
from app.ordering.drafts import require
from app.ordering.reading import OrderSearch
from app.ordering.validate import validate_order
from resolvers.context import Info
from resolvers.enums import JeopardyLevel, OrderBy, OrderState
from resolvers.fields import described
from resolvers.ids import encode, key_after, key_of, keys_of
from resolvers.pages import After, Connection, First, page_after, page_length
from resolvers.queries import nodes
from resolvers.queries.nodes import BATCH, ORDER
from resolvers.types.batch import BatchId
from resolvers.types.order import OrderId
from resolvers.types.violation import ProductOrderValidation


@strawberry.input(description="Which orders; every criterion that is given must hold.")
class ProductOrderFilter:
    states: list[OrderState] | None = field(default=None, description="In one of these states.")
    created_from: datetime | None = field(default=None, description="Started at this time or later.")
    created_until: datetime | None = field(default=None, description="Started before this time.")
    customer_ids: list[strawberry.ID] | None = field(default=None, description="Of one of these customers, id or key.")
    channels: list[str] | None = field(default=None, description="Started in one of these channels.")
    seller_ids: list[str] | None = field(default=None, description="Sold by one of these dealers.")
    offering_text: str | None = field(
        default=None, description="Text in the name or key of an ordered offering, without regard to case."
    )
    place_ids: list[strawberry.ID] | None = field(
        default=None, description="Delivered, at least in part, to one of these addresses, id or key."
    )
    external_id: str | None = field(default=None, description="With this id in another system.")
    external_id_owner: str | None = field(default=None, description="With an id of this owner.")
    external_id_type: str | None = field(default=None, description="With an id of this type, for example POnumber.")
    parent_ids: list[strawberry.ID] | None = field(
        default=None, description="Part of one of these orders, id or order number."
    )
    jeopardy_levels: list[JeopardyLevel] | None = field(
        default=None, description="Whose promise is in danger this much, each level alone."
    )
    jeopardy_queues: list[str] | None = field(
        default=None, description="Whose danger is escalated to one of these worklists; for the operator's people only."
    )

    def to_search(self) -> OrderSearch:
        """The search as the store has it."""
        return OrderSearch(
            states=tuple(self.states or ()),
            created_from=self.created_from,
            created_until=self.created_until,
            customer_ids=keys_of(self.customer_ids, "Customer"),
            channels=tuple(self.channels or ()),
            seller_ids=tuple(self.seller_ids or ()),
            offering_text=self.offering_text,
            place_ids=keys_of(self.place_ids, "GeographicAddress"),
            external_id=self.external_id,
            external_owner=self.external_id_owner,
            external_type=self.external_id_type,
            parent_ids=keys_of(self.parent_ids, ORDER),
            jeopardy_levels=tuple(self.jeopardy_levels or ()),
            jeopardy_queues=tuple(self.jeopardy_queues or ()),
        )


async def product_order(
    info: Info,
    id: OrderId,
    as_of: Annotated[datetime | None, argument(description="As it was at that time; null: as it is now.")] = None,
) -> object:
    key = key_of(id, ORDER)
    if as_of is not None:
        return await info.context.reading.as_of(info.context.actor, key, as_of)
    return await nodes.order(info.context, key)


async def product_orders(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: Annotated[ProductOrderFilter | None, argument(description="Which orders; null: all you may see.")] = None,
    order_by: Annotated[OrderBy, argument(description="How they are sorted.")] = OrderBy.CREATED_DESCENDING,
) -> Connection[DomainOrder]:
    context = info.context
    search = filter.to_search() if filter else OrderSearch()
    if search.jeopardy_queues:
        require(context.actor, Right.READ_INTERNAL)
    return await page_after(
        page_length(first, context.page_size),
        key_after(after, ORDER),
        partial(context.reading.search, context.actor, search, order_by),
        cursor=lambda order: encode(ORDER, order.id),
        count=partial(context.reading.count, context.actor, search),
    )


def product_order_batch(info: Info, id: BatchId) -> Awaitable[object]:
    return nodes.batch(info.context, key_of(id, BATCH))


async def product_order_batches(info: Info, first: First = 20, after: After = None) -> Connection[Batch]:
    context = info.context
    return await page_after(
        page_length(first, context.page_size),
        key_after(after, BATCH),
        partial(batches_of, context.ordering, context.actor),
        cursor=lambda batch: encode(BATCH, batch.id),
        count=partial(count_batches, context.ordering, context.actor),
    )


async def validate(info: Info, id: OrderId) -> ProductOrderValidation | None:
    context = info.context
    found = await validate_order(context.ordering, context.actor, key_of(id, ORDER))
    if found is None:
        return None
    return ProductOrderValidation(
        submittable=not refusals(found),
        violations=described(list(found)),
    )
