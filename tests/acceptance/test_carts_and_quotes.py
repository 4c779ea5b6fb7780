"""A shop's cart becomes an order, a configuration is checked before it is ordered, and a quote binds who orders it."""

import pytest

from app.domain.actor import Role
from tests.channel import FOR_AN_ORDER, Json, key, place, run, until_state
from tests.draft import Draft, mutate
from tests.harness import Product

CHECKOUT = "27-check-out-a-cart"


async def checkout(product: Product, cart: str, idempotency_key: str = "", **options: Json) -> Json:
    """The payload of checking this cart out, errors and all."""
    given = {"cartId": cart, "idempotencyKey": idempotency_key or key()}
    return (await run(product, CHECKOUT, given, **options))["checkoutCart"]


async def orders_from(product: Product, cart: str) -> list[str]:
    """The keys of the orders that the cart became."""
    query = """query From($cart: String!) { productOrders(
        filter: {externalId: $cart, externalIdOwner: "shoppingCart", externalIdType: "cart"}) { nodes { key } } }"""
    return [o["key"] for o in (await product.graphql(query, {"cart": cart})).whole()["productOrders"]["nodes"]]


def breaches(payload: Json) -> list[tuple[str, str]]:
    """Rule and path of all that is wrong; nothing was made."""
    assert payload["order"] is None
    [error] = payload["errors"]
    assert error["__typename"] == "ValidationFailed"
    assert all(v["message"].startswith(f"{v['path']}: ") for v in error["violations"])
    return [(v["rule"], v["path"]) for v in error["violations"]]


def item(item_id: str, offering: str, action: str = "ADD", **other: Json) -> Json:
    none: dict[str, Json] = {
        "quantity": 1,
        "productKey": None,
        "characteristics": [],
        "relationships": [],
        "place": None,
    }
    return {"id": item_id, "action": action, "offeringKey": offering, **none, **other}


def chosen(name: str, value: str) -> list[Json]:
    return [{"name": name, "value": value}]


async def test_a_bundle_in_a_cart_becomes_a_draft_with_its_parts(product: Product) -> None:
    payload = await checkout(product, "cart-1062")

    assert payload["errors"] == []
    made = payload["order"]
    assert (made["state"], made["version"], made["customerKey"]) == ("DRAFT", 1, "cust-1062")
    assert made["externalIds"] == [{"owner": "shoppingCart", "type": "cart", "id": "cart-1062"}]
    parts = [{"type": "BUNDLES", "itemId": "line"}, {"type": "BUNDLES", "itemId": "tv"}]
    at_home = {"key": "addr-1062"}
    assert made["items"] == [
        item("bundle", "duo-bundle", relationships=parts),
        item("line", "fibre-250", characteristics=chosen("router", "own"), place=at_home),
        item("tv", "tv-basic", place=at_home),
    ]


async def test_a_cart_that_changes_and_ends_products_names_them(product: Product) -> None:
    changed = await checkout(product, "cart-1066")
    ended = await checkout(product, "cart-1067")

    assert (changed["errors"], ended["errors"]) == ([], [])
    assert changed["order"]["items"] == [
        item(
            "1",
            "fibre-250",
            "MODIFY",
            productKey="prod-1066",
            characteristics=chosen("router", "premium"),
            place={"key": "addr-1066"},
        ),
        item("2", "mobile-s", quantity=2, characteristics=chosen("simType", "eSIM")),
    ]
    assert ended["order"]["items"] == [item("1", "tv-basic", "DELETE", productKey="prod-1067")]


async def test_a_cart_is_checked_out_once(product: Product) -> None:
    # the cart that the example names: whoever ran that before used its key
    again = (await run(product, CHECKOUT, token=product.token(Role.DEVELOPER, "developer-1", "online")))["checkoutCart"]
    first = (await run(product, CHECKOUT, token=product.token(Role.DEVELOPER, "developer-1", "online")))["checkoutCart"]
    assert first == {**again, "replayed": True}
    assert [i["offeringKey"] for i in first["order"]["items"]] == ["mobile-m", "device-pebble-3"]
    assert first["order"]["items"][1]["relationships"] == [{"type": "RELIES_ON", "itemId": "1"}]

    other = await checkout(product, "cart-1060")

    [error] = other["errors"]
    assert (error["__typename"], error["code"], error["path"]) == ("ExternalIdTaken", "EXTERNAL_ID_TAKEN", "/cartId")
    assert error["order"] == {"key": first["order"]["key"]}
    assert error["message"].startswith("/cartId: shoppingCart's cart 'cart-1060' is order")
    assert await orders_from(product, "cart-1060") == [first["order"]["key"]]


