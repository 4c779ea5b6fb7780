"""Each backend dead, failing, malformed and slow in turn: what it serves says so, everything else goes on."""

from typing import Final

import pytest

from tests.channel import MADE, Json, effects_of, expected_effects, key, order, place, until_state
from tests.draft import Draft
from tests.harness import Product, until

FAULTS: Final[dict[str, dict[str, Json]]] = {
    "dead": {"outage": True},
    "failing": {"errorRate": 1.0},
    "malformed": {"malformedRate": 1.0},
    "slow": {"latency": {"fixedMs": 30_000}},
}
EVERY_FAULT: Final = (
    "dead",
    "slow",
    *(pytest.param(name, marks=pytest.mark.thorough) for name in ("failing", "malformed")),
)
SERVES: Final = {
    "customer": "CUSTOMER",
    "inventory": "OFFERING",
    "address": "PLACE",
    "workforce": "APPOINTMENT",
    "billing": "PAYMENT",
}
"""By backend, the step of a fixed line that it serves. The catalog is read once and remembered; what serviceability
said of a place is kept with the draft for as long as it is guaranteed."""
FIBRE: Final = {"offeringId": "fibre-500", "characteristics": [{"name": "router", "value": "own"}]}
WRITES: Final = sorted({made for each in MADE.values() for made in each})
MOBILE: Final = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}


@pytest.fixture(scope="module")
async def draft(narrow: Product) -> Draft:
    """A fixed line with everything chosen."""
    line = await Draft.start(narrow, "cust-1056", items=[FIBRE], placeId="addr-1056")
    await line.do("setProductOrderAppointment", itemId="1", slot=await line.slot("1"))
    return line


@pytest.mark.parametrize("fault", EVERY_FAULT)
@pytest.mark.parametrize("backend", SERVES)
async def test_the_step_that_it_serves_is_blocked_by_its_name_and_no_other_is(
    healed: Product, draft: Draft, backend: str, fault: str
) -> None:
    async def whole() -> bool:
        return set((await draft.states()).values()) == {"DONE", "TODO"}

    await until(whole)
    before = await draft.steps()

    await healed.mock_control.fault(backend, **FAULTS[fault])
    steps = await draft.steps()

    mine = SERVES[backend]
    blocked = steps[mine]["blocked"]
    assert (steps[mine]["state"], blocked["by"], blocked["backend"]) == ("BLOCKED", "BACKEND", backend)
    assert blocked["message"] == f"the backend '{backend}' gives no answer"
    others = {k: s for k, s in steps.items() if k != mine}
    waiting = {k for k, s in others.items() if s["blocked"] and mine in s["blocked"]["steps"]}
    assert "REVIEW" in waiting
    direct = {k for k, s in others.items() if s["blocked"] and s["blocked"]["by"] != "STEPS"}
    assert direct == set(), "no other step is blamed"
    assert {k: s["state"] for k, s in others.items() if not s["blocked"]} == {
        k: before[k]["state"] for k, s in others.items() if not s["blocked"]
    }


@pytest.mark.parametrize("backend", SERVES)
async def test_a_submission_that_needs_it_changes_nothing(healed: Product, draft: Draft, backend: str) -> None:
    await healed.mock_control.fault(backend, outage=True)

    mutation = "mutation S($i: SubmitProductOrderInput!) { submitProductOrder(input: $i) { replayed } }"
    given = {"id": draft.key, "expectedVersion": draft.version, "idempotencyKey": key()}
    answer = await healed.graphql(mutation, {"i": given}, token=draft.token)

    assert answer.data == {"submitProductOrder": None}
    [error] = answer.errors
    assert (error["extensions"]["backend"], error["extensions"]["retryable"]) == (backend, True)
    await healed.mock_control.heal()
    found = await order(healed, draft.key)
    assert (found["state"], found["version"]) == ("DRAFT", draft.version)


