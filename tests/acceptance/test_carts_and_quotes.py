"""A shop's cart becomes an order, a configuration is checked before it is ordered, and a quote binds who orders it."""

import pytest

from app.domain.actor import Role
from tests.channel import Json, key, run
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
