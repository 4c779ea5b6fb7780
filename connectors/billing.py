"""Billing and collection: accounts, bills, charges, payment. TMF666 billingAccount, TMF678 customerBill and
appliedCustomerBillingRate, TMF676 payment and refund, TMF670 paymentMethod, v4.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Final

import msgspec

from connectors import parties
from connectors.base import Apis, BackendHttp, OpenApi
from connectors.owners import by_owner, grouped
from connectors.payment import Payment as Payment
from connectors.payment import PaymentDenied as PaymentDenied
from connectors.payment import PaymentState as PaymentState
from connectors.payment import Refund as Refund
from connectors.payment import WirePayment, WireRefund, ask_for_payment, ask_for_refund, read_payment, read_refund
from connectors.recurring import RECURRING, WireRate, read_rate, write_pauses, write_period, write_rate
from connectors.recurring import Pause as Pause
from connectors.recurring import RecurringRate as RecurringRate
from connectors.wire import Day, Instant, Json, Money, Ref, RelatedParty, money, segment

APIS: Final[Apis] = {
    "TMF666": OpenApi(v4="tmf-api/accountManagement/v4"),
    "TMF678": OpenApi(v4="tmf-api/customerBillManagement/v4"),
    "TMF676": OpenApi(v4="paymentManagement/v4"),
    "TMF670": OpenApi(v4="tmf-api/paymentMethods/v4"),
}
OWED: Final = frozenset({"sent", "partiallyPaid"})
"""The states in which a bill is with the customer and not settled."""
RATE: Final = "appliedCustomerBillingRate"
RATES: Final = "listAppliedCustomerBillingRate"
REFUSALS: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})


class BillingAccount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A billing account (TMF666) and whose it is. `balance` above zero is owed by the customer."""

    id: str
    name: str
    state: str | None = None
    payment_status: str | None = None
    balance: Decimal | None = None
    credit_limit: Decimal | None = None
    currency: str | None = None
    customer_ids: tuple[str, ...] = ()


class Bill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer bill (TMF678). `state` is the standard's: new, onHold, validated, sent, partiallyPaid, settled."""

    id: str
    state: str
    remaining: Decimal
    currency: str
    number: str | None = None
    billed_on: date | None = None
    due_on: date | None = None
    customer_ids: tuple[str, ...] = ()

    def overdue_at(self, day: date) -> bool:
        """Whether something of it is still owed on this day and should have been paid before."""
        return self.state in OWED and self.remaining > 0 and self.due_on is not None and self.due_on < day


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A way to pay that a customer has given (TMF670); `kind` is the standard's type: bankCard, directDebit …"""

    id: str
    kind: str
    label: str
    preferred: bool = False
    valid_until: datetime | None = None
    customer_ids: tuple[str, ...] = ()


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """Something that will be on the next bill (TMF678 appliedCustomerBillingRate). `amount` is with tax."""

    id: str
    amount: Decimal
    currency: str
    description: str | None = None
    account_id: str | None = None


class _Balance(msgspec.Struct, rename="camel"):
    amount: Money
    balance_type: str | None = None


class _BillingAccount(msgspec.Struct, rename="camel"):
    id: str
    name: str
    state: str | None = None
    payment_status: str | None = None
    account_balance: list[_Balance] = []
    credit_limit: Money | None = None
    related_party: list[RelatedParty] = []


class _Bill(msgspec.Struct, rename="camel"):
    id: str
    state: str
    remaining_amount: Money
    bill_no: str | None = None
    bill_date: Day | None = None
    payment_due_date: Day | None = None
    related_party: list[RelatedParty] = []


class _Validity(msgspec.Struct, rename="camel"):
    end_date_time: Instant | None = None


class _Method(msgspec.Struct, rename="camel"):
    id: str
    type: str = msgspec.field(default="paymentMethod", name="@type")
    name: str | None = None
    preferred: bool = False
    status: str | None = None
    valid_for: _Validity = msgspec.field(default_factory=_Validity)
    related_party: list[RelatedParty] = []


class _Charge(msgspec.Struct, rename="camel"):
    id: str
    tax_included_amount: Money
    description: str | None = None
    billing_account: Ref | None = None


def _read(wire: _BillingAccount) -> BillingAccount:
    balances = [b.amount for b in wire.account_balance if b.balance_type in (None, "ReceivableBalance")]
    known = next(iter(balances), wire.credit_limit)
    return BillingAccount(
        id=wire.id,
        name=wire.name,
        state=wire.state,
        payment_status=wire.payment_status,
        balance=balances[0].value if balances else None,
        credit_limit=wire.credit_limit.value if wire.credit_limit else None,
        currency=known.unit if known else None,
        customer_ids=parties.customers(wire.related_party, unless_said="customer"),
    )


