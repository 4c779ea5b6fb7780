"""An order for what an earlier order of the same customer is about waits for it, says so, and goes on when it ends."""

from datetime import datetime
from itertools import pairwise
from typing import Final

from tests.channel import Json, effects_of, order, place, until_state, until_task
from tests.draft import Draft
from tests.harness import Product, until
from tests.owned import ordered, owned, previewed

CHANGE: Final = "44-change-a-product"
SUSPEND: Final = "45-suspend-a-product"
RESUME: Final = "46-resume-a-product"
END: Final = "47-discontinue-a-product"
PREVIEW_END: Final = "53-preview-an-end"
PREMIUM: Final = [{"name": "router", "value": "premium"}]
PLAN: Final = """query P($id: ID!) { productOrder(id: $id) { state plan { tasks {
    id name state awaits reference startedAt endedAt } } } }"""


async def tasks(product: Product, order_key: str) -> dict[str, Json]:
    found = (await product.graphql(PLAN, {"id": order_key})).whole()["productOrder"]
    return {task["id"]: task for task in found["plan"]["tasks"]}


async def wished(product: Product, example: str, product_id: str, **other: Json) -> str:
    payload = await ordered(product, example, product_id, **other)
    assert payload["errors"] == []
    return str(payload["order"]["key"])


async def test_a_suspension_waits_for_the_change_before_it(slow: Product) -> None:
    first = await wished(slow, CHANGE, "prod-1150", characteristics=PREMIUM)
    second = await wished(slow, SUSPEND, "prod-1150")
    third = await wished(slow, RESUME, "prod-1150")

    waiting = await until_task(slow, second, "1/await-earlier", "AWAITING_RESULT")
    told = (await tasks(slow, second))["1/await-earlier"]
    again = await ordered(slow, RESUME, "prod-1150")
    assert (waiting["state"], told["awaits"], told["reference"]) == ("PENDING", [first], first)
    assert told["name"] == f"Wait for the customer's earlier order {first}"
    assert (await until_task(slow, third, "1/await-earlier", "AWAITING_RESULT"))["state"] == "PENDING"
    assert (await tasks(slow, third))["1/await-earlier"]["awaits"] == [first, second]
    [violation] = again["errors"][0]["violations"]
    assert (violation["rule"], third in violation["message"]) == ("productStatusAllows", True)

    await slow.mock_control.heal()
    for key in (first, second, third):
        assert (await until_state(slow, key, "COMPLETED", "HELD", "FAILED"))["state"] == "COMPLETED"
    ends = [await tasks(slow, key) for key in (first, second, third)]
    for before, after in pairwise(ends):
        ended = max(datetime.fromisoformat(task["endedAt"]) for task in before.values())
        assert datetime.fromisoformat(after["1/provision"]["startedAt"]) >= ended
    now = await owned(slow, "prod-1150")
    assert now["status"] == "active"
    assert "premium" in [c["value"] for c in now["productCharacteristic"]]
    for key in (first, second, third):
        made = [effect.split(" ")[1] for effect in await effects_of(slow, key)]
        assert sorted(made) == ["partyInteraction", "product", "serviceOrder"], "each thing once"


async def test_what_waits_is_told_at_once(slow: Product) -> None:
    first = await wished(slow, CHANGE, "prod-1102", characteristics=PREMIUM)
    second = await wished(slow, SUSPEND, "prod-1102")
    await until_task(slow, second, "1/await-earlier", "AWAITING_RESULT")

    await slow.mock_control.heal()
    await until_state(slow, first, "COMPLETED")
    await until_task(slow, second, "1/await-earlier", "COMPLETED")

    [ended] = [t["endedAt"] for t in (await tasks(slow, first)).values() if t["id"] == "order/log-interaction"]
    begun = (await tasks(slow, second))["1/provision"]["startedAt"]
    waited = datetime.fromisoformat(begun) - datetime.fromisoformat(ended)
    assert waited.total_seconds() < 1.5, "the next look would have been later"
    await until_state(slow, second, "COMPLETED")


async def test_one_that_waits_can_be_cancelled_at_once(slow: Product) -> None:
    first = await wished(slow, CHANGE, "prod-1105", characteristics=PREMIUM)
    waiting = await wished(slow, SUSPEND, "prod-1105")
    draft = Draft(slow, slow.token(), {"order": {"key": waiting, "version": 1}})
    await until_task(slow, draft.key, "1/await-earlier", "AWAITING_RESULT")

    await draft.tell("cancelProductOrder", reason="not any more")
    await until_state(slow, draft.key, "CANCELLED")

    await slow.mock_control.heal()
    assert (await tasks(slow, draft.key))["1/await-earlier"]["state"] == "ABANDONED"
    assert await effects_of(slow, draft.key) == []
    assert (await until_state(slow, first, "COMPLETED"))["state"] == "COMPLETED"


async def test_a_worker_killed_in_between_changes_nothing(slow: Product) -> None:
    first = await wished(slow, CHANGE, "prod-1108", characteristics=PREMIUM)
    charge = (await previewed(slow, PREVIEW_END, "prod-1108"))["charge"]
    second = await wished(slow, END, "prod-1108", acceptedCharge=charge)
    late = await ordered(slow, SUSPEND, "prod-1108")
    await until_task(slow, second, "1/await-earlier", "AWAITING_RESULT")

    await slow.worker.kill()
    await slow.worker.start()
    await slow.worker.until_ready()
    await slow.mock_control.heal()
    for key in (first, second):
        assert (await until_state(slow, key, "COMPLETED", "HELD", "FAILED"))["state"] == "COMPLETED"

    assert (await owned(slow, "prod-1108"))["status"] == "terminated"
    [violation] = late["errors"][0]["violations"]
    assert (violation["rule"], "will be terminated" in violation["message"]) == ("productStatusAllows", True)


async def test_what_is_new_waits_for_what_it_requires(slow: Product) -> None:
    basic = await place(
        slow, {"customerId": "cust-1162", "placeId": "addr-1162", "items": [{"offeringId": "tv-basic"}]}
    )
    sport = await place(
        slow, {"customerId": "cust-1162", "placeId": "addr-1162", "items": [{"offeringId": "tv-sport"}]}
    )
    alone = await place(
        slow, {"customerId": "cust-1162", "placeId": "addr-1162", "items": [{"offeringId": "prepaid-start"}]}
    )

    assert (basic["errors"], sport["errors"]) == ([], [])
    assert [e["code"] for e in alone["errors"]] in ([], ["VALIDATION_FAILED"]), "it requires nothing"
    key = sport["order"]["key"]
    await until_task(slow, key, "1/await-earlier", "AWAITING_RESULT")
    assert (await tasks(slow, key))["1/await-earlier"]["awaits"] == [basic["order"]["key"]]
    await slow.mock_control.heal()

    async def both() -> bool:
        found = [(await order(slow, one))["state"] for one in (basic["order"]["key"], key)]
        return found == ["COMPLETED", "COMPLETED"]

    assert await until(both)
