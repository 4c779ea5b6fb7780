"""Credit and debts decide what is delivered: with consent, against a deposit, after people looked at it, or not."""

from decimal import Decimal

import aiohttp
import pytest

from app.domain.actor import Role
from tests.channel import Json, effects_of, expected_effects, order, place, until_state
from tests.draft import Draft
from tests.harness import Product, until

PHONE = {"offeringId": "device-aurora-8-pro", "characteristics": [{"name": "colour", "value": "silver"}]}
PREPAID = {"offeringId": "prepaid-start", "characteristics": [{"name": "simType", "value": "eSIM"}]}
BUREAU = "/tmf-api/riskManagement/v4/partyRoleProductOfferingRiskAssessment"
MONEY = """query Money($id: ID!) { productOrder(id: $id) {
    payment { methodKey due { amount currency } }
    payments { state amount { amount currency } }
    journals { lines { debit credit } } } }"""
CREDIT = """query Credit($id: ID!) { productOrder(id: $id) {
    credit { decision score reasons deposit { amount currency } } } }"""


async def sale(product: Product, customer: str) -> Draft:
    """A dealer's draft with something that is delivered on credit."""
    return await Draft.start(product, customer, role=Role.DEALER, subject="dealer-1", channel="dealer", items=[PHONE])


async def credit_of(product: Product, order_key: str, token: str | None = None) -> Json:
    return (await product.graphql(CREDIT, {"id": order_key}, token=token)).whole()["productOrder"]["credit"]


async def breaches(product: Product, draft: Draft) -> dict[str, str]:
    """What a submission would find: message by rule."""
    query = "query Check($id: ID!) { validateProductOrder(id: $id) { violations { rule severity message } } }"
    found = (await product.graphql(query, {"id": draft.key}, token=draft.token)).whole()["validateProductOrder"]
    return {v["rule"]: v["message"] for v in found["violations"] if v["severity"] == "ERROR"}


async def rules_against(product: Product, customer: str, **request: Json) -> dict[str, str]:
    """By which rules the order is refused at once: message by rule."""
    placed = await place(product, {"customerId": customer, "items": [PHONE], **request})
    assert placed["order"] is None
    return {v["rule"]: v["message"] for v in placed["errors"][0]["violations"]}


def times_asked(requests: dict[str, dict[str, int]]) -> int:
    """How often the bureau was asked to assess somebody."""
    return sum(count for operation, count in requests["credit"].items() if operation.startswith("POST"))


async def decided_by_people(product: Product, assessment_id: str, decision: str) -> None:
    async with (
        aiohttp.ClientSession(raise_for_status=True) as http,
        http.patch(f"{product.mock_control.url}{BUREAU}/{assessment_id}", json={"decision": decision}),
    ):
        pass


async def until_task(product: Product, order_key: str, task_id: str, state: str) -> Json:
    """The task, once it stands there."""

    async def there() -> Json:
        tasks = (await order(product, order_key))["plan"] or {"tasks": []}
        return next((t for t in tasks["tasks"] if (t["id"], t["state"]) == (task_id, state)), None)

    return await until(there)


async def test_a_dealer_is_asked_for_consent_then_for_a_deposit_which_is_taken_once(product: Product) -> None:
    draft = await sale(product, "cust-1010")
    assert set(await breaches(product, draft)) == {"creditAssessed"}

    await draft.do("assessProductOrderCredit", consent=True)
    asked_to_pay = await draft.ask("submitProductOrder")
    await draft.do("setProductOrderPayment", paymentMethodId="pm-cust-1010")
    await draft.do("submitProductOrder")
    completed = await until_state(product, draft.key, "COMPLETED")

    assert [v["rule"] for v in asked_to_pay["errors"][0]["violations"]] == ["paymentChosen"]
    credit = await credit_of(product, draft.key)
    money = (await product.graphql(MONEY, {"id": draft.key})).whole()["productOrder"]
    deposit = credit["deposit"]
    assert (credit["decision"], deposit["currency"]) == ("DEPOSIT", "EUR")
    assert Decimal(deposit["amount"]) > 0
    assert (money["payment"]["methodKey"], money["payment"]["due"]) == ("pm-cust-1010", deposit)
    assert money["payments"] == [{"state": "captured", "amount": deposit}]
    moves = [e for e in await effects_of(product, draft.key) if " payment " in e]
    assert moves == [
        f"PATCH payment {draft.key}:order/capture-payment:1",
        f"POST payment {draft.key}:order/authorise-payment:1",
    ]
    assert await effects_of(product, draft.key) == expected_effects(completed)
    [journal] = money["journals"]
    debits, credits = (sum(Decimal(line[side]) for line in journal["lines"]) for side in ("debit", "credit"))
    assert debits == credits > 0