async def test_what_is_guaranteed_is_relied_on_while_its_backend_is_silent(healed: Product, draft: Draft) -> None:
    await healed.mock_control.fault("serviceability", outage=True)

    assert (await draft.states())["SERVICEABILITY"] == "DONE"


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_a_place_is_taken_while_serviceability_is_silent_and_looked_up_later(healed: Product, fault: str) -> None:
    await healed.mock_control.fault("serviceability", **FAULTS[fault])
    line = await Draft.start(healed, "cust-1059", items=[FIBRE])

    await line.do("setProductOrderPlace", placeId="addr-1059")
    silent = await line.steps()
    await healed.mock_control.heal()

    async def looked_up() -> bool:
        return (await line.states())["SERVICEABILITY"] == "DONE"

    assert (silent["PLACE"]["state"], silent["SERVICEABILITY"]["state"]) == ("DONE", "BLOCKED")
    assert silent["SERVICEABILITY"]["blocked"]["backend"] == "serviceability"
    assert silent["APPOINTMENT"]["blocked"]["steps"] == ["SERVICEABILITY"]
    await until(looked_up)


NEVER_READ: Final = dict(zip(FAULTS, ("tv-international", "tv-kids", "prepaid-max", "prepaid-holiday"), strict=True))
"""Offerings that nobody has asked for, so that they are not remembered: one for each fault."""
EDITS: Final[dict[str, tuple[str, dict[str, Json]]]] = {
    "catalog": ("addProductOrderItem", {"item": {"offeringId": "tv-international"}}),
    "documents": ("prepareProductOrderAgreement", {}),
    "service_resources": ("reserveProductOrderResource", {"itemId": "1", "kind": "NUMBER"}),
}


@pytest.mark.parametrize("fault", EVERY_FAULT)
@pytest.mark.parametrize("backend", EDITS)
async def test_an_edit_that_needs_it_changes_nothing_and_works_later(healed: Product, backend: str, fault: str) -> None:
    mutation, given = EDITS[backend]
    if backend == "catalog":
        given = {"item": {"offeringId": NEVER_READ[fault]}}
    edited = await Draft.start(healed, "cust-1057", items=[MOBILE, FIBRE])
    whole = {"id": edited.key, "expectedVersion": edited.version, "idempotencyKey": key(), **given}
    kind = mutation[0].upper() + mutation[1:]
    document = f"mutation E($i: {kind}Input!) {{ {mutation}(input: $i) {{ order {{ version }} }} }}"

    await healed.mock_control.fault(backend, **FAULTS[fault])
    failed = await healed.graphql(document, {"i": whole}, token=edited.token)
    unchanged = (await order(healed, edited.key))["version"]
    await healed.mock_control.heal()

    async def works() -> bool:
        again = await healed.graphql(document, {"i": whole}, token=edited.token)
        return again.errors == [] and again.data[mutation]["order"]["version"] == edited.version + 1

    assert (failed.data, unchanged) == ({mutation: None}, edited.version)
    assert [error["extensions"]["backend"] for error in failed.errors] == [backend]
    await until(works)


async def test_an_order_under_way_waits_for_all_of_them_and_is_delivered_once(healed: Product) -> None:
    delivering = ["provisioning", "inventory", "channels", "intelligent_network", "ledger", "service_resources"]
    await healed.mock_control.fault("channels", errorRate=1.0)
    for backend in delivering:
        # what is read before the order is taken is answered
        await healed.mock_control.fault(backend, errorRate=0.6, operations=WRITES)
    sim = {"offeringId": "prepaid-start", "characteristics": [{"name": "simType", "value": "eSIM"}]}

    placed = await place(healed, {"customerId": "cust-1058", "items": [sim], "paymentMethodId": "pm-cust-1058"})
    assert placed["errors"] == []
    await until_state(healed, placed["order"]["key"], "IN_PROGRESS")
    await healed.mock_control.heal()

    found = await until_state(healed, placed["order"]["key"], "COMPLETED", "HELD", "FAILED")
    assert found["state"] == "COMPLETED"
    assert await effects_of(healed, found["key"]) == expected_effects(found)
