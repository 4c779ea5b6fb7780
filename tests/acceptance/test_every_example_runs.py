"""The example operations are what people copy first: each runs as it stands, in a journey from draft to order."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.demo.samples import variables
from app.domain.actor import Role
from app.serve import examples
from tests.channel import Json, family, free_slot, key, order, place, run, until_state, until_task
from tests.harness import Product
from tests.manual_work import placed, until_waiting

ELSEWHERE = {
    "follow orders",
    "follow a batch",
    "follow promises",
    "follow one order",
    "follow a customer",
    "follow a dealer",
    "follow worklists",
    "follow dangers",
    "register a webhook",
    "how webhooks do",
    "replay to a webhook",
    "unregister a webhook",
}
"""Subscriptions and webhooks have tests of their own."""


class Developer:
    """Runs examples with a developer's token, as GraphiQL does, and remembers which."""

    def __init__(self, product: Product, ran: set[str]) -> None:
        self._product = product
        self._token = product.token(Role.DEVELOPER, "developer-1", "online")
        self.ran = ran
        self.draft = ""
        self.version = 1

    async def do(self, name: str, given: dict[str, Json] | None = None) -> Json:
        """The data of an example."""
        self.ran.add(name.split("-", 1)[1].replace("-", " "))
        return await run(self._product, name, given, token=self._token)

    async def change(self, name: str, mutation: str, **given: Json) -> Json:
        """The order after an example that changes the draft."""
        own: Json = variables(name)["input"]
        whole = {**own, "id": self.draft, "expectedVersion": self.version, "idempotencyKey": key(), **given}
        payload = (await self.do(name, {"input": whole}))[mutation]
        assert payload["errors"] == []
        self.version = payload["order"]["version"]
        return payload["order"]

    async def start(self, customer: str, *items: Json, channel: str = "online") -> None:
        """Another draft, for an example that the first one has no use for; from here on through this channel."""
        self._token = self._product.token(Role.DEVELOPER, "developer-1", channel)
        mutation = """mutation Start($input: CreateProductOrderInput!) {
          createProductOrder(input: $input) { order { key version } errors { message } } }"""
        given = {"input": {"idempotencyKey": key(), "customerId": customer, "items": list(items)}}
        payload = (await self._product.graphql(mutation, given, token=self._token)).whole()["createProductOrder"]
        assert payload["errors"] == []
        self.draft, self.version = payload["order"]["key"], payload["order"]["version"]


@pytest.fixture(scope="module")
def ran() -> Iterator[set[str]]:
    """The names of the examples that ran in any journey of this module."""
    yield set()


@pytest.fixture
def developer(product: Product, ran: set[str]) -> Developer:
    return Developer(product, ran)


