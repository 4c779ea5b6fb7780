"""The catalog: offerings read whole from recorded TMF620 v4 answers, in few calls, and kept for a while."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.base import BackendFailure, FailureKind
from connectors.catalog import (
    EVENTS,
    BundledOffering,
    CatalogBackend,
    CatalogChange,
    CatalogResource,
    Characteristic,
    CharacteristicUse,
    CharacteristicValue,
    OfferingPrice,
    OfferingRelationship,
    PriceAlteration,
    PriceType,
    ProductOffering,
    ProductSpecification,
    Term,
    read_catalog_event,
)
from connectors.wire import MalformedNotification
from tests.contract.scripted_backend import Reply, ScriptedBackend, calling, scripted_backend

OFFERING = """{
  "id": "fibre-500", "href": "/productOffering/fibre-500", "name": "Fibre 500", "description": "Fast", "version": "1.2",
  "isBundle": false, "isSellable": true, "lastUpdate": "2026-01-05T08:00:00Z", "lifecycleStatus": "Active",
  "validFor": {"startDateTime": "2025-01-01T00:00:00Z", "endDateTime": "2027-01-01T01:00:00+01:00"},
  "category": [{"id": "fibre", "href": "/category/fibre", "version": "1", "name": "Fibre internet"}],
  "channel": [{"id": "online", "name": "Online"}, {"id": "retail"}],
  "marketSegment": [{"id": "ms-1", "name": "consumer"}, {"id": "ms-2"}],
  "productOfferingTerm": [
    {"name": "24 months", "duration": {"amount": 24, "units": "month"}},
    {"name": "no end"}
  ],
  "productSpecification": {"id": "spec-fibre", "version": "1", "@type": "ProductSpecificationRef"},
  "productOfferingPrice": [{"id": "p-month", "name": "M"}, {"id": "p-quarter"}, {"id": "p-use"}, {"id": "p-once"}],
  "place": [{"id": "DE", "name": "Germany"}, {"id": "101"}], "agreement": [{"id": "agr-1", "name": "Frame"}],
  "productOfferingRelationship": [
    {"id": "fibre-1000", "name": "Fibre 1000", "relationshipType": "upgradesTo", "validFor": {}},
    {"id": "tv", "relationshipType": "requires", "role": "television"}],
  "prodSpecCharValueUse": [{"name": "router", "minCardinality": 1, "maxCardinality": 2,
    "productSpecCharacteristicValue": [{"value": "own", "isDefault": true}]}],
  "productOfferingCharacteristic": [
    {"name": "minimumAge", "value": 18}, {"name": "maximumAge", "value": "27"},
    {"name": "creditCheck", "value": "soft"},
    {"name": "signatureRequired", "value": true}, {"name": "x", "value": 1}],
  "bundledProductOffering": [], "@type": "ProductOffering"
}"""
BUNDLE = """{
  "id": "family", "name": "Family", "lifecycleStatus": "In test", "isBundle": true, "productSpecification": null,
  "validFor": null, "category": null, "productOfferingPrice": [],
  "bundledProductOffering": [
    {"id": "mobile", "name": "Mobile", "bundledProductOfferingOption":
      {"numberRelOfferLowerLimit": 1, "numberRelOfferUpperLimit": 4, "numberRelOfferDefault": 2},
     "productOfferingPrice": [{"id": "p-inside"}]},
    {"id": "tv"}
  ]
}"""
SPECIFICATION = """{
  "id": "spec-fibre", "name": "Fibre access", "version": "1.0", "brand": "Nordnetz", "@type": "ProductSpecification",
  "productSpecCharacteristic": [
    {"name": "router", "description": "The router", "valueType": "string", "configurable": true, "minCardinality": 1,
     "maxCardinality": 1, "productSpecCharacteristicValue": [
       {"value": "own", "isDefault": true, "validFor": {"startDateTime": "2020-01-01T00:00:00Z"}},
       {"value": "premium"}]},
    {"name": "downloadSpeed", "valueType": "integer", "configurable": false, "productSpecCharacteristicValue": [
       {"value": 500, "unitOfMeasure": "Mbit/s"}]},
    {"name": "ratio", "characteristicValueSpecification": [{"value": 1.5}, {"value": true}, {"value": {"a": [1]}}]},
    {"name": "length", "productSpecCharacteristicValue": [{"valueFrom": 1, "valueTo": 2.5, "rangeInterval": "closed"}]},
    {"name": "label", "regex": "^[a-z]+$", "productSpecCharacteristicValue": null},
    {"name": "code", "productSpecCharacteristicValue": [{"regex": "^[0-9]+$"}]}
  ],
  "serviceSpecification": [{"id": "cfs-fibre", "href": "/serviceSpecification/cfs-fibre", "name": "CFS"}],
  "resourceSpecification": [{"id": "rs-ont"}]
}"""
PRICES = """[
  {"id": "p-month", "name": "Monthly", "description": "Each month", "priceType": "recurring",
   "recurringChargePeriodType": "month", "recurringChargePeriodLength": 1, "price": {"unit": "EUR", "value": 39.99},
   "tax": [{"taxCategory": "VAT", "taxRate": 19}, {"taxCategory": "city", "taxRate": 0.5}],
   "priceAlteration": [
     {"name": "Online", "price": {"unit": "EUR", "value": 5.10}, "applicationDuration": 6, "priority": 1},
     {"name": "Family", "percentage": 12.5, "priority": 2}]},
  {"id": "p-quarter", "name": "Quarterly", "priceType": "recurring", "recurringChargePeriodType": "month",
   "recurringChargePeriodLength": 3, "price": {"unit": "EUR", "value": 0.1}, "tax": null},
  {"id": "p-use", "name": "Roaming", "priceType": "usage", "price": {"unit": "EUR", "value": 2},
   "unitOfMeasure": {"amount": 100, "units": "MB"}},
  {"id": "p-once", "name": "Start", "priceType": "oneTime", "price": {"unit": "EUR", "value": 12345678901234567.89},
   "unitOfMeasure": {"units": "piece"}},
  {"id": "p-inside", "name": "Start", "priceType": "oneTime", "price": {"unit": "EUR", "value": 5},
   "lifecycleStatus": "launched"}
]"""

FIBRE = ProductOffering(
    id="fibre-500",
    name="Fibre 500",
    description="Fast",
    version="1.2",
    lifecycle_status="Active",
    valid_from=datetime(2025, 1, 1, tzinfo=UTC),
    valid_until=datetime(2027, 1, 1, tzinfo=UTC),
    categories=("fibre",),
    channels=("online", "retail"),
    market_segments=("consumer", "ms-2"),
    places=("DE", "101"),
    agreement_ids=("agr-1",),
    relationships=(
        OfferingRelationship(type="upgradesTo", offering_id="fibre-1000", name="Fibre 1000"),
        OfferingRelationship(type="requires", offering_id="tv", role="television"),
    ),
    characteristic_uses=(
        CharacteristicUse(
            name="router",
            values=(CharacteristicValue(value="own", is_default=True),),
            minimum_cardinality=1,
            maximum_cardinality=2,
        ),
    ),
    minimum_age=18,
    maximum_age=27,
    credit_check="soft",
    signature_required=True,
    terms=(Term(name="24 months", amount=24, unit="month"),),
    prices=(
        OfferingPrice(
            id="p-month",
            name="Monthly",
            description="Each month",
            price_type=PriceType.RECURRING,
            amount=Decimal("39.99"),
            currency="EUR",
            tax_rate=Decimal("19.5"),
            period="month",
            alterations=(
                PriceAlteration(name="Online", amount=Decimal("5.10"), periods=6, priority=1),
                PriceAlteration(name="Family", percentage=Decimal("12.5"), priority=2),
            ),
        ),
        OfferingPrice(
            id="p-quarter",
            name="Quarterly",
            price_type=PriceType.RECURRING,
            amount=Decimal("0.1"),
            currency="EUR",
            period="3 month",
        ),
        OfferingPrice(
            id="p-use",
            name="Roaming",
            price_type=PriceType.USAGE,
            amount=Decimal(2),
            currency="EUR",
            unit_of_measure="100 MB",
        ),
        OfferingPrice(
            id="p-once",
            name="Start",
            price_type=PriceType.ONE_TIME,
            amount=Decimal("12345678901234567.89"),
            currency="EUR",
            unit_of_measure="piece",
        ),
    ),
    specification=ProductSpecification(
        id="spec-fibre",
        name="Fibre access",
        version="1.0",
        characteristics=(
            Characteristic(
                name="router",
                description="The router",
                value_type="string",
                required=True,
                values=(CharacteristicValue(value="own", is_default=True), CharacteristicValue(value="premium")),
            ),
            Characteristic(
                name="downloadSpeed",
                value_type="integer",
                configurable=False,
                values=(CharacteristicValue(value="500"),),
                unit_of_measure="Mbit/s",
            ),
            Characteristic(
                name="ratio",
                values=tuple(CharacteristicValue(value=text) for text in ("1.5", "true", '{"a":[1]}')),
            ),
            Characteristic(name="length", minimum=Decimal(1), maximum=Decimal("2.5")),
            Characteristic(name="label", pattern="^[a-z]+$"),
            Characteristic(name="code", pattern="^[0-9]+$"),
        ),
        service_specification_ids=("cfs-fibre",),
        resource_specification_ids=("rs-ont",),
    ),
)
FAMILY = ProductOffering(
    id="family",
    name="Family",
    lifecycle_status="In test",
    is_bundle=True,
    bundled=(
        BundledOffering(
            offering_id="mobile",
            name="Mobile",
            lower_limit=1,
            upper_limit=4,
            default=2,
            prices=(
                OfferingPrice(
                    id="p-inside",
                    name="Start",
                    price_type=PriceType.ONE_TIME,
                    amount=Decimal(5),
                    currency="EUR",
                    lifecycle_status="launched",
                ),
            ),
        ),
        BundledOffering(offering_id="tv", name="tv", lower_limit=0, upper_limit=1, default=0),
    ),
)


class Catalog(ScriptedBackend):
    """Answers by resource."""

    def __init__(self) -> None:
        super().__init__()
        self.total: str | None = None
        self._collections: Mapping[str, str] = {}
        self._later: dict[str, asyncio.Event] = {}

    def has(self, **collections: str) -> None:
        """What is in the catalog: a JSON list for each resource."""
        self._collections = collections

    def hold(self, resource: str, until: asyncio.Event) -> None:
        """Answer for this resource later."""
        self._later[resource] = until

    def reply_to(self, path: str) -> Reply:
        """The whole collection."""
        resource = path.rsplit("/", 1)[-1]
        headers = {"X-Total-Count": self.total} if self.total else {}
        return Reply(body=self._collections[resource].encode(), headers=headers, after=self._later.get(resource))

    @property
    def calls(self) -> list[str]:
        """The resources asked for, in turn."""
        return [r.path.rsplit("/", 1)[-1] for r in self.received]


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
async def catalog(backend: Catalog) -> AsyncIterator[CatalogBackend]:
    async with calling(backend.url) as http:
        yield CatalogBackend(http)


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


# Events


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
