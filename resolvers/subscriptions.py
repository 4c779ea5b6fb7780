"""What is told as it happens."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import argument, field

from app.domain.batch import Batch
from app.ordering.batch import follow_batch
from app.ordering.reading import EventFilter, FeedEvent
from resolvers.context import Info
from resolvers.enums import EventType, OrderState
from resolvers.ids import POSITION, key_of, keys_of, place_of
from resolvers.types.batch import BatchId, ProductOrderBatch
from resolvers.types.event import ProductOrderEvent


@strawberry.input(description="Which events; every criterion that is given must hold.")
class ProductOrderEventFilter:
    order_ids: list[strawberry.ID] | None = field(default=None, description="Of one of these orders, id or number.")
    types: list[EventType] | None = field(default=None, description="Of one of these kinds.")
    states: list[OrderState] | None = field(default=None, description="Of an order in one of these states.")
    queues: list[str] | None = field(default=None, description="Of work that waits for people, on one of these lists.")

    def to_filter(self) -> EventFilter:
        """The filter as readers have it."""
        return EventFilter(
            order_ids=frozenset(keys_of(self.order_ids, "ProductOrder")),
            types=frozenset(self.types or ()),
            states=frozenset(self.states or ()),
            queues=frozenset(self.queues or ()),
        )


async def _product_order_events(
    info: Info,
    filter: Annotated[ProductOrderEventFilter | None, argument(description="Which events; null: all.")] = None,
    after: Annotated[
        str | None,
        argument(description="Cursor of the last event that you have; null: from now on."),
    ] = None,
) -> AsyncGenerator[FeedEvent, None]:
    wanted = filter.to_filter() if filter else EventFilter()
    context = info.context
    async with aclosing(context.reading.follow(context.actor, wanted, place_of(after, POSITION))) as events:
        async for fed in events:
            yield fed


async def _batch_progress(info: Info, id: BatchId) -> AsyncGenerator[Batch, None]:
    key = key_of(id, "ProductOrderBatch")
    async with aclosing(follow_batch(info.context.ordering, info.context.actor, key)) as changes:
        async for batch in changes:
            yield batch


@strawberry.type(description="Everything that is told as it happens.")
class Subscription:
    product_order_events = strawberry.subscription(
        resolver=_product_order_events,
        graphql_type=ProductOrderEvent,
        description="Events of the orders that you may see, each once and in the order of the feed. "
        "Resume `after` the cursor of the last one you have: nothing is missed, nothing comes twice.",
    )
    product_order_batch_progress = strawberry.subscription(
        resolver=_batch_progress,
        graphql_type=ProductOrderBatch,
        description="A batch as it stands, then each time it has changed, until it is completed. "
        "Ends at once when there is none that you may see.",
    )
