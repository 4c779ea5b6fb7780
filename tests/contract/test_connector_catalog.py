"""The catalog: offerings read whole from recorded TMF620 v4 answers, in few calls, and kept for a while."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from connectors.base import BackendFailure, BackendHttp, FailureKind
from connectors.catalog import (
    EVENTS,
    CatalogBackend,
    CatalogChange,
    CatalogResource,
    CharacteristicValue,
    read_catalog_event,
)
from connectors.wire import MalformedNotification
from tests.contract.scripted_backend import scripted_backend
from tests.contract.scripted_catalog import BUNDLE, FAMILY, FIBRE, OFFERING, PRICES, SPECIFICATION, Catalog


@pytest.fixture
async def backend() -> AsyncIterator[Catalog]:
    catalog = Catalog()
    catalog.has(
        productOffering=f"[{OFFERING}, {BUNDLE}]",
        productSpecification=f"[{SPECIFICATION}]",
        productOfferingPrice=PRICES,
    )
    async with scripted_backend(catalog):
        yield catalog


@pytest.fixture
def catalog(http: BackendHttp) -> CatalogBackend:
    return CatalogBackend(http)


async def test_an_offering_is_read_whole(catalog: CatalogBackend) -> None:
    assert await catalog.offerings_by_ids(["fibre-500", "family", "unknown"]) == {"fibre-500": FIBRE, "family": FAMILY}


async def test_offerings_are_three_calls_and_then_none(backend: Catalog, catalog: CatalogBackend) -> None:
    await catalog.offerings_by_ids(["fibre-500", "family"])
    assert sorted(backend.calls) == ["productOffering", "productOfferingPrice", "productSpecification"]
    assert {r.path.rsplit("/", 1)[-1]: r.query["id"] for r in backend.received} == {
        "productOffering": "family,fibre-500",
        "productOfferingPrice": "p-inside,p-month,p-once,p-quarter,p-use",
        "productSpecification": "spec-fibre",
    }

    assert await catalog.offerings_by_ids(["family"]) == {"family": FAMILY}
    assert len(backend.received) == 3


async def test_prices_and_specifications_are_asked_for_side_by_side(backend: Catalog, catalog: CatalogBackend) -> None:
    go = asyncio.Event()
    backend.has(productOffering=f"[{OFFERING}]", productSpecification=f"[{SPECIFICATION}]", productOfferingPrice=PRICES)
    backend.hold("productSpecification", go)
    backend.hold("productOfferingPrice", go)

    reading = asyncio.create_task(catalog.offerings_by_ids(["fibre-500"]))
    await backend.until_received(3)
    go.set()

    assert await reading == {"fibre-500": FIBRE}


async def test_an_offering_that_was_unknown_is_asked_for_again(backend: Catalog, catalog: CatalogBackend) -> None:
    assert "later" not in await catalog.offerings_by_ids(["later"])
    assert "later" not in await catalog.offerings_by_ids(["later"])

    assert backend.calls.count("productOffering") == 2


async def test_a_search_is_asked_in_the_words_of_tmf630_and_fills_the_memory(
    backend: Catalog, catalog: CatalogBackend
) -> None:
    page = await catalog.search_offerings(
        category="fibre", name="Fibre (5", lifecycle_status="Active", offset=20, limit=10
    )

    assert (page.items, page.total) == ((FIBRE, FAMILY), 22)
    assert dict(backend.received[0].query) == {
        "offset": "20",
        "limit": "10",
        "category.id": "fibre",
        "name.regex": r"(?i)Fibre\ \(5",
        "lifecycleStatus": "Active",
    }
    assert await catalog.offerings_by_ids(["fibre-500"]) == {"fibre-500": FIBRE}
    assert backend.calls.count("productOffering") == 1


async def test_a_search_without_wishes_asks_for_all_and_believes_the_total(
    backend: Catalog, catalog: CatalogBackend
) -> None:
    backend.has(productOffering=f"[{BUNDLE}]", productOfferingPrice=PRICES)
    backend.total = "46"

    page = await catalog.search_offerings(offset=0, limit=1)

    assert (page.items, page.total) == ((FAMILY,), 46)
    assert dict(backend.received[0].query) == {"offset": "0", "limit": "1"}


async def test_a_changed_catalog_is_read_anew(backend: Catalog, catalog: CatalogBackend) -> None:
    await catalog.offerings_by_ids(["fibre-500"])
    backend.has(
        productOffering=f"[{OFFERING}]",
        productSpecification=f"[{SPECIFICATION}]",
        productOfferingPrice=PRICES.replace("39.99", "44.99"),
    )
    assert (await catalog.offerings_by_ids(["fibre-500"]))["fibre-500"].prices[0].amount == Decimal("39.99")

    catalog.invalidate()

    assert (await catalog.offerings_by_ids(["fibre-500"]))["fibre-500"].prices[0].amount == Decimal("44.99")


@pytest.mark.parametrize("by_search", [False, True], ids=["by id", "by search"])
async def test_what_was_being_read_when_the_catalog_changed_is_not_kept(
    backend: Catalog, catalog: CatalogBackend, by_search: bool
) -> None:
    go = asyncio.Event()
    backend.has(productOffering=f"[{BUNDLE}]", productOfferingPrice=PRICES)
    backend.hold("productOffering", go)
    reading: asyncio.Task[object] = asyncio.create_task(
        catalog.search_offerings(offset=0, limit=9) if by_search else catalog.offerings_by_ids(["family"])
    )
    await backend.until_received(1)
    catalog.invalidate()
    go.set()
    await reading

    backend.has(productOffering=f"[{BUNDLE.replace('In test', 'Active')}]", productOfferingPrice=PRICES)

    assert (await catalog.offerings_by_ids(["family"]))["family"].lifecycle_status == "Active"


CHANGES = [
    (CatalogChange(CatalogResource.OFFERING, "family"), "productOffering", "family"),
    (CatalogChange(CatalogResource.SPECIFICATION, "spec-fibre"), "productOffering", "fibre-500"),
    (CatalogChange(CatalogResource.PRICE, "p-inside"), "productOfferingPrice", "p-inside"),
]


@pytest.mark.parametrize(("change", "resource", "asked"), CHANGES, ids=[c.resource for c, _, _ in CHANGES])
async def test_only_what_a_change_concerns_is_read_anew(
    backend: Catalog, catalog: CatalogBackend, change: CatalogChange, resource: str, asked: str
) -> None:
    await catalog.offerings_by_ids(["fibre-500", "family"])
    backend.received.clear()

    catalog.invalidate(change)
    await catalog.offerings_by_ids(["fibre-500", "family"])

    assert [r.query["id"] for r in backend.received if r.path.endswith(f"/{resource}")] == [
        "family,fibre-500" if change.resource is CatalogResource.PRICE and resource == "productOffering" else asked
    ]


async def test_a_price_that_is_not_asked_is_left_out(backend: Catalog, catalog: CatalogBackend) -> None:
    retired = PRICES.replace('"lifecycleStatus": "launched"', '"lifecycleStatus": "Retired"')
    backend.has(productOffering=f"[{BUNDLE}]", productOfferingPrice=retired)
    assert [part.prices for part in (await catalog.offerings_by_ids(["family"]))["family"].bundled] == [(), ()]

    backend.has(productOffering=f"[{BUNDLE}]", productOfferingPrice=PRICES)
    catalog.invalidate(CatalogChange(CatalogResource.PRICE, "p-inside"))

    (mobile, _) = (await catalog.offerings_by_ids(["family"]))["family"].bundled
    assert [price.id for price in mobile.prices] == ["p-inside"]


def test_an_offering_narrows_its_specification() -> None:
    router, *others = FIBRE.characteristics

    assert (router.values, router.required) == ((CharacteristicValue(value="own", is_default=True),), True)
    assert FIBRE.specification is not None
    assert tuple(others) == FIBRE.specification.characteristics[1:]
    assert (FIBRE.agreement_required, FAMILY.agreement_required, FAMILY.characteristics) == (True, False, ())


@pytest.mark.parametrize(("name", "value"), [("minimumAge", "old"), ("signatureRequired", "maybe")])
async def test_a_limit_that_cannot_be_understood_is_no_limit_ignored(
    backend: Catalog, catalog: CatalogBackend, name: str, value: str
) -> None:
    limit = f'"productOfferingCharacteristic": [{{"name": "{name}", "value": "{value}"}}], "isBundle": true'
    limited = BUNDLE.replace('"isBundle": true', limit)
    backend.has(productOffering=f"[{limited}]", productOfferingPrice=PRICES)

    with pytest.raises(BackendFailure) as raised:
        await catalog.offerings_by_ids(["family"])

    assert (raised.value.kind, value in raised.value.detail) == (FailureKind.MALFORMED, True)


async def test_the_catalog_is_asked_to_tell_of_every_change(backend: Catalog, catalog: CatalogBackend) -> None:
    backend.has(hub='{"id": "hub-1"}')

    await catalog.register_listener("http://gateway:8000")

    assert backend.received[0].json == {"callback": "http://gateway:8000", "query": f"eventType={','.join(EVENTS)}"}
    assert {"productOfferingCreateEvent", "productOfferingPriceAttributeValueChangeEvent"} <= set(EVENTS)


@pytest.mark.parametrize("resource", list(CatalogResource))
def test_an_event_says_what_has_changed(resource: CatalogResource) -> None:
    body = f"""{{"eventType": "Whatever", "eventTime": "2026-03-02T08:00:00Z", "correlationId": null,
      "event": {{"{resource}": {{"id": "x", "name": "X", "lastUpdate": "2026-03-02T08:00:00Z"}}}}}}"""

    assert read_catalog_event(body.encode()) == CatalogChange(resource, "x")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"event": null}', b'{"event": {}}', b'{"event": {"category": {"id": "c"}}}', b'{"event": {"x": 1}}'],
)
def test_nonsense_is_no_event(body: bytes) -> None:
    with pytest.raises(MalformedNotification):
        read_catalog_event(body)


@pytest.mark.parametrize("gone", ["productSpecification", "productOfferingPrice"])
async def test_an_offering_is_never_read_without_its_price_or_specification(
    backend: Catalog, catalog: CatalogBackend, gone: str
) -> None:
    left = {"productSpecification": f"[{SPECIFICATION}]", "productOfferingPrice": PRICES, gone: "[]"}
    backend.has(productOffering=f"[{OFFERING}]", **left)

    with pytest.raises(BackendFailure) as raised:
        await catalog.offerings_by_ids(["fibre-500"])

    assert (raised.value.kind, raised.value.retryable) == (FailureKind.MALFORMED, False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"priceType": "oneTime"', '"priceType": "barter"'),
        ('"value": 39.99', '"value": "much"'),
        ('"price": {"unit": "EUR", "value": 2}', '"price": null'),
        ('{"unit": "EUR", "value": 0.1}', '{"value": 0.1}'),
    ],
)
async def test_a_price_that_cannot_be_understood_is_no_price(
    backend: Catalog, catalog: CatalogBackend, old: str, new: str
) -> None:
    assert old in PRICES
    backend.has(
        productOffering=f"[{OFFERING}]",
        productSpecification=f"[{SPECIFICATION}]",
        productOfferingPrice=PRICES.replace(old, new),
    )

    with pytest.raises(BackendFailure) as raised:
        await catalog.offerings_by_ids(["fibre-500"])

    assert raised.value.kind is FailureKind.MALFORMED


async def test_a_validity_without_an_offset_is_not_guessed(backend: Catalog, catalog: CatalogBackend) -> None:
    backend.has(productOffering=f"[{OFFERING.replace('2025-01-01T00:00:00Z', '2025-01-01T00:00:00')}]")

    with pytest.raises(BackendFailure) as raised:
        await catalog.offerings_by_ids(["fibre-500"])

    assert raised.value.kind is FailureKind.MALFORMED
