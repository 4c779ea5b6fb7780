"""Take back a completed order as a whole: another order undoes what it did, gives back the money, ends its products.

The order itself stays completed. What that would do can be asked beforehand; both take every decision in one place.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.cancellation import Passed
from app.domain.conditions import CannotJudge
from app.domain.events import EventType, order_event
from app.domain.facts import Facts
from app.domain.money import Money
from app.domain.order import ProductOrder
from app.domain.plan import Plan, PointOfNoReturn
from app.domain.pricing import totals
from app.domain.request import named
from app.domain.rulebook import TakeBackRule
from app.domain.rules import violations
from app.domain.rules.business import case_view
from app.domain.rules.case import Case
from app.domain.states import ORDER, OrderState
from app.domain.taking_back import (
    ProductChange,
    changes_since,
    charge_on,
    mark_of,
    order_that_takes_back,
    taken_back,
    with_charge,
)
from app.domain.timing import expected_end
from app.domain.violations import Violation, ViolationCode, refusals
from app.ordering.drafts import case_of, gather, require, visible
from app.ordering.ordering import OrderAsk, Ordering, commit, load, recall
from app.ordering.outcomes import (
    ChangedSince,
    ChargeNotAccepted,
    Committed,
    NotAllowedInState,
    Outcome,
    PointOfNoReturnPassed,
    Refusal,
    TooLate,
    ValidationFailed,
)
from app.ordering.planning import planned
from app.ordering.preview import Preview, price_changes
from app.ordering.submit import acknowledged
from app.store.port import StoredOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOrderBack(OrderAsk):
    """Why, and the charge that the customer accepts to pay for it."""

    reason: str
    accepted_charge: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """The draft that takes back an order of which nothing speaks against that, and the plan of that order."""

    order: ProductOrder
    done: Plan
    rule: TakeBackRule
    reason: str

    @property
    def charged(self) -> tuple[Passed, ...]:
        """What it costs, as a point that has been passed."""
        charge = charge_on(self.order)
        if charge is None:
            return ()
        point = PointOfNoReturn(reason=self.reason, charge=charge)
        item_id = self.order.items[0].id
        return (Passed(item_id=item_id, task_id=self.rule.id, task_name="Take it back", point=point),)


async def take_back_order(ordering: Ordering, actor: Actor, ask: TakeOrderBack) -> Outcome:
    """The order that takes it back, acknowledged and on its way.

    Raises BackendFailure when a fact that the decision needs is out of reach, NotPermitted.
    """
    require(actor, Right.STEER_ORDERS)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load(ordering, actor, ask)
    if not isinstance(stored, StoredOrder):
        return stored
    decided = await _decide(ordering, actor, stored, ask.reason)
    if not isinstance(decided, _Decided):
        return await recall(ordering, actor, ask) or decided
    charge, at = charge_on(decided.order), ordering.clock()
    if charge is not None and charge != ask.accepted_charge:
        return ChargeNotAccepted(stored.order, charge, decided.charged)
    order = acknowledged(decided.order, at)
    summary = f"order {stored.order.id} is taken back: {ask.reason}"
    events = (
        order_event(decided.order, 1, EventType.CREATED, at=at, actor=actor, summary=summary),
        order_event(
            order,
            2,
            EventType.STATE_CHANGED,
            at=at,
            actor=actor,
            summary="order submitted",
            before=decided.order.state,
        ),
    )
    outcome = await commit(ordering, actor, ask, order, after=0, events=events)
    if isinstance(outcome, Committed):
        await ordering.fulfilment.start(outcome.order)  # repeatable; a crash on this line is the sweeper's
    return outcome


async def preview_take_back(ordering: Ordering, actor: Actor, order_id: str) -> Preview:
    """What `take_back_order` would do now. Changes nothing. Raises like it."""
    stored = await visible(ordering, actor, order_id)
    if not isinstance(stored, StoredOrder):
        return Preview(refusals=(stored,))
    decided = await _decide(ordering, actor, stored, "")
    if isinstance(decided, PointOfNoReturnPassed):
        return Preview(refusals=(decided,), passed=decided.passed)
    if not isinstance(decided, _Decided):
        return Preview(refusals=(decided,))
    at = ordering.clock()
    order = acknowledged(decided.order, at)
    plan, back = await planned(ordering, order), taken_back(decided.done, order.items, ordering.rulebook())
    costs = (price for item in order.items for price in item.prices if price.tax_included.amount > 0)
    return Preview(
        item_ids=tuple(item.id for item in order.items),
        order=order,
        prices=price_changes(stored.order.totals, totals(costs)),
        expected_after=expected_end(plan, at),
        kept=back.left,
        taken_back=back.undone,
        added=plan.tasks,
        passed=decided.charged,
        charge=charge_on(order),
    )


async def _decide(ordering: Ordering, actor: Actor, stored: StoredOrder, reason: str) -> _Decided | Refusal:
    """Whether the order can be taken back, and as what."""
    order, at = stored.order, ordering.clock()
    if order.state is not OrderState.COMPLETED or stored.plan is None or order.completed_at is None:
        return NotAllowedInState(order, "take back", ORDER.possible(order.state))
    if (other := await ordering.store.holder((mark_of(order.id),))) is not None:
        return NotAllowedInState(order, f"take back what order {other.order_id} takes back", ())
    if order.takes_back is not None:
        return NotAllowedInState(order, "take back what takes back another order", ())
    draft = order_that_takes_back(order, stored.plan, actor, order_id=ordering.new_id(), reason=reason, at=at)
    facts = (await gather(ordering, draft)).whole()
    rule, why = _allowed(case_of(ordering, order, facts, actor))
    if rule is None:
        return ValidationFailed((_refused(why),))
    until = order.completed_at + rule.within
    if at > until:
        return TooLate(order, until, why)
    if changed := (*changes_since(order, facts.owned), *_under_way(draft, facts)):
        return ChangedSince(order, changed)
    if passed := taken_back(stored.plan, draft.items, ordering.rulebook()).passed:
        return PointOfNoReturnPassed(order, passed, "/id")
    draft = with_charge(named(draft, facts), rule.charge)
    if breaches := refusals(violations(case_of(ordering, draft, facts, actor))):
        return ValidationFailed(breaches)
    return _Decided(order=draft, done=stored.plan, rule=rule, reason=why)


def _under_way(draft: ProductOrder, facts: Facts) -> Iterable[ProductChange]:
    ids = {item.product_id for item in draft.items}
    for other in facts.other_orders:
        if other.open:
            yield from (ProductChange(i, f"is what order {other.id} is about") for i in other.product_ids if i in ids)


def _allowed(case: Case) -> tuple[TakeBackRule | None, str]:
    """The rule by which the order can be taken back, and why it can, or cannot."""
    view = case_view(case, None, None)
    try:
        rule = next((rule for rule in case.rulebook.take_back if rule.when.holds(view)), None)
    except CannotJudge as problem:
        return None, str(problem)
    return rule, rule.reason(view) if rule else "no rule lets this order be taken back"


def _refused(why: str) -> Violation:
    return Violation("takeBackAllowed", "/id", ViolationCode.OTHER_ISSUE, f"/id: {why} (takeBackAllowed).")
