"""What becomes of the rest of an order when a task of it cannot be done: its failure policy says so."""

from typing import Final

from app.domain.actor import Role
from tests.channel import Json, effects_of, key, order, place, run, until_state
from tests.harness import Product, until

MOBILE: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}


async def failed_in_part(product: Product, policy: str) -> tuple[str, str, str]:
    """The number of an order of two lines, the line that is refused, and the other one."""
    await product.mock_control.fault("provisioning", failNext=1, errorStatus=422, operations=["POST serviceOrder"])
    given = {"customerId": "cust-1003", "items": [MOBILE, MOBILE], "failurePolicy": policy}
    placed = await place(product, given)
    assert placed["errors"] == []
    order_key = placed["order"]["key"]

    async def refused() -> str | None:
        tasks = ((await order(product, order_key))["plan"] or {"tasks": []})["tasks"]
        return next((t["id"][0] for t in tasks if t["id"].endswith("/provision") and t["cause"]), None)

    item = await until(refused)
    assert item is not None
    return order_key, item, {"1": "2", "2": "1"}[item]


def states(found: Json) -> dict[str, str]:
    return {task["id"]: task["state"] for task in found["plan"]["tasks"]}


async def test_the_rest_is_delivered(product: Product) -> None:
    order_key, refused, other = await failed_in_part(product, "CONTINUE")

    async def delivered() -> Json:
        found = await order(product, order_key)
        return found if {item["id"]: item["state"] for item in found["items"]}[other] == "COMPLETED" else None

    found = await until(delivered)
    assert states(found)[f"{refused}/provision"] == "FALLOUT"
    assert states(found)[f"{other}/activate-product"] == "COMPLETED"


async def test_nothing_more_begins_until_it_is_decided(product: Product) -> None:
    order_key, refused, _ = await failed_in_part(product, "HALT")

    async def at_rest() -> Json:
        found = await order(product, order_key)
        return None if {"RUNNING", "AWAITING_RESULT"} & set(states(found).values()) else found

    halted = await until(at_rest)
    given = {"id": order_key, "expectedVersion": halted["version"], "idempotencyKey": key(), "reason": "try again"}
    whole = {"input": {**given, "taskId": f"{refused}/provision", "action": "RETRY"}}
    await run(product, "19-resolve-fallout", whole, token=product.token(Role.OPERATIONS))
    ended = await until_state(product, order_key, "COMPLETED", "FAILED", "PARTIAL")

    assert "1/activate-product" in states(halted)
    assert {states(halted)[f"{n}/activate-product"] for n in "12"} == {"PENDING"}
    assert halted["state"] == "HELD"
    assert ended["state"] == "COMPLETED"


async def test_everything_is_taken_back(product: Product) -> None:
    order_key, _, _ = await failed_in_part(product, "HALT_AND_ROLLBACK")

    ended = await until_state(product, order_key, "FAILED", "CANCELLED")

    assert ended["state"] == "FAILED"
    assert {item["state"] for item in ended["items"]} == {"FAILED"}
    left = {task: state for task, state in states(ended).items() if state == "COMPLETED" and "~undo" not in task}
    assert not [task for task in left if task.startswith(("1/", "2/")) and task.split("/")[1] in ("sim", "number")]
    effects = await effects_of(product, order_key)
    made = [e for e in effects if e.startswith("POST reservation ")]
    undone = [e for e in effects if "~undo" in e and "reservation" in e]
    assert len(made) == len(undone) > 0
