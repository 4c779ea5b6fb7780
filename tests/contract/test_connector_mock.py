"""Every operation of the clients against the running mock BSS server."""

from datetime import UTC, date, datetime
from decimal import Decimal

from connectors.backends import Backends
from connectors.base import FailureKind
from connectors.catalog import PriceType, read_catalog_event
from connectors.inventory import drift
from connectors.provisioning import (
    ServiceOrder,
    ServiceOrderState,
    read_notification,
)
from tests.contract.running_mock import NOW, change, product, service_order
from tests.contract.scripted_backend import Reply, ScriptedBackend, failure_of, scripted_backend
from tests.harness import MockControl, until

# Customer


async def test_customers(backends: Backends) -> None:
    found = await backends.customer.by_ids(["cust-1001", "cust-2001", "nobody"])

    assert {c.id: (c.name, c.status, c.party_type, c.segment) for c in found.values()} == {
        "cust-1001": ("Ada Lindqvist", "active", "Individual", "consumer"),
        "cust-2001": ("Nordwind Logistik GmbH", "active", "Organization", "business"),
    }


async def test_customers_by_a_part_of_their_name(backends: Backends) -> None:
    everybody = await backends.customer.search(None, offset=0, limit=5)
    page = await backends.customer.search("LINDQ", offset=0, limit=5)
    beyond = await backends.customer.search(None, offset=1000, limit=5)

    assert (len(everybody.items), everybody.total) == (5, 200)
    assert "cust-1001" in {c.id for c in page.items}
    assert all("lindq" in c.name.lower() for c in page.items)
    assert (beyond.items, beyond.total) == ((), 200)


async def test_two_hundred_customers_are_two_calls(mock: MockControl, backends: Backends) -> None:
    pages = [await backends.customer.search(None, offset=n, limit=100) for n in (0, 100)]
    ids = [c.id for page in pages for c in page.items]
    await mock.forget_requests()

    found = await backends.customer.by_ids(ids)

    assert set(found) == set(ids)
    assert (await mock.requests())["customer"] == {"GET customer": 2}


async def test_a_customers_status(backends: Backends) -> None:
    (before,) = (await backends.customer.by_ids(["cust-1091"])).values()
    after = await backends.customer.set_status("cust-1091", "active", key="status-1")

    assert before.status == "initialized"
    assert after is not None and after.status == "active"
    assert await backends.customer.by_ids(["cust-1091"]) == {"cust-1091": after}
    assert await backends.customer.set_status("nobody", "active", key="status-2") is None


async def test_people_organizations_and_what_they_are(backends: Backends) -> None:
    parties = await backends.customer.parties_by_ids(["ind-1003", "dealer-110", "nobody"])
    roles = await backends.customer.roles_of(["dealer-110", "affiliate-1", "ind-1003"])

    assert parties["ind-1003"].birth_date == date(2007, 5, 20)
    assert (parties["dealer-110"].type, parties["dealer-110"].parent_id) == ("Organization", "dealer-100")
    assert set(parties) == {"ind-1003", "dealer-110"}
    assert {party: [role.name for role in held] for party, held in roles.items()} == {
        "dealer-110": ["dealer"],
        "affiliate-1": ["affiliate"],
        "ind-1003": [],
    }


async def test_what_is_known_of_a_customer(backends: Backends) -> None:
    found = await backends.customer.by_ids(["cust-1002", "cust-1003", "cust-2001", "cust-1090"])

    assert {i: c.vip for i, c in found.items() if c.vip} == {"cust-1002": True, "cust-2001": True}
    assert (found["cust-1002"].preferred_medium, found["cust-1003"].preferred_medium) == ("email", "sms")
    assert (found["cust-1002"].language, found["cust-1002"].market) == ("de", "DE")
    assert (found["cust-2001"].agreement_ids, list(found["cust-1003"].consents)) == (("agr-2001",), ["marketing"])
    assert found["cust-1090"].status == "closed"


# Catalog


async def test_the_whole_catalog_in_three_calls(mock: MockControl, backends: Backends) -> None:
    page = await backends.catalog.search_offerings(offset=0, limit=100)

    assert len(page.items) == page.total >= 40
    assert (await mock.requests())["catalog"] == {
        "GET productOffering": 1,
        "GET productOfferingPrice": 1,
        "GET productSpecification": 1,
    }


