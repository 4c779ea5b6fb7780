"""How a plan's progress shows in its order: item states, order state, dates, and the events that tell of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from app.domain.actor import Actor
from app.domain.events import (
    EventType,
    ItemStateChange,
    JeopardyChange,
    MilestoneReached,
    OrderEvent,
    TaskChange,
    WorkItemChange,
    order_event,
)
from app.domain.forecast import judged
from app.domain.order import OrderItem, ProductOrder
from app.domain.plan import Plan, Task
from app.domain.rulebook import JeopardyRule
from app.domain.states import (
    ITEM,
    ORDER,
    TASK_ENDED,
    TASK_LOST,
    TASK_PASSED,
    ItemState,
    OrderState,
    TaskState,
    Trigger,
    order_state_of,
)
from app.domain.timing import expected_end
from app.domain.undoing import owed
from app.domain.worklist import moves, work_items

CANCELLED: Final = frozenset({ItemState.PENDING_CANCELLATION, ItemState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Progress:
    """The order after the plan moved on, and what is to be told, the next sequence onwards."""

    order: ProductOrder
    events: tuple[OrderEvent, ...]


def item_state_of(
    tasks: Sequence[Task], *, cancelled: bool = False, failed: bool = False, owed: bool = False
) -> ItemState:
    """The state of an item under way, given its tasks; an item without tasks has nothing left to do.

    `failed`: a failure has taken it with it. `owed`: something is still to be taken back. What a revision does not
    want any more says nothing about the item.
    """
    wanted = [task for task in tasks if task.fate is None]
    states = {task.state for task in wanted}
    ended = {task.state for task in tasks} <= TASK_ENDED and not owed
    if cancelled:
        return ItemState.CANCELLED if ended else ItemState.PENDING_CANCELLATION
    if ended:
        return ItemState.FAILED if failed or states & TASK_LOST else ItemState.COMPLETED
    if any(task.state is TaskState.FALLOUT for task in tasks):
        return ItemState.HELD
    if _waits_for_people(tasks):
        return ItemState.PENDING
    begun = any(task.state is not TaskState.PENDING for task in tasks)
    return ItemState.IN_PROGRESS if begun else ItemState.ACKNOWLEDGED


def _waits_for_people(tasks: Sequence[Task]) -> bool:
    """Whether nothing goes on but what somebody outside has to do: sign, decide, bring information."""
    active = [task for task in tasks if task.state in (TaskState.RUNNING, TaskState.AWAITING_RESULT)]
    return bool(active) and all(
        (task.pends or task.by_people) and task.state is TaskState.AWAITING_RESULT for task in active
    )


def order_state_under_way(items: Sequence[ItemState], plan: Plan) -> OrderState:
    """The state of an order that is being carried out: what its items say, while work for the whole order is open too.

    An order whose items have all ended goes on until the tasks that serve no single item have ended as well. As long
    as an item is still wanted, the order goes on while others are being cancelled. One that is halted by what fell out
    is held, whichever of its items that serves. One that waits for its day is acknowledged. One with something to
    sign or to agree to is pending once nothing goes on but what people have to do.
    """
    if plan.assessing is not None:
        return OrderState.ASSESSING_CANCELLATION
    if all(item in CANCELLED for item in items) and items:
        return OrderState.CANCELLED if plan.ended else OrderState.PENDING_CANCELLATION
    items = [ItemState.IN_PROGRESS if item is ItemState.PENDING_CANCELLATION else item for item in items]
    if (plan.held and not plan.ended) or plan.halted:
        return OrderState.HELD
    if plan.begins_at is not None and plan.tasks and not plan.begun:
        return OrderState.ACKNOWLEDGED
    shared = {task.state for task in plan.tasks if not task.item_ids}
    if TaskState.FALLOUT in shared:
        items = [*items, ItemState.HELD]
    elif TaskState.AWAITING_RESULT in shared and _waits_for_people(plan.tasks):
        items = [item for item in items if item is not ItemState.IN_PROGRESS] + [ItemState.PENDING]
    elif shared - TASK_ENDED and all(item in ITEM.terminal for item in items):
        items = [*items, ItemState.IN_PROGRESS]
    state = order_state_of(items)
    return OrderState.IN_PROGRESS if state is OrderState.ACKNOWLEDGED else state


def purpose_of(before: Plan | None, after: Plan) -> frozenset[Trigger]:
    """The edges of the life cycle that are taken on purpose from one plan to the next."""
    purpose = set()
    if after.cancelled or after.assessing:
        purpose.add(Trigger.ASSESS_CANCELLATION)
    if before is not None and before.assessing and not after.assessing:
        purpose.add(Trigger.DENY_CANCELLATION)
    return frozenset(purpose)


def advance(
    order: ProductOrder,
    before: Plan | None,
    after: Plan,
    *,
    sequence: int,
    at: datetime,
    actor: Actor,
    changed: bool = False,
    jeopardy_rules: Sequence[JeopardyRule] = (),
    was: ProductOrder | None = None,
) -> Progress:
    """The order as the plan `after` makes it, and the events since the plan was `before`.

    `sequence` is that of the order's last event. The order's version rises when its state or an item's changed, or
    when what is wished for has (`changed`); what is predicted alone is no new version, it moves with every task.
    `jeopardy_rules` say how much the promise is in danger. `was`: the order before what was told it, if anything was.
    Every state on the way is an edge of the life cycle; a backend that reports an end early skips none.
    """
    items = tuple(_advance_item(order, item, after) for item in order.items)
    target = order_state_under_way([item.state for item in items], after)
    if target is OrderState.ACKNOWLEDGED and order.state is not OrderState.ACKNOWLEDGED:
        target = OrderState.IN_PROGRESS  # put off after all: the diagram knows no way back
    way = ORDER.way(order.state, target, purpose=purpose_of(before, after))
    item_changes = tuple(
        ItemStateChange(new.id, old.state, new.state)
        for old, new in zip(order.items, items, strict=True)
        if new.state is not old.state
    )
    ended = target in ORDER.terminal
    moved = replace(
        order,
        expected_completion_at=None if ended else expected_end(after, at),
        jeopardy=None if ended else judged(order, after, jeopardy_rules, at),
    )
    if way or item_changes or changed:
        moved = replace(moved, items=items, state=target, updated_at=at, version=order.version + 1)
    if target is OrderState.COMPLETED:
        moved = replace(moved, completed_at=at)
    # the order's own moves, if it makes any, are told after those of its tasks
    told = partial(order_event, moved, at=at, actor=actor, state=order.state)
    events: list[OrderEvent] = []

    def number() -> int:
        return sequence + len(events) + 1

    for task in _task_changes(before, after):
        summary = f"{task.name}: {task.after}"
        events.append(told(number(), EventType.TASK_STATE_CHANGED, summary=summary, task=task))
    for work in work_changes(was or order, before, moved, after):
        summary = f"work for people {work.move}: {work.queue}"
        events.append(told(number(), EventType.WORK_ITEM_CHANGED, summary=summary, work=work))
    for reached in _milestones(before, after):
        summary = f"milestone {reached.name} reached"
        events.append(told(number(), EventType.MILESTONE_REACHED, summary=summary, milestone=reached))
    alert = JeopardyChange(before=order.jeopardy.level if order.jeopardy else None, after=moved.jeopardy)
    if alert.before is not (alert.after.level if alert.after else None):
        summary = f"jeopardy {alert.after.level}" if alert.after else "jeopardy cleared"
        events.append(told(number(), EventType.JEOPARDY_CHANGED, summary=summary, jeopardy=alert))
    state = order.state
    for passed in way or ((target,) if item_changes else ()):
        events.append(
            told(
                number(),
                EventType.STATE_CHANGED,
                summary=f"order {passed}" if passed is not state else "items moved on",
                before=state,
                state=passed,
                item_changes=item_changes if passed is target else (),
            )
        )
        state = passed
    return Progress(moved, tuple(events))


def _advance_item(order: ProductOrder, item: OrderItem, plan: Plan) -> OrderItem:
    if item.state in ITEM.terminal:
        return item  # whatever is still taken back or given up of it
    tasks = plan.tasks_of(item.id)
    cancelled = item.id in plan.cancelled
    target = item_state_of(tasks, cancelled=cancelled, failed=item.id in plan.failed, owed=owed(plan, item.id))
    if target is ItemState.ACKNOWLEDGED and item.state is not ItemState.ACKNOWLEDGED:
        target = ItemState.IN_PROGRESS
    purpose = {Trigger.ASSESS_CANCELLATION} if cancelled else ()
    ITEM.way(item.state, target, purpose=purpose)  # raises when the diagram has no way there
    product = next((t.reference for t in tasks if t.operation == "inventory.createProduct" and t.reference), None)
    return replace(item, state=target, product_id=item.product_id or product)


def work_changes(
    old: ProductOrder, before: Plan | None, new: ProductOrder, after: Plan | None
) -> Iterator[WorkItemChange]:
    """What became of the work that waits for people."""
    for move, item in moves(work_items(old, before), work_items(new, after)):
        yield WorkItemChange(
            id=item.id,
            task_id=item.task_id,
            kind=item.kind,
            move=move,
            queue=item.queue,
            level=item.level,
            claimed_by=item.claimed_by,
        )


def _milestones(before: Plan | None, after: Plan) -> Iterable[MilestoneReached]:
    passed = {task.id for task in before.tasks if task.state in TASK_PASSED} if before else frozenset()
    for task in after.tasks:
        if task.milestone is not None and task.state in TASK_PASSED and task.id not in passed:
            yield MilestoneReached(
                name=task.milestone, item_ids=task.item_ids, task_id=task.id, promised_at=task.promised_at
            )


def _task_changes(before: Plan | None, after: Plan) -> list[TaskChange]:
    old = {task.id: task for task in before.tasks} if before else {}
    return [
        TaskChange(
            task_id=task.id,
            item_ids=task.item_ids,
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