async def test_the_score_is_for_the_operators_own_people(product: Product) -> None:
    draft = await sale(product, "cust-1010")
    await draft.do("assessProductOrderCredit", consent=True)

    dealer = await credit_of(product, draft.key, draft.token)
    customer = await credit_of(product, draft.key, product.token(Role.CUSTOMER, "cust-1010"))
    agent = await credit_of(product, draft.key)

    assert [found["score"] for found in (dealer, customer, agent)] == [None, None, 550]
    assert dealer["deposit"] == agent["deposit"]


async def test_the_bureau_is_not_asked_without_consent(product: Product) -> None:
    draft = await sale(product, "cust-1182")

    async with product.counted() as requests_made:
        refused = await draft.ask("assessProductOrderCredit", consent=False)
        at_once = await rules_against(product, "cust-1182")
        requests = await requests_made()

    [error] = refused["errors"]
    assert [(v["rule"], v["path"]) for v in error["violations"]] == [("creditConsent", "/consent")]
    assert set(at_once) == {"creditAssessed"}
    assert times_asked(requests) == 0


async def test_an_assessment_is_good_for_what_it_covers_and_no_more(product: Product) -> None:
    draft = await sale(product, "cust-1182")
    await product.mock_control.forget_requests()
    await draft.do("assessProductOrderCredit", consent=True)
    covered = await breaches(product, draft)

    await draft.do("addProductOrderItem", item=PHONE)
    too_much = await breaches(product, draft)
    await draft.do("removeProductOrderItem", itemId="2")
    submitted = await draft.do("submitProductOrder")

    assert (covered, set(too_much)) == ({}, {"creditCovers"})
    assert submitted["state"] == "ACKNOWLEDGED"
    await until_state(product, draft.key, "COMPLETED")
    assert times_asked(await product.mock_control.requests()) == 1


async def test_a_rejected_customer_is_told_why_by_either_way_of_ordering(product: Product) -> None:
    draft = await sale(product, "cust-1012")
    await draft.do("assessProductOrderCredit", consent=True)

    at_submission = (await draft.ask("submitProductOrder"))["errors"][0]["violations"]
    at_once = await rules_against(product, "cust-1012", creditConsent=True)

    assert [(v["rule"], v["path"]) for v in at_submission] == [("creditAccepted", "/creditConsent")]
    assert "debts are being collected" in at_submission[0]["message"]
    assert at_once == {"creditAccepted": at_submission[0]["message"]}


@pytest.mark.parametrize(
    ("decision", "address", "state", "task_state", "cause"),
    [
        ("accept", "addr-1011", "COMPLETED", "COMPLETED", None),
        ("reject", "addr-1031", "HELD", "FALLOUT", ("CREDIT_REJECTED", "decided by people")),
    ],
)
async def test_an_order_in_review_waits_for_people_at_the_bureau(
    product: Product, decision: str, address: str, state: str, task_state: str, cause: tuple[str, str] | None
) -> None:
    request = {"customerId": "cust-1011", "items": [PHONE], "placeId": address, "creditConsent": True}
    placed = await place(product, request)
    assert placed["errors"] == []
    waiting = await until_state(product, placed["order"]["key"], "PENDING")
    [review] = [t for t in waiting["plan"]["tasks"] if t["operation"] == "credit.review"]
    assert await effects_of(product, waiting["key"]) == []

    await decided_by_people(product, review["reference"], decision)

    decided = await until_state(product, waiting["key"], state)
    [review] = [t for t in decided["plan"]["tasks"] if t["operation"] == "credit.review"]
    assert review["state"] == task_state
    assert (review["cause"] and (review["cause"]["kind"], review["cause"]["message"])) == cause
    made = await effects_of(product, waiting["key"])
    assert made == (expected_effects(decided) if state == "COMPLETED" else [])


