"""Have the customer's credit assessed for what the draft costs, with the customer's consent (TMF696)."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

import structlog

from app.domain.actor import Actor
from app.domain.facts import Facts
from app.domain.money import Money
from app.domain.order import CreditAssessment, CreditDecision, ProductOrder
from app.domain.rules.credit import commitment
from app.domain.violations import Violation, ViolationCode
from app.ordering.drafts import established, gather, load_draft, record_edit
from app.ordering.ordering import OrderAsk, Ordering, key_of, recall
from app.ordering.outcomes import Outcome, ValidationFailed
from app.store.port import StoredOrder
from connectors.backends import Backends
from connectors.base import BackendFailure
from connectors.credit import NoConsent, RiskAssessment

NOTHING: Final = Money(Decimal(0), "EUR")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessCredit(OrderAsk):
    """The customer's consent that the credit bureau is asked; nothing is asked without."""

    consent: bool


async def assess_credit(ordering: Ordering, actor: Actor, ask: AssessCredit) -> Outcome:
    """The draft with the bureau's decision, whatever it is. Raises BackendFailure (catalog), NotPermitted.

    A bureau that gives no answer is no acceptance: by policy people decide then.
    """
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = await load_draft(ordering, actor, ask, "assess the customer's credit")
    if not isinstance(stored, StoredOrder):
        return stored
    if not ask.consent:
        message = "/consent: the credit bureau is asked only with the customer's consent (creditConsent)."
        return ValidationFailed((Violation("creditConsent", "/consent", ViolationCode.MISSING_PROPERTY, message),))
    facts = (await gather(ordering, stored.order)).need("catalog")
    at = ordering.clock()
    order = established(stored.order, facts, at)
    # to the hour: a repeated request must ask the bureau the same
    consent_at = at.replace(minute=0, second=0, microsecond=0)
    credit = await assessed(ordering.backends, order, consent_at=consent_at, at=at, key=_key(actor, ask))
    return await record_edit(
        ordering,
        actor,
        ask,
        stored,
        replace(order, credit=credit),
        facts,
        changed=("/credit",),
        summary=f"credit assessed: {credit.decision}",
    )


async def reassessed(ordering: Ordering, order: ProductOrder, facts: Facts, at: datetime) -> ProductOrder:
    """The order with an assessment that has run out made anew, under the consent given for it."""
    credit = order.credit
    if credit is None or credit.valid_until is None or at < credit.valid_until:
        return order
    key = f"{order.id}:{order.version}:credit"
    again = await assessed(
        ordering.backends, established(order, facts, at), consent_at=credit.consent_at, at=at, key=key
    )
    return replace(order, credit=again)


async def assessed(
    backends: Backends, order: ProductOrder, *, consent_at: datetime, at: datetime, key: str
) -> CreditAssessment:
    """What the bureau makes of the order; people decide when it gives no answer. Raises nothing."""
    amount = commitment(order) or NOTHING
    try:
        answer = await ask_bureau(backends, order, consent_at=consent_at, key=key)
    except BackendFailure as failure:
        log.warning("credit_left_to_people", order_id=order.id, reason=str(failure))
        answer = NoConsent(reason="the credit bureau gave no answer")
    if isinstance(answer, NoConsent):
        return CreditAssessment(
            id=None,
            decision=CreditDecision.REVIEW,
            amount=amount,
            assessed_at=at,
            consent_at=consent_at,
            reasons=(answer.reason,),
        )
    return _assessment(answer, amount, consent_at)


async def ask_bureau(
    backends: Backends, order: ProductOrder, *, consent_at: datetime, key: str
) -> RiskAssessment | NoConsent:
    """What the bureau says. Raises BackendFailure."""
    amount = commitment(order) or NOTHING
    return await backends.credit.assess(
        customer_id=order.customer_id,
        offering_ids=sorted({item.offering_id for item in order.items}),
        amount=amount.amount,
        currency=amount.currency,
        consent_at=consent_at,
        key=key,
    )


def _assessment(answer: RiskAssessment, amount: Money, consent_at: datetime) -> CreditAssessment:
    deposit = None
    if answer.deposit_amount is not None and answer.deposit_currency is not None:
        deposit = Money(answer.deposit_amount, answer.deposit_currency)
    return CreditAssessment(
        id=answer.id,
        decision=CreditDecision(answer.decision.value),
        amount=amount,
        assessed_at=answer.assessed_at,
        consent_at=consent_at,
        deposit=deposit,
        score=answer.score,
        reasons=answer.reasons,
        valid_until=answer.valid_until,
    )


def _key(actor: Actor, ask: AssessCredit) -> str:
    key = key_of(actor, ask)
    return f"{key.owner}:{key.key}:credit"
