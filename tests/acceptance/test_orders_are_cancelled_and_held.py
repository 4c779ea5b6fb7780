"""An order under way is cancelled as a preview said, in whole or in part; held and released; begun on a day to come."""

from datetime import UTC, datetime, timedelta
from typing import Final

from tests.channel import Json, effects_of, expected_effects, key, order, place, run, until_state, until_task
from tests.draft import Draft, mutate
from tests.harness import Product, until

MOBILE: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
FIBRE: Final = {"offeringId": "fibre-500", "characteristics": [{"name": "router", "value": "own"}]}
CHARGE: Final = {"amount": "49.00", "currency": "EUR"}


async def placed(product: Product, customer: str, *items: Json, **other: Json) -> Draft:
    """An order, submitted."""
    draft = await Draft.start(product, customer, items=list(items), **other)
    if items[0] is FIBRE:
        await draft.do("setProductOrderAppointment", itemId="1", slot=await draft.slot("1"))
    await draft.do("submitProductOrder")
    return draft


async def preview(product: Product, draft: Draft, *items: str) -> Json:
    given = {"id": draft.key, "itemIds": list(items) or None}
    said = (await run(product, "40-preview-a-cancellation", given))["previewCancellation"]
    return {**said, **{group: [task["id"] for task in said[group]] for group in ("takenBack", "abandoned")}}


def states(found: Json) -> dict[str, str]:
    return {task["id"]: task["state"] for task in found["plan"]["tasks"]}


async def test_what_was_done_is_taken_back_as_the_preview_said(slow: Product) -> None:
    draft = await placed(slow, "cust-1072", MOBILE)
    await until_task(slow, draft.key, "1/provision", "AWAITING_RESULT")
    before = await order(slow, draft.key)

    said = await preview(slow, draft)
    unchanged = await order(slow, draft.key)
    await draft.tell("cancelProductOrder", reason="moves away")
    found = await until_state(slow, draft.key, "CANCELLED")

    assert (said["possible"], said["charge"], said["itemIds"]) == (True, None, ["1"])
    assert (unchanged["version"], states(unchanged)) == (before["version"], states(before))
    undone = {task for task, state in states(found).items() if state == "UNDONE"}
    assert undone == set(said["takenBack"]) >= {"1/provision", "1/number", "1/sim", "1/record-product"}
    assert set(said["abandoned"]) - undone == {t for t, state in states(found).items() if state == "ABANDONED"}
    assert [item["state"] for item in found["items"]] == ["CANCELLED"]
    assert found["items"][0]["product"]["status"] == "cancelled"
    assert found["cancellations"][0]["reason"] == "moves away"
    moves = [e["summary"] for e in found["timeline"]["nodes"] if e["summary"].startswith("order ")]
    assert moves[-3:] == ["order assessingCancellation", "order pendingCancellation", "order cancelled"]
    effects = await effects_of(slow, draft.key)
    assert [e for e in effects if "~undo" in e and "reservation" in e] == [
        f"PATCH reservation {draft.key}:1/number~undo:1",
        f"PATCH reservation {draft.key}:1/sim~undo:1",
    ]
    reference = next(t["reference"] for t in found["plan"]["tasks"] if t["id"] == "1/provision")
    service_order = await slow.mock_control.get(f"/tmf-api/serviceOrdering/v4/serviceOrder/{reference}")
    assert service_order["state"] == "cancelled"


async def test_after_the_technician_was_ordered_it_costs_what_has_to_be_accepted(slow: Product) -> None:
    draft = await placed(slow, "cust-1073", FIBRE, placeId="addr-1073")
    await until_task(slow, draft.key, "1/provision", "AWAITING_RESULT")
    draft.version = (await order(slow, draft.key))["version"]

    said = await preview(slow, draft)
    silent = await draft.ask("cancelProductOrder", reason="too late")
    wrong = await draft.ask("cancelProductOrder", reason="too late", acceptedCharge={"amount": "1", "currency": "EUR"})
    await draft.tell("cancelProductOrder", reason="too late", acceptedCharge=CHARGE)
    found = await until_state(slow, draft.key, "CANCELLED")

    assert (said["possible"], said["charge"]) == (True, CHARGE)
    assert [p["taskName"] for p in said["passed"]] == ["Order the technician's work"]
    for refused in (silent, wrong):
        [error] = refused["errors"]
        assert (error["__typename"], error["path"]) == ("ChargeNotAccepted", "/acceptedCharge")
    assert found["cancellations"][0]["charge"] == CHARGE
    charged = [e for e in await effects_of(slow, draft.key) if "cancellation-charge" in e]
    assert len(charged) == 1
    query = "query W($id: ID!) { productOrder(id: $id) { workOrders { state } } }"
    [work] = (await slow.graphql(query, {"id": draft.key})).whole()["productOrder"]["workOrders"]
    assert work["state"] == "cancelled"


