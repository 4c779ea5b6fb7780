"""A product changes hands when both parties say yes in time and the bureau does not say no; each sees its own part."""

from datetime import UTC, datetime, timedelta

from app.demo.samples import document
from app.domain.actor import Role
from tests.channel import Json, key, order, until_state, until_task
from tests.draft import mutate
from tests.harness import Product, until

CHANGE = "56-change-ownership"
CONSENT = "57-consent-to-a-change-of-ownership"
SEEN = """query Seen($id: ID!) { productOrder(id: $id) {
  key state version customerKey customerName description
  customer { key products { key } } billingAccount { key } notes { text } externalIds { id }
  items { offeringName product { key characteristics { name } } }
  documents { key } payments { key } messages { content } firedRules { because } credit { decision }
  ownership { acceptorKey acceptorName consents { side given by channel onBehalfOf } }
  cancellations { reason } plan { tasks { id state cause { message } } } timeline { nodes { summary } }
  versions { order { description customer { key } } }
} }"""


def as_customer(product: Product, customer: str) -> str:
    return product.token(Role.CUSTOMER, customer, "online")


async def ask(product: Product, product_id: str, new_owner: str, **other: Json) -> Json:
    """The payload of a change of ownership that an agent asks for, unless a token says otherwise."""
    token = other.pop("token", None) or product.token()
    given = {"productId": product_id, "newOwnerId": new_owner, "reason": "moves out", **other}
    return await mutate(product, "changeProductOwnership", given, token)


async def until_consent_is_awaited(product: Product, order_key: str) -> int:
    """The version of the order once it waits for both."""
    await until_task(product, order_key, "order/accepting-consent", "AWAITING_RESULT")
    return int((await until_state(product, order_key, "PENDING"))["version"])


async def say(product: Product, order_key: str, side: str, token: str, *, accept: bool = True, **other: Json) -> Json:
    """The payload of what a party says, to the order as it is now."""
    version = (await order(product, order_key))["version"]
    given = {"id": order_key, "expectedVersion": version, "side": side, "accept": accept, **other}
    return await mutate(product, "consentToOwnershipChange", given, token)


async def owned(product: Product, product_id: str) -> Json:
    return await product.mock_control.get(f"/tmf-api/productInventory/v4/product/{product_id}")


async def rates_of(product: Product, product_id: str) -> list[Json]:
    """What billing charges for the product again and again, in the order of its beginning."""
    path = f"/tmf-api/customerBillManagement/v4/appliedCustomerBillingRate?product.id={product_id}&type=recurring"
    found: list[Json] = await product.mock_control.get(path)
    return sorted(found, key=lambda rate: rate["periodCoverage"]["startDateTime"])


async def seen(product: Product, order_key: str, token: str) -> Json:
    return (await product.graphql(SEEN, {"id": order_key}, token=token)).whole()["productOrder"]


async def test_a_product_goes_over_with_its_id_and_its_bill(product: Product) -> None:
    old, new = as_customer(product, "cust-1051"), as_customer(product, "cust-1086")
    before = await owned(product, "prod-1051")

    asked = await ask(product, "prod-1051", "cust-1086", token=old)
    key_of = asked["order"]["key"]
    await until_consent_is_awaited_by_one(product, key_of)
    agreed = await say(product, key_of, "ACCEPTING", new, creditConsent=True)
    done = await until_state(product, key_of, "COMPLETED", "HELD", "CANCELLED")

    assert (asked["errors"], agreed["errors"], done["state"]) == ([], [], "COMPLETED")
    after = await owned(product, "prod-1051")
    assert [(p["id"], p["role"]) for p in after["relatedParty"]] == [("cust-1086", "customer")]
    account = await product.mock_control.get(
        f"/tmf-api/accountManagement/v4/billingAccount/{after['billingAccount']['id']}"
    )
    assert [party["id"] for party in account["relatedParty"]] == ["cust-1086"]
    kept = ("id", "status", "startDate", "productOffering", "productTerm")
    [old_rate, new_rate] = await rates_of(product, "prod-1051")
    assert (old_rate["billingAccount"]["id"], new_rate["billingAccount"]["id"]) == ("ba-1051", account["id"])
    assert old_rate["periodCoverage"]["endDateTime"] == new_rate["periodCoverage"]["startDateTime"], "no gap, not twice"
    assert "endDateTime" not in new_rate["periodCoverage"]
    assert old_rate["taxIncludedAmount"] == new_rate["taxIncludedAmount"]
    assert [after[name] for name in kept] == [before[name] for name in kept]
    found = await seen(product, key_of, product.token())
    assert [(c["side"], c["given"], c["by"], c["channel"]) for c in found["ownership"]["consents"]] == [
        ("RELEASING", True, "cust-1051", "online"),
        ("ACCEPTING", True, "cust-1086", "online"),
    ]


