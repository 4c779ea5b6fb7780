"""Hold an order that is being carried out, so that nothing more of it begins, and let it go on."""

from dataclasses import dataclass
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.states import ORDER, OrderState
from app.ordering.drafts import require
from app.ordering.ordering import (
    Instruction,
    InstructionKind,
    OrderAsk,
    Ordering,
    as_recorded,
    key_of,
    load,
    recall,
    waits_for_its_day,
)
from app.ordering.outcomes import NotAllowedInState, Outcome
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


async def _tell(ordering: Ordering, actor: Actor, ask: OrderAsk, kind: InstructionKind, reason: str) -> Outcome:
    require(actor, Right.STEER_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    refused = NotAllowedInState(stored.order, kind.value, ORDER.possible(stored.order.state))
    held = stored.plan is not None and stored.plan.held
    early = waits_for_its_day(ordering, stored.order)
    if early or stored.order.state not in UNDER_WAY or held is (kind is InstructionKind.HOLD):
        return refused
    instruction = Instruction(kind=kind, reason=reason, actor=actor, key=key_of(actor, ask))
    await ordering.fulfilment.start(stored.order)
    if await ordering.fulfilment.tell(stored.order.id, instruction) is not None:
        return refused
    return await as_recorded(ordering, actor, ask)