async def test_the_same_cancellation_again_is_the_same(slow: Product) -> None:
    draft = await placed(slow, "cust-1074", MOBILE)
    await until_task(slow, draft.key, "1/provision", "AWAITING_RESULT")
    version = (await order(slow, draft.key))["version"]
    given = {"id": draft.key, "expectedVersion": version, "idempotencyKey": key(), "reason": "no"}

    first = await mutate(slow, "cancelProductOrder", given, draft.token)
    again = await mutate(slow, "cancelProductOrder", given, draft.token)

    assert (first["errors"], first["replayed"], again["replayed"]) == ([], False, True)
    await until_state(slow, draft.key, "CANCELLED")
    draft.version = (await order(slow, draft.key))["version"]
    late = await draft.ask("cancelProductOrder", reason="again")
    assert [error["__typename"] for error in late["errors"]] == ["NotAllowedInState"]
    over = await preview(slow, draft)
    assert (over["possible"], [error["code"] for error in over["errors"]]) == (False, ["NOT_ALLOWED_IN_STATE"])


async def test_a_worker_killed_while_it_takes_things_back_takes_each_back_once(slow: Product) -> None:
    draft = await placed(slow, "cust-1076", MOBILE)
    await until_task(slow, draft.key, "1/provision", "AWAITING_RESULT")
    await slow.mock_control.fault("service_resources", errorRate=1.0)

    await draft.tell("cancelProductOrder", reason="no")
    await slow.worker.kill()
    await slow.mock_control.heal()
    await slow.worker.start()
    await slow.worker.until_ready()
    found = await until_state(slow, draft.key, "CANCELLED")

    assert "FALLOUT" not in states(found).values()
    assert len([e for e in await effects_of(slow, draft.key) if "~undo" in e]) >= 3


async def test_one_item_is_cancelled_and_the_rest_is_delivered(product: Product) -> None:
    await product.mock_control.fault("inventory", errorRate=1.0, operations=["POST product"])
    draft = await placed(product, "cust-1077", MOBILE, MOBILE)
    await until_task(product, draft.key, "2/record-product", "RUNNING")

    await draft.tell("holdProductOrder", reason="the customer thinks it over")
    await draft.tell("cancelProductOrder", itemIds=["2"], reason="one is enough")
    await product.mock_control.heal()
    await draft.tell("releaseProductOrder", reason="go on")
    found = await until_state(product, draft.key, "COMPLETED", "PARTIAL", "FAILED")

    assert found["state"] == "COMPLETED"
    assert [item["state"] for item in found["items"]] == ["COMPLETED", "CANCELLED"]
    query = "query J($id: ID!) { productOrder(id: $id) { journals { lines { debit } } } }"
    [journal] = (await product.graphql(query, {"id": draft.key})).whole()["productOrder"]["journals"]
    [fee] = [p for p in found["items"][0]["prices"] if p["name"] == "Activation fee"]
    assert journal["lines"][0]["debit"] == fee["taxIncluded"]["amount"], "booked is what was delivered"


async def test_what_is_held_begins_nothing_until_it_is_released(product: Product) -> None:
    await product.mock_control.fault("inventory", errorRate=1.0, operations=["POST product"])
    draft = await placed(product, "cust-1078", MOBILE)
    await until_task(product, draft.key, "1/record-product", "RUNNING")

    await draft.tell("holdProductOrder", reason="the customer is away")
    draft.version = (await order(product, draft.key))["version"]
    again = await draft.ask("holdProductOrder", reason="again")
    await product.mock_control.heal()
    held = await until_task(product, draft.key, "1/record-product", "COMPLETED")

    assert (held["state"], held["plan"]["held"]) == ("HELD", True)
    assert [error["__typename"] for error in again["errors"]] == ["NotAllowedInState"]
    assert {state for task, state in states(held).items() if task.startswith("1/")} == {"COMPLETED", "PENDING"}
    await draft.tell("releaseProductOrder", reason="back")
    found = await until_state(product, draft.key, "COMPLETED")
    assert await effects_of(product, draft.key) == expected_effects(found)


async def test_an_order_for_a_day_to_come_waits_for_it_and_can_be_called_off(product: Product) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    near = await place(product, {"customerId": "cust-1187", "items": [MOBILE], "requestedStartAt": soon})
    far = await placed(product, "cust-1080", FIBRE, placeId="addr-1080", requestedStartAt=later)
    waiting = await until_task(product, far.key, "1/provision", "PENDING")
    slot_query = "query S($id: ID!) { productOrder(id: $id) { items { appointment { start end } } } }"
    [visit] = (await product.graphql(slot_query, {"id": far.key})).whole()["productOrder"]["items"]

    said = await preview(product, far)
    called_off = await far.tell("cancelProductOrder", reason="not any more")
    found = await until_state(product, near["order"]["key"], "COMPLETED", "HELD")

    assert waiting["state"] == "ACKNOWLEDGED"
    assert {task["state"] for task in waiting["plan"]["tasks"]} == {"PENDING"}
    assert found["state"] == "COMPLETED"
    first = next(e for e in found["timeline"]["nodes"] if e["summary"] == "order inProgress")
    assert datetime.fromisoformat(first["occurredAt"]) >= datetime.fromisoformat(soon)
    assert (said["possible"], called_off["state"]) == (True, "CANCELLED")

    async def free_again() -> bool:
        start = datetime.now(UTC)
        period = {"placeId": "addr-1080", "start": start.isoformat(), "end": (start + timedelta(days=300)).isoformat()}
        return visit["appointment"] in (await run(product, "08-free-time-slots", period))["timeSlots"]

    await until(free_again)
