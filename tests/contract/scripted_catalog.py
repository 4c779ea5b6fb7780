"""A catalog that answers as a test says, with a bundle and an offering, and what is to be read from them."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from connectors.catalog import (
    BundledOffering,
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
)
from tests.contract.scripted_backend import Reply, ScriptedBackend

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
