"""TMF666 accounts, TMF678 bills and charges, TMF676 payments and refunds, TMF670 payment methods.

A rate of type `recurring` is charged over its period coverage, but not in its pauses; it may be ended and paused.
A payment is set aside, then taken or given back; of what was taken, no more than that is paid back. The payment method
`pm-denied` denies everything.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from connectors.mock.collection import Refused, Resource, now
from connectors.mock.state import Document, State, text_of

ACCOUNT_ROOT = "tmf-api/accountManagement/v4"
BILL_ROOT = "tmf-api/customerBillManagement/v4"
PAYMENT_ROOT = "paymentManagement/v4"
METHOD_ROOT = "tmf-api/paymentMethods/v4"
ROOTS = (ACCOUNT_ROOT, BILL_ROOT, PAYMENT_ROOT, METHOD_ROOT)

PAYMENT_MOVES = {"authorized": frozenset({"captured", "canceled"})}
CASH = "cash"
RECURRING = "recurring"
DENYING = "pm-denied"


class Billing:
    """The accounts, and the money that moves."""

    def __init__(self, state: State) -> None:
        self._state = state

    def resources(self) -> Iterable[Resource]:
        """The plain collections."""
        yield Resource(
            backend="billing",
            name="billingAccount",
            root=ACCOUNT_ROOT,
            id_prefix="ba-9",
            required=("name", "relatedParty"),
            on_create=_new_account,
            patchable=True,
        )
        yield Resource(backend="billing", name="customerBill", root=BILL_ROOT, patchable=True)
        yield Resource(
            backend="billing",
            name="appliedCustomerBillingRate",
            root=BILL_ROOT,
            id_prefix="rate-",
            required=("taxIncludedAmount", "billingAccount"),
            on_create=self._charge,
            on_patch=_change_rate,
            once_by="externalId",
            patchable=True,
        )
        yield Resource(
            backend="billing",
            name="payment",
            root=PAYMENT_ROOT,
            id_prefix="pay-",
            required=("totalAmount", "payer", "correlatorId"),
            on_create=self._authorise,
            on_patch=_move_payment,
            once_by="correlatorId",
            patchable=True,
        )
        yield Resource(
            backend="billing",
            name="refund",
            root=PAYMENT_ROOT,
            id_prefix="refund-",
            required=("totalAmount", "payment", "correlatorId"),
            on_create=self._refund,
            once_by="correlatorId",
        )
        yield Resource(backend="billing", name="paymentMethod", root=METHOD_ROOT, patchable=True)

    def _charge(self, rate: Document) -> None:
        account_id = _id_in(rate, "billingAccount")
        if account_id not in self._state.members("billingAccount"):
            raise Refused(422, "unknown account", f"there is no billing account {account_id}")
        _amount_of(rate)
        if rate.get("type") == RECURRING:
            if not _id_in(rate, "product") or not text_of(rate, "chargePeriod"):
                raise Refused(422, "incomplete rate", "what recurs names its product and its chargePeriod")
            _check_coverage(rate)
        rate.setdefault("date", now())

    def _authorise(self, payment: Document) -> None:
        if _amount_of(payment) <= 0:
            raise Refused(422, "bad amount", "an amount above zero is set aside")
        method_id = _id_in(payment, "paymentMethod")
        method = self._state.members("paymentMethod").get(method_id)
        payer = _id_in(payment, "payer")
        payment["paymentDate"] = now()
        if method_id == DENYING:
            payment |= {"status": "denied", "statusReason": "the bank denies the payment"}
        elif method_id not in ("", CASH) and (method is None or payer not in _owners(method)):
            payment |= {"status": "denied", "statusReason": f"customer {payer} has no payment method {method_id}"}
        else:
            payment |= {"status": "authorized", "authorizationCode": f"auth-{payment['id']}"}

    def _refund(self, refund: Document) -> None:
        payment_id = _id_in(refund, "payment")
        payment = self._state.members("payment").get(payment_id)
        if payment is None:
            raise Refused(422, "unknown payment", f"there is no payment {payment_id}")
        refunds = self._state.members("refund").values()
        back = sum((_amount_of(r) for r in refunds if _id_in(r, "payment") == payment_id), _amount_of(refund))
        if payment["status"] != "captured" or _amount_of(refund) <= 0 or back > _amount_of(payment):
            raise Refused(409, "not refundable", f"of payment {payment_id} that much cannot be paid back")
        refund |= {"status": "done", "refundDate": now()}
        if back == _amount_of(payment):
            self._state.put("payment", {**payment, "status": "refunded", "statusDate": now()})


def _change_rate(rate: Document, patch: Document) -> None:
    if rate.get("type") != RECURRING:
        raise Refused(409, "not recurring", "what is charged once is not changed; charge the opposite")
    _check_coverage({**rate, **patch})


def _check_coverage(rate: Document) -> None:
    """What recurs does so over a period; pauses lie one after the other, and only the last may be open."""
    periods = rate.get("pause", [])
    start, end = _period_of(rate.get("periodCoverage"))
    if end is not None and end < start:
        raise Refused(422, "bad period", "a rate ends after it begins")
    before: datetime | None = None
    for n, period in enumerate(periods if isinstance(periods, list) else []):
        since, until = _period_of(period)
        if n and (before is None or since < before):
            raise Refused(422, "bad period", "a pause begins when the one before has ended")
        before = until


def _period_of(period: object) -> tuple[datetime, datetime | None]:
    try:
        if not isinstance(period, dict):
            raise ValueError("periodCoverage is required")
        end = text_of(period, "endDateTime")
        start = datetime.fromisoformat(text_of(period, "startDateTime"))
        return start, datetime.fromisoformat(end) if end else None
    except ValueError as problem:
        raise Refused(400, "bad period", str(problem)) from problem


def _new_account(account: Document) -> None:
    account.setdefault("state", "active")
    account.setdefault("paymentStatus", "settled")


def _move_payment(payment: Document, patch: Document) -> None:
    old, new = text_of(payment, "status"), text_of(patch, "status")
    if new and new != old and new not in PAYMENT_MOVES.get(old, frozenset()):
        raise Refused(409, "illegal transition", f"a payment that is {old} does not become {new}")
    if "totalAmount" in patch and _amount_of(patch) > _amount_of(payment):
        raise Refused(409, "above the authorisation", "no more is taken than was set aside")
    patch["statusDate"] = now()


def _amount_of(document: Document) -> Decimal:
    amount = document.get("totalAmount") or document.get("taxIncludedAmount")
    value = amount.get("value") if isinstance(amount, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(400, "bad amount", "an amount is a number of a unit")
    return Decimal(str(value))


def _id_in(document: Document, name: str) -> str:
    ref = document.get(name)
    return text_of(ref, "id") if isinstance(ref, dict) else ""


def _owners(method: Document) -> set[str]:
    related = method.get("relatedParty")
    return {text_of(party, "id") for party in (related if isinstance(related, list) else []) if isinstance(party, dict)}
