"""kill -9 of any process in the middle of orders: every order is delivered, each side effect happens once, and a
subscriber that resumes has every event once.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from app.demo.connection import ConnectionLost
from app.demo.samples import document
from tests.channel import (
    ENDED,
    FAMILY,
    FOLLOW,
    Json,
    effects_of,
    expected_effects,
    family,
    key,
    order,
    place_family_bundle,
    place_mobile,
    run,
    until_state,
)
from tests.harness import WAIT_SECONDS, Product, until
from tests.manual_work import placed

ORDERS = 2


@pytest.fixture
async def fragile(fragile: Product) -> Product:
    """Its provisioning takes long enough to be interrupted."""
    await fragile.mock_control.fault("provisioning", pace=10)
    return fragile


async def in_the_middle(product: Product) -> list[str]:
    """Orders that have begun and not ended."""
    keys = [await place_family_bundle(product) for _ in range(ORDERS)]
    for order_key in keys:
        await until_state(product, order_key, "IN_PROGRESS")
    return keys


async def last_sequence(product: Product, order_key: str) -> int:
    query = "query Last($id: ID!) { productOrder(id: $id) { timeline(first: 1) { totalCount } } }"
    found = (await product.graphql(query, {"id": order_key})).whole()["productOrder"]["timeline"]["totalCount"]
    return int(found)


async def all_delivered_once(product: Product, keys: list[str]) -> None:
    for order_key in keys:
        found = await until_state(product, order_key, "COMPLETED", "HELD", "FAILED")
        assert found["state"] == "COMPLETED"
        assert await effects_of(product, order_key) == expected_effects(found)
        sequences = [event["sequence"] for event in found["timeline"]["nodes"]]
        assert sequences == list(range(1, len(sequences) + 1))


async def asked_for_a_change(product: Product, order_key: str) -> None:
    """As a client does it: what got no answer is asked again under its key, what came too late under another one."""
    ask = """mutation Ask($input: RequestProductOrderChangeInput!) {
      requestProductOrderChange(input: $input) { errors { code } } }"""
    given: Json = None

    async def told() -> Json:
        nonlocal given
        if given is None:
            version = (await order(product, order_key))["version"]
            wish = {"kind": "OTHER", "wish": "Please ring twice"}
            given = {"id": order_key, "expectedVersion": version, "idempotencyKey": key(), **wish}
        answer = await product.graphql(ask, {"input": given})
        if answer.errors:
            return None
        if [e["code"] for e in answer.whole()["requestProductOrderChange"]["errors"]] == ["STALE_VERSION"]:
            given = None
        return given

    await until(told)


@pytest.mark.parametrize(
    "part", ["worker", *(pytest.param(part, marks=pytest.mark.thorough) for part in ("temporal", "mock"))]
)
async def test_orders_outlive_the_part_that_carries_them(fragile: Product, part: str) -> None:
    keys = await in_the_middle(fragile)

    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    calm = await placed(fragile, "cust-1003", requestedStartAt=later)
    asking = asyncio.create_task(asked_for_a_change(fragile, calm))
    victim = getattr(fragile, part)
    await victim.kill()
    await victim.start()
    await victim.until_ready()

    await asking
    await all_delivered_once(fragile, keys)
    wishes = "query Wishes($id: ID!) { productOrder(id: $id) { changeRequests { id state } } }"
    found = (await fragile.graphql(wishes, {"id": calm})).whole()["productOrder"]
    assert found["changeRequests"] == [{"id": "1", "state": "OPEN"}]


async def test_orders_outlive_the_gateway_and_its_subscriber_resumes(fragile: Product) -> None:
    gateway = fragile.gateways[0]
    keys = await in_the_middle(fragile)
    events: list[Json] = []
    query = "query First($id: ID!) { productOrder(id: $id) { timeline(first: 1) { nodes { cursor } } } }"
    first = (await fragile.graphql(query, {"id": keys[0]})).whole()
    after = first["productOrder"]["timeline"]["nodes"][0]["cursor"]
    subscribed = asyncio.Event()

    async def follow() -> None:
        """As a client does it: on a lost connection, resume after the last event it has."""
        cursor, open_orders = after, set(keys)
        while open_orders:
            try:
                given = {"filter": {"orderIds": keys}, "after": cursor}
                async with fragile.subscribed(document(FOLLOW), given) as results:
                    async for result in results:
                        event = result["data"]["productOrderEvents"]
                        events.append(event)
                        subscribed.set()
                        cursor = event["cursor"]
                        if event["state"] in ENDED:
                            open_orders.discard(event["orderKey"])
                        if not open_orders:
                            return
            except (ConnectionLost, OSError):
                await until(gateway_answers)

    async def gateway_answers() -> bool:
        try:
            return (await fragile.graphql("{ __typename }")).status == 200
        except (OSError, aiohttp.ClientError):
            return False

    following = asyncio.create_task(follow())
    await subscribed.wait()
    await gateway.kill()
    await gateway.start()
    await gateway.until_ready()
    async with asyncio.timeout(WAIT_SECONDS):
        await following

    await all_delivered_once(fragile, keys)
    for order_key in keys:
        told = [e["sequence"] for e in events if e["orderKey"] == order_key]
        last = await last_sequence(fragile, order_key)
        start = 2 if order_key == keys[0] else 1  # the cursor was that of the first order's first event
        assert told == list(range(start, last + 1))


async def test_a_gateway_killed_while_it_takes_orders_loses_none_it_acknowledged(fragile: Product) -> None:
    gateway = fragile.gateways[0]
    requests = [await family(fragile) for _ in range(5)]

    async def place(given: Json) -> None:
        with_error = await fragile.graphql(document(FAMILY), given)
        assert with_error.status == 200

    asking = [asyncio.create_task(place(given)) for given in requests]
    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    await gateway.kill()
    await asyncio.gather(*asking, return_exceptions=True)
    await gateway.start()
    await gateway.until_ready()

    # When the channel repeats every request, not knowing which had arrived
    payloads = [(await run(fragile, FAMILY, given))["placeProductOrder"] for given in requests]

    assert [p["errors"] for p in payloads] == [[]] * len(requests)
    keys = [p["order"]["key"] for p in payloads]
    assert len(set(keys)) == len(requests)
    assert any(p["replayed"] for p in payloads), "what was acknowledged is still there"
    await all_delivered_once(fragile, keys)


@pytest.mark.thorough
async def test_an_order_that_was_taken_while_temporal_was_away_is_started_later(fragile: Product) -> None:
    await fragile.temporal.kill()
    order_key = await place_mobile(fragile, "cust-1018")
    assert (await order(fragile, order_key))["state"] == "ACKNOWLEDGED"

    await fragile.temporal.start()
    await fragile.temporal.until_ready()

    assert (await until_state(fragile, order_key, "COMPLETED", "HELD"))["state"] == "COMPLETED"


@pytest.mark.parametrize("operation", ["POST serviceOrder", "POST product", "PATCH product", "PATCH appointment"])
async def test_an_answer_that_is_lost_after_the_effect_does_not_repeat_the_effect(
    fragile: Product, operation: str
) -> None:
    backend = {"serviceOrder": "provisioning", "product": "inventory", "appointment": "workforce"}[operation.split()[1]]
    await fragile.mock_control.fault(backend, failNext=4, failAfter=True, operations=[operation])

    order_key = await place_family_bundle(fragile)

    await all_delivered_once(fragile, [order_key])
