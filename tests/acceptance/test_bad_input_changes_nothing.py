"""Bad input gets a typed answer that names the field and the rule, and leaves nothing behind."""

from collections.abc import Mapping

import pytest

from tests.channel import FAMILY, Json, family, key, order, place, run
from tests.harness import Product

MOBILE = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
FIBRE = {"offeringId": "fibre-250", "characteristics": [{"name": "router", "value": "own"}]}


def mobile(**other: Json) -> dict[str, Json]:
    return {**MOBILE, **other}


@pytest.mark.parametrize(
    ("request_", "rule", "path"),
    [
        ({"customerId": "nobody", "items": [MOBILE]}, "customerKnown", "/customerId"),
        ({"customerId": "cust-1090", "items": [MOBILE]}, "customerOpen", "/customerId"),
        ({"customerId": "cust-1003", "items": []}, "hasItems", "/items"),
        ({"items": [mobile(offeringId="no-such")]}, "offeringKnown", "/items/0/offeringId"),
        ({"items": [FIBRE | {"offeringId": "fibre-50-legacy"}]}, "offeringSellable", "/items/0/offeringId"),
        ({"items": [FIBRE | {"offeringId": "fibre-summer-2025"}]}, "offeringSellable", "/items/0/offeringId"),
        ({"items": [FIBRE | {"offeringId": "fibre-2500"}]}, "offeringSellable", "/items/0/offeringId"),
        ({"items": [mobile(quantity=0)]}, "quantityInRange", "/items/0/quantity"),
        ({"items": [mobile(characteristics=[])]}, "characteristicsComplete", "/items/0/characteristics"),
        (
            {"items": [mobile(characteristics=[{"name": "simType", "value": "nano"}])]},
            "characteristicsAllowed",
            "/items/0/characteristics/0/value",
        ),
        (
            {"items": [mobile(characteristics=[*MOBILE["characteristics"], {"name": "colour", "value": "red"}])]},
            "characteristicsAllowed",
            "/items/0/characteristics/1/name",
        ),
        (
            {"items": [mobile(characteristics=[*MOBILE["characteristics"], {"name": "msisdn", "value": "call me"}])]},
            "characteristicsAllowed",
            "/items/0/characteristics/1/value",
        ),
        (
            {"items": [mobile(characteristics=[*MOBILE["characteristics"], {"name": "roamingLimit", "value": "501"}])]},
            "characteristicsAllowed",
            "/items/0/characteristics/1/value",
        ),
        ({"items": [mobile(id="1"), mobile(id="1")]}, "itemIdsUnique", "/items"),
        (
            {"items": [mobile(relationships=[{"type": "RELIES_ON", "itemId": "7"}])]},
            "relationshipsResolve",
            "/items/0/relationships/0/itemId",
        ),
        (
            {
                "items": [
                    mobile(id="a", relationships=[{"type": "RELIES_ON", "itemId": "b"}]),
                    mobile(id="b", relationships=[{"type": "RELIES_ON", "itemId": "a"}]),
                ]
            },
            "relationshipsResolve",
            "/items",
        ),
        ({"items": [{"offeringId": "mobile-pair"}]}, "bundleCardinality", "/items/0/relationships"),
        ({"items": [FIBRE]}, "placeGiven", "/items/0/placeId"),
        ({"items": [FIBRE], "placeId": "addr-0"}, "placeKnown", "/placeId"),
        ({"items": [FIBRE], "placeId": "addr-1900"}, "placeServiceable", "/items/0/placeId"),
        ({"items": [FIBRE], "placeId": "addr-1003"}, "appointmentGiven", "/items/0/appointment"),
        (
            {
                "items": [FIBRE | {"slot": {"start": "2020-01-06T08:00:00Z", "end": "2020-01-06T10:00:00Z"}}],
                "placeId": "addr-1003",
            },
            "appointmentHeld",
            "/items/0/appointment",
        ),
        (
            {
                "items": [MOBILE],
                "requestedStartAt": "2040-05-03T08:00:00Z",
                "requestedCompletionAt": "2040-05-02T08:00:00Z",
            },
            "datesInOrder",
            "/requestedCompletionAt",
        ),
        ({"items": [MOBILE], "priority": 5}, "priorityInRange", "/priority"),
        ({"items": [MOBILE], "billingAccountId": "ba-0"}, "billingAccountKnown", "/billingAccountId"),
        ({"items": [MOBILE], "billingAccountId": "1513"}, "billingAccountKnown", "/billingAccountId"),
        ({"items": [MOBILE], "idempotencyKey": ""}, "idempotencyKey", "/idempotencyKey"),
        ({"items": [MOBILE], "idempotencyKey": "k" * 201}, "idempotencyKey", "/idempotencyKey"),
        ({"items": [MOBILE], "description": "d" * 2001}, "textsInLimits", "/description"),
        ({"items": [MOBILE], "notes": ["n"] * 201}, "textsInLimits", "/notes"),
        ({"items": [mobile(action="MODIFY")]}, "ownedProductNamed", "/items/0/productId"),
    ],
)
async def test_a_broken_rule_is_named_with_its_field(
    product: Product, request_: Mapping[str, Json], rule: str, path: str
) -> None:
    before = await _count(product)

    placed = await place(product, {"customerId": "cust-1003", **request_})

    assert placed["order"] is None
    [error] = placed["errors"]
    assert error["__typename"] == "ValidationFailed"
    breach = next(v for v in error["violations"] if v["rule"] == rule)
    assert breach["path"] == path
    assert breach["message"].startswith(f"{path}: ")
    assert breach["message"].endswith(f"({rule}).")
    assert await _count(product) == before


