"""How a plan's progress shows in its order: item states, order state, dates, and the events that tell of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.actor import Actor
from app.domain.events import EventType, ItemStateChange, OrderEvent, TaskChange, order_event
from app.domain.order import OrderItem, ProductOrder
from app.domain.plan import Plan, Task
from app.domain.states import (
    ITEM,
    ORDER,
    TASK_ENDED,
    TASK_LOST,
    ItemState,
    OrderState,
    TaskState,
    order_state_of,
)
from app.domain.step import expected_end, owed

CANCELLING: Final = frozenset({ItemState.PENDING_CANCELLATION, ItemState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Progress:
    """The order after the plan moved on, and what is to be told, the next sequence onwards."""

    order: ProductOrder
    events: tuple[OrderEvent, ...]


def item_state_of(tasks: Sequence[Task], *, cancelled: bool = False, owed: bool = False) -> ItemState:
    """The state of an item under way, given its tasks; an item without tasks has nothing left to do.

    `owed`: something is still to be taken back.
    """
    states = {task.state for task in tasks}
    ended = states <= TASK_ENDED and not owed
    if cancelled:
        return ItemState.CANCELLED if ended else ItemState.PENDING_CANCELLATION
    if ended:
        return ItemState.FAILED if states & TASK_LOST else ItemState.COMPLETED
    if TaskState.FALLOUT in states:
        return ItemState.HELD
    if _waits_for_people(tasks):
        return ItemState.PENDING
    return ItemState.ACKNOWLEDGED if states == {TaskState.PENDING} else ItemState.IN_PROGRESS


def _waits_for_people(tasks: Sequence[Task]) -> bool:
    """Whether nothing goes on but what somebody outside has to do: sign, decide, bring information."""
    active = [task for task in tasks if task.state in (TaskState.RUNNING, TaskState.AWAITING_RESULT)]
    return bool(active) and all(task.pends and task.state is TaskState.AWAITING_RESULT for task in active)


def order_state_under_way(items: Sequence[ItemState], plan: Plan) -> OrderState:
    """The state of an order that is being carried out: what its items say, while work for the whole order is open too.

    An order whose items have all ended goes on until the tasks that serve no single item have ended as well. As long
    as an item is still wanted, the order goes on while others are being cancelled.
    """
    if all(item in CANCELLING for item in items) and items:
        return OrderState.CANCELLED if plan.ended else OrderState.PENDING_CANCELLATION
    items = [ItemState.IN_PROGRESS if item is ItemState.PENDING_CANCELLATION else item for item in items]
    if plan.held and not plan.ended:
        return OrderState.HELD
    shared = {task.state for task in plan.tasks if task.item_id is None}
    if TaskState.FALLOUT in shared:
        items = [*items, ItemState.HELD]
    elif _waits_for_people([task for task in plan.tasks if task.item_id is None]) and not any(
        task.state is TaskState.RUNNING for task in plan.tasks
    ):
        items = [item for item in items if item is not ItemState.IN_PROGRESS] + [ItemState.PENDING]
    elif shared - TASK_ENDED and all(item in ITEM.terminal for item in items):
        items = [*items, ItemState.IN_PROGRESS]
    state = order_state_of(items)
    return OrderState.IN_PROGRESS if state is OrderState.ACKNOWLEDGED else state


def advance(
    order: ProductOrder, before: Plan | None, after: Plan, *, sequence: int, at: datetime, actor: Actor
) -> Progress:
    """The order as the plan `after` makes it, and the events since the plan was `before`.

    `sequence` is that of the order's last event. The order's version rises when its state or an item's changed.
    Every state on the way is an edge of the life cycle; a backend that reports an end early skips none.
    """
    items = tuple(_advance_item(order, item, after) for item in order.items)
    target = order_state_under_way([item.state for item in items], after)
    way = ORDER.way(order.state, target, cancelling=bool(after.cancelled))
    item_changes = tuple(
        ItemStateChange(new.id, old.state, new.state)
        for old, new in zip(order.items, items, strict=True)
        if new.state is not old.state
    )
    changed = replace(order, items=items, state=target, updated_at=at, expected_completion_at=expected_end(after, at))
    if target in ORDER.terminal:
        changed = replace(changed, expected_completion_at=None)
    if target is OrderState.COMPLETED:
        changed = replace(changed, completed_at=at)
    if way or item_changes:
        changed = replace(changed, version=order.version + 1)
    elif changed.expected_completion_at != order.expected_completion_at:
        # a forecast alone is no new version: it moves with every task
        changed = replace(order, expected_completion_at=changed.expected_completion_at)
    events = [
        order_event(
            changed,
            sequence + n,
            EventType.TASK_STATE_CHANGED,
            at=at,
            actor=actor,
            summary=f"{move.name}: {move.after}",
            state=order.state,  # the order's own move, if it makes one, is told after its tasks'
            task=move,
        )
        for n, move in enumerate(_task_changes(before, after), 1)
    ]
    state = order.state
    for passed in way or ((target,) if item_changes else ()):
        last = passed is target
        events.append(
            order_event(
                changed,
                sequence + len(events) + 1,
                EventType.STATE_CHANGED,
                at=at,
                actor=actor,
                summary=f"order {passed}" if passed is not state else "items moved on",
                before=state,
                state=passed,
                item_changes=item_changes if last else (),
            )
        )
        state = passed
    return Progress(changed, tuple(events))


def _advance_item(order: ProductOrder, item: OrderItem, plan: Plan) -> OrderItem:
    tasks = [task for task in plan.tasks if task.item_id == item.id]
    cancelled = item.id in plan.cancelled
    target = item_state_of(tasks, cancelled=cancelled, owed=owed(plan, item.id))
    if target is ItemState.ACKNOWLEDGED and item.state is not ItemState.ACKNOWLEDGED:
        target = ItemState.IN_PROGRESS
    ITEM.way(item.state, target, cancelling=cancelled)  # raises when the diagram has no way there
    product = next((t.reference for t in tasks if t.operation == "inventory.createProduct" and t.reference), None)
    return replace(item, state=target, product_id=item.product_id or product)


def _task_changes(before: Plan | None, after: Plan) -> list[TaskChange]:
    old = {task.id: task for task in before.tasks} if before else {}
    return [
        TaskChange(
            task_id=task.id,
            item_id=task.item_id,
            name=task.name,
            backend=task.backend,
            before=old[task.id].state if task.id in old else TaskState.PENDING,
            after=task.state,
            attempts=task.attempts,
            cause=task.cause.message if task.cause else None,
        )
        for task in after.tasks
        if task.state is not (old[task.id].state if task.id in old else TaskState.PENDING)
    ]
