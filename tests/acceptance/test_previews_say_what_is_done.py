"""Each thing that is done with an owned product can be asked beforehand: the same refusals, tasks and price follow."""

from decimal import Decimal

import pytest

from app.domain.actor import Role
from tests.channel import Json, free_slot, key, order, place, run, until_state
from tests.harness import Product
from tests.owned import at, broken, charged_once, done, ordered, owned, previewed, rates, whole

ROUTER = [{"name": "router", "value": "own"}]
CHANGE, SUSPEND, RESUME = "44-change-a-product", "45-suspend-a-product", "46-resume-a-product"
END, RENEW = "47-discontinue-a-product", "48-renew-a-product"
TWINS = {
    CHANGE: "49-preview-a-change",
    SUSPEND: "50-preview-a-suspension",
    RESUME: "51-preview-a-resumption",
    RENEW: "52-preview-a-renewal",
    END: "53-preview-an-end",
}
PLAIN: dict[str, dict[str, Json]] = {
    CHANGE: {"characteristics": ROUTER},
    SUSPEND: {"billing": "CONTINUE"},
    RESUME: {},
    RENEW: {"termName": None},
    END: {},
}


async def as_foreseen(product: Product, example: str, product_id: str, **given: Json) -> Json:
    """What was foreseen, after the same has been done and found the same."""
    wish = {**PLAIN[example], **given}
    before = await _state(product, product_id)
    foreseen = await previewed(product, TWINS[example], product_id, **wish)
    assert await _state(product, product_id) == before, "asking changes nothing"

    accepted = {"acceptedCharge": foreseen["charge"]} if foreseen["charge"] else {}
    payload = await ordered(product, example, product_id, **wish, **accepted)

    assert foreseen["possible"] is (payload["errors"] == [])
    assert [(e["code"], e["message"]) for e in foreseen["errors"]] == [
        (e["code"], e["message"]) for e in payload["errors"]
    ]
    if payload["errors"]:
        assert (foreseen["order"], foreseen["added"]) == (None, [])
        return foreseen
    found = await until_state(product, payload["order"]["key"], "COMPLETED", "HELD", "FAILED")
    assert found["state"] == "COMPLETED"
    made = [{k: task[k] for k in ("id", "name", "operation", "dependsOn")} for task in found["plan"]["tasks"]]
    assert foreseen["added"] == made
    items = (await whole(product, found["key"]))["items"]
    assert [(i["productKey"], _amounts(i)) for i in foreseen["order"]["items"]] == [
        (i["productKey"], _amounts(i)) for i in items
    ]
    return foreseen


async def _state(product: Product, product_id: str) -> Json:
    """All that could have been changed about the product."""
    [customer] = (await owned(product, product_id))["relatedParty"]
    orders = "query($id: ID!) { productOrders(filter: { customerIds: [$id] }) { nodes { key version } } }"
    return (
        await owned(product, product_id),
        await rates(product, product_id),
        (await product.graphql(orders, {"id": customer["id"]})).whole(),
    )


def _amounts(item: Json) -> list[tuple[str, str]]:
    return [(price["name"], price["taxIncluded"]["amount"]) for price in item["prices"]]


async def test_a_product_through_its_life_is_always_as_foreseen(product: Product) -> None:
    changed = await as_foreseen(product, CHANGE, "prod-1168")
    resting = await as_foreseen(product, SUSPEND, "prod-1168", billing="PAUSE")
    twice = await as_foreseen(product, SUSPEND, "prod-1168")
    renewed = await as_foreseen(product, RENEW, "prod-1168")
    back = await as_foreseen(product, RESUME, "prod-1168")
    longer = await as_foreseen(product, RENEW, "prod-1168", termName="24 months")
    ended = await as_foreseen(product, END, "prod-1168")
    again = await as_foreseen(product, END, "prod-1168")

    assert changed["prices"] == [], "it costs what it did"
    [saved] = resting["prices"]
    assert (saved["before"]["amount"], saved["after"], saved["delta"]["amount"]) == ("29.74", None, "-29.74")
    assert broken(twice) == broken(renewed) == broken(again) == ["productStatusAllows"]
    [paid] = back["prices"]
    assert (paid["before"], paid["after"]["amount"]) == (None, "29.74")
    assert (longer["prices"], longer["charge"]) == ([], None)
    assert {price["priceType"] for price in ended["prices"]} == {"RECURRING", "ONE_TIME"}
    assert ended["expectedAfter"] is not None


@pytest.mark.parametrize("example", [CHANGE, SUSPEND, RESUME, RENEW, END])
async def test_what_is_not_there_is_refused_beforehand(product: Product, example: str) -> None:
    token = product.token(Role.CUSTOMER, "cust-1171")

    unknown = await previewed(product, TWINS[example], "prod-0", **PLAIN[example])
    other = await previewed(product, TWINS[example], "prod-1172", **PLAIN[example], token=token)

    assert [e["code"] for e in unknown["errors"]] == [e["code"] for e in other["errors"]] == ["NOT_FOUND"]


