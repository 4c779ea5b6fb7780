"""Records how an order is carried out: its plan when it begins, and every step the plan takes.

These are the use cases of the workflow, the only writer of an order once it is submitted. Each can be repeated.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.actor import Actor, system_actor
from app.domain.change_request import CHANGE_REQUESTS, with_request
from app.domain.durations import samples
from app.domain.events import EventType, OrderEvent, order_event
from app.domain.order import Cancellation, Characteristic, OrderItem, ProductOrder
from app.domain.plan import Plan
from app.domain.progress import Progress, advance
from app.domain.states import ITEM, ORDER, ItemState, TaskState
from app.ordering.counted import count
from app.ordering.discard import give_all_back
from app.ordering.earlier import tell_those_waiting
from app.ordering.notify import news_in
from app.ordering.ordering import Instruction, InstructionKind, Ordering
from app.ordering.planning import planned
from app.store.port import Change, Commit, KeyUsed, MovedOn, StoredOrder, Written

ORCHESTRATION = system_actor("orchestration")
_K = InstructionKind
UNTOLD: Final = frozenset({_K.FREEZE, _K.THAW})
"""Instructions that are Orderway's own: they leave no trace but in the plan."""
TOLD: Final = {
    _K.PERFORM: "/plan/tasks",
    _K.REVISE: "/items",
    _K.ADD_NOTE: "/notes",
    _K.CHANGE_REQUEST: CHANGE_REQUESTS,
    _K.ABORT: "/state",
}
"""Instructions that are told as an event of their own, with what they changed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The order as it is kept by now. `news`: the customer may have to be told."""

    news: bool
    stored: StoredOrder


async def plan_order(ordering: Ordering, order_id: str, *, at: datetime) -> Plan:
    """The plan that the order is being carried out by; for an order that has not begun, the one that it calls for now.

    Raises BackendFailure when the catalog is out of reach, CyclicPlan when the rules contradict themselves.
    """
    stored = await _stored(ordering, order_id)
    if stored.plan is not None:
        return stored.plan
    if stored.order.state in ORDER.terminal:
        return Plan(order_id=order_id, tasks=())  # called off before anything of it began
    return await planned(ordering, stored.order, at=at)


async def record_progress(
    ordering: Ordering,
    order_id: str,
    plan: Plan,
    instruction: Instruction | None = None,
    *,
    at: datetime,
    known: StoredOrder | None = None,
) -> Kept:
    """Keep the plan as it is now, and what that means for the order. A plan not newer than the kept one is ignored.

    `instruction` is what made the plan so, when it was not the work itself; when somebody was faster, so that it cannot
    be any more, it changes nothing, and its key stays unused. `at`: when it came about, however much later it can be
    recorded. `known`: the order as it was kept last, as far as the caller knows; what is written is conditional on it.
    """
    outcome: Commit = MovedOn()
    actor = instruction.actor if instruction else ORCHESTRATION
    key = instruction.key if instruction and instruction.kind not in UNTOLD else None
    while not isinstance(outcome, Written):
        stored, known = known or await _stored(ordering, order_id), None
        if stored.plan is not None and stored.plan.revision >= plan.revision:
            return Kept(True, stored)  # kept before, by a call whose answer was lost
        if stored.plan is None and stored.order.state in ORDER.terminal:
            return Kept(True, stored)
        at = max(at, stored.order.updated_at)
        if instruction is not None and _outrun(stored.order, instruction):
            instruction = key = None
        order = _called_off(_instructed(stored.order, instruction, at), stored.plan, plan, actor, at)
        order = replace(order, planned_at=order.planned_at or at)
        progress = advance(
            order,
            stored.plan,
            plan,
            sequence=stored.sequence,
            at=at,
            actor=actor,
            changed=replace(order, planned_at=stored.order.planned_at) != stored.order,
            jeopardy_rules=ordering.rulebook().jeopardy,
            was=stored.order,
        )
        events = (*progress.events, *_told(progress, stored.sequence, instruction, at))
        outcome = await ordering.store.commit(
            Change(
                order=progress.order,
                after=stored.sequence,
                events=events,
                actor=actor,
                reason=instruction.summary if instruction else "carried out",
                at=at,
                plan=plan,
                key=key,
                audit=instruction.audit if instruction else None,
            )
        )
        if isinstance(outcome, Written):
            count(events)
            ordering.durations.saw(samples(stored.plan, plan))
            gone = _never_taken(stored.order, progress.order, plan)
            await give_all_back(ordering.backends, gone, unless_of=progress.order.items)
            if progress.order.state in ORDER.terminal:
                await tell_those_waiting(ordering, progress.order)
        if isinstance(outcome, KeyUsed):
            key = None  # used for something else in between; the instruction has been followed all the same
    now = StoredOrder(order=progress.order, plan=plan, sequence=stored.sequence + len(events))
    # what came before the order was begun is told with its beginning
    return Kept(stored.plan is None or any(news_in(event, progress.order, plan) for event in events), now)


