"""Rows and rights: each role sees its own orders and customers, and may do what is its to do."""

import pytest

from app.domain.actor import Role
from tests.channel import Json, order, place, place_mobile
from tests.draft import Draft
from tests.harness import Product

MOBILE = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
STATES = {"ACKNOWLEDGED", "IN_PROGRESS", "PENDING", "COMPLETED"}
LIST = "{ productOrders(first: 100) { totalCount nodes { key customer { name } } } }"


async def test_a_customer_sees_its_own_orders_and_nobody_elses(product: Product) -> None:
    own, foreign = await place_mobile(product, "cust-1021"), await place_mobile(product, "cust-1022")
    token = product.token(Role.CUSTOMER, "cust-1021")

    listed = (await product.graphql(LIST, token=token)).whole()["productOrders"]

    assert own in [o["key"] for o in listed["nodes"]]
    assert foreign not in [o["key"] for o in listed["nodes"]]
    assert listed["totalCount"] == len(listed["nodes"])
    assert await order(product, own, token=token) is not None
    assert await order(product, foreign, token=token) is None


async def test_a_customer_orders_for_itself_only(product: Product) -> None:
    token = product.token(Role.CUSTOMER, "cust-1021")

    placed = await place(product, {"customerId": "cust-1022", "items": [MOBILE]}, token=token)

    assert [(e["code"], e["path"]) for e in placed["errors"]] == [("NOT_FOUND", "/customerId")]


async def test_a_customer_sees_itself_but_no_other_by_any_door(product: Product) -> None:
    token = product.token(Role.CUSTOMER, "cust-1021")
    query = """{
      own: customer(id: "cust-1021") { name }
      other: customer(id: "cust-1022") { name }
      node(id: "Q3VzdG9tZXI6Y3VzdC0xMDIy") { id }
    }"""

    found = (await product.graphql(query, token=token)).whole()

    assert found["own"]["name"]
    assert (found["other"], found["node"]) == (None, None)


async def test_a_dealer_sees_what_it_sells_and_sells_in_its_own_name(product: Product) -> None:
    token = product.token(Role.DEALER, "dealer-110")
    sold = await place_mobile(product, "cust-1023", token=token)
    others = await place_mobile(product, "cust-1023")

    seen = [o["key"] for o in (await product.graphql(LIST, token=token)).whole()["productOrders"]["nodes"]]
    foreign = {"customerId": "cust-1023", "sellerId": "dealer-111", "items": [MOBILE]}
    refused = await place(product, foreign, token=token)

    assert sold in seen
    assert others not in seen
    assert [e["path"] for e in refused["errors"]] == ["/sellerId"]
    assert await order(product, sold, token=product.token(Role.DEALER, "dealer-111")) is None


async def test_nobody_changes_what_they_cannot_see(product: Product) -> None:
    key = await place_mobile(product, "cust-1022")
    mutation = """mutation Submit($input: SubmitProductOrderInput!) {
      submitProductOrder(input: $input) { errors { code path } }
    }"""
    given = {"input": {"id": key, "expectedVersion": 1, "idempotencyKey": "foreign"}}

    answer = await product.graphql(mutation, given, token=product.token(Role.CUSTOMER, "cust-1021"))

    assert answer.whole()["submitProductOrder"]["errors"] == [{"code": "NOT_FOUND", "path": "/id"}]


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.DEALER, Role.AFFILIATE])
async def test_only_staff_search_customers(product: Product, role: Role) -> None:
    answer = await product.graphql('{ customers(name: "a") { totalCount } }', token=product.token(role))

    assert answer.codes == ["FORBIDDEN"]


async def test_operations_decides_fallout_but_places_no_order(product: Product) -> None:
    token = product.token(Role.OPERATIONS)
    mutation = """mutation Place($input: PlaceProductOrderInput!) {
      placeProductOrder(input: $input) { order { key } }
    }"""
    request = {"idempotencyKey": "operations", "customerId": "cust-1022", "items": [MOBILE]}

    answer = await product.graphql(mutation, {"input": request}, token=token)

    assert answer.codes == ["FORBIDDEN"]


async def test_another_channel_takes_a_draft_over_before_it_edits(product: Product) -> None:
    create = """mutation Create($input: CreateProductOrderInput!) {
      createProductOrder(input: $input) { order { key version } errors { code } }
    }"""
    web = product.token(Role.CUSTOMER, "cust-1024", "online")
    shop = product.token(Role.AGENT, "agent-7", "retail")
    given = {"input": {"idempotencyKey": "take-over-1", "customerId": "cust-1024"}}
    draft = (await product.graphql(create, given, token=web)).whole()["createProductOrder"]["order"]["key"]
    add = """mutation Add($input: AddProductOrderItemInput!) {
      addProductOrderItem(input: $input) { order { version } errors { code } }
    }"""
    take = """mutation Take($input: TakeOverProductOrderInput!) {
      takeOverProductOrder(input: $input) { order { version controlledBy } errors { code } }
    }"""

    def edit(version: int, key: str) -> dict[str, object]:
        common = {"id": draft, "expectedVersion": version, "idempotencyKey": key}
        return {"input": {**common, "item": MOBILE}}

    refused = (await product.graphql(add, edit(1, "a1"), token=shop)).whole()["addProductOrderItem"]
    taken = {"input": {"id": draft, "expectedVersion": 1, "idempotencyKey": "t1"}}
    control = (await product.graphql(take, taken, token=shop)).whole()["takeOverProductOrder"]
    added = (await product.graphql(add, edit(2, "a2"), token=shop)).whole()["addProductOrderItem"]
    late = (await product.graphql(add, edit(3, "a3"), token=web)).whole()["addProductOrderItem"]

    assert refused["errors"] == [{"code": "NOT_IN_CONTROL"}]
    assert control["order"]["controlledBy"] == "retail"
    assert (added["errors"], added["order"]["version"]) == ([], 3)
    assert late["errors"] == [{"code": "NOT_IN_CONTROL"}]