async def test_a_fixed_line_from_the_first_look_to_its_delivery(product: Product, developer: Developer) -> None:
    do, change = developer.do, developer.change

    # Given a channel that looks around
    bundles = (await do("05-what-is-sold"))["productOfferings"]
    assert "family-bundle" in [o["key"] for o in bundles["nodes"]]
    everything = (await do("06-customer-360"))["customer"]
    assert everything["products"] != [] != everything["paymentMethods"]
    found = await do("07-find-an-address")
    assert found["validateAddress"]["result"] == "PARTIAL"
    assert len(found["validateAddress"]["alternatives"]) == 3
    assert found["serviceability"]["serviceable"] is True
    assert (await do("08-free-time-slots"))["timeSlots"] != []
    assert [n["__typename"] for n in (await do("20-nodes-by-id"))["nodes"]] == ["Customer", "ProductOffering"]
    entities = (await do("120-entities-for-other-subgraphs"))["_entities"]
    assert [n["__typename"] for n in entities] == ["Customer", "ProductOffering"]

    # When it puts an order together step by step
    started = (await do("09-start-a-draft", {"idempotencyKey": key()}))["createProductOrder"]["order"]
    developer.draft = started["key"]
    given = {"id": started["key"], "expectedVersion": 1, "idempotencyKey": key()}
    assert (await do("10-add-an-item", given))["addProductOrderItem"]["errors"] == []
    extra = {**given, "expectedVersion": 2, "idempotencyKey": key(), "item": {"offeringId": "tv-kids"}}
    assert (await do("10-add-an-item", extra))["addProductOrderItem"]["errors"] == []
    developer.version = 3
    chosen = [{"name": "router", "value": "own"}]
    changed = await change("11-change-an-item", "changeProductOrderItem", itemId="1", characteristics=chosen)
    assert changed["items"][0]["characteristics"] == chosen
    missing = (await do("15-validate", {"id": started["key"]}))["validateProductOrder"]
    assert not missing["submittable"]
    assert {(v["rule"], v["step"]) for v in missing["violations"]} == {
        ("placeGiven", "PLACE"),
        ("appointmentGiven", "APPOINTMENT"),
    }
    steps = (await do("21-next-steps", {"id": started["key"]}))["productOrder"]["nextSteps"]
    assert {s["kind"] for s in steps if s["state"] == "TODO"} == {"PLACE"}
    await change("12-remove-an-item", "removeProductOrderItem", itemId="2")
    placed = await change("13-set-the-place", "setProductOrderPlace", placeId="addr-1003")
    assert placed["place"]["label"] == "Lindenallee 1, 50668 Köln"
    slot = await free_slot(product, "addr-1003")
    await change("14-set-the-appointment", "setProductOrderAppointment", itemId="1", slot=slot)
    await change("16-take-over-a-draft", "takeOverProductOrder")
    ready = (await do("15-validate", {"id": started["key"]}))["validateProductOrder"]
    assert ready == {"submittable": True, "violations": []}
    await change("17-submit", "submitProductOrder")

    # Then it is delivered, and can be looked at
    assert (await until_state(product, started["key"], "COMPLETED", "HELD"))["state"] == "COMPLETED"
    assert (await do("04-one-order-in-full", {"id": started["key"]}))["productOrder"]["state"] == "COMPLETED"
    listed = (await do("03-list-orders"))["productOrders"]
    assert started["key"] in [o["key"] for o in listed["nodes"]]
    late = {"input": {"id": started["key"], "expectedVersion": 1, "idempotencyKey": key(), "taskId": "1/provision"}}
    late["input"] |= {"action": "RETRY", "reason": "too late"}
    refused = (await do("19-resolve-fallout", late))["resolveFallout"]
    assert [e["code"] for e in refused["errors"]] == ["STALE_VERSION"]
    assert (await do("27-check-out-a-cart"))["checkoutCart"]["errors"] == []
    assert (await do("28-check-a-configuration"))["checkProductConfiguration"]["state"] == "APPROVED"


async def test_a_line_for_a_company_with_credit_contract_and_signature(product: Product, developer: Developer) -> None:
    do, change = developer.do, developer.change
    qualified = (await do("22-qualify-a-customer"))["qualifyCustomer"]
    assert [i["result"] for i in qualified["items"]] == ["UNQUALIFIED", "QUALIFIED"]
    assert qualified["items"][0]["alternatives"] != []
    free = await do("24-free-numbers-and-channels")
    assert all("77" in number for number in free["availableResources"])
    assert "retail" in [channel["key"] for channel in free["salesChannels"]]
    assert (await do("29-rules-in-force"))["rulebook"]["rules"] != []
    assert {"billing", "provisioning"} <= {b["backend"] for b in (await do("64-load-of-the-backends"))["backendLoad"]}

    level = [{"name": "serviceLevel", "value": "gold"}, {"name": "router", "value": "own"}]
    line = {"offeringId": "business-line-250", "placeId": "addr-2003", "characteristics": level}
    await developer.start("cust-2001", line, channel="callCentre")
    slot = await free_slot(product, "addr-2003")
    await change("14-set-the-appointment", "setProductOrderAppointment", itemId="1", slot=slot)
    assessed = await change("23-assess-credit", "assessProductOrderCredit", consent=True)
    assert assessed["credit"]["decision"] == "ACCEPT"
    drawn = await change("34-draw-up-the-contract", "prepareProductOrderAgreement")
    assert drawn["agreement"]["signatureRequired"] is True
    signed = await change("35-sign-the-contract", "signProductOrderAgreement", signedBy="Nora Nordwind")
    assert "SIGNED" in [document["signature"] for document in signed["documents"]]
    await change("17-submit", "submitProductOrder")

    assert (await until_state(product, developer.draft, "COMPLETED", "HELD"))["state"] == "COMPLETED"
    too_much = {"input": {"id": developer.draft, "expectedVersion": 1, "idempotencyKey": key(), "reason": "withdraws"}}
    refused = (await do("90-take-back-an-order", too_much))["takeBackProductOrder"]
    assert [e["code"] for e in refused["errors"]] == ["STALE_VERSION"]
    said = (await do("89-preview-taking-back", {"id": developer.draft}))["previewTakeBack"]
    assert [e["code"] for e in said["errors"]] == ["VALIDATION_FAILED"], "businesses cannot withdraw"
    told = (await do("26-documents-of-an-order", {"id": developer.draft}))["productOrder"]
    assert {d["documentType"] for d in told["documents"]} == {"contract", "contractSummary"}
    why = (await do("37-why-an-order-is-as-it-is", {"id": developer.draft}))["productOrder"]
    assert why["qualifications"][0]["placeKey"] == "addr-2003"
    assert why["credit"]["decision"] == "ACCEPT"
    [part] = why["proration"]
    [whole] = why["pricePeriods"][0]["totals"]
    assert float(part["taxIncluded"]["amount"]) < float(whole["taxIncluded"]["amount"])


