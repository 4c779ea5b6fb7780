"""How a product goes over to another customer: consents, the new owner's credit and account (TMF696, 666, 637)."""

from decimal import Decimal
from typing import Final

from app.domain.money import Money
from app.domain.order import ConsentSide, OwnershipChange
from app.domain.rules.credit import commitment
from app.orchestration.operations.work import Accepted, Done, Refused, Result, Work
from connectors.credit import Decision, NoConsent, RiskAssessment

NOTHING: Final = Money(Decimal(0), "EUR")
REFUSED: Final = "the accepting party's credit was not accepted"
"""Why the bureau advises against somebody is for that customer, not for the other party that reads this."""


async def await_releasing(work: Work) -> Result:
    """Whether the releasing party has consented, and else how long that is waited for."""
    return _consented(work, ConsentSide.RELEASING)


async def await_accepting(work: Work) -> Result:
    """Whether the accepting party has consented, and else how long that is waited for."""
    return _consented(work, ConsentSide.ACCEPTING)


def _consented(work: Work, side: ConsentSide) -> Result:
    ownership = _ownership(work)
    said = ownership.consent_of(side)
    if said is not None and not said.given:
        return Refused("CONSENT_REFUSED", said.refusal, calls_off=True)
    if said is not None:
        return Done()
    if work.ordering.clock() >= ownership.consent_until:
        until = ownership.consent_until.isoformat(timespec="minutes")
        return Refused("CONSENT_OVERDUE", f"the {side} party did not consent until {until}", calls_off=True)
    # a consent is told to the order itself
    return Accepted(side.value, ask_at=ownership.consent_until)


async def await_effective_date(work: Work) -> Result:
    """Whether the day has come from which on the product is the new owner's."""
    effective_at = _ownership(work).effective_at
    if effective_at is None or work.ordering.clock() >= effective_at:
        return Done()
    return Accepted(effective_at.isoformat(), ask_at=effective_at)


async def assess_acceptor(work: Work) -> Result:
    """What the bureau says of who takes over, for what that will cost; asked under the consent given with it."""
    ownership = _ownership(work)
    said = ownership.consent_of(ConsentSide.ACCEPTING)
    if said is None:
        return Refused("NO_CONSENT", "the accepting party has not agreed that the credit bureau is asked")
    amount = commitment(work.order) or NOTHING
    answer = await work.backends.credit.assess(
        customer_id=ownership.acceptor_id,
        offering_ids=sorted({item.offering_id for item in work.order.items}),
        amount=amount.amount,
        currency=amount.currency,
        consent_at=said.at,
        key=work.call.key,
    )
    return Refused("NO_CONSENT", answer.reason) if isinstance(answer, NoConsent) else _decision(answer)


async def check_acceptor(work: Work) -> Result:
    """Whether people at the bureau have decided."""
    found = (await work.backends.credit.by_ids([work.reference])).get(work.reference)
    return _decision(found) if found else Refused("NOT_FOUND", f"the credit bureau has no assessment {work.reference}")


def _decision(answer: RiskAssessment) -> Result:
    match answer.decision:
        case Decision.ACCEPT:
            return Done(answer.id)
        case Decision.REVIEW:
            return Accepted(answer.id)
        case Decision.DEPOSIT:
            return Refused("DEPOSIT_REQUIRED", "the credit bureau asks for a deposit of the accepting party")
        case Decision.REJECT:
            return Refused("CREDIT_REJECTED", REFUSED, calls_off=True)


async def open_acceptor_account(work: Work) -> Result:
    """The account of the new owner: the one that it chose, one that it has, or a new one."""
    ownership = _ownership(work)
    said = ownership.consent_of(ConsentSide.ACCEPTING)
    if said is not None and said.billing_account_id is not None:
        return Done(said.billing_account_id)
    acceptor, billing = ownership.acceptor_id, work.backends.billing
    if accounts := (await billing.accounts_of([acceptor]))[acceptor]:
        return Done(accounts[0].id)
    return Done((await billing.open_account(acceptor, ownership.acceptor_name or acceptor, key=work.call.key)).id)


async def change_owner(work: Work) -> Result:
    """The product, the new owner's and charged to its account; it stays the same product."""
    acceptor, releasing = _ownership(work).acceptor_id, work.order.customer_id
    product = (await work.backends.inventory.by_ids([work.product_id])).get(work.product_id)
    if product is None:
        return Refused("NOT_FOUND", f"the inventory has no product {work.product_id}")
    if acceptor not in product.customer_ids and releasing not in product.customer_ids:
        return Refused("NOT_OWNED", f"product {product.id} is not customer {releasing}'s any more")
    changed = await work.backends.inventory.change_owner(
        product.id,
        acceptor,
        billing_account_id=work.call.references.get("billing.openAcceptorAccount"),
        key=work.call.key,
    )
    return Done(product.id) if changed else Refused("NOT_FOUND", f"the inventory has no product {product.id}")


async def switch_account(work: Work) -> Result:
    """What is charged for the product goes to the new owner's account from now on, without a gap and not twice."""
    account, at = work.call.references.get("billing.openAcceptorAccount"), work.effective_at
    if account is None:
        return Refused("INCOMPLETE", "the new owner has no billing account")
    billing, product_id = work.backends.billing, work.product_id
    rates = (await billing.recurring_of([product_id]))[product_id]
    # what an earlier try has begun is not begun once more
    begun = {(rate.description, rate.starts_at) for rate in rates if rate.order_id == work.order.id}
    for rate in rates:
        if rate.order_id == work.order.id or rate.account_id == account or not rate.open_at(at):
            continue
        starts_at = max(at, rate.starts_at)
        if (rate.description, starts_at) not in begun:
            await billing.start_recurring(
                account_id=account,
                product_id=product_id,
                order_id=work.order.id,
                item_id=work.item.id,
                description=rate.description or work.item.offering_name,
                amount=rate.amount,
                currency=rate.currency,
                period=rate.period,
                starts_at=starts_at,
                ends_at=rate.ends_at,
                key=f"{work.call.key}:start:{rate.id}",
            )
        await billing.end_recurring(rate, starts_at, key=f"{work.call.key}:end:{rate.id}")
    return Done(account)


async def log_acceptance(work: Work) -> Result:
    """The order, on record among the new owner's contacts."""
    order, ownership = work.order, _ownership(work)
    said = ownership.consent_of(ConsentSide.ACCEPTING)
    logged = await work.backends.channels.log_interaction(
        customer_id=ownership.acceptor_id,
        channel=said.channel if said else order.channel,
        description=f"Order {order.id}: takes over {', '.join(item.offering_name for item in order.items)}"[:500],
        order_id=order.id,
        actor=said.by if said else order.created_by,
        key=work.call.key,
    )
    return Done(logged.id)


def _ownership(work: Work) -> OwnershipChange:
    if work.order.ownership is None:
        raise LookupError(f"order {work.order.id} changes no ownership")
    return work.order.ownership
