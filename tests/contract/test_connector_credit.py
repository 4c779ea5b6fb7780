"""Credit bureau: what it is asked about a customer, and its advice as values."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from connectors.base import BackendHttp, FailureKind
from connectors.credit import CreditBackend, Decision, NoConsent, RiskAssessment
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    answers,
    asked,
    failure_of,
    path_of,
)

EIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC)
AGREED = datetime(2026, 3, 1, 18, 30, tzinfo=timezone(timedelta(hours=1)))

ASSESSMENT = """{
  "id": "ra-1", "state": "done", "assessmentDate": "2026-03-02T09:00:00+01:00", "characteristic": [],
  "partyRole": {"id": "cust-1", "@referredType": "Customer"}, "productOffering": [{"id": "fibre-500"}],
  "validFor": {"startDateTime": "2026-03-02T08:00:00Z", "endDateTime": "2026-04-01T08:00:00Z"},
  "riskAssessmentResult": {"overallResult": "deposit", "score": 550, "deposit": {"unit": "EUR", "value": 120.10},
    "reason": [{"label": "payments were late before"}, {"code": "7", "label": "moved often"}]}
}"""
DEPOSIT = RiskAssessment(
    id="ra-1",
    decision=Decision.DEPOSIT,
    assessed_at=EIGHT,
    score=550,
    deposit_amount=Decimal("120.10"),
    deposit_currency="EUR",
    reasons=("payments were late before", "moved often"),
    valid_until=datetime(2026, 4, 1, 8, tzinfo=UTC),
    customer_id="cust-1",
)
BARE = """{
  "id": "ra-2", "assessmentDate": "2026-03-02T08:00:00Z", "validFor": null, "partyRole": null,
  "riskAssessmentResult": {"overallResult": "%s", "score": null, "deposit": null, "reason": null}
}"""


@pytest.fixture
def credit(http: BackendHttp) -> CreditBackend:
    return CreditBackend(http)


async def assess(credit: CreditBackend) -> RiskAssessment | NoConsent:
    return await credit.assess(
        customer_id="cust-1",
        offering_ids={"tv-family", "fibre-500"},
        amount=Decimal("1199.90"),
        currency="EUR",
        consent_at=AGREED,
        key="order-1:credit:0",
    )


async def test_a_customer_is_assessed(backend: ScriptedBackend, credit: CreditBackend) -> None:
    answers(backend, ASSESSMENT, status=201)

    assert await assess(credit) == DEPOSIT

    assert path_of(asked(backend)) == "POST partyRoleProductOfferingRiskAssessment"
    assert asked(backend).headers["Idempotency-Key"] == "order-1:credit:0"
    assert b'"value":1199.90' in asked(backend).body
    assert asked(backend).json == {
        "partyRole": {"id": "cust-1", "@referredType": "Customer"},
        "productOffering": [{"id": "fibre-500"}, {"id": "tv-family"}],
        "commitment": {"unit": "EUR", "value": 1199.9},
        "consentDate": "2026-03-01T18:30:00+01:00",
    }


@pytest.mark.parametrize("decision", Decision)
async def test_bad_advice_is_an_answer(backend: ScriptedBackend, credit: CreditBackend, decision: Decision) -> None:
    answers(backend, BARE % decision, status=201)

    assert await assess(credit) == RiskAssessment(id="ra-2", decision=decision, assessed_at=EIGHT)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"reason": "no consent", "message": "ask the customer"}', "no consent: ask the customer"),
        ('{"message": "ask the customer"}', "ask the customer"),
        ("<html>", "the customer did not agree"),
        ("", "the customer did not agree"),
    ],
)
async def test_a_customer_who_did_not_agree_is_an_answer(
    backend: ScriptedBackend, credit: CreditBackend, body: str, reason: str
) -> None:
    answers(backend, body, status=403)

    assert await assess(credit) == NoConsent(reason=reason)
    assert len(backend.received) == 1


@pytest.mark.parametrize("status", [401, 404, 409, 422])
async def test_any_other_refusal_is_a_failure(backend: ScriptedBackend, credit: CreditBackend, status: int) -> None:
    backend.answer(Reply(status=status, body={"reason": "bad offering"}))

    failure = await failure_of(assess(credit))

    assert (failure.kind, failure.retryable, len(backend.received)) == (FailureKind.REFUSED, False, 1)
    assert failure.detail == f"status {status}: bad offering"


async def test_an_assessment_whose_answer_was_lost_is_asked_for_under_the_same_key(
    backend: ScriptedBackend, credit: CreditBackend
) -> None:
    backend.answer(Reply(lost=True), Reply(status=201, body=ASSESSMENT.encode()))

    assert await assess(credit) == DEPOSIT

    assert [request.headers["Idempotency-Key"] for request in backend.received] == ["order-1:credit:0"] * 2
    assert backend.received[0].body == backend.received[1].body


async def test_assessments_are_found_again(backend: ScriptedBackend, credit: CreditBackend) -> None:
    answers(backend, f"[{ASSESSMENT}, {BARE % 'reject'}]")

    assert await credit.by_ids(["ra-2", "ra-1", "unknown", "ra-1"]) == {
        "ra-1": DEPOSIT,
        "ra-2": RiskAssessment(id="ra-2", decision=Decision.REJECT, assessed_at=EIGHT),
    }

    assert path_of(asked(backend)) == "GET partyRoleProductOfferingRiskAssessment"
    assert asked(backend).query["id"] == "ra-1,ra-2,unknown"


async def test_nothing_is_asked_about_no_assessment(backend: ScriptedBackend, credit: CreditBackend) -> None:
    assert await credit.by_ids([]) == {}
    assert backend.received == []


MALFORMED = {
    "advice that is not known": BARE % "perhaps",
    "no result": '{"id": "ra-1", "assessmentDate": "2026-03-02T08:00:00Z"}',
    "no day": '{"id": "ra-1", "riskAssessmentResult": {"overallResult": "accept"}}',
    "a day without an offset": ASSESSMENT.replace("09:00:00+01:00", "09:00:00"),
    "a deposit of no currency": ASSESSMENT.replace('"unit": "EUR", ', ""),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_advice_that_cannot_be_read_is_not_guessed(
    backend: ScriptedBackend, credit: CreditBackend, body: str
) -> None:
    backend.answer(Reply(status=201, body=body.encode()), Reply(body=f"[{body}]".encode()))

    failures = [await failure_of(assess(credit)), await failure_of(credit.by_ids(["ra-1"]))]

    assert [(f.kind, f.retryable) for f in failures] == [(FailureKind.MALFORMED, False)] * 2
