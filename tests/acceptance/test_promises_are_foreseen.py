"""What endangers a promise is known before it is broken: predicted, told, escalated, and cleared when it is over."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from app.demo.samples import document, variables
from app.domain.actor import Role
from tests.acceptance.test_fallout_is_decided_by_people import REFUSE_PROVISIONING, decide
from tests.channel import Json, messages_of, order, place, place_mobile, run, until_state, until_task
from tests.conftest import SLOW
from tests.draft import Draft
from tests.harness import Product, until
from tests.own_rules import Rules

MILESTONES: Final = "80-milestones-of-an-order"
FOLLOW_PROMISES: Final = "78-follow-promises"
IN_JEOPARDY: Final = "77-orders-in-jeopardy"
JEOPARDY: Final = "ProductOrderJeopardyAlertEvent"


@pytest.fixture
async def slow(rules: Rules) -> Product:
    """A product whose provisioning takes many seconds and is expected to take two."""
    await rules.take("decomposition.yaml", "", {"expected: PT10S": "expected: PT2S"}, by_worker=True)
    await rules.product.mock_control.fault("provisioning", pace=SLOW)
    return rules.product


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def change_by(product: Product, number: int, at: str, **other: Json) -> str:
    """The number of an order that changes an owned product by this time."""
    item = {
        "offeringId": "fibre-100",
        "action": "MODIFY",
        "productId": f"prod-{number}",
        "placeId": f"addr-{number}",
        "characteristics": [{"name": "router", "value": "premium"}],
    }
    placed = await place(
        product, {"customerId": f"cust-{number}", "items": [item], "requestedCompletionAt": at, **other}
    )
    assert placed["errors"] == []
    return str(placed["order"]["key"])


async def promise(product: Product, order_key: str, **options: Json) -> Json:
    """What example 80 tells of the order."""
    return (await run(product, MILESTONES, {"id": order_key}, **options))["productOrder"]


async def alerts(product: Product, order_key: str) -> list[tuple[int, str, str | None, str | None]]:
    """Of each event about the order's promise: its sequence, summary, and the level before and after."""
    query = """query A($id: ID!) { productOrder(id: $id) { timeline(first: 100) { nodes { __typename sequence summary
        ... on ProductOrderJeopardyAlertEvent { before jeopardy { level } } } } } }"""
    found = (await product.graphql(query, {"id": order_key})).whole()["productOrder"]["timeline"]["nodes"]
    return [
        (e["sequence"], e["summary"], e["before"], (e["jeopardy"] or {}).get("level"))
        for e in found
        if e["__typename"] == JEOPARDY
    ]


async def test_an_order_that_is_simply_silent_gets_into_jeopardy(slow: Product) -> None:
    promised = in_seconds(13)
    key = await change_by(slow, 1147, promised)
    waiting = await until_task(slow, key, "1/provision", "AWAITING_RESULT")
    assert (await promise(slow, key))["jeopardy"] is None, "there is time enough"

    async def endangered() -> Json:
        found = await promise(slow, key)
        return found if found["jeopardy"] and found["jeopardy"]["level"] != "LOW" else None

    found = await until(endangered)
    listed = (await run(slow, IN_JEOPARDY, token=slow.token(Role.OPERATIONS)))["productOrders"]["nodes"]

    async def broken() -> bool:
        return bool((await promise(slow, key))["jeopardy"]["level"] == "CRITICAL")

    await until(broken)
    await slow.mock_control.heal()
    ended = await until_state(slow, key, "COMPLETED")

    assert found["jeopardy"]["level"] == "MEDIUM"
    assert [(r["taskName"], r["kind"]) for r in found["jeopardy"]["reasons"]] == [("Change the service", "LATE")]
    assert datetime.fromisoformat(found["jeopardy"]["since"]) < datetime.fromisoformat(promised)
    [entry] = [o for o in listed if o["key"] == key]
    assert entry["jeopardy"]["promisedAt"] == entry["requestedCompletionAt"] < entry["jeopardy"]["predictedAt"]
    told = await alerts(slow, key)
    # it may have been looked at when it was slow and not late yet
    *first, medium, critical, none = told
    assert [after for *_, after in first] in ([], ["LOW"])
    assert [after for *_, after in (medium, critical, none)] == ["MEDIUM", "CRITICAL", None]
    # nothing but the passing of time came before
    silent_from = max(e["sequence"] for e in waiting["timeline"]["nodes"])
    assert [sequence for sequence, *_ in told][:-1] == [silent_from + n for n in range(1, len(told))]
    assert (await promise(slow, key))["jeopardy"] is None
    assert [e["summary"] for e in ended["timeline"]["nodes"]][-1] == "order completed"
    assert [k for k in await messages_of(slow, key) if ":jeopardy:" in k] == [f"{key}:jeopardy:{critical[0]}"]


