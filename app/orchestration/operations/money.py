"""What is paid and booked: authorisation and capture, one-time charges, the general ledger (TMF676, 678)."""

from decimal import Decimal
from typing import Final

from app.domain.catalog import PriceType
from app.orchestration.operations.work import Done, Refused, Result, Work
from connectors.billing import PaymentDenied
from connectors.ledger import Line, PeriodClosed, Unbalanced

RECEIVABLES: Final = "1200"
REVENUE: Final = "4000"
TAX: Final = "2200"
NOTHING: Final = Decimal(0)


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


async def capture_payment(work: Work) -> Result:
    """What was set aside is taken."""
    payment_id = work.call.references.get("billing.authorisePayment")
    if payment_id is None:
        return Done()
    captured = await work.backends.billing.capture(payment_id, key=work.call.key)
    return Refused("PAYMENT_DENIED", captured.reason) if isinstance(captured, PaymentDenied) else Done(captured.id)


async def charge_one_time(work: Work) -> Result:
    """The item's one-time prices go on the next bill."""
    account, item = work.billing_account_id, work.item
    if account is None:
        return Refused("INCOMPLETE", "there is no billing account to charge")
    prices = [price for price in item.prices if price.price_type is PriceType.ONE_TIME]
    charged = None
    for price in prices:
        charged = await work.backends.billing.charge(
            account_id=account,
            order_id=work.order.id,
            item_id=item.id,
            description=f"{item.offering_name}: {price.name}",
            amount=price.tax_included.amount,
            currency=price.tax_included.currency,
            key=f"{work.call.key}:{price.name}",
        )
    return Done(charged.id if charged else None)


async def post_journal(work: Work) -> Result:
    """The order's one-time revenue is booked, in the period of the task's beginning or the next that is open."""
    totals = [total for total in work.order.totals if total.price_type is PriceType.ONE_TIME]
    started = work.call.task.started_at
    if not totals or started is None:
        return Done()
    (total, *others) = totals
    if others:
        return Refused("CURRENCIES", "an order is booked in one currency")
    tax = total.tax_included - total.duty_free
    lines = [
        Line(account=RECEIVABLES, debit=total.tax_included.amount, credit=NOTHING),
        Line(account=REVENUE, debit=NOTHING, credit=total.duty_free.amount),
    ]
    if tax.amount:
        lines.append(Line(account=TAX, debit=NOTHING, credit=tax.amount))
    booked_on = started.date()
    for _ in range(2):
        posted = await work.backends.ledger.post(
            external_id=work.call.key,
            order_id=work.order.id,
            order_item_id=None,
            currency=total.tax_included.currency,
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
