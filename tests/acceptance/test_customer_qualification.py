"""What may a customer or prospect have here, on which conditions, and what is known when a source is silent."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from app.domain.actor import Role
from tests.channel import FOR_AN_ORDER, Json, free_slot, place
from tests.harness import Product

PHONE = "device-aurora-8-pro"
QUALIFY = """query Qualify($input: QualifyCustomerInput!) { qualifyCustomer(input: $input) {
    at partial unknownOfferingIds
    items { offeringKey result missing guaranteedUntil alternativeKeys reasons { rule message }
      conditions { kind text placeIds deposit { amount currency } } }
    evidence { source answered text reference } } }"""


async def qualified(product: Product, token: str | None = None, **given: Json) -> Json:
    return (await product.graphql(QUALIFY, {"input": given}, token=token)).whole()["qualifyCustomer"]


def items_of(found: Json) -> dict[str, Json]:
    return {item["offeringKey"]: item for item in found["items"]}


def results_of(found: Json) -> dict[str, str]:
    return {item["offeringKey"]: item["result"] for item in found["items"]}


def evidence_of(found: Json) -> dict[str, Json]:
    return {evidence["source"]: evidence for evidence in found["evidence"]}


def conditions_of(item: Json) -> list[str]:
    return [condition["kind"] for condition in item["conditions"]]


def rules(item: Json) -> list[str]:
    return [reason["rule"] for reason in item["reasons"]]


async def test_named_offerings_are_answered_in_order_and_unknown_ones_are_named(product: Product) -> None:
    found = await qualified(product, offeringIds=["tv-basic", "no-such", "mobile-m"])

    assert list(results_of(found).items()) == [("tv-basic", "CONDITIONAL"), ("mobile-m", "QUALIFIED")]
    assert conditions_of(found["items"][0]) == ["ADDRESS"]
    assert (found["unknownOfferingIds"], found["partial"]) == (["no-such"], False)


async def test_who_names_no_offering_is_answered_for_everything_that_is_sold(product: Product) -> None:
    found = await qualified(product, placeId="addr-1900")

    results = results_of(found)
    assert (len(results) > 40, "fibre-50-legacy" in results) == (True, False)
    assert (results["fibre-500"], results["mobile-m"]) == ("UNQUALIFIED", "QUALIFIED")


@pytest.mark.parametrize(
    ("address", "fibre", "wireless", "instead"),
    [
        ("addr-1900", "UNQUALIFIED", "QUALIFIED", ["fixed-wireless-100"]),
        ("addr-1902", "UNQUALIFIED", "UNQUALIFIED", []),
        ("addr-1904", "QUALIFIED", "UNQUALIFIED", []),
    ],
)
async def test_a_prospect_is_told_what_the_network_brings_there_and_what_can_be_had_instead(
    product: Product, address: str, fibre: str, wireless: str, instead: list[str]
) -> None:
    found = await qualified(product, placeId=address, offeringIds=["fibre-500", "fixed-wireless-100", "mobile-m"])

    assert results_of(found) == {"fibre-500": fibre, "fixed-wireless-100": wireless, "mobile-m": "QUALIFIED"}
    item = found["items"][0]
    assert (item["alternativeKeys"], item["guaranteedUntil"] is None) == (instead, fibre == "UNQUALIFIED")
    assert rules(item) == (["placeServiceable"] if fibre == "UNQUALIFIED" else [])
    assert all("no fibre network within 500 m" in reason["message"] for reason in item["reasons"])
    assert set(evidence_of(found)) == {"catalog", "address", "serviceability"}
    assert evidence_of(found)["serviceability"]["reference"].startswith(f"sq-{address}-")


@pytest.mark.parametrize(
    ("offering", "prospect", "channel", "rule"),
    [
        ("fibre-student", {"birthDate": "2005-03-01"}, "callCentre", "channelAllowed"),
        ("fibre-student", {"birthDate": "1980-03-01"}, "online", "ageAllowed"),
        ("mobile-youth", {}, "online", "ageKnown"),
        ("fibre-student", {"birthDate": "2005-03-01"}, "online", None),
        ("mobile-senior", {"birthDate": "2005-03-01"}, "callCentre", "ageAllowed"),
        ("fibre-500", {"marketSegment": "business"}, "callCentre", "marketSegmentAllowed"),
        ("business-line-250", {"marketSegment": "business"}, "online", "channelAllowed"),
    ],
)
async def test_what_is_not_for_a_prospect_is_refused_by_name_of_the_limit(
    product: Product, offering: str, prospect: Mapping[str, str], channel: str, rule: str | None
) -> None:
    token = product.token(Role.AGENT, channel=channel)
    given: dict[str, Json] = {"placeId": "addr-1110", "offeringIds": [offering], "prospect": prospect}

    [item] = (await qualified(product, token, **given))["items"]

    assert (item["result"] == "UNQUALIFIED", rules(item)) == ((True, [rule]) if rule else (False, []))


@pytest.mark.parametrize(
    ("customer", "consent", "result", "kinds", "rule"),
    [
        ("cust-1010", False, "CONDITIONAL", ["CREDIT_CHECK"], None),
        ("cust-1010", True, "CONDITIONAL", ["DEPOSIT"], None),
        ("cust-1011", True, "CONDITIONAL", ["CREDIT_REVIEW"], None),
        ("cust-1012", True, "UNQUALIFIED", [], "creditAccepted"),
        ("cust-1013", True, "UNQUALIFIED", [], "noOverdueBalance"),
        ("cust-1014", True, "QUALIFIED", [], None),
    ],
)
async def test_credit_and_debts_decide_and_the_bureau_is_asked_with_consent_only(
    product: Product, customer: str, consent: bool, result: str, kinds: list[str], rule: str | None
) -> None:
    found = await qualified(product, customerId=customer, offeringIds=[PHONE], creditConsent=consent)

    [item] = found["items"]
    assert (item["result"], conditions_of(item)) == (result, kinds)
    assert rules(item) == ([rule] if rule else [])
    assert ("credit" in evidence_of(found)) is consent
    assert [bool(c["deposit"]) for c in item["conditions"]] == [kind == "DEPOSIT" for kind in kinds]


async def test_a_company_signs_and_may_have_it_at_its_own_sites_instead(product: Product) -> None:
    given: dict[str, Json] = {"customerId": "cust-2001", "offeringIds": ["business-line-10000"]}
    [here] = (await qualified(product, placeId="addr-2001", **given))["items"]
    [there] = (await qualified(product, placeId="addr-1900", **given))["items"]

    assert conditions_of(here) == ["CREDIT_CHECK", "AGREEMENT"]
    assert (conditions_of(there)[-1], rules(there)) == ("OTHER_ADDRESS", ["placeServiceable"])
    assert there["conditions"][-1]["placeIds"] == ["addr-2001", "addr-2002", "addr-2003"]


@pytest.mark.parametrize(("network_days", "least"), [(3, 3), (40, 14)])
async def test_an_answer_is_guaranteed_as_long_as_the_first_of_its_sources(
    product: Product, network_days: int, least: int
) -> None:
    await product.mock_control.fault("serviceability", guaranteedSeconds=network_days * 86400)
    given: dict[str, Json] = {"customerId": "cust-1185", "placeId": "addr-1085", "creditConsent": True}

    found = await qualified(product, offeringIds=["business-line-250", PHONE], **given)

    at = datetime.fromisoformat(found["at"])
    ends = {key: datetime.fromisoformat(item["guaranteedUntil"]) for key, item in items_of(found).items()}
    assert ends[PHONE] == at + timedelta(days=14), "no network is needed, and two weeks are the most"
    assert abs(ends["business-line-250"] - at - timedelta(days=least)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("source", "open_", "result"),
    [
        ("customer", ["fibre-500", "mobile-m", PHONE], "UNDETERMINED"),
        ("inventory", ["fibre-500", "mobile-m", PHONE], "UNDETERMINED"),
        ("address", ["fibre-500", "mobile-m"], "UNDETERMINED"),
        ("serviceability", ["fibre-500", "mobile-m"], "UNDETERMINED"),
        ("billing", ["fibre-500", "mobile-m", PHONE], None),
        ("credit", [PHONE], "CONDITIONAL"),
    ],
)
async def test_a_silent_source_is_named_and_the_rest_is_judged(
    product: Product, source: str, open_: list[str], result: str | None
) -> None:
    given: dict[str, Json] = {"customerId": "cust-1116", "placeId": "addr-1116", "creditConsent": True}
    await product.mock_control.fault(source, errorRate=1, errorStatus=422)

    found = await qualified(product, offeringIds=["fibre-500", "mobile-m", PHONE], **given)

    assert found["partial"]
    assert [name for name, said in evidence_of(found).items() if not said["answered"]] == [source]
    results = results_of(found)
    assert [key for key in results if key not in open_ and results[key] != "QUALIFIED"] == []
    assert [key for key in open_ if result and results[key] != result] == []
    missing = {key: item["missing"] for key, item in items_of(found).items() if item["missing"]}
    assert missing == {key: [source] for key in open_}


async def test_without_the_catalog_there_is_nothing_to_judge(product: Product) -> None:
    await product.mock_control.fault("catalog", errorRate=1, errorStatus=403)

    answer = await product.graphql(QUALIFY, {"input": {"offeringIds": ["mobile-m"]}})

    assert (answer.data, answer.codes) == ({"qualifyCustomer": None}, ["BACKEND_REFUSED"])
    assert answer.errors[0]["extensions"]["backend"] == "catalog"


async def test_each_source_is_asked_once_however_many_offerings_are_in_question(product: Product) -> None:
    given: dict[str, Json] = {"customerId": "cust-1119", "placeId": "addr-1119", "creditConsent": True}

    async with product.counted() as requests_made:
        await qualified(product, offeringIds=["fibre-100", "fibre-500", "tv-basic", "mobile-m", PHONE], **given)
        requests = await requests_made()

    services = requests.pop("serviceability")
    assert services == {"POST checkServiceQualification": 4}, "for each kind of service that is sold"
    assert {n for counts in requests.values() for n in counts.values()} == {1}


async def test_nobodys_data_is_asked_for_a_prospect(product: Product) -> None:
    async with product.counted() as requests_made:
        await qualified(product, placeId="addr-1122", offeringIds=["mobile-m"], creditConsent=True)
        requests = await requests_made()

    assert {backend for backend in ("customer", "inventory", "billing", "credit") if requests[backend]} == set()


async def test_asking_changes_nothing_but_what_the_bureau_remembers(product: Product) -> None:

    async def written() -> list[Json]:
        """What nothing but asking can have written: what is done for an order carries its number."""
        effects = await product.mock_control.effects()
        return [effect for effect in effects if not FOR_AN_ORDER.match(effect["key"] or "")]

    before = await written()
    given: dict[str, Json] = {"customerId": "cust-1125", "placeId": "addr-1125", "offeringIds": ["fibre-500", PHONE]}

    await qualified(product, **given)
    unchanged = await written()
    answers = [await qualified(product, creditConsent=True, **given) for _ in range(2)]

    [new] = (await written())[len(before) :]
    assert unchanged == before
    assert new["backend"] == "credit"
    assert [evidence_of(found)["credit"]["reference"] for found in answers] == [new["id"]] * 2


async def test_everybody_may_ask_for_a_prospect_and_a_customer_for_itself_only(product: Product) -> None:
    tokens = [product.token(role) for role in (Role.CUSTOMER, Role.DEALER, Role.AFFILIATE, Role.AGENT)]
    customer = product.token(Role.CUSTOMER, "cust-1128")

    prospects = [await qualified(product, token, offeringIds=["mobile-m"]) for token in tokens]
    own = await qualified(product, customer, customerId="cust-1128", offeringIds=["mobile-m"])
    other = await qualified(product, customer, customerId="cust-1129", offeringIds=["mobile-m"])

    assert [results_of(found) for found in [*prospects, own]] == [{"mobile-m": "QUALIFIED"}] * 5
    assert [set(evidence_of(found)) for found in prospects] == [{"catalog"}] * 4
    assert other is None


async def test_the_order_keeps_the_answer_that_it_relied_on(product: Product) -> None:
    given: dict[str, Json] = {"customerId": "cust-1131", "placeId": "addr-1131"}
    found = await qualified(product, offeringIds=["fibre-250"], **given)
    fibre = {"offeringId": "fibre-250", "characteristics": [{"name": "router", "value": "own"}]}
    placed = await place(product, {**given, "items": [{**fibre, "slot": await free_slot(product, "addr-1131")}]})
    assert placed["errors"] == []

    query = "query Kept($id: ID!) { productOrder(id: $id) { qualifications { placeKey services guaranteedUntil } } }"
    kept = (await product.graphql(query, {"id": placed["order"]["key"]})).whole()["productOrder"]["qualifications"]

    [one] = kept
    assert (one["placeKey"], one["services"]) == ("addr-1131", ["cfs-fibre-access"])
    assert one["guaranteedUntil"] >= items_of(found)["fibre-250"]["guaranteedUntil"]