async def test_a_prepaid_sim_that_the_customer_thinks_over(developer: Developer) -> None:
    await developer.start("cust-1049", {"offeringId": "prepaid-start"})

    reserved = await developer.change("25-reserve-a-number", "reserveProductOrderResource")
    paid = await developer.change("33-choose-a-payment", "setProductOrderPayment", paymentMethodId="pm-cust-1049")
    ended = await developer.change("36-discard-a-draft", "discardProductOrder", reason="The customer thinks it over")

    assert [r["kind"] for r in reserved["items"][0]["reservations"]] == ["NUMBER"]
    assert paid["payment"] is not None
    assert ended["state"] == "CANCELLED"


async def test_an_order_that_is_held_goes_on_and_is_cancelled(product: Product, developer: Developer) -> None:
    await product.mock_control.fault("inventory", errorRate=1.0, operations=["POST product"])
    sim = [{"name": "simType", "value": "eSIM"}]
    await developer.start("cust-1052", {"offeringId": "mobile-m", "characteristics": sim})
    await developer.change("17-submit", "submitProductOrder")
    stopped = await until_task(product, developer.draft, "1/record-product", "RUNNING")
    developer.version = stopped["version"]

    held = await developer.change("42-hold-an-order", "holdProductOrder", reason="The customer is away")
    released = await developer.change("43-release-an-order", "releaseProductOrder", reason="The customer is back")
    asked = {"id": developer.draft, "itemIds": None}
    preview = (await developer.do("40-preview-a-cancellation", asked))["previewCancellation"]
    ended = await developer.change("41-cancel-an-order", "cancelProductOrder", reason="The customer moves away")
    await product.mock_control.heal()

    assert (held["state"], released["state"], preview["possible"]) == ("HELD", "IN_PROGRESS", True)
    assert ended["state"] == "PENDING_CANCELLATION"
    assert (await until_state(product, developer.draft, "CANCELLED"))["state"] == "CANCELLED"


async def test_an_order_under_way_is_wished_for_otherwise(product: Product, developer: Developer) -> None:
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    esim = [{"name": "simType", "value": "eSIM"}]
    placed = await place(
        product,
        {"customerId": "cust-1057", "items": [{"offeringId": "mobile-m", "characteristics": esim}]}
        | {"requestedStartAt": later},
        token=product.token(Role.DEVELOPER, "developer-1", "online"),
    )
    developer.draft = placed["order"]["key"]
    await until_task(product, developer.draft, "1/sim", "PENDING")
    developer.version = (await order(product, developer.draft))["version"]

    said = (await developer.do("81-preview-a-revision", {"id": developer.draft}))["previewRevision"]
    revised = await developer.change("82-revise-an-order", "reviseProductOrder")
    urgent = await developer.change("84-make-an-order-urgent", "changeProductOrderPriority")
    noted = await developer.change("85-add-a-note", "addProductOrderNote")
    wished = await developer.change("131-ask-for-a-change", "requestProductOrderChange")
    done = {"requestId": "1", "ledToVersion": developer.version}
    answered = await developer.change("132-answer-a-change-request", "resolveProductOrderChangeRequest", **done)
    await developer.change("131-ask-for-a-change", "requestProductOrderChange", kind="OTHER")
    back = await developer.change("133-withdraw-a-change-request", "withdrawProductOrderChangeRequest")
    asked = [one["changeRequests"][-1]["state"] for one in (wished, answered, back)]
    held = await developer.do("86-preview-holding-and-releasing", {"id": developer.draft})
    looked = {"id": developer.draft, "since": 2, "asOf": datetime.now(UTC).isoformat()}
    differing = (await developer.do("87-what-changed-between-two-versions", looked))["productOrder"]["differences"]
    now = datetime.now(UTC).isoformat()
    await developer.change("83-reschedule-an-order", "rescheduleProductOrder", requestedStartAt=now)
    found = await until_state(product, developer.draft, "COMPLETED", "HELD")

    assert (said["possible"], said["itemIds"]) == (True, ["1"])
    assert revised["items"][0]["characteristics"] == [{"name": "simType", "value": "physical"}]
    assert (urgent["priority"], len(noted["notes"])) == (0, 1)
    assert asked == ["OPEN", "RESOLVED", "WITHDRAWN"]
    assert (held["previewHold"]["possible"], held["previewRelease"]["possible"]) == (False, False)
    assert "/priority" in {one["path"] for one in differing}
    assert found["state"] == "COMPLETED"


