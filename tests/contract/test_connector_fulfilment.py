"""Provisioning and inventory: what is asked on the wire, and recorded v4 answers as values."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from connectors.base import BackendHttp
from connectors.inventory import InventoryBackend, NewProduct, Product, ProductTerm, Resource, drift
from connectors.provisioning import (
    MalformedNotification,
    NewServiceOrder,
    ProvisioningBackend,
    ServiceOrder,
    ServiceOrderItem,
    ServiceOrderState,
    read_notification,
)
from tests.contract.scripted_backend import (
    ScriptedBackend,
    answers,
    asked,
    path_of,
)

EIGHT, TEN = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)

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
  "billingAccount": {"id": "ba-1"}, "place": [{"id": "addr-1", "role": "installationAddress"}],
  "productTerm": [{"name": "a", "validFor": {"endDateTime": "2026-03-02T10:00:00Z"}}, {"name": "b"}],
  "relatedParty": [{"id": "cust-1", "role": "Customer"}, {"id": "cust-2", "role": "customer"}, {"id": "dealer-1"}],
  "productCharacteristic": [{"name": "router", "value": "own"}, {"name": "vlan", "value": 7},
    {"name": "ipv6", "value": true}, {"name": "dns", "value": ["a", 1]}, {"name": "none", "value": null}]
}"""
LINE = Product(
    id="prod-1",
    name="Fibre 500",
    status="aborted",
    offering_id="fibre-500",
    specification_id="spec-fibre",
    customer_ids=("cust-1", "cust-2"),
    billing_account_id="ba-1",
    place_id="addr-1",
    start_date=EIGHT,
    term_ends_at=TEN,
    terms=(ProductTerm(name="a", ends_at=TEN), ProductTerm(name="b")),
    characteristics={"router": "own", "vlan": "7", "ipv6": "true", "dns": '["a",1]'},
)


ByIds = Callable[[BackendHttp], Callable[[list[str]], Awaitable[object]]]
BY_IDS: list[tuple[ByIds, str, str, dict[str, object]]] = [
    (lambda http: ProvisioningBackend(http).by_ids, "serviceOrder", SERVICE_ORDER, {"so-1": FAILED}),
    (lambda http: InventoryBackend(http).by_ids, "product", PRODUCT, {"prod-1": LINE}),
]


@pytest.mark.parametrize(("by_ids", "resource", "member", "found"), BY_IDS, ids=[case[1] for case in BY_IDS])
async def test_members_by_id(
    backend: ScriptedBackend, http: BackendHttp, by_ids: ByIds, resource: str, member: str, found: dict[str, object]
) -> None:
    answers(backend, f"[{member}]")

    assert await by_ids(http)([*found, "unknown"]) == found

    assert path_of(asked(backend)) == f"GET {resource}"
    assert asked(backend).query["id"] == ",".join(sorted([*found, "unknown"]))


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


# Inventory


async def test_products_by_owner(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f"[{PRODUCT}, {PRODUCT}]")

    owned = await InventoryBackend(http).products_of(["cust-2", "cust-1", "cust-3"])

    assert owned == {"cust-2": (LINE,), "cust-1": (LINE,), "cust-3": ()}
    assert path_of(asked(backend)) == "GET product"
    assert asked(backend).query["relatedParty.id"] == "cust-1,cust-2,cust-3"


async def test_products_by_place(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f"[{PRODUCT}]")

    assert await InventoryBackend(http).products_at(["addr-1", "addr-2"]) == {"addr-1": (LINE,), "addr-2": ()}

    assert (path_of(asked(backend)), asked(backend).query["place.id"]) == ("GET product", "addr-1,addr-2")


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


# The network at a place

RECORDED = """{"id": "res-1", "name": "ont-1", "category": "ont", "place": [{"id": "addr-1"}],
  "resourceStatus": "available", "administrativeState": "unlocked", "operationalState": "enable", "usageState": "idle",
  "resourceCharacteristic": [{"name": "source", "value": "record"}]}"""
SEEN = """{"id": "seen-1", "name": "ont-1", "resourceSpecification": {"id": "ont"}, "place": [{"id": "addr-1"}],
  "resourceStatus": "alarm", "usageState": null,
  "resourceCharacteristic": [{"name": "source", "value": "discovery"}]}"""
ONT = Resource(
    id="res-1",
    name="ont-1",
    kind="ont",
    place_id="addr-1",
    resource_status="available",
    administrative_state="unlocked",
    operational_state="enable",
    usage_state="idle",
)
SEEN_ONT = Resource(id="seen-1", name="ont-1", kind="ont", place_id="addr-1", discovered=True, resource_status="alarm")


async def test_the_network_at_a_place_as_recorded_and_as_seen(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, f"[{RECORDED}, {SEEN}]")
    inventory = InventoryBackend(http)

    assert await inventory.resources_of(["addr-1", "addr-2"]) == {"addr-1": (ONT,), "addr-2": ()}
    assert await inventory.discovered_of(["addr-1", "addr-2"]) == {"addr-1": (SEEN_ONT,), "addr-2": ()}

    assert {path_of(request) for request in backend.received} == {"GET resource"}
    assert backend.received[0].query["place.id"] == "addr-1,addr-2"


def test_drift_is_what_record_and_network_do_not_agree_on() -> None:
    other, unknown = Resource(id="res-2", name="drop-1"), Resource(id="seen-2", name="splitter-1", discovered=True)

    found = drift([ONT, other], [SEEN_ONT, unknown])

    assert [(d.name, d.attribute, d.recorded, d.discovered) for d in found] == [
        ("drop-1", None, "res-2", None),
        ("ont-1", "resource_status", "available", "alarm"),
        ("splitter-1", None, None, "seen-2"),
    ]
    assert [str(d) for d in found] == [
        "drop-1 is not in the network",
        "ont-1: resource_status is alarm, on record it is available",
        "splitter-1 is not on record",
    ]


def test_what_one_side_does_not_know_is_no_drift() -> None:
    assert drift([ONT], [Resource(id="seen-1", name="ont-1", discovered=True)]) == ()
    assert drift([], []) == ()
