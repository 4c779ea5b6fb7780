"""What a customer does with a product it owns: changed, suspended, resumed, discontinued, each as an order."""

from app.domain.actor import Role
from tests.channel import effects_of, key, order, place, run, until_state
from tests.harness import Product
from tests.owned import done, ordered, owned


async def test_only_what_changes_travels_and_the_product_stays_the_same(product: Product) -> None:
    await done(product, "44-change-a-product", "prod-1132", characteristics=[{"name": "router", "value": "premium"}])
    found = await done(
        product, "44-change-a-product", "prod-1132", characteristics=[{"name": "router", "value": "own"}]
    )

    now = await owned(product, "prod-1132")
    assert (now["id"], now["status"], now["startDate"]) == ("prod-1132", "active", "2025-03-01T00:00:00Z")
    assert [(c["name"], c["value"]) for c in now["productCharacteristic"]] == [("router", "own")]
    assert await effects_of(product, found["key"]) == [
        f"PATCH product {found['key']}:1/change-product:1",
        f"POST partyInteraction {found['key']}:order/log-interaction:1",
        f"POST serviceOrder {found['key']}:1/provision:1",
    ]
    assert [price["name"] for price in found["items"][0]["prices"]] == ["Monthly fee"], "no fee to have it once more"


async def test_what_is_suspended_is_resumed(product: Product) -> None:
    suspended = await done(product, "45-suspend-a-product", "prod-1133")
    status = (await owned(product, "prod-1133"))["status"]
    again = await ordered(product, "45-suspend-a-product", "prod-1133")
    await done(product, "46-resume-a-product", "prod-1133")

    assert suspended["items"][0]["product"]["status"] == status == "suspended"
    assert [v["rule"] for v in again["errors"][0]["violations"]] == ["productStatusAllows"]
    assert (await owned(product, "prod-1133"))["status"] == "active"
    reference = next(t["reference"] for t in suspended["plan"]["tasks"] if t["id"] == "1/provision")
    asked = await product.mock_control.get(f"/tmf-api/serviceOrdering/v4/serviceOrder/{reference}")
    assert [(i["action"], i["service"]["state"]) for i in asked["serviceOrderItem"]] == [("modify", "inactive")]


async def test_a_product_is_ended_but_not_under_the_feet_of_another(product: Product) -> None:
    sport = {"customerId": "cust-1136", "placeId": "addr-1136", "items": [{"offeringId": "tv-sport"}]}
    bought = await place(product, sport)
    assert bought["errors"] == []
    [item] = (await until_state(product, bought["order"]["key"], "COMPLETED", "HELD"))["items"]

    refused = await ordered(product, "47-discontinue-a-product", "prod-1136")
    await done(product, "47-discontinue-a-product", item["product"]["key"])
    await done(product, "47-discontinue-a-product", "prod-1136")
    again = await ordered(product, "47-discontinue-a-product", "prod-1136")

    [violation] = refused["errors"][0]["violations"]
    assert (violation["rule"], "TV Sport" in violation["message"]) == ("dependentsKept", True)
    ended = await owned(product, "prod-1136")
    assert (ended["status"], "terminationDate" in ended) == ("terminated", True)
    assert [v["rule"] for v in again["errors"][0]["violations"]] == ["productStatusAllows"]


async def test_a_repeated_wish_is_one_order(product: Product) -> None:
    same = key()

    first = await ordered(product, "45-suspend-a-product", "prod-1139", idempotencyKey=same)
    again = await ordered(product, "45-suspend-a-product", "prod-1139", idempotencyKey=same)

    assert (first["errors"], again["errors"]) == ([], [])
    assert first["order"]["key"] == again["order"]["key"]


async def test_a_customer_does_so_with_its_own_products_only(product: Product) -> None:
    token = product.token(Role.CUSTOMER, "cust-1141")
    given = {"idempotencyKey": key(), "reason": "x"}

    other = await run(product, "45-suspend-a-product", {"input": {**given, "productId": "prod-1142"}}, token=token)
    none = await run(product, "45-suspend-a-product", {"input": {**given, "productId": "prod-0"}}, token=token)
    own = await run(product, "45-suspend-a-product", {"input": {**given, "productId": "prod-1141"}}, token=token)

    for refused in (other, none):
        assert [e["code"] for e in refused["suspendProduct"]["errors"]] == ["NOT_FOUND"]
    assert own["suspendProduct"]["errors"] == []
    assert (await owned(product, "prod-1142"))["status"] == "active"
    assert (await order(product, own["suspendProduct"]["order"]["key"]))["items"][0]["state"] != "REJECTED"
