"""Customer and address: what is asked on the wire, and recorded v4 answers as values."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime

import pytest

from connectors.address import AddressBackend, AddressValidation, GeographicAddress, Site, ValidationResult
from connectors.backends import APIS
from connectors.base import BackendFailure, BackendHttp, FailureKind
from connectors.customer import Customer, CustomerBackend, Party, PartyRole
from connectors.inventory import InventoryBackend
from tests.contract.scripted_backend import (
    PREFIX,
    Reply,
    ScriptedBackend,
    answers,
    asked,
    path_of,
)

EIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC)

CUSTOMER = """{
  "id": "cust-1", "href": "/customer/cust-1", "name": "Ada Lindqvist", "status": "active", "statusReason": "paid",
  "validFor": {"startDateTime": "2024-01-01T00:00:00Z"}, "account": [{"id": "ba-1"}],
  "agreement": [{"id": "agr-1"}],
  "engagedParty": {"id": "ind-1", "href": "/individual/ind-1", "name": "Ada", "@referredType": "Individual"},
  "contactMedium": [
    {"mediumType": "email", "preferred": false, "characteristic": {"emailAddress": "old@mail.example"}},
    {"mediumType": "phone", "characteristic": {"phoneNumber": "+49 40 1", "contactType": "home"}},
    {"mediumType": "email", "preferred": true, "characteristic": {"emailAddress": "new@mail.example"}},
    {"mediumType": "fax"}
  ],
  "characteristic": [{"name": "score", "value": 7}, {"name": "segment", "value": "consumer"},
    {"name": "vip", "value": true}, {"name": "language", "value": "de"}, {"name": "market", "value": "DE"},
    {"name": "consent.creditCheck", "value": "2026-03-02T08:00:00Z"}, {"name": "consent.marketing", "value": "yes"}],
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
    preferred_medium="email",
    segment="consumer",
    language="de",
    market="DE",
    vip=True,
    agreement_ids=("agr-1",),
    consents={"creditCheck": EIGHT},
)
ADDRESS = """{
  "id": "addr-1", "href": "/geographicAddress/addr-1", "streetName": "Hafenstraße", "streetNr": "12",
  "postcode": "20457", "city": "Hamburg", "country": "DE", "geographicLocation": {"id": "gl-1"}, "locality": null
}"""
HARBOUR = GeographicAddress(
    id="addr-1", street_name="Hafenstraße", street_nr="12", postcode="20457", city="Hamburg", country="DE"
)


def test_the_default_paths_are_those_of_the_open_apis() -> None:
    published = {name: {number: api.v4 for number, api in apis.items()} for name, apis in APIS.items()}
    assert published == {
        "customer": {
            "TMF629": "tmf-api/customerManagement/v4",
            "TMF632": "tmf-api/party/v4",
            "TMF669": "tmf-api/partyRoleManagement/v4",
        },
        "catalog": {"TMF620": "tmf-api/productCatalogManagement/v4"},
        "address": {
            "TMF673": "tmf-api/geographicAddressManagement/v4",
            "TMF674": "tmf-api/geographicSiteManagement/v4",
        },
        "serviceability": {"TMF645": "tmf-api/serviceQualificationManagement/v4"},
        "workforce": {"TMF646": "tmf-api/appointment/v4", "TMF697": "tmf-api/workOrderManagement/v4"},
        "provisioning": {"TMF641": "tmf-api/serviceOrdering/v4"},
        "inventory": {
            "TMF637": "tmf-api/productInventory/v4",
            "TMF639": "tmf-api/resourceInventoryManagement/v4",
        },
        "billing": {
            "TMF666": "tmf-api/accountManagement/v4",
            "TMF678": "tmf-api/customerBillManagement/v4",
            "TMF676": "paymentManagement/v4",
            "TMF670": "tmf-api/paymentMethods/v4",
        },
        "channels": {
            "CHANNELS": "channelRegistry/v1",
            "TMF683": "tmf-api/partyInteraction/v4",
            "TMF681": "tmf-api/communicationManagement/v4",
            "TMF663": "tmf-api/shoppingCart/v4",
            "TMF648": "tmf-api/quoteManagement/v4",
        },
        "credit": {"TMF696": "tmf-api/riskManagement/v4"},
        "documents": {"TMF667": "tmf-api/document/v4"},
        "intelligent_network": {
            "TMF654": "tmf-api/prepayBalanceManagement/v4",
            "TMF640": "tmf-api/ServiceActivationAndConfiguration/v4",
        },
        "ledger": {"LEDGER": "generalLedger/v1"},
        "service_resources": {
            "TMF685": "tmf-api/resourcePoolManagement/v4",
            "TMF638": "tmf-api/serviceInventory/v4",
        },
    }


