"""Service resources: what is free, reservations and services in use, on the wire and as values."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from connectors.base import BackendHttp, FailureKind
from connectors.service_resources import (
    HELD,
    NoneLeft,
    Reservation,
    ResourceKind,
    Service,
    ServiceResourcesBackend,
)
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    answers,
    asked,
    failure_of,
    path_of,
)

RESERVATION = """{
  "id": "rsv-1", "resourceType": "msisdn", "value": "+49151", "state": "%s", "externalId": "order-1:1:msisdn",
  "validFor": {"startDateTime": "2026-03-02T07:30:00Z", "endDateTime": "2026-03-02T09:00:00+01:00"},
  "place": {"id": "addr-1", "@referredType": "GeographicAddress"}, "relatedParty": [{"id": "cust-1"}]
}"""
BARE = """{"id": "rsv-2", "resourceType": "sim", "value": "894915", "state": "reserved", "externalId": null,
  "validFor": null, "place": null}"""
SIM = Reservation(id="rsv-2", kind=ResourceKind.SIM, value="894915", state="reserved")


def reservation(state: str = "reserved") -> Reservation:
    return Reservation(
        id="rsv-1",
        kind=ResourceKind.NUMBER,
        value="+49151",
        state=state,
        expires_at=datetime(2026, 3, 2, 8, tzinfo=UTC) if state == "reserved" else None,
        external_id="order-1:1:msisdn",
        place_id="addr-1",
    )


@pytest.fixture
def resources(http: BackendHttp) -> ServiceResourcesBackend:
    return ServiceResourcesBackend(http)


async def reserve(
    resources: ServiceResourcesBackend, value: str | None = "+49151", place_id: str | None = "addr-1"
) -> Reservation | NoneLeft:
    return await resources.reserve(
        ResourceKind.NUMBER,
        value=value,
        customer_id="cust-1",
        place_id=place_id,
        external_id="order-1:1:msisdn",
        key="k-reserve",
    )


async def confirm(resources: ServiceResourcesBackend) -> Reservation | NoneLeft:
    return await resources.confirm("rsv/1", key="k-move")


async def release(resources: ServiceResourcesBackend) -> Reservation | NoneLeft:
    return await resources.release("rsv/1", key="k-move")


async def available(resources: ServiceResourcesBackend) -> tuple[str, ...]:
    return await resources.available(ResourceKind.NUMBER, pattern=None, place_id=None, limit=3)


# What is free


async def test_what_is_free(backend: ScriptedBackend, resources: ServiceResourcesBackend) -> None:
    answers(backend, '{"state": "done", "availableResource": [{"value": "+49152"}, {"value": "+49151"}]}', status=201)

    assert await available(resources) == ("+49152", "+49151")

    assert path_of(asked(backend)) == "POST availabilityCheck"
    assert asked(backend).json == {"resourceType": "msisdn", "requestedQuantity": 3}


async def test_what_is_free_near_a_place_with_some_digits(
    backend: ScriptedBackend, resources: ServiceResourcesBackend
) -> None:
    answers(backend, '{"availableResource": null}', status=201)

    found = await resources.available(ResourceKind.PORT, pattern="77", place_id="addr-1", limit=20)

    assert found == ()
    assert asked(backend).json == {
        "resourceType": "port",
        "requestedQuantity": 20,
        "pattern": "77",
        "place": {"id": "addr-1", "@referredType": "GeographicAddress"},
    }


# Reservations


@pytest.mark.parametrize(
    ("value", "place_id", "more"),
    [
        ("+49151", "addr-1", {"value": "+49151", "place": {"id": "addr-1", "@referredType": "GeographicAddress"}}),
        ("+49151", None, {"value": "+49151"}),
        (None, None, {}),
    ],
)
async def test_a_resource_is_held(
    backend: ScriptedBackend,
    resources: ServiceResourcesBackend,
    value: str | None,
    place_id: str | None,
    more: dict[str, object],
) -> None:
    answers(backend, RESERVATION % "reserved", status=201)

    assert await reserve(resources, value, place_id) == reservation()

    assert path_of(asked(backend)) == "POST reservation"
    assert asked(backend).headers["Idempotency-Key"] == "k-reserve"
    assert asked(backend).json == {
        "resourceType": "msisdn",
        "externalId": "order-1:1:msisdn",
        "relatedParty": [{"id": "cust-1", "role": "customer", "@referredType": "Customer"}],
        **more,
    }


async def test_a_bare_reservation(backend: ScriptedBackend, resources: ServiceResourcesBackend) -> None:
    answers(backend, BARE, status=201)

    assert await reserve(resources) == SIM


async def test_a_reservation_whose_answer_was_lost_is_asked_for_under_the_same_key(
    backend: ScriptedBackend, resources: ServiceResourcesBackend
) -> None:
    backend.answer(Reply(lost=True), Reply(status=201, body=(RESERVATION % "reserved").encode()))

    assert await reserve(resources) == reservation()

    assert [request.headers["Idempotency-Key"] for request in backend.received] == ["k-reserve"] * 2


@pytest.mark.parametrize(("state", "move"), [("inUse", confirm), ("released", release)])
async def test_what_is_held_is_taken_into_use_or_given_back(
    backend: ScriptedBackend,
    resources: ServiceResourcesBackend,
    state: str,
    move: Callable[[ServiceResourcesBackend], Awaitable[Reservation | NoneLeft]],
) -> None:
    answers(backend, RESERVATION % state)

    assert await move(resources) == reservation(state)

    assert path_of(asked(backend)) == "PATCH reservation/rsv%2F1"
    assert asked(backend).headers["Idempotency-Key"] == "k-move"
    assert asked(backend).json == {"state": state}


REFUSED = [
    ('{"reason": "taken", "message": "+49151 is not free"}', "taken: +49151 is not free"),
    ('{"message": "gone"}', "gone"),
]


@pytest.mark.parametrize(("body", "reason"), [*REFUSED, ("<html>", "it is taken"), ("", "it is taken")])
async def test_a_taken_number_is_an_answer(
    backend: ScriptedBackend, resources: ServiceResourcesBackend, body: str, reason: str
) -> None:
    answers(backend, body, status=409)

    assert await reserve(resources) == NoneLeft(reason=reason)
    assert len(backend.received) == 1


@pytest.mark.parametrize(
    ("body", "reason"), [*REFUSED, ("<html>", "the reservation is gone"), ("", "the reservation is gone")]
)
@pytest.mark.parametrize("status", [404, 409])
@pytest.mark.parametrize("move", [confirm, release])
async def test_a_reservation_that_is_gone_is_an_answer(
    backend: ScriptedBackend,
    resources: ServiceResourcesBackend,
    move: Callable[[ServiceResourcesBackend], Awaitable[Reservation | NoneLeft]],
    status: int,
    body: str,
    reason: str,
) -> None:
    answers(backend, body, status=status)

    assert await move(resources) == NoneLeft(reason=reason)
    assert len(backend.received) == 1


async def test_reservations_by_id(backend: ScriptedBackend, resources: ServiceResourcesBackend) -> None:
    answers(backend, f"[{RESERVATION % 'expired'}, {BARE}]")

    found = await resources.by_ids(["rsv-2", "rsv-1", "unknown"])

    assert found == {"rsv-1": reservation("expired"), "rsv-2": SIM}
    assert {one.id for one in found.values() if one.state in HELD} == {"rsv-2"}
    assert (path_of(asked(backend)), asked(backend).query["id"]) == ("GET reservation", "rsv-1,rsv-2,unknown")


# Services in use


async def test_services_by_customer(backend: ScriptedBackend, resources: ServiceResourcesBackend) -> None:
    answers(
        backend,
        """[{"id": "svc-1", "name": "Fibre", "state": "active", "serviceSpecification": {"id": "cfs-fibre"},
          "relatedParty": [{"id": "cust-1", "role": "Customer"}, {"id": "cust-2"}, {"id": "u", "role": "user"}]},
         {"id": "svc-2", "state": "designed", "name": null, "relatedParty": [{"id": "cust-1", "role": null}]}]""",
    )
    fibre = Service(
        id="svc-1",
        name="Fibre",
        state="active",
        customer_ids=("cust-1", "cust-2"),
        specification_id="cfs-fibre",
    )
    bare = Service(id="svc-2", name="svc-2", state="designed", customer_ids=("cust-1",))

    assert await resources.services_of(["u", "cust-2", "cust-1"]) == {
        "u": (),
        "cust-2": (fibre,),
        "cust-1": (fibre, bare),
    }

    assert (path_of(asked(backend)), asked(backend).query["relatedParty.id"]) == ("GET service", "cust-1,cust-2,u")


Call = Callable[[ServiceResourcesBackend], Awaitable[object]]
WRITES: list[Call] = [available, reserve, confirm, release]


@pytest.mark.parametrize("call", WRITES)
async def test_any_other_refusal_is_a_failure(
    backend: ScriptedBackend, resources: ServiceResourcesBackend, call: Call
) -> None:
    backend.answer(Reply(status=400, body={"reason": "bad resource type"}))

    failure = await failure_of(call(resources))

    assert (failure.kind, failure.retryable, len(backend.received)) == (FailureKind.REFUSED, False, 1)
    assert failure.detail == "status 400: bad resource type"


MALFORMED: dict[str, tuple[str, Call]] = {
    "a resource without a value": ('{"availableResource": [{"id": "+49151"}]}', available),
    "a reservation of no value": (RESERVATION.replace('"value"', '"number"') % "reserved", reserve),
    "a reservation of no known kind": (RESERVATION.replace("msisdn", "fax") % "reserved", reserve),
    "an end without an offset": (RESERVATION.replace("+01:00", "") % "inUse", confirm),
    "a reservation in no state": (RESERVATION.replace('"state"', '"status"') % "released", release),
    "one reservation instead of a list": (RESERVATION % "inUse", lambda resources: resources.by_ids(["rsv-1"])),
    "a service in no state": ('[{"id": "svc-1"}]', lambda resources: resources.services_of(["cust-1"])),
}


@pytest.mark.parametrize(("body", "call"), MALFORMED.values(), ids=MALFORMED)
async def test_what_cannot_be_read_is_a_failure(
    backend: ScriptedBackend, resources: ServiceResourcesBackend, body: str, call: Call
) -> None:
    answers(backend, body)

    failure = await failure_of(call(resources))

    assert (failure.kind, failure.retryable) == (FailureKind.MALFORMED, False)
