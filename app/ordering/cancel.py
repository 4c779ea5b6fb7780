"""Cancel an order or items of it, as far as that is still possible; a preview says beforehand what that would do."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.cancellation import CancellationAssessment, assess
from app.domain.foresight import ends_at, outlook, points_ahead
from app.domain.money import Money
from app.domain.plan_events import CancellationRequested
from app.domain.pricing import totals
from app.domain.states import NOT_WANTED, ORDER, ItemState, OrderState
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
from app.ordering.outcomes import (
    ChargeNotAccepted,
    NotAllowedInState,
    NotFound,
    Outcome,
    PointOfNoReturnPassed,
    Refusal,
)
from app.ordering.planning import planned
from app.ordering.preview import Preview, foreseen, price_changes
from app.store.port import IdempotencyKey, StoredOrder

ASSESSED_WITHIN: Final = timedelta(days=3)
"""Nobody having said by then whether it may be cancelled, it may not, and the order goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(OrderAsk):
    """What is not wanted any more: these items (None: everything); and the charge that the customer accepts to pay.

    With `request_assessment` people are asked whether it may be cancelled, whatever point of no return was passed.
    """

    reason: str
    item_ids: tuple[str, ...] | None = None
    accepted_charge: Money | None = None
    request_assessment: bool = False


async def cancel_order(ordering: Ordering, actor: Actor, ask: CancelOrder) -> Outcome:
    """The order with its cancellation begun; what was done is taken back by and by.

    Raises NotPermitted, FulfilmentUnavailable.
    """
    require(actor, Right.STEER_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    return await cancel(
        ordering,
        actor,
        stored,
        key_of(actor, ask),
        reason=ask.reason,
        item_ids=ask.item_ids,
        accepted=ask.accepted_charge,
        ask_people=ask.request_assessment,
    )


async def cancel(
    ordering: Ordering,
    actor: Actor,
    stored: StoredOrder,
    key: IdempotencyKey,
    *,
    reason: str,
    item_ids: tuple[str, ...] | None = None,
    accepted: Money | None = None,
    ask_people: bool = False,
) -> Outcome:
    """Cancel these items of the order as it is now, under this key. Raises FulfilmentUnavailable."""
    assessment = assessed(ordering, stored, item_ids)
    if not isinstance(assessment, CancellationAssessment):
        return assessment
    if assessment.blocked_by and not ask_people:
        return PointOfNoReturnPassed(stored.order, assessment.blocked_by)
    if assessment.charge is not None and assessment.charge != accepted:
        return ChargeNotAccepted(stored.order, assessment.charge, assessment.passed)
    instruction = Instruction(
        kind=InstructionKind.REQUEST_CANCELLATION if ask_people else InstructionKind.CANCEL,
        reason=reason,
        actor=actor,
        key=key,
        item_ids=assessment.item_ids,
        charge=assessment.charge,
        until=ordering.clock() + ASSESSED_WITHIN if ask_people else None,
    )
    await ordering.fulfilment.start(stored.order)  # one that waits for its turn has to be there to be told
    if await ordering.fulfilment.tell(stored.order.id, instruction) is not None:
        return await _moved_on(ordering, stored, item_ids, ask_people=ask_people)
    return await as_recorded(ordering, stored.order.id)


async def preview_cancellation(
    ordering: Ordering, actor: Actor, order_id: str, item_ids: tuple[str, ...] | None
) -> Preview:
    """What a cancellation would do now. Changes nothing. Raises NotPermitted, BackendFailure (catalog)."""
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return Preview(refusals=(stored,))
    assessment = assessed(ordering, stored, item_ids)
    if not isinstance(assessment, CancellationAssessment):
        return Preview(refusals=(assessment,))
    items = assessment.item_ids
    if assessment.blocked_by:
        refused = PointOfNoReturnPassed(stored.order, assessment.blocked_by)
        return Preview(item_ids=items, refusals=(refused,), passed=assessment.passed)
    plan, at = stored.plan or await planned(ordering, stored.order), ordering.clock()
    left = tuple(item for item in stored.order.items if item.id not in items and item.state not in NOT_WANTED)
    after = totals(price for item in left for price in item.prices)
    found = Preview(
        item_ids=items,
        order=stored.order,
        prices=price_changes(stored.order.totals, after),
        expected_before=ends_at(plan, at),
        passed=assessment.passed,
        ahead=points_ahead(plan, items, at),
        charge=assessment.charge,
    )
    return foreseen(found, outlook(plan, CancellationRequested(at=at, item_ids=items, charge=assessment.charge)))


def assessed(
    ordering: Ordering, stored: StoredOrder, item_ids: tuple[str, ...] | None
) -> CancellationAssessment | Refusal:
    """The assessment, when there is anything to cancel."""
    order = stored.order
    if item_ids == ():
        return NotFound("/itemIds", "/itemIds: name the items, or leave it out for the whole order (itemKnown).")
    for number, item_id in enumerate(item_ids or ()):
        if order.item(item_id) is None:
            return NotFound(f"/itemIds/{number}", f"/itemIds/{number}: the order has no item {item_id!r} (itemKnown).")
    if order.state is OrderState.DRAFT or order.state in ORDER.terminal:
        return NotAllowedInState(order, "cancel", ORDER.possible(order.state))
    assessment = assess(order, stored.plan, item_ids or ())
    pending = {item.id for item in order.items if item.state is ItemState.PENDING_CANCELLATION}
    if set(assessment.item_ids) <= pending:
        return NotAllowedInState(order, "cancel", ORDER.possible(order.state))
    return assessment


async def _moved_on(
    ordering: Ordering, stored: StoredOrder, item_ids: tuple[str, ...] | None, *, ask_people: bool
) -> Outcome:
    """Why it was refused, now that the order is further than it was judged."""
    after = (await ordering.store.load([stored.order.id]))[stored.order.id]
    assessment = assessed(ordering, after, item_ids)
    if after.plan is not None and after.plan.assessing:
        return NotAllowedInState(after.order, "cancel", ORDER.possible(after.order.state))
    if isinstance(assessment, CancellationAssessment) and assessment.blocked_by and not ask_people:
        return PointOfNoReturnPassed(after.order, assessment.blocked_by)
    if isinstance(assessment, CancellationAssessment) and assessment.charge is not None:
        return ChargeNotAccepted(after.order, assessment.charge, assessment.passed)
    return NotAllowedInState(after.order, "cancel", ORDER.possible(after.order.state))
