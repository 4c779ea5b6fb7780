"""An order under way is wished for otherwise: what the preview says of price, tasks, charges and refusals happens."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from tests.channel import Json, effects_of, expected_effects, key, order, run, until_state, until_task
from tests.draft import Draft
from tests.harness import Product

ESIM: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
CARD: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "physical"}]}
FIBRE: Final = {"offeringId": "fibre-500", "characteristics": [{"name": "router", "value": "own"}]}
CHARGE: Final = {"amount": "49.00", "currency": "EUR"}


async def placed(product: Product, customer: str, *items: Json, **other: Json) -> Draft:
    """An order, submitted; a fibre line with the first free visit."""
    draft = await Draft.start(product, customer, items=list(items), **other)
    if items[0] is FIBRE:
        await draft.do("setProductOrderAppointment", itemId="1", slot=await draft.slot("1"))
    await draft.do("submitProductOrder")
    return draft


async def preview(product: Product, draft: Draft, **revision: Json) -> Json:
    return (await run(product, "81-preview-a-revision", {"id": draft.key, "revision": revision}))["previewRevision"]


async def revised(product: Product, draft: Draft, items: list[Json], **other: Json) -> Json:
    """The payload of a revision to these items, of the order as it is by now."""
    version = (await order(product, draft.key))["version"]
    given = {"id": draft.key, "expectedVersion": version, "idempotencyKey": key(), "reason": "another wish", **other}
    given["revision"] = {"items": items}
    return (await run(product, "82-revise-an-order", {"input": given}))["reviseProductOrder"]


async def chosen(product: Product, draft: Draft) -> Json:
    """What is wished for by now, and what it costs."""
    query = """query C($id: ID!) { productOrder(id: $id) {
      items { id characteristics { name value } } totals { priceType taxIncluded { amount } } } }"""
    return (await product.graphql(query, {"id": draft.key})).whole()["productOrder"]


def monthly_of(found: Json) -> Decimal:
    return sum(
        (Decimal(t["taxIncluded"]["amount"]) for t in found["totals"] if t["priceType"] == "RECURRING"), Decimal()
    )


def ids(tasks: list[Json]) -> set[str]:
    return {task["id"] for task in tasks}


def states(found: Json) -> dict[str, str]:
    return {task["id"]: task["state"] for task in found["plan"]["tasks"]}


async def test_a_bundle_is_amended_while_the_technician_is_booked(slow: Product) -> None:
    draft = await placed(slow, "cust-1047", FIBRE, placeId="addr-1047")
    await until_task(slow, draft.key, "1/work-order", "COMPLETED")
    before = await order(slow, draft.key)
    was = await chosen(slow, draft)
    same = {"id": "1", **FIBRE}

    said = await preview(slow, draft, items=[same, ESIM])
    unchanged = await order(slow, draft.key)
    payload = await revised(slow, draft, [same, ESIM])
    await slow.mock_control.heal()
    found = await until_state(slow, draft.key, "COMPLETED", "HELD", "PARTIAL")

    assert (said["possible"], said["charge"], said["itemIds"], said["errors"]) == (True, None, ["2"], [])
    assert unchanged["version"] == before["version"]
    assert (said["takenBack"], said["redone"], said["abandoned"]) == ([], [], [])
    assert ids(said["added"]) == {t["id"] for t in found["plan"]["tasks"]} - set(states(before))
    assert ids(said["added"]) >= {"2/record-product", "2/number", "2/sim", "2/provision", "2/activate-product"}
    assert payload["errors"] == []
    [monthly] = [p for p in said["prices"] if p["priceType"] == "RECURRING"]
    assert Decimal(monthly["delta"]["amount"]) == monthly_of(payload["order"]) - monthly_of(was) > 0
    assert found["state"] == "COMPLETED"
    assert await effects_of(slow, draft.key) == expected_effects(found), "what nobody changed was not touched"


async def test_what_was_done_otherwise_is_taken_back_and_done_anew_and_once_more(slow: Product) -> None:
    draft = await placed(slow, "cust-1048", ESIM)
    await until_task(slow, draft.key, "1/provision", "AWAITING_RESULT")

    said = await preview(slow, draft, items=[{"id": "1", **CARD}])
    first = await revised(slow, draft, [{"id": "1", **CARD}])
    second = await revised(slow, draft, [{"id": "1", **CARD}, {**ESIM, "quantity": 1}])
    await slow.mock_control.heal()
    found = await until_state(slow, draft.key, "COMPLETED", "HELD", "PARTIAL")

    assert (first["errors"], second["errors"]) == ([], [])
    assert ids(said["redone"]) == {"1/provision", "1/record-product"}
    assert ids(said["takenBack"]) == {"1/provision"}, "the product is changed in place"
    assert {"1/number", "1/sim"} <= ids(said["kept"])
    assert found["state"] == "COMPLETED"
    by_id = {t["id"]: t for t in found["plan"]["tasks"]}
    assert by_id["1/provision~undo"]["state"] == "COMPLETED"
    effects = await effects_of(slow, draft.key)
    assert [e for e in effects if "1/provision:" in e] == [
        f"POST serviceOrder {draft.key}:1/provision:1",
        f"POST serviceOrder {draft.key}:1/provision:2",
    ]
    assert [e for e in effects if e.startswith("POST product ")] == [
        f"POST product {draft.key}:1/record-product:1",
        f"POST product {draft.key}:2/record-product:1",
    ]
    product_id = found["items"][0]["product"]["key"]
    owned = await slow.mock_control.get(f"/tmf-api/productInventory/v4/product/{product_id}")
    assert {c["name"]: c["value"] for c in owned["productCharacteristic"]}["simType"] == "physical"


async def test_another_visit_after_the_technician_was_ordered_costs_what_has_to_be_accepted(slow: Product) -> None:
    draft = await placed(slow, "cust-1049", FIBRE, placeId="addr-1049")
    await until_task(slow, draft.key, "1/provision", "AWAITING_RESULT")
    start = datetime.now(UTC)
    period = {"placeId": "addr-1049", "start": start.isoformat(), "end": (start + timedelta(days=300)).isoformat()}
    other = (await run(slow, "08-free-time-slots", period))["timeSlots"][3]
    wish = [{"id": "1", **FIBRE, "slot": other}]

    said = await preview(slow, draft, items=wish)
    silent = await revised(slow, draft, wish)
    wrong = await revised(slow, draft, wish, acceptedCharge={"amount": "1.00", "currency": "EUR"})
    accepted = await revised(slow, draft, wish, acceptedCharge=CHARGE)
    await slow.mock_control.heal()
    found = await until_state(slow, draft.key, "COMPLETED", "HELD", "PARTIAL")

    assert (said["possible"], said["charge"]) == (True, CHARGE)
    assert {p["taskName"] for p in said["passed"]} == {"Order the technician's work"}
    assert [(e["__typename"], e["charge"]) for e in silent["errors"] + wrong["errors"]] == [
        ("ChargeNotAccepted", CHARGE)
    ] * 2
    assert accepted["errors"] == []
    assert found["state"] == "COMPLETED"
    assert {"1/confirm-visit", "1/work-order"} <= ids(said["redone"])
    assert [t["operation"] for t in found["plan"]["tasks"] if t["id"].startswith("order/cancellation-charge")] == [
        "billing.chargeCancellation"
    ]
    query = "query V($id: ID!) { productOrder(id: $id) { items { appointment { start } } } }"
    visits = (await slow.graphql(query, {"id": draft.key})).whole()["productOrder"]["items"]
    assert visits[0]["appointment"]["start"] == other["start"]


async def test_an_item_that_is_not_wanted_any_more_is_taken_back_the_rest_goes_on(slow: Product) -> None:
    draft = await placed(slow, "cust-1050", ESIM, CARD)
    await until_task(slow, draft.key, "2/provision", "AWAITING_RESULT")

    said = await preview(slow, draft, items=[{"id": "1", **ESIM}])
    payload = await revised(slow, draft, [{"id": "1", **ESIM}])
    await slow.mock_control.heal()
    found = await until_state(slow, draft.key, "COMPLETED", "HELD", "PARTIAL")

    assert payload["errors"] == []
    undone = {task for task, state in states(found).items() if state == "UNDONE"}
    assert undone == ids(said["takenBack"]) >= {"2/number", "2/sim", "2/record-product", "2/provision"}
    assert [item["state"] for item in found["items"]] == ["COMPLETED", "CANCELLED"]


async def test_a_number_that_is_being_ported_binds_for_good(slow: Product) -> None:
    brought = {**ESIM, "characteristics": [*ESIM["characteristics"], {"name": "msisdn", "value": "+49 151 1234567"}]}
    draft = await placed(slow, "cust-1051", brought)
    await until_task(slow, draft.key, "1/provision", "AWAITING_RESULT")
    await slow.mock_control.fault("provisioning", stall="before", operations=["POST serviceOrder"])
    await until_task(slow, draft.key, "1/port-number", "RUNNING")

    cancelled = (await run(slow, "40-preview-a-cancellation", {"id": draft.key}))["previewCancellation"]
    refused = await draft.ask("cancelProductOrder", reason="changed my mind")
    said = await preview(slow, draft, items=[{"id": "1", **ESIM}])
    other = await revised(slow, draft, [{"id": "1", **ESIM}])
    await slow.mock_control.heal()
    found = await until_state(slow, draft.key, "COMPLETED", "HELD")

    assert not cancelled["possible"]
    assert [p["point"]["reason"].split(";")[0] for p in cancelled["passed"]] == ["the number is being ported"]
    assert {e["code"] for e in refused["errors"]} <= {"POINT_OF_NO_RETURN", "STALE_VERSION"}
    assert [e["__typename"] for e in said["errors"]] == ["PointOfNoReturnPassed"]
    assert [e["__typename"] for e in other["errors"]] == ["PointOfNoReturnPassed"]
    assert found["state"] == "COMPLETED"
    assert "1/number" not in states(found), "no other number is assigned"


async def test_a_wrong_wish_is_refused_with_every_reason_and_holds_nothing_up(product: Product) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    draft = await placed(product, "cust-1052", ESIM, requestedStartAt=later)
    before = await until_task(product, draft.key, "1/sim", "PENDING")
    wrong = [
        {"id": "1", "offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "wood"}]},
        {"offeringId": "no-such-offering"},
    ]

    said = await preview(product, draft, items=wrong)
    payload = await revised(product, draft, wrong)
    after = await order(product, draft.key)

    for errors in (said["errors"], payload["errors"]):
        assert [e["__typename"] for e in errors] == ["ValidationFailed"]
    rules = {(v["rule"], v["path"]) for v in payload["errors"][0]["violations"]}
    assert {("characteristicAllowed", "/items/0/characteristics/simType")} & rules or len(rules) >= 2
    assert ("offeringKnown", "/items/1/offeringId") in rules
    assert (after["version"], states(after)) == (before["version"], states(before))


async def test_an_order_for_a_day_to_come_is_changed_put_off_and_brought_forward(product: Product) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    draft = await placed(product, "cust-1053", ESIM, requestedStartAt=later)
    changed = await revised(product, draft, [{"id": "1", **CARD}])
    still = await order(product, draft.key)

    async def reschedule(start: datetime) -> Json:
        version = (await order(product, draft.key))["version"]
        given = {"id": draft.key, "expectedVersion": version, "idempotencyKey": key(), "reason": "another day"}
        whole = {"input": {**given, "requestedStartAt": start.isoformat()}}
        return (await run(product, "83-reschedule-an-order", whole))["rescheduleProductOrder"]

    put_off = await reschedule(datetime.now(UTC) + timedelta(days=400))
    waiting = await order(product, draft.key)
    brought = await reschedule(datetime.now(UTC) - timedelta(seconds=1))
    found = await until_state(product, draft.key, "COMPLETED", "HELD")

    assert (changed["errors"], put_off["errors"], brought["errors"]) == ([], [], [])
    assert (still["state"], waiting["state"], set(states(waiting).values())) == (
        "ACKNOWLEDGED",
        "ACKNOWLEDGED",
        {"PENDING"},
    )
    assert found["state"] == "COMPLETED"
    assert (await chosen(product, draft))["items"][0]["characteristics"] == CARD["characteristics"]
    assert await effects_of(product, draft.key) == expected_effects(found)


async def test_a_repeated_revision_is_one_and_a_stale_one_none(product: Product) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    draft = await placed(product, "cust-1055", ESIM, requestedStartAt=later)
    version = (await order(product, draft.key))["version"]
    wish = {"items": [{"id": "1", **CARD}]}
    given = {"id": draft.key, "expectedVersion": version, "idempotencyKey": key(), "reason": "r", "revision": wish}

    first = (await run(product, "82-revise-an-order", {"input": given}))["reviseProductOrder"]
    again = (await run(product, "82-revise-an-order", {"input": given}))["reviseProductOrder"]
    stale = await run(product, "82-revise-an-order", {"input": {**given, "idempotencyKey": key()}})

    assert first["errors"] == again["errors"] == []
    assert first["order"]["version"] == again["order"]["version"]
    assert [e["code"] for e in stale["reviseProductOrder"]["errors"]] == ["STALE_VERSION"]
    looked = {"id": draft.key, "since": version, "asOf": datetime.now(UTC).isoformat()}
    differing = (await run(product, "87-what-changed-between-two-versions", looked))["productOrder"]["differences"]
    changed = {d["path"]: (d["before"], d["after"]) for d in differing}
    assert changed["/items/1/characteristics/simType/value"] == ("eSIM", "physical")


async def test_priority_and_notes_are_changed_whatever_is_under_way(product: Product) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    draft = await placed(product, "cust-1056", ESIM, requestedStartAt=later)
    await order(product, draft.key)

    said = await preview(product, draft, priority=0)
    less = await preview(product, draft, priority=3)
    silent = await draft.ask("changeProductOrderPriority", reason="has waited", priority=0)
    other = {"amount": "9.89", "currency": "EUR"}
    wrong = await draft.ask("changeProductOrderPriority", reason="has waited", priority=0, acceptedCharge=other)
    paid = {"reason": "has waited", "priority": 0, "acceptedCharge": said["charge"]}
    urgent = await draft.tell("changeProductOrderPriority", **paid)
    again = await preview(product, draft, priority=0)
    charged = await order(product, draft.key)
    noted = await draft.tell("addProductOrderNote", text="At home all day", internal=True)
    await draft.tell("cancelProductOrder", reason="not any more")
    last = await draft.tell("addProductOrderNote", text="Sorry", internal=False)
    found = (await run(product, "85-add-a-note", _note(draft)))["addProductOrderNote"]["order"]

    assert (said["charge"], less["charge"], again["charge"]) == ({"amount": "9.90", "currency": "EUR"}, None, None)
    assert [p["point"]["reason"] for p in said["passed"]] == ["it goes before all others"]
    for refused in (silent, wrong):
        assert [e["code"] for e in refused["errors"]] == ["CHARGE_NOT_ACCEPTED"]
    assert [t["operation"] for t in charged["plan"]["tasks"] if "-charge-" in t["id"]] == ["billing.chargeCancellation"]
    assert urgent["version"] < noted["version"] < last["version"]
    assert [note["text"] for note in found["notes"]] == ["At home all day", "Sorry", "Called again"]
    after = await product.graphql("query P($id: ID!) { productOrder(id: $id) { priority state } }", {"id": draft.key})
    assert after.whole()["productOrder"] == {"priority": 0, "state": "CANCELLED"}


def _note(draft: Draft) -> Json:
    given = {"id": draft.key, "expectedVersion": draft.version, "idempotencyKey": key()}
    return {"input": {**given, "text": "Called again", "internal": True}}
