"""A product moves to another place: the old one stays in use until the new one is, whatever fails on the way."""

from datetime import UTC, datetime, timedelta

from app.domain.actor import Role
from tests.channel import Json, effects_of, free_slot, key, run, until_state, until_task
from tests.draft import mutate
from tests.harness import Product

REFUSE_PROVISIONING = {"errorRate": 1, "errorStatus": 422, "operations": ["POST serviceOrder"]}
PREVIEW = "59-preview-a-move"
MOVE = "60-move-a-product"


async def ask(product: Product, product_id: str, place: str, *, visit: bool = True, **other: Json) -> Json:
    """The payload of a move, with a visit at the new place."""
    slot = {"slot": await free_slot(product, place)} if visit else {}
    given = {"productId": product_id, "placeId": place, "reason": "a new flat", **slot, **other}
    return (await run(product, MOVE, {"input": {"idempotencyKey": key(), **given}}))["moveProduct"]


async def owned(product: Product, product_id: str) -> Json:
    return await product.mock_control.get(f"/tmf-api/productInventory/v4/product/{product_id}")


def place_of(found: Json) -> str:
    return str(found["place"][0]["id"])


async def service_orders(product: Product, order: Json) -> list[tuple[str, str, str]]:
    """What provisioning was asked for this order, in its order: action, service, place."""
    asked = []
    for task in order["plan"]["tasks"]:
        if task["operation"].startswith("provisioning.") and task["reference"]:
            found = await product.mock_control.get(f"/tmf-api/serviceOrdering/v4/serviceOrder/{task['reference']}")
            for item in found["serviceOrderItem"]:
                service = item["service"]
                place = service["place"][0]["id"]
                asked.append((found["orderDate"], item["action"], service["serviceSpecification"]["id"], place))
    return [(action, service, place) for _, action, service, place in sorted(asked)]


async def test_the_old_place_is_left_once_the_new_one_works(product: Product) -> None:
    before = await owned(product, "prod-1111")
    given = {"productId": "prod-1111", "placeId": "addr-1118", "reason": "a new flat"}
    slot = await free_slot(product, "addr-1118")
    said = (await run(product, PREVIEW, {"input": {**given, "slot": slot}}))["previewMove"]

    moved = await ask(product, "prod-1111", "addr-1118", slot=slot, visit=False)
    assert moved["errors"] == []
    done = await until_state(product, moved["order"]["key"], "COMPLETED", "HELD")

    assert (said["possible"], said["errors"], said["prices"]) == (True, [], [])
    assert [t["id"] for t in said["added"]] == [t["id"] for t in done["plan"]["tasks"]]
    assert done["state"] == "COMPLETED"
    after = await owned(product, "prod-1111")
    assert (place_of(before), place_of(after)) == ("addr-1111", "addr-1118")
    kept = ("id", "status", "startDate", "productOffering", "productTerm", "billingAccount", "relatedParty")
    assert [after[name] for name in kept] == [before[name] for name in kept], "same product, price, term and account"
    assert await service_orders(product, done) == [
        ("add", "cfs-fibre-access", "addr-1118"),
        ("delete", "cfs-fibre-access", "addr-1111"),
    ]
    ended = {t["id"]: (t["startedAt"], t["endedAt"]) for t in done["plan"]["tasks"]}
    assert ended["1/provision"][1] <= ended["1/change-place"][0] <= ended["1/end-old-place"][0]
    effects = await effects_of(product, done["key"])
    assert not [e for e in effects if "appliedCustomerBillingRate" in e], "nothing is charged for it"


