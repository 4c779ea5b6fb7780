"""General ledger: journals posted, reversed and listed, on the wire and as values."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

import msgspec
import pytest

from connectors.base import BackendHttp, FailureKind
from connectors.ledger import Journal, LedgerBackend, Line, PeriodClosed, Unbalanced
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    answers,
    asked,
    failure_of,
    path_of,
)

SECOND = date(2026, 3, 2)
LINES = (
    Line(account="1200", debit=Decimal("59.49")),
    Line(account="4000", credit=Decimal("49.99")),
    Line(account="2200", credit=Decimal("9.50")),
)
JOURNAL = """{
  "id": "jrn-1", "externalId": "order-1:journal", "orderId": "order-1", "orderItemId": "2", "currency": "EUR",
  "bookedOn": "2026-03-02", "period": "2026-03", "reverses": %s, "reversedBy": null, "href": "/journal/jrn-1",
  "lines": [{"account": "1200", "debit": 59.49, "credit": 0}, {"account": "4000", "credit": 49.99},
    {"account": "2200", "debit": null, "credit": 9.50, "text": "tax"}]
}"""
PLAIN, REVERSAL = JOURNAL % "null", JOURNAL % '"jrn-0"'
BOOKED = Journal(
    id="jrn-1",
    external_id="order-1:journal",
    order_id="order-1",
    currency="EUR",
    booked_on=SECOND,
    period="2026-03",
    lines=LINES,
)
UNDONE = msgspec.structs.replace(BOOKED, reverses="jrn-0")


@pytest.fixture
def ledger(http: BackendHttp) -> LedgerBackend:
    return LedgerBackend(http)


async def post(ledger: LedgerBackend, order_item_id: str | None = "2") -> Journal | Unbalanced | PeriodClosed:
    return await ledger.post(
        external_id="order-1:journal",
        order_id="order-1",
        order_item_id=order_item_id,
        currency="EUR",
        booked_on=SECOND,
        lines=LINES,
        key="order-1:journal:2026-03-02",
    )


async def reverse(ledger: LedgerBackend) -> Journal | PeriodClosed:
    return await ledger.reverse("jrn/0", booked_on=SECOND, key="k-reverse")


@pytest.mark.parametrize("order_item_id", ["2", None])
async def test_a_journal_is_booked(backend: ScriptedBackend, ledger: LedgerBackend, order_item_id: str | None) -> None:
    answers(backend, PLAIN, status=201)

    assert await post(ledger, order_item_id) == BOOKED

    assert path_of(asked(backend)) == "POST journal"
    assert asked(backend).headers["Idempotency-Key"] == "order-1:journal:2026-03-02"
    assert asked(backend).json == {
        "externalId": "order-1:journal",
        "orderId": "order-1",
        "orderItemId": order_item_id,
        "currency": "EUR",
        "bookedOn": "2026-03-02",
        "lines": [
            {"account": "1200", "debit": 59.49, "credit": 0},
            {"account": "4000", "debit": 0, "credit": 49.99},
            {"account": "2200", "debit": 0, "credit": 9.5},
        ],
    }


async def test_amounts_are_written_to_the_cent(backend: ScriptedBackend, ledger: LedgerBackend) -> None:
    answers(backend, PLAIN, status=201)

    await post(ledger)

    assert b'"credit":9.50' in asked(backend).body


async def test_a_journal_whose_answer_was_lost_is_posted_under_the_same_key(
    backend: ScriptedBackend, ledger: LedgerBackend
) -> None:
    backend.answer(Reply(lost=True), Reply(status=201, body=PLAIN.encode()))

    assert await post(ledger) == BOOKED

    assert [r.headers["Idempotency-Key"] for r in backend.received] == ["order-1:journal:2026-03-02"] * 2
    assert backend.received[0].body == backend.received[1].body


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            '{"reason": "not balanced", "message": "debits are 2, credits are 1"}',
            "not balanced: debits are 2, credits are 1",
        ),
        ("<html>", ""),
    ],
)
async def test_a_journal_that_does_not_balance_is_an_answer(
    backend: ScriptedBackend, ledger: LedgerBackend, body: str, reason: str
) -> None:
    answers(backend, body, status=422)

    assert await post(ledger) == Unbalanced(reason=reason)
    assert len(backend.received) == 1


Call = Callable[[LedgerBackend], Awaitable[object]]
BOOKING: dict[str, Call] = {"post": post, "reverse": reverse}


@pytest.mark.parametrize(
    ("body", "closed"),
    [
        (
            '{"reason": "period closed", "message": "2026-03 is closed", "nextOpenDate": "2026-04-01"}',
            PeriodClosed(reason="2026-03 is closed", next_open_on=date(2026, 4, 1)),
        ),
        ('{"reason": "period closed", "nextOpenDate": null}', PeriodClosed(reason="period closed")),
    ],
)
@pytest.mark.parametrize("book", BOOKING.values(), ids=BOOKING)
async def test_a_closed_period_is_an_answer(
    backend: ScriptedBackend, ledger: LedgerBackend, book: Call, body: str, closed: PeriodClosed
) -> None:
    answers(backend, body, status=409)

    assert await book(ledger) == closed
    assert len(backend.received) == 1


@pytest.mark.parametrize("body", ["<html>", "", "[]", '{"nextOpenDate": "soon"}'])
@pytest.mark.parametrize("book", BOOKING.values(), ids=BOOKING)
async def test_a_conflict_that_cannot_be_read_is_a_failure(
    backend: ScriptedBackend, ledger: LedgerBackend, book: Call, body: str
) -> None:
    answers(backend, body, status=409)

    assert (await failure_of(book(ledger))).kind in (FailureKind.REFUSED, FailureKind.MALFORMED)


@pytest.mark.parametrize("book", BOOKING.values(), ids=BOOKING)
async def test_another_conflict_is_no_closed_period(
    backend: ScriptedBackend, ledger: LedgerBackend, book: Call
) -> None:
    backend.answer(Reply(status=409, body={"reason": "idempotency key reused"}))

    assert (await failure_of(book(ledger))).kind is FailureKind.REFUSED


@pytest.mark.parametrize("book", BOOKING.values(), ids=BOOKING)
async def test_any_other_refusal_is_a_failure(backend: ScriptedBackend, ledger: LedgerBackend, book: Call) -> None:
    backend.answer(Reply(status=400, body={"reason": "bad lines"}))

    failure = await failure_of(book(ledger))

    assert (failure.kind, failure.retryable, failure.detail) == (FailureKind.REFUSED, False, "status 400: bad lines")


async def test_a_journal_is_reversed(backend: ScriptedBackend, ledger: LedgerBackend) -> None:
    answers(backend, REVERSAL, status=201)

    assert await reverse(ledger) == UNDONE

    assert path_of(asked(backend)) == "POST journal/jrn%2F0/reversal"
    assert asked(backend).headers["Idempotency-Key"] == "k-reverse"
    assert asked(backend).json == {"bookedOn": "2026-03-02"}


@pytest.mark.parametrize("status", [404, 422])
async def test_a_journal_that_is_not_to_be_reversed_is_a_failure(
    backend: ScriptedBackend, ledger: LedgerBackend, status: int
) -> None:
    backend.answer(Reply(status=status, body={"reason": "not found"}))

    failure = await failure_of(reverse(ledger))

    assert (failure.kind, failure.detail) == (FailureKind.REFUSED, f"status {status}: not found")


async def test_journals_by_order(backend: ScriptedBackend, ledger: LedgerBackend) -> None:
    reversed_since = PLAIN.replace('"reversedBy": null', '"reversedBy": "jrn-1"')
    answers(backend, f"[{reversed_since}, {REVERSAL}]")

    assert await ledger.journals_of(["order-2", "order-1"]) == {
        "order-2": (),
        "order-1": (msgspec.structs.replace(BOOKED, reversed_by="jrn-1"), UNDONE),
    }

    assert (path_of(asked(backend)), asked(backend).query["orderId"]) == ("GET journal", "order-1,order-2")


MALFORMED: dict[str, tuple[str, Call]] = {
    "no lines": (PLAIN.replace('"lines"', '"rows"'), post),
    "a line of no account": (PLAIN.replace('"account": "4000"', '"name": "4000"'), post),
    "an amount that is no number": (PLAIN.replace("49.99", '"much"'), reverse),
    "a day that is none": (PLAIN.replace('"2026-03-02"', '"2026-02-30"'), reverse),
    "one journal instead of a list": (PLAIN, lambda ledger: ledger.journals_of(["order-1"])),
}


@pytest.mark.parametrize(("body", "call"), MALFORMED.values(), ids=MALFORMED)
async def test_what_cannot_be_read_is_a_failure(
    backend: ScriptedBackend, ledger: LedgerBackend, body: str, call: Call
) -> None:
    answers(backend, body)

    failure = await failure_of(call(ledger))

    assert (failure.kind, failure.retryable) == (FailureKind.MALFORMED, False)