async def test_a_cart_of_nobody_is_checked_out_for_who_is_named(product: Product) -> None:
    assert breaches(await checkout(product, "cart-guest")) == [("cartCustomer", "/customerId")]
    query = """mutation ($key: String!, $customer: ID!) {
        checkoutCart(input: {cartId: "cart-guest", idempotencyKey: $key, customerId: $customer}) {
            order { customerKey } errors { code path } } }"""

    unknown = (await product.graphql(query, {"key": key(), "customer": "nobody"})).whole()["checkoutCart"]
    made = (await product.graphql(query, {"key": key(), "customer": "cust-1073"})).whole()["checkoutCart"]

    assert unknown["errors"] == [{"code": "VALIDATION_FAILED", "path": "/customerId"}]
    assert made == {"order": {"customerKey": "cust-1073"}, "errors": []}


@pytest.mark.parametrize(
    ("cart", "found"),
    [
        ("cart-1061", [("cartNotEmpty", "/cartId")]),
        ("cart-1068", [("cartNotEmpty", "/cartId")]),
        (
            "cart-1063",
            [
                ("offeringSellable", "/cartItem/1/productOffering/id"),
                ("characteristicsAllowed", "/cartItem/2/product/characteristic/0/value"),
            ],
        ),
        ("cart-1071", [("cartRelationshipKnown", "/cartItem/1/cartItemRelationship/0/relationshipType")]),
    ],
)
async def test_what_is_wrong_with_a_cart_is_told_where_it_stands_in_it(
    product: Product, cart: str, found: list[tuple[str, str]]
) -> None:
    refused = breaches(await checkout(product, cart))

    assert set(found) <= set(refused)
    assert {path for _, path in refused} <= {path for _, path in found}
    assert await orders_from(product, cart) == []


async def test_a_cart_is_found_by_who_may_see_it_only(product: Product) -> None:
    unknown = await checkout(product, "cart-0")
    foreign = await checkout(product, "cart-1071", token=product.token(Role.CUSTOMER, "cust-1060", "online"))

    for payload in (unknown, foreign):
        assert payload["order"] is None
        assert [(e["__typename"], e["path"]) for e in payload["errors"]] == [("NotFound", "/cartId")]
    assert foreign["errors"][0]["message"] == unknown["errors"][0]["message"].replace("cart-0", "cart-1071")


async def test_an_order_made_of_a_cart_is_found_by_its_key_while_the_cart_is_out_of_reach(product: Product) -> None:
    once = key()
    query = """mutation ($key: String!) { checkoutCart(input: {cartId: "cart-1074", idempotencyKey: $key}) {
        replayed order { key } errors { code } } }"""
    first = (await product.graphql(query, {"key": once})).whole()["checkoutCart"]
    assert first["errors"] == []
    await product.mock_control.fault("channels", outage=True)

    again = (await product.graphql(query, {"key": once})).whole()["checkoutCart"]
    new = await product.graphql(query, {"key": key()})

    assert again == {**first, "replayed": True}
    assert new.data == {"checkoutCart": None}
    assert [code.split("_")[0] for code in new.codes] == ["BACKEND"]


# A configuration is checked before it is ordered

CHECK = "28-check-a-configuration"


async def check(product: Product, offering: str, *values: Json, **other: Json) -> Json:
    """What is found out about this offering with these values, for nobody in particular."""
    asked = {"offeringId": offering, "characteristics": list(values), **other}
    return (await run(product, CHECK, {"input": asked}))["checkProductConfiguration"]


def reasons(checked: Json) -> list[tuple[str, str]]:
    return [(reason["rule"], reason["path"]) for reason in checked["reasons"]]


async def test_a_configuration_that_may_be_ordered_is_approved_with_its_price(product: Product) -> None:
    before = len(await product.mock_control.effects())

    async with product.counted() as requests_made:
        found = (await run(product, CHECK))["checkProductConfiguration"]
        requests = await requests_made()

    assert (found["state"], found["reasons"]) == ("APPROVED", [])
    [fibre] = found["items"]
    assert (fibre["state"], fibre["reasons"], fibre["offeringKey"]) == ("APPROVED", [], "fibre-250")
    router, name = fibre["characteristics"]
    assert (router["name"], router["value"], router["required"]) == ("router", "own", True)
    assert router["allowed"] == ["standard", "premium", "own"]
    assert (name["name"], name["value"], name["required"], name["pattern"] is not None) == (
        "connectionName",
        None,
        False,
        True,
    )
    assert [(p["name"], p["taxIncluded"]["amount"]) for p in fibre["prices"]] == [
        ("Monthly fee", "39.26"),
        ("Installation fee", "59.49"),
    ]
    assert fibre["terms"] == [{"name": "24 months"}]
    assert requests["credit"] == {}
    # orders of other tests may still be under way; what they write carries their number
    written = [e["key"] or "" for e in (await product.mock_control.effects())[before:]]
    assert [key for key in written if not FOR_AN_ORDER.match(key)] == []


