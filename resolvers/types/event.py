"""What happened to orders, for timelines and subscribers (TMF622 and TMF701 events)."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import strawberry
from strawberry import field

from app.domain.access import is_customer
from app.ordering.reading import FeedEvent, Told
from resolvers.context import Info
from resolvers.enums import EventType, ItemState, JeopardyLevel, OrderState, TaskState, WorkKind, WorkMove
from resolvers.fields import resolved
from resolvers.ids import POSITION, cursor_at, encode
from resolvers.types.jeopardy import Jeopardy


@strawberry.type(description="One item's move (TMF622 v5 itemStateChange).")
class ItemStateChange:
    item_id: strawberry.ID = field(description="The item.")
    before: ItemState = field(description="State before.")
    after: ItemState = field(description="State now.")


@strawberry.type(description="One task's move.")
class TaskChange:
    task_id: strawberry.ID = field(description="The task.")
    item_id: strawberry.ID | None = resolved(
        strawberry.ID | None,
        lambda root: root.item_ids[0] if len(root.item_ids) == 1 else None,
        "The only item it serves; null: several, or the whole order.",
    )
    item_ids: list[strawberry.ID] = field(description="The items it serves; empty: the whole order.")
    name: str = field(description="What is done, for people.")
    backend: str = field(description="The backend that carries it out.")
    before: TaskState = field(description="State before.")
    after: TaskState = field(description="State now.")
    attempts: int = field(description="How often it was tried.")
    cause: str | None = field(description="Why it did not succeed so far.")


@strawberry.type(description="What became of work that waits for people, and how it is now.")
class WorkItemChange:
    work_item_id = resolved(strawberry.ID, lambda root: encode("WorkItem", root.id), "The work, opaque id.")
    task_id: strawberry.ID | None = field(
        description="The task; null: a cancellation to be assessed, or a change request."
    )
    kind: WorkKind = field(description="What people are wanted for.")
    move: WorkMove = field(description="What happened to it.")
    queue: str = field(description="The worklist that it is on by now.")
    level: int = field(description="How often it was escalated; 0: not yet.")
    claimed_by: str | None = field(description="Who sees to it; null: nobody.")


@strawberry.type(description="Who acted, through which channel, and for whom.")
class Actor:
    subject: str = field(description="Who.")
    channel: str = field(description="Through which channel.")
    on_behalf_of: str | None = field(description="For whom, when not for itself.")


def _of_type(event_type: EventType) -> Callable[[object, object], bool]:
    return lambda value, _: isinstance(value, FeedEvent) and value.event.type is event_type


@strawberry.type(
    description="A notice to a subscriber who reads too slowly for what happens. Nothing is lost: what waited follows."
)
class FeedLag:
    behind: int = field(description="How many of its events had happened by then and were not read yet.")


def _lag(root: strawberry.Parent[FeedEvent]) -> FeedLag | None:
    return FeedLag(behind=root.behind) if isinstance(root, Told) and root.behind else None


def _status_text(root: strawberry.Parent[FeedEvent], info: Info) -> str:
    return info.context.ordering.rulebook().called(root.event.state, info.context.actor.channel)


def _seller(root: strawberry.Parent[FeedEvent], info: Info) -> str | None:
    """Who only takes something over does not learn who sold it."""
    return root.event.seller_id if is_customer(info.context.actor, root.event.customer_id) else None


@strawberry.interface(description="Something that happened to an order. New kinds may be added.")
class ProductOrderEvent:
    cursor: str = resolved(
        str, lambda root: cursor_at(POSITION, root.position), "Its place in the feed of all orders; resume `after` it."
    )
    sequence: int = resolved(
        int,
        lambda root: root.event.sequence,
        "1, 2, 3 … within its order, without a gap but for events that are the operator's own affair.",
    )
    type: EventType = resolved(EventType, lambda root: root.event.type, "What kind of thing happened.")
    order_id = resolved(
        strawberry.ID, lambda root: encode("ProductOrder", root.event.order_id), "The order, opaque id."
    )
    order_key: str = resolved(str, lambda root: root.event.order_id, "Order number.")
    version: int = resolved(int, lambda root: root.event.version, "Version of the order after it.")
    state: OrderState = resolved(OrderState, lambda root: root.event.state, "State of the order after it.")
    status_text: str = resolved(str, _status_text, "What that state is called in your channel.")
    customer_key: str = resolved(str, lambda root: root.event.customer_id, "Whose order it is, customer number.")
    seller_id: str | None = resolved(str | None, _seller, "The dealer that sold it; null: none that you may know of.")
    channel: str = resolved(str, lambda root: root.event.channel, "The channel that the order came through.")
    occurred_at: datetime = resolved(datetime, lambda root: root.event.at, "When.")
    actor = resolved(Actor, lambda root: root.event.actor, "Who did it.")
    summary: str = resolved(str, lambda root: root.event.summary, "What happened, for people.")
    lag: FeedLag | None = resolved(
        FeedLag | None, _lag, "Set once you have fallen behind so far that older events had to be read from the store."
    )


@strawberry.type(description="The order was created (TMF622 ProductOrderCreateEvent).")
class ProductOrderCreateEvent(ProductOrderEvent):
    is_type_of = _of_type(EventType.CREATED)


@strawberry.type(description="Attributes or items changed (TMF622 ProductOrderAttributeValueChangeEvent).")
class ProductOrderAttributeValueChangeEvent(ProductOrderEvent):
    changed = resolved(list[str], lambda root: root.event.changed, "JSON pointers of what changed.")
    is_type_of = _of_type(EventType.CHANGED)


@strawberry.type(description="The order or its items changed state (TMF622 ProductOrderStateChangeEvent).")
class ProductOrderStateChangeEvent(ProductOrderEvent):
    before: OrderState | None = resolved(
        OrderState | None, lambda root: root.event.before, "State of the order before."
    )
    item_changes = resolved(
        list[ItemStateChange], lambda root: root.event.item_changes, "The items that moved, and only those."
    )
    is_type_of = _of_type(EventType.STATE_CHANGED)


@strawberry.type(description="A task of the plan changed state (TMF701 TaskFlowStateChangeEvent).")
class TaskStateChangeEvent(ProductOrderEvent):
    task = resolved(TaskChange, lambda root: root.event.task, "The task's move.")
    is_type_of = _of_type(EventType.TASK_STATE_CHANGED)


@strawberry.type(
    description="Work that waits for people came up, was claimed, given back, escalated or cleared. Only for those who "
    "see worklists."
)
class WorkItemChangeEvent(ProductOrderEvent):
    work = resolved(WorkItemChange, lambda root: root.event.work, "What became of the work.")
    is_type_of = _of_type(EventType.WORK_ITEM_CHANGED)


@strawberry.type(description="A milestone that was reached.")
class MilestoneReached:
    name: str = field(description="Its name.")
    item_ids: list[strawberry.ID] = field(description="The items that it is about; empty: the whole order.")
    task_id: strawberry.ID = field(description="The task whose end reached it.")
    promised_at: datetime | None = field(description="When it was to be reached; null: it was not promised.")


@strawberry.type(description="A milestone of the order was reached (TMF622 v5 ProductOrderMilestoneEvent).")
class ProductOrderMilestoneEvent(ProductOrderEvent):
    milestone = resolved(MilestoneReached, lambda root: root.event.milestone, "The milestone.")
    is_type_of = _of_type(EventType.MILESTONE_REACHED)


@strawberry.type(
    description="What was promised is more in danger than before, or less (TMF622 v5 ProductOrderJeopardyAlertEvent)."
)
class ProductOrderJeopardyAlertEvent(ProductOrderEvent):
    before: JeopardyLevel | None = resolved(
        JeopardyLevel | None, lambda root: root.event.jeopardy.before, "How much before; null: it was not."
    )
    jeopardy = resolved(
        Jeopardy | None, lambda root: root.event.jeopardy.after, "How much now, and why; null: it is not any more."
    )
    is_type_of = _of_type(EventType.JEOPARDY_CHANGED)


EVENT_TYPES: Final = (
    ProductOrderCreateEvent,
    ProductOrderAttributeValueChangeEvent,
    ProductOrderStateChangeEvent,
    TaskStateChangeEvent,
    WorkItemChangeEvent,
    ProductOrderMilestoneEvent,
    ProductOrderJeopardyAlertEvent,
)
