"""Intelligent network: balances, top-ups and activations, on the wire and as values."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.base import BackendHttp, FailureKind
from connectors.intelligent_network import (
    Activation,
    ActivationState,
    Bucket,
    IntelligentNetworkBackend,
    TopUp,
)
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    answers,
    asked,
    failure_of,
    path_of,
)

BUCKET = """{
  "id": "bkt-1", "name": "Balance of +49151", "status": "active", "usageType": "monetary",
  "remainingValue": {"amount": 14.95, "units": "EUR"}, "product": [{"id": "prod-1"}],
  "logicalResource": [{"@type": "imsi"}, {"value": "+49151", "@type": "msisdn"}],
  "relatedParty": [{"id": "cust-1", "role": "Customer"}, {"id": "dealer-1", "role": "dealer"}, {"id": "cust-2"}],
  "validFor": {"startDateTime": "2026-03-02T08:00:00Z", "endDateTime": "2027-03-02T09:00:00+01:00"}
}"""
BALANCE = Bucket(
    id="bkt-1",
    name="Balance of +49151",
    status="active",
    remaining=Decimal("14.95"),
    unit="EUR",
    msisdn="+49151",
    valid_until=datetime(2027, 3, 2, 8, tzinfo=UTC),
    customer_ids=("cust-1", "cust-2"),
)
BARE = """{"id": "bkt-2", "status": "suspended", "remainingValue": {"amount": 512, "units": "MB"}, "name": null,
  "logicalResource": null, "relatedParty": null, "validFor": null}"""
TOP_UP = """{
  "id": "top/1", "status": "completed", "amount": {"unit": "EUR", "value": 9.95}, "bucket": {"id": "bkt-1"},
  "externalId": "order-1:topUp", "reversed": %s
}"""
LOADED = TopUp(id="top/1", status="completed", amount=Decimal("9.95"), currency="EUR", bucket_id="bkt-1")
TAKEN_OFF = TopUp(
    id="top/1", status="completed", amount=Decimal("9.95"), currency="EUR", bucket_id="bkt-1", reversed=True
)


@pytest.fixture
def network(http: BackendHttp) -> IntelligentNetworkBackend:
    return IntelligentNetworkBackend(http)


async def create_bucket(network: IntelligentNetworkBackend) -> Bucket:
    return await network.create_bucket(
        msisdn="+49151", product_id="prod-1", customer_id="cust-1", external_id="order-1:bucket", key="k-bucket"
    )


async def top_up(network: IntelligentNetworkBackend) -> TopUp:
    return await network.top_up("bkt-1", Decimal("9.95"), "EUR", external_id="order-1:topUp", key="k-top-up")


async def reverse(network: IntelligentNetworkBackend) -> TopUp | None:
    return await network.reverse_top_up("top/1", key="k-reverse")


async def activate(network: IntelligentNetworkBackend) -> Activation:
    return await network.activate(
        msisdn="+49151", customer_id="cust-1", bucket_id="bkt-1", external_id="order-1:activate", key="k-activate"
    )


# Balances


async def test_a_balance_is_opened(backend: ScriptedBackend, network: IntelligentNetworkBackend) -> None:
    answers(backend, BUCKET, status=201)

    assert await create_bucket(network) == BALANCE

    assert path_of(asked(backend)) == "POST bucket"
    assert asked(backend).headers["Idempotency-Key"] == "k-bucket"
    assert asked(backend).json == {
        "name": "Balance of +49151",
        "usageType": "monetary",
        "externalId": "order-1:bucket",
        "logicalResource": [{"value": "+49151", "@type": "msisdn"}],
        "product": [{"id": "prod-1"}],
        "relatedParty": [{"id": "cust-1", "role": "customer", "@referredType": "Customer"}],
    }


async def test_a_balance_of_something_else_than_money(
    backend: ScriptedBackend, network: IntelligentNetworkBackend
) -> None:
    answers(backend, BARE, status=201)

    made = await network.create_bucket(
        msisdn="m", product_id="p", customer_id="c", external_id="e", key="k", usage_type="data"
    )

    assert made == Bucket(id="bkt-2", name="bkt-2", status="suspended", remaining=Decimal(512), unit="MB")
    body = asked(backend).json
    assert isinstance(body, dict) and body["usageType"] == "data"


async def test_balances_by_customer(backend: ScriptedBackend, network: IntelligentNetworkBackend) -> None:
    answers(backend, f"[{BUCKET}, {BARE}, {BUCKET}]")

    assert await network.buckets_of(["cust-2", "cust-3", "cust-1", "dealer-1"]) == {
        "cust-2": (BALANCE,),
        "cust-3": (),
        "cust-1": (BALANCE,),
        "dealer-1": (),
    }

    assert path_of(asked(backend)) == "GET bucket"
    assert asked(backend).query["relatedParty.id"] == "cust-1,cust-2,cust-3,dealer-1"


async def test_balances_by_id(backend: ScriptedBackend, network: IntelligentNetworkBackend) -> None:
    answers(backend, f"[{BUCKET}]")

    assert await network.by_ids(["unknown", "bkt-1"]) == {"bkt-1": BALANCE}

    assert (path_of(asked(backend)), asked(backend).query["id"]) == ("GET bucket", "bkt-1,unknown")


# Money on a balance


@pytest.mark.parametrize("unsaid", ['"reversed": false', '"reversed": null', '"note": "n"'])
async def test_money_is_loaded(backend: ScriptedBackend, network: IntelligentNetworkBackend, unsaid: str) -> None:
    answers(backend, TOP_UP.replace('"reversed": %s', unsaid), status=201)

    assert await top_up(network) == LOADED

    assert path_of(asked(backend)) == "POST topupBalance"
    assert asked(backend).headers["Idempotency-Key"] == "k-top-up"
    assert asked(backend).json == {
        "amount": {"unit": "EUR", "value": 9.95},
        "bucket": {"id": "bkt-1"},
        "externalId": "order-1:topUp",
    }


async def test_a_top_up_whose_answer_was_lost_is_asked_for_under_the_same_key(
    backend: ScriptedBackend, network: IntelligentNetworkBackend
) -> None:
    backend.answer(Reply(lost=True), Reply(status=201, body=(TOP_UP % "false").encode()))

    assert await top_up(network) == LOADED

    assert [request.headers["Idempotency-Key"] for request in backend.received] == ["k-top-up"] * 2
    assert backend.received[0].body == backend.received[1].body


async def test_what_was_loaded_is_taken_off_again(backend: ScriptedBackend, network: IntelligentNetworkBackend) -> None:
    backend.answer(Reply(status=201, body={"id": "adj-1"}), Reply(body=(TOP_UP % "true").encode()))

    assert await reverse(network) == TAKEN_OFF

    adjusted, read_again = backend.received
    assert (path_of(adjusted), path_of(read_again)) == ("POST adjustBalance", "GET topupBalance/top%2F1")
    assert adjusted.headers["Idempotency-Key"] == "k-reverse"
    assert adjusted.json == {
        "adjustType": "reversal",
        "topupBalance": {"id": "top/1"},
        "externalId": "top/1:reversal",
    }


@pytest.mark.parametrize("body", ['{"reason": "not found"}', "<html>", ""])
async def test_an_unknown_top_up_is_not_taken_off(
    backend: ScriptedBackend, network: IntelligentNetworkBackend, body: str
) -> None:
    answers(backend, body, status=404)

    assert await reverse(network) is None
    assert path_of(asked(backend)) == "POST adjustBalance"


# Activation


async def test_a_number_is_activated(backend: ScriptedBackend, network: IntelligentNetworkBackend) -> None:
    answers(backend, '{"id": "pps-1", "state": "active", "note": null, "serviceType": "RFS"}', status=201)

    assert await activate(network) == Activation(id="pps-1", state=ActivationState.ACTIVE)

    assert path_of(asked(backend)) == "POST service"
    assert asked(backend).headers["Idempotency-Key"] == "k-activate"
    assert asked(backend).json == {
        "name": "Prepaid +49151",
        "state": "active",
        "externalId": "order-1:activate",
        "serviceSpecification": {"id": "rfs-prepaid"},
        "serviceCharacteristic": [{"name": "msisdn", "value": "+49151"}, {"name": "bucket", "value": "bkt-1"}],
        "relatedParty": [{"id": "cust-1", "role": "customer", "@referredType": "Customer"}],
    }


async def test_an_activation_that_failed_is_an_answer(
    backend: ScriptedBackend, network: IntelligentNetworkBackend
) -> None:
    answers(backend, '{"id": "pps-1", "state": "failed", "note": "the number is blocked"}', status=201)

    assert await activate(network) == Activation(
        id="pps-1", state=ActivationState.FAILED, problem="the number is blocked"
    )


Call = Callable[[IntelligentNetworkBackend], Awaitable[object]]
CALLS: list[Call] = [create_bucket, top_up, reverse, activate]


@pytest.mark.parametrize("call", CALLS)
async def test_a_refusal_is_a_failure(backend: ScriptedBackend, network: IntelligentNetworkBackend, call: Call) -> None:
    backend.answer(Reply(status=409, body={"reason": "barred", "message": "+49151"}))

    failure = await failure_of(call(network))

    assert (failure.kind, failure.retryable, len(backend.received)) == (FailureKind.REFUSED, False, 1)
    assert failure.detail == "status 409: barred: +49151"


MALFORMED: dict[str, tuple[str, Call]] = {
    "a balance of no value": (BUCKET.replace('"remainingValue"', '"value"'), create_bucket),
    "a value that is no number": (BUCKET.replace("14.95", '"much"'), create_bucket),
    "a balance that lives until a time without an offset": (BUCKET.replace("+01:00", ""), create_bucket),
    "one balance instead of a list": (BUCKET, lambda network: network.buckets_of(["cust-1"])),
    "a top-up of nothing": ('{"id": "top-1", "status": "completed", "bucket": {"id": "bkt-1"}}', top_up),
    "an activation in no known state": ('{"id": "pps-1", "state": "designed"}', activate),
    "a reversed top-up that is none": ('{"id": "adj-1"}', reverse),
}


@pytest.mark.parametrize(("body", "call"), MALFORMED.values(), ids=MALFORMED)
async def test_what_cannot_be_read_is_a_failure(
    backend: ScriptedBackend, network: IntelligentNetworkBackend, body: str, call: Call
) -> None:
    answers(backend, body)

    failure = await failure_of(call(network))

    assert (failure.kind, failure.retryable) == (FailureKind.MALFORMED, False)