async def until_consent_is_awaited_by_one(product: Product, order_key: str) -> None:
    await until_task(product, order_key, "order/releasing-consent", "COMPLETED")
    await until_consent_is_awaited(product, order_key)


async def test_each_party_sees_its_own_part_of_the_history(product: Product) -> None:
    old, new, third = (as_customer(product, f"cust-{n}") for n in (1054, 1137, 1081))
    changed = await mutate(
        product,
        "changeProduct",
        {"productId": "prod-1054", "reason": "before", "characteristics": [{"name": "router", "value": "own"}]},
        old,
    )
    assert changed["errors"] == []
    earlier = changed["order"]["key"]
    assert (await until_state(product, earlier, "COMPLETED", "HELD"))["state"] == "COMPLETED"
    async with product.subscribed("subscription { productOrderEvents { orderKey } }", token=new) as events:
        asked = await ask(product, "prod-1054", "cust-1137", token=old)
        assert asked["errors"] == []
        key_of = asked["order"]["key"]
        async for event in events:
            assert event["data"]["productOrderEvents"]["orderKey"] == key_of
            break
    await until_consent_is_awaited_by_one(product, key_of)

    during = await seen(product, key_of, new)
    unconsented = await seen(product, key_of, old)
    await say(product, key_of, "ACCEPTING", new, creditConsent=True)
    await until_state(product, key_of, "COMPLETED")

    # what the new owner sees of it, while it is asked and afterwards
    assert (during["customerKey"], during["items"][0]["offeringName"]) == ("cust-1054", "Fibre 100")
    for hidden in ("customer", "billingAccount", "documents", "payments", "credit", "description"):
        assert during[hidden] is None, hidden
    assert during["items"][0]["product"] is None
    assert all(v["order"] == {"description": None, "customer": None} for v in during["versions"])
    assert [m["content"] for m in during["messages"] if "hand" in m["content"]] != []
    after = await seen(product, key_of, new)
    assert after["items"][0]["product"]["key"] == "prod-1054"
    assert await seen(product, earlier, new) is None
    listed = '{ productOrders { nodes { key } } customer(id: "cust-1054") { key } node(id: "cust-1054") { id } }'
    found = (await product.graphql(listed, token=new)).whole()
    assert (found["productOrders"]["nodes"], found["customer"]) == ([{"key": key_of}], None)

    # what the old owner still sees, and what it does not
    assert (unconsented["ownership"]["acceptorName"], unconsented["messages"] != []) == (None, True)
    assert all("hand" not in message["content"] for message in unconsented["messages"])
    assert (await seen(product, key_of, old))["items"][0]["product"] is None
    past = await seen(product, earlier, old)
    assert (past["state"], past["items"][0]["product"]) == ("COMPLETED", None)
    later = await mutate(
        product,
        "changeProduct",
        {"productId": "prod-1054", "reason": "after", "characteristics": [{"name": "router", "value": "premium"}]},
        new,
    )
    assert (later["errors"], await seen(product, later["order"]["key"], old)) == ([], None)
    refused = await mutate(product, "suspendProduct", {"productId": "prod-1054", "reason": "x"}, old)
    assert [e["code"] for e in refused["errors"]] == ["NOT_FOUND"]
    products = "query Of($id: ID!) { customer(id: $id) { products { key } } }"
    of_old = (await product.graphql(products, {"id": "cust-1054"}, token=old)).whole()["customer"]
    of_new = (await product.graphql(products, {"id": "cust-1137"}, token=new)).whole()["customer"]
    assert {"key": "prod-1054"} not in of_old["products"]
    assert of_new["products"] == [{"key": "prod-1054"}]
    assert await seen(product, key_of, third) is None