async def test_all_breaches_come_at_once(product: Product) -> None:
    items = [mobile(quantity=0), mobile(characteristics=[]), {"offeringId": "no-such"}]

    placed = await place(product, {"customerId": "nobody", "items": items, "priority": 9})

    rules = {v["rule"] for v in placed["errors"][0]["violations"]}
    assert rules == {"customerKnown", "quantityInRange", "characteristicsComplete", "offeringKnown", "priorityInRange"}


async def test_a_slot_that_is_taken_is_answered_with_free_ones(product: Product) -> None:
    given = await family(product)
    neighbour, slot = {**given, "customerId": "cust-1047", "idempotencyKey": key()}, given["slot"]
    assert (await run(product, FAMILY, given))["placeProductOrder"]["errors"] == []

    second = (await run(product, FAMILY, neighbour))["placeProductOrder"]

    [error] = second["errors"]
    assert (error["code"], error["path"]) == ("SLOT_UNAVAILABLE", "/items/1/slot")
    assert slot not in error["free"]
    again = {**neighbour, "slot": error["free"][0], "idempotencyKey": key()}
    assert (await run(product, FAMILY, again))["placeProductOrder"]["errors"] == []


async def test_a_draft_takes_what_is_missing_but_not_what_is_wrong(product: Product) -> None:
    draft = (await run(product, "09-start-a-draft", {"idempotencyKey": key()}))["createProductOrder"]["order"]["key"]
    given = {"id": draft, "expectedVersion": 1}

    wrong = {**given, "idempotencyKey": key(), "item": {"offeringId": "fibre-50-legacy"}}
    refused = (await run(product, "10-add-an-item", wrong))["addProductOrderItem"]
    incomplete = {**given, "idempotencyKey": key(), "item": {"offeringId": "fibre-250"}}
    taken = (await run(product, "10-add-an-item", incomplete))["addProductOrderItem"]

    assert [v["path"] for v in refused["errors"][0]["violations"]] == ["/item/offeringId"]
    assert taken["errors"] == []
    assert taken["order"]["version"] == 2
    unserved = {"input": {"id": draft, "expectedVersion": 2, "idempotencyKey": key(), "placeId": "addr-1900"}}
    no = (await run(product, "13-set-the-place", unserved))["setProductOrderPlace"]
    assert [e["path"] for e in no["errors"]] == ["/placeId"]
    assert (await order(product, draft))["version"] == 2


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"id": "x", "asOf": "yesterday"}, "RFC 3339"),
        ({"id": "x", "asOf": "2026-01-01T00:00:00"}, "RFC 3339"),
    ],
)
async def test_a_bad_date_is_said_to_be_one(product: Product, variables: Mapping[str, Json], said: str) -> None:
    query = "query AsOf($id: ID!, $asOf: DateTime) { productOrder(id: $id, asOf: $asOf) { key } }"

    answer = await product.graphql(query, variables)

    assert answer.status == 400
    assert said in answer.errors[0]["message"]


async def _count(product: Product) -> int:
    answer = await product.graphql("{ productOrders(first: 1) { totalCount } }")
    return int(answer.whole()["productOrders"]["totalCount"])
