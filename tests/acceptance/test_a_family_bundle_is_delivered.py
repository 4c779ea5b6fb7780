"""The main job: a whole order in one request becomes a plan over many backends and is delivered."""

from datetime import datetime

from tests.channel import effects_of, expected_effects, place_family_bundle, timeline_of, until_state
from tests.harness import Product


async def test_every_task_is_done_once_and_every_product_active(product: Product) -> None:
    order_key = await place_family_bundle(product)

    order = await until_state(product, order_key, "COMPLETED", "HELD", "FAILED")

    assert order["state"] == "COMPLETED"
    assert {item["state"] for item in order["items"]} == {"COMPLETED"}
    assert {item["product"]["status"] for item in order["items"]} == {"active"}
    tasks = order["plan"]["tasks"]
    assert len(tasks) >= 12
    assert len({task["backend"] for task in tasks}) >= 6
    assert {task["state"] for task in tasks} == {"COMPLETED"}
    assert await effects_of(product, order_key) == expected_effects(order)


async def test_branches_run_side_by_side_and_nothing_starts_before_what_it_waits_for(product: Product) -> None:
    await product.mock_control.fault("provisioning", callbackDelayMs=1500)
    order_key = await place_family_bundle(product)

    order = await until_state(product, order_key, "COMPLETED", "HELD", "FAILED")

    tasks = {task["id"]: task for task in order["plan"]["tasks"]}
    times = {
        task_id: (datetime.fromisoformat(task["startedAt"]), datetime.fromisoformat(task["endedAt"]))
        for task_id, task in tasks.items()
    }
    for task_id, task in tasks.items():
        assert all(times[before][1] <= times[task_id][0] for before in task["dependsOn"])
    fibre, mobile = times["2/provision"], times["4/provision"]
    assert max(fibre[0], mobile[0]) < min(fibre[1], mobile[1]), "the lines are set up at the same time"
    television = tasks["3/provision"]
    assert "2/provision" in television["dependsOn"], "television relies on the line"


async def test_the_timeline_tells_every_state_in_order_and_versions_say_who_and_why(product: Product) -> None:
    order_key = await place_family_bundle(product)

    order = await until_state(product, order_key, "COMPLETED", "HELD", "FAILED")

    timeline = await timeline_of(product, order_key)
    assert [event["sequence"] for event in timeline] == list(range(1, len(timeline) + 1))
    assert timeline[0]["__typename"] == "ProductOrderCreateEvent"
    moves = [event["summary"] for event in timeline if event["summary"].startswith("order ")]
    assert moves == ["order placed", "order submitted", "order inProgress", "order completed"]
    versions = order["versions"]
    assert [v["version"] for v in versions] == list(range(1, order["version"] + 1))
    assert (versions[0]["subject"], versions[0]["channel"], versions[0]["reason"]) == (
        "agent-1",
        "callCentre",
        "order submitted",
    )
    assert {v["subject"] for v in versions[1:]} == {"orderway-orchestration"}