ByIds = Callable[[BackendHttp], Callable[[list[str]], Awaitable[object]]]
BY_IDS: list[tuple[ByIds, str, str, dict[str, object]]] = [
    (lambda http: CustomerBackend(http).by_ids, "customer", CUSTOMER, {"cust-1": ADA}),
    (lambda http: AddressBackend(http).by_ids, "geographicAddress", ADDRESS, {"addr-1": HARBOUR}),
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


INDIVIDUAL = """{
  "id": "ind-1", "givenName": "Ada", "familyName": "Lindqvist", "fullName": "Ada Lindqvist", "status": "validated",
  "birthDate": "1986-04-12T00:00:00Z", "nationality": "DE", "deathDate": null, "@type": "Individual"
}"""
ORGANIZATION = """{
  "id": "org-1", "tradingName": "Nordwind", "status": "validated", "isLegalEntity": true, "@type": "Organization",
  "organizationParentRelationship": {"relationshipType": "parent", "organization": {"id": "org-0", "name": "Holding"}}
}"""


async def test_people_and_organizations_are_found_side_by_side(backend: ScriptedBackend, http: BackendHttp) -> None:
    people, organizations = Reply(body=f"[{INDIVIDUAL}]".encode()), Reply(body=f"[{ORGANIZATION}]".encode())
    backend.answer(people, organizations)

    found = await CustomerBackend(http).parties_by_ids(["ind-1", "org-1", "unknown"])

    assert found == {
        "ind-1": Party(
            id="ind-1",
            type="Individual",
            name="Ada Lindqvist",
            status="validated",
            birth_date=date(1986, 4, 12),
            nationality="DE",
        ),
        "org-1": Party(id="org-1", type="Organization", name="Nordwind", status="validated", parent_id="org-0"),
    }
    assert sorted(path_of(request) for request in backend.received) == ["GET individual", "GET organization"]


@pytest.mark.parametrize("born", ['"1986-02-30"', '"soon"', "1986"])
async def test_a_birthday_that_cannot_be_is_not_guessed(backend: ScriptedBackend, http: BackendHttp, born: str) -> None:
    answers(backend, f'[{{"id": "ind-1", "fullName": "Ada", "birthDate": {born}}}]')

    with pytest.raises(BackendFailure) as raised:
        await CustomerBackend(http).parties_by_ids(["ind-1"])

    assert raised.value.kind is FailureKind.MALFORMED


async def test_what_a_party_is_to_the_operator(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(backend, '[{"id": "r-1", "name": "dealer", "status": "active", "engagedParty": {"id": "org-1"}}]')

    found = await CustomerBackend(http).roles_of(["org-1", "org-2"])

    assert found == {"org-1": (PartyRole(id="r-1", name="dealer", party_id="org-1", status="active"),), "org-2": ()}
    assert (path_of(asked(backend)), asked(backend).query["engagedParty.id"]) == ("GET partyRole", "org-1,org-2")


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


async def test_sites_by_owner(backend: ScriptedBackend, http: BackendHttp) -> None:
    answers(
        backend,
        """[{"id": "site-1", "name": "Office", "status": "active", "place": [{"id": "addr-1", "role": "siteAddress"}],
          "relatedParty": [{"id": "cust-1", "role": "customer"}, {"id": "x", "role": "owner"}]}, {"id": "site-2"}]""",
    )

    found = await AddressBackend(http).sites_of(["cust-1", "cust-2"])

    office = Site(id="site-1", name="Office", status="active", place_id="addr-1", customer_ids=("cust-1",))
    assert found == {"cust-1": (office,), "cust-2": ()}
    assert path_of(asked(backend)) == "GET geographicSite"
    assert asked(backend).query["relatedParty.id"] == "cust-1,cust-2"