@pytest.mark.parametrize(
    ("customer", "state", "cause"),
    [
        ("cust-1184", "COMPLETED", None),
        ("cust-1012", "HELD", "CREDIT_REJECTED"),
        ("cust-1010", "HELD", "DEPOSIT_REQUIRED"),
    ],
)
async def test_a_silent_bureau_accepts_nobody_and_decides_once_it_is_back(
    product: Product, customer: str, state: str, cause: str | None
) -> None:
    await product.mock_control.fault("credit", outage=True)
    placed = await place(product, {"customerId": customer, "items": [PHONE], "creditConsent": True})
    assert placed["errors"] == []
    key = placed["order"]["key"]
    await until_task(product, key, "order/review-credit", "RUNNING")
    silent = await credit_of(product, key)
    assert (silent["decision"], silent["reasons"]) == ("REVIEW", ["the credit bureau gave no answer"])
    assert await effects_of(product, key) == []

    await product.mock_control.heal()

    found = await until_state(product, key, "COMPLETED", "HELD")
    [review] = [t for t in found["plan"]["tasks"] if t["operation"] == "credit.review"]
    assert (found["state"], review["cause"] and review["cause"]["kind"]) == (state, cause)
    assessed = f"POST partyRoleProductOfferingRiskAssessment {key}:order/review-credit:1"
    delivered = expected_effects(found) if state == "COMPLETED" else []
    assert await effects_of(product, key) == sorted([assessed, *delivered])


async def test_a_denied_payment_holds_the_order_before_anything_is_delivered(product: Product) -> None:
    request = {"customerId": "cust-1016", "items": [PREPAID], "paymentMethodId": "pm-denied"}
    placed = await place(product, request)
    assert placed["errors"] == []

    held = await until_state(product, placed["order"]["key"], "HELD")

    [fallen] = [t for t in held["plan"]["tasks"] if t["state"] == "FALLOUT"]
    assert (fallen["operation"], fallen["backend"]) == ("billing.authorisePayment", "billing")
    assert fallen["cause"] == {"kind": "PAYMENT_DENIED", "message": "the bank denies the payment"}
    delivered = {t["operation"] for t in held["plan"]["tasks"] if t["state"] == "COMPLETED"}
    assert not delivered & {"inventory.createProduct", "provisioning.createServiceOrder", "billing.capturePayment"}


@pytest.mark.parametrize(("customer", "amount"), [("cust-1013", "120.5"), ("cust-1015", "64.9")])
async def test_who_has_to_pay_first_is_told_how_much(product: Product, customer: str, amount: str) -> None:
    refused = await rules_against(product, customer, creditConsent=True)

    assert set(refused) == {"noOverdueBalance"}
    assert f"{amount} EUR are overdue" in refused["noOverdueBalance"]


async def test_a_small_debt_is_mentioned_and_stops_nobody(product: Product) -> None:
    draft = await sale(product, "cust-1014")
    await draft.do("assessProductOrderCredit", consent=True)

    query = "query Check($id: ID!) { validateProductOrder(id: $id) { submittable violations { rule severity } } }"
    check = (await product.graphql(query, {"id": draft.key}, token=draft.token)).whole()["validateProductOrder"]
    await draft.do("submitProductOrder")

    assert check == {"submittable": True, "violations": [{"rule": "overdueBalanceKnown", "severity": "WARNING"}]}
    await until_state(product, draft.key, "COMPLETED")