async def test_internal_notes_and_words_are_for_those_whose_they_are(product: Product) -> None:
    notes: dict[str, Json] = {"notes": ["ring twice"], "internalNotes": ["pays late"]}
    draft = await Draft.start(product, "cust-1053", channel="callCentre", **notes)
    query = "query Seen($id: ID!) { productOrder(id: $id) { statusText notes { text } } }"

    async def seen(token: str) -> Json:
        return (await product.graphql(query, {"id": draft.key}, token=token)).whole()["productOrder"]

    customer = await seen(product.token(Role.CUSTOMER, "cust-1053", "online"))
    agent = await seen(product.token(Role.AGENT, channel="callCentre"))

    assert [note["text"] for note in customer["notes"]] == ["ring twice"]
    assert [note["text"] for note in agent["notes"]] == ["ring twice", "pays late"]
    assert (customer["statusText"], agent["statusText"]) == ("Your cart", "In preparation")


async def test_a_dealer_sees_what_dealers_below_it_sell_and_sold_to_and_nobody_beside_them(product: Product) -> None:
    above, seller, beside = (product.token(Role.DEALER, f"dealer-{n}") for n in (100, 110, 111))
    sold = await place_mobile(product, "cust-1026", token=seller)
    query = 'query Seen($id: ID!) { productOrder(id: $id) { key } customer(id: "cust-1026") { name } }'

    async def seen(token: str) -> Json:
        return (await product.graphql(query, {"id": sold}, token=token)).whole()

    assert await seen(above) == await seen(seller)
    assert (await seen(seller))["customer"]["name"]
    assert await seen(beside) == {"productOrder": None, "customer": None}
    named = {"customerId": "cust-1026", "sellerId": "dealer-111", "items": [MOBILE]}
    assert (await place(product, named, token=above))["errors"] == []
    upwards = await place(product, {**named, "sellerId": "dealer-100"}, token=seller)
    assert [e["path"] for e in upwards["errors"]] == ["/sellerId"]


async def test_an_affiliate_sees_the_status_of_what_it_brought_and_nothing_else(product: Product) -> None:
    token = product.token(Role.AFFILIATE, "affiliate-1")
    brought = await place_mobile(product, "cust-1027", token=token)
    query = """query Seen($id: ID!) { productOrder(id: $id) {
      state customerName items { id } totals { priceType } description plan { revision }
      timeline(first: 50) { nodes { __typename summary actor { subject channel } } }
    } }"""

    answer = await product.graphql(query, {"id": brought}, token=token)

    seen = answer.data["productOrder"]
    assert (seen["state"] in STATES, seen["customerName"], seen["items"], seen["totals"]) == (True, "***", [], [])
    assert {node["__typename"] for node in seen["timeline"]["nodes"]} <= {
        "ProductOrderCreateEvent",
        "ProductOrderStateChangeEvent",
    }
    assert {(n["summary"], n["actor"]["subject"]) for n in seen["timeline"]["nodes"]} == {("***", "***")}
    assert sorted(error["path"][1] for error in answer.errors) == ["description", "plan"]
    assert set(answer.codes) == {"FORBIDDEN"}


async def test_who_acts_for_a_customer_sees_that_customers_rows_and_both_are_on_record(product: Product) -> None:
    token = product.token(Role.CUSTOMER, "guardian-7", on_behalf_of="cust-1028")
    key = await place_mobile(product, "cust-1028", token=token)
    query = """query Seen($id: ID!) { productOrder(id: $id) {
      createdBy versions { subject onBehalfOf } timeline(first: 1) { nodes { actor { subject onBehalfOf } } }
    } }"""

    seen = (await product.graphql(query, {"id": key}, token=token)).whole()["productOrder"]

    both = {"subject": "guardian-7", "onBehalfOf": "cust-1028"}
    assert (seen["versions"][0], seen["timeline"]["nodes"][0]["actor"]) == (both, both)
    assert await order(product, key, token=product.token(Role.CUSTOMER, "guardian-7")) is None


async def test_a_token_with_scopes_leaves_only_these_rights_and_masks_the_rest(product: Product) -> None:
    scopes = frozenset({"readOrders", "readDetails", "readCustomers"})
    narrowed = product.token(Role.AGENT, "agent-8", scopes=scopes)
    key = await place_mobile(product, "cust-1029")
    query = """query Seen($id: ID!) { productOrder(id: $id) { state customerName
      customer { key name email party { name birthDate } } } }"""

    seen = await product.graphql(query, {"id": key}, token=narrowed)
    mutation = """mutation Place($input: PlaceProductOrderInput!) { placeProductOrder(input: $input) { replayed } }"""
    request = {"idempotencyKey": "narrowed", "customerId": "cust-1029", "items": [MOBILE]}
    refused = await product.graphql(mutation, {"input": request}, token=narrowed)

    order_seen = seen.data["productOrder"]
    assert (order_seen["customerName"], order_seen["customer"]["name"]) == ("***", "***")
    assert (order_seen["customer"]["email"], order_seen["customer"]["party"]) == (
        None,
        {"name": "***", "birthDate": None},
    )
    assert sorted(".".join(e["path"]) for e in seen.errors) == [
        "productOrder.customer.email",
        "productOrder.customer.party.birthDate",
    ]
    assert refused.codes == ["FORBIDDEN"]