async def test_what_is_blocked_endangers_the_order_until_it_goes_on(product: Product) -> None:
    await product.mock_control.fault("provisioning", **REFUSE_PROVISIONING)
    key = await place_mobile(product, "cust-1081")
    held = await until_state(product, key, "HELD")
    await product.mock_control.heal()

    found = (await promise(product, key))["jeopardy"]
    given = {"levels": ["LOW"], "first": 50}
    customer = product.token(Role.CUSTOMER, "cust-1081")
    [listed] = (await run(product, IN_JEOPARDY, given, token=customer))["productOrders"]["nodes"]
    others = (await run(product, IN_JEOPARDY, {**given, "levels": ["HIGH"]}, token=customer))["productOrders"]["nodes"]
    assert (await decide(product, held, "RETRY"))["errors"] == []
    ended = await until_state(product, key, "COMPLETED")

    assert (found["level"], [r["kind"] for r in found["reasons"]]) == ("LOW", ["BLOCKED"])
    assert found["reasons"][0]["message"]
    assert (listed["key"], listed["jeopardy"]["promisedAt"], others) == (key, None, [])
    told = await alerts(product, key)
    assert [(before, after) for _, _, before, after in told] == [(None, "LOW"), ("LOW", None)]
    at = {e["sequence"]: e["summary"] for e in ended["timeline"]["nodes"]}
    assert at[told[1][0] + 1] == "order inProgress", "cleared when it goes on, not when it ends"


async def test_a_network_that_differs_from_its_records_is_escalated(product: Product) -> None:
    fibre = {"offeringId": "fibre-500", "characteristics": [{"name": "router", "value": "own"}]}
    draft = await Draft.start(product, "cust-1181", items=[fibre], placeId="addr-1180")
    await draft.do("setProductOrderAppointment", itemId="1", slot=await draft.slot("1"))
    await draft.do("submitProductOrder")
    await until_task(product, draft.key, "1/verify-network", "FALLOUT")

    operations = product.token(Role.OPERATIONS)
    query = """query Q($queues: [String!]) { productOrders(filter: { jeopardyQueues: $queues }) {
        nodes { key jeopardy { level rule queue reasons { taskId } } } } }"""
    found = (await product.graphql(query, {"queues": ["network-desk"]}, token=operations)).whole()
    [entry] = [o for o in found["productOrders"]["nodes"] if o["key"] == draft.key]
    refused = await product.graphql(
        query, {"queues": ["network-desk"]}, token=product.token(Role.CUSTOMER, "cust-1181")
    )

    assert entry["jeopardy"] == {
        "level": "HIGH",
        "rule": "network-differs-from-its-records",
        "queue": "network-desk",
        "reasons": [{"taskId": "1/verify-network"}],
    }
    assert refused.codes == ["FORBIDDEN"]


async def test_milestones_are_told_and_kept(product: Product) -> None:
    async with product.subscribed(document(FOLLOW_PROMISES), variables(FOLLOW_PROMISES)) as results:
        following = asyncio.ensure_future(anext(results))
        # a subscription is begun when it is known to be: a second operation on the same gateway comes after it
        await product.graphql("{ __typename }")
        key = await place_mobile(product, "cust-1082")
        event = (await following)["data"]["productOrderEvents"]
        while event["orderKey"] != key:
            event = (await anext(results))["data"]["productOrderEvents"]
    ended = await until_state(product, key, "COMPLETED")

    assert (event["__typename"], event["milestone"]["name"]) == ("ProductOrderMilestoneEvent", "delivered")

    [delivered] = [m for m in (await promise(product, key))["milestones"] if m["name"] == "delivered"]
    assert (delivered["itemIds"], delivered["expectedAt"]) == (["1"], None)
    assert delivered["reachedAt"] is not None
    assert [e["summary"] for e in ended["timeline"]["nodes"]].count("milestone delivered reached") == 1


async def test_how_long_things_take_is_learnt_from_what_was_done(product: Product) -> None:
    operation = "inventory.activateProduct"
    keys = [await place_mobile(product, "cust-1084") for _ in range(10)]
    for key in keys:
        await until_state(product, key, "COMPLETED")
    operations = product.token(Role.OPERATIONS)

    async def learnt() -> Json:
        query = "{ taskDurations { operation samples usual byPeople counts } }"
        found = (await product.graphql(query, token=operations)).whole()["taskDurations"]
        return next((d for d in found if d["operation"] == operation and d["counts"]), None)

    known = await until(learnt)

    async def expected_of_the_next() -> Json:
        ended = await until_state(product, await place_mobile(product, "cust-1084"), "COMPLETED")
        tasks = (await promise(product, ended["key"]))["plan"]["tasks"]
        [expected] = [t["expected"] for t in tasks if t["id"] == "1/activate-product"]
        return expected if expected != "PT1S" else None

    assert (known["samples"] >= 10, known["byPeople"]) == (True, False)
    assert await until(expected_of_the_next)
    assert (await order(product, keys[0]))["plan"]["tasks"], "what is done stays as it was planned"