async def test_a_configuration_is_rejected_with_every_reason_and_priced_all_the_same(product: Product) -> None:
    esim, much = {"name": "simType", "value": "nano"}, {"name": "roamingLimit", "value": "501"}

    found = await check(product, "mobile-m", esim, much, quantity=101)

    assert found["state"] == "REJECTED"
    [mobile] = found["items"]
    assert sorted(reasons(mobile)) == [
        ("characteristicsAllowed", "/characteristics/0/value"),
        ("characteristicsAllowed", "/characteristics/1/value"),
        ("quantityInRange", "/quantity"),
    ]
    assert all(reason["message"].startswith(f"{reason['path']}: ") for reason in mobile["reasons"])
    assert {c["name"]: c["value"] for c in mobile["characteristics"]} == {
        "simType": "nano",
        "msisdn": None,
        "roamingLimit": "501",
    }
    assert [p["name"] for p in mobile["prices"]] == ["Monthly fee", "Activation fee", "Data roaming"]


async def test_what_is_not_chosen_yet_is_named(product: Product) -> None:
    found = await check(product, "mobile-m")

    assert [reasons(one) for one in found["items"]] == [[("characteristicsComplete", "/characteristics")]]


@pytest.mark.parametrize(
    ("other", "state", "found"),
    [
        ({}, "REJECTED", [("requirementsMet", "/offeringId")]),
        ({"relatedItems": [{"offeringId": "tv-basic"}]}, "APPROVED", []),
        # who owns a TV Basic, and who owns none
        ({"customerId": "cust-1079"}, "APPROVED", []),
        ({"customerId": "cust-1074"}, "REJECTED", [("requirementsMet", "/offeringId")]),
    ],
)
async def test_what_else_is_needed_may_be_owned_or_ordered_with_it(
    product: Product, other: Json, state: str, found: list[tuple[str, str]]
) -> None:
    answer = await check(product, "tv-sport", **other)

    assert (answer["state"], reasons(answer["items"][0])) == (state, found)
    assert {one["state"] for one in answer["items"][1:]} <= {"APPROVED"}


async def test_related_items_are_judged_where_they_stand(product: Product) -> None:
    parts = [
        {"id": "a", "offeringId": "mobile-l", "characteristics": chosen("simType", "eSIM")},
        {"id": "b", "offeringId": "mobile-l", "characteristics": chosen("simType", "nano")},
    ]
    both = [{"type": "BUNDLES", "itemId": "a"}, {"type": "BUNDLES", "itemId": "b"}]

    found = await check(product, "mobile-pair", relationships=both, relatedItems=parts)

    assert [(one["itemId"], one["state"]) for one in found["items"]] == [
        ("1", "APPROVED"),
        ("a", "APPROVED"),
        ("b", "REJECTED"),
    ]
    assert reasons(found["items"][2]) == [("characteristicsAllowed", "/relatedItems/1/characteristics/0/value")]
    assert found["state"] == "REJECTED"


async def test_a_place_that_cannot_be_served_rejects_it(product: Product) -> None:
    found = await check(product, "fibre-250", *chosen("router", "own"), placeId="addr-1900")

    assert reasons(found["items"][0]) == [("placeServiceable", "/placeId")]


async def test_nothing_is_approved_on_a_guess_and_nobody_sees_another_customer(product: Product) -> None:
    asked = {"input": {"offeringId": "tv-sport", "customerId": "cust-1079"}}
    query = """query ($input: CheckProductConfigurationInput!) { checkProductConfiguration(input: $input) { state } }"""
    foreign = product.token(Role.CUSTOMER, "cust-1060", "online")
    assert (await product.graphql(query, asked, token=foreign)).whole() == {"checkProductConfiguration": None}
    await product.mock_control.fault("inventory", outage=True)

    answer = await product.graphql(query, asked)

    assert answer.data == {"checkProductConfiguration": None}
    assert [error["extensions"]["backend"] for error in answer.errors] == ["inventory"]


# A quote binds who orders it


