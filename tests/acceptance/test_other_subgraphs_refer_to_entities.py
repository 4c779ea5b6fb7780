"""A router of Apollo Federation asks for entities, many at once, and for the schema."""

from graphql import parse

from app.domain.actor import Role
from tests.channel import Json, place_mobile, until_state
from tests.harness import Product

ENTITIES = """
query Entities($of: [_Any!]!) {
  _entities(representations: $of) {
    __typename
    ... on Customer { key name }
    ... on Product { key name }
    ... on ProductOffering { key name }
    ... on ProductOrder { key state customer { name } }
  }
}"""


def of(kind: str, *ids: str) -> list[Json]:
    return [{"__typename": kind, "id": one} for one in ids]


async def test_many_entities_cost_one_call_for_each_type(product: Product) -> None:
    # Given an order that nothing is done for any more, and products
    order = await place_mobile(product, "cust-1031")
    await until_state(product, order, "COMPLETED")
    owned = (await product.graphql('{ customer(id: "cust-1188") { id products { id key } } }')).whole()["customer"]
    assert len(owned["products"]) > 1
    wanted = [
        *of("Customer", owned["id"], *(f"cust-{number}" for number in range(1032, 1052))),
        *of("ProductOffering", "fibre-500", "mobile-m"),
        *of("ProductOrder", order),
        *of("Product", *(one["id"] for one in owned["products"])),
    ]

    # When a router asks for all of them at once, in any order
    async with product.counted() as requests_made:
        found = (await product.graphql(ENTITIES, {"of": wanted[::-1]})).whole()["_entities"][::-1]
        requests = await requests_made()

    # Then each is in its place, and each backend was asked once
    assert [one["__typename"] for one in found] == [one["__typename"] for one in wanted]
    assert [one["key"] for one in found[1:24]] == [one["id"] for one in wanted[1:24]]
    assert [one["key"] for one in found[24:]] == [one["key"] for one in owned["products"]]
    assert requests["inventory"] == {"GET product": 1}
    assert all(count == 1 for count in requests.get("catalog", {}).values())
    # once for the entities; once more for the order's customer, which is known only when the order is read
    assert requests["customer"]["GET customer"] <= 2


async def test_what_cannot_be_given_is_missing_in_its_own_place_only(product: Product) -> None:
    own, foreign = await place_mobile(product, "cust-1033"), await place_mobile(product, "cust-1034")
    token = product.token(Role.CUSTOMER, "cust-1033")
    wanted = [
        *of("ProductOrder", own, foreign),
        *of("Customer", "cust-1034", "nobody"),
        *of("Bill", "1"),
        {"__typename": "Product"},
        {},
        7,
        *of("ProductOffering", "fibre-500"),
    ]

    answer = await product.graphql(ENTITIES, {"of": wanted}, token=token)

    assert [one and one["key"] for one in answer.data["_entities"]] == [own, *[None] * 7, "fibre-500"]
    assert [(error["path"], error["extensions"]["code"]) for error in answer.errors] == [
        (["_entities", place], "BAD_USER_INPUT") for place in range(4, 8)
    ]


async def test_the_schema_is_told_to_who_may_see_it(product: Product) -> None:
    told = (await product.graphql("{ _service { sdl } }")).whole()["_service"]["sdl"]

    assert parse(told)
    assert 'type ProductOrder implements Node @key(fields: "id")' in told