def _read_bill(wire: _Bill) -> Bill:
    return Bill(
        id=wire.id,
        state=wire.state,
        remaining=wire.remaining_amount.value,
        currency=wire.remaining_amount.unit,
        number=wire.bill_no,
        billed_on=wire.bill_date.day if wire.bill_date else None,
        due_on=wire.payment_due_date.day if wire.payment_due_date else None,
        customer_ids=parties.customers(wire.related_party, unless_said="customer"),
    )


def _read_method(wire: _Method) -> PaymentMethod:
    return PaymentMethod(
        id=wire.id,
        kind=wire.type,
        label=wire.name or wire.id,
        preferred=wire.preferred,
        valid_until=wire.valid_for.end_date_time,
        customer_ids=parties.customers(wire.related_party, unless_said="customer"),
    )


class BillingBackend:
    """Raises BackendFailure when there is no answer. An unknown account is an answer, and so is "no" to a payment."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http
        self._bills = http.at("TMF678")
        self._payments = http.at("TMF676")
        self._methods = http.at("TMF670")

    async def by_ids(self, ids: Collection[str]) -> dict[str, BillingAccount]:
        """The accounts with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listBillingAccount", "billingAccount", ids, list[_BillingAccount])
        return {wire.id: _read(wire) for wire in found}

    async def accounts_of(self, customer_ids: Collection[str]) -> dict[str, tuple[BillingAccount, ...]]:
        """The accounts of each of these customers; every asked customer is in the answer."""
        found = await self._http.where(
            "listBillingAccount", "billingAccount", "relatedParty.id", customer_ids, list[_BillingAccount]
        )
        return by_owner(customer_ids, map(_read, found))

    async def open_account(self, customer_id: str, customer_name: str, *, key: str) -> BillingAccount:
        """Open an account for the customer."""
        body: Json = {
            "name": f"Account of {customer_name}",
            "relatedParty": [{"id": customer_id, "name": customer_name, "role": "customer"}],
        }
        answer = await self._http.write("POST", "createBillingAccount", "billingAccount", body, key=key)
        return _read(answer.decode(_BillingAccount))

    async def bills_of(self, customer_ids: Collection[str]) -> dict[str, tuple[Bill, ...]]:
        """The bills of each of these customers; every asked customer is in the answer."""
        found = await self._bills.where(
            "listCustomerBill", "customerBill", "relatedParty.id", customer_ids, list[_Bill]
        )
        return by_owner(customer_ids, map(_read_bill, found))

    async def charge(
        self,
        *,
        account_id: str,
        order_id: str,
        item_id: str,
        description: str,
        amount: Decimal,
        currency: str,
        key: str,
        charged_on: datetime | None = None,
    ) -> Charge:
        """Have this amount, tax included, put on the account's next bill, once. `charged_on` None: as of now."""
        body: dict[str, Json] = {
            "externalId": key,
            "name": description,
            "description": description,
            "type": "appliedBillingCharge",
            "isBilled": False,
            "taxIncludedAmount": money(amount, currency),
            "billingAccount": {"id": account_id},
            "characteristic": [
                {"name": "productOrderId", "value": order_id},
                {"name": "productOrderItemId", "value": item_id},
            ],
        }
        if charged_on:
            body["date"] = charged_on.isoformat()
        answer = await self._bills.write(
            "POST", "createAppliedCustomerBillingRate", "appliedCustomerBillingRate", body, key=key
        )
        wire = answer.decode(_Charge)
        return Charge(
            id=wire.id,
            amount=wire.tax_included_amount.value,
            currency=wire.tax_included_amount.unit,
            description=wire.description,
            account_id=wire.billing_account.id if wire.billing_account else None,
        )

    async def recurring_of(self, product_ids: Collection[str]) -> dict[str, tuple[RecurringRate, ...]]:
        """What is, was or will be charged again and again for each of these products; every one is in the answer."""
        found = await self._bills.where(RATES, RATE, "product.id", product_ids, list[WireRate])
        rates = (rate for wire in found if wire.type == RECURRING and (rate := read_rate(wire)))
        return grouped(product_ids, rates, lambda rate: (rate.product_id,))

    async def start_recurring(
        self,
        *,
        account_id: str,
        product_id: str,
        order_id: str,
        item_id: str,
        description: str,
        amount: Decimal,
        currency: str,
        period: str,
        starts_at: datetime,
        key: str,
        ends_at: datetime | None = None,
    ) -> RecurringRate:
        """Have this amount, tax included, charged per period for the product from then on, once; or until `ends_at`."""
        wished = RecurringRate(
            id="",
            product_id=product_id,
            amount=amount,
            currency=currency,
            period=period,
            starts_at=starts_at,
            ends_at=ends_at,
            account_id=account_id,
            order_id=order_id,
            item_id=item_id,
            description=description,
        )
        answer = await self._bills.write(
            "POST", "createAppliedCustomerBillingRate", RATE, write_rate(wished, key), key=key
        )
        return msgspec.structs.replace(wished, id=answer.decode(Ref).id)

    async def end_recurring(self, rate: RecurringRate, at: datetime, *, key: str) -> None:
        """Have the rate charged until then and no longer; not at all, when it would have begun later."""
        body: Json = {"periodCoverage": write_period(rate.starts_at, max(at, rate.starts_at))}
        await self._change_rate(rate, body, key)

    async def pause_recurring(self, rate: RecurringRate, at: datetime, *, key: str) -> None:
        """Have the rate not charged from then on, until it is resumed; one that is paused stays so."""
        if not rate.paused:
            await self._change_rate(rate, {"pause": write_pauses((*rate.pauses, Pause(starts_at=at)))}, key)

    async def resume_recurring(self, rate: RecurringRate, at: datetime, *, key: str) -> None:
        """Have a paused rate charged again from then on."""
        if rate.paused:
            ended = tuple(
                msgspec.structs.replace(pause, ends_at=pause.ends_at or max(at, pause.starts_at))
                for pause in rate.pauses
            )
            await self._change_rate(rate, {"pause": write_pauses(ended)}, key)

    async def _change_rate(self, rate: RecurringRate, body: Json, key: str) -> None:
        path = f"{RATE}/{segment(rate.id)}"
        await self._bills.write("PATCH", "patchAppliedCustomerBillingRate", path, body, key=key)

    async def methods_of(self, customer_ids: Collection[str]) -> dict[str, tuple[PaymentMethod, ...]]:
        """How each of these customers can pay, the preferred way first; every asked customer is in the answer."""
        found = await self._methods.where(
            "listPaymentMethod", "paymentMethod", "relatedParty.id", customer_ids, list[_Method]
        )
        usable = sorted(
            (wire for wire in found if wire.status in (None, "active")), key=lambda wire: not wire.preferred
        )
        return by_owner(customer_ids, map(_read_method, usable))

    async def authorise(
        self,
        *,
        customer_id: str,
        account_id: str | None,
        amount: Decimal,
        currency: str,
        method_id: str | None,
        order_id: str,
        external_id: str,
        key: str,
    ) -> Payment | PaymentDenied:
        """Have this amount set aside for the order, once; it is the operator's only when it is captured."""
        body = ask_for_payment(
            customer_id=customer_id,
            account_id=account_id,
            amount=money(amount, currency),
            method_id=method_id,
            order_id=order_id,
            external_id=external_id,
        )
        answer = await self._payments.write("POST", "createPayment", "payment", body, key=key, expected=REFUSALS)
        if answer.status in REFUSALS:
            return PaymentDenied(answer.refusal.text or "the payment was refused")
        return read_payment(answer.decode(WirePayment))

    async def capture(self, payment_id: str, *, key: str) -> Payment | PaymentDenied:
        """Take what was set aside."""
        return await self._move(payment_id, PaymentState.CAPTURED, key)

    async def void(self, payment_id: str, *, key: str) -> Payment | PaymentDenied:
        """Give back what was set aside and not taken."""
        return await self._move(payment_id, PaymentState.CANCELED, key)

    async def refund(self, payment_id: str, amount: Decimal, currency: str, *, key: str) -> Refund | PaymentDenied:
        """Pay this much of a captured payment back, once."""
        body = ask_for_refund(payment_id, money(amount, currency), key)
        answer = await self._payments.write("POST", "createRefund", "refund", body, key=key, expected=REFUSALS)
        if answer.status in REFUSALS:
            return PaymentDenied(answer.refusal.text or "the refund was refused")
        return read_refund(answer.decode(WireRefund))

    async def payments_by_ids(self, ids: Collection[str]) -> dict[str, Payment]:
        """The payments with these ids; unknown ids are absent."""
        found = await self._payments.by_ids("listPayment", "payment", ids, list[WirePayment])
        return {wire.id: wire.payment for wire in found}

    async def payments_of(self, order_ids: Collection[str]) -> dict[str, tuple[Payment, ...]]:
        """The payments for each of these orders; every asked order is in the answer."""
        found = await self._payments.where(
            "listPayment", "payment", "paymentItem.item.id", order_ids, list[WirePayment]
        )
        return grouped(order_ids, (wire.payment for wire in found), lambda payment: (payment.order_id or "",))

    async def _move(self, payment_id: str, state: PaymentState, key: str) -> Payment | PaymentDenied:
        path = f"payment/{segment(payment_id)}"
        answer = await self._payments.write(
            "PATCH", "patchPayment", path, {"status": state.value}, key=key, expected=REFUSALS
        )
        if answer.status in REFUSALS:
            return PaymentDenied(answer.refusal.text or f"the payment cannot become {state.value}")
        return read_payment(answer.decode(WirePayment))
