"""What an order relies on is kept with it, and asked for again when it has run out: answers, holds, prices, money."""

from datetime import UTC, datetime
from typing import Final

from tests.channel import effects_of, key, messages_of, order, place, until_state
from tests.draft import Draft
from tests.harness import Product, until

FIBRE: Final = {"offeringId": "fibre-500", "characteristics": [{"name": "router", "value": "own"}]}
SIM: Final = {"offeringId": "prepaid-start", "characteristics": [{"name": "simType", "value": "eSIM"}]}
REFUSED_NUMBER: Final = "+4915155001666"
"""The prepaid platform activates no number that ends like this."""
RELIED_ON: Final = """
query ReliedOn($id: ID!) { productOrder(id: $id) { qualifications { placeKey guaranteedUntil } } }"""


async def relied_on(product: Product, draft: Draft) -> dict[str, str]:
    [found] = (await product.graphql(RELIED_ON, {"id": draft.key})).whole()["productOrder"]["qualifications"]
    return dict(found)


async def test_an_answer_of_serviceability_that_has_run_out_is_asked_for_again_at_submission(product: Product) -> None:
    draft = await Draft.start(product, "cust-1062", items=[FIBRE], placeId="addr-1062")
    await draft.do("setProductOrderAppointment", itemId="1", slot=await draft.slot("1"))
    await product.mock_control.fault("serviceability", guaranteedSeconds=2)
    await draft.do("setProductOrderPlace", placeId="addr-1063")
    await draft.do("setProductOrderAppointment", itemId="1", slot=await draft.slot("1"))
    before = await relied_on(product, draft)

    async def run_out() -> bool:
        return datetime.now(UTC) > datetime.fromisoformat(before["guaranteedUntil"])

    await until(run_out)
    await product.mock_control.fault("serviceability", outage=True)
    submit = """mutation S($i: SubmitProductOrderInput!) {
      submitProductOrder(input: $i) { order { key } errors { message } } }"""
    given = {"id": draft.key, "expectedVersion": draft.version, "idempotencyKey": key()}
    silent = await product.graphql(submit, {"i": given}, token=draft.token)
    await product.mock_control.heal()

    async def submitted() -> bool:
        answer = await product.graphql(submit, {"i": given}, token=draft.token)
        return not answer.errors and answer.data["submitProductOrder"]["order"] is not None

    assert [error["extensions"]["backend"] for error in silent.errors] == ["serviceability"], silent.data
    await until(submitted)
    after = await relied_on(product, draft)
    assert (before["placeKey"], after["placeKey"]) == ("addr-1063", "addr-1063")
    assert after["guaranteedUntil"] > before["guaranteedUntil"]


async def test_a_visit_whose_hold_has_run_out_is_chosen_again(product: Product) -> None:
    draft = await Draft.start(product, "cust-1064", items=[FIBRE], placeId="addr-1064")
    await product.mock_control.fault("workforce", holdSeconds=0.01)
    slot = await draft.slot("1")
    await draft.do("setProductOrderAppointment", itemId="1", slot=slot)

    steps = await draft.steps()
    refused = await draft.ask("submitProductOrder")
    await product.mock_control.heal()

    assert steps["APPOINTMENT"]["state"] == "TODO"
    assert [v["rule"] for v in refused["errors"][0]["violations"]] == ["appointmentHeld"]
    await draft.do("setProductOrderAppointment", itemId="1", slot=slot)
    assert (await draft.states())["APPOINTMENT"] == "DONE"


async def test_a_taken_slot_is_answered_with_fresh_ones(product: Product) -> None:
    first = await Draft.start(product, "cust-1070", items=[FIBRE], placeId="addr-1070")
    second = await Draft.start(product, "cust-1071", items=[FIBRE], placeId="addr-1070")
    slot = await first.slot("1")
    while (await first.ask("setProductOrderAppointment", itemId="1", slot=slot))["errors"]:
        slot = await first.slot("1")

    refused = await second.ask("setProductOrderAppointment", itemId="1", slot=slot)

    [error] = refused["errors"]
    assert (error["__typename"], error["path"]) == ("SlotUnavailable", "/slot")
    assert error["free"] != [] and slot not in error["free"]
    await second.do("setProductOrderAppointment", itemId="1", slot=error["free"][0])


async def test_the_customer_is_told_of_each_state_once(product: Product) -> None:
    placed = await place(product, {"customerId": "cust-1067", "items": [SIM], "paymentMethodId": "pm-cust-1067"})
    found = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD")
    moves = [e for e in found["timeline"]["nodes"] if e["__typename"] == "ProductOrderStateChangeEvent"]
    states = [e["sequence"] for e in moves if e["summary"].startswith("order ")]
    *earlier, _ = states  # of its completion the order's last task tells
    keys = [f"{found['key']}:state:{sequence}" for sequence in earlier] + [f"{found['key']}:order/tell-customer:1"]

    async def all_told() -> bool:
        return len(await messages_of(product, found["key"])) >= len(keys)

    await until(all_told)
    assert sorted(await messages_of(product, found["key"])) == sorted(keys), "of each once, of the last, too"


async def test_starting_credit_is_taken_back_when_the_number_is_not_activated(product: Product) -> None:
    draft = await Draft.start(product, "cust-1068", channel="retail", items=[SIM])
    await draft.do("reserveProductOrderResource", itemId="1", kind="NUMBER", value=REFUSED_NUMBER)
    await draft.do("setProductOrderPayment", paymentMethodId="cash")
    await draft.do("submitProductOrder")

    found = await until_state(product, draft.key, "COMPLETED", "HELD")

    [failed] = [task for task in found["plan"]["tasks"] if task["state"] == "FALLOUT"]
    assert (failed["id"], failed["cause"]["kind"]) == ("1/activate-prepaid", "ACTIVATION_FAILED")
    query = '{ customer(id: "cust-1068") { buckets { remaining } } }'
    [bucket] = (await product.graphql(query)).whole()["customer"]["buckets"]
    assert float(bucket["remaining"]) == 0.0
    done = await effects_of(product, draft.key)
    assert f"POST topupBalance {draft.key}:1/top-up:1" in done
    assert not [one for one in done if one.startswith("PATCH payment")], "nothing was taken from the customer"


async def test_prices_are_those_of_the_submission_and_change_only_with_it(product: Product) -> None:
    draft = await Draft.start(product, "cust-1069", items=[{**SIM, "offeringId": "mobile-m"}])
    await draft.do("submitProductOrder")
    placed = (await order(product, draft.key))["items"][0]["prices"]
    found = await until_state(product, draft.key, "COMPLETED", "HELD")

    assert found["items"][0]["prices"] == placed != []
