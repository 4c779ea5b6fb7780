"""What happens to orders, to be played with and without crashes. A new scenario is one more entry of `SCENARIOS`."""

from itertools import cycle
from typing import Final

from app.domain.actor import Role
from app.domain.states import TaskState
from connectors.mock.state import seed
from tests.channel import FAMILY, Json, free_slot, key, order, place, place_mobile, run
from tests.harness import until
from tests.owned import ordered, owned
from tests.resilience.crew import Run
from tests.resilience.stage import Scenario, Stage

CUSTOMERS: Final = cycle(f"cust-{n}" for n in range(1101, 1131))
"""More than one: somebody with a hundred orders a day is suspicious."""
PEOPLE: Final[Json] = seed("customer")
CONSUMERS: "Final[cycle[str]]" = cycle(
    c["id"] for c in PEOPLE[100:130] if {"name": "segment", "value": "consumer"} in c["characteristic"]
)
"""Those of them who may withdraw from what they bought."""
PROVISION: Final = "1/provision"
CHARGE: Final = "1/charge"
RECORD: Final = "1/record-product"
NUMBERS: Final = (8, 14, 17, 20, 23, 26, 29, 32, 38, 41, 44, 1, 2)
HOMES: Final = cycle(
    (f"cust-{1000 + number}", f"addr-{1000 + NUMBERS[(n + round_) % len(NUMBERS)]}")
    for round_ in range(len(NUMBERS))
    for n, number in enumerate(NUMBERS)
)
"""Customers of the mock who own no line, each with homes that get the same bundle only once."""
NOT_THESE: Final = ("prod-1015", "prod-1090")
"""The customer of one owes money, that of the other has left."""
OWNED: Final = cycle(
    str(p["id"])
    for p in seed("product")
    if p["productOffering"] == {"id": "fibre-100", "name": "Fibre 100"} and p["id"] not in NOT_THESE
)
"""Active products of the mock's customers, each to be suspended once."""
BILLS: Final[Json] = seed("customerBill")
PRODUCTS: Final[Json] = seed("product")
IN_ORDER: Final = {c["id"] for c in seed("customer") if c["status"] == "active"} - {
    party["id"] for bill in BILLS if bill["remainingAmount"]["value"] for party in bill["relatedParty"]
}
"""The mock's customers who may order, and owe nothing."""
TELEVISION: Final[list[str]] = [
    p["id"]
    for p in PRODUCTS
    if p["productOffering"]["id"] == "tv-basic" and IN_ORDER.issuperset(party["id"] for party in p["relatedParty"])
]
HANDED_OVER: Final = cycle(TELEVISION[:24])
"""Products that go from one customer to the next, again and again."""
REPACKAGED: Final = cycle(TELEVISION[24:])
"""Products that each become part of something bigger once."""
RELEASING: Final = "order/releasing-consent"
ACCEPTING: Final = "order/accepting-consent"


async def _family(stage: Stage) -> str:
    customer, home = next(HOMES)
    slot = await free_slot(stage.product, home)
    given = {"customerId": customer, "placeId": home, "slot": slot, "idempotencyKey": key()}
    placed = (await run(stage.product, FAMILY, given))["placeProductOrder"]
    assert placed["errors"] == [], placed["errors"]
    return str(placed["order"]["key"])


async def _mobile(stage: Stage) -> str:
    return await place_mobile(stage.product, next(CUSTOMERS))


async def _mobile_of_a_consumer(stage: Stage) -> str:
    return await place_mobile(stage.product, next(CONSUMERS))


async def _prepaid(stage: Stage) -> str:
    sim = {"offeringId": "prepaid-start", "characteristics": [{"name": "simType", "value": "eSIM"}]}
    placed = await place(stage.product, {"customerId": "cust-1058", "items": [sim], "paymentMethodId": "pm-cust-1058"})
    assert placed["errors"] == [], placed["errors"]
    return str(placed["order"]["key"])


async def tell(stage: Stage, order_id: str, mutation: str, *, role: Role = Role.AGENT, **given: Json) -> None:
    """Tell an order under way what to do, as a channel does: what got no answer is repeated, what is stale renewed."""
    token = stage.product.token(role)
    name = mutation[0].upper() + mutation[1:]
    document = f"mutation Tell($i: {name}Input!) {{ {mutation}(input: $i) {{ errors {{ code message }} }} }}"
    ask: dict[str, Json] = {}

    async def told() -> bool:
        if not ask:
            version = (await order(stage.product, order_id))["version"]
            ask.update(id=order_id, expectedVersion=version, idempotencyKey=key(), reason="as they wish", **given)
        answer = await stage.product.graphql(document, {"i": ask}, token=token)
        if answer.codes:
            assert all(error["extensions"]["retryable"] for error in answer.errors), answer.errors
            return False
        errors = answer.data[mutation]["errors"]
        if [error["code"] for error in errors] == ["STALE_VERSION"]:
            ask.clear()
            return False
        assert errors == [], errors
        return True

    await until(told)


