"""What waits for people is on a worklist: they claim it, do it or decide about it, and the order goes on."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.demo.samples import document
from app.domain.actor import Role
from tests.channel import Json, effects_of, key, order, run, until_state, until_task
from tests.conftest import StartProduct
from tests.draft import mutate
from tests.harness import WAIT_SECONDS, Product, start, until
from tests.manual_work import HASTY, MOBILE, placed, until_waiting, waiting

REFUSE_PROVISIONING = {"errorRate": 1, "errorStatus": 422, "operations": ["POST serviceOrder"]}
PAPERS = {"category": "withPapers"}
ALL = {"first": 100, "after": None, "filter": None}
DECISION = "92-preview-a-cancellation-decision"


@pytest.fixture
async def product(office: Product) -> AsyncIterator[Product]:
    yield office
    await office.mock_control.heal()


async def tell(product: Product, mutation: str, order_key: str, token: str, **given: Json) -> Json:
    """The payload of a mutation of this order in its newest version, which moves on by itself meanwhile."""

    async def told() -> Json:
        version = (await order(product, order_key))["version"]
        wanted = {"id": order_key, "expectedVersion": version, **given}
        payload = await mutate(product, mutation, wanted, token)
        return None if [e["code"] for e in payload["errors"]] == ["STALE_VERSION"] else payload

    return await until(told)


async def foreseen(product: Product, example: str, order_key: str, token: str, **given: Json) -> Json:
    """What an example says beforehand, after which the order is as before."""
    before = (await order(product, order_key))["version"]
    said = await run(product, example, {"id": order_key, **given}, token=token)
    assert (await order(product, order_key))["version"] == before
    return said


async def decided(product: Product, order_key: str, action: str, **given: Json) -> Json:
    token = product.token(Role.OPERATIONS)
    given = {"action": action, "taskId": "1/provision", "reason": "seen to it", **given}
    return await tell(product, "resolveFallout", order_key, token, **given)


async def entered(product: Product, order_key: str) -> Json:
    """The characteristics of the items, and what people entered for the tasks."""
    query = """query Entered($id: ID!) { productOrder(id: $id) {
      items { characteristics { name value } }
      plan { tasks { id entered { name value } attention { queue claimedBy } } }
      timeline(first: 100) { totalCount nodes { __typename ... on WorkItemChangeEvent {
        actor { subject } work { taskId kind move queue level claimedBy } } } } } }"""
    answer = await product.graphql(query, {"id": order_key}, token=product.token(Role.OPERATIONS))
    return answer.whole()["productOrder"]


async def with_papers(product: Product) -> str:
    """An order of which nothing goes on but what people have to do."""
    placed_order = await placed(product, "cust-1003", **PAPERS)
    await until_task(product, placed_order, "1/provision", "COMPLETED")
    await until_state(product, placed_order, "PENDING")
    return placed_order


async def test_a_manual_task_is_claimed_and_done_and_the_order_goes_on(product: Product) -> None:
    placed_order = await with_papers(product)
    found = await order(product, placed_order)
    item = await until_waiting(product, placed_order, kind="MANUAL")
    ada, bob = (product.token(Role.AGENT, name) for name in ("ada", "bob"))
    task = {"taskId": "1/check-papers"}
    document = {"name": "documentNumber", "value": "L01X00T47"}

    # When it was seen beforehand what completing it would do, and what is missing for that
    unheard = await foreseen(product, "91-preview-work-of-people", placed_order, ada, **task, data=[])
    said = await foreseen(product, "91-preview-work-of-people", placed_order, ada, **task, data=[document])
    # And somebody claims it, it is nobody else's any more
    claimed = await tell(product, "claimWork", placed_order, ada, **task)
    twice = await tell(product, "claimWork", placed_order, bob, **task)
    by_bob = await tell(product, "completeTask", placed_order, bob, **task, data=[document])
    taken_away = await tell(product, "releaseWork", placed_order, bob, **task)
    to_bob = await foreseen(product, "91-preview-work-of-people", placed_order, bob, **task, data=[document])
    # And what is asked for has to be entered, and be right
    silent = await tell(product, "completeTask", placed_order, ada, **task)
    plastic = {"name": "simType", "value": "cardboard"}
    wrong = await tell(product, "completeTask", placed_order, ada, **task, data=[document, plastic])
    same = {"idempotencyKey": key(), "data": [document, {**plastic, "value": "physical"}]}
    version = (await order(product, placed_order))["version"]
    done = await tell(product, "completeTask", placed_order, ada, **task, **same)
    again = {"id": placed_order, "expectedVersion": version, **task, **same}
    repeated = await mutate(product, "completeTask", again, ada)

    # Then the order is completed, with what was entered
    assert (item["queue"], item["asks"], item["claimedBy"]) == ("back-office", ["documentNumber"], None)
    assert (item["suggestedAction"], item["allowedActions"]) == ("COMPLETE", ["COMPLETE"])
    assert claimed["errors"] == []
    assert claimed["order"]["version"] == found["version"] == version
    for refused in (twice, by_bob, taken_away):
        assert [(e["code"], e["path"]) for e in refused["errors"]] == [("WORK_CLAIMED", "/taskId")]
        assert [one["errors"][0]["message"] for one in to_bob.values()] == [refused["errors"][0]["message"]] * 3
    for one in (*list(said.values()), unheard["previewClaimWork"]):
        assert (one["possible"], one["errors"]) == (True, [])
    assert unheard["previewCompleteTask"]["errors"][0]["message"] == silent["errors"][0]["message"]
    assert said["previewCompleteTask"]["takenBack"] == said["previewCompleteTask"]["added"] == []
    assert {t["id"] for t in found["plan"]["tasks"]} == {t["id"] for t in said["previewCompleteTask"]["kept"]}
    [missing] = silent["errors"][0]["violations"]
    assert (missing["rule"], missing["path"], "'documentNumber'" in missing["message"]) == (
        "dataEntered",
        "/data",
        True,
    )
    [bad] = wrong["errors"][0]["violations"]
    assert (bad["rule"], bad["path"]) == ("characteristicsAllowed", "/data/1/value")
    assert (done["errors"], repeated["errors"], repeated["replayed"]) == ([], [], True)
    await until_state(product, placed_order, "COMPLETED")
    kept = await entered(product, placed_order)
    assert {"name": "simType", "value": "physical"} in kept["items"][0]["characteristics"]
    assert "documentNumber" not in [c["name"] for c in kept["items"][0]["characteristics"]]
    [papers] = [t for t in kept["plan"]["tasks"] if t["id"] == "1/check-papers"]
    assert document in papers["entered"]
    assert await waiting(product, placed_order) == []
    moves = [e["work"]["move"] for e in kept["timeline"]["nodes"] if e["__typename"] == "WorkItemChangeEvent"]
    assert moves == ["RAISED", "CLAIMED", "CLEARED"]
    assert kept["timeline"]["totalCount"] == len(kept["timeline"]["nodes"])


async def test_who_decides_fallout_gives_back_what_somebody_else_has_claimed(product: Product) -> None:
    placed_order = await with_papers(product)
    ada, lead = product.token(Role.AGENT, "ada"), product.token(Role.OPERATIONS)

    await tell(product, "claimWork", placed_order, ada, taskId="1/check-papers")
    [claimed] = await waiting(product, placed_order)
    released = await tell(product, "releaseWork", placed_order, lead, taskId="1/check-papers")
    [free] = await waiting(product, placed_order)
    unknown = await tell(product, "claimWork", placed_order, ada, taskId="1/provision")

    assert (claimed["claimedBy"], released["errors"], free["claimedBy"]) == ("ada", [], None)
    assert [e["code"] for e in unknown["errors"]] == ["NOT_ALLOWED_IN_STATE"]


async def test_what_nobody_does_in_time_is_escalated_and_its_followers_are_told(product: Product) -> None:
    follow = """subscription Desk($queues: [String!]) { productOrderEvents(filter: { queues: $queues }) {
      orderKey ... on WorkItemChangeEvent { work { kind move queue level claimedBy } } } }"""
    desks = {"queues": ["contact-centre", "contact-centre-leads"]}
    told: list[Json] = []
    async with product.subscribed(follow, desks, token=product.token(Role.AGENT, "ada")) as events:
        placed_order = await placed(product, "cust-1003", category="withCall")
        async with asyncio.timeout(WAIT_SECONDS):
            async for event in events:
                told.append(event["data"]["productOrderEvents"])
                if told[-1]["work"]["move"] == "ESCALATED":
                    break
        [late] = await waiting(product, placed_order)
        done = await tell(
            product, "completeTask", placed_order, product.token(Role.AGENT, "ada"), taskId="order/call-customer"
        )
        async with asyncio.timeout(WAIT_SECONDS):
            told.append((await anext(events))["data"]["productOrderEvents"])

    assert (late["kind"], late["queue"], late["level"]) == ("CONTACT", "contact-centre-leads", 1)
    assert done["errors"] == []
    await until_state(product, placed_order, "COMPLETED")
    assert {event["orderKey"] for event in told} == {placed_order}
    assert [(e["work"]["move"], e["work"]["queue"], e["work"]["level"]) for e in told] == [
        ("RAISED", "contact-centre", 0),
        ("ESCALATED", "contact-centre-leads", 1),
        ("CLEARED", "contact-centre-leads", 1),
    ]


async def held(product: Product, customer: str, **faults: Json) -> str:
    await product.mock_control.fault("provisioning", **{**REFUSE_PROVISIONING, **faults})
    placed_order = await placed(product, customer)
    await until_state(product, placed_order, "HELD")
    await product.mock_control.heal()
    return placed_order


async def test_data_are_mended_and_what_was_refused_is_tried_again_with_them(product: Product) -> None:
    held_order = await held(product, "cust-1003")
    item = await until_waiting(product, held_order, kind="FALLOUT")
    mended = [{"name": "simType", "value": "physical"}]

    nothing = await decided(product, held_order, "FIX_DATA_AND_RETRY")
    wrong_data = [{"name": "simType", "value": "cardboard"}, {"name": "colour", "value": "red"}]
    wrong = await decided(product, held_order, "FIX_DATA_AND_RETRY", characteristics=wrong_data)
    elsewhere = await decided(product, held_order, "FIX_DATA_AND_RETRY", characteristics=mended, itemId="7")
    aside = await decided(product, held_order, "RETRY", characteristics=mended)
    silent = await decided(product, held_order, "RETRY", reason=" ")
    done = await decided(product, held_order, "FIX_DATA_AND_RETRY", characteristics=mended)

    assert (item["cause"], item["suggestedAction"], item["task"]["attempts"]) == ("REFUSED", "FIX_DATA_AND_RETRY", 1)
    assert item["allowedActions"] == ["RETRY", "FIX_DATA_AND_RETRY", "SKIP", "FAIL_ITEM", "ABORT"]
    assert [v["path"] for v in nothing["errors"][0]["violations"]] == ["/characteristics"]
    assert [v["path"] for v in wrong["errors"][0]["violations"]] == [
        "/characteristics/0/value",
        "/characteristics/1/name",
    ]
    assert [(e["code"], e["path"]) for e in elsewhere["errors"]] == [("NOT_FOUND", "/itemId")]
    assert [v["rule"] for v in aside["errors"][0]["violations"]] == ["dataMended"]
    assert [v["path"] for v in silent["errors"][0]["violations"]] == ["/reason"]
    assert done["errors"] == []
    completed = await until_state(product, held_order, "COMPLETED")
    assert mended[0] in (await entered(product, held_order))["items"][0]["characteristics"]
    reference = next(t["reference"] for t in completed["plan"]["tasks"] if t["id"] == "1/provision")
    service_order = await product.mock_control.get(f"/tmf-api/serviceOrdering/v4/serviceOrder/{reference}")
    told = service_order["serviceOrderItem"][0]["service"]["serviceCharacteristic"]
    assert [c["value"] for c in told if c["name"] == "simType"] == ["physical"]
    effects = await effects_of(product, held_order)
    assert [e for e in effects if "serviceOrder" in e] == [f"POST serviceOrder {held_order}:1/provision:2"]


async def test_data_are_not_mended_while_nobody_knows_what_was_done(product: Product) -> None:
    held_order = await held(product, "cust-1003", errorStatus=500)
    item = await until_waiting(product, held_order, kind="FALLOUT")

    refused = await decided(
        product, held_order, "FIX_DATA_AND_RETRY", characteristics=[{"name": "simType", "value": "physical"}]
    )

    assert (item["cause"], item["suggestedAction"]) == ("UNREACHABLE", "RETRY")
    assert item["allowedActions"] == ["RETRY", "SKIP", "FAIL_ITEM", "ABORT"]
    assert [e["code"] for e in refused["errors"]] == ["NOT_ALLOWED_IN_STATE"]


async def test_an_item_that_is_given_up_is_taken_back_and_the_other_one_delivered(product: Product) -> None:
    await product.mock_control.fault("provisioning", failNext=1, errorStatus=422, operations=["POST serviceOrder"])
    placed_order = await placed(product, "cust-1003", MOBILE, MOBILE)
    item = await until_waiting(product, placed_order, kind="FALLOUT")
    number = item["taskId"].split("/")[0]

    done = await decided(product, placed_order, "FAIL_ITEM", taskId=item["taskId"])

    assert done["errors"] == []
    ended = await until_state(product, placed_order, "PARTIAL")
    states = {i["id"]: i["state"] for i in ended["items"]}
    assert sorted(states.values()) == ["COMPLETED", "FAILED"]
    assert states[number] == "FAILED"
    undone = {t["id"] for t in ended["plan"]["tasks"] if t["state"] == "UNDONE"}
    assert undone == {f"{number}/{task}" for task in ("record-product", "number", "sim")}
    effects = await effects_of(product, placed_order)
    assert [e for e in effects if "~undo" in e and "reservation" in e] == [
        f"PATCH reservation {placed_order}:{number}/number~undo:1",
        f"PATCH reservation {placed_order}:{number}/sim~undo:1",
    ]


async def test_an_order_is_aborted_as_it_is_by_operations_alone(product: Product) -> None:
    held_order = await held(product, "cust-1003")
    found = await order(product, held_order)
    given = {"id": held_order, "expectedVersion": found["version"], "idempotencyKey": key(), "taskId": "1/provision"}
    mutation = "mutation No($input: ResolveFalloutInput!) { resolveFallout(input: $input) { errors { code } } }"
    abort = {"input": {**given, "action": "ABORT", "reason": "Fraud"}}

    by_agent = await product.graphql(mutation, abort)
    done = await decided(product, held_order, "ABORT", reason="Fraud")

    assert (by_agent.codes, done["errors"]) == (["FORBIDDEN"], [])
    ended = await until_state(product, held_order, "FAILED")
    assert [v["reason"] for v in ended["versions"] if v["subject"].startswith("operations")] == ["abort: Fraud"]
    assert not [e for e in await effects_of(product, held_order) if "undo" in e]
    assert {"COMPLETED", "ABANDONED"} >= {t["state"] for t in ended["plan"]["tasks"]}
    assert await waiting(product, held_order) == []


async def test_a_cancellation_that_came_too_late_is_assessed_denied_and_then_accepted(product: Product) -> None:
    placed_order = await with_papers(product)
    agent, lead = product.token(Role.AGENT, "ada"), product.token(Role.OPERATIONS)
    wish = {"reason": "moves away"}

    late = await tell(product, "cancelProductOrder", placed_order, agent, **wish)
    early = await tell(product, "decideCancellation", placed_order, lead, accept=True, reason="why not")
    asked = await tell(product, "cancelProductOrder", placed_order, agent, **wish, requestAssessment=True)
    twice = await tell(product, "cancelProductOrder", placed_order, agent, **wish, requestAssessment=True)
    item = await until_waiting(product, placed_order, kind="CANCELLATION")
    claimed = await tell(product, "claimWork", placed_order, lead, taskId=None)
    no = (await foreseen(product, DECISION, placed_order, lead, accept=False))["previewCancellationDecision"]
    denied = await tell(product, "decideCancellation", placed_order, lead, accept=False, reason="papers are here")
    unasked = (await foreseen(product, DECISION, placed_order, lead, accept=True))["previewCancellationDecision"]
    await tell(product, "cancelProductOrder", placed_order, agent, **wish, requestAssessment=True)
    yes = (await foreseen(product, DECISION, placed_order, lead, accept=True))["previewCancellationDecision"]
    accepted = await tell(product, "decideCancellation", placed_order, lead, accept=True, reason="goodwill")

    assert [e["code"] for e in late["errors"]] == ["POINT_OF_NO_RETURN"]
    assert [e["code"] for e in early["errors"]] == [e["code"] for e in twice["errors"]] == ["NOT_ALLOWED_IN_STATE"]
    assert (asked["errors"], asked["order"]["state"]) == ([], "ASSESSING_CANCELLATION")
    assert (item["cancellation"]["itemIds"], item["cancellation"]["reason"]) == (["1"], "moves away")
    assert item["allowedActions"] == ["ACCEPT_CANCELLATION", "DENY_CANCELLATION"]
    assert (claimed["errors"], denied["errors"], denied["order"]["state"]) == ([], [], "PENDING")
    assert accepted["errors"] == []
    ended = await until_state(product, placed_order, "CANCELLED")
    assert ended["cancellations"][0]["reason"] == "goodwill"
    assert ended["items"][0]["product"]["status"] == "cancelled"
    assert (no["possible"], no["itemIds"], no["takenBack"], no["abandoned"]) == (True, ["1"], [], [])
    assert [e["message"] for e in unasked["errors"]] == [e["message"] for e in early["errors"]]
    became = {task["id"]: task["state"] for task in ended["plan"]["tasks"]}
    assert {t["id"] for t in yes["takenBack"]} == {t for t, state in became.items() if state == "UNDONE"}
    assert {t["id"] for t in yes["abandoned"]} == {t for t, state in became.items() if state == "ABANDONED"}
    assert "the papers are being checked" in [p["point"]["reason"] for p in yes["passed"]]


async def test_worklists_are_the_operators_own_affair(product: Product) -> None:
    placed_order = await with_papers(product)
    customer = product.token(Role.CUSTOMER, "cust-1003")
    query = """query Mine($id: ID!) { productOrder(id: $id) {
      plan { tasks { attention { queue } } }
      timeline(first: 100) { totalCount pageInfo { hasNextPage } nodes { __typename } } } }"""
    node = "query Again($id: ID!) { node(id: $id) { __typename id } }"

    [item] = await waiting(product, placed_order, token=product.token(Role.AGENT))
    hidden = await product.graphql("{ workItems { totalCount } }", token=customer)
    lists = await product.graphql("{ worklists { queue } falloutSummary { cause } }", token=product.token(Role.DEALER))
    seen = (await product.graphql(query, {"id": placed_order}, token=customer)).whole()["productOrder"]
    found = (await product.graphql(node, {"id": item["id"]})).whole()["node"]
    by_door = await product.graphql(node, {"id": item["id"]}, token=customer)

    assert item["allowedActions"] == ["COMPLETE"]
    assert (hidden.codes, lists.codes, by_door.codes) == (["FORBIDDEN"], ["FORBIDDEN", "FORBIDDEN"], ["FORBIDDEN"])
    assert {task["attention"] and task["attention"]["queue"] for task in seen["plan"]["tasks"]} == {None}
    assert "WorkItemChangeEvent" not in {event["__typename"] for event in seen["timeline"]["nodes"]}
    assert seen["timeline"]["totalCount"] == len(seen["timeline"]["nodes"])
    assert found == {"__typename": "WorkItem", "id": item["id"]}


@pytest.mark.thorough
async def test_a_bulk_decision_that_nobody_could_take_in_is_asked_again_and_taken_once(
    start_product: StartProduct,
) -> None:
    product = await start_product(environment=HASTY)
    operations = product.token(Role.OPERATIONS)
    held_orders = [await held(product, "cust-1003") for _ in range(3)]
    by_cause = {"backend": "provisioning", "cause": "REFUSED"}
    wanted = {"input": {"idempotencyKey": key(), "action": "RETRY", "reason": "back", "filter": by_cause}}
    bulk = document("75-retry-all-of-one-cause")

    await product.worker.kill()
    lost = await product.graphql(bulk, wanted, token=operations)
    await start(product.worker)

    async def answered() -> Json:
        answer = await product.graphql(bulk, wanted, token=operations)
        return None if answer.codes == ["FULFILMENT_UNAVAILABLE"] else answer.whole()["resolveFallouts"]

    taken = await until(answered)

    assert lost.codes == ["FULFILMENT_UNAVAILABLE"]
    assert ({r["orderKey"] for r in taken["results"]}, taken["left"]) == (set(held_orders), 0)
    assert [r["errors"] for r in taken["results"]] == [[]] * 3
    for number in held_orders:
        completed = await until_state(product, number, "COMPLETED", "HELD")
        assert completed["state"] == "COMPLETED"
        assert [v["reason"] for v in completed["versions"] if "back" in v["reason"]] == ["retry 1/provision: back"]
        posted = [e for e in await effects_of(product, number) if "serviceOrder" in e]
        assert posted == [f"POST serviceOrder {number}:1/provision:2"]


async def test_what_is_decided_for_many_is_named_and_limited(product: Product) -> None:
    operations = product.token(Role.OPERATIONS)
    held_orders = [await held(product, "cust-1003") for _ in range(2)]
    ids = [(await until_waiting(product, number, kind="FALLOUT"))["id"] for number in held_orders]

    async def ask(token: str = operations, **given: Json) -> Json:
        wanted = {"idempotencyKey": key(), "action": "SKIP", "reason": "done by hand", "filter": None, **given}
        return await run(product, "75-retry-all-of-one-cause", {"input": wanted}, token=token)

    wrong: list[dict[str, Json]] = [{}, {"workItemIds": ids, "limit": 1}, {"workItemIds": ids, "limit": 1000}]
    refused = [(await ask(**given))["resolveFallouts"]["errors"][0]["path"] for given in wrong]
    aborted = (await ask(workItemIds=ids, action="ABORT"))["resolveFallouts"]
    some = (await ask(workItemIds=[*ids, "nothing:1/provision"]))["resolveFallouts"]

    assert refused == ["/filter", "/workItemIds", "/limit"]
    assert [e["path"] for e in aborted["errors"]] == ["/action"]
    assert [[e["code"] for e in r["errors"]] for r in some["results"]] == [[], [], ["NOT_FOUND"]]
    for number in held_orders:
        found = await until_state(product, number, "COMPLETED")
        assert "SKIPPED" in {t["state"] for t in found["plan"]["tasks"]}
