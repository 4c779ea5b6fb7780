"""Decide what becomes of a task that could not be done: try again, mend data first, go on without it, give it up."""

from dataclasses import dataclass
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.foresight import ends_at, outlook
from app.domain.order import Characteristic, OrderItem
from app.domain.plan import Task
from app.domain.plan_events import Aborted, FalloutAction, FalloutDecided
from app.domain.states import ORDER, TaskState
from app.domain.violations import ViolationCode
from app.domain.worklist import FalloutDecision, WorkAction, allowed_actions, work_items
from app.ordering.drafts import require, visible
from app.ordering.entered import characteristics_entered, wrong
from app.ordering.ordering import (
    Instruction,
    InstructionKind,
    OrderAsk,
    Ordering,
    key_of,
    load,
    recall,
)
from app.ordering.outcomes import Committed, NotAllowedInState, NotFound, Outcome, Refusal, ValidationFailed
from app.ordering.preview import Preview, foreseen
from app.store.port import IdempotencyKey, StoredOrder

_D = FalloutDecision
ACTIONS: Final = {
    _D.RETRY: FalloutAction.RETRY,
    _D.FIX_DATA_AND_RETRY: FalloutAction.RETRY,
    _D.SKIP: FalloutAction.SKIP,
    _D.FAIL_ITEM: FalloutAction.FAIL_ITEM,
}
"""What a decision means to the plan; an order that is aborted has no plan any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveFallout(OrderAsk):
    """The decision, and why it was taken.

    `characteristics` are put in place of the item's before it is tried again. `item_id` None: the only item that the
    task serves.
    """

    task_id: str
    action: FalloutDecision
    reason: str
    item_id: str | None = None
    characteristics: tuple[Characteristic, ...] = ()


async def resolve_fallout(ordering: Ordering, actor: Actor, ask: ResolveFallout) -> Outcome:
    """The order with the decision recorded; its workflow judges whether the task still waits for one.

    Raises NotPermitted, FulfilmentUnavailable, and BackendFailure when data cannot be checked.
    """
    require(actor, Right.RESOLVE_FALLOUT)
    if ask.action is FalloutDecision.ABORT:
        require(actor, Right.ABORT_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    return await decide(
        ordering,
        actor,
        stored,
        key_of(actor, ask),
        task_id=ask.task_id,
        action=ask.action,
        reason=ask.reason,
        item_id=ask.item_id,
        characteristics=ask.characteristics,
    )


async def decide(
    ordering: Ordering,
    actor: Actor,
    stored: StoredOrder,
    key: IdempotencyKey,
    *,
    task_id: str,
    action: FalloutDecision,
    reason: str,
    item_id: str | None = None,
    characteristics: tuple[Characteristic, ...] = (),
) -> Outcome:
    """The order with this decision recorded under this key. Raises FulfilmentUnavailable, BackendFailure."""
    task = stored.plan.task(task_id) if stored.plan else None
    if task is None:
        return _no_such_task(task_id)
    if not reason.strip():
        missing = wrong("reasonGiven", "/reason", ViolationCode.MISSING_PROPERTY, "say why; it is kept with the order")
        return ValidationFailed((missing,))
    if task.state is not TaskState.FALLOUT:
        return _refused(stored, task, action)
    if refusal := await _data_refused(ordering, stored, task, action, item_id, characteristics):
        return refusal
    item = _item(stored, task, item_id)
    aborting = action is FalloutDecision.ABORT
    instruction = Instruction(
        kind=InstructionKind.ABORT if aborting else InstructionKind.RESOLVE_FALLOUT,
        task_id=task.id,
        action=None if aborting else ACTIONS[action],
        reason=reason,
        actor=actor,
        key=key,
        item_ids=(item.id,) if item and characteristics else (),
        characteristics=characteristics,
    )
    if await ordering.fulfilment.tell(stored.order.id, instruction) is not None:
        return _refused((await ordering.store.load([stored.order.id]))[stored.order.id], task, action)
    return Committed((await ordering.store.load([stored.order.id]))[stored.order.id].order)


async def preview_fallout_decision(
    ordering: Ordering, actor: Actor, order_id: str, task_id: str, action: FalloutDecision
) -> Preview:
    """What this decision would do now, whatever data are mended with it. Changes nothing. Raises NotPermitted."""
    require(actor, Right.RESOLVE_FALLOUT)
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return Preview(refusals=(stored,))
    plan = stored.plan
    task = plan.task(task_id) if plan else None
    if plan is None or task is None:
        return Preview(refusals=(_no_such_task(task_id),))
    if task.state is not TaskState.FALLOUT:
        return Preview(refusals=(_refused(stored, task, action),))
    at = ordering.clock()
    event: FalloutDecided | Aborted = (
        Aborted(at=at)
        if action is FalloutDecision.ABORT
        else FalloutDecided(at=at, task_id=task.id, action=ACTIONS[action])
    )
    found = Preview(item_ids=task.item_ids, order=stored.order, expected_before=ends_at(plan, at))
    return foreseen(found, outlook(plan, event))


def _no_such_task(task_id: str) -> NotFound:
    return NotFound("/taskId", f"/taskId: the order has no task {task_id!r} (taskKnown).")


def _refused(stored: StoredOrder, task: Task, action: FalloutDecision) -> NotAllowedInState:
    now = stored.plan.task(task.id) if stored.plan else None
    what = f"{action} a task that is {(now or task).state}"
    return NotAllowedInState(stored.order, what, ORDER.possible(stored.order.state))


async def _data_refused(
    ordering: Ordering,
    stored: StoredOrder,
    task: Task,
    action: FalloutDecision,
    item_id: str | None,
    entered: tuple[Characteristic, ...],
) -> Refusal | None:
    """Why this cannot be entered, or must be and is not."""
    if action is not FalloutDecision.FIX_DATA_AND_RETRY:
        if not entered:
            return None
        unexpected = ViolationCode.UNEXPECTED_PROPERTY
        return ValidationFailed((wrong("dataMended", "/characteristics", unexpected, f"{action} mends no data"),))
    waiting = next(item for item in work_items(stored.order, stored.plan) if item.task_id == task.id)
    allowed = allowed_actions(waiting)
    if WorkAction.FIX_DATA_AND_RETRY not in allowed:
        return NotAllowedInState(stored.order, "mend the data of what may have been done", allowed)
    if not entered:
        missing = ViolationCode.MISSING_PROPERTY
        return ValidationFailed((wrong("dataMended", "/characteristics", missing, "say what is to be otherwise"),))
    item = _item(stored, task, item_id)
    if item is None:
        served = ", ".join(task.item_ids or (item.id for item in stored.order.items))
        return NotFound("/itemId", f"/itemId: name one of the items that the task serves: {served} (itemKnown).")
    _, found = await characteristics_entered(ordering, stored.order, item, entered, "/characteristics")
    return ValidationFailed(found) if found else None


def _item(stored: StoredOrder, task: Task, item_id: str | None) -> OrderItem | None:
    """The item whose data are mended; a task for the whole order looks at all of them."""
    wanted = item_id or task.item_id
    served = task.item_ids or tuple(item.id for item in stored.order.items)
    return stored.order.item(wanted) if wanted in served and wanted is not None else None