async def test_who_is_refused_by_credit_gets_nothing_and_both_are_told(product: Product) -> None:
    old, new = as_customer(product, "cust-1081"), as_customer(product, "cust-1012")
    before = await owned(product, "prod-1081")

    key_of = (await ask(product, "prod-1081", "cust-1012", token=old))["order"]["key"]
    await until_consent_is_awaited_by_one(product, key_of)
    await say(product, key_of, "ACCEPTING", new, creditConsent=True)
    ended = await until_state(product, key_of, "CANCELLED", "HELD", "COMPLETED")

    assert ended["state"] == "CANCELLED"
    assert await owned(product, "prod-1081") == before
    reason = "the accepting party's credit was not accepted"
    assert [c["reason"] for c in (await seen(product, key_of, old))["cancellations"]] == [reason]
    for token in (old, new):

        async def told(token: str = token) -> bool:
            messages = (await seen(product, key_of, token))["messages"]
            return any(message["content"] == f"Cancelled: {reason}" for message in messages)

        await until(told)
    assert "debts" not in str(await seen(product, key_of, old)), "why is for the accepting party only"


async def test_a_no_ends_it_without_effect(product: Product) -> None:
    old, new = as_customer(product, "cust-1084"), as_customer(product, "cust-1089")
    before = await owned(product, "prod-1084")
    key_of = (await ask(product, "prod-1084", "cust-1089", token=old))["order"]["key"]
    await until_consent_is_awaited_by_one(product, key_of)

    said = await say(product, key_of, "ACCEPTING", new, accept=False, reason="too dear")
    ended = await until_state(product, key_of, "CANCELLED", "HELD")
    again = await say(product, key_of, "ACCEPTING", new, creditConsent=True)

    assert (said["errors"], ended["state"]) == ([], "CANCELLED")
    assert await owned(product, "prod-1084") == before
    assert "the accepting party does not consent: too dear" in str((await seen(product, key_of, old))["cancellations"])
    assert [e["code"] for e in again["errors"]] == ["NOT_ALLOWED_IN_STATE"]


async def test_who_does_not_answer_in_time_has_said_no(product: Product) -> None:
    key_of = (await ask(product, "prod-1087", "cust-1092", consentWithin="PT3S"))["order"]["key"]

    ended = await until_state(product, key_of, "CANCELLED", "HELD")

    assert ended["state"] == "CANCELLED"
    [told] = (await seen(product, key_of, product.token()))["cancellations"]
    assert "did not consent until" in told["reason"]
    assert [p["id"] for p in (await owned(product, "prod-1087"))["relatedParty"]] == ["cust-1087"]


async def test_each_speaks_for_itself_and_only_looks_on(product: Product) -> None:
    old, new, third = (as_customer(product, f"cust-{n}") for n in (1093, 1094, 1098))
    dealer = product.token(Role.DEALER, "org-1")
    key_of = (await ask(product, "prod-1093", "cust-1094"))["order"]["key"]
    version = await until_consent_is_awaited(product, key_of)

    for_other = await say(product, key_of, "RELEASING", new)
    without_credit = await say(product, key_of, "ACCEPTING", new)
    account = await say(product, key_of, "ACCEPTING", new, creditConsent=True, billingAccountId="ba-1093")
    stranger = await say(product, key_of, "ACCEPTING", third, creditConsent=True)
    seller = await say(product, key_of, "ACCEPTING", dealer, creditConsent=True)
    cancel = {"id": key_of, "expectedVersion": version, "reason": "no"}
    cancelled = await mutate(product, "cancelProductOrder", cancel, new)
    by_agent = await say(product, key_of, "RELEASING", product.token(Role.AGENT, "agent-7", "callCentre"))
    accepted = await say(product, key_of, "ACCEPTING", new, creditConsent=True, billingAccountId="ba-1094")
    done = await until_state(product, key_of, "COMPLETED", "HELD", "CANCELLED")

    rules = [p["errors"][0].get("path") for p in (for_other, without_credit, account)]
    assert rules == ["/side", "/creditConsent", "/billingAccountId"]
    assert [p["errors"][0]["code"] for p in (stranger, seller, cancelled)] == ["NOT_FOUND"] * 3
    assert (by_agent["errors"], accepted["errors"], done["state"]) == ([], [], "COMPLETED")
    assert (await owned(product, "prod-1093"))["billingAccount"]["id"] == "ba-1094"
    releasing = (await seen(product, key_of, old))["ownership"]["consents"][0]
    assert (releasing["by"], releasing["channel"], releasing["onBehalfOf"]) == ("agent-7", "callCentre", "cust-1093")


