"""A channel that knows no rule is led by `nextSteps` to a valid order, whatever is sold."""

from typing import Final

from tests.channel import Json, effects_of, expected_effects, run, until_state
from tests.draft import Draft
from tests.harness import Product

PREPAID: Final = [{"offeringId": "prepaid-start"}]
FOUR_STEPS: Final = ["CUSTOMER", "OFFERING", "PAYMENT", "REVIEW"]
SITES: Final = ["addr-2001", "addr-2002", "addr-2003"]


async def test_a_prepaid_sim_in_a_shop_takes_four_steps(product: Product) -> None:
    draft = await Draft.start(product, "cust-1046", channel="retail", items=PREPAID)
    assert list(await draft.states()) == FOUR_STEPS

    taken = await draft.led_to_the_end()

    assert taken == ["OFFERING", "PAYMENT", "REVIEW"], "who orders was said at the beginning"
    found = await until_state(product, draft.key, "COMPLETED", "HELD")
    assert found["state"] == "COMPLETED"
    assert await effects_of(product, draft.key) == expected_effects(found)
    query = """query Prepaid($id: ID!) { productOrder(id: $id) { payments { state amount { amount } }
        customer { buckets { status remaining } } } }"""
    paid = (await product.graphql(query, {"id": draft.key})).whole()["productOrder"]
    assert paid["payments"] == [{"state": "captured", "amount": {"amount": "11.84"}}]
    assert [(b["status"], float(b["remaining"])) for b in paid["customer"]["buckets"]] == [("active", 9.95)]


async def test_the_customer_chooses_a_number_and_another_one(product: Product) -> None:
    draft = await Draft.start(product, "cust-1047", channel="retail", items=PREPAID)
    free = await available(product, 3)

    for number in free[1:]:
        await draft.do("reserveProductOrderResource", itemId="1", kind="NUMBER", value=number)

    assert [n for n in free if n in await available(product, 10)] == free[:2], "the first choice is free again"
    number_field = next(
        f for f in (await draft.steps())["OFFERING"]["fields"] if f["mutation"] == "reserveProductOrderResource"
    )
    assert (number_field["type"], number_field["required"], number_field["value"]) == (
        "TELEPHONE_NUMBER",
        False,
        free[2],
    )
    other = await Draft.start(product, "cust-1048", channel="retail", items=PREPAID)
    taken = await other.ask("reserveProductOrderResource", itemId="1", kind="NUMBER", value=free[2])
    assert [v["rule"] for v in taken["errors"][0]["violations"]] == ["resourceFree"]
    await draft.led_to_the_end()
    assert (await until_state(product, draft.key, "COMPLETED", "HELD"))["state"] == "COMPLETED"
    query = "query Numbers($id: ID!) { productOrder(id: $id) { items { reservations { kind value } } } }"
    items = (await product.graphql(query, {"id": draft.key})).whole()["productOrder"]["items"]
    assert {"kind": "NUMBER", "value": free[2]} in items[0]["reservations"]


async def available(product: Product, count: int) -> list[str]:
    query = "query Free($count: Int!) { availableResources(kind: NUMBER, first: $count) }"
    numbers: list[str] = (await product.graphql(query, {"count": count})).whole()["availableResources"]
    return numbers


async def test_a_family_bundle_is_put_together_online(product: Product) -> None:
    draft = await Draft.start(product, "cust-1050", channel="online", items=[{"offeringId": "family-bundle"}])

    taken = await draft.led_to_the_end(place="addr-1050")

    assert taken.count("OFFERING") >= 5, "the parts of the bundle, and how they are configured"
    assert [step for step in taken if step != "OFFERING"] == ["PLACE", "APPOINTMENT", "REVIEW"]
    found = await until_state(product, draft.key, "COMPLETED", "HELD")
    assert found["state"] == "COMPLETED"
    assert {item["product"]["status"] for item in found["items"]} == {"active"}


async def test_a_business_line_for_three_sites_takes_every_step_and_waits_for_the_signature(product: Product) -> None:
    lines = [{"offeringId": "business-line-1000", "placeId": site} for site in SITES]
    draft = await Draft.start(product, "cust-2001", subject="agent-9", channel="callCentre", items=lines)
    assert list(await draft.states()) == [
        "CUSTOMER",
        "OFFERING",
        "PLACE",
        "SERVICEABILITY",
        "QUALIFICATION",
        "APPOINTMENT",
        "PRICE",
        "AGREEMENT",
        "PAYMENT",
        "REVIEW",
    ]

    taken = await draft.led_to_the_end()
    assert taken == [*["OFFERING"] * 6, "QUALIFICATION", *["APPOINTMENT"] * 3, "AGREEMENT", "REVIEW"]
    pending = await until_state(product, draft.key, "PENDING", "COMPLETED", "HELD")
    assert pending["state"] == "PENDING"
    assert pending["completedAt"] is None
    under_way = {t["id"] for t in pending["plan"]["tasks"] if t["state"] in ("RUNNING", "AWAITING_RESULT")}
    assert under_way == {"order/await-signature"}
    papers = await documents(product, draft.key)
    assert {(p["documentType"], p["signature"]) for p in papers} == {
        ("contract", "REQUESTED"),
        ("contractSummary", "NOT_REQUIRED"),
    }
    await draft.tell("signProductOrderAgreement", signedBy="Nora Nordwind")

    found = await until_state(product, draft.key, "COMPLETED", "HELD")
    assert found["state"] == "COMPLETED"
    assert {item["product"]["status"] for item in found["items"]} == {"active"}
    [contract] = [p for p in await documents(product, draft.key) if p["documentType"] == "contract"]
    assert contract["signature"] == "SIGNED"


async def documents(product: Product, order_key: str) -> list[Json]:
    found: list[Json] = (await run(product, "26-documents-of-an-order", {"id": order_key}))["productOrder"]["documents"]
    return found


async def test_a_value_changes_exactly_the_steps_that_depend_on_it(product: Product) -> None:
    fibre = {"offeringId": "fibre-500", "characteristics": [{"name": "router", "value": "own"}]}
    draft = await Draft.start(product, "cust-1053", channel="callCentre", items=[fibre])
    before = await draft.steps()

    await draft.do("setProductOrderPlace", placeId="addr-1053")
    placed = await draft.steps()
    await draft.do("setProductOrderAppointment", itemId="1", slot=await draft.slot("1"))
    visited = await draft.steps()

    assert changed(before, placed) == {"PLACE", "SERVICEABILITY", "APPOINTMENT"}
    assert changed(placed, visited) == {"APPOINTMENT", "REVIEW"}
    assert (placed["APPOINTMENT"]["state"], visited["APPOINTMENT"]["state"]) == ("TODO", "DONE")
    [evidence] = visited["SERVICEABILITY"]["evidence"]
    assert (evidence["source"], evidence["validUntil"] is not None) == ("serviceability", True)


def changed(before: dict[str, Json], after: dict[str, Json]) -> set[str]:
    """The steps whose state or way out has changed; the review merely waits for fewer."""

    def seen(step: Json) -> tuple[str, list[str]]:
        return step["state"], [v["rule"] for v in step["violations"]]

    return {kind for kind in before if seen(before[kind]) != seen(after[kind])}
