"""Payments: set aside, taken, given back, paid back. TMF676 payment and refund, v4."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from connectors.wire import Json, Money, Ref


class PaymentState(StrEnum):
    """TMF676 PaymentStatusType."""

    PENDING_AUTHORIZATION = "pendingAuthorization"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELED = "canceled"
    DENIED = "denied"
    DONE = "done"
    REFUNDED = "refunded"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment (TMF676). `external_id` is our own id of it, the standard's correlatorId."""

    id: str
    state: PaymentState
    amount: Decimal
    currency: str
    order_id: str | None = None
    external_id: str | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid back of a payment (TMF676)."""

    id: str
    payment_id: str
    state: str
    amount: Decimal
    currency: str


class PaymentDenied(msgspec.Struct, frozen=True):
    """The money cannot be had, or not in this way."""

    reason: str


class _Item(msgspec.Struct):
    item: Ref | None = None


class WirePayment(msgspec.Struct, rename="camel"):
    """TMF676 Payment."""

    id: str
    status: PaymentState
    total_amount: Money
    correlator_id: str | None = None
    status_reason: str | None = None
    payment_item: list[_Item] = []

    @property
    def payment(self) -> Payment:
        """The payment, whatever became of it."""
        return Payment(
            id=self.id,
            state=self.status,
            amount=self.total_amount.value,
            currency=self.total_amount.unit,
            order_id=next((item.item.id for item in self.payment_item if item.item), None),
            external_id=self.correlator_id,
        )


class WireRefund(msgspec.Struct, rename="camel"):
    """TMF676 Refund."""

    id: str
    status: str
    total_amount: Money
    payment: Ref


def read_payment(wire: WirePayment) -> Payment | PaymentDenied:
    """The payment, unless it came to nothing."""
    if wire.status in (PaymentState.DENIED, PaymentState.FAILED):
        return PaymentDenied(wire.status_reason or f"the payment was {wire.status.value}")
    return wire.payment


def read_refund(wire: WireRefund) -> Refund:
    """The refund."""
    return Refund(
        id=wire.id,
        payment_id=wire.payment.id,
        state=wire.status,
        amount=wire.total_amount.value,
        currency=wire.total_amount.unit,
    )


def ask_for_payment(
    *, customer_id: str, account_id: str | None, amount: Json, method_id: str | None, order_id: str, external_id: str
) -> Json:
    """The body that asks for an authorisation."""
    body: dict[str, Json] = {
        "correlatorId": external_id,
        "status": PaymentState.PENDING_AUTHORIZATION.value,
        "amount": amount,
        "totalAmount": amount,
        "payer": {"id": customer_id, "role": "customer", "@referredType": "Customer"},
        "paymentItem": [{"amount": amount, "item": {"id": order_id, "@referredType": "ProductOrder"}}],
    }
    if account_id:
        body["account"] = {"id": account_id, "@referredType": "BillingAccount"}
    if method_id:
        body["paymentMethod"] = {"id": method_id, "@referredType": "PaymentMethod"}
    return body


def ask_for_refund(payment_id: str, amount: Json, external_id: str) -> Json:
    """The body that asks for a refund."""
    return {
        "correlatorId": external_id,
        "amount": amount,
        "totalAmount": amount,
        "payment": {"id": payment_id, "@referredType": "Payment"},
    }
