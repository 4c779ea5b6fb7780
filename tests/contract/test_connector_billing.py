"""Billing: accounts, bills, charges, payments, on the wire and as values."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from connectors.base import BackendFailure, BackendHttp, FailureKind
from connectors.billing import (
    Bill,
    BillingAccount,
    BillingBackend,
    Charge,
    Pause,
    Payment,
    PaymentDenied,
    PaymentMethod,
    PaymentState,
    RecurringRate,
    Refund,
)
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    answers,
    asked,
    path_of,
)

ACCOUNT = """{
  "id": "1513", "name": "Account of Jean", "state": "active", "paymentStatus": "settled",
  "creditLimit": {"unit": "EUR", "value": 500},
  "accountBalance": [
    {"balanceType": "DepositBalance", "amount": {"unit": "EUR", "value": 7}},
    {"balanceType": "ReceivableBalance", "amount": {"unit": "EUR", "value": 120.50}}],
  "relatedParty": [{"id": "cust-1", "name": "Jean", "role": "customer"}, {"id": "payer-1", "role": "payer"}]
}"""
JEANS = BillingAccount(
    id="1513",
    name="Account of Jean",
    state="active",
    payment_status="settled",
    balance=Decimal("120.50"),
    credit_limit=Decimal(500),
    currency="EUR",
    customer_ids=("cust-1",),
)
BILL = """{
  "id": "bill-1", "billNo": "R1", "state": "sent", "billDate": "2026-02-01", "paymentDueDate": "2026-02-15T00:00:00Z",
  "taxIncludedAmount": {"unit": "EUR", "value": 39.99}, "remainingAmount": {"unit": "EUR", "value": 19.99},
  "billingAccount": {"id": "1513"}, "relatedParty": [{"id": "cust-1"}], "appliedTax": null
}"""
OPEN_BILL = Bill(
    id="bill-1",
    state="sent",
    remaining=Decimal("19.99"),
    currency="EUR",
    number="R1",
    billed_on=date(2026, 2, 1),
    due_on=date(2026, 2, 15),
    customer_ids=("cust-1",),
)
PAYMENT = """{
  "id": "pay-1", "correlatorId": "order-1:pay:0", "status": "%s", "statusReason": null, "authorizationCode": "a-1",
  "amount": {"unit": "EUR", "value": 49.90}, "totalAmount": {"unit": "EUR", "value": 49.90},
  "payer": {"id": "cust-1", "role": "customer"},
  "paymentItem": [{"amount": {"unit": "EUR", "value": 49.90}, "item": {"id": "order-1"}}]
}"""
SET_ASIDE = Payment(
    id="pay-1",
    state=PaymentState.AUTHORIZED,
    amount=Decimal("49.90"),
    currency="EUR",
    order_id="order-1",
    external_id="order-1:pay:0",
)


@pytest.fixture
def billing(http: BackendHttp) -> BillingBackend:
    return BillingBackend(http)


async def test_accounts_by_id_and_by_owner(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, f"[{ACCOUNT}]")

    assert await billing.by_ids(["1513", "unknown"]) == {"1513": JEANS}
    assert await billing.accounts_of(["cust-1", "payer-1"]) == {"cust-1": (JEANS,), "payer-1": ()}

    assert [path_of(request) for request in backend.received] == ["GET billingAccount"] * 2


async def test_a_bare_account(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, '[{"id": "a", "name": "A", "creditLimit": null, "accountBalance": null, "relatedParty": null}]')

    assert await billing.by_ids(["a"]) == {"a": BillingAccount(id="a", name="A")}


async def test_an_account_is_opened(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, ACCOUNT, status=201)

    assert await billing.open_account("cust-1", "Jean", key="k") == JEANS

    assert path_of(asked(backend)) == "POST billingAccount"
    assert asked(backend).json == {
        "name": "Account of Jean",
        "relatedParty": [{"id": "cust-1", "name": "Jean", "role": "customer"}],
    }


async def test_bills_by_owner(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, f"[{BILL}]")

    assert await billing.bills_of(["cust-1", "cust-2"]) == {"cust-1": (OPEN_BILL,), "cust-2": ()}

    assert (path_of(asked(backend)), asked(backend).query["relatedParty.id"]) == ("GET customerBill", "cust-1,cust-2")


@pytest.mark.parametrize(
    ("_case", "state", "remaining", "due", "overdue"),
    [
        ("the day before", "sent", 1, date(2026, 3, 1), True),
        ("the day itself", "sent", 1, date(2026, 3, 2), False),
        ("half paid", "partiallyPaid", 1, date(2026, 3, 1), True),
        ("paid", "settled", 0, date(2026, 3, 1), False),
        ("nothing left", "sent", 0, date(2026, 3, 1), False),
        ("disputed", "onHold", 1, date(2026, 3, 1), False),
        ("no due date", "sent", 1, None, False),
    ],
)
def test_a_bill_is_overdue(_case: str, state: str, remaining: int, due: date | None, overdue: bool) -> None:
    bill = Bill(id="b", state=state, remaining=Decimal(remaining), currency="EUR", due_on=due)

    assert bill.overdue_at(date(2026, 3, 2)) is overdue


async def test_a_charge_goes_on_the_next_bill(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(
        backend,
        """{"id": "rate-1", "description": "Fibre: Installation", "isBilled": false, "billingAccount": {"id": "1513"},
          "taxIncludedAmount": {"unit": "EUR", "value": 59.49}}""",
        status=201,
    )

    charged = await billing.charge(
        account_id="1513",
        order_id="order-1",
        item_id="2",
        description="Fibre: Installation",
        amount=Decimal("59.49"),
        currency="EUR",
        key="order-1:charge:0",
    )

    assert charged == Charge(
        id="rate-1", amount=Decimal("59.49"), currency="EUR", description="Fibre: Installation", account_id="1513"
    )
    assert path_of(asked(backend)) == "POST appliedCustomerBillingRate"
    assert asked(backend).json == {
        "externalId": "order-1:charge:0",
        "name": "Fibre: Installation",
        "description": "Fibre: Installation",
        "type": "appliedBillingCharge",
        "isBilled": False,
        "taxIncludedAmount": {"unit": "EUR", "value": 59.49},
        "billingAccount": {"id": "1513"},
        "characteristic": [
            {"name": "productOrderId", "value": "order-1"},
            {"name": "productOrderItemId", "value": "2"},
        ],
    }


async def test_a_charge_of_a_day_that_has_passed(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, """{"id": "rate-1", "taxIncludedAmount": {"unit": "EUR", "value": 1}}""", status=201)

    await billing.charge(
        account_id="1513",
        order_id="o",
        item_id="1",
        description="d",
        amount=Decimal(1),
        currency="EUR",
        charged_on=MARCH,
        key="k",
    )

    body = asked(backend).json
    assert isinstance(body, dict) and body["date"] == "2026-03-01T00:00:00+00:00"


# What is charged again and again


MARCH = datetime(2026, 3, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
RATE = """{
  "id": "rate-7", "type": "recurring", "taxIncludedAmount": {"unit": "EUR", "value": 29.74}, "chargePeriod": "month",
  "periodCoverage": {"startDateTime": "2026-03-01T00:00:00Z"%s}, "product": {"id": "prod-1"},
  "billingAccount": {"id": "1513"}, "description": "Fibre: Monthly fee", "pause": [%s],
  "characteristic": [{"name": "productOrderId", "value": "order-1"}, {"name": "productOrderItemId", "value": "2"}]
}"""
MONTHLY = RecurringRate(
    id="rate-7",
    product_id="prod-1",
    amount=Decimal("29.74"),
    currency="EUR",
    period="month",
    starts_at=MARCH,
    account_id="1513",
    order_id="order-1",
    item_id="2",
    description="Fibre: Monthly fee",
)


async def test_a_product_is_charged_again_and_again(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, RATE % ("", ""), status=201)

    started = await billing.start_recurring(
        account_id="1513",
        product_id="prod-1",
        order_id="order-1",
        item_id="2",
        description="Fibre: Monthly fee",
        amount=Decimal("29.74"),
        currency="EUR",
        period="month",
        starts_at=MARCH,
        key="order-1:2/start-billing:1:Monthly fee:0",
    )

    assert started == MONTHLY
    assert path_of(asked(backend)) == "POST appliedCustomerBillingRate"
    assert asked(backend).json == {
        "externalId": "order-1:2/start-billing:1:Monthly fee:0",
        "name": "Fibre: Monthly fee",
        "description": "Fibre: Monthly fee",
        "type": "recurring",
        "isBilled": False,
        "taxIncludedAmount": {"unit": "EUR", "value": 29.74},
        "periodCoverage": {"startDateTime": "2026-03-01T00:00:00+00:00"},
        "chargePeriod": "month",
        "product": {"id": "prod-1"},
        "billingAccount": {"id": "1513"},
        "characteristic": [
            {"name": "productOrderId", "value": "order-1"},
            {"name": "productOrderItemId", "value": "2"},
        ],
    }


async def test_what_is_charged_by_product(backend: ScriptedBackend, billing: BillingBackend) -> None:
    once = '{"id": "rate-8", "type": "appliedBillingCharge", "product": {"id": "prod-1"}}'
    answers(backend, f"[{RATE % ('', '')}, {once}]")

    assert await billing.recurring_of(["prod-1", "prod-2"]) == {"prod-1": (MONTHLY,), "prod-2": ()}
    assert asked(backend).query["product.id"] == "prod-1,prod-2"


Change = Callable[[BillingBackend, RecurringRate], Awaitable[None]]
ENDED = replace(MONTHLY, ends_at=JUNE)
PAUSED = replace(MONTHLY, pauses=(Pause(starts_at=MARCH),))
START, END = "2026-03-01T00:00:00+00:00", "2026-06-01T00:00:00+00:00"
CHANGES: list[tuple[str, RecurringRate, Change, object]] = [
    (
        "ended",
        MONTHLY,
        lambda billing, rate: billing.end_recurring(rate, JUNE, key="k"),
        {"periodCoverage": {"startDateTime": START, "endDateTime": END}},
    ),
    (
        "never begun",
        replace(MONTHLY, starts_at=JUNE),
        lambda billing, rate: billing.end_recurring(rate, MARCH, key="k"),
        {"periodCoverage": {"startDateTime": END, "endDateTime": END}},
    ),
    (
        "paused",
        MONTHLY,
        lambda billing, rate: billing.pause_recurring(rate, JUNE, key="k"),
        {"pause": [{"startDateTime": END}]},
    ),
    (
        "resumed",
        PAUSED,
        lambda billing, rate: billing.resume_recurring(rate, JUNE, key="k"),
        {"pause": [{"startDateTime": START, "endDateTime": END}]},
    ),
]


@pytest.mark.parametrize(("_case", "rate", "change", "body"), CHANGES, ids=[case[0] for case in CHANGES])
async def test_what_is_charged_is_changed(
    backend: ScriptedBackend, billing: BillingBackend, _case: str, rate: RecurringRate, change: Change, body: object
) -> None:
    answers(backend, RATE % ("", ""))

    await change(billing, rate)

    assert (path_of(asked(backend)), asked(backend).json) == ("PATCH appliedCustomerBillingRate/rate-7", body)


async def test_what_is_as_it_should_be_is_left_alone(backend: ScriptedBackend, billing: BillingBackend) -> None:
    await billing.pause_recurring(PAUSED, JUNE, key="k")
    await billing.resume_recurring(MONTHLY, JUNE, key="k")

    assert backend.received == []


def test_from_when_until_when_a_rate_is_charged() -> None:
    assert (MONTHLY.open_at(MARCH), MONTHLY.charged_at(MARCH), MONTHLY.paused) == (True, True, False)
    assert (ENDED.open_at(JUNE), ENDED.charged_at(MARCH)) == (False, True)
    assert replace(MONTHLY, starts_at=JUNE).charged_at(MARCH) is False
    assert replace(MONTHLY, ends_at=MARCH).open_at(datetime(2025, 1, 1, tzinfo=UTC)) is False, "it covers nothing"
    assert PAUSED.paused


async def test_ways_to_pay_by_owner(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(
        backend,
        """[
        {"id": "pm-1", "name": "Card", "@type": "bankCard", "status": "active", "relatedParty": [{"id": "cust-1"}]},
        {"id": "pm-2", "@type": "directDebit", "preferred": true, "relatedParty": [{"id": "cust-1"}],
         "validFor": {"endDateTime": "2031-01-01T00:00:00Z"}},
        {"id": "pm-3", "@type": "bankCard", "status": "expired", "relatedParty": [{"id": "cust-1"}]}]""",
    )

    assert await billing.methods_of(["cust-1"]) == {
        "cust-1": (
            PaymentMethod(
                id="pm-2",
                kind="directDebit",
                label="pm-2",
                preferred=True,
                valid_until=datetime(2031, 1, 1, tzinfo=UTC),
                customer_ids=("cust-1",),
            ),
            PaymentMethod(id="pm-1", kind="bankCard", label="Card", customer_ids=("cust-1",)),
        )
    }
    assert path_of(asked(backend)) == "GET paymentMethod"


# Payments


async def authorise(billing: BillingBackend, **changed: str | None) -> Payment | PaymentDenied:
    named: dict[str, str | None] = {"account_id": "1513", "method_id": "pm-1", **changed}
    return await billing.authorise(
        customer_id="cust-1",
        account_id=named["account_id"],
        amount=Decimal("49.90"),
        currency="EUR",
        method_id=named["method_id"],
        order_id="order-1",
        external_id="order-1:pay:0",
        key="k",
    )


async def test_an_amount_is_set_aside(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, PAYMENT % "authorized", status=201)

    assert await authorise(billing) == SET_ASIDE

    amount = {"unit": "EUR", "value": 49.90}
    assert path_of(asked(backend)) == "POST payment"
    assert asked(backend).json == {
        "correlatorId": "order-1:pay:0",
        "status": "pendingAuthorization",
        "amount": amount,
        "totalAmount": amount,
        "payer": {"id": "cust-1", "role": "customer", "@referredType": "Customer"},
        "paymentItem": [{"amount": amount, "item": {"id": "order-1", "@referredType": "ProductOrder"}}],
        "account": {"id": "1513", "@referredType": "BillingAccount"},
        "paymentMethod": {"id": "pm-1", "@referredType": "PaymentMethod"},
    }


async def test_an_amount_is_set_aside_by_whatever_the_backend_chooses(
    backend: ScriptedBackend, billing: BillingBackend
) -> None:
    answers(backend, PAYMENT % "pendingAuthorization", status=201)

    pending = await authorise(billing, account_id=None, method_id=None)

    assert isinstance(pending, Payment) and pending.state is PaymentState.PENDING_AUTHORIZATION
    body = asked(backend).json
    assert isinstance(body, dict) and not {"account", "paymentMethod"} & body.keys()


DENIALS = [
    (201, PAYMENT.replace("null", '"no cover"') % "denied", "no cover"),
    (201, PAYMENT % "failed", "the payment was failed"),
    (422, '{"reason": "no cover", "message": "m"}', "no cover: m"),
    (409, "", "the payment was refused"),
]


@pytest.mark.parametrize(("status", "body", "reason"), DENIALS)
async def test_a_denied_payment_is_an_answer(
    backend: ScriptedBackend, billing: BillingBackend, status: int, body: str, reason: str
) -> None:
    answers(backend, body, status=status)

    assert await authorise(billing) == PaymentDenied(reason)
    assert len(backend.received) == 1


Move = Callable[[BillingBackend], Awaitable[Payment | PaymentDenied]]
MOVES: list[tuple[str, Move]] = [
    ("captured", lambda billing: billing.capture("pay/1", key="k")),
    ("canceled", lambda billing: billing.void("pay/1", key="k")),
]


@pytest.mark.parametrize(("state", "move"), MOVES, ids=[case[0] for case in MOVES])
async def test_what_was_set_aside_is_taken_or_given_back(
    backend: ScriptedBackend, billing: BillingBackend, state: str, move: Move
) -> None:
    backend.answer(Reply(body=(PAYMENT % state).encode()), Reply(status=409, body={"reason": "illegal transition"}))

    moved = await move(billing)
    assert isinstance(moved, Payment) and moved.state == state
    assert await move(billing) == PaymentDenied("illegal transition")

    assert path_of(backend.received[0]) == "PATCH payment/pay%2F1"
    assert backend.received[0].json == {"status": state}


async def test_money_is_paid_back(backend: ScriptedBackend, billing: BillingBackend) -> None:
    refund = """{"id": "ref-1", "status": "done", "payment": {"id": "pay-1"},
      "totalAmount": {"unit": "EUR", "value": 10.05}}"""
    backend.answer(Reply(status=201, body=refund.encode()), Reply(status=409, body={"reason": "too much"}))

    paid_back = await billing.refund("pay-1", Decimal("10.05"), "EUR", key="k-1")
    refused = await billing.refund("pay-1", Decimal("99"), "EUR", key="k-2")

    assert paid_back == Refund(id="ref-1", payment_id="pay-1", state="done", amount=Decimal("10.05"), currency="EUR")
    assert refused == PaymentDenied("too much")
    amount = {"unit": "EUR", "value": 10.05}
    assert backend.received[0].json == {
        "correlatorId": "k-1",
        "amount": amount,
        "totalAmount": amount,
        "payment": {"id": "pay-1", "@referredType": "Payment"},
    }


async def test_payments_by_id_and_by_order(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, f"[{PAYMENT % 'authorized'}]")

    assert await billing.payments_by_ids(["pay-1"]) == {"pay-1": SET_ASIDE}
    assert await billing.payments_of(["order-1", "order-2"]) == {"order-1": (SET_ASIDE,), "order-2": ()}

    assert backend.received[1].query["paymentItem.item.id"] == "order-1,order-2"


async def test_a_payment_in_no_known_state_is_not_guessed(backend: ScriptedBackend, billing: BillingBackend) -> None:
    answers(backend, PAYMENT % "perhaps", status=201)

    with pytest.raises(BackendFailure) as raised:
        await authorise(billing)

    assert raised.value.kind is FailureKind.MALFORMED