async def test_what_ending_early_costs_is_said_accepted_and_charged(product: Product) -> None:
    foreseen = await previewed(product, "53-preview-an-end", "prod-1171")
    [passed] = foreseen["passed"]
    charge = foreseen["charge"]

    silent = await ordered(product, END, "prod-1171")
    less = {**charge, "amount": str(Decimal(charge["amount"]) - Decimal("0.01"))}
    too_little = await ordered(product, END, "prod-1171", acceptedCharge=less)
    assert (await owned(product, "prod-1171"))["status"] == "active"
    found = await done(product, END, "prod-1171", acceptedCharge=charge)

    assert "the term runs until 2027-03-01" in passed["point"]["reason"]
    for refused in (silent, too_little):
        assert [(e["code"], e["charge"]) for e in refused["errors"]] == [("CHARGE_NOT_ACCEPTED", charge)]
    [billed] = await charged_once(product, found["key"])
    assert Decimal(str(billed["taxIncludedAmount"]["value"])) == Decimal(charge["amount"])
    assert billed["description"] == "Fibre 100: Early termination: Monthly fee"
    assert len((await whole(product, found["key"]))["journals"]) == 1
    assert "endDateTime" in (await rates(product, "prod-1171"))[0]["periodCoverage"]


async def test_an_order_that_ends_a_product_asks_for_the_same(product: Product) -> None:
    foreseen = await previewed(product, "53-preview-an-end", "prod-1174")
    end = {"offeringId": "fibre-100", "action": "DELETE", "productId": "prod-1174"}
    request = {"customerId": "cust-1174", "items": [end]}

    refused = await place(product, request)
    start = """mutation Start($input: CreateProductOrderInput!) {
      createProductOrder(input: $input) { order { key version } errors { message } } }"""
    given = {"input": {"idempotencyKey": key(), **request}}
    draft = (await product.graphql(start, given)).whole()["createProductOrder"]["order"]
    submission = {"id": draft["key"], "expectedVersion": draft["version"]}

    async def submitted(**more: Json) -> Json:
        asked = {"input": {**submission, "idempotencyKey": key(), **more}}
        return (await run(product, "17-submit", asked))["submitProductOrder"]

    late = await submitted()
    taken = await submitted(acceptedCharge=foreseen["charge"])

    assert [e["code"] for e in refused["errors"]] == [e["code"] for e in late["errors"]] == ["CHARGE_NOT_ACCEPTED"]
    assert taken["errors"] == []


async def test_a_bundle_ends_with_all_of_its_parts(product: Product) -> None:
    slot = await free_slot(product, "addr-1164")
    router = [{"name": "router", "value": "standard"}]
    bundle = {"id": "1", "offeringId": "duo-bundle", "relationships": [_related("BUNDLES", n) for n in ("2", "3")]}
    line = {"id": "2", "offeringId": "fibre-250", "slot": slot, "characteristics": router}
    television = {"id": "3", "offeringId": "tv-basic", "relationships": [_related("RELIES_ON", "2")]}
    request = {"customerId": "cust-1164", "placeId": "addr-1164", "items": [bundle, line, television]}
    placed = await place(product, request)
    assert placed["errors"] == []
    bought = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD", "FAILED")
    whole_id, line_id, television_id = (item["product"]["key"] for item in bought["items"])
    assert _relationships(await owned(product, whole_id)) == [("bundles", line_id), ("bundles", television_id)]
    assert _relationships(await owned(product, television_id)) == [("reliesOn", line_id)]
    alone = {"offeringId": "duo-bundle", "action": "DELETE", "productId": whole_id}
    assert broken(await place(product, {"customerId": "cust-1164", "items": [alone]})) == ["partsEnded"]

    foreseen = await as_foreseen(product, END, whole_id)

    assert {item["productKey"] for item in foreseen["order"]["items"]} == {whole_id, line_id, television_id}
    assert foreseen["charge"] is None, "it may be given back within 14 days"
    for product_id in (whole_id, line_id, television_id):
        assert (await owned(product, product_id))["status"] == "terminated"
        assert all("endDateTime" in rate["periodCoverage"] for rate in await rates(product, product_id))
    listed = '{ productOrders(first: 1, filter: { customerIds: ["cust-1164"] }) { nodes { key } } }'
    [newest] = (await product.graphql(listed)).whole()["productOrders"]["nodes"]
    tasks = {task["id"]: task for task in (await order(product, newest["key"]))["plan"]["tasks"]}
    number = {item["productKey"]: str(n) for n, item in enumerate(foreseen["order"]["items"], 1)}
    line_task, television_task = (f"{number[p]}/provision" for p in (line_id, television_id))
    assert television_task in tasks[line_task]["dependsOn"], "what relies on the line goes before it"
    assert at(tasks[television_task]["endedAt"]) <= at(tasks[line_task]["startedAt"])


def _related(kind: str, item_id: str) -> Json:
    return {"type": kind, "itemId": item_id}


def _relationships(product: Json) -> list[tuple[str, str]]:
    return [(r["relationshipType"], r["product"]["id"]) for r in product.get("productRelationship", [])]
