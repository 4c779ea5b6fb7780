"""Customer, address, serviceability, workforce: what is asked on the wire, and recorded v4 answers as values."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from connectors.address import AddressBackend, AddressValidation, GeographicAddress, ValidationResult
from connectors.backends import APIS
from connectors.base import BackendFailure, BackendHttp, FailureKind
from connectors.customer import Customer, CustomerBackend
from connectors.inventory import InventoryBackend
from connectors.serviceability import Serviceability, ServiceabilityBackend
from connectors.workforce import Appointment, SlotTaken, TimeSlot, WorkforceBackend
from tests.contract.scripted_backend import (
    PREFIX,
    ScriptedBackend,
    answers,
    asked,
    calling,
    path_of,
    scripted_backend,
)

EIGHT, TEN = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)

CUSTOMER = """{
  "id": "cust-1", "href": "/customer/cust-1", "name": "Ada Lindqvist", "status": "active", "statusReason": "paid",
  "validFor": {"startDateTime": "2024-01-01T00:00:00Z"}, "account": [{"id": "ba-1", "name": "A"}], "agreement": null,
  "engagedParty": {"id": "ind-1", "href": "/individual/ind-1", "name": "Ada", "@referredType": "Individual"},
  "contactMedium": [
    {"mediumType": "email", "preferred": false, "characteristic": {"emailAddress": "old@mail.example"}},
    {"mediumType": "phone", "characteristic": {"phoneNumber": "+49 40 1", "contactType": "home"}},
    {"mediumType": "email", "preferred": true, "characteristic": {"emailAddress": "new@mail.example"}},
    {"mediumType": "fax"}
  ],
  "characteristic": [{"name": "score", "value": 7}, {"name": "segment", "value": "consumer"}],
  "creditProfile": [{"creditScore": 1}], "@type": "Customer"
}"""
ADA = Customer(
    id="cust-1",
    name="Ada Lindqvist",
    status="active",
    status_reason="paid",
    party_id="ind-1",
    party_type="Individual",
    email="new@mail.example",
    phone="+49 40 1",
    segment="consumer",
)
ADDRESS = """{
  "id": "addr-1", "href": "/geographicAddress/addr-1", "streetName": "Hafenstraße", "streetNr": "12",
  "postcode": "20457", "city": "Hamburg", "country": "DE", "geographicLocation": {"id": "gl-1"}, "locality": null
}"""
HARBOUR = GeographicAddress(
    id="addr-1", street_name="Hafenstraße", street_nr="12", postcode="20457", city="Hamburg", country="DE"
)
APPOINTMENT = """{
  "id": "appt-1", "externalId": "order-1", "category": "installation", "status": "initialized",
  "validFor": {"startDateTime": "2026-03-02T09:00:00+01:00", "endDateTime": "2026-03-02T10:00:00Z"},
  "relatedParty": [{"id": "cust-1", "role": "customer"}], "note": [], "@type": "Appointment"
}"""
VISIT = Appointment(id="appt-1", status="initialized", start=EIGHT, end=TEN, external_id="order-1")


@pytest.fixture
async def backend() -> AsyncIterator[ScriptedBackend]:
    async with scripted_backend() as backend:
        yield backend


@pytest.fixture
async def http(backend: ScriptedBackend) -> AsyncIterator[BackendHttp]:
    async with calling(backend.url) as http:
        yield http


def test_the_default_paths_are_those_of_the_open_apis() -> None:
    published = {name: {number: api.v4 for number, api in apis.items()} for name, apis in APIS.items()}
    assert published == {
        "customer": {"TMF629": "tmf-api/customerManagement/v4"},
        "catalog": {"TMF620": "tmf-api/productCatalogManagement/v4"},
        "address": {"TMF673": "tmf-api/geographicAddressManagement/v4"},
        "serviceability": {"TMF645": "tmf-api/serviceQualificationManagement/v4"},
        "workforce": {"TMF646": "tmf-api/appointment/v4"},
        "provisioning": {"TMF641": "tmf-api/serviceOrdering/v4"},
        "inventory": {"TMF637": "tmf-api/productInventory/v4"},
        "billing": {"TMF666": "tmf-api/accountManagement/v4"},
    }


ByIds = Callable[[BackendHttp], Callable[[list[str]], Awaitable[object]]]
BY_IDS: list[tuple[ByIds, str, str, dict[str, object]]] = [
    (lambda http: CustomerBackend(http).by_ids, "customer", CUSTOMER, {"cust-1": ADA}),
    (lambda http: AddressBackend(http).by_ids, "geographicAddress", ADDRESS, {"addr-1": HARBOUR}),
    (lambda http: WorkforceBackend(http).by_ids, "appointment", APPOINTMENT, {"appt-1": VISIT}),
]


@pytest.mark.parametrize(("by_ids", "resource", "member", "found"), BY_IDS, ids=[case[1] for case in BY_IDS])
async def test_members_by_id(
    backend: ScriptedBackend, http: BackendHttp, by_ids: ByIds, resource: str, member: str, found: dict[str, object]
) -> None:
    answers(backend, f"[{member}]")

    assert await by_ids(http)([*found, "unknown"]) == found

    assert path_of(asked(backend)) == f"GET {resource}"
    assert asked(backend).query["id"] == ",".join(sorted([*found, "unknown"]))


# Customer


async def test_a_bare_customer(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, '[{"id": "c", "name": "N", "contactMedium": null, "engagedParty": null, "status": null}]')

    assert await CustomerBackend(http).by_ids(["c"]) == {"c": Customer(id="c", name="N")}


async def test_customers_are_searched_by_a_part_of_their_name(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f"[{CUSTOMER}]", total=12)

    page = await CustomerBackend(http).search("O'Neil+", offset=5, limit=1)

    assert (page.items, page.total) == ((ADA,), 12)
    assert dict(asked(backend).query) == {"offset": "5", "limit": "1", "name.regex": r"(?i)O'Neil\+"}


async def test_a_customers_status_is_patched(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, CUSTOMER)

    assert await CustomerBackend(http).set_status("cust-1", "active", key="k") == ADA
    assert (path_of(asked(backend)), asked(backend).json) == ("PATCH customer/cust-1", {"status": "active"})


UNKNOWN: list[tuple[str, Callable[[BackendHttp, str], Awaitable[object]]]] = [
    ("customer", lambda http, i: CustomerBackend(http).set_status(i, "active", key="k")),
    ("product", lambda http, i: InventoryBackend(http).set_status(i, "active", key="k")),
]


@pytest.mark.parametrize(("resource", "change"), UNKNOWN, ids=[case[0] for case in UNKNOWN])
async def test_what_is_not_there_is_an_answer_and_an_id_never_another_path(
    backend: ScriptedBackend,
    http: BackendHttp,
    resource: str,
    change: Callable[[BackendHttp, str], Awaitable[object]],
) -> None:
    answers(backend, '{"code": "404", "reason": "not found"}', status=404)

    assert await change(http, "../x/y?z=1#ü") is None
    assert asked(backend).path == f"/{PREFIX}/{resource}/..%2Fx%2Fy%3Fz%3D1%23%C3%BC"


# Address


@pytest.mark.parametrize(
    ("body", "validation"),
    [
        (
            f'{{"validationResult": "success", "validGeographicAddress": {ADDRESS}, "state": "done"}}',
            AddressValidation(result=ValidationResult.SUCCESS, address=HARBOUR),
        ),
        (
            f'{{"validationResult": "partial", "alternateGeographicAddress": [{ADDRESS}, {ADDRESS}]}}',
            AddressValidation(result=ValidationResult.PARTIAL, alternatives=(HARBOUR, HARBOUR)),
        ),
        (
            '{"validationResult": "fail", "validGeographicAddress": null, "alternateGeographicAddress": null}',
            AddressValidation(result=ValidationResult.FAIL),
        ),
    ],
    ids=["success", "partial", "fail"],
)
async def test_a_text_is_validated(
    backend: ScriptedBackend, http: BackendHttp, body: str, validation: AddressValidation
) -> None:
    answers(backend, body, status=201)

    assert await AddressBackend(http).validate("Hafenstraße 12") == validation

    assert path_of(asked(backend)) == "POST geographicAddressValidation"
    assert asked(backend).json == {
        "submittedGeographicAddress": {"fullText": "Hafenstraße 12"},
        "provideAlternative": True,
    }


@pytest.mark.parametrize(
    ("address", "label"),
    [
        (HARBOUR, "Hafenstraße 12, 20457 Hamburg"),
        (GeographicAddress(id="a", city="Hamburg"), "Hamburg"),
        (GeographicAddress(id="a"), "a"),
    ],
)
def test_an_address_in_one_line(address: GeographicAddress, label: str) -> None:
    assert address.label == label


# Serviceability


CHECK = """{
  "id": "sq-1", "state": "done", "qualificationResult": "%s", "expirationDate": "2026-03-02T08:00:00Z",
  "serviceQualificationItem": [
    {"id": "1", "state": "done", "qualificationItemResult": "unqualified",
     "eligibilityUnavailabilityReason": [{"code": "A", "label": "no fibre"}, {"code": "B", "label": "no duct"}]},
    {"id": "2", "eligibilityUnavailabilityReason": [{"code": "A", "label": "no fibre"}]}
  ]
}"""


@pytest.mark.parametrize(("result", "serviceable"), [("qualified", True), ("unqualified", False), ("alternate", False)])
async def test_a_place_is_checked(backend: ScriptedBackend, http: BackendHttp, result: str, serviceable: bool) -> None:
    answers(backend, CHECK % result, status=201)

    found = await ServiceabilityBackend(http).check("addr-1", ["cfs-tv", "cfs-fibre"])

    assert found == Serviceability(id="sq-1", serviceable=serviceable, reason="no fibre; no duct", valid_until=EIGHT)
    place = [{"id": "addr-1", "role": "installationAddress", "@referredType": "GeographicAddress"}]
    assert path_of(asked(backend)) == "POST checkServiceQualification"
    assert asked(backend).json == {
        "instantSyncQualification": True,
        "provideUnavailabilityReason": True,
        "serviceQualificationItem": [
            {"id": "1", "service": {"serviceSpecification": {"id": "cfs-fibre"}, "place": place}},
            {"id": "2", "service": {"serviceSpecification": {"id": "cfs-tv"}, "place": place}},
        ],
    }


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "sq-1", "state": "inProgress"}',
        '{"id": "sq-1", "state": "terminatedWithError", "qualificationResult": "unqualified"}',
        '{"id": "sq-1", "state": "done"}',
    ],
)
async def test_a_check_without_a_result_is_not_a_no(backend: ScriptedBackend, http: BackendHttp, body: str) -> None:
    answers(backend, body, status=201)

    with pytest.raises(BackendFailure) as raised:
        await ServiceabilityBackend(http).check("addr-1", ["cfs-fibre"])

    assert (raised.value.kind, raised.value.retryable) == (FailureKind.MALFORMED, True)


# Workforce


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


@pytest.mark.parametrize(
    ("body", "reason"),
    [('{"reason": "gone", "message": "m"}', "gone"), ("<html>", "the slot is taken"), ("", "the slot is taken")],
)
async def test_a_taken_slot_is_an_answer(backend: ScriptedBackend, http: BackendHttp, body: str, reason: str) -> None:
    answers(backend, body, status=409)

    assert await book(http) == SlotTaken(reason)
    assert len(backend.received) == 1


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