async def test_offerings_of_the_catalog(backends: Backends) -> None:
    found = await backends.catalog.offerings_by_ids(["family-bundle", "fibre-500", "14344", "fibre-50-legacy", "no"])
    bundle, fibre, tariff = found["family-bundle"], found["fibre-500"], found["14344"]

    assert set(found) == {"family-bundle", "fibre-500", "14344", "fibre-50-legacy"}
    assert found["fibre-50-legacy"].lifecycle_status == "Retired"
    assert {b.offering_id: (b.lower_limit, b.upper_limit) for b in bundle.bundled} == {
        "fibre-500": (1, 1),
        "tv-family": (1, 1),
        "mobile-unlimited": (1, 4),
        "device-aurora-8": (0, 2),
    }
    assert fibre.specification is not None
    assert fibre.specification.service_specification_ids == ("cfs-fibre-access",)
    router = next(c for c in fibre.specification.characteristics if c.name == "router")
    assert (router.required, {v.value for v in router.values}) == (True, {"own", "standard", "premium"})
    (fee,) = tariff.prices
    assert (fee.price_type, fee.amount, fee.currency, fee.period) == (PriceType.RECURRING, Decimal(20), "EUR", "month")
    assert [(a.name, a.percentage, a.periods) for a in fee.alterations] == [("WelcomeDiscount", Decimal(20), 3)]
    assert [(t.amount, t.unit) for t in tariff.terms] == [(12, "month")]


async def test_offerings_are_searched(backends: Backends) -> None:
    fibre = await backends.catalog.search_offerings(category="fibre", name="fibre 5", offset=0, limit=10)
    retired = await backends.catalog.search_offerings(lifecycle_status="Retired", offset=0, limit=10)

    assert "fibre-500" in {o.id for o in fibre.items}
    assert all("fibre" in o.categories and "fibre 5" in o.name.lower() for o in fibre.items)
    assert {o.lifecycle_status for o in retired.items} == {"Retired"}


async def test_the_rules_of_the_catalog(backends: Backends) -> None:
    names = ["fibre-250", "fibre-student", "tv-sport", "mobile-youth", "business-line-250", "mobile-pair"]
    found = await backends.catalog.offerings_by_ids(names)
    fibre, student, sport, youth, line, pair = (found[name] for name in names)

    assert {(r.type, r.offering_id) for r in fibre.relationships if r.type == "upgradesTo"} == {
        ("upgradesTo", "fibre-500"),
        ("upgradesTo", "fibre-1000"),
    }
    assert {r.offering_id for r in fibre.relationships if r.type == "excludes"} >= {"fibre-100", "fibre-student"}
    assert {(r.offering_id, r.role) for r in sport.relationships} == {
        ("tv-basic", "television"),
        ("tv-family", "television"),
    }
    assert (student.maximum_age, student.channels, student.places) == (30, ("online",), ("DE",))
    assert [v.value for c in student.characteristics if c.name == "router" for v in c.values] == ["standard", "own"]
    assert (youth.minimum_age, youth.maximum_age, youth.credit_check) == (None, 27, "soft")
    assert (line.credit_check, line.signature_required) == ("full", True)
    assert [price.amount for price in pair.bundled[0].prices] == [Decimal("9.99")]


async def test_a_change_of_the_catalog_is_told_and_then_read(mock: MockControl, backends: Backends) -> None:
    async def fee() -> Decimal:
        return (await backends.catalog.offerings_by_ids(["tv-kids"]))["tv-kids"].prices[0].amount

    assert await fee() == Decimal("5.99")
    async with scripted_backend() as listener:
        listener.answer(Reply(status=204))
        await backends.catalog.register_listener(listener.url)
        await backends.catalog.register_listener(listener.url)
        path = "/tmf-api/productCatalogManagement/v4/productOfferingPrice/tv-kids-monthly"
        await change(mock, path, {"price": {"unit": "EUR", "value": 6.49}})
        await listener.until_received(1)

    (told,) = listener.received
    assert told.path == "/listener/productOfferingPriceAttributeValueChangeEvent"
    assert await fee() == Decimal("5.99")
    backends.catalog.invalidate(read_catalog_event(told.body))
    assert await fee() == Decimal("6.49")


# Provisioning


async def ended(backends: Backends, service_order_id: str) -> ServiceOrder:
    async def look() -> ServiceOrder | None:
        found = (await backends.provisioning.by_ids([service_order_id]))[service_order_id]
        return found if found.state.ended else None

    order = await until(look)
    assert order is not None
    return order


def told(listener: ScriptedBackend, service_order_id: str) -> list[ServiceOrder]:
    notifications = [read_notification(r.body) for r in listener.received]
    return [n for n in notifications if n.id == service_order_id]


