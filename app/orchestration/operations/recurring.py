"""What billing charges again and again for a product: begun, changed, paused, resumed and ended (TMF678).

All of it holds from when the order takes effect: from the past time that a retro-active order names, or else from when
the task was begun, which stays the same however often it is repeated.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from app.domain.catalog import PriceType
from app.domain.money import Money
from app.domain.order import ItemPrice, OrderItem, SuspensionBilling
from app.domain.periods import start_of
from app.domain.pricing import charges_over_time
from app.orchestration.operations.work import Done, Refused, Result, Work
from connectors.billing import RecurringRate

NO_ACCOUNT = Refused("INCOMPLETE", "there is no billing account to charge")


async def start_recurring(work: Work) -> Result:
    """The item's recurring prices are charged for its product; a price that changes over time as rates in a row."""
    at, account = work.effective_at, work.billing_account_id
    if account is None:
        return NO_ACCOUNT
    return Done(await _start(work, account, at))


async def cancel_recurring(work: Work) -> Result:
    """What was begun for the item is not charged at all."""
    for rate in await _rates(work):
        if _brought_by(work, rate) and rate.open_at(rate.starts_at):
            await work.backends.billing.end_recurring(rate, rate.starts_at, key=f"{work.call.key}:{rate.id}")
    return Done(work.reference or None)


async def change_recurring(work: Work) -> Result:
    """The product is charged what it costs now; when that is what it cost before, nothing is done."""
    at, rates = work.effective_at, await _rates(work)
    mine = [rate for rate in rates if _brought_by(work, rate)]
    others = [rate for rate in rates if not _brought_by(work, rate) and rate.open_at(at)]
    now = Counter((rate.amount, rate.currency, rate.period) for rate in others if rate.charged_at(at))
    wanted = Counter(
        (price.tax_included.amount, price.tax_included.currency, price.period or "") for price in _recurring(work.item)
    )
    if now == wanted and not mine:
        return Done()
    account = work.billing_account_id or next((rate.account_id for rate in others if rate.account_id), None)
    if account is None:
        return NO_ACCOUNT
    for rate in others:
        await work.backends.billing.end_recurring(rate, at, key=f"{work.call.key}:end:{rate.id}")
    return Done(await _start(work, account, at))


async def end_recurring(work: Work) -> Result:
    """The product is charged no longer."""
    at = work.effective_at
    for rate in await _rates(work):
        if rate.open_at(at):
            await work.backends.billing.end_recurring(rate, at, key=f"{work.call.key}:{rate.id}")
    return Done()


async def pause_recurring(work: Work) -> Result:
    """The product is not charged while it is out of use, when that was agreed."""
    suspension, at = work.item.suspension, work.effective_at
    if suspension is None or suspension.billing is not SuspensionBilling.PAUSE:
        return Done()
    for rate in await _rates(work):
        if rate.open_at(at):
            await work.backends.billing.pause_recurring(rate, at, key=f"{work.call.key}:{rate.id}")
    return Done()


async def resume_recurring(work: Work) -> Result:
    """What was paused for the product is charged again."""
    at = work.effective_at
    for rate in await _rates(work):
        await work.backends.billing.resume_recurring(rate, at, key=f"{work.call.key}:{rate.id}")
    return Done()


async def _start(work: Work, account: str, at: datetime) -> str | None:
    """The first rate that was begun. What an earlier revision of the task has begun is not begun once more."""
    there = {(r.description, r.starts_at): r for r in await _rates(work) if _brought_by(work, r) and r.open_at(at)}
    first = None
    for price in _recurring(work.item):
        description = f"{work.item.offering_name}: {price.name}"
        for n, (starts_at, ends_at, charge) in enumerate(_rates_of(price, at)):
            started = there.get((description, starts_at)) or await work.backends.billing.start_recurring(
                account_id=account,
                product_id=work.product_id,
                order_id=work.order.id,
                item_id=work.item.id,
                description=description,
                amount=charge.amount,
                currency=charge.currency,
                period=price.period or "",
                starts_at=starts_at,
                ends_at=ends_at,
                key=f"{work.call.key}:{price.name}:{n}",
            )
            first = first or started.id
    return first


def _recurring(item: OrderItem) -> Iterable[ItemPrice]:
    return (price for price in item.prices if price.price_type is PriceType.RECURRING)


def _rates_of(price: ItemPrice, at: datetime) -> Iterable[tuple[datetime, datetime | None, Money]]:
    """From when until when the price comes to what, in a row; of a period that we do not know only the first."""
    for first, last, charge in charges_over_time(price):
        starts_at = start_of(price.period, at, first)
        if starts_at is None:
            yield at, None, charge
            return
        yield starts_at, start_of(price.period, at, last + 1) if last else None, charge


def _brought_by(work: Work, rate: RecurringRate) -> bool:
    return rate.order_id in (work.order.id, work.order.takes_back) and rate.item_id == work.item.id


async def _rates(work: Work) -> tuple[RecurringRate, ...]:
    return (await work.backends.billing.recurring_of([work.product_id]))[work.product_id]
