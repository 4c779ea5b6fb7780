"""A channel may repeat what it is not sure of: the same key brings the first result, and nothing happens twice."""

import asyncio

from app.domain.actor import Role
from tests.channel import FAMILY, effects_of, expected_effects, family, key, place, run, until_state
from tests.harness import Product

MOBILE = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}


async def test_the_same_key_and_input_bring_the_first_result(product: Product) -> None:
    request = {"idempotencyKey": key(), "customerId": "cust-1003", "items": [MOBILE]}

    first = await place(product, request)
    await until_state(product, first["order"]["key"], "COMPLETED")
    second = await place(product, request)

    assert (first["replayed"], second["replayed"]) == (False, True)
    assert second["order"] == first["order"], "the result as it was then, although the order has completed since"


async def test_ten_at_once_make_one_order(product: Product) -> None:
    given = await family(product)

    answers = await asyncio.gather(*(run(product, FAMILY, given) for _ in range(10)))

    payloads = [answer["placeProductOrder"] for answer in answers]
    assert [p["errors"] for p in payloads] == [[]] * 10
    assert len({p["order"]["key"] for p in payloads}) == 1
    assert [p["replayed"] for p in payloads].count(False) == 1
    order = await until_state(product, payloads[0]["order"]["key"], "COMPLETED", "HELD")
    assert await effects_of(product, order["key"]) == expected_effects(order)


async def test_the_same_key_with_another_input_is_a_conflict(product: Product) -> None:
    request = {"idempotencyKey": key(), "customerId": "cust-1003", "items": [MOBILE]}
    await place(product, request)

    other = await place(product, {**request, "customerId": "cust-1004"})

    assert other["order"] is None
    assert [(e["__typename"], e["path"]) for e in other["errors"]] == [("IdempotencyConflict", "/idempotencyKey")]


async def test_the_key_of_another_caller_is_another_key(product: Product) -> None:
    request = {"idempotencyKey": key(), "items": [MOBILE]}

    mine = await place(product, {**request, "customerId": "cust-1003"}, token=product.token(Role.CUSTOMER, "cust-1003"))
    theirs = await place(
        product, {**request, "customerId": "cust-1004"}, token=product.token(Role.CUSTOMER, "cust-1004")
    )

    assert mine["errors"] == theirs["errors"] == []
    assert mine["order"]["key"] != theirs["order"]["key"]


async def test_of_two_writers_who_know_the_same_version_one_wins(product: Product) -> None:
    draft = (await run(product, "09-start-a-draft", {"idempotencyKey": key()}))["createProductOrder"]["order"]["key"]

    def add() -> dict[str, object]:
        return {"id": draft, "expectedVersion": 1, "idempotencyKey": key(), "item": {"offeringId": "tv-kids"}}

    answers = await asyncio.gather(*(run(product, "10-add-an-item", add()) for _ in range(8)))

    payloads = [answer["addProductOrderItem"] for answer in answers]
    assert sum(p["errors"] == [] for p in payloads) == 1
    losers = [e for p in payloads for e in p["errors"]]
    assert {(e["__typename"], e["currentVersion"]) for e in losers} == {("StaleVersion", 2)}
