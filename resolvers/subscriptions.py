"""What is told as it happens."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import argument, field

from app.ordering.reading import EventFilter, FeedEvent
from resolvers.context import Info
from resolvers.enums import EventType, OrderState
from resolvers.ids import POSITION, keys_of, place_of
from resolvers.types.event import ProductOrderEvent


@strawberry.input(description="Which events; every criterion that is given must hold.")
class ProductOrderEventFilter:
    order_ids: list[strawberry.ID] | None = field(default=None, description="Of one of these orders, id or number.")
    types: list[EventType] | None = field(default=None, description="Of one of these kinds.")
    states: list[OrderState] | None = field(default=None, description="Of an order in one of these states.")

    def to_filter(self) -> EventFilter:
        """The filter as readers have it."""
        return EventFilter(
            order_ids=frozenset(keys_of(self.order_ids, "ProductOrder")),
            types=frozenset(self.types or ()),
            states=frozenset(self.states or ()),
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


@strawberry.type(description="Everything that is told as it happens.")
class Subscription:
    product_order_events = strawberry.subscription(
        resolver=_product_order_events,
        graphql_type=ProductOrderEvent,
        description="Events of the orders that you may see, each once and in the order of the feed. "
        "Resume `after` the cursor of the last one you have: nothing is missed, nothing comes twice.",
    )
