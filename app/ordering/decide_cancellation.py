"""Say whether what people were asked about may be cancelled; if not, the order goes on as before."""

from dataclasses import dataclass

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.cancellation import points_passed
from app.domain.foresight import ends_at, outlook, points_ahead
from app.domain.plan_events import AssessmentDecided
from app.domain.pricing import totals
from app.domain.states import NOT_WANTED, ORDER
from app.domain.violations import ViolationCode
from app.ordering.drafts import require, visible
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
from app.ordering.preview import Preview, foreseen, price_changes
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
    refused = _nobody_asks(stored)
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
    return await as_recorded(ordering, ask.order_id)


async def preview_cancellation_decision(ordering: Ordering, actor: Actor, order_id: str, *, accept: bool) -> Preview:
    """What `decide_cancellation` would do now. Changes nothing. Raises NotPermitted."""
    require(actor, Right.RESOLVE_FALLOUT)
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return Preview(refusals=(stored,))
    plan, order, at = stored.plan, stored.order, ordering.clock()
    if plan is None or plan.assessing is None:
        return Preview(refusals=(_nobody_asks(stored),))
    items, charge = plan.assessing.item_ids, plan.assessing.charge
    left = tuple(item for item in order.items if item.id not in items and item.state not in NOT_WANTED)
    after = totals(price for item in left for price in item.prices) if accept else order.totals
    found = Preview(
        item_ids=items,
        order=order,
        prices=price_changes(order.totals, after),
        expected_before=ends_at(plan, at),
        passed=points_passed(plan, items),
        ahead=points_ahead(plan, items, at),
        charge=charge if accept else None,
    )
    return foreseen(found, outlook(plan, AssessmentDecided(at=at, accepted=accept)))


def _nobody_asks(stored: StoredOrder) -> NotAllowedInState:
    possible = ORDER.possible(stored.order.state)
    return NotAllowedInState(stored.order, "decide a cancellation that nobody asks for", possible)
