"""Ask people for a change of an order under way, answer that, and take the question back. The plan stays as it is."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.access import ROWS, Right, Scope
from app.domain.actor import Actor
from app.domain.change_request import (
    CHANGE_REQUESTS,
    LONGEST,
    ChangeRequest,
    ChangeRequestKind,
    ChangeRequestState,
    too_many,
    with_request,
)
from app.domain.events import EventType, order_event
from app.domain.order import ProductOrder
from app.domain.progress import work_changes
from app.domain.states import ORDER, OrderState
from app.domain.violations import Violation, ViolationCode
from app.ordering.audit import under_way
from app.ordering.drafts import require
from app.ordering.ordering import (
    Instruction,
    InstructionKind,
    OrderAsk,
    Ordering,
    commit,
    key_of,
    load,
    recall,
)
from app.ordering.outcomes import (
    Committed,
    NotAllowedInState,
    NotFound,
    Outcome,
    Refusal,
    StaleVersion,
    ValidationFailed,
)
from app.store.port import StoredOrder

_S: Final = ChangeRequestState
_V: Final = ViolationCode


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChange(OrderAsk):
    """What is wished for, in words, and why."""

    kind: ChangeRequestKind
    wish: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveChangeRequest(OrderAsk):
    """The answer to a request: whether it is met, and in words. `led_to_version`: what the order became by it."""

    request_id: str
    accept: bool
    answer: str
    led_to_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawChangeRequest(OrderAsk):
    """The request needs no answer any more."""

    request_id: str


async def request_change(ordering: Ordering, actor: Actor, ask: RequestChange) -> Outcome:
    """The order with the request, which waits on a worklist. Raises NotPermitted, FulfilmentUnavailable."""
    require(actor, Right.PROPOSE_CHANGES)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    order = stored.order
    if order.state is OrderState.DRAFT or order.state in ORDER.terminal:
        return NotAllowedInState(order, "ask for a change", ORDER.possible(order.state))
    breaches = [*_text("wish", ask.wish), *_text("reason", ask.reason)]
    if full := too_many(order.change_requests):
        breaches.append(_breach("changeRequestsLimited", "/id", _V.TOO_MANY_RECORDS, full))
    if breaches:
        return ValidationFailed(tuple(breaches))
    request = ChangeRequest(
        id=str(len(order.change_requests) + 1),
        kind=ask.kind,
        wish=ask.wish,
        reason=ask.reason,
        requested_by=actor.subject,
        requested_at=ordering.clock(),
    )
    return await _record(ordering, actor, ask, stored, request)


async def resolve_change_request(ordering: Ordering, actor: Actor, ask: ResolveChangeRequest) -> Outcome:
    """The order with the answer, whatever its state. Raises NotPermitted, FulfilmentUnavailable."""
    require(actor, Right.WORK_LISTS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    found = await _open_request(ordering, actor, ask, ask.request_id)
    if not isinstance(found, _Found):
        return found
    version, breaches = ask.led_to_version, list(_text("answer", ask.answer))
    if version is not None and not (ask.accept and 1 <= version <= found.stored.order.version):
        message = f"{version} is no version that the order has by a request that is accepted"
        breaches.append(_breach("ledToVersion", "/ledToVersion", _V.INVALID_VALUE, message))
    if breaches:
        return ValidationFailed(tuple(breaches))
    answered = _closed(found.request, _S.RESOLVED if ask.accept else _S.DECLINED, actor, ordering.clock())
    answered = replace(answered, answer=ask.answer, led_to_version=version)
    return await _record(ordering, actor, ask, found.stored, answered)


async def withdraw_change_request(ordering: Ordering, actor: Actor, ask: WithdrawChangeRequest) -> Outcome:
    """The order with the request closed by who asked or the customer. Raises NotPermitted, FulfilmentUnavailable."""
    require(actor, Right.PROPOSE_CHANGES)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    found = await _open_request(ordering, actor, ask, ask.request_id)
    if not isinstance(found, _Found):
        return found
    if found.request.requested_by != actor.subject and ROWS[actor.role] is not Scope.OWN:
        message = "somebody else asked for it; only they or the customer withdraw it"
        return ValidationFailed((_breach("ownRequest", "/requestId", _V.INVALID_VALUE, message),))
    withdrawn = _closed(found.request, _S.WITHDRAWN, actor, ordering.clock())
    return await _record(ordering, actor, ask, found.stored, withdrawn)


@dataclass(frozen=True, slots=True)
class _Found:
    stored: StoredOrder
    request: ChangeRequest


async def _open_request(ordering: Ordering, actor: Actor, ask: OrderAsk, request_id: str) -> _Found | Refusal:
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    request = next((one for one in stored.order.change_requests if one.id == request_id), None)
    if request is None:
        return NotFound("/requestId", f"/requestId: the order has no change request {request_id!r} (requestKnown).")
    if request.state is not _S.OPEN:
        breach = _breach("requestOpen", "/requestId", _V.INVALID_VALUE, f"it is {request.state} already")
        return ValidationFailed((breach,))
    return _Found(stored, request)


def _closed(request: ChangeRequest, state: ChangeRequestState, actor: Actor, at: datetime) -> ChangeRequest:
    return replace(request, state=state, decided_by=actor.subject, decided_at=at)


async def _record(
    ordering: Ordering, actor: Actor, ask: OrderAsk, stored: StoredOrder, request: ChangeRequest
) -> Outcome:
    """Keep the request as it is from now on, through the order's workflow as long as that writes the order."""
    if stored.order.state in ORDER.terminal:
        return await _commit(ordering, actor, ask, stored, request)
    told = Instruction(
        kind=InstructionKind.CHANGE_REQUEST, reason="", actor=actor, key=key_of(actor, ask), request=request
    )
    await ordering.fulfilment.start(stored.order)
    refused = await ordering.fulfilment.tell(ask.order_id, told)
    # what is kept has used the key; what somebody else outran has not
    if refused is None and (kept := await recall(ordering, actor, ask)) is not None:
        return replace(kept, replayed=False) if isinstance(kept, Committed) else kept
    if entry := under_way():
        entry.kept = False  # the refusal is what goes on record
    return StaleVersion((await ordering.store.load([ask.order_id]))[ask.order_id].order)


