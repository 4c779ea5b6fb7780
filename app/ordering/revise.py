"""Revise an order that is under way: it is to be otherwise from now on. What that would do can be asked beforehand.

The new wish is judged and priced like a draft and compared with the running plan. What nobody changed stays as it is,
at the price that was agreed, whatever catalog and rules have become since.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.cancellation import Passed
from app.domain.conditions import CannotJudge
from app.domain.decomposition import begins_at
from app.domain.expedite import expedited
from app.domain.foresight import ends_at, outlook, points_ahead
from app.domain.money import Money, sum_of
from app.domain.order import AppointmentRef, ItemAction, ProductOrder
from app.domain.plan import Plan, PointOfNoReturn, Task, Wish
from app.domain.plan_events import Revised
from app.domain.pricing import totals
from app.domain.request import RevisedWish, as_wished, differs
from app.domain.revision import bound_by, merged
from app.domain.rules import violations
from app.domain.rules.credit import asks_bureau
from app.domain.states import ITEM, ORDER, ItemState, OrderState
from app.domain.timing import CyclicPlan, in_order
from app.domain.violations import Violation, ViolationCode, refusals
from app.ordering.credit import assessed
from app.ordering.drafts import case_of, established, gather, require, visible
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
from app.ordering.outcomes import (
    ChargeNotAccepted,
    NotAllowedInState,
    Outcome,
    PointOfNoReturnPassed,
    Refusal,
    SlotUnavailable,
    ValidationFailed,
)
from app.ordering.place import CONTRACT_FOLLOWS, CREDIT_FOLLOWS
from app.ordering.planning import planned, unplanned
from app.ordering.preview import Preview, foreseen, price_changes
from app.ordering.submit import finished
from app.ordering.visits import as_if_booked, book_all, look_all, release
from app.store.port import IdempotencyKey, StoredOrder

BUSY: Final = "revise it while another revision is being assessed"
REVISABLE: Final = frozenset({OrderState.ACKNOWLEDGED, OrderState.IN_PROGRESS, OrderState.PENDING, OrderState.HELD})
FROZEN_FOR: Final = timedelta(seconds=30)
"""How long nothing new begins while a revision is assessed, should whoever assesses it be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseOrder(OrderAsk):
    """What the order is to be, why, and the charge that the customer accepts to pay for it.

    `credit_consent`: the bureau may be asked, when the new wish needs it.
    """

    reason: str
    wish: RevisedWish
    accepted_charge: Money | None = None
    credit_consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """A revision that no rule speaks against: the order as it would be, what is wished of its plan, what binds it."""

    order: ProductOrder
    wish: Wish
    passed: tuple[Passed, ...]
    asks_bureau: bool

    @property
    def charge(self) -> Money | None:
        return sum_of(passed.point.charge for passed in self.passed if passed.point.charge is not None)

    @property
    def blocked_by(self) -> tuple[Passed, ...]:
        return tuple(passed for passed in self.passed if passed.point.charge is None)