async def test_what_fails_or_is_cancelled_leaves_the_old_place_as_it_is(product: Product) -> None:
    before = await owned(product, "prod-1126")
    await product.mock_control.fault("provisioning", **REFUSE_PROVISIONING)
    failing = (await ask(product, "prod-1126", "addr-1119"))["order"]["key"]
    held = await until_task(product, failing, "1/provision", "FALLOUT")
    await product.mock_control.heal()
    decided = {"taskId": "1/provision", "action": "FAIL_ITEM", "reason": "no line there"}
    version = (await until_state(product, failing, "HELD"))["version"]
    operations = product.token(Role.OPERATIONS)
    given = {"id": failing, "expectedVersion": version, **decided}
    assert (await mutate(product, "resolveFallout", given, operations))["errors"] == []
    failed = await until_state(product, failing, "FAILED", "COMPLETED")

    assert (failed["state"], await owned(product, "prod-1126")) == ("FAILED", before)
    assert {t["id"]: t["state"] for t in failed["plan"]["tasks"]}["1/end-old-place"] == "ABANDONED"
    assert {t["id"] for t in failed["plan"]["tasks"]} > {"1/port~undo", "1/confirm-visit~undo", "1/work-order~undo"}
    assert held["items"][0]["state"] in ("HELD", "IN_PROGRESS")

    await product.mock_control.fault("workforce", errorRate=1.0, operations=["PATCH appointment"])
    cancelled = (await ask(product, "prod-1126", "addr-1119"))["order"]["key"]
    await until_task(product, cancelled, "1/port", "COMPLETED")
    version = (await until_state(product, cancelled, "IN_PROGRESS"))["version"]
    given = {"id": cancelled, "expectedVersion": version, "reason": "stays where they are"}
    assert (await mutate(product, "cancelProductOrder", given, product.token()))["errors"] == []
    await product.mock_control.heal()

    assert (await until_state(product, cancelled, "CANCELLED", "COMPLETED"))["state"] == "CANCELLED"
    assert await owned(product, "prod-1126") == before


async def test_what_relies_on_it_goes_along(product: Product) -> None:
    token = product.token()
    television = {"customerId": "cust-1180", "placeId": "addr-1180", "items": [{"offeringId": "tv-basic"}]}
    bought = await mutate(product, "placeProductOrder", television, token)
    [item] = (await until_state(product, bought["order"]["key"], "COMPLETED", "HELD"))["items"]
    tv = item["product"]["key"]

    moved = await ask(product, "prod-1180", "addr-1121", togetherWith=[tv])
    assert moved["errors"] == []
    done = await until_state(product, moved["order"]["key"], "COMPLETED", "HELD")

    assert done["state"] == "COMPLETED"
    assert {place_of(await owned(product, one)) for one in ("prod-1180", tv)} == {"addr-1121"}
    times = {t["id"]: (t["startedAt"], t["endedAt"]) for t in done["plan"]["tasks"]}
    assert times["1/provision"][1] <= times["2/provision"][0], "television is set up on the new line"
    assert times["2/end-old-place"][1] <= times["1/end-old-place"][0], "and taken away before the old one"


async def test_what_cannot_move_is_refused_as_the_preview_says(product: Product) -> None:
    wrong = [
        ("prod-1183", "addr-1083", True, "/placeId", "movesElsewhere"),
        ("prod-1183", "addr-1902", True, "/placeId", "placeServiceable"),
        ("prod-1183", "addr-1122", False, "/slot", "appointmentGiven"),
        ("prod-1183", "addr-0", False, "/placeId", "placeKnown"),
    ]
    for product_id, there, visit, path, rule in wrong:
        slot = {"slot": await free_slot(product, there)} if visit else {}
        given = {"productId": product_id, "placeId": there, "reason": "a new flat", **slot}
        said = (await run(product, PREVIEW, {"input": given}))["previewMove"]
        refused = await ask(product, product_id, there, visit=False, **slot)
        assert said["possible"] is False
        assert said["errors"][0]["violations"] == refused["errors"][0]["violations"]
        assert (path, rule) in {(v["path"], v["rule"]) for v in refused["errors"][0]["violations"]}
    unknown = await ask(product, "prod-0", "addr-1122", visit=False)
    assert [(e["code"], e["path"]) for e in unknown["errors"]] == [("NOT_FOUND", "/productId")]
    night = (datetime.now(UTC) + timedelta(days=5)).replace(hour=2, minute=30)
    never = {"start": night.isoformat(), "end": (night + timedelta(hours=1)).isoformat()}
    late = await ask(product, "prod-1183", "addr-1123", visit=False, slot=never)
    assert [(e["code"], e["path"]) for e in late["errors"]] == [("SLOT_UNAVAILABLE", "/slot")]
    assert place_of(await owned(product, "prod-1183")) == "addr-1083"