async def test_what_is_owned_is_changed_suspended_resumed_and_ended(product: Product, developer: Developer) -> None:
    for example in ("44-change-a-product", "45-suspend-a-product", "46-resume-a-product", "47-discontinue-a-product"):
        own: Json = variables(example)["input"]
        given = {**own, "idempotencyKey": key(), "productId": "prod-1145" if "change" not in example else "prod-1144"}
        [payload] = (await developer.do(example, {"input": given})).values()
        assert payload["errors"] == []
        assert (await until_state(product, payload["order"]["key"], "COMPLETED", "HELD"))["state"] == "COMPLETED"


async def test_a_change_of_ownership_that_credit_refuses(product: Product, developer: Developer) -> None:
    do = developer.do
    handed = {"productId": "prod-1021", "newOwnerId": "cust-1012", "reason": "The flat goes to somebody else"}
    preview = (await do("58-preview-an-ownership-change", {"input": handed}))["previewOwnershipChange"]
    asked = {**handed, "idempotencyKey": key()}
    [payload] = (await do("56-change-ownership", {"input": asked})).values()
    order_key = payload["order"]["key"]
    await until_task(product, order_key, "order/accepting-consent", "AWAITING_RESULT")
    would = {"id": order_key, "side": "ACCEPTING", "accept": False}
    no = (await do("93-preview-a-consent", would))["previewOwnershipConsent"]
    yes = (await do("93-preview-a-consent", {**would, "accept": True}))["previewOwnershipConsent"]
    assert (no["possible"], yes["possible"]) == (True, True)
    assert "1/change-owner" in {task["id"] for task in no["abandoned"]} - {task["id"] for task in yes["abandoned"]}
    for side in ("RELEASING", "ACCEPTING"):
        version = (await do("04-one-order-in-full", {"id": order_key}))["productOrder"]["version"]
        said = {"id": order_key, "expectedVersion": version, "side": side, "accept": True, "creditConsent": True}
        given = {"input": {**said, "idempotencyKey": key()}}
        [consent] = (await do("57-consent-to-a-change-of-ownership", given)).values()
        assert consent["errors"] == []
    await until_state(product, order_key, "CANCELLED", "COMPLETED", "HELD")
    ended = (await do("63-how-a-change-of-ownership-ended", {"id": order_key}))["productOrder"]

    assert (preview["possible"], payload["errors"], ended["state"]) == (True, [], "CANCELLED")
    assert ended["cancellations"][0]["reason"] == "the accepting party's credit was not accepted"
    assert ended["items"][0]["product"]["key"] == "prod-1021"


async def test_a_move(product: Product, developer: Developer) -> None:
    there = {"productId": "prod-1024", "placeId": "addr-1126", "slot": await free_slot(product, "addr-1126")}
    given = {**there, "reason": "A new flat"}
    preview = (await developer.do("59-preview-a-move", {"input": given}))["previewMove"]
    moved = (await developer.do("60-move-a-product", {"input": {**given, "idempotencyKey": key()}}))["moveProduct"]

    assert (preview["possible"], moved["errors"]) == (True, [])
    assert (await until_state(product, moved["order"]["key"], "COMPLETED", "HELD"))["state"] == "COMPLETED"


async def test_three_products_into_a_family_bundle(developer: Developer) -> None:
    preview = (await developer.do("61-preview-a-repackaging"))["previewRepackage"]
    begun = (await developer.do("62-repackage-products"))["repackageProducts"]
    developer.draft, developer.version = begun["order"]["key"], begun["order"]["version"]
    await developer.change("36-discard-a-draft", "discardProductOrder", reason="The scenario shows how it goes on")

    assert [c["fate"] for c in preview["components"]] == ["ADD", "SWAP", "SWAP", "SWAP"]
    rules = [v["rule"] for v in preview["preview"]["errors"][0]["violations"]]
    assert rules == ["repackagingQuoted", "repackagingAgreed"]


