"""Say whether what people were asked about may be cancelled; if not, the order goes on as before."""

from dataclasses import dataclass

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.states import ORDER
from app.domain.violations import ViolationCode
from app.ordering.drafts import require
from app.ordering.entered import wrong
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
from app.ordering.outcomes import NotAllowedInState, Outcome, ValidationFailed
from app.store.port import StoredOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideCancellation(OrderAsk):
    """It may be cancelled (`accept`) or not, and why."""

    accept: bool
    reason: str


async def decide_cancellation(ordering: Ordering, actor: Actor, ask: DecideCancellation) -> Outcome:
    """The order with its cancellation begun, or back in the state before it. Raises NotPermitted,
    FulfilmentUnavailable.
    """
    require(actor, Right.RESOLVE_FALLOUT)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    if not ask.reason.strip():
        missing = wrong("reasonGiven", "/reason", ViolationCode.MISSING_PROPERTY, "say why; it is kept with the order")
        return ValidationFailed((missing,))
    refused = NotAllowedInState(
        stored.order, "decide a cancellation that nobody asks for", ORDER.possible(stored.order.state)
    )
    assessing = stored.plan.assessing if stored.plan else None
    if assessing is None:
        return refused
    instruction = Instruction(
        kind=InstructionKind.DECIDE_CANCELLATION,
        reason=ask.reason,
        actor=actor,
        key=key_of(actor, ask),
        accepted=ask.accept,
        item_ids=assessing.item_ids if ask.accept else (),
        charge=assessing.charge if ask.accept else None,
    )
    if await ordering.fulfilment.tell(ask.order_id, instruction) is not None:
        return refused
    return await as_recorded(ordering, actor, ask)
