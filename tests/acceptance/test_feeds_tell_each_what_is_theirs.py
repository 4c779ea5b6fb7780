"""Feeds: one order from its snapshot on, a customer's, a dealer's, a worklist's, and those of promises in danger."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from app.demo.connection import Refused
from app.demo.samples import document
from app.domain.actor import Role
from app.serve import examples
from tests.channel import ENDED, Json, order, place_mobile, until_state
from tests.harness import WAIT_SECONDS, Product
from tests.manual_work import until_waiting

ONE, CUSTOMER, DEALER = "100-follow-one-order", "101-follow-a-customer", "102-follow-a-dealer"
WORKLISTS, DANGERS = "103-follow-worklists", "104-follow-dangers"


async def watched(product: Product, key: str, after: str | None = None) -> list[Json]:
    """The messages about an order until it has ended."""
    messages: list[Json] = []
    given = {"id": key, "after": after}
    async with asyncio.timeout(WAIT_SECONDS), product.subscribed(document(ONE), given) as results:
        async for result in results:
            message = result["data"]["productOrder"]
            assert result["extensions"]["cursor"] == message["cursor"]
            messages.append(message)
            if (message["event"] or message["order"])["state"] in ENDED:
                return messages
    raise AssertionError("the order has not ended")


async def sequence_at(product: Product, key: str, cursor: str) -> int:
    query = "query T($id: ID!) { productOrder(id: $id) { timeline(first: 100) { nodes { cursor sequence } } } }"
    nodes = (await product.graphql(query, {"id": key})).whole()["productOrder"]["timeline"]["nodes"]
    return int(next(node["sequence"] for node in nodes if node["cursor"] == cursor))


async def test_a_watcher_gets_the_order_and_then_each_change_whenever_it_comes(product: Product) -> None:
    key = await place_mobile(product)
    watching: list[asyncio.Task[list[Json]]] = []
    while not watching or (len(watching) < 12 and (await order(product, key))["state"] not in ENDED):
        watching.append(asyncio.create_task(watched(product, key)))
    seen = [*await asyncio.gather(*watching), await watched(product, key)]

    final = await order(product, key)
    whole = [e["sequence"] for e in final["timeline"]["nodes"]]
    for first, *rest in seen:
        assert (first["event"], first["lag"]) == (None, None)
        assert [message["order"] for message in rest] == [None] * len(rest)
        begun = await sequence_at(product, key, first["cursor"])
        assert [message["event"]["sequence"] for message in rest] == whole[begun:]
        items = {item["id"]: item["state"] for item in first["order"]["items"]}
        for message in rest:
            for move in message["event"].get("itemChanges", ()):
                assert items[move["itemId"]] == move["before"]
                items[move["itemId"]] = move["after"]
        assert items == {item["id"]: item["state"] for item in final["items"]}
    assert len(seen[-1]) == 1, "an order that has ended is shown, and nothing follows"


async def test_a_watcher_resumes_with_the_changes_alone_and_foreign_orders_end_at_once(product: Product) -> None:
    key = await place_mobile(product, "cust-1011")
    await until_state(product, key, "COMPLETED")
    nodes = (await order(product, key))["timeline"]["nodes"]
    query = "query T($id: ID!) { productOrder(id: $id) { timeline(first: 1) { nodes { cursor } } } }"
    start = (await product.graphql(query, {"id": key})).whole()["productOrder"]["timeline"]["nodes"][0]["cursor"]

    resumed = await watched(product, key, start)

    assert [message["event"]["sequence"] for message in resumed] == [e["sequence"] for e in nodes[1:]]
    for role, subject in ((Role.CUSTOMER, "cust-1012"), (Role.DEALER, "dealer-300")):
        async with product.subscribed(document(ONE), {"id": key}, token=product.token(role, subject)) as results:
            assert [result async for result in results] == []


async def test_a_dealer_and_a_customer_follow_what_is_theirs(product: Product) -> None:
    dealer = product.token(Role.DEALER, "dealer-301")
    async with AsyncExitStack() as stack:

        async def follow(name: str, given: Json, token: str | None = None) -> asyncio.Task[Json]:
            results = await stack.enter_async_context(product.subscribed(document(name), given, token=token))
            first = asyncio.ensure_future(anext(results))
            await product.graphql("{ __typename }")  # comes after it on the same gateway
            return first

        own = await follow(DEALER, {}, dealer)
        named = await follow(DEALER, {"sellerIds": ["dealer-302"]})
        rival = await follow(DEALER, {"sellerIds": ["dealer-302"]}, dealer)
        customer = await follow(CUSTOMER, {"customerId": "cust-1011"}, product.token(Role.CUSTOMER, "cust-1011"))
        foreign = await follow(CUSTOMER, {"customerId": "cust-1011"}, product.token(Role.CUSTOMER, "cust-1012"))

        unsold = await place_mobile(product, "cust-1012")
        other = await place_mobile(product, "cust-1012", token=product.token(Role.DEALER, "dealer-302"))
        sold = await place_mobile(product, "cust-1011", token=dealer)
        await until_state(product, sold, "COMPLETED")
        async with asyncio.timeout(WAIT_SECONDS):
            told = [(await one)["data"] for one in (own, named, customer)]

        assert not rival.done()
        assert not foreign.done()
        for silent in (rival, foreign):
            silent.cancel()
        await asyncio.wait((rival, foreign))
    assert [feed["orderKey"] for one in told for feed in one.values()] == [sold, other, sold]
    assert told[0]["dealerOrderEvents"]["sellerId"] == "dealer-301"
    assert told[2]["customerOrderEvents"]["__typename"] == "ProductOrderCreateEvent"
    assert unsold not in str(told)


async def test_worklists_are_followed_by_those_who_see_them(product: Product) -> None:
    with pytest.raises(Refused) as refused:
        async with product.subscribed(document(WORKLISTS), {}, token=product.token(Role.DEALER, "dealer-1")) as results:
            await anext(results)
    operations = product.token(Role.OPERATIONS)
    async with product.subscribed(document(WORKLISTS), {}, token=operations) as results:
        first = asyncio.ensure_future(anext(results))
        await product.graphql("{ __typename }")
        await product.mock_control.fault("provisioning", errorRate=1, errorStatus=422, operations=["POST serviceOrder"])
        key = await place_mobile(product)
        waiting = await until_waiting(product, key, kind="FALLOUT")
        async with asyncio.timeout(WAIT_SECONDS):
            told = (await first)["data"]["worklistEvents"]

    assert refused.value.errors[0]["extensions"]["code"] == "FORBIDDEN"
    assert (told["orderKey"], told["work"]["workItemId"], told["work"]["kind"]) == (key, waiting["id"], "FALLOUT")
    await product.mock_control.heal()


def test_each_feed_has_an_example() -> None:
    names = {example.name for example in examples()}

    assert {name.split("-", 1)[1].replace("-", " ") for name in (ONE, CUSTOMER, DEALER, WORKLISTS, DANGERS)} <= names