async def test_what_is_owned_is_previewed_renewed_and_rests_until_a_day(product: Product, developer: Developer) -> None:
    def about(example: str, product_id: str, **more: Json) -> Json:
        own: Json = variables(example)["input"]
        return {"input": {**own, "productId": product_id, **more}}

    for example in ("49-preview-a-change", "50-preview-a-suspension", "52-preview-a-renewal", "53-preview-an-end"):
        [foreseen] = (await developer.do(example, about(example, "prod-1177"))).values()
        assert (foreseen["possible"], foreseen["errors"]) == (True, [])
        assert foreseen["added"] != []
    early = (await developer.do("53-preview-an-end", about("53-preview-an-end", "prod-1177")))[
        "previewDiscontinueProduct"
    ]
    assert early["charge"] is not None
    renewed = await developer.do("48-renew-a-product", about("48-renew-a-product", "prod-1177", idempotencyKey=key()))
    assert renewed["renewProduct"]["errors"] == []
    await until_state(product, renewed["renewProduct"]["order"]["key"], "COMPLETED", "HELD")
    resting = about("54-suspend-until-a-day", "prod-1177", idempotencyKey=key())
    suspended = (await developer.do("54-suspend-until-a-day", resting))["suspendProduct"]
    assert suspended["errors"] == []
    await until_state(product, suspended["order"]["key"], "COMPLETED", "HELD")
    back = about("51-preview-a-resumption", "prod-1177")
    assert (await developer.do("51-preview-a-resumption", back))["previewResumeProduct"]["possible"] is True
    [mine] = (await developer.do("55-what-a-customer-has-and-pays", {"id": "cust-1177"}))["customer"]["products"]
    assert (mine["status"], len(mine["terms"]), mine["suspension"]["scope"]) == ("suspended", 2, "outgoing")


async def test_what_waits_for_people_is_claimed_done_and_decided(office: Product, ran: set[str]) -> None:
    product = office
    developer = Developer(product, ran)
    do, change = developer.do, developer.change
    await product.mock_control.fault("provisioning", failNext=1, errorStatus=422, operations=["POST serviceOrder"])

    # Given an order with a task for people, another one whose number was refused, and a third whose backend is down
    developer.draft = await placed(product, "cust-1003", category="withPapers")
    await until_waiting(product, developer.draft, kind="FALLOUT")
    developer.version = (await until_state(product, developer.draft, "HELD"))["version"]
    await product.mock_control.fault("provisioning", errorRate=1, errorStatus=500, operations=["POST serviceOrder"])
    down = await placed(product, "cust-1003")
    await until_waiting(product, down, kind="FALLOUT")
    await product.mock_control.heal()

    # When people see to them
    found = await do("70-what-waits-for-people")
    beforehand = await do("91-preview-work-of-people", {"id": developer.draft})
    assert [one["possible"] for one in beforehand.values()] == [True, True, True]
    nobody = (await do("92-preview-a-cancellation-decision", {"id": developer.draft}))["previewCancellationDecision"]
    assert [e["code"] for e in nobody["errors"]] == ["NOT_ALLOWED_IN_STATE"]
    await change("71-claim-work", "claimWork")
    await change("72-give-work-back", "releaseWork")
    await change("73-complete-a-task", "completeTask")
    would = {"id": developer.draft, "taskId": "1/provision", "action": "FIX_DATA_AND_RETRY"}
    foreseen = (await do("88-preview-a-fallout-decision", would))["previewFalloutDecision"]
    await change("74-mend-data-and-retry", "resolveFallout")
    many = (await do("75-retry-all-of-one-cause"))["resolveFallouts"]
    log = (await do("110-who-did-what", {"filter": {"about": f"ProductOrder:{down}"}}))["auditLog"]["nodes"]
    late = {"id": down, "expectedVersion": 1, "idempotencyKey": key(), "accept": False, "reason": "too late"}
    nobody_asked = (await do("76-decide-a-cancellation", {"input": late}))["decideCancellation"]

    # Then both orders are completed
    assert {item["kind"] for item in found["workItems"]["nodes"]} == {"MANUAL", "FALLOUT"}
    # other tests may have left fallout of the same cause
    assert (down, []) in [(r["orderKey"], r["errors"]) for r in many["results"]]
    assert [e["code"] for e in nobody_asked["errors"]] == ["STALE_VERSION"]
    assert "Mutation.resolveFallouts" in {record["field"] for record in log}
    assert (foreseen["possible"], foreseen["takenBack"], foreseen["abandoned"]) == (True, [], [])
    for number in (developer.draft, down):
        assert (await until_state(product, number, "COMPLETED", "HELD"))["state"] == "COMPLETED"


