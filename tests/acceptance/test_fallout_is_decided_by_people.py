"""A task that a backend refuses becomes fallout: the order is held until somebody decides, and then goes on."""

import pytest

from app.domain.actor import Role
from tests.channel import Json, effects_of, key, place_mobile, run, until_state
from tests.channel import order as order_of
from tests.harness import Product

PREVIEW = "88-preview-a-fallout-decision"
REFUSE_PROVISIONING = {"errorRate": 1, "errorStatus": 422, "operations": ["POST serviceOrder"]}


async def held_order(product: Product) -> Json:
    await product.mock_control.fault("provisioning", **REFUSE_PROVISIONING)
    held = await until_state(product, await place_mobile(product), "HELD")
    await product.mock_control.heal()
    return held


async def decide(product: Product, order: Json, action: str, **other: Json) -> Json:
    given = {
        "id": order["key"],
        "expectedVersion": order["version"],
        "idempotencyKey": key(),
        "taskId": "1/provision",
        "action": action,
        "reason": "seen to it",
        **other,
    }
    answer = await run(product, "19-resolve-fallout", {"input": given}, token=product.token(Role.OPERATIONS))
    return answer["resolveFallout"]


async def test_the_cause_is_told_and_a_retry_delivers_the_order(product: Product) -> None:
    order = await held_order(product)
    task = next(t for t in order["plan"]["tasks"] if t["id"] == "1/provision")
    assert (task["state"], task["cause"]["kind"]) == ("FALLOUT", "REFUSED")
    assert order["items"][0]["state"] == "HELD"

    decided = await decide(product, order, "RETRY")

    assert decided["errors"] == []
    completed = await until_state(product, order["key"], "COMPLETED")
    assert [v["reason"] for v in completed["versions"] if "seen to it" in v["reason"]] == [
        "retry 1/provision: seen to it"
    ]
    effects = await effects_of(product, order["key"])
    assert [e for e in effects if "serviceOrder" in e] == [f"POST serviceOrder {order['key']}:1/provision:2"]


async def test_a_skipped_task_is_not_done_and_the_rest_is(product: Product) -> None:
    order = await held_order(product)

    await decide(product, order, "SKIP")

    completed = await until_state(product, order["key"], "COMPLETED")
    states = {t["id"]: t["state"] for t in completed["plan"]["tasks"]}
    assert (states["1/provision"], states["1/activate-product"]) == ("SKIPPED", "COMPLETED")
    assert not [e for e in await effects_of(product, order["key"]) if "serviceOrder" in e]


async def test_a_given_up_item_fails_and_with_it_an_order_of_nothing_else(product: Product) -> None:
    order = await held_order(product)

    await decide(product, order, "FAIL_ITEM")

    failed = await until_state(product, order["key"], "FAILED")
    states = {t["id"]: t["state"] for t in failed["plan"]["tasks"]}
    assert (states["1/provision"], states["1/activate-product"]) == ("FAILED", "ABANDONED")
    assert failed["items"][0]["state"] == "FAILED"
    assert failed["completedAt"] is None


@pytest.mark.parametrize("action", ["RETRY", "SKIP", "FAIL_ITEM", "ABORT"])
async def test_a_decision_does_what_its_preview_said(product: Product, action: str) -> None:
    order = await held_order(product)
    asked = {"id": order["key"], "taskId": "1/provision", "action": action}
    token = product.token(Role.OPERATIONS)

    said = (await run(product, PREVIEW, asked, token=token))["previewFalloutDecision"]
    unchanged = await order_of(product, order["key"])
    await decide(product, order, action)
    ended = await until_state(product, order["key"], "COMPLETED", "FAILED", "PARTIAL")
    too_late = (await run(product, PREVIEW, asked, token=token))["previewFalloutDecision"]

    assert (said["possible"], said["errors"], unchanged["version"]) == (True, [], order["version"])
    by_state: dict[str, set[str]] = {}
    for task in ended["plan"]["tasks"]:
        by_state.setdefault(task["state"], set()).add(task["id"])
    assert {t["id"] for t in said["takenBack"]} == by_state.get("UNDONE", set())
    assert {t["id"] for t in said["abandoned"]} == by_state.get("ABANDONED", set())
    assert [e["code"] for e in too_late["errors"]] == ["NOT_ALLOWED_IN_STATE"]


async def test_a_decision_is_taken_once_and_only_while_it_is_needed(product: Product) -> None:
    order = await held_order(product)
    same_key = key()

    first = await decide(product, order, "RETRY", idempotencyKey=same_key)
    await until_state(product, order["key"], "COMPLETED")
    again = await decide(product, order, "RETRY", idempotencyKey=same_key)
    completed = await until_state(product, order["key"], "COMPLETED")
    late = await decide(product, completed, "RETRY")

    assert first["errors"] == again["errors"] == []
    assert [e["code"] for e in late["errors"]] == ["NOT_ALLOWED_IN_STATE"]