def _outrun(order: ProductOrder, instruction: Instruction) -> bool:
    """Whether what it says of a change request cannot be so any more."""
    request = instruction.request
    return request is not None and with_request(order.change_requests, request) is None


def _told(progress: Progress, sequence: int, instruction: Instruction | None, at: datetime) -> tuple[OrderEvent, ...]:
    if instruction is None or instruction.kind not in TOLD:
        return ()
    return (
        order_event(
            progress.order,
            sequence + len(progress.events) + 1,
            EventType.CHANGED,
            at=at,
            actor=instruction.actor,
            summary=instruction.summary,
            changed=(TOLD[instruction.kind],),
        ),
    )


def _never_taken(before: ProductOrder, after: ProductOrder, plan: Plan) -> tuple[OrderItem, ...]:
    """Items that were cancelled before anything was done for them: what is held for them nobody will take."""
    gone = [
        new
        for new in after.items
        if new.state is ItemState.CANCELLED and (old := before.item(new.id)) and old.state is not new.state
    ]
    return tuple(item for item in gone if all(t.state is TaskState.ABANDONED for t in plan.tasks_of(item.id)))


def _instructed(order: ProductOrder, instruction: Instruction | None, at: datetime) -> ProductOrder:
    """The order with what was told it on record."""
    if instruction is not None and instruction.consent is not None and order.ownership is not None:
        said = (*order.ownership.consents, instruction.consent)
        return replace(order, ownership=replace(order.ownership, consents=said))
    if instruction is None:
        return order
    match instruction.kind:
        case _K.CANCEL | _K.DECIDE_CANCELLATION if instruction.item_ids:
            cancellation = Cancellation(
                item_ids=instruction.item_ids,
                reason=instruction.reason,
                requested_at=at,
                requested_by=instruction.actor.subject,
                charge=instruction.charge,
            )
            return replace(order, cancellations=(*order.cancellations, cancellation))
        case _K.REVISE if instruction.order is not None:
            return revised(order, instruction.order)
        case _K.ADD_NOTE if instruction.note is not None:
            return replace(order, notes=(*order.notes, instruction.note))
        case _K.CHANGE_REQUEST if instruction.request is not None:
            requests = with_request(order.change_requests, instruction.request)
            return replace(order, change_requests=requests or order.change_requests)
        case _K.RESOLVE_FALLOUT | _K.PERFORM if instruction.characteristics:
            return _with_data(order, instruction.item_ids, instruction.characteristics)
        case _:
            return order


def revised(order: ProductOrder, wished: ProductOrder) -> ProductOrder:
    """The order with what is wished for from now on; how far it has come stays as it is."""
    kept = {item.id: item for item in order.items}
    still = {item.id for item in wished.items}
    items = tuple(
        replace(item, state=kept[item.id].state, product_id=kept[item.id].product_id or item.product_id)
        if item.id in kept
        else replace(item, state=ItemState.ACKNOWLEDGED)
        for item in wished.items
    )
    return replace(
        order,
        items=(*items, *(item for item in order.items if item.id not in still)),
        place=wished.place,
        priority=wished.priority,
        requested_start_at=wished.requested_start_at,
        requested_completion_at=wished.requested_completion_at,
        payment=wished.payment,
        billing_account_id=wished.billing_account_id,
        totals=wished.totals,
        qualifications=wished.qualifications,
        credit=wished.credit,
    )


def _with_data(order: ProductOrder, item_ids: tuple[str, ...], data: tuple[Characteristic, ...]) -> ProductOrder:
    """The order with what people entered for these items: in place of what they had of that name."""
    new = {c.name for c in data}
    return replace(
        order,
        items=tuple(
            replace(item, characteristics=(*(c for c in item.characteristics if c.name not in new), *data))
            if item.id in item_ids and item.state not in ITEM.terminal
            else item
            for item in order.items
        ),
    )


def _called_off(order: ProductOrder, before: Plan | None, after: Plan, actor: Actor, at: datetime) -> ProductOrder:
    """The order with the reason on record when a yes that it cannot do without was refused."""
    known = {task.id: task.cause for task in before.tasks} if before else {}
    off = next((t.cause for t in after.tasks if t.cause and t.cause.calls_off and known.get(t.id) != t.cause), None)
    if off is None:
        return order
    cancellation = Cancellation(
        item_ids=tuple(item.id for item in order.items),
        reason=off.message,
        requested_at=at,
        requested_by=actor.subject,
    )
    return replace(order, cancellations=(*order.cancellations, cancellation))


async def _stored(ordering: Ordering, order_id: str) -> StoredOrder:
    return (await ordering.store.load([order_id]))[order_id]