async def _cancel(stage: Stage, run: Run) -> None:
    await run.paused.wait()
    await stage.until_task(run.order_id, PROVISION, TaskState.COMPLETED)
    await tell(stage, run.order_id, "cancelProductOrder")
    run.go_on.set()


async def _refuse_provisioning(stage: Stage, order_id: str) -> None:
    await stage.refuse("provisioning", f"{order_id}:{PROVISION}:1")


async def _decide(stage: Stage, run: Run, action: str) -> None:
    await stage.until_task(run.order_id, PROVISION, TaskState.FALLOUT)
    await tell(stage, run.order_id, "resolveFallout", role=Role.OPERATIONS, taskId=PROVISION, action=action)


async def _retry(stage: Stage, run: Run) -> None:
    await _decide(stage, run, "RETRY")


async def _fail_item(stage: Stage, run: Run) -> None:
    await _decide(stage, run, "FAIL_ITEM")


async def _hold_and_release(stage: Stage, run: Run) -> None:
    await run.paused.wait()
    await tell(stage, run.order_id, "holdProductOrder")
    run.go_on.set()
    await stage.until_task(run.order_id, RECORD, TaskState.COMPLETED)
    await tell(stage, run.order_id, "releaseProductOrder")


async def _suspend(stage: Stage) -> str:
    given = {"productId": next(OWNED), "idempotencyKey": key(), "reason": "as they wish"}
    [payload] = (await run(stage.product, "45-suspend-a-product", {"input": given})).values()
    assert payload["errors"] == [], payload["errors"]
    return str(payload["order"]["key"])


async def _amend(stage: Stage, run: Run) -> None:
    await run.paused.wait()
    await stage.until_task(run.order_id, PROVISION, TaskState.COMPLETED)
    card = {"id": "1", "offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "physical"}]}
    await tell(stage, run.order_id, "reviseProductOrder", revision={"items": [card]})
    run.go_on.set()


async def _move(stage: Stage) -> str:
    _, home = next(HOMES)
    slot = await free_slot(stage.product, home)
    given = {"productId": next(OWNED), "placeId": home, "slot": slot, "idempotencyKey": key(), "reason": "a new flat"}
    payload = (await run(stage.product, "60-move-a-product", {"input": given}))["moveProduct"]
    assert payload["errors"] == [], payload["errors"]
    return str(payload["order"]["key"])


async def _hand_over(stage: Stage) -> str:
    product_id = next(HANDED_OVER)
    found = await owned(stage.product, product_id)
    owners = {party["id"] for party in found["relatedParty"]}
    other = next(customer for customer in CUSTOMERS if customer not in owners)
    payload = await ordered(stage.product, "56-change-ownership", product_id, newOwnerId=other)
    assert payload["errors"] == [], payload["errors"]
    return str(payload["order"]["key"])


async def _both_consent(stage: Stage, run: Run) -> None:
    for side, task in (("RELEASING", RELEASING), ("ACCEPTING", ACCEPTING)):
        await stage.until_task(run.order_id, task, TaskState.AWAITING_RESULT)
        await tell(stage, run.order_id, "consentToOwnershipChange", side=side, accept=True, creditConsent=True)


async def _repackage(stage: Stage) -> str:
    given = {"productIds": [next(REPACKAGED)], "targetOfferingId": "tv-family", "reason": "more to see"}
    asked = await run(stage.product, "62-repackage-products", {"input": {"idempotencyKey": key(), **given}})
    payload = asked["repackageProducts"]
    assert payload["errors"] == [], payload["errors"]
    return str(payload["order"]["key"])


async def _take_back(stage: Stage) -> str:
    bought = await order(stage.product, await stage.before(_mobile_of_a_consumer))
    given = {"id": bought["key"], "expectedVersion": bought["version"], "reason": "withdraws"}
    asked = await run(stage.product, "90-take-back-an-order", {"input": {"idempotencyKey": key(), **given}})
    payload = asked["takeBackProductOrder"]
    assert payload["errors"] == [], payload["errors"]
    return str(payload["order"]["key"])


SCENARIOS: Final = (
    Scenario(name="family-bundle", start=_family),
    Scenario(name="mobile-line", start=_mobile),
    Scenario(name="prepaid-line", start=_prepaid),
    Scenario(name="cancelled", start=_mobile, pauses={CHARGE}, go_on=_cancel, ends="CANCELLED"),
    Scenario(name="amended", start=_mobile, pauses={CHARGE}, go_on=_amend),
    Scenario(name="fallout-retried", start=_mobile, prepare=_refuse_provisioning, go_on=_retry),
    Scenario(name="fallout-given-up", start=_mobile, prepare=_refuse_provisioning, go_on=_fail_item, ends="FAILED"),
    Scenario(name="held-and-released", start=_mobile, pauses={RECORD}, go_on=_hold_and_release),
    Scenario(name="suspended", start=_suspend),
    Scenario(name="moved", start=_move),
    Scenario(name="handed-over", start=_hand_over, go_on=_both_consent),
    Scenario(name="repackaged", start=_repackage),
    Scenario(name="taken-back", start=_take_back),
)
