"""The example operations are what people copy first: each runs as it stands, in a journey from draft to order."""

from collections.abc import Iterator

import pytest

from app.demo.samples import variables
from app.domain.actor import Role
from app.main import examples
from tests.channel import Json, family, free_slot, key, run, until_state, until_task
from tests.harness import Product

ELSEWHERE = {"follow orders", "follow a batch", "follow promises"}
"""Subscriptions have tests of their own."""


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


async def test_what_is_owned_is_changed_suspended_resumed_and_ended(product: Product, developer: Developer) -> None:
    for example in ("44-change-a-product", "45-suspend-a-product", "46-resume-a-product", "47-discontinue-a-product"):
        own: Json = variables(example)["input"]
        given = {**own, "idempotencyKey": key(), "productId": "prod-1145" if "change" not in example else "prod-1144"}
        [payload] = (await developer.do(example, {"input": given})).values()
        assert payload["errors"] == []
        assert (await until_state(product, payload["order"]["key"], "COMPLETED", "HELD"))["state"] == "COMPLETED"


async def test_an_order_by_a_date_and_what_is_promised(developer: Developer) -> None:
    placed = (await developer.do("79-place-an-order-by-a-date", {"idempotencyKey": key()}))["placeProductOrder"]
    assert placed["errors"] == []
    told = (await developer.do("80-milestones-of-an-order", {"id": placed["order"]["key"]}))["productOrder"]
    listed = (await developer.do("77-orders-in-jeopardy"))["productOrders"]["nodes"]

    assert told["requestedCompletionAt"] == placed["order"]["requestedCompletionAt"]
    assert (told["state"], told["jeopardy"]) == ("ACKNOWLEDGED", None)
    assert placed["order"]["key"] not in [one["key"] for one in listed]


async def test_whole_orders_in_one_request(product: Product, developer: Developer) -> None:
    placed = (await developer.do("01-place-the-family-bundle", await family(product)))["placeProductOrder"]
    published = {"idempotencyKey": key(), "purchaseOrder": key()}
    payload = (await developer.do("18-place-the-published-tmf622-order", published))["placeProductOrder"]
    many = (await developer.do("30-place-a-batch"))["placeProductOrders"]
    found = (await developer.do("31-one-batch", {"id": many["batch"]["key"]}))["productOrderBatch"]

    assert (placed["errors"], payload["errors"], many["errors"], found["lineCount"]) == ([], [], [], 2)


def test_no_example_was_left_out(ran: set[str]) -> None:
    assert {example.name for example in examples()} - ran == ELSEWHERE
