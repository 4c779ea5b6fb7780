"""kill -9 of the worker's process exactly where a backend has a call of it, and of Temporal at random times.

The mock holds the call, or its answer, until the worker is dead: so it is known which side of the effect it died on.
"""

import asyncio
import os
import random
from typing import Final

import pytest

from app.settings.variables import TEST_PREFIX
from tests.channel import effects_of, expected_effects, key, place_family_bundle, place_mobile, until_state, until_task
from tests.draft import Draft
from tests.harness import Product, until

MOBILE: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
HELD: Final = {
    "service_resources": ("1/number", "after"),
    "provisioning": ("1/provision", "after"),
    "billing": ("1/charge", "before"),
    "inventory": ("1/activate-product", "before"),
    "ledger": ("order/post-journal", "after"),
    "channels": ("order/log-interaction", "before"),
}
"""By backend, the task whose call is held, and on which side of its effect."""
KILLS: Final = 3
LONGEST_PEACE: Final = 1.0
SEED: Final = f"{TEST_PREFIX}SEED"


async def delivered_once(product: Product, order_key: str) -> None:
    found = await until_state(product, order_key, "COMPLETED", "HELD", "FAILED")
    assert found["state"] == "COMPLETED"
    assert await effects_of(product, order_key) == expected_effects(found)
    sequences = [event["sequence"] for event in found["timeline"]["nodes"]]
    assert sequences == list(range(1, len(sequences) + 1))


async def until_held(product: Product, backend: str, call: str) -> None:
    async def it_is() -> bool:
        # what a task does more than once has keys of its own behind that of the task
        return any(held.startswith(call) for held in await product.mock_control.stalled(backend))

    await until(it_is)


async def test_a_worker_killed_in_the_middle_of_its_calls_has_each_effect_once(fragile: Product) -> None:
    drafts = {backend: await Draft.start(fragile, "cust-1083", items=[MOBILE]) for backend in HELD}
    called = {backend: f"{drafts[backend].key}:{task}:1" for backend, (task, _) in HELD.items()}
    for backend, (_, moment) in HELD.items():
        await fragile.mock_control.fault(backend, stall=moment, keys=[called[backend]])

    for draft in drafts.values():
        await draft.do("submitProductOrder")
    for backend, call in called.items():
        await until_held(fragile, backend, call)
    effects = await fragile.mock_control.effects()
    await fragile.worker.kill()
    await fragile.mock_control.heal()  # what was held goes on, and meets its repetition
    await fragile.worker.start()

    had = {backend: any((e["key"] or "").startswith(call) for e in effects) for backend, call in called.items()}
    assert had == {backend: moment == "after" for backend, (_, moment) in HELD.items()}
    for draft in drafts.values():
        await delivered_once(fragile, draft.key)


@pytest.mark.thorough
async def test_temporal_killed_at_random_times_loses_nothing(fragile: Product) -> None:
    seed = int(os.environ.get(SEED, random.randrange(10**6)))
    chance = random.Random(seed)
    keys = [await place_family_bundle(fragile), *[await place_mobile(fragile, "cust-1086") for _ in range(3)]]

    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0, LONGEST_PEACE))  # no condition: any time will do
        await fragile.temporal.kill()
        await fragile.temporal.start()
        await fragile.temporal.until_ready()

    try:
        for order_key in keys:
            await delivered_once(fragile, order_key)
    except AssertionError as error:
        error.add_note(f"to see it again: {SEED}={seed}")
        raise


@pytest.mark.thorough
async def test_what_no_worker_takes_is_said_again_and_followed_once(fragile: Product) -> None:
    await fragile.mock_control.fault("inventory", errorRate=1.0, operations=["POST product"])
    draft = await Draft.start(fragile, "cust-1089", items=[MOBILE])
    await draft.do("submitProductOrder")
    running = await until_task(fragile, draft.key, "1/record-product", "RUNNING")
    document = "mutation H($i: HoldProductOrderInput!) { holdProductOrder(input: $i) { errors { code } } }"
    ask = {"id": draft.key, "expectedVersion": running["version"], "idempotencyKey": key(), "reason": "away"}

    await fragile.worker.kill()
    silent = await fragile.graphql(document, {"i": ask}, token=draft.token)
    await fragile.worker.start()

    async def followed() -> bool:
        answer = await fragile.graphql(document, {"i": ask}, token=draft.token)
        return answer.codes == [] and answer.data["holdProductOrder"]["errors"] == []

    assert (silent.codes, silent.errors[0]["extensions"]["retryable"]) == (["FULFILMENT_UNAVAILABLE"], True)
    await until(followed)
    held = await until_state(fragile, draft.key, "HELD")
    assert [v["reason"] for v in held["versions"]].count("hold: away") == 1
    await fragile.mock_control.heal()
    await draft.tell("releaseProductOrder", reason="back")
    await delivered_once(fragile, draft.key)
