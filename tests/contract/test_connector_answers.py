"""Every backend but the catalog: what is asked on the wire, and recorded v4 answers read as values."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from connectors.address import AddressBackend, AddressValidation, GeographicAddress, ValidationResult
from connectors.backends import PREFIXES
from connectors.base import BackendFailure, BackendHttp, FailureKind
from connectors.billing import BillingAccount, BillingBackend
from connectors.customer import Customer, CustomerBackend
from connectors.inventory import InventoryBackend, NewProduct, Product
from connectors.provisioning import (
    MalformedNotification,
    NewServiceOrder,
    ProvisioningBackend,
    ServiceOrder,
    ServiceOrderItem,
    ServiceOrderState,
    read_notification,
)
from connectors.serviceability import Serviceability, ServiceabilityBackend
from connectors.workforce import Appointment, SlotTaken, TimeSlot, WorkforceBackend
from tests.contract.scripted_backend import PREFIX, Received, Reply, ScriptedBackend, calling, scripted_backend

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
SERVICE_ORDER = """{
  "id": "so-1", "externalId": "order-1:task-2:0", "state": "failed", "orderDate": "2026-03-02T08:00:00Z",
  "errorMessage": [{"code": "E17", "message": "no port"}, {"code": "E18", "message": "no fibre"}],
  "serviceOrderItem": [{"id": "1", "action": "add", "state": "failed", "service": {}}], "@type": "ServiceOrder"
}"""
FAILED = ServiceOrder(
    id="so-1", external_id="order-1:task-2:0", state=ServiceOrderState.FAILED, problem="no port; no fibre"
)
PRODUCT = """{
  "id": "prod-1", "name": "Fibre 500", "status": "aborted ", "isBundle": false, "startDate": "2026-03-02T08:00:00Z",
  "productOffering": {"id": "fibre-500", "name": "Fibre 500"}, "productSpecification": {"id": "spec-fibre"},
  "relatedParty": [{"id": "cust-1", "role": "Customer"}, {"id": "cust-2", "role": "customer"}, {"id": "dealer-1"}],
  "productCharacteristic": [{"name": "router", "value": "own"}, {"name": "vlan", "value": 7},
    {"name": "ipv6", "value": true}, {"name": "dns", "value": ["a", 1]}, {"name": "none", "value": null}]
}"""
LINE = Product(
    id="prod-1",
    name="Fibre 500",
    status="aborted",
    offering_id="fibre-500",
    customer_ids=("cust-1", "cust-2"),
    start_date=EIGHT,
    characteristics={"router": "own", "vlan": "7", "ipv6": "true", "dns": '["a",1]'},
)
ACCOUNT = """{
  "id": "1513", "name": "Account of Jean", "state": "active", "paymentStatus": "settled", "creditLimit": null,
  "relatedParty": [{"id": "cust-1", "name": "Jean", "role": "customer"}, {"id": "payer-1", "role": "payer"}]
}"""
JEANS = BillingAccount(id="1513", name="Account of Jean", state="active", customer_ids=("cust-1",))


@pytest.fixture
async def backend() -> AsyncIterator[ScriptedBackend]:
    async with scripted_backend() as backend:
        yield backend


@pytest.fixture
async def http(backend: ScriptedBackend) -> AsyncIterator[BackendHttp]:
    async with calling(backend.url) as http:
        yield http


def answers(backend: ScriptedBackend, body: str, status: int = 200, total: int | None = None) -> None:
    backend.answer(Reply(status=status, body=body.encode(), headers={"X-Total-Count": str(total)} if total else {}))


def asked(backend: ScriptedBackend) -> Received:
    (request,) = backend.received
    return request


def path_of(request: Received) -> str:
    return f"{request.method} {request.path.removeprefix(f'/{PREFIX}/')}"


def test_the_default_paths_are_those_of_the_open_apis() -> None:
    assert PREFIXES == {
        "customer": "tmf-api/customerManagement/v4",
        "catalog": "tmf-api/productCatalogManagement/v4",
        "address": "tmf-api/geographicAddressManagement/v4",
        "serviceability": "tmf-api/serviceQualificationManagement/v4",
        "workforce": "tmf-api/appointment/v4",
        "provisioning": "tmf-api/serviceOrdering/v4",
        "inventory": "tmf-api/productInventory/v4",
        "billing": "tmf-api/accountManagement/v4",
    }


ByIds = Callable[[BackendHttp], Callable[[list[str]], Awaitable[object]]]
BY_IDS: list[tuple[ByIds, str, str, dict[str, object]]] = [
    (lambda http: CustomerBackend(http).by_ids, "customer", CUSTOMER, {"cust-1": ADA}),
    (lambda http: AddressBackend(http).by_ids, "geographicAddress", ADDRESS, {"addr-1": HARBOUR}),
    (lambda http: WorkforceBackend(http).by_ids, "appointment", APPOINTMENT, {"appt-1": VISIT}),
    (lambda http: ProvisioningBackend(http).by_ids, "serviceOrder", SERVICE_ORDER, {"so-1": FAILED}),
    (lambda http: InventoryBackend(http).by_ids, "product", PRODUCT, {"prod-1": LINE}),
    (lambda http: BillingBackend(http).by_ids, "billingAccount", ACCOUNT, {"1513": JEANS}),
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


# Provisioning


async def test_a_service_order_is_created(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, '{"id": "so-1", "state": "acknowledged", "externalId": "e"}', status=201)
    items = (
        ServiceOrderItem(
            id="1",
            action="add",
            service_specification_id="cfs-fibre",
            characteristics={"router": "own"},
            place_id="addr-1",
            appointment_id="appt-1",
        ),
        ServiceOrderItem(id="2", action="delete", service_specification_id="cfs-tv"),
    )

    created = await ProvisioningBackend(http).create(
        NewServiceOrder(external_id="e", description="d", items=items), key="k"
    )

    assert created == ServiceOrder(id="so-1", external_id="e", state=ServiceOrderState.ACKNOWLEDGED)
    assert path_of(asked(backend)) == "POST serviceOrder"
    assert asked(backend).json == {
        "externalId": "e",
        "description": "d",
        "serviceOrderItem": [
            {
                "id": "1",
                "action": "add",
                "service": {
                    "serviceSpecification": {"id": "cfs-fibre"},
                    "serviceCharacteristic": [{"name": "router", "value": "own"}],
                    "place": [{"id": "addr-1", "role": "installationAddress"}],
                },
                "appointment": {"id": "appt-1"},
            },
            {
                "id": "2",
                "action": "delete",
                "service": {"serviceSpecification": {"id": "cfs-tv"}, "serviceCharacteristic": []},
            },
        ],
    }


@pytest.mark.parametrize("status", [201, 409])
async def test_a_listener_is_registered_once_or_again(backend: ScriptedBackend, http: BackendHttp, status: int) -> None:
    answers(backend, '{"id": "hub-1"}', status=status)

    await ProvisioningBackend(http).register_listener("http://gateway:8000")

    assert path_of(asked(backend)) == "POST hub"
    assert asked(backend).json == {
        "callback": "http://gateway:8000",
        "query": "eventType=serviceOrderStateChangeEvent",
    }


def test_the_states_are_those_of_tmf641_and_five_of_them_are_the_end() -> None:
    assert {state.value: state.ended for state in ServiceOrderState} == {
        "acknowledged": False,
        "pending": False,
        "held": False,
        "inProgress": False,
        "assessingCancellation": False,
        "pendingCancellation": False,
        "rejected": True,
        "cancelled": True,
        "completed": True,
        "failed": True,
        "partial": True,
    }


def test_a_notification_is_read() -> None:
    body = f"""{{
      "eventId": "e-1", "eventTime": "2026-03-02T08:00:00Z", "eventType": "serviceOrderStateChangeEvent",
      "correlationId": null, "event": {{"serviceOrder": {SERVICE_ORDER}}}
    }}"""

    assert read_notification(body.encode()) == FAILED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"{}",
        b'{"eventType": "x", "event": null}',
        b'{"eventType": "x", "event": {"serviceOrder": {"id": "so-1"}}}',
        b'{"eventType": "x", "event": {"serviceOrder": {"id": "so-1", "state": "asleep"}}}',
        b'{"eventType": "x", "event": {"serviceOrder": {"id": 1, "state": "completed"}}}',
    ],
)
def test_nonsense_is_no_notification(body: bytes) -> None:
    with pytest.raises(MalformedNotification):
        read_notification(body)


# Inventory and billing: what belongs to customers


async def test_products_by_owner(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f"[{PRODUCT}, {PRODUCT}]")

    owned = await InventoryBackend(http).products_of(["cust-2", "cust-1", "cust-3"])

    assert owned == {"cust-2": (LINE,), "cust-1": (LINE,), "cust-3": ()}
    assert path_of(asked(backend)) == "GET product"
    assert asked(backend).query["relatedParty.id"] == "cust-1,cust-2,cust-3"


async def test_accounts_by_owner(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f"[{ACCOUNT}]")

    owned = await BillingBackend(http).accounts_of(["cust-1", "payer-1"])

    assert owned == {"cust-1": (JEANS,), "payer-1": ()}
    assert path_of(asked(backend)) == "GET billingAccount"


async def test_a_product_is_recorded(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, PRODUCT, status=201)
    new = NewProduct(name="Fibre 500", offering_id="fibre-500", customer_id="cust-1", order_id="o", order_item_id="i")
    bare: dict[str, object] = {
        "name": "Fibre 500",
        "status": "pendingActive",
        "isBundle": False,
        "productOffering": {"id": "fibre-500"},
        "relatedParty": [{"id": "cust-1", "role": "customer", "@referredType": "Customer"}],
        "productOrderItem": [{"productOrderId": "o", "orderItemId": "i"}],
        "productCharacteristic": [],
    }

    assert await InventoryBackend(http).create(new, key="k") == LINE

    assert (path_of(asked(backend)), asked(backend).json) == ("POST product", bare)


async def test_a_product_is_recorded_with_all_that_is_known(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, PRODUCT, status=201)
    new = NewProduct(
        name="Family",
        offering_id="family",
        customer_id="cust-1",
        order_id="o",
        order_item_id="i",
        is_bundle=True,
        specification_id="spec",
        billing_account_id="1513",
        place_id="addr-1",
        characteristics={"router": "own"},
        status="created",
    )

    await InventoryBackend(http).create(new, key="k")

    assert asked(backend).json == {
        "name": "Family",
        "status": "created",
        "isBundle": True,
        "productOffering": {"id": "family"},
        "relatedParty": [{"id": "cust-1", "role": "customer", "@referredType": "Customer"}],
        "productOrderItem": [{"productOrderId": "o", "orderItemId": "i"}],
        "productCharacteristic": [{"name": "router", "value": "own"}],
        "productSpecification": {"id": "spec"},
        "billingAccount": {"id": "1513"},
        "place": [{"id": "addr-1", "role": "installationAddress"}],
    }


async def test_a_products_status_is_patched(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, PRODUCT)

    assert await InventoryBackend(http).set_status("prod-1", "active", key="k", start_date=EIGHT) == LINE

    assert path_of(asked(backend)) == "PATCH product/prod-1"
    assert asked(backend).json == {"status": "active", "startDate": "2026-03-02T08:00:00+00:00"}


async def test_an_account_is_opened(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, ACCOUNT, status=201)

    assert await BillingBackend(http).open_account("cust-1", "Jean", key="k") == JEANS

    assert path_of(asked(backend)) == "POST billingAccount"
    assert asked(backend).json == {
        "name": "Account of Jean",
        "relatedParty": [{"id": "cust-1", "name": "Jean", "role": "customer"}],
    }
