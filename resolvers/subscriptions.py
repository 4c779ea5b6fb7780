"""What is told as it happens."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry
from strawberry import argument, field

from app.domain.access import Right
from app.domain.batch import Batch
from app.domain.events import EventType as Kind
from app.ordering.batch import follow_batch
from app.ordering.drafts import require
from app.ordering.reading import EventFilter
from resolvers.context import Context, Info
from resolvers.enums import EventType, JeopardyLevel, OrderState, WorkKind
from resolvers.ids import POSITION, key_of, keys_of, place_of
from resolvers.types.batch import BatchId, ProductOrderBatch
from resolvers.types.event import ProductOrderEvent, ProductOrderJeopardyAlertEvent, WorkItemChangeEvent
from resolvers.types.feed import Message, ProductOrderUpdate, Update
from resolvers.types.order import OrderId

After = Annotated[str | None, argument(description="Cursor of the last message that you have; null: from now on.")]
Messages = AsyncGenerator[Message, None]


@strawberry.input(description="Which events; every criterion that is given must hold.")
class ProductOrderEventFilter:
    order_ids: list[strawberry.ID] | None = field(default=None, description="Of one of these orders, id or number.")
    types: list[EventType] | None = field(default=None, description="Of one of these kinds.")
    states: list[OrderState] | None = field(default=None, description="Of an order in one of these states.")
    customer_ids: list[strawberry.ID] | None = field(
        default=None, description="Of an order of one of these customers, id or customer number."
    )
    seller_ids: list[str] | None = field(default=None, description="Of an order that one of these dealers sold.")
    channels: list[str] | None = field(default=None, description="Of an order that came through one of these channels.")
    queues: list[str] | None = field(default=None, description="Of work that waits for people, on one of these lists.")

    def to_filter(self) -> EventFilter:
        """The filter as readers have it."""
        return EventFilter(
            order_ids=frozenset(keys_of(self.order_ids, "ProductOrder")),
            types=frozenset(self.types or ()),
            states=frozenset(self.states or ()),
            customer_ids=frozenset(keys_of(self.customer_ids, "Customer")),
            seller_ids=frozenset(self.seller_ids or ()),
            channels=frozenset(self.channels or ()),
            queues=frozenset(self.queues or ()),
        )


def _place(context: Context, after: str | None) -> int | None:
    """Where to go on: where the transport was interrupted, else where the operation says."""
    return place_of(context.resume_after or after, POSITION)


async def _follow(info: Info, wanted: EventFilter, after: str | None) -> Messages:
    context = info.context
    async with aclosing(context.reading.follow(context.actor, wanted, _place(context, after))) as events:
        async for told in events:
            yield Message.of(told)


def _product_order_events(
    info: Info,
    filter: Annotated[ProductOrderEventFilter | None, argument(description="Which events; null: all.")] = None,
    after: After = None,
) -> Messages:
    return _follow(info, filter.to_filter() if filter else EventFilter(), after)


async def _product_order(
    info: Info,
    id: OrderId,
    after: Annotated[
        str | None,
        argument(description="Cursor of the last message that you have; null: begin with the order as it stands."),
    ] = None,
) -> AsyncGenerator[Update, None]:
    context, key = info.context, key_of(id, "ProductOrder")
    async with aclosing(context.reading.watch(context.actor, key, _place(context, after))) as messages:
        async for message in messages:
            yield Update.of(message)


def _customer_order_events(
    info: Info,
    customer_id: Annotated[strawberry.ID, argument(description="Id or customer number.")],
    types: Annotated[list[EventType] | None, argument(description="Of one of these kinds; null: all.")] = None,
    after: After = None,
) -> Messages:
    own = frozenset({key_of(customer_id, "Customer")})
    return _follow(info, EventFilter(customer_ids=own, types=frozenset(types or ())), after)


def _dealer_order_events(
    info: Info,
    seller_ids: Annotated[
        list[str] | None, argument(description="That one of these dealers sold; null: any whose orders you may see.")
    ] = None,
    types: Annotated[list[EventType] | None, argument(description="Of one of these kinds; null: all.")] = None,
    after: After = None,
) -> Messages:
    wanted = EventFilter(seller_ids=frozenset(seller_ids or ()), sold=True, types=frozenset(types or ()))
    return _follow(info, wanted, after)


def _worklist_events(
    info: Info,
    queues: Annotated[list[str] | None, argument(description="On one of these worklists; null: on any.")] = None,
    kinds: Annotated[list[WorkKind] | None, argument(description="Of one of these kinds; null: any.")] = None,
    after: After = None,
) -> Messages:
    types = frozenset({Kind.WORK_ITEM_CHANGED})
    wanted = EventFilter(types=types, queues=frozenset(queues or ()), kinds=frozenset(kinds or ()))
    return _follow(info, wanted, after)


def _jeopardy_events(
    info: Info,
    levels: Annotated[
        list[JeopardyLevel] | None,
        argument(description="That is now in danger this much, each level alone; null: all, and what is out of it."),
    ] = None,
    queues: Annotated[
        list[str] | None,
        argument(description="Escalated to one of these worklists; null: or to none. For the operator's people only."),
    ] = None,
    after: After = None,
) -> Messages:
    if queues:
        require(info.context.actor, Right.READ_INTERNAL)
    wanted = EventFilter(
        types=frozenset({Kind.JEOPARDY_CHANGED}),
        jeopardy_levels=frozenset(levels or ()),
        jeopardy_queues=frozenset(queues or ()),
    )
    return _follow(info, wanted, after)


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
    product_order = strawberry.subscription(
        resolver=_product_order,
        graphql_type=ProductOrderUpdate,
        description="One order as it stands, then whatever happens to it. Resume `after` the cursor of the last "
        "message you have. Ends at once when there is none that you may see.",
    )
    customer_order_events = strawberry.subscription(
        resolver=_customer_order_events,
        graphql_type=ProductOrderEvent,
        description="Events of the orders of one customer, as far as you may see them.",
    )
    dealer_order_events = strawberry.subscription(
        resolver=_dealer_order_events,
        graphql_type=ProductOrderEvent,
        description="Events of the orders that dealers sold, as far as you may see them.",
    )
    worklist_events = strawberry.subscription(
        resolver=_worklist_events,
        graphql_type=WorkItemChangeEvent,
        description="Work that waits for people as it comes up, is claimed, given back, escalated or done. Only for "
        "those who see worklists.",
    )
    jeopardy_events = strawberry.subscription(
        resolver=_jeopardy_events,
        graphql_type=ProductOrderJeopardyAlertEvent,
        description="Promises that come into danger, into more or less of it, or out of it, as far as you may see "
        "their orders.",
    )
    product_order_batch_progress = strawberry.subscription(
        resolver=_batch_progress,
        graphql_type=ProductOrderBatch,
        description="A batch as it stands, then each time it has changed, until it is completed. "
        "Ends at once when there is none that you may see.",
    )