async def revise_order(ordering: Ordering, actor: Actor, ask: ReviseOrder) -> Outcome:
    """The order as it is wished for from now on; what was done otherwise is taken back and done anew by and by.

    While the revision is assessed nothing new of the order begins. Raises BackendFailure when a fact that the decision
    needs is out of reach, NotPermitted, FulfilmentUnavailable.
    """
    require(actor, Right.STEER_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    if stored.order.state not in REVISABLE:
        return NotAllowedInState(stored.order, "revise", ORDER.possible(stored.order.state))
    await ordering.fulfilment.start(stored.order)  # one that waits for its turn has to be there to be told
    if await _tell(ordering, actor, ask, InstructionKind.FREEZE) is not None:
        return NotAllowedInState(stored.order, BUSY, ORDER.possible(stored.order.state))
    told = False
    try:
        outcome = await _revise(ordering, actor, ask)
        told = not isinstance(outcome, Refusal)
        return outcome
    finally:
        if not told:
            await _tell(ordering, actor, ask, InstructionKind.THAW)


async def _revise(ordering: Ordering, actor: Actor, ask: ReviseOrder) -> Outcome:
    stored = (await ordering.store.load([ask.order_id]))[ask.order_id]
    assert stored.plan is not None, "a frozen order has a plan"
    decided = await _decide(ordering, actor, stored.order, stored.plan, ask.wish, consent=ask.credit_consent)
    if not isinstance(decided, _Decided):
        return decided
    if decided.blocked_by:
        return PointOfNoReturnPassed(stored.order, decided.blocked_by)
    if decided.charge is not None and decided.charge != ask.accepted_charge:
        return ChargeNotAccepted(stored.order, decided.charge, decided.passed)
    key = key_of(actor, ask)
    if decided.asks_bureau:
        decided = await _with_credit(ordering, decided, key)
    booked = await book_all(ordering.backends, decided.order, key=key, at=ordering.clock())
    if isinstance(booked, SlotUnavailable):
        return booked
    instruction = Instruction(
        kind=InstructionKind.REVISE,
        reason=ask.reason,
        actor=actor,
        key=key,
        wish=decided.wish,
        order=booked,
        charge=decided.charge,
    )
    if await ordering.fulfilment.tell(ask.order_id, instruction) is not None:
        await _give_back(ordering, stored.order, booked)
        return await _moved_on(ordering, actor, ask)
    await _give_back(ordering, booked, stored.order, unless_taken_by=stored.plan)
    return await as_recorded(ordering, ask.order_id)


async def preview_revision(
    ordering: Ordering, actor: Actor, order_id: str, wish: RevisedWish, *, credit_consent: bool = False
) -> Preview:
    """What `revise_order` would do now. Holds nothing up, books no visit, asks no bureau. Raises like it."""
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return Preview(refusals=(stored,))
    order, at = stored.order, ordering.clock()
    if order.state not in REVISABLE:
        return Preview(refusals=(NotAllowedInState(order, "revise", ORDER.possible(order.state)),))
    plan = stored.plan or await planned(ordering, order)
    decided = await _decide(ordering, actor, order, plan, wish, consent=credit_consent)
    if not isinstance(decided, _Decided):
        return Preview(refusals=(decided,))
    if decided.blocked_by:
        return Preview(refusals=(PointOfNoReturnPassed(order, decided.blocked_by),), passed=decided.passed)
    if taken := await look_all(ordering.backends, decided.order, at=at):
        return Preview(refusals=(taken,))
    seen = outlook(plan, Revised(at=at, wish=decided.wish, charge=decided.charge))
    touched = (*decided.wish.changed, *decided.wish.removed)
    found = Preview(
        item_ids=touched,
        order=decided.order,
        prices=price_changes(order.totals, decided.order.totals),
        expected_before=ends_at(plan, at),
        passed=decided.passed,
        ahead=points_ahead(plan, touched or [item.id for item in order.items], at),
        charge=decided.charge,
        approvals=tuple(_approvals(decided, *seen.added, *seen.redone)),
    )
    return foreseen(found, seen)


def _approvals(decided: _Decided, *tasks: Task) -> Iterable[str]:
    if decided.asks_bureau:
        yield "The credit bureau is asked"
    yield from (task.name for task in tasks if task.pends)


async def _decide(
    ordering: Ordering, actor: Actor, order: ProductOrder, plan: Plan, asked: RevisedWish, *, consent: bool
) -> _Decided | Refusal:
    """What the wish makes of the order and of its plan, unless a rule speaks against it."""
    wished, at = as_wished(order, asked), ordering.clock()
    if wrong := _out_of_place(order, wished):
        return ValidationFailed(wrong)
    old = {item.id: item for item in order.items}
    changed = tuple(item.id for item in wished.items if item.id not in old or _otherwise(order, wished, item.id))
    still = {item.id for item in wished.items}
    removed = tuple(i.id for i in as_wished(order, RevisedWish()).items if i.id not in still)
    if ended := _of_what_has_ended(order, wished, (*changed, *removed)):
        return ValidationFailed(ended)
    judged = _as_draft(wished, changed)
    facts = as_if_booked(judged, (await gather(ordering, judged)).whole())
    draft = established(judged, facts, at)
    case = case_of(ordering, draft, facts, actor)
    follows = {CONTRACT_FOLLOWS, CREDIT_FOLLOWS} if consent else {CONTRACT_FOLLOWS}
    if breaches := _new_breaches(refusals(violations(case)), draft, changed, follows):
        return ValidationFailed(breaches)
    result = _priced(order, wished, finished(case), changed)
    wish = await _wish(ordering, result, plan, changed, removed, other_dates=_dates(order) != _dates(result))
    try:
        costs = expedited(replace(case, order=result), order)
    except CannotJudge as problem:
        return ValidationFailed((unplanned(problem),))
    wish = replace(wish, charge=costs.charge if costs else None)
    tasks = merged(plan, wish)
    try:
        in_order(tasks)
    except CyclicPlan as problem:
        return ValidationFailed((unplanned(problem),))
    passed = tuple(
        Passed(item_id=(task.item_ids or ("",))[0], task_id=task.id, task_name=task.name, point=point)
        for task, point in bound_by(plan, tasks, wish)
    )
    if costs is not None:
        point = PointOfNoReturn(reason=costs.reason, charge=costs.charge)
        item_id = next((item.id for item in result.items), "")
        passed += (Passed(item_id=item_id, task_id=costs.rule, task_name="Another time or urgency", point=point),)
    new_credit = bool(changed) and asks_bureau(case) and consent and order.credit is None
    return _Decided(order=result, wish=wish, passed=passed, asks_bureau=new_credit)


def _dates(order: ProductOrder) -> tuple[datetime | None, datetime | None]:
    """The dates that are wished for."""
    return order.requested_start_at, order.requested_completion_at


def _otherwise(order: ProductOrder, wished: ProductOrder, item_id: str) -> bool:
    before, after = order.item(item_id), wished.item(item_id)
    assert before is not None, "asked of items that were there"
    assert after is not None, "asked of items that are wished for"
    here, there = order.place_of(before), wished.place_of(after)
    return differs(before, after) or (here.id if here else None) != (there.id if there else None)


def _out_of_place(order: ProductOrder, wished: ProductOrder) -> tuple[Violation, ...]:
    """Items that are named twice, or by an id whose item was given up."""
    found, seen = [], set()
    gone = {item.id for item in order.items} - {item.id for item in as_wished(order, RevisedWish()).items}
    for n, item in enumerate(wished.items):
        if item.id in seen or item.id in gone:
            why = "was given up; leave the id out for a new item" if item.id in gone else "is named twice"
            path = f"/items/{n}/id"
            message = f"{path}: item {item.id!r} {why} (itemIdFree)."
            found.append(Violation("itemIdFree", path, ViolationCode.INVALID_VALUE, message))
        seen.add(item.id)
    return tuple(found)


def _of_what_has_ended(order: ProductOrder, wished: ProductOrder, touched: tuple[str, ...]) -> tuple[Violation, ...]:
    """What is delivered is changed as what it is by now: an owned product, by an order of its own."""
    found = []
    for item in order.items:
        if item.id in touched and item.state in ITEM.terminal:
            n = next((n for n, other in enumerate(wished.items) if other.id == item.id), None)
            path = "/items" if n is None else f"/items/{n}"
            message = f"{path}: item {item.id!r} is {item.state}; change or end the product instead (itemOpen)."
            found.append(Violation("itemOpen", path, ViolationCode.OTHER_ISSUE, message))
    return tuple(found)


def _as_draft(wished: ProductOrder, changed: tuple[str, ...]) -> ProductOrder:
    """The wish as it is judged: like something that is asked for the first time."""
    return replace(
        wished,
        state=OrderState.DRAFT,
        items=tuple(
            replace(
                item,
                state=ItemState.DRAFT,
                product_id=None if item.action is ItemAction.ADD else item.product_id,
                reservations=item.reservations if item.id in changed else (),
            )
            for item in wished.items
        ),
    )


def _new_breaches(
    found: tuple[Violation, ...], draft: ProductOrder, changed: tuple[str, ...], follows: set[str]
) -> tuple[Violation, ...]:
    """What speaks against what is new; what was agreed before is not judged by the rules of today."""
    settled = tuple(f"/items/{n}" for n, item in enumerate(draft.items) if item.id not in changed)
    return tuple(
        v
        for v in found
        if v.rule not in follows and not any(v.path == path or v.path.startswith(f"{path}/") for path in settled)
    )


def _priced(order: ProductOrder, wished: ProductOrder, draft: ProductOrder, changed: tuple[str, ...]) -> ProductOrder:
    """The order as it would be: what is as before keeps its prices and how far it has come."""
    items = []
    for item, judged in zip(wished.items, draft.items, strict=True):
        old = order.item(item.id)
        if old is not None and item.id not in changed:
            items.append(old)
        else:
            state = old.state if old is not None else ItemState.ACKNOWLEDGED
            items.append(replace(judged, state=state, product_id=item.product_id, reservations=item.reservations))
    return replace(
        draft,
        state=order.state,
        items=tuple(items),
        totals=totals(price for item in items for price in item.prices),
        agreement=None if changed else order.agreement,
    )


async def _wish(
    ordering: Ordering,
    result: ProductOrder,
    plan: Plan,
    changed: tuple[str, ...],
    removed: tuple[str, ...],
    *,
    other_dates: bool,
) -> Wish:
    wanted = await planned(ordering, result)
    start = begins_at(result, wanted, ordering.clock()) if other_dates else plan.begins_at
    return Wish(
        tasks=wanted.tasks,
        changed=changed,
        removed=removed,
        sequence=wanted.sequence,
        priority=result.priority,
        begins_at=start,
        promised_at=result.requested_completion_at,
    )


async def _with_credit(ordering: Ordering, decided: _Decided, key: IdempotencyKey) -> _Decided:
    at = ordering.clock()
    consent_at = at.replace(minute=0, second=0, microsecond=0)
    name = f"{key.owner}:{key.key}:credit"
    credit = await assessed(ordering.backends, decided.order, consent_at=consent_at, at=at, key=name)
    return replace(decided, order=replace(decided.order, credit=credit))


async def _give_back(
    ordering: Ordering, kept: ProductOrder, other: ProductOrder, *, unless_taken_by: Plan | None = None
) -> None:
    """Give back the visits that `other` has and `kept` has not; one that a task has taken is that task's to undo."""
    taken = {task.reference for task in unless_taken_by.tasks} if unless_taken_by else set()
    wanted = {item.appointment.id for item in kept.items if item.appointment}
    left: list[AppointmentRef] = [
        item.appointment
        for item in other.items
        if item.appointment and item.appointment.id not in wanted | taken and item.state not in ITEM.terminal
    ]
    await asyncio.gather(*(release(ordering.backends, visit) for visit in dict.fromkeys(left)))  # items may share one


async def _tell(ordering: Ordering, actor: Actor, ask: ReviseOrder, kind: InstructionKind) -> str | None:
    """Hold everything up while the revision is assessed, or let it go on."""
    own = IdempotencyKey(owner=actor.subject, key=f"{ask.idempotency_key}:{kind}:{ordering.new_id()}", fingerprint="")
    by = f"{actor.subject}:{ask.idempotency_key}"
    until = ordering.clock() + FROZEN_FOR if kind is InstructionKind.FREEZE else None
    return await ordering.fulfilment.tell(
        ask.order_id, Instruction(kind=kind, reason="", actor=actor, key=own, until=until, by=by)
    )


async def _moved_on(ordering: Ordering, actor: Actor, ask: ReviseOrder) -> Outcome:
    """Why it was refused, now that the order is further than it was judged."""
    stored = (await ordering.store.load([ask.order_id]))[ask.order_id]
    if stored.order.state in REVISABLE and stored.plan is not None:
        decided = await _decide(ordering, actor, stored.order, stored.plan, ask.wish, consent=ask.credit_consent)
        if not isinstance(decided, _Decided):
            return decided
        if decided.blocked_by:
            return PointOfNoReturnPassed(stored.order, decided.blocked_by)
        if decided.charge is not None and decided.charge != ask.accepted_charge:
            return ChargeNotAccepted(stored.order, decided.charge, decided.passed)
    return NotAllowedInState(stored.order, "revise", ORDER.possible(stored.order.state))
