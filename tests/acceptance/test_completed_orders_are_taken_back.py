"""A completed order is taken back as a whole by another order, as its preview said, as long as that can be."""

from decimal import Decimal
from typing import Final

from tests.channel import Json, effects_of, free_slot, key, order, place, run, until_state, until_task
from tests.draft import mutate
from tests.harness import Product
from tests.owned import charged_once, done, owned, rates, whole

ESIM: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}


async def completed(product: Product, customer: str, *items: Json, **other: Json) -> Json:
    """An order of these items, completed."""
    placed = await place(product, {"customerId": customer, "items": list(items), **other})
    assert placed["errors"] == []
    found = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD", "FAILED")
    assert found["state"] == "COMPLETED"
    return found


async def preview(product: Product, order_key: str) -> Json:
    return (await run(product, "89-preview-taking-back", {"id": order_key}))["previewTakeBack"]


async def ask(product: Product, found: Json, **other: Json) -> Json:
    """The payload of taking this order back."""
    given = {"id": found["key"], "expectedVersion": found["version"], "idempotencyKey": key(), "reason": "withdraws"}
    return (await run(product, "90-take-back-an-order", {"input": {**given, **other}}))["takeBackProductOrder"]


async def due_once(product: Product, order_key: str) -> Decimal:
    """What the order costs once, with tax."""
    items = (await whole(product, order_key))["items"]
    prices = (price for item in items for price in item["prices"] if price["priceType"] == "ONE_TIME")
    return sum((Decimal(price["taxIncluded"]["amount"]) for price in prices), Decimal())


def shown(tasks: list[Json]) -> list[Json]:
    return [{name: task[name] for name in ("id", "name", "operation", "dependsOn")} for task in tasks]


async def test_what_it_did_is_undone_in_reverse_as_the_preview_said(product: Product) -> None:
    bought = await completed(product, "cust-1146", ESIM)
    product_id = bought["items"][0]["product"]["key"]

    said = await preview(product, bought["key"])
    same = key()
    payload = await ask(product, bought, idempotencyKey=same)
    again = await ask(product, bought, idempotencyKey=same)
    back = await until_state(product, payload["order"]["key"], "COMPLETED", "HELD", "FAILED")
    twice = await ask(product, bought)

    assert (said["possible"], said["charge"], said["errors"], payload["errors"]) == (True, None, [], [])
    assert (again["replayed"], again["order"]["key"]) == (True, back["key"])
    assert (back["state"], payload["order"]["takesBackKey"]) == ("COMPLETED", bought["key"])
    assert shown(back["plan"]["tasks"]) == shown(said["added"])
    assert {task["id"] for task in said["takenBack"]} >= {"1/provision", "1/number", "1/sim", "1/start-billing"}
    assert {task["id"] for task in said["kept"]} >= {"1/record-product", "order/billing-account"}
    tasks = {task["id"]: task for task in back["plan"]["tasks"]}
    assert "1/provision~undo" in tasks["1/number~undo"]["dependsOn"]
    assert (await owned(product, product_id))["status"] == "terminated"
    for rate in await rates(product, product_id):
        assert rate["periodCoverage"]["endDateTime"] == rate["periodCoverage"]["startDateTime"], "never charged"
    credit = await charged_once(product, back["key"])
    paid = await due_once(product, bought["key"])
    assert sum(Decimal(str(rate["taxIncludedAmount"]["value"])) for rate in credit) == -paid < 0
    assert (await order(product, bought["key"]))["state"] == "COMPLETED", "it stays what it was"
    undone = [effect for effect in await effects_of(product, back["key"]) if "~undo" in effect]
    assert len(undone) == len(set(undone)) >= 5
    assert [error["__typename"] for error in twice["errors"]] == ["NotAllowedInState"]
    assert back["key"] in twice["errors"][0]["message"]


async def test_the_technicians_work_is_charged_and_that_has_to_be_accepted(product: Product) -> None:
    line: Json = {"offeringId": "fibre-500", "slot": await free_slot(product, "addr-1167")}
    line |= {"characteristics": [{"name": "router", "value": "own"}]}
    bought = await completed(product, "cust-1167", line, placeId="addr-1167")

    said = await preview(product, bought["key"])
    silent = await ask(product, bought)
    payload = await ask(product, bought, acceptedCharge=said["charge"])
    back = await until_state(product, payload["order"]["key"], "COMPLETED", "HELD", "FAILED")

    assert said["charge"] == {"amount": "49.00", "currency": "EUR"}
    assert [(e["code"], e["charge"]) for e in silent["errors"]] == [("CHARGE_NOT_ACCEPTED", said["charge"])]
    assert back["state"] == "COMPLETED"
    billed = [Decimal(str(r["taxIncludedAmount"]["value"])) for r in await charged_once(product, back["key"])]
    assert sum(billed) == Decimal("49.00") - await due_once(product, bought["key"])
    assert "1/work-order~undo" not in {task["id"] for task in back["plan"]["tasks"]}, "what was done is done"


async def test_what_cannot_be_taken_back_is_refused_with_the_reason(product: Product) -> None:
    ported = {**ESIM, "characteristics": [*ESIM["characteristics"], {"name": "msisdn", "value": "+49 151 1112223"}]}
    for_good = await completed(product, "cust-1170", ported)
    changed = await completed(product, "cust-1173", ESIM)
    product_id = changed["items"][0]["product"]["key"]
    await done(product, "45-suspend-a-product", product_id)
    business = await completed(product, "cust-1065", ESIM)

    refused = {found["key"]: await ask(product, found) for found in (for_good, changed, business)}
    said = {found["key"]: await preview(product, found["key"]) for found in (for_good, changed, business)}

    types = [[error["__typename"] for error in refused[k["key"]]["errors"]] for k in (for_good, changed, business)]
    assert types == [["PointOfNoReturnPassed"], ["ChangedSince"], ["ValidationFailed"]]
    for order_key, payload in refused.items():
        assert (said[order_key]["possible"], payload["order"]) == (False, None)
        assert [e["message"] for e in said[order_key]["errors"]] == [e["message"] for e in payload["errors"]]
    assert [p["taskId"] for p in said[for_good["key"]]["passed"]] == ["1/port-number"]
    assert said[changed["key"]]["errors"][0]["products"] == [{"productId": product_id, "what": "is suspended"}]
    assert "takeBackAllowed" in refused[business["key"]]["errors"][0]["message"]


async def test_what_is_being_taken_back_goes_on_to_its_end(product: Product) -> None:
    bought = await completed(product, "cust-1149", ESIM)
    await product.mock_control.fault("provisioning", pace=1000.0)
    back = (await ask(product, bought))["order"]["key"]
    waiting = await until_task(product, back, "1/provision~undo", "AWAITING_RESULT")

    said = (await run(product, "40-preview-a-cancellation", {"id": back, "itemIds": None}))["previewCancellation"]
    given = {"id": back, "expectedVersion": waiting["version"], "reason": "they want it after all"}
    refused = await mutate(product, "cancelProductOrder", given, product.token())
    await product.mock_control.heal()
    ended = await until_state(product, back, "COMPLETED", "HELD", "CANCELLED")

    [error] = refused["errors"]
    assert (error["__typename"], refused["order"], said["possible"]) == ("PointOfNoReturnPassed", None, False)
    assert error["message"] == said["errors"][0]["message"]
    assert "order it anew afterwards" in error["message"]
    assert "Take back: Set up the mobile service" in {passed["taskName"] for passed in said["passed"]}
    assert ended["state"] == "COMPLETED"