async def test_an_order_by_a_date_and_what_is_promised(developer: Developer) -> None:
    placed = (await developer.do("79-place-an-order-by-a-date", {"idempotencyKey": key()}))["placeProductOrder"]
    assert placed["errors"] == []
    told = (await developer.do("80-milestones-of-an-order", {"id": placed["order"]["key"]}))["productOrder"]
    listed = (await developer.do("77-orders-in-jeopardy"))["productOrders"]["nodes"]

    assert told["requestedCompletionAt"] == placed["order"]["requestedCompletionAt"]
    assert (told["state"], told["jeopardy"]) == ("ACKNOWLEDGED", None)
    assert placed["order"]["key"] not in [one["key"] for one in listed]


async def test_an_order_and_its_parts(product: Product, developer: Developer) -> None:
    await product.mock_control.fault("inventory", errorRate=1.0, operations=["POST product"])
    esim = [{"name": "simType", "value": "eSIM"}]
    placed = await place(
        product, {"customerId": "cust-1003", "items": [{"offeringId": "mobile-m", "characteristics": esim}]}
    )
    parent = placed["order"]["key"]
    part = (await developer.do("134-place-a-part", {"parentId": parent, "idempotencyKey": key()}))["placeProductOrder"]
    assert (part["errors"], part["order"]["parentKey"]) == ([], parent)
    stopped = await until_task(product, parent, "1/record-product", "RUNNING")
    together = (await developer.do("135-an-order-and-its-parts", {"id": parent}))["productOrder"]
    said = await developer.do("136-preview-cancelling-a-hierarchy", {"id": parent})
    given = {"id": parent, "expectedVersion": stopped["version"], "idempotencyKey": key(), "reason": "moves away"}
    ended = (await developer.do("137-cancel-a-hierarchy", {"input": given}))["cancelProductOrderHierarchy"]
    await product.mock_control.heal()

    assert (together["rollUp"]["total"], len(together["children"]["nodes"])) == (2, 1)
    assert [one["preview"]["possible"] for one in said["previewHierarchyCancellation"]] == [True, True]
    assert [one["errors"] for one in ended["results"]] == [[], []]
    for one in (parent, part["order"]["key"]):
        assert (await until_state(product, one, "CANCELLED"))["state"] == "CANCELLED"


async def test_items_one_after_another(product: Product, developer: Developer) -> None:
    placed = (await developer.do("139-items-one-after-another", {"idempotencyKey": key()}))["placeProductOrder"]
    assert (placed["errors"], placed["order"]["sequencing"]) == ([], "SEQUENTIAL")

    found = await until_state(product, placed["order"]["key"], "COMPLETED", "HELD")
    assert (found["state"], found["plan"]["turns"]) == ("COMPLETED", [["1"], ["2"]])
    tasks = found["plan"]["tasks"]
    ended = [task["endedAt"] for task in tasks if task["id"].startswith("1/")]
    begun = [task["startedAt"] for task in tasks if task["id"].startswith("2/")]
    assert max(ended) <= min(begun)


async def test_whole_orders_in_one_request(product: Product, developer: Developer) -> None:
    said = (await developer.do("94-preview-an-order"))["previewPlaceProductOrder"]
    assert (said["possible"], said["added"] != []) == (True, True)
    placed = (await developer.do("01-place-the-family-bundle", await family(product)))["placeProductOrder"]
    published = {"idempotencyKey": key(), "purchaseOrder": key()}
    payload = (await developer.do("18-place-the-published-tmf622-order", published))["placeProductOrder"]
    many = (await developer.do("30-place-a-batch"))["placeProductOrders"]
    found = (await developer.do("31-one-batch", {"id": many["batch"]["key"]}))["productOrderBatch"]

    assert (placed["errors"], payload["errors"], many["errors"], found["lineCount"]) == ([], [], [], 2)


def test_no_example_was_left_out(ran: set[str]) -> None:
    assert {example.name for example in examples()} - ran == ELSEWHERE