async def test_what_cannot_be_handed_over_is_refused_as_the_preview_says(product: Product) -> None:
    preview = """query Preview($input: OwnershipChangeInput!) { previewOwnershipChange(input: $input) {
      possible approvals prices { before { amount } } added { id }
      errors { code message path ... on ValidationFailed { violations { rule path } } } } }"""
    wrong = [
        ("prod-1096", "cust-1096", "/newOwnerId"),
        ("prod-1096", "nobody", "/newOwnerId"),
        ("prod-1096", "cust-2001", "/productId/offeringId"),
        ("prod-0", "cust-1098", "/productId"),
    ]
    for product_id, new_owner, path in wrong:
        given = {"productId": product_id, "newOwnerId": new_owner, "reason": "moves out"}
        said = (await product.graphql(preview, {"input": given})).whole()["previewOwnershipChange"]
        refused = await ask(product, product_id, new_owner)
        assert said["possible"] is False
        assert [e["path"] for e in said["errors"]] == [e["path"] for e in refused["errors"]]
        assert path in {e["path"] for e in refused["errors"]} | {
            v["path"] for e in refused["errors"] for v in e.get("violations", ())
        }
    late = await ask(product, "prod-1096", "cust-1098", consentWithin="P15D")
    past = await ask(product, "prod-1096", "cust-1098", effectiveAt=(datetime.now(UTC) - timedelta(days=1)).isoformat())
    assert [e["path"] for e in (*late["errors"], *past["errors"])] == ["/consentWithin", "/effectiveAt"]

    given = {"productId": "prod-1096", "newOwnerId": "cust-1098", "reason": "moves out"}
    said = (await product.graphql(preview, {"input": given})).whole()["previewOwnershipChange"]
    key_of = (await ask(product, "prod-1096", "cust-1098"))["order"]["key"]
    await until_consent_is_awaited(product, key_of)
    found = await order(product, key_of)
    busy = await ask(product, "prod-1096", "cust-1099")

    assert (said["possible"], said["errors"], said["prices"]) == (True, [], [])
    assert [t["id"] for t in said["added"]] == [t["id"] for t in found["plan"]["tasks"]]
    assert "Wait for the consent of the accepting party" in said["approvals"]
    assert [v["rule"] for v in busy["errors"][0].get("violations", [])] in (["nothingUnderWay"], [])
    assert "nothingUnderWay" in busy["errors"][0]["message"]


async def test_what_is_agreed_holds_from_the_day_that_was_named(product: Product) -> None:
    new = as_customer(product, "cust-1092")
    effective_at = datetime.now(UTC) + timedelta(seconds=8)
    asked = await ask(product, "prod-1189", "cust-1092", effectiveAt=effective_at.isoformat())
    key_of = asked["order"]["key"]
    await until_consent_is_awaited(product, key_of)
    await say(product, key_of, "RELEASING", product.token())
    await say(product, key_of, "ACCEPTING", new, creditConsent=True)

    await until_state(product, key_of, "COMPLETED", "HELD", "CANCELLED")
    rates = await rates_of(product, "prod-1189")

    assert (asked["errors"], len(rates)) == ([], 2)
    began = datetime.fromisoformat(rates[1]["periodCoverage"]["startDateTime"])
    assert effective_at <= began <= effective_at + timedelta(seconds=60)


async def test_the_same_wish_is_one_order_even_after_it_has_come_true(product: Product) -> None:
    old, new, same = as_customer(product, "cust-1099"), as_customer(product, "cust-1134"), key()

    first = await ask(product, "prod-1099", "cust-1134", token=old, idempotencyKey=same)
    await until_consent_is_awaited_by_one(product, first["order"]["key"])
    await say(product, first["order"]["key"], "ACCEPTING", new, creditConsent=True)
    await until_state(product, first["order"]["key"], "COMPLETED")
    again = await ask(product, "prod-1099", "cust-1134", token=old, idempotencyKey=same)

    assert (again["errors"], again["replayed"], again["order"]["key"]) == ([], True, first["order"]["key"])


def test_the_examples_are_what_is_shown_here() -> None:
    assert "changeProductOwnership" in document(CHANGE)
    assert "consentToOwnershipChange" in document(CONSENT)