def mobile(quote: str | None, quote_item: str = "1", **other: Json) -> Json:
    """Mobile M as every quote of the mock has it, ordered by this quote."""
    by = {"quoteItem": {"quoteId": quote, "id": quote_item}} if quote else {}
    return {"offeringId": "mobile-m", "characteristics": chosen("simType", "eSIM"), **by, **other}


async def test_what_was_quoted_is_ordered_at_the_quoted_prices(product: Product) -> None:
    phones: Json = {"offeringId": "device-pebble-3", "quantity": 2, "characteristics": chosen("colour", "silver")}
    phones["quoteItem"] = {"quoteId": "quote-1060", "id": "2"}
    draft = await Draft.start(product, "cust-1060", items=[mobile("quote-1060"), phones])

    price = (await draft.steps())["PRICE"]
    assert price["state"] == "DONE"
    assert [e["reference"] for e in price["evidence"] if e["source"] == "channels"] == ["quote-1060"] * 2
    await draft.led_to_the_end()

    assert (await until_state(product, draft.key, "COMPLETED", "HELD"))["state"] == "COMPLETED"
    query = """query ($id: ID!) { productOrder(id: $id) { items {
        quoteItem { quoteId id } prices { unitPrice { amount } } } } }"""
    items = (await product.graphql(query, {"id": draft.key})).whole()["productOrder"]["items"]
    assert [one["quoteItem"] for one in items] == [{"quoteId": "quote-1060", "id": n} for n in ("1", "2")]
    assert [[p["unitPrice"]["amount"] for p in one["prices"]] for one in items] == [["14.99", "29.99", "0.1"], ["249"]]


@pytest.mark.parametrize(
    ("ordered", "found"),
    [
        (mobile("quote-0"), {("quoteKnown", "/items/0/quoteItem/quoteId")}),
        (mobile("quote-1076"), {("quoteKnown", "/items/0/quoteItem/quoteId")}),
        (mobile("quote-1060", "7"), {("quoteKnown", "/items/0/quoteItem/id")}),
        (mobile("quote-1060-open"), {("quoteAccepted", "/items/0/quoteItem/quoteId")}),
        (mobile("quote-1060-old"), {("quoteValid", "/items/0/quoteItem/quoteId")}),
        (mobile("quote-1060", quantity=2), {("quoteMatched", "/items/0/quantity")}),
        (
            mobile("quote-1060", characteristics=chosen("simType", "physical")),
            {("quoteMatched", "/items/0/characteristics")},
        ),
        (mobile("quote-1060", offeringId="mobile-l"), {("quoteMatched", "/items/0/offeringId")}),
        (mobile("quote-1060-cheap"), {("quotePrices", "/items/0/quoteItem")}),
    ],
)
async def test_what_differs_from_its_quote_is_refused_draft_or_not(
    product: Product, ordered: Json, found: set[tuple[str, str]]
) -> None:
    request = {"customerId": "cust-1060", "items": [ordered]}

    drafted = await mutate(product, "createProductOrder", request, product.token(Role.AGENT))
    placed = await place(product, request)

    assert set(breaches(drafted)) == found
    assert found <= set(breaches(placed))


async def test_each_difference_in_price_and_term_is_named(product: Product) -> None:
    request = {"customerId": "cust-1060", "items": [mobile("quote-1060-cheap")]}

    payload = await mutate(product, "createProductOrder", request, product.token(Role.AGENT))

    assert sorted(v["message"].split(": ", 1)[1] for v in payload["errors"][0]["violations"]) == [
        "Monthly fee: 12.99 EUR per month was quoted, the catalog has 14.99 EUR per month; ask for a new quote "
        "(quotePrices).",
        "term '12 months': 12 month was quoted, the catalog has nothing; ask for a new quote (quotePrices).",
        "term '24 months': nothing was quoted, the catalog has 24 month; ask for a new quote (quotePrices).",
    ]


async def test_silent_quotes_block_the_price_of_what_is_quoted_and_nothing_else(product: Product) -> None:
    await product.mock_control.fault("channels", outage=True)

    quoted = await Draft.start(product, "cust-1060", items=[mobile("quote-1060")])
    plain = await Draft.start(product, "cust-1060", items=[mobile(None)])

    steps = await quoted.steps()
    assert (steps["PRICE"]["state"], steps["PRICE"]["blocked"]["backend"]) == ("BLOCKED", "channels")
    others = {kind: step["state"] for kind, step in steps.items() if kind not in ("PRICE", "REVIEW")}
    without = await plain.states()
    assert without.pop("PRICE") == "DONE"
    assert others == {kind: state for kind, state in without.items() if kind != "REVIEW"}
    await product.mock_control.heal()
    assert (await quoted.states())["PRICE"] == "DONE"
