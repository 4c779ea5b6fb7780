"""Hold an order that is being carried out, so that nothing more of it begins, and let it go on."""

from dataclasses import dataclass, replace
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.foresight import ends_at, outlook
from app.domain.plan_events import HoldRequested, ReleaseRequested
from app.domain.states import ORDER, OrderState
from app.ordering.drafts import require, visible
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
from app.ordering.outcomes import NotAllowedInState, Outcome
from app.ordering.preview import Preview, foreseen
from app.store.port import StoredOrder

UNDER_WAY: Final = frozenset({OrderState.ACKNOWLEDGED, OrderState.IN_PROGRESS, OrderState.PENDING, OrderState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOrder(OrderAsk):
    """Begin nothing more, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOrder(OrderAsk):
    """Go on, and why."""

    reason: str


async def hold_order(ordering: Ordering, actor: Actor, ask: HoldOrder) -> Outcome:
    """The order, held; what is being done right now is finished. Raises NotPermitted, FulfilmentUnavailable."""
    return await _tell(ordering, actor, ask, InstructionKind.HOLD, ask.reason)


async def release_order(ordering: Ordering, actor: Actor, ask: ReleaseOrder) -> Outcome:
    """The order, as it goes on where it was. Raises NotPermitted, FulfilmentUnavailable."""
    return await _tell(ordering, actor, ask, InstructionKind.RELEASE, ask.reason)


async def preview_hold(ordering: Ordering, actor: Actor, order_id: str) -> Preview:
    """What holding the order would do now. Changes nothing. Raises NotPermitted."""
    return await _preview(ordering, actor, order_id, InstructionKind.HOLD)


async def preview_release(ordering: Ordering, actor: Actor, order_id: str) -> Preview:
    """What releasing the order would do now. Changes nothing. Raises NotPermitted."""
    return await _preview(ordering, actor, order_id, InstructionKind.RELEASE)


async def _preview(ordering: Ordering, actor: Actor, order_id: str, kind: InstructionKind) -> Preview:
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return Preview(refusals=(stored,))
    if refused := _refused(stored, kind):
        return Preview(refusals=(refused,))
    if stored.plan is None:
        return Preview(order=stored.order)
    at = ordering.clock()
    event = HoldRequested(at=at) if kind is InstructionKind.HOLD else ReleaseRequested(at=at)
    seen = foreseen(Preview(order=stored.order, expected_before=ends_at(stored.plan, at)), outlook(stored.plan, event))
    # nobody knows how long it is held
    return replace(seen, expected_after=None) if kind is InstructionKind.HOLD else seen


def _refused(stored: StoredOrder, kind: InstructionKind) -> NotAllowedInState | None:
    plan = stored.plan
    early = plan is not None and plan.begins_at is not None and not plan.begun  # there is nothing to hold yet
    held = plan is not None and plan.held
    if early or stored.order.state not in UNDER_WAY or held is (kind is InstructionKind.HOLD):
        return NotAllowedInState(stored.order, kind.value, ORDER.possible(stored.order.state))
    return None


async def _tell(ordering: Ordering, actor: Actor, ask: OrderAsk, kind: InstructionKind, reason: str) -> Outcome:
    require(actor, Right.STEER_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    if refused := _refused(stored, kind):
        return refused
    instruction = Instruction(kind=kind, reason=reason, actor=actor, key=key_of(actor, ask))
    await ordering.fulfilment.start(stored.order)
    if await ordering.fulfilment.tell(stored.order.id, instruction) is not None:
        return NotAllowedInState(stored.order, kind.value, ORDER.possible(stored.order.state))
    return await as_recorded(ordering, ask.order_id)
