"""What is paid and booked: authorisation and capture, one-time charges, the general ledger (TMF676, 678)."""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from app.domain.catalog import PriceType
from app.domain.money import Money, sum_of
from app.domain.order import OrderItem
from app.domain.states import ItemState
from app.domain.undoing import REVISION
from app.orchestration.operations.work import Done, Refused, Result, Work
from connectors.billing import PaymentDenied
from connectors.ledger import Line, PeriodClosed, Unbalanced
from connectors.payment import PaymentState

RECEIVABLES: Final = "1200"
REVENUE: Final = "4000"
TAX: Final = "2200"
PREPAID: Final = "prepaid"
"""The category of what no bill follows for."""
NOTHING: Final = Decimal(0)
NOT_DELIVERED: Final = frozenset({ItemState.FAILED, ItemState.CANCELLED, ItemState.PENDING_CANCELLATION})


async def authorise_payment(work: Work) -> Result:
    """What is due before delivery is set aside at the customer's payment method."""
    payment = work.order.payment
    if payment is None or payment.due is None:
        return Done()
    authorised = await work.backends.billing.authorise(
        customer_id=work.order.customer_id,
        account_id=work.billing_account_id,
        amount=payment.due.amount,
        currency=payment.due.currency,
        method_id=payment.method_id,
        order_id=work.order.id,
        external_id=work.call.key,
        key=work.call.key,
    )
    if isinstance(authorised, PaymentDenied):
        return Refused("PAYMENT_DENIED", authorised.reason)
    return Done(authorised.id)


async def amend_payment(work: Work) -> Result:
    """Another amount is set aside, or at another payment method, and then what was set aside before is given back."""
    authorised = await authorise_payment(work)
    if isinstance(authorised, Done) and work.reference and authorised.reference != work.reference:
        voided = await work.backends.billing.void(work.reference, key=f"{work.call.key}:void")
        if isinstance(voided, PaymentDenied):
            return Refused("PAYMENT_DENIED", voided.reason)
    return authorised


async def capture_payment(work: Work) -> Result:
    """What was set aside is taken."""
    payment_id = work.call.references.get("billing.authorisePayment")
    if payment_id is None:
        return Done()
    captured = await work.backends.billing.capture(payment_id, key=work.call.key)
    if isinstance(captured, PaymentDenied):
        return Refused("PAYMENT_DENIED", captured.reason)
    too_much = await _paid_for_nothing(work)
    if too_much is not None:
        refunded = await work.backends.billing.refund(
            captured.id, too_much.amount, too_much.currency, key=f"{work.call.key}:refund"
        )
        if isinstance(refunded, PaymentDenied):
            return Refused("PAYMENT_DENIED", refunded.reason)
    return Done(captured.id)


async def _paid_for_nothing(work: Work) -> Money | None:
    """What was set aside for prepaid items that are not delivered after all."""
    lost = [item for item in work.order.items if item.state in NOT_DELIVERED]
    offerings = await work.backends.catalog.offerings_by_ids({item.offering_id for item in lost}) if lost else {}
    prepaid = {offering.id for offering in offerings.values() if PREPAID in offering.categories}
    return sum_of(
        price.tax_included
        for item in lost
        if item.offering_id in prepaid
        for price in item.prices
        if price.price_type is PriceType.ONE_TIME
    )


async def charge_one_time(work: Work) -> Result:
    """The item's one-time prices go on the next bill."""
    account, item = work.billing_account_id, work.item
    if account is None:
        return Refused("INCOMPLETE", "there is no billing account to charge")
    return await _charge_one_time(work, account, item, 1)


async def credit_one_time(work: Work) -> Result:
    """What was charged once for the item is credited on the next bill."""
    account, item = work.billing_account_id, work.item
    if account is None:
        return Refused("INCOMPLETE", "there is no billing account to credit")
    if work.order.takes_back is not None:  # its prices say what is given back, and what that costs is charged apart
        given_back = tuple(price for price in item.prices if price.tax_included.amount < 0)
        return await _charge_one_time(work, account, replace(item, prices=given_back), 1)
    return await _charge_one_time(work, account, item, -1)


async def _charge_one_time(work: Work, account: str, item: OrderItem, sign: int) -> Result:
    charged = None
    for price in (price for price in item.prices if price.price_type is PriceType.ONE_TIME):
        charged = await work.backends.billing.charge(
            account_id=account,
            order_id=work.order.id,
            item_id=item.id,
            description=f"{item.offering_name}: {price.name}",
            amount=price.tax_included.amount * sign,
            currency=price.tax_included.currency,
            charged_on=work.order.effective_at,
            key=f"{work.call.key}:{price.name}",
        )
    return Done(charged.id if charged else None)