async def _commit(
    ordering: Ordering, actor: Actor, ask: OrderAsk, stored: StoredOrder, request: ChangeRequest
) -> Outcome:
    """Keep it with an order that has ended, which nobody else writes any more."""
    before, at = stored.order, ordering.clock()
    requests = with_request(before.change_requests, request)
    assert requests is not None, "it was open a moment ago, and the commit is conditional on that moment"
    order: ProductOrder = replace(before, change_requests=requests, version=before.version + 1, updated_at=at)
    changes = work_changes(before, stored.plan, order, stored.plan)
    events = tuple(
        order_event(
            order,
            stored.sequence + number,
            EventType.WORK_ITEM_CHANGED,
            at=at,
            actor=actor,
            summary=f"work for people {work.move}: {work.queue}",
            work=work,
        )
        for number, work in enumerate(changes, 1)
    )
    told = order_event(
        order,
        stored.sequence + len(events) + 1,
        EventType.CHANGED,
        at=at,
        actor=actor,
        summary=request.summary,
        changed=(CHANGE_REQUESTS,),
    )
    return await commit(ordering, actor, ask, order, after=stored.sequence, events=(*events, told), plan=stored.plan)


def _text(name: str, text: str | None) -> tuple[Violation, ...]:
    """What is wrong with a text that, when it is given, has to say something and not too much."""
    if text is None or (text.strip() and len(text) <= LONGEST):
        return ()
    said = f"{len(text)} characters are not between 1 and {LONGEST}, or they are blank"
    return (_breach("textsInLimits", f"/{name}", _V.INVALID_VALUE, said),)


def _breach(rule: str, path: str, code: ViolationCode, message: str) -> Violation:
    return Violation(rule, path, code, f"{path}: {message} ({rule}).")
