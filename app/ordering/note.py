"""Add a remark to an order, whatever its state."""

from dataclasses import dataclass, replace

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.events import EventType, order_event
from app.domain.order import Note
from app.domain.states import ORDER, OrderState
from app.domain.violations import Violation, ViolationCode
from app.ordering.drafts import require
from app.ordering.ordering import (
    Instruction,
    InstructionKind,
    OrderAsk,
    Ordering,
    as_recorded,
    commit,
    key_of,
    load,
    recall,
)
from app.ordering.outcomes import NotAllowedInState, Outcome, ValidationFailed
from app.store.port import StoredOrder

LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote(OrderAsk):
    """The remark; an internal one is for the operator's own people only."""

    text: str
    internal: bool = False


async def add_note(ordering: Ordering, actor: Actor, ask: AddNote) -> Outcome:
    """The order with the remark. Raises NotPermitted, FulfilmentUnavailable."""
    require(actor, Right.STEER_ORDERS)
    if ask.internal:
        require(actor, Right.READ_INTERNAL)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    if not 1 <= len(ask.text) <= LONGEST:
        message = f"/text: {len(ask.text)} characters are not between 1 and {LONGEST} (noteLength)."
        return ValidationFailed((Violation("noteLength", "/text", ViolationCode.INVALID_VALUE, message),))
    at = ordering.clock()
    note = Note(author=actor.subject, at=at, text=ask.text, internal=ask.internal)
    under_way = stored.order.state is not OrderState.DRAFT and stored.order.state not in ORDER.terminal
    if under_way:
        told = Instruction(kind=InstructionKind.ADD_NOTE, reason="", actor=actor, key=key_of(actor, ask), note=note)
        await ordering.fulfilment.start(stored.order)
        if await ordering.fulfilment.tell(ask.order_id, told) is not None:
            return NotAllowedInState(stored.order, "add a note to", ORDER.possible(stored.order.state))
        return await as_recorded(ordering, ask.order_id)
    # nobody else writes an order that has ended, or not begun
    before = stored.order
    order = replace(before, notes=(*before.notes, note), version=before.version + 1, updated_at=at)
    event = order_event(
        order, stored.sequence + 1, EventType.CHANGED, at=at, actor=actor, summary="note added", changed=("/notes",)
    )
    return await commit(ordering, actor, ask, order, after=stored.sequence, events=(event,))
