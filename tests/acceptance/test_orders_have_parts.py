"""Orders that belong together: one is part of another, the whole is looked at and cancelled as one."""

from typing import Final

from app.domain.actor import Role
from tests.channel import Json, key, order, place, run, until_state, until_task
from tests.draft import Draft
from tests.harness import Product

MOBILE: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
FIBRE: Final = {"offeringId": "fibre-500", "characteristics": [{"name": "router", "value": "own"}]}
CHARGE: Final = {"amount": "49.00", "currency": "EUR"}


async def whole(product: Product, order_key: str, **options: Json) -> Json:
    return (await run(product, "135-an-order-and-its-parts", {"id": order_key}, **options))["productOrder"]


async def cancel(product: Product, order_key: str, version: int, idempotency_key: str, *accepted: Json) -> Json:
    given = {"id": order_key, "expectedVersion": version, "idempotencyKey": idempotency_key, "reason": "moves away"}
    asked = {"input": {**given, "acceptedCharges": list(accepted)}}
    return (await run(product, "137-cancel-a-hierarchy", asked))["cancelProductOrderHierarchy"]


def told(results: Json) -> dict[str, list[str]]:
    """By order, why its cancellation was refused."""
    return {one["orderKey"]: [error["__typename"] for error in one["errors"]] for one in results}


async def test_the_whole_is_cancelled_but_for_what_costs_more_than_was_accepted(slow: Product) -> None:
    parent = await Draft.start(slow, "cust-1176", items=[MOBILE])
    await parent.do("submitProductOrder")
    site = await Draft.start(slow, "cust-1176", items=[FIBRE], placeId="addr-1176", parentId=parent.key)
    await site.do("setProductOrderAppointment", itemId="1", slot=await site.slot("1"))
    await site.do("submitProductOrder")
    other = await place(slow, {"customerId": "cust-1176", "items": [MOBILE], "parentId": parent.key})
    third = other["order"]["key"]
    for one in (parent.key, site.key, third):
        await until_task(slow, one, "1/provision", "AWAITING_RESULT")

    found = await whole(slow, parent.key)
    part = await whole(slow, third)
    said = (await run(slow, "136-preview-cancelling-a-hierarchy", {"id": parent.key}))["previewHierarchyCancellation"]
    version, first = (await order(slow, parent.key))["version"], key()
    silent = await cancel(slow, parent.key, version, first)
    again = await cancel(slow, parent.key, version, first)
    await until_state(slow, third, "CANCELLED")
    version = (await until_state(slow, parent.key, "CANCELLED"))["version"]
    left = await whole(slow, parent.key)
    accepted = await cancel(slow, parent.key, version, key(), {"orderId": site.key, "charge": CHARGE})
    await until_state(slow, site.key, "CANCELLED")
    nothing = await cancel(slow, parent.key, version, key())

    assert (found["rollUp"]["state"], found["rollUp"]["total"]) == ("IN_PROGRESS", 3)
    assert [child["key"] for child in found["children"]["nodes"]] == [site.key, third]
    assert (part["parent"]["key"], part["children"]["nodes"]) == (parent.key, [])
    foreseen = {one["orderKey"]: one["preview"] for one in said}
    assert list(foreseen) == [parent.key, site.key, third]
    assert [preview["charge"] for preview in foreseen.values()] == [None, CHARGE, None]
    assert silent["errors"] == again["errors"] == []
    refused = {parent.key: [], site.key: ["ChargeNotAccepted"], third: []}
    assert told(silent["results"]) == told(again["results"]) == refused
    assert (silent["replayed"], again["replayed"]) == (False, True)
    assert left["rollUp"]["state"] == "IN_PROGRESS"
    assert {c["state"]: c["count"] for c in left["rollUp"]["counts"]} == {"IN_PROGRESS": 1, "CANCELLED": 2}
    assert told(accepted["results"]) == {site.key: []}
    assert [error["code"] for error in nothing["errors"]] == ["NOT_FOUND"]
    assert (await whole(slow, parent.key))["rollUp"]["state"] == "CANCELLED"


async def test_only_what_fits_becomes_a_part(product: Product) -> None:
    parent = await Draft.start(product, "cust-1061", items=[MOBILE])
    child = await place(product, {"customerId": "cust-1061", "items": [MOBILE], "parentId": parent.key})
    assert child["errors"] == []

    async def refused(customer: str, parent_key: str, **options: Json) -> list[str]:
        asked = {"customerId": customer, "items": [MOBILE], "parentId": parent_key}
        [error] = (await place(product, asked, **options))["errors"]
        return [v["rule"] for v in error["violations"] if v["path"] == "/parentId"]

    assert await refused("cust-1061", "no-such-order") == ["parentKnown"]
    assert await refused("cust-1088", parent.key) == ["parentFits"]
    assert await refused("cust-1061", child["order"]["key"]) == ["parentFits"]
    dealer = product.token(Role.DEALER, "dealer-7")
    assert await refused("cust-1061", parent.key, token=dealer) == ["parentKnown"], "nobody learns of others' orders"
    await parent.do("discardProductOrder", reason="no site is left")
    ended = (await order(product, parent.key))["state"]
    assert (ended, await refused("cust-1061", parent.key)) == ("CANCELLED", ["parentFits"])
    draft = "mutation C($i: CreateProductOrderInput!) { createProductOrder(input: $i) { errors { path code } } }"
    asked = {"i": {"idempotencyKey": key(), "customerId": "cust-1088", "parentId": parent.key}}
    started = (await product.graphql(draft, asked)).whole()["createProductOrder"]
    assert [error["code"] for error in started["errors"]] == ["VALIDATION_FAILED"]


async def test_parts_are_found_and_each_viewer_sees_its_own(product: Product) -> None:
    parent = await Draft.start(product, "cust-1085", items=[MOBILE])
    part = {"customerId": "cust-1085", "items": [MOBILE], "parentId": parent.key}
    children = [await place(product, {**part, "sellerId": seller}) for seller in (None, "dealer-7")]
    assert [child["errors"] for child in children] == [[], []]
    keys = [child["order"]["key"] for child in children]

    search = {"filter": {"parentIds": [parent.key]}}
    found = (await run(product, "03-list-orders", search))["productOrders"]["nodes"]
    dealers = await run(product, "03-list-orders", search, token=product.token(Role.DEALER, "dealer-7"))
    customer = await whole(product, parent.key, token=product.token(Role.CUSTOMER, "cust-1085"))
    sold = await whole(product, keys[1], token=product.token(Role.DEALER, "dealer-7"))

    assert {one["key"] for one in found} == set(keys)
    assert [one["key"] for one in dealers["productOrders"]["nodes"]] == [keys[1]]
    assert (customer["rollUp"]["total"], len(customer["children"]["nodes"])) == (3, 2)
    assert sold["parent"] is None, "the parent is not the dealer's"
