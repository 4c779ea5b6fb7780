"""Provisioning tells its progress by callbacks; nothing depends on their being told once, in order, or at all."""

import aiohttp

from tests.channel import effects_of, expected_effects, place_mobile, until_state
from tests.harness import Product


async def test_a_lost_callback_is_made_up_for_by_asking(product: Product) -> None:
    await product.mock_control.fault("provisioning", dropCallbacks=1)

    order = await until_state(product, await place_mobile(product), "COMPLETED", "HELD")

    assert order["state"] == "COMPLETED"


async def test_repeated_callbacks_do_nothing_more(product: Product) -> None:
    await product.mock_control.fault("provisioning", duplicateCallbacks=4)

    order = await until_state(product, await place_mobile(product), "COMPLETED", "HELD")

    assert order["state"] == "COMPLETED"
    assert await effects_of(product, order["key"]) == expected_effects(order)
    sequences = [e["sequence"] for e in order["timeline"]["nodes"]]
    assert sequences == list(range(1, len(sequences) + 1))


async def test_a_late_callback_finds_the_work_done(product: Product) -> None:
    await product.mock_control.fault("provisioning", callbackDelayMs=4000)
    order = await until_state(product, await place_mobile(product), "COMPLETED", "HELD")

    service_order = next(t["reference"] for t in _references(order) if t["reference"].startswith("so-"))
    status = await _notify(product, service_order, "completed")

    assert status == 204
    assert (await until_state(product, order["key"], "COMPLETED"))["version"] == order["version"]


async def test_a_forged_callback_completes_nothing(product: Product) -> None:
    """Anybody can send one, so it is believed only when provisioning says the same."""
    await product.mock_control.fault("provisioning", outage=True, operations=["POST serviceOrder"])
    key = await place_mobile(product)
    await until_state(product, key, "IN_PROGRESS")

    status = await _notify(product, "so-999999", "completed", external_id=f"{key}:1/provision:1")

    assert status == 204
    tasks = {t["id"]: t["state"] for t in (await until_state(product, key, "IN_PROGRESS"))["plan"]["tasks"]}
    assert tasks["1/provision"] in ("PENDING", "RUNNING")
    await product.mock_control.heal()
    await until_state(product, key, "COMPLETED")


async def test_nonsense_is_refused(product: Product) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{product.urls[0]}/listener/serviceOrderStateChangeEvent", data=b"{}") as response,
    ):
        assert response.status == 400


def _references(order: dict[str, object]) -> list[dict[str, str]]:
    plan = order["plan"]
    assert isinstance(plan, dict)
    return [task for task in plan["tasks"] if task["reference"]]


async def _notify(product: Product, service_order: str, state: str, external_id: str | None = None) -> int:
    event = {
        "eventId": "e-1",
        "eventType": "serviceOrderStateChangeEvent",
        "event": {"serviceOrder": {"id": service_order, "externalId": external_id, "state": state}},
    }
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{product.urls[0]}/listener/serviceOrderStateChangeEvent", json=event) as response,
    ):
        return response.status
