"""Serviceability and workforce: what is asked on the wire, and recorded v4 answers as values."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from connectors.base import BackendFailure, BackendHttp, FailureKind
from connectors.serviceability import Serviceability, ServiceabilityBackend
from connectors.workforce import Appointment, SlotTaken, TimeSlot, WorkforceBackend, WorkOrder
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    answers,
    asked,
    calling,
    path_of,
)

EIGHT, TEN = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)

APPOINTMENT = """{
  "id": "appt-1", "externalId": "order-1", "category": "installation", "status": "initialized",
  "validFor": {"startDateTime": "2026-03-02T09:00:00+01:00", "endDateTime": "2026-03-02T10:00:00Z"},
  "relatedParty": [{"id": "cust-1", "role": "customer"}], "note": [], "@type": "Appointment"
}"""
VISIT = Appointment(id="appt-1", status="initialized", start=EIGHT, end=TEN, external_id="order-1")


# Serviceability


CHECK = """{
  "id": "sq-1", "state": "done", "qualificationResult": "%s", "expirationDate": "2026-03-02T08:00:00Z",
  "serviceQualificationItem": [
    {"id": "1", "state": "done", "qualificationItemResult": "unqualified",
     "eligibilityUnavailabilityReason": [{"code": "A", "label": "no fibre"}, {"code": "B", "label": "no duct"}],
     "alternateServiceProposal": [
       {"id": "1", "alternateService": {"serviceSpecification": {"id": "cfs-5g", "name": "5G"}}},
       {"id": "2", "alternateService": {"id": "s"}}]},
    {"id": "2", "eligibilityUnavailabilityReason": [{"code": "A", "label": "no fibre"}],
     "alternateServiceProposal": [{"alternateService": {"serviceSpecification": {"id": "cfs-5g"}}}]}
  ]
}"""


def checked(serviceable: bool) -> Serviceability:
    return Serviceability(
        id="sq-1",
        serviceable=serviceable,
        reason="no fibre; no duct",
        alternatives=("cfs-5g",),
        valid_until=EIGHT,
    )


@pytest.mark.parametrize(("result", "serviceable"), [("qualified", True), ("unqualified", False), ("alternate", False)])
async def test_a_place_is_checked(backend: ScriptedBackend, http: BackendHttp, result: str, serviceable: bool) -> None:
    answers(backend, CHECK % result, status=201)

    found = await ServiceabilityBackend(http).check("addr-1", ["cfs-tv", "cfs-fibre"])

    assert found == checked(serviceable)
    place = [{"id": "addr-1", "role": "installationAddress", "@referredType": "GeographicAddress"}]
    assert path_of(asked(backend)) == "POST checkServiceQualification"
    assert asked(backend).json == {
        "instantSyncQualification": True,
        "provideAlternative": True,
        "provideUnavailabilityReason": True,
        "serviceQualificationItem": [
            {"id": "1", "service": {"serviceSpecification": {"id": "cfs-fibre"}, "place": place}},
            {"id": "2", "service": {"serviceSpecification": {"id": "cfs-tv"}, "place": place}},
        ],
    }


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "sq-1", "state": "terminatedWithError", "qualificationResult": "unqualified"}',
        '{"id": "sq-1", "state": "done"}',
    ],
)
async def test_a_check_without_a_result_is_not_a_no(backend: ScriptedBackend, http: BackendHttp, body: str) -> None:
    answers(backend, body, status=201)

    with pytest.raises(BackendFailure) as raised:
        await ServiceabilityBackend(http).check("addr-1", ["cfs-fibre"])

    assert (raised.value.kind, raised.value.retryable) == (FailureKind.MALFORMED, True)


async def test_a_check_that_takes_time_is_asked_for_until_it_is_done(
    backend: ScriptedBackend, http: BackendHttp
) -> None:
    waiting = Reply(status=201, body={"id": "sq/1", "state": "acknowledged"})
    backend.answer(
        waiting, Reply(body={"id": "sq/1", "state": "inProgress"}), Reply(body=(CHECK % "qualified").encode())
    )

    assert await ServiceabilityBackend(http).check("addr-1", ["cfs-tv"]) == checked(True)

    assert [path_of(request) for request in backend.received] == [
        "POST checkServiceQualification",
        "GET checkServiceQualification/sq%2F1",
        "GET checkServiceQualification/sq%2F1",
    ]


async def test_a_check_that_is_never_done_ends_with_the_deadline(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=201, body={"id": "sq-1", "state": "inProgress"}))

    async with calling(backend.url, deadline=0.25) as http:
        with pytest.raises(BackendFailure) as raised:
            await ServiceabilityBackend(http).check("addr-1", ["cfs-tv"])

    assert (raised.value.kind, raised.value.retryable) == (FailureKind.TIMEOUT, True)
    assert "inProgress" in raised.value.detail


async def test_checks_are_found_again_once_they_are_done(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f'[{CHECK % "unqualified"}, {{"id": "sq-2", "state": "inProgress"}}]')

    assert await ServiceabilityBackend(http).by_ids(["sq-1", "sq-2"]) == {"sq-1": checked(False)}


# Workforce


async def test_visits_by_id(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f"[{APPOINTMENT}]")

    assert await WorkforceBackend(http).by_ids(["appt-1", "unknown"]) == {"appt-1": VISIT}

    assert (path_of(asked(backend)), asked(backend).query["id"]) == ("GET appointment", "appt-1,unknown")


async def test_free_slots_come_earliest_first(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(
        backend,
        """{"status": "done", "availableTimeSlot": [
          {"id": "2", "validFor": {"startDateTime": "2026-03-02T10:00:00Z", "endDateTime": "2026-03-02T11:00:00Z"}},
          {"id": "1", "validFor": {"startDateTime": "2026-03-02T08:00:00Z", "endDateTime": "2026-03-02T10:00:00Z"}}
        ]}""",
        status=201,
    )

    slots = await WorkforceBackend(http).time_slots("addr-1", EIGHT, TEN)

    assert slots == (TimeSlot(start=EIGHT, end=TEN), TimeSlot(start=TEN, end=TEN.replace(hour=11)))
    assert path_of(asked(backend)) == "POST searchTimeSlot"
    assert asked(backend).json == {
        "relatedPlace": {"id": "addr-1", "role": "interventionAddress", "@referredType": "GeographicAddress"},
        "requestedTimeSlot": [
            {"validFor": {"startDateTime": "2026-03-02T08:00:00+00:00", "endDateTime": "2026-03-02T10:00:00+00:00"}}
        ],
    }


async def book(http: BackendHttp) -> Appointment | SlotTaken:
    return await WorkforceBackend(http).book(
        TimeSlot(start=EIGHT, end=TEN),
        place_id="addr-1",
        customer_id="cust-1",
        description="Installation",
        external_id="order-1",
        key="k",
    )


async def test_a_slot_is_booked(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, APPOINTMENT, status=201)

    assert await book(http) == VISIT

    assert path_of(asked(backend)) == "POST appointment"
    assert asked(backend).json == {
        "externalId": "order-1",
        "description": "Installation",
        "category": "installation",
        "validFor": {"startDateTime": "2026-03-02T08:00:00+00:00", "endDateTime": "2026-03-02T10:00:00+00:00"},
        "relatedPlace": {"id": "addr-1", "role": "interventionAddress", "@referredType": "GeographicAddress"},
        "relatedParty": [{"id": "cust-1", "role": "customer", "@referredType": "Customer"}],
    }


TAKEN = [
    ('{"reason": "the slot is gone", "message": "m"}', "the slot is gone"),
    ('{"code": "slotTaken", "message": "m"}', "the slot is taken"),
]
Taking = Callable[[BackendHttp], Awaitable[Appointment | SlotTaken]]
TAKING: dict[str, Taking] = {
    "book": lambda http: book(http),
    "reschedule": lambda http: WorkforceBackend(http).reschedule("appt/1", TimeSlot(start=EIGHT, end=TEN), key="k"),
}


@pytest.mark.parametrize(("body", "reason"), TAKEN)
@pytest.mark.parametrize("take", TAKING.values(), ids=TAKING)
async def test_a_taken_slot_is_an_answer(
    backend: ScriptedBackend, http: BackendHttp, take: Taking, body: str, reason: str
) -> None:
    answers(backend, body, status=409)

    assert await take(http) == SlotTaken(reason)
    assert len(backend.received) == 1


@pytest.mark.parametrize("body", ['{"reason": "idempotency key reused"}', "<html>", ""])
@pytest.mark.parametrize("take", TAKING.values(), ids=TAKING)
async def test_another_conflict_is_no_taken_slot(
    backend: ScriptedBackend, http: BackendHttp, take: Taking, body: str
) -> None:
    answers(backend, body, status=409)

    with pytest.raises(BackendFailure) as raised:
        await take(http)

    assert (raised.value.kind, raised.value.retryable) == (FailureKind.REFUSED, False)


async def test_a_visit_is_moved(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, APPOINTMENT)

    assert await TAKING["reschedule"](http) == VISIT

    assert path_of(asked(backend)) == "PATCH appointment/appt%2F1"
    assert asked(backend).json == {
        "validFor": {"startDateTime": "2026-03-02T08:00:00+00:00", "endDateTime": "2026-03-02T10:00:00+00:00"}
    }


@pytest.mark.parametrize(("status", "harmless"), [("cancelled", True), ("expired", True), ("completed", False)])
async def test_a_visit_that_is_over_already_is_cancelled_without_harm(
    backend: ScriptedBackend, http: BackendHttp, status: str, harmless: bool
) -> None:
    over = APPOINTMENT.replace("initialized", status)
    backend.answer(Reply(status=409, body={"reason": "illegal transition"}), Reply(body=f"[{over}]".encode()))
    cancelling = WorkforceBackend(http).cancel("appt-1", key="k")

    if harmless:
        assert (await cancelling).status == status
    else:
        with pytest.raises(BackendFailure) as raised:
            await cancelling
        assert (raised.value.kind, "illegal transition" in raised.value.detail) == (FailureKind.REFUSED, True)


WORK = """{
  "id": "wo-1", "externalId": "order-1:work:0", "state": "acknowledged", "description": "Installation", "note": null,
  "appointment": {"id": "appt-1"}, "place": [{"id": "addr-1"}],
  "relatedEntity": [{"id": "x", "@referredType": "Customer"}, {"id": "order-1", "@referredType": "ProductOrder"}]
}"""
INSTALLATION = WorkOrder(
    id="wo-1",
    state="acknowledged",
    description="Installation",
    order_id="order-1",
    appointment_id="appt-1",
    external_id="order-1:work:0",
)


async def test_work_is_ordered(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, WORK, status=201)

    made = await WorkforceBackend(http).create_work_order(
        description="Installation",
        place_id="addr-1",
        appointment_id="appt-1",
        order_id="order-1",
        external_id="order-1:work:0",
        key="k",
    )

    assert made == INSTALLATION
    assert path_of(asked(backend)) == "POST workOrder"
    assert asked(backend).json == {
        "externalId": "order-1:work:0",
        "description": "Installation",
        "place": [{"id": "addr-1", "role": "interventionAddress", "@referredType": "GeographicAddress"}],
        "appointment": {"id": "appt-1"},
        "relatedEntity": [{"id": "order-1", "role": "productOrder", "@referredType": "ProductOrder"}],
    }


async def test_work_orders_by_order(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f"[{WORK}]")

    assert await WorkforceBackend(http).work_orders_of(["order-1", "order-2"]) == {
        "order-1": (INSTALLATION,),
        "order-2": (),
    }
    assert asked(backend).query["relatedEntity.id"] == "order-1,order-2"


@pytest.mark.parametrize("verb", ["confirm", "cancel"])
async def test_a_visit_is_confirmed_or_cancelled(backend: ScriptedBackend, http: BackendHttp, verb: str) -> None:
    answers(backend, APPOINTMENT)
    workforce = WorkforceBackend(http)

    await {"confirm": workforce.confirm, "cancel": workforce.cancel}[verb]("appt/1", key="k")

    assert path_of(asked(backend)) == "PATCH appointment/appt%2F1"
    assert asked(backend).json == {"status": {"confirm": "confirmed", "cancel": "cancelled"}[verb]}


async def test_a_visit_without_an_offset_is_not_guessed(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, APPOINTMENT.replace("10:00:00Z", "10:00:00"), status=201)

    with pytest.raises(BackendFailure) as raised:
        await book(http)

    assert raised.value.kind is FailureKind.MALFORMED
