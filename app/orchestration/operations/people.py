"""What waits for people outside, and what they are told: credit, contract, contacts (TMF696, 667, 681, 683)."""

from app.orchestration.operations.work import Accepted, Done, Refused, Result, Work
from app.ordering.agreement import drawn_up
from app.ordering.credit import ask_bureau
from app.ordering.notify import delivered_as, send, wording
from connectors.credit import Decision, NoConsent, RiskAssessment
from connectors.documents import Document, SignatureState


async def review_credit(work: Work) -> Result:
    """What people at the credit bureau decide; one that gave no answer before is asked first."""
    credit = work.order.credit
    if credit is None:
        return Done()
    assessment_id = credit.id
    if assessment_id is None:
        again = await ask_bureau(work.backends, work.order, consent_at=credit.consent_at, key=work.call.key)
        if isinstance(again, NoConsent):
            return Refused("NO_CONSENT", again.reason)
        assessment_id = again.id
    return _decision(await _assessment(work, assessment_id), assessment_id)


async def check_credit(work: Work) -> Result:
    """Whether people at the bureau have decided."""
    return _decision(await _assessment(work, work.reference), work.reference)


async def _assessment(work: Work, assessment_id: str) -> RiskAssessment | None:
    return (await work.backends.credit.by_ids([assessment_id])).get(assessment_id)


def _decision(assessment: RiskAssessment | None, assessment_id: str) -> Result:
    if assessment is None:
        return Refused("NOT_FOUND", f"the credit bureau has no assessment {assessment_id}")
    match assessment.decision:
        case Decision.ACCEPT:
            return Done(assessment.id)
        case Decision.REVIEW:
            return Accepted(assessment.id)
        case Decision.DEPOSIT:
            return Refused("DEPOSIT_REQUIRED", "the credit bureau asks for a deposit")
        case Decision.REJECT:
            return Refused("CREDIT_REJECTED", "; ".join(assessment.reasons) or "the credit bureau advises against it")


async def prepare_contract(work: Work) -> Result:
    """The contract: the one drawn up with the channel, or one for what was ordered at once."""
    agreement = work.order.agreement or await drawn_up(work.backends, work.order, signature=True)
    return Done(agreement.contract_id)


async def await_signature(work: Work) -> Result:
    """The contract is signed: by the customer, wherever the documents are kept."""
    contract_id = work.call.references["documents.prepareContract"]
    return _signed((await work.backends.documents.by_ids([contract_id])).get(contract_id), contract_id)


async def check_signature(work: Work) -> Result:
    """Whether the contract has been signed by now."""
    return _signed((await work.backends.documents.by_ids([work.reference])).get(work.reference), work.reference)


def _signed(document: Document | None, contract_id: str) -> Result:
    if document is None:
        return Refused("NOT_FOUND", f"there is no document {contract_id}")
    match document.signature:
        case SignatureState.REQUESTED:
            return Accepted(document.id)
        case SignatureState.DECLINED:
            return Refused("SIGNATURE_DECLINED", "the customer did not sign the contract")
        case _:
            return Done(document.id)


async def log_interaction(work: Work) -> Result:
    """The order, on record among the customer's contacts."""
    order = work.order
    logged = await work.backends.channels.log_interaction(
        customer_id=order.customer_id,
        channel=order.controlled_by,
        description=f"Order {order.id}: {', '.join(item.offering_name for item in order.items)}"[:500],
        order_id=order.id,
        actor=order.created_by,
        key=work.call.key,
    )
    return Done(logged.id)


async def notify_delivery(work: Work) -> Result:
    """The customer knows that the order is delivered, or the part of it that could be."""
    order = work.order
    customer = (await work.backends.customer.by_ids([order.customer_id])).get(order.customer_id)
    if customer is None:
        return Refused("NOT_FOUND", f"there is no customer {order.customer_id}")
    words = wording(work.ordering.rulebook(), order, delivered_as(order))
    message = await send(work.backends, order, customer, **words, key=work.call.key)
    return Done(message.id if message else None)
