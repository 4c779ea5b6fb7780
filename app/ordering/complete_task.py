"""Say that a task which people carry out is done, and enter what it asks for; the plan goes on."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.foresight import ends_at, outlook
from app.domain.order import Characteristic
from app.domain.plan import Task
from app.domain.plan_events import TaskPerformed
from app.domain.states import ORDER, TaskState
from app.domain.violations import Violation, ViolationCode
from app.ordering.drafts import require, visible
from app.ordering.entered import characteristics_entered, wrong
from app.ordering.ordering import (
    Instruction,
    InstructionKind,
    OrderAsk,
    Ordering,
    as_recorded,
    key_of,
    load,
    recall,
)
from app.ordering.outcomes import NotAllowedInState, NotFound, Outcome, Refusal, ValidationFailed, WorkClaimed
from app.ordering.preview import Preview, foreseen
from app.store.port import StoredOrder

LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTask(OrderAsk):
    """The task is done; `data` is what it asked for and whatever else is worth keeping, `note` a remark."""

    task_id: str
    data: tuple[Characteristic, ...] = ()
    note: str = ""


async def complete_task(ordering: Ordering, actor: Actor, ask: CompleteTask) -> Outcome:
    """The order with the task done. What is entered is kept with the task; what the catalog knows as a characteristic
    of the item that the task serves is put in place of the item's.

    Raises NotPermitted, FulfilmentUnavailable, and BackendFailure when data cannot be checked.
    """
    require(actor, Right.WORK_LISTS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    entered = await _judged(ordering, actor, stored, ask.task_id, ask.data)
    if not isinstance(entered, _Entered):
        return entered
    instruction = Instruction(
        kind=InstructionKind.PERFORM,
        task_id=entered.task.id,
        reason=ask.note,
        actor=actor,
        key=key_of(actor, ask),
        data=ask.data,
        item_ids=entered.item_ids,
        characteristics=entered.characteristics,
    )
    if await ordering.fulfilment.tell(ask.order_id, instruction) is None:
        return await as_recorded(ordering, ask.order_id)
    now = (await ordering.store.load([ask.order_id]))[ask.order_id]
    task = (now.plan.task(ask.task_id) if now.plan else None) or entered.task
    return _not_now(now, task, actor) or NotAllowedInState(now.order, "complete it", ORDER.possible(now.order.state))


async def preview_completion(
    ordering: Ordering, actor: Actor, order_id: str, task_id: str, data: tuple[Characteristic, ...]
) -> Preview:
    """What `complete_task` would do now. Changes nothing. Raises NotPermitted, BackendFailure."""
    require(actor, Right.WORK_LISTS)
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return Preview(refusals=(stored,))
    entered = await _judged(ordering, actor, stored, task_id, data)
    if not isinstance(entered, _Entered):
        return Preview(refusals=(entered,))
    assert stored.plan is not None, "it has the task"
    event = TaskPerformed(at=ordering.clock(), task_id=task_id, data=data)
    found = Preview(item_ids=entered.task.item_ids, order=stored.order, expected_before=ends_at(stored.plan, event.at))
    return foreseen(found, outlook(stored.plan, event))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entered:
    """What may be entered: for which task, and which of it becomes the characteristics of which items."""

    task: Task
    item_ids: tuple[str, ...] = ()
    characteristics: tuple[Characteristic, ...] = ()


async def _judged(
    ordering: Ordering, actor: Actor, stored: StoredOrder, task_id: str, data: tuple[Characteristic, ...]
) -> _Entered | Refusal:
    task = stored.plan.task(task_id) if stored.plan else None
    if task is None:
        return NotFound("/taskId", f"/taskId: the order has no task {task_id!r} (taskKnown).")
    if refusal := _not_now(stored, task, actor):
        return refusal
    if breaches := tuple(_missing(task, data)):
        return ValidationFailed(breaches)
    item = stored.order.item(task.item_id) if task.item_id else None
    if item is None or not data:
        return _Entered(task=task)
    characteristics, breaches = await characteristics_entered(
        ordering, stored.order, item, data, "/data", others_too=True
    )
    if breaches:
        return ValidationFailed(breaches)
    return _Entered(task=task, item_ids=(item.id,) if characteristics else (), characteristics=characteristics)


def _not_now(stored: StoredOrder, task: Task, actor: Actor) -> NotAllowedInState | WorkClaimed | None:
    """Why the actor cannot complete it."""
    if not task.by_people or task.state is not TaskState.AWAITING_RESULT:
        what = "complete a task that " + ("a backend carries out" if not task.by_people else f"is {task.state}")
        return NotAllowedInState(stored.order, what, ORDER.possible(stored.order.state))
    claimed_by = task.attention.claimed_by if task.attention else None
    return WorkClaimed(stored.order, claimed_by) if claimed_by not in (None, actor.subject) else None


def _missing(task: Task, data: tuple[Characteristic, ...]) -> Iterator[Violation]:
    entered = {c.name: c.value for c in data}
    for name in task.worklist.asks if task.worklist else ():
        if not entered.get(name, "").strip():
            yield wrong("dataEntered", "/data", ViolationCode.MISSING_PROPERTY, f"{name!r} is asked for")
    for name, times in Counter(c.name for c in data).items():
        if times > 1:
            yield wrong("dataEntered", "/data", ViolationCode.TOO_MANY_RECORDS, f"{name!r} is given {times} times")
    for n, c in enumerate(data):
        if not c.name.strip() or len(c.name) > LONGEST or len(c.value) > LONGEST:
            text = f"a name and at most {LONGEST} characters are wanted"
            yield wrong("dataEntered", f"/data/{n}", ViolationCode.INVALID_FORMAT, text)
