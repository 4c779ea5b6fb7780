"""What is charged again and again for an owned product. TMF678 appliedCustomerBillingRate, v4.

The standard only reads applied rates, one per charge period, once billing has made them. What it lacks is ours, kept
as close to its words as they go: a rate of type `recurring` is a standing order to billing; it is created and patched
under the path of the applied rates, holds over its `periodCoverage`, is charged once per `chargePeriod` ("month",
"3 month"), and not in the periods of `pause`. A rate whose coverage ends where it begins is never charged.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from connectors.wire import Instant, Json, Money, Ref, money

RECURRING = "recurring"
ORDER, ITEM = "productOrderId", "productOrderItemId"


class Pause(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A time in which nothing is charged; `ends_at` None: until further notice."""

    starts_at: datetime
    ends_at: datetime | None = None


class RecurringRate(msgspec.Struct, frozen=True, kw_only=True):
    """What a product is charged per period, tax included; `ends_at` None: until further notice.

    `order_id` and `item_id` are the order item that brought it.
    """

    id: str
    product_id: str
    amount: Decimal
    currency: str
    period: str
    starts_at: datetime
    ends_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    account_id: str | None = None
    order_id: str | None = None
    item_id: str | None = None
    description: str | None = None

    def open_at(self, at: datetime) -> bool:
        """Whether something is to be charged from this time on, now or later."""
        return self.ends_at is None or self.ends_at > max(at, self.starts_at)

    def charged_at(self, at: datetime) -> bool:
        """Whether it is charged at this time, paused or not."""
        return self.starts_at <= at and self.open_at(at)

    @property
    def paused(self) -> bool:
        """Whether it is paused until further notice."""
        return any(pause.ends_at is None for pause in self.pauses)


class _Period(msgspec.Struct, rename="camel"):
    start_date_time: Instant
    end_date_time: Instant | None = None


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class WireRate(msgspec.Struct, rename="camel"):
    """An applied rate; of those of other types only that they are of another."""

    id: str
    type: str = ""
    tax_included_amount: Money | None = None
    period_coverage: _Period | None = None
    charge_period: str = ""
    product: Ref | None = None
    billing_account: Ref | None = None
    description: str | None = None
    pause: list[_Period] = []
    characteristic: list[_Characteristic] = []


def read_rate(wire: WireRate) -> RecurringRate | None:
    """The rate; None: it is not recurring, or has no product and period to hold for."""
    amount, coverage, product = wire.tax_included_amount, wire.period_coverage, wire.product
    if wire.type != RECURRING or amount is None or coverage is None or product is None:
        return None
    said = {c.name: c.value for c in wire.characteristic if isinstance(c.value, str)}
    return RecurringRate(
        id=wire.id,
        product_id=product.id,
        amount=amount.value,
        currency=amount.unit,
        period=wire.charge_period,
        starts_at=coverage.start_date_time,
        ends_at=coverage.end_date_time,
        pauses=tuple(Pause(starts_at=p.start_date_time, ends_at=p.end_date_time) for p in wire.pause),
        account_id=wire.billing_account.id if wire.billing_account else None,
        order_id=said.get(ORDER),
        item_id=said.get(ITEM),
        description=wire.description,
    )


def write_rate(rate: RecurringRate, external_id: str) -> Json:
    """What creates the rate; its id is the backend's to give."""
    return {
        "externalId": external_id,
        "name": rate.description or "",
        "description": rate.description or "",
        "type": RECURRING,
        "isBilled": False,
        "taxIncludedAmount": money(rate.amount, rate.currency),
        "periodCoverage": write_period(rate.starts_at, rate.ends_at),
        "chargePeriod": rate.period,
        "product": {"id": rate.product_id},
        "billingAccount": {"id": rate.account_id or ""},
        "characteristic": [{"name": ORDER, "value": rate.order_id or ""}, {"name": ITEM, "value": rate.item_id or ""}],
    }


def write_period(start: datetime, end: datetime | None) -> Json:
    """A TimePeriod."""
    period: dict[str, Json] = {"startDateTime": start.isoformat()}
    return period | ({"endDateTime": end.isoformat()} if end else {})


def write_pauses(pauses: tuple[Pause, ...]) -> Json:
    """All times in which nothing is charged."""
    return [write_period(pause.starts_at, pause.ends_at) for pause in pauses]