async def test_a_service_order_completes_and_is_told_of_once_for_each_state(backends: Backends) -> None:
    async with scripted_backend() as listener:
        listener.answer(Reply(status=204))
        await backends.provisioning.register_listener(listener.url)
        await backends.provisioning.register_listener(listener.url)

        created = await backends.provisioning.create(service_order("o:t:1"), key="so-1")
        completed = await ended(backends, created.id)
        await listener.until_received(2)

    assert (created.state, created.external_id) == (ServiceOrderState.ACKNOWLEDGED, "o:t:1")
    assert completed == ServiceOrder(id=created.id, state=ServiceOrderState.COMPLETED, external_id="o:t:1")
    assert {r.path for r in listener.received} == {"/listener/serviceOrderStateChangeEvent"}
    assert sorted(n.state for n in told(listener, created.id)) == ["completed", "inProgress"]


async def test_a_service_order_that_fails_says_why(backends: Backends) -> None:
    created = await backends.provisioning.create(service_order("o:t:2", **{"mock.fail": "true"}), key="so-2")

    failed = await ended(backends, created.id)

    assert (failed.state, bool(failed.problem)) == (ServiceOrderState.FAILED, True)


# Inventory and billing


async def test_a_product_from_its_record_to_its_owner(backends: Backends) -> None:
    created = await backends.inventory.create(product("order-1"), key="product-1")
    active = await backends.inventory.set_status(created.id, "active", key="product-2", start_date=NOW)

    assert (created.status, created.characteristics) == ("pendingActive", {"boxColour": "white"})
    assert active is not None and (active.status, active.start_date) == ("active", NOW)
    assert await backends.inventory.by_ids([created.id, "none"]) == {created.id: active}
    assert await backends.inventory.products_of(["cust-1001", "nobody"]) == {"cust-1001": (active,), "nobody": ()}
    assert await backends.inventory.set_status("none", "active", key="product-3") is None


async def test_products_of_all_customers_are_one_call_for_each_hundred(mock: MockControl, backends: Backends) -> None:
    owned = await backends.inventory.products_of([f"cust-{n}" for n in range(1001, 1131)])

    assert owned["cust-1003"][0].offering_id == "fibre-100"
    assert (await mock.requests())["inventory"] == {"GET product": 2}


async def test_the_network_at_a_place_and_where_it_drifted(backends: Backends) -> None:
    places = ["addr-1001", "addr-1180", "addr-1900"]
    recorded, seen = await backends.inventory.resources_of(places), await backends.inventory.discovered_of(places)

    assert {place: len(found) for place, found in recorded.items()} == {"addr-1001": 2, "addr-1180": 2, "addr-1900": 0}
    assert drift(recorded["addr-1001"], seen["addr-1001"]) == ()
    assert [(d.name, d.attribute) for d in drift(recorded["addr-1180"], seen["addr-1180"])] == [
        ("ont-1180", "resource_status"),
        ("ont-1180", "operational_state"),
        ("splitter-1180", None),
    ]


async def test_products_know_their_place_and_term(backends: Backends) -> None:
    (line,) = (await backends.inventory.products_at(["addr-1153"]))["addr-1153"][:1]
    found = (await backends.inventory.by_ids(["prod-1003"]))["prod-1003"]

    assert line.place_id == "addr-1153"
    assert (found.place_id, found.specification_id) == ("addr-1153", "spec-fibre-access")
    assert found.term_ends_at == datetime(2027, 3, 1, tzinfo=UTC)


async def test_an_illegal_move_of_a_product_is_refused_with_its_reason(backends: Backends) -> None:
    created = await backends.inventory.create(product("order-2", "cust-1002"), key="product-4")

    failure = await failure_of(backends.inventory.set_status(created.id, "suspended", key="product-5"))

    assert (failure.backend, failure.operation, failure.kind) == ("inventory", "patchProduct", FailureKind.REFUSED)
    assert "a product that is pendingActive does not become suspended" in failure.detail


async def test_a_key_used_for_something_else_is_refused(backends: Backends) -> None:
    await backends.inventory.create(product("order-3", "cust-1004"), key="product-6")

    failure = await failure_of(backends.inventory.create(product("order-4", "cust-1004"), key="product-6"))

    assert (failure.kind, "idempotency key" in failure.detail) == (FailureKind.REFUSED, True)


async def test_an_account_is_opened(backends: Backends) -> None:
    assert (await backends.billing.accounts_of(["cust-1001"])) == {"cust-1001": ()}

    opened = await backends.billing.open_account("cust-1001", "Ada Lindqvist", key="account-1")

    found = await backends.billing.accounts_of(["cust-1001", "ff55-hjy4"])
    assert (opened.state, opened.customer_ids) == ("active", ("cust-1001",))
    assert found["cust-1001"] == (opened,)
    assert [a.id for a in found["ff55-hjy4"]] == ["1513"]
    assert await backends.billing.by_ids([opened.id, "none"]) == {opened.id: opened}
