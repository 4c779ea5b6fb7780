"""Each backend has a lane of its own: what waits in it is taken by priority, and other lanes do not feel it.

The order of things is read from the mock's list of effects; nothing is measured in seconds.
"""

import asyncio

import pytest

from app.domain.actor import Role
from tests.channel import Json, key, order, place, run, until_state
from tests.harness import Product, until

HELD_BACK: dict[str, Json] = {"latency": {"fixedMs": 2000}, "operations": ["POST serviceOrder"]}
"""Slow enough for other orders to catch up, and quicker than the connector's patience."""


async def place_line(product: Product, customer: str, priority: int = 4, offering: str = "mobile-m") -> str:
    """Place one line; its order number."""
    item = {"offeringId": offering, "characteristics": [{"name": "simType", "value": "eSIM"}]}
    pay = {"paymentMethodId": f"pm-{customer}"} if offering.startswith("prepaid") else {}
    request = {"customerId": customer, "items": [item], "priority": priority, "idempotencyKey": key(), **pay}
    placed = await place(product, request)
    assert placed["errors"] == []
    return str(placed["order"]["key"])


async def load_of(product: Product, backend: str) -> Json:
    """What the graph says of the backend's lane."""
    lanes = (await run(product, "64-load-of-the-backends"))["backendLoad"]
    return next(lane for lane in lanes if lane["backend"] == backend)


async def provisioned(product: Product) -> list[str]:
    """The orders whose service was set up, in the order in which it happened."""
    effects = await product.mock_control.effects()
    return [e["key"].split(":")[0] for e in effects if e["resource"] == "serviceOrder" and e["method"] == "POST"]


@pytest.mark.thorough
async def test_urgent_orders_overtake_those_that_wait_for_a_busy_backend(healed: Product) -> None:
    # Given a backend whose lane is full of orders that are in no hurry
    await healed.mock_control.fault("provisioning", **HELD_BACK)
    patient = await asyncio.gather(*(place_line(healed, "cust-1003") for _ in range(20)))

    async def full() -> Json:
        found = await load_of(healed, "provisioning")
        return found if found["waiting"] >= 8 else None

    load = await until(full)

    # When urgent ones come to wait there too
    urgent = await asyncio.gather(*(place_line(healed, "cust-1058", priority=0) for _ in range(3)))

    async def served() -> bool:
        return set(urgent) <= set(await provisioned(healed))

    await until(served)
    await healed.mock_control.heal()
    for order_key in [*patient, *urgent]:
        await until_state(healed, order_key, "COMPLETED")

    # Then they go before those that were there before them, and each order is served once
    assert (load["concurrency"], load["workers"]) == (1, 1)
    assert load["oldestWaitingSince"] is not None
    sequence = await provisioned(healed)
    assert sorted(sequence) == sorted([*patient, *urgent])
    last = max(sequence.index(order_key) for order_key in urgent)
    assert len(sequence) - 1 - last >= 3, "of the eight that waited, some were overtaken by all of them"


async def test_a_backend_that_hangs_fills_its_own_lane_only(healed: Product) -> None:
    # Given a backend that does not answer, and more orders for it than its lane takes at once
    await healed.mock_control.forget_requests()
    await healed.mock_control.fault("intelligent_network", latency={"fixedMs": 30_000})
    stuck = await asyncio.gather(*(place_line(healed, "cust-1058", offering="prepaid-start") for _ in range(4)))

    async def waits() -> bool:
        return bool((await load_of(healed, "intelligent_network"))["waiting"] >= 2)

    await until(waits)

    # When others are placed
    others = await asyncio.gather(*(place_line(healed, "cust-1003") for _ in range(3)))

    # Then these are delivered, while only one task at a time has been tried on the silent one
    for order_key in others:
        await until_state(healed, order_key, "COMPLETED")
    tried = [
        task["attempts"]
        for order_key in stuck
        for task in (await order(healed, order_key))["plan"]["tasks"]
        if task["backend"] == "intelligent_network" and task["state"] == "COMPLETED"
    ]
    assert tried == []
    assert (await load_of(healed, "intelligent_network"))["waiting"] >= 1
    assert (await load_of(healed, "provisioning"))["waiting"] == 0
    await healed.mock_control.heal()
    for order_key in stuck:
        await until_state(healed, order_key, "COMPLETED")


async def test_only_who_sees_internal_things_sees_the_load(narrow: Product) -> None:
    answer = await narrow.graphql("{ backendLoad { waiting } }", token=narrow.token(Role.CUSTOMER))

    assert (answer.data, answer.codes) == ({"backendLoad": None}, ["FORBIDDEN"])
