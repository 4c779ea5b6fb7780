"""Bills, payments and charges against the running mock BSS server: money moves once, and only where there is some."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from connectors.backends import Backends
from connectors.base import FailureKind
from connectors.billing import Charge, Pause, Payment, PaymentDenied, PaymentState, RecurringRate, Refund
from tests.contract.scripted_backend import failure_of
from tests.harness import MockControl


async def authorise(
    backends: Backends, order_id: str, *, method_id: str | None = "pm-cust-1002", amount: str = "49.90", key: str = ""
) -> Payment | PaymentDenied:
    """Set an amount aside for Ben."""
    return await backends.billing.authorise(
        customer_id="cust-1002",
        account_id="ba-1003",
        amount=Decimal(amount),
        currency="EUR",
        method_id=method_id,
        order_id=order_id,
        external_id=f"{order_id}:pay:0",
        key=key or f"{order_id}:pay:0",
    )


async def set_aside(backends: Backends, order_id: str) -> Payment:
    """An authorised payment."""
    payment = await authorise(backends, order_id)
    assert isinstance(payment, Payment)
    return payment


async def test_who_owes_what(backends: Backends) -> None:
    bills = await backends.billing.bills_of(["cust-1001", "cust-1013", "cust-1019", "nobody"])
    accounts = await backends.billing.by_ids(["ba-1013"])

    (late,) = [bill for bill in bills["cust-1013"] if bill.overdue_at(date(2026, 3, 2))]
    assert (late.remaining, late.currency, late.due_on) == (Decimal("120.5"), "EUR", date(2025, 6, 15))
    assert [bill.state for bill in bills["cust-1001"]] == ["settled"]
    assert not any(bill.overdue_at(date(2026, 3, 2)) for bill in bills["cust-1019"])
    assert bills["nobody"] == ()
    account = accounts["ba-1013"]
    assert (account.payment_status, account.balance, account.credit_limit) == (
        "overdue",
        Decimal("120.5"),
        Decimal(500),
    )


async def test_how_a_customer_can_pay(backends: Backends) -> None:
    methods = await backends.billing.methods_of(["cust-1001", "cust-1016", "nobody"])

    assert [(m.id, m.kind, m.preferred) for m in methods["cust-1001"]] == [("pm-cust-1001", "bankCard", True)]
    assert [m.id for m in methods["cust-1016"]] == ["pm-cust-1016", "pm-denied"]
    assert methods["nobody"] == ()


async def test_a_payment_from_authorisation_to_refund(backends: Backends) -> None:
    payment = await set_aside(backends, "order-p1")
    assert (payment.state, payment.amount, payment.order_id) == (PaymentState.AUTHORIZED, Decimal("49.9"), "order-p1")

    captured = await backends.billing.capture(payment.id, key="p1-capture")
    assert isinstance(captured, Payment) and captured.state is PaymentState.CAPTURED
    part = await backends.billing.refund(payment.id, Decimal("20"), "EUR", key="p1-refund-1")
    assert isinstance(part, Refund) and part.amount == 20
    too_much = await backends.billing.refund(payment.id, Decimal("29.91"), "EUR", key="p1-refund-2")
    rest = await backends.billing.refund(payment.id, Decimal("29.90"), "EUR", key="p1-refund-3")

    assert isinstance(too_much, PaymentDenied)
    assert isinstance(rest, Refund)
    (found,) = (await backends.billing.payments_of(["order-p1"]))["order-p1"]
    assert found.state is PaymentState.REFUNDED
    assert await backends.billing.payments_by_ids([payment.id, "none"]) == {payment.id: found}


async def test_a_payment_asked_for_again_is_the_same_payment(mock: MockControl, backends: Backends) -> None:
    before = len(await mock.effects())

    first = await authorise(backends, "order-p2")
    same_key = await authorise(backends, "order-p2")
    other_key = await authorise(backends, "order-p2", key="order-p2:another-key")
    assert isinstance(first, Payment)
    captures = [await backends.billing.capture(first.id, key=f"p2-{n // 2}") for n in range(4)]

    assert first == same_key == other_key
    assert all(isinstance(capture, Payment) for capture in captures)
    effects = [e for e in (await mock.effects())[before:] if e["resource"] == "payment"]
    assert [e["method"] for e in effects] == ["POST", "PATCH", "PATCH"]
    assert len((await backends.billing.payments_of(["order-p2"]))["order-p2"]) == 1


@pytest.mark.parametrize("then", ["capture", "refund", "void"])
async def test_what_was_given_back_is_gone(backends: Backends, then: str) -> None:
    payment = await set_aside(backends, f"order-p3-{then}")
    voided = await backends.billing.void(payment.id, key=f"p3-{then}-void")
    assert isinstance(voided, Payment) and voided.state is PaymentState.CANCELED

    match then:
        case "capture":
            assert isinstance(await backends.billing.capture(payment.id, key="p3-capture"), PaymentDenied)
        case "refund":
            refund = await backends.billing.refund(payment.id, Decimal(1), "EUR", key="p3-refund")
            assert isinstance(refund, PaymentDenied)
        case _:
            again = await backends.billing.void(payment.id, key="p3-void-again")
            assert isinstance(again, Payment) and again.state is PaymentState.CANCELED


@pytest.mark.parametrize(
    ("method_id", "amount", "authorised"),
    [
        ("pm-denied", "1", False),
        ("pm-cust-1001", "1", False),
        ("pm-nobody", "1", False),
        ("pm-cust-1002", "0", False),
        ("cash", "1", True),
        (None, "1", True),
    ],
)
async def test_not_every_payment_is_authorised(
    backends: Backends, method_id: str | None, amount: str, authorised: bool
) -> None:
    payment = await authorise(backends, f"order-p4-{method_id}-{amount}", method_id=method_id, amount=amount)

    assert isinstance(payment, Payment if authorised else PaymentDenied)


async def test_an_unknown_payment_is_an_answer(backends: Backends) -> None:
    assert isinstance(await backends.billing.capture("pay-none", key="p5-capture"), PaymentDenied)
    assert isinstance(await backends.billing.refund("pay-none", Decimal(1), "EUR", key="p5-refund"), PaymentDenied)


async def charge(backends: Backends, account_id: str, key: str) -> Charge:
    """An installation."""
    return await backends.billing.charge(
        account_id=account_id,
        order_id="order-c1",
        item_id="2",
        description="Fibre 500: Installation fee",
        amount=Decimal("59.49"),
        currency="EUR",
        key=key,
    )


async def test_a_charge_is_made_once(mock: MockControl, backends: Backends) -> None:
    before = len(await mock.effects())
    await mock.fault("billing", failNext=1, failAfter=True)

    first, again = await charge(backends, "ba-1003", "c1"), await charge(backends, "ba-1003", "c1")

    assert first == again
    assert (first.amount, first.currency, first.account_id) == (Decimal("59.49"), "EUR", "ba-1003")
    assert len(await mock.effects()) - before == 1


async def test_nothing_is_charged_to_an_account_that_is_not_there(backends: Backends) -> None:
    failure = await failure_of(charge(backends, "ba-none", "c2"))

    assert (failure.kind, failure.retryable) == (FailureKind.REFUSED, False)


async def test_a_product_is_charged_again_and_again_until_it_is_not(backends: Backends) -> None:
    billing, start = backends.billing, datetime(2026, 3, 1, tzinfo=UTC)

    async def begin(
        key: str, account_id: str = "ba-1003", product_id: str = "prod-x1", period: str = "month"
    ) -> RecurringRate:
        return await billing.start_recurring(
            account_id=account_id,
            product_id=product_id,
            period=period,
            order_id="order-r1",
            item_id="1",
            description="Monthly fee",
            amount=Decimal("-17.85"),
            currency="EUR",
            starts_at=start,
            key=key,
        )

    begun, again = await begin("r1"), await begin("r1")
    assert begun == again
    await billing.pause_recurring(begun, start + timedelta(days=10), key="r1:pause")
    [paused] = (await billing.recurring_of(["prod-x1"]))["prod-x1"]
    assert paused.paused
    await billing.resume_recurring(paused, start + timedelta(days=20), key="r1:resume")
    [resumed] = (await billing.recurring_of(["prod-x1"]))["prod-x1"]
    await billing.pause_recurring(resumed, start + timedelta(days=30), key="r1:pause2")
    await billing.end_recurring(resumed, start + timedelta(days=40), key="r1:end")
    [ended] = (await billing.recurring_of(["prod-x1"]))["prod-x1"]

    assert (ended.ends_at, [pause.ends_at for pause in ended.pauses]) == (
        start + timedelta(days=40),
        [start + timedelta(days=20), None],
    )
    for wrong in ({"account_id": "none"}, {"product_id": ""}, {"period": ""}):
        assert (await failure_of(begin(f"r1:{wrong}", **wrong))).kind is FailureKind.REFUSED
    before = replace(resumed, pauses=(Pause(starts_at=start + timedelta(days=1), ends_at=start + timedelta(days=2)),))
    failed = await failure_of(billing.pause_recurring(before, start, key="r1:bad"))
    assert failed.kind is FailureKind.REFUSED


async def test_what_is_charged_once_is_not_changed(backends: Backends) -> None:
    once = await backends.billing.charge(
        account_id="ba-1003",
        order_id="order-c9",
        item_id="1",
        description="Installation",
        amount=Decimal(1),
        currency="EUR",
        charged_on=datetime(2026, 3, 1, tzinfo=UTC),
        key="c9",
    )
    [seeded] = (await backends.billing.recurring_of(["prod-1003"]))["prod-1003"]

    changed = backends.billing.end_recurring(replace(seeded, id=once.id), seeded.starts_at, key="c9:end")

    assert (await failure_of(changed)).kind is FailureKind.REFUSED
    assert (seeded.amount, seeded.period) == (Decimal("29.74"), "month")
