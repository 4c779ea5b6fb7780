"""One feed: every subscriber sees each event of its orders once and in order, from any cursor, at any gateway."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from app.demo.connection import ConnectionLost, Refused
from app.demo.samples import document
from app.domain.actor import Role
from tests.channel import ENDED, FOLLOW, Json, order, place_mobile, until_state
from tests.harness import WAIT_SECONDS, Product
from tests.harness import start as start_again


async def collect(product: Product, keys: list[str], after: str | None, *, gateway: int = 0) -> list[Json]:
    """All events of these orders after a cursor, until each has ended."""
    seen: list[Json] = []
    open_orders = set(keys)
    given = {"filter": {"orderIds": keys}, "after": after}
    async with asyncio.timeout(WAIT_SECONDS), product.subscribed(document(FOLLOW), given, gateway=gateway) as results:
        while open_orders:
            event = (await anext(results))["data"]["productOrderEvents"]
            seen.append(event)
            if event["state"] in ENDED:
                open_orders.discard(event["orderKey"])
    return seen


async def cursor_before(product: Product, key: str) -> str:
    """The cursor of the order's first event."""
    query = "query First($id: ID!) { productOrder(id: $id) { timeline(first: 1) { nodes { cursor } } } }"
    found = (await product.graphql(query, {"id": key})).whole()
    return str(found["productOrder"]["timeline"]["nodes"][0]["cursor"])


async def test_a_subscriber_sees_what_the_timeline_says(product: Product) -> None:
    key = await place_mobile(product)
    events = await collect(product, [key], await cursor_before(product, key))

    timeline = (await order(product, key))["timeline"]["nodes"]
    assert [(e["sequence"], e["summary"]) for e in events] == [(e["sequence"], e["summary"]) for e in timeline[1:]]
    final = events[-1]
    assert (final["__typename"], final["state"]) == ("ProductOrderStateChangeEvent", "COMPLETED")
    moves = [move for e in events if e["__typename"] == "ProductOrderStateChangeEvent" for move in e["itemChanges"]]
    assert [(m["before"], m["after"]) for m in moves] == [("ACKNOWLEDGED", "IN_PROGRESS"), ("IN_PROGRESS", "COMPLETED")]


async def test_resuming_after_any_cursor_neither_misses_nor_repeats(product: Product) -> None:
    key = await place_mobile(product)
    whole = await collect(product, [key], await cursor_before(product, key))

    for n in range(len(whole) - 1):
        resumed = await collect(product, [key], whole[n]["cursor"])
        assert [e["sequence"] for e in resumed] == [e["sequence"] for e in whole[n + 1 :]]


async def test_event_source_of_a_browser_resumes_by_itself(product: Product) -> None:
    key = await place_mobile(product)
    whole = await collect(product, [key], await cursor_before(product, key))
    given = {"filter": {"orderIds": [key]}, "after": whole[0]["cursor"]}

    async with product.events(document(FOLLOW), given, **{"Last-Event-ID": whole[1]["cursor"]}) as stream:
        assert await stream.readuntil(b"\n\n") == b":\n\n"
        event, place, data = (await stream.readuntil(b"\n\n")).decode().strip().split("\n")

    told = json.loads(data.removeprefix("data: "))["data"]["productOrderEvents"]
    assert (event, place) == ("event: next", f"id: {whole[2]['cursor']}")
    assert told["sequence"] == whole[2]["sequence"]


async def test_without_a_cursor_it_begins_now(product: Product) -> None:
    done = await place_mobile(product)
    await until_state(product, done, "COMPLETED")

    async with product.subscribed(document(FOLLOW), {}) as results:
        first = asyncio.ensure_future(anext(results))
        # a subscription is begun when it is known to be: a second operation on the same gateway comes after it
        await order(product, done)
        key = await place_mobile(product)
        event = (await first)["data"]["productOrderEvents"]

    assert (event["orderKey"], event["sequence"]) == (key, 1)


async def test_a_foreign_order_is_not_told(product: Product) -> None:
    token = product.token(Role.CUSTOMER, "cust-1011")
    async with product.subscribed(document(FOLLOW), {}, token=token) as results:
        first = asyncio.ensure_future(anext(results))
        await product.graphql("{ __typename }", token=token)
        foreign = await place_mobile(product, "cust-1012")
        await until_state(product, foreign, "COMPLETED")
        own = await place_mobile(product, "cust-1011")
        event = (await first)["data"]["productOrderEvents"]

    assert (event["orderKey"], event["sequence"]) == (own, 1)


async def test_a_bad_cursor_is_refused(product: Product) -> None:
    async with product.subscribed(document(FOLLOW), {"after": "nonsense"}) as results:
        with pytest.raises(Refused) as refused:
            await anext(results)

    assert refused.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.fixture(scope="module")
async def other(shared_product: Product) -> AsyncIterator[int]:
    """The number of another gateway of the product."""
    async with shared_product.one_more_gateway() as number:
        yield number


async def test_several_gateways_deliver_the_same_feed(product: Product, other: int) -> None:
    keys = [await place_mobile(product, gateway=gateway) for gateway in (0, other, 0, other)]
    start = await cursor_before(product, keys[0])

    followed = await asyncio.gather(*(collect(product, keys, start, gateway=g) for g in (0, other, 0, other)))

    by_cursor = [[(e["cursor"], e["orderKey"], e["sequence"]) for e in events] for events in followed]
    assert by_cursor[0] == by_cursor[1] == by_cursor[2] == by_cursor[3]
    for key in keys:
        sequences = [s for _, k, s in by_cursor[0] if k == key]
        assert sequences == list(range(sequences[0], sequences[-1] + 1))


async def test_who_loses_its_gateway_goes_on_at_another_without_gap_or_repetition(product: Product, other: int) -> None:
    await product.mock_control.fault("provisioning", pace=5)
    key = await place_mobile(product)
    start = await cursor_before(product, key)
    own = {"after": start, "filter": {"orderIds": [key]}}  # other tests' orders may not have ended yet
    seen: list[Json] = []

    with pytest.raises(ConnectionLost):
        async with (
            asyncio.timeout(WAIT_SECONDS),
            product.subscribed(document(FOLLOW), own, gateway=other) as results,
        ):
            while True:
                seen.append((await anext(results))["data"]["productOrderEvents"])
                if len(seen) == 3:
                    await product.gateways[other].kill()
    await product.mock_control.heal()
    elsewhere = await collect(product, [key], seen[-1]["cursor"])
    await start_again(product.gateways[other])
    back_again = await collect(product, [key], seen[-1]["cursor"], gateway=other)

    assert elsewhere == back_again
    events = [(e["sequence"], e["summary"]) for e in [*seen, *elsewhere]]
    timeline = (await order(product, key))["timeline"]["nodes"]
    assert events == [(e["sequence"], e["summary"]) for e in timeline[1:]]
