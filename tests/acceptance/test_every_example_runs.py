"""The example operations are what people copy first: each runs as it stands, in a journey from draft to order."""

from app.domain.actor import Role
from app.main import examples
from tests.channel import Json, family, free_slot, key, run, until_state
from tests.harness import Product


async def test_a_journey_through_all_examples(product: Product) -> None:
    ran: set[str] = set()

    async def do(name: str, given: dict[str, Json] | None = None) -> Json:
        ran.add(name.split("-", 1)[1].replace("-", " "))
        return await run(product, name, given, token=product.token(Role.DEVELOPER, "developer-1", "online"))

    async def change(name: str, mutation: str, **given: Json) -> Json:
        payload = (await do(name, {"input": {"id": draft, "idempotencyKey": key(), **given}}))[mutation]
        assert payload["errors"] == []
        return payload["order"]

    # Given a channel that looks around
    bundles = (await do("05-what-is-sold"))["productOfferings"]
    assert "family-bundle" in [o["key"] for o in bundles["nodes"]]
    assert (await do("06-customer-360"))["customer"]["products"] != []
    found = await do("07-find-an-address")
    assert found["validateAddress"]["result"] == "PARTIAL"
    assert len(found["validateAddress"]["alternatives"]) == 3
    assert found["serviceability"]["serviceable"] is True
    assert (await do("08-free-time-slots"))["timeSlots"] != []
    assert [n["__typename"] for n in (await do("20-nodes-by-id"))["nodes"]] == ["Customer", "ProductOffering"]

    # When it puts an order together step by step
    draft = (await do("09-start-a-draft", {"idempotencyKey": key()}))["createProductOrder"]["order"]["key"]
    given = {"id": draft, "expectedVersion": 1, "idempotencyKey": key()}
    added = (await do("10-add-an-item", given))["addProductOrderItem"]
    assert added["errors"] == []
    extra = {**given, "expectedVersion": 2, "idempotencyKey": key(), "item": {"offeringId": "tv-kids"}}
    assert (await do("10-add-an-item", extra))["addProductOrderItem"]["errors"] == []
    changed = await change(
        "11-change-an-item",
        "changeProductOrderItem",
        expectedVersion=3,
        itemId="1",
        characteristics=[{"name": "router", "value": "own"}],
    )
    assert changed["items"][0]["characteristics"] == [{"name": "router", "value": "own"}]
    missing = (await do("15-validate", {"id": draft}))["validateProductOrder"]
    assert not missing["submittable"]
    assert {v["rule"] for v in missing["violations"]} == {"placeGiven", "appointmentGiven"}
    await change("12-remove-an-item", "removeProductOrderItem", expectedVersion=4, itemId="2")
    placed = await change("13-set-the-place", "setProductOrderPlace", expectedVersion=5, placeId="addr-1003")
    assert placed["place"]["label"] == "Lindenallee 1, 50668 Köln"
    slot = await free_slot(product, "addr-1003")
    await change("14-set-the-appointment", "setProductOrderAppointment", expectedVersion=6, itemId="1", slot=slot)
    await change("16-take-over-a-draft", "takeOverProductOrder", expectedVersion=7)
    ready = (await do("15-validate", {"id": draft}))["validateProductOrder"]
    assert ready == {"submittable": True, "violations": []}
    await change("17-submit", "submitProductOrder", expectedVersion=8)

    # Then it is delivered, and can be looked at
    assert (await until_state(product, draft, "COMPLETED", "HELD"))["state"] == "COMPLETED"
    assert (await do("04-one-order-in-full", {"id": draft}))["productOrder"]["state"] == "COMPLETED"
    listed = (await do("03-list-orders"))["productOrders"]
    assert draft in [o["key"] for o in listed["nodes"]]
    assert (await do("01-place-the-family-bundle", await family(product)))["placeProductOrder"]["errors"] == []
    published = {"idempotencyKey": key()}
    assert (await do("18-place-the-published-tmf622-order", published))["placeProductOrder"]["errors"] == []
    late = {"input": {"id": draft, "expectedVersion": 1, "idempotencyKey": key(), "taskId": "1/provision"}}
    late["input"] |= {"action": "RETRY", "reason": "too late"}
    refused = (await do("19-resolve-fallout", late))["resolveFallout"]
    assert [e["code"] for e in refused["errors"]] == ["STALE_VERSION"]
    assert (await do("27-check-out-a-cart"))["checkoutCart"]["errors"] == []
    assert (await do("28-check-a-configuration"))["checkProductConfiguration"]["state"] == "APPROVED"

    # The subscription has tests of its own.
    assert ran == {example.name for example in examples()} - {"follow orders"}
