"""The same calls in either generation of the Open APIs bring the same typed results."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal

import aiohttp
import msgspec
import pytest

from connectors.backends import APIS, Backends, connect
from connectors.base import BackendConfig, Dialect
from connectors.catalog import CatalogBackend, OfferingPrice, PriceAlteration, PriceType, read_catalog_event
from connectors.customer import CustomerBackend
from connectors.inventory import (
    InventoryBackend,
    ProductAlteration,
    ProductPrice,
    ProductRelationship,
    ProductTerm,
    Suspension,
)
from connectors.provisioning import ProvisioningBackend, ServiceOrder, ServiceOrderState, read_notification
from tests.contract.running_mock import NOW, change, product, service_order
from tests.contract.scripted_backend import Reply, ScriptedBackend, asked, calling, scripted_backend
from tests.harness import MockControl, until

SPEAKING_BOTH = {name for name, apis in APIS.items() if any(api.v5 for api in apis.values())}


@asynccontextmanager
async def speaking(mock: MockControl, dialect: Dialect) -> AsyncIterator[Backends]:
    """All clients, those that can in this dialect."""
    config = BackendConfig(base_url=mock.url, deadline=5.0, attempts=2)
    v5 = msgspec.structs.replace(config, dialect=dialect)
    async with connect({name: v5 if name in SPEAKING_BOTH else config for name in APIS}) as backends:
        yield backends


@pytest.fixture(params=list(Dialect))
async def backends(mock: MockControl, request: pytest.FixtureRequest) -> AsyncIterator[Backends]:
    async with speaking(mock, request.param) as backends:
        yield backends


def test_four_backends_speak_both_dialects() -> None:
    published = {name: {number: api.v5 for number, api in APIS[name].items()} for name in SPEAKING_BOTH}
    assert published == {
        "catalog": {"TMF620": "productCatalogManagement/v5"},
        "customer": {
            "TMF629": "customerManagement/v5",
            "TMF632": "partyManagement/v5",
            "TMF669": "partyRoleManagement/v5",
        },
        "provisioning": {"TMF641": "serviceOrdering/v5"},
        "inventory": {"TMF637": "productInventory/v5", "TMF639": "resourceInventoryManagement/v5"},
    }


EVERYTHING = [f"cust-{n}" for n in range(1001, 1031)]
READS: dict[str, Callable[[Backends], Awaitable[object]]] = {
    "the catalog": lambda b: b.catalog.search_offerings(offset=0, limit=100),
    "offerings": lambda b: b.catalog.offerings_by_ids(["family-bundle", "fibre-student", "14344", "mobile-pair"]),
    "a category": lambda b: b.catalog.search_offerings(category="tv", name="sport", offset=0, limit=9),
    "customers": lambda b: b.customer.by_ids(["cust-1002", "cust-1003", "cust-2001", "nobody"]),
    "customers by name": lambda b: b.customer.search("lindq", offset=0, limit=3),
    "parties": lambda b: b.customer.parties_by_ids(["ind-1003", "org-2001-1", "nobody"]),
    "party roles": lambda b: b.customer.roles_of(["dealer-110", "affiliate-1", "org-2001"]),
    "owned products": lambda b: b.inventory.products_of(EVERYTHING),
    "products by id": lambda b: b.inventory.by_ids(["prod-1003", "none"]),
    "products at places": lambda b: b.inventory.products_at(["addr-1153", "addr-1006"]),
    "the network": lambda b: b.inventory.resources_of(["addr-1180"]),
    "the network as seen": lambda b: b.inventory.discovered_of(["addr-1180"]),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_what_is_read_is_the_same(mock: MockControl, read: Callable[[Backends], Awaitable[object]]) -> None:
    async with speaking(mock, Dialect.V4) as v4, speaking(mock, Dialect.V5) as v5:
        old, new = await read(v4), await read(v5)

    assert old == new
    assert old


async def test_faults_and_counts_are_those_of_the_backend_in_either_dialect(
    mock: MockControl, backends: Backends
) -> None:
    await mock.fault("inventory", failNext=1, operations=["GET product"])

    assert await backends.inventory.by_ids(["prod-1003"])

    assert (await mock.requests())["inventory"] == {"GET product": 2}


async def test_v5_takes_no_write_that_does_not_say_its_type(mock: MockControl) -> None:
    with pytest.raises(aiohttp.ClientResponseError) as refused:
        await change(mock, "/customerManagement/v5/customer/cust-1042", {"status": "suspended"})

    assert refused.value.status == 400


async def test_what_is_known_of_a_product_is_kept_in_either_dialect(backends: Backends) -> None:
    inventory, dialect = backends.inventory, backends.http["inventory"].dialect
    half = ProductAlteration(name="start", percentage=Decimal(50), periods=3, priority=1)
    off = ProductAlteration(name="online", amount=Decimal("5.5"))
    fee = ProductPrice(
        name="fee",
        price_type="recurring",
        amount=Decimal("19.99"),
        currency="EUR",
        tax_rate=Decimal(19),
        period="month",
        alterations=(half, off),
    )
    wanted = msgspec.structs.replace(product(f"known-{dialect}", "cust-1043"), prices=(fee,))
    created = await inventory.create(wanted, key=f"known-{dialect}")
    term = ProductTerm(name="12 months", amount=12, unit="month", starts_at=NOW, ends_at=NOW + timedelta(days=365))
    active = await inventory.set_status(
        created.id,
        "active",
        key=f"known-active-{dialect}",
        start_date=NOW,
        terms=(term,),
        relationships=(ProductRelationship(type="reliesOn", product_id="prod-1003"),),
    )
    how = Suspension(reason="a bill", originator="credit", scope="data", billing="pause", resumes_at=NOW)
    resting = await inventory.suspend(created.id, how, key=f"known-rest-{dialect}")
    changed = await inventory.change(
        created.id, {"boxColour": "black"}, offering_id="tv-family", name="TV Family", key=f"known-change-{dialect}"
    )
    back = await inventory.resume(created.id, key=f"known-back-{dialect}")
    another = msgspec.structs.replace(term, starts_at=term.ends_at, ends_at=NOW + timedelta(days=730))
    renewed = await inventory.renew(created.id, another, key=f"known-renew-{dialect}")
    again = await inventory.renew(created.id, another, key=f"known-renew-{dialect}")

    assert created.order_item == (f"known-{dialect}", "1")
    assert active is not None and resting is not None and changed is not None
    assert back is not None and renewed is not None
    assert (active.prices, active.terms) == ((fee,), (term,))
    assert active.relationships == (ProductRelationship(type="reliesOn", product_id="prod-1003"),)
    assert (resting.status, resting.suspension, resting.characteristics) == ("suspended", how, {"boxColour": "white"})
    assert (changed.suspension, changed.characteristics) == (how, {"boxColour": "black"}), "it rests all the same"
    assert (back.status, back.suspension, back.characteristics) == ("active", None, {"boxColour": "black"})
    assert renewed == again
    assert (renewed.terms, renewed.term_ends_at) == ((term, another), another.ends_at)
    for nothing in (inventory.suspend("none", how, key="n1"), inventory.resume("none", key="n2")):
        assert await nothing is None
    assert await inventory.renew("none", term, key="n3") is None
    assert await inventory.change("none", {}, offering_id="o", name="O", key="n4") is None


async def test_a_product_is_recorded_and_moved(backends: Backends) -> None:
    dialect = backends.http["inventory"].dialect

    wanted = msgspec.structs.replace(
        product(f"order-{dialect}", "cust-1040"),
        place_id="addr-1040",
        billing_account_id="ba-1040",
        specification_id="spec-tv",
    )

    created = await backends.inventory.create(wanted, key=f"product-{dialect}")
    again = await backends.inventory.create(wanted, key=f"product-{dialect}")
    active = await backends.inventory.set_status(created.id, "active", key=f"active-{dialect}", start_date=NOW)

    assert created == again
    assert (created.customer_ids, created.place_id, created.billing_account_id, created.specification_id) == (
        ("cust-1040",),
        "addr-1040",
        "ba-1040",
        "spec-tv",
    )
    assert created.characteristics == {"boxColour": "white"}
    assert active is not None and (active.status, active.start_date) == ("active", NOW)
    assert await backends.inventory.by_ids([created.id]) == {created.id: active}
    assert active in (await backends.inventory.products_of(["cust-1040"]))["cust-1040"]
    assert await backends.inventory.set_status("none", "active", key=f"none-{dialect}") is None


async def test_a_product_gets_another_owner_and_another_place(backends: Backends) -> None:
    dialect, inventory = backends.http["inventory"].dialect, backends.inventory
    created = await inventory.create(product(f"handed-over-{dialect}", "cust-1040"), key=f"handed-over-{dialect}")

    for _ in range(2):
        changed = await inventory.change_owner(
            created.id, "cust-1042", billing_account_id="ba-1042", key=f"owner-{dialect}"
        )
        moved = await inventory.change_place(created.id, "addr-1042", key=f"place-{dialect}")

    assert changed is not None and (changed.customer_ids, changed.billing_account_id) == (("cust-1042",), "ba-1042")
    assert moved is not None and (moved.id, moved.place_id, moved.status) == (created.id, "addr-1042", created.status)
    assert moved in (await inventory.products_of(["cust-1042"]))["cust-1042"]
    assert created.id not in {p.id for p in (await inventory.products_of(["cust-1040"]))["cust-1040"]}
    assert await inventory.change_owner("none", "cust-1042", billing_account_id=None, key=f"none-{dialect}") is None
    assert await inventory.change_place("none", "addr-1042", key=f"nowhere-{dialect}") is None


async def test_a_customers_status(backends: Backends) -> None:
    dialect = backends.http["customer"].dialect

    changed = await backends.customer.set_status("cust-1041", "suspended", key=f"status-{dialect}")

    assert changed is not None and changed.status == "suspended"
    assert await backends.customer.by_ids(["cust-1041"]) == {"cust-1041": changed}


async def test_a_service_order_and_what_is_told_of_it(backends: Backends) -> None:
    dialect = backends.http["provisioning"].dialect
    task = f"order:{dialect}:0"
    async with scripted_backend() as listener:
        listener.answer(Reply(status=204))
        await backends.provisioning.register_listener(listener.url)
        created = await backends.provisioning.create(
            service_order(task, **{"mock.fail": "true"}), key=f"service-{dialect}"
        )
        await listener.until_received(2)

        async def ended() -> ServiceOrder | None:
            found = (await backends.provisioning.by_ids([created.id]))[created.id]
            return found if found.state.ended else None

        failed = await until(ended)

    assert (created.state, created.external_id) == (ServiceOrderState.ACKNOWLEDGED, task)
    assert failed is not None
    assert (failed.state, failed.external_id, bool(failed.problem)) == (ServiceOrderState.FAILED, task, True)
    told = [read_notification(request.body) for request in listener.received]
    assert failed in told


async def test_a_change_of_the_catalog(mock: MockControl, backends: Backends) -> None:
    async def alteration() -> PriceAlteration:
        (price,) = (await backends.catalog.offerings_by_ids(["tv-family"]))["tv-family"].prices
        return price.alterations[0]

    before = await alteration()
    periods = (before.periods or 0) + 1
    async with scripted_backend() as listener:
        listener.answer(Reply(status=204))
        await backends.catalog.register_listener(listener.url)
        path = "/tmf-api/productCatalogManagement/v4/productOfferingPrice/tv-family-monthly"
        free = {"name": before.name, "percentage": 100, "applicationDuration": periods, "priority": 1}
        await change(mock, path, {"priceAlteration": [free]})
        await listener.until_received(1)
    assert await alteration() == before

    backends.catalog.invalidate(read_catalog_event(listener.received[0].body))

    assert (await alteration()).periods == periods


# v5 on the wire


CUSTOMER_V5 = b"""[{
  "id": "1140", "name": "Moon Football Club", "status": "Approved", "@type": "Customer",
  "engagedParty": {"id": "500", "@type": "PartyRef", "@referredType": "Organization", "name": "Happy Travellers"},
  "contactMedium": [
    {"@type": "EmailContactMedium", "preferred": false, "contactType": "primary", "emailAddress": "a@mail.example"},
    {"@type": "PhoneContactMedium", "preferred": true, "phoneNumber": "+49 40 1"},
    {"@type": "GeographicAddressContactMedium", "city": "Hamburg"}],
  "characteristic": [{"name": "vip", "valueType": "boolean", "value": true, "@type": "BooleanCharacteristic"}],
  "relatedParty": [{"role": "AccountManager", "@type": "RelatedPartyRefOrPartyRoleRef",
    "partyOrPartyRole": {"id": "45", "@type": "PartyRef"}}]
}]"""


async def test_a_recorded_customer(backend: ScriptedBackend) -> None:
    backend.answer(Reply(body=CUSTOMER_V5))

    async with calling(backend.url, dialect="v5") as http:
        customer = (await CustomerBackend(http).by_ids(["1140"]))["1140"]

    assert (customer.email, customer.phone, customer.preferred_medium) == ("a@mail.example", "+49 40 1", "sms")
    assert (customer.party_id, customer.party_type, customer.vip) == ("500", "Organization", True)


async def test_a_recorded_individual(backend: ScriptedBackend) -> None:
    individual = b"""[{"id": "42", "name": "Jane Lamborgizzia", "givenName": "Jane", "familyName": "Lamborgizzia",
      "birthDate": "1967-09-26T05:00:00.246Z", "status": "validated", "@type": "Individual"}]"""
    backend.answer(Reply(body=individual), Reply(body=[]))

    async with calling(backend.url, dialect="v5") as http:
        party = (await CustomerBackend(http).parties_by_ids(["42"]))["42"]

    assert (party.name, party.birth_date) == ("Jane Lamborgizzia", date(1967, 9, 26))


PRICE_V5 = b"""[{
  "id": "1747", "name": "Recurring Charge for Business Firewall", "priceType": "recurring", "lifecycleStatus": "Active",
  "recurringChargePeriodType": "monthly", "recurringChargePeriodLength": 1, "isBundle": false, "percentage": 0,
  "unitOfMeasure": {"amount": 1, "units": "Month"}, "price": {"unit": "EUR", "value": 50},
  "tax": [{"taxAmount": {"unit": "EUR", "value": 10}, "taxCategory": "VAT", "taxRate": 20, "@type": "TaxItem"}],
  "popRelationship": [
    {"id": "1741", "relationshipType": "discountedBy", "role": "A-Charge",
     "@referredType": "ProductOfferingPriceAlteration", "@type": "ProductOfferingPriceRelationship"},
    {"id": "1700", "relationshipType": "replaces"}],
  "@type": "ProductOfferingPrice"
}]"""
ALTERATION_V5 = b"""[{"id": "1741", "name": "Welcome", "priceType": "recurring", "percentage": 20, "priority": 1,
  "applicationDuration": {"amount": 3, "units": "month"}, "@type": "ProductOfferingPriceAlteration"}]"""


async def test_a_recorded_price_and_what_alters_it(backend: ScriptedBackend) -> None:
    offering = [{"id": "o", "name": "O", "lifecycleStatus": "Active", "productOfferingPrice": [{"id": "1747"}]}]
    backend.answer(Reply(body=offering), Reply(body=PRICE_V5), Reply(body=ALTERATION_V5))

    async with calling(backend.url, dialect="v5") as http:
        (price,) = (await CatalogBackend(http).offerings_by_ids(["o"]))["o"].prices

    assert price == OfferingPrice(
        id="1747",
        name="Recurring Charge for Business Firewall",
        price_type=PriceType.RECURRING,
        amount=Decimal(50),
        currency="EUR",
        lifecycle_status="Active",
        tax_rate=Decimal(20),
        period="month",
        unit_of_measure="Month",
        alterations=(PriceAlteration(name="Welcome", percentage=Decimal(20), periods=3, priority=1),),
    )
    assert [request.query["id"] for request in backend.received] == ["o", "1747", "1741"]


async def test_a_product_as_v5_is_told(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=201, body={"id": "p", "status": "created", "name": "n"}))
    new = msgspec.structs.replace(
        product("o-1"),
        place_id="addr-1",
        specification_id="spec",
        billing_account_id="ba-1",
        characteristics={"a": "b"},
    )

    async with calling(backend.url, dialect="v5") as http:
        await InventoryBackend(http).create(new, key="k")

    assert asked(backend).path == "/some/v5/product"
    assert asked(backend).json == {
        "@type": "Product",
        "name": "TV Family",
        "status": "pendingActive",
        "isBundle": False,
        "productOffering": {"@type": "ProductOfferingRef", "id": "tv-family"},
        "productSpecification": {"@type": "ProductSpecificationRef", "id": "spec"},
        "billingAccount": {"@type": "BillingAccountRef", "id": "ba-1"},
        "relatedParty": [
            {
                "@type": "RelatedPartyRefOrPartyRoleRef",
                "role": "customer",
                "partyOrPartyRole": {"@type": "PartyRoleRef", "@referredType": "Customer", "id": "cust-1001"},
            }
        ],
        "place": [
            {
                "@type": "RelatedPlaceRefOrValue",
                "role": "installationAddress",
                "place": {"@type": "PlaceRef", "@referredType": "GeographicAddress", "id": "addr-1"},
            }
        ],
        "productOrderItem": [{"@type": "RelatedOrderItem", "productOrderId": "o-1", "orderItemId": "1"}],
        "productCharacteristic": [{"@type": "StringCharacteristic", "name": "a", "value": "b", "valueType": "string"}],
    }


async def test_a_service_order_as_v5_is_told(backend: ScriptedBackend) -> None:
    answer = {
        "id": "so-1",
        "state": "failed",
        "externalReference": [{"@type": "ExternalReference", "id": "o:t:0", "name": "o:t:0"}],
        "errorMessage": [{"code": "E17", "message": "no port", "@type": "ServiceOrderErrorMessage"}],
        "@type": "ServiceOrder",
    }
    backend.answer(Reply(status=201, body=answer))

    async with calling(backend.url, dialect="v5") as http:
        made = await ProvisioningBackend(http).create(service_order("o:t:0", a="b"), key="k")

    assert made == ServiceOrder(id="so-1", state=ServiceOrderState.FAILED, external_id="o:t:0", problem="no port")
    assert asked(backend).json == {
        "@type": "ServiceOrder",
        "externalReference": [
            {"@type": "ExternalReference", "externalReferenceType": "task", "id": "o:t:0", "name": "o:t:0"}
        ],
        "description": "Television",
        "serviceOrderItem": [
            {
                "@type": "ServiceOrderItem",
                "id": "1",
                "action": "add",
                "service": {
                    "@type": "Service",
                    "serviceSpecification": {"@type": "ServiceSpecificationRef", "id": "cfs-tv"},
                    "serviceCharacteristic": [
                        {"@type": "StringCharacteristic", "name": "a", "valueType": "string", "value": "b"}
                    ],
                    "place": [
                        {
                            "@type": "RelatedPlaceRefOrValue",
                            "role": "installationAddress",
                            "place": {"@type": "PlaceRef", "id": "addr-1001", "@referredType": "GeographicAddress"},
                        }
                    ],
                },
            }
        ],
    }


def test_identifiers_as_tmf622_writes_them_are_read_too() -> None:
    body = b"""{"eventType": "ServiceOrderStateChangeEvent", "event": {"serviceOrder": {
      "id": "so-1", "state": "failed", "@type": "ServiceOrder",
      "externalId": [{"owner": "Orderway", "externalIdentifierType": "task", "id": "o:t:0"}],
      "serviceOrderErrorMessage": [{"message": "no port"}]}}}"""

    assert read_notification(body) == ServiceOrder(
        id="so-1", state=ServiceOrderState.FAILED, external_id="o:t:0", problem="no port"
    )