async def charge_cancellation(work: Work) -> Result:
    """What the cancellation costs goes on the customer's next bill."""
    due = work.call.task.amount
    if due is None:
        return Done()
    account = work.billing_account_id
    if account is None:
        customer_id, name = work.order.customer_id, work.order.customer_name
        billing = work.backends.billing
        accounts = (await billing.accounts_of([customer_id]))[customer_id]
        [found, *_] = accounts or [await billing.open_account(customer_id, name, key=f"{work.call.key}:account")]
        account = found.id
    charged = await work.backends.billing.charge(
        account_id=account,
        order_id=work.order.id,
        item_id=",".join(work.order.cancellations[-1].item_ids) if work.order.cancellations else "",
        description="Change of the order" if work.call.task.rule == REVISION else "Cancellation",
        amount=due.amount,
        currency=due.currency,
        key=work.call.key,
    )
    return Done(charged.id)


async def void_payment(work: Work) -> Result:
    """What was set aside is given back; a payment that was taken has been refunded on its own."""
    voided = await work.backends.billing.void(work.reference, key=work.call.key)
    if isinstance(voided, PaymentDenied):
        found = (await work.backends.billing.payments_by_ids([work.reference])).get(work.reference)
        if found is None or found.state is PaymentState.AUTHORIZED:
            return Refused("PAYMENT_DENIED", voided.reason)
    return Done(work.reference)


async def refund_payment(work: Work) -> Result:
    """What was taken is paid back."""
    paid = (await work.backends.billing.payments_by_ids([work.reference])).get(work.reference)
    if paid is None:
        return Refused("NOT_FOUND", f"billing has no payment {work.reference}")
    refunded = await work.backends.billing.refund(work.reference, paid.amount, paid.currency, key=work.call.key)
    return Refused("PAYMENT_DENIED", refunded.reason) if isinstance(refunded, PaymentDenied) else Done(refunded.id)


async def reverse_journal(work: Work) -> Result:
    """What was booked is booked back, in the period of the task's beginning or the next that is open."""
    started = work.call.task.started_at
    if started is None:
        return Done()
    booked_on = started.date()
    for _ in range(2):
        reversed_by = await work.backends.ledger.reverse(
            work.reference, booked_on=booked_on, key=f"{work.call.key}:{booked_on.isoformat()}"
        )
        if not isinstance(reversed_by, PeriodClosed):
            return Done(reversed_by.id)
        if reversed_by.next_open_on is None:
            return Refused("NOT_BOOKED", reversed_by.reason)
        booked_on = reversed_by.next_open_on
    return Refused("NOT_BOOKED", "no period is open")


async def post_journal(work: Work) -> Result:
    """The order's one-time revenue is booked, on the day from which the order holds or in the next open period."""
    prices = [
        price
        for item in work.order.items
        if item.state not in NOT_DELIVERED
        for price in item.prices
        if price.price_type is PriceType.ONE_TIME
    ]
    tax_included, duty_free = sum_of(p.tax_included for p in prices), sum_of(p.duty_free for p in prices)
    if tax_included is None or duty_free is None:
        return Done()
    tax = tax_included - duty_free
    lines = [
        Line(account=RECEIVABLES, debit=tax_included.amount, credit=NOTHING),
        Line(account=REVENUE, debit=NOTHING, credit=duty_free.amount),
    ]
    if tax.amount:
        lines.append(Line(account=TAX, debit=NOTHING, credit=tax.amount))
    booked_on = work.effective_at.date()
    for _ in range(2):
        posted = await work.backends.ledger.post(
            external_id=work.call.key,
            order_id=work.order.id,
            order_item_id=None,
            currency=tax_included.currency,
            booked_on=booked_on,
            lines=lines,
            key=f"{work.call.key}:{booked_on.isoformat()}",
        )
        if isinstance(posted, PeriodClosed) and posted.next_open_on is not None:
            booked_on = posted.next_open_on
        elif isinstance(posted, PeriodClosed | Unbalanced):
            return Refused("NOT_BOOKED", posted.reason)
        else:
            return Done(posted.id)
    return Refused("NOT_BOOKED", "no period is open")
