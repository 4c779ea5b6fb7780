"""What the catalog changes is seen as soon as it tells so, and what was agreed before stays as it was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

import aiohttp

from tests.channel import Json, place, place_mobile, until_state
from tests.draft import Draft, mutate
from tests.harness import Product, until

ROOT: Final = "tmf-api/productCatalogManagement/v4"
AT_ONCE: Final = 10.0
"""Seconds; what was read from the catalog is otherwise reused for 30."""
ESIM: Final = {"characteristics": [{"name": "simType", "value": "eSIM"}]}


@asynccontextmanager
async def changed(product: Product, resource: str, key: str, **patch: Json) -> AsyncIterator[None]:
    """The catalog with this change, made past Orderway and taken back at the end.

    The worker has the catalog's events sent when it starts; once it completes orders, nothing is told to nobody.
    """
    await until_state(product, await place_mobile(product, "cust-1109"), "COMPLETED")
    path = f"/{ROOT}/{resource}/{key}"
    before = await product.mock_control.get(path)
    await patched(product, path, patch)
    try:
        yield
    finally:
        await patched(product, path, {name: before[name] for name in patch})


async def patched(product: Product, path: str, patch: Json) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.patch(f"{product.mock_control.url}{path}", json=patch) as answer,
    ):
        answer.raise_for_status()


async def offering(product: Product, key: str) -> Json:
    query = """query Offering($id: ID!) { productOffering(id: $id) {
      name lifecycleStatus prices { name price { amount } } } }"""
    found = (await product.graphql(query, {"id": key})).whole()["productOffering"]
    return {**found, "prices": {price["name"]: price["price"]["amount"] for price in found["prices"]}}


async def until_offering(product: Product, key: str, **expected: Json) -> None:
    """Wait until the offering is seen so, much shorter than what was read before would be reused."""

    async def seen() -> bool:
        found = await offering(product, key)
        return all(found[name] == value for name, value in expected.items())

    async with asyncio.timeout(AT_ONCE):
        await until(seen)


async def prices(product: Product, key: str) -> dict[str, str]:
    """By name, what each price of the order is for one piece, duty free."""
    query = "query Prices($id: ID!) { productOrder(id: $id) { items { prices { name unitPrice { amount } } } } }"
    [item] = (await product.graphql(query, {"id": key})).whole()["productOrder"]["items"]
    return {price["name"]: price["unitPrice"]["amount"] for price in item["prices"]}


async def refused(product: Product, customer: str, item: Json) -> list[tuple[str, str, str]]:
    """Rule, path and message of what refuses a draft with this item."""
    given = {"customerId": customer, "items": [item]}
    payload = await mutate(product, "createProductOrder", given, product.token())
    return [(v["rule"], v["path"], v["message"]) for error in payload["errors"] for v in error["violations"]]


def euros(value: float) -> Json:
    return {"unit": "EUR", "value": value}


async def test_a_new_price_holds_at_once_and_not_for_what_was_ordered_before(product: Product) -> None:
    item = {**ESIM, "offeringId": "mobile-data-only"}
    before = {"Monthly fee": "12.99", "Activation fee": "29.99", "Data roaming": "0.1"}
    after = {**before, "Monthly fee": "13.49"}
    ordered = (await place(product, {"customerId": "cust-1116", "items": [item]}))["order"]["key"]
    draft = await Draft.start(product, "cust-1117", items=[{**item, "id": "1"}])
    assert (await offering(product, "mobile-data-only"))["prices"] == before

    async with changed(product, "productOfferingPrice", "mobile-data-only-monthly", price=euros(13.49)):
        await until_offering(product, "mobile-data-only", prices=after)
        begun = await Draft.start(product, "cust-1117", items=[item])
        kept = await prices(product, draft.key)
        await draft.do("changeProductOrderItem", itemId="1", quantity=2)

        assert await prices(product, begun.key) == after
        assert kept == before, "a draft shows what it was priced with"
        assert await prices(product, draft.key) == after, "and is priced anew when it is edited"
        assert await prices(product, ordered) == before
        await until_state(product, ordered, "COMPLETED")
        assert await prices(product, ordered) == before

    await until_offering(product, "mobile-data-only", prices=before)


async def test_a_price_that_was_shown_before_the_change_is_not_asked_for_silently(product: Product) -> None:
    shown = [{"name": "Monthly fee", "price": {"amount": "24.99", "currency": "EUR"}}]
    item = {**ESIM, "offeringId": "mobile-l", "agreedPrices": shown}
    assert await refused(product, "cust-1118", item) == []

    async with changed(product, "productOfferingPrice", "mobile-l-monthly", price=euros(26.49)):
        async with asyncio.timeout(AT_ONCE):
            [(rule, path, message)] = await until(lambda: refused(product, "cust-1118", item))

    assert (rule, path) == ("pricesAgreed", "/items/0/agreedPrices/0/price")
    assert "26.49" in message


async def test_what_the_catalog_retires_is_refused_at_once(product: Product) -> None:
    item = {**ESIM, "offeringId": "mobile-unlimited"}
    ordered = (await place(product, {"customerId": "cust-1119", "items": [item]}))["order"]["key"]
    draft = await Draft.start(product, "cust-1119", items=[item])
    assert (await offering(product, "mobile-unlimited"))["lifecycleStatus"] == "Active"

    async with changed(product, "productOffering", "mobile-unlimited", lifecycleStatus="Retired"):
        await until_offering(product, "mobile-unlimited", lifecycleStatus="Retired")
        breaches = await refused(product, "cust-1119", item)
        submission = await draft.ask("submitProductOrder")
        await until_state(product, ordered, "COMPLETED")

    assert [(rule, path) for rule, path, _ in breaches] == [("offeringSellable", "/items/0/offeringId")]
    violations = submission["errors"][0]["violations"]
    assert "offeringSellable" in [v["rule"] for v in violations]
    await until_offering(product, "mobile-unlimited", lifecycleStatus="Active")
    assert (await draft.do("submitProductOrder"))["state"] == "ACKNOWLEDGED"


async def test_an_offering_that_has_changed_is_read_again_and_nothing_else_is(product: Product) -> None:
    told, other = "mobile-senior", "mobile-m"
    names = (f"Renamed {n}" for n in count())
    before = (await offering(product, told))["name"]

    async def read_again() -> dict[str, int]:
        """What the catalog was asked after a change, both offerings having been read just before it."""
        name = next(names)
        await offering(product, told)
        await offering(product, other)
        await product.mock_control.forget_requests()
        await patched(product, f"/{ROOT}/productOffering/{told}", {"name": name})
        await until_offering(product, told, name=name)
        await offering(product, other)
        return (await product.mock_control.requests())["catalog"]

    async with changed(product, "productOffering", told, name="Renamed"):

        async def only_this_one() -> bool:
            # anew if it took so long that what had been read was too old, or others asked the catalog meanwhile
            return await read_again() == {"PATCH productOffering": 1, "GET productOffering": 1}

        await until(only_this_one)

    await until_offering(product, told, name=before)


async def test_a_value_that_the_specification_adds_can_be_chosen_at_once(product: Product) -> None:
    item = {"offeringId": "device-echo-watch", "characteristics": [{"name": "colour", "value": "gold"}]}
    assert [rule for rule, *_ in await refused(product, "cust-1112", item)] == ["characteristicsAllowed"]
    specification = await product.mock_control.get(f"/{ROOT}/productSpecification/spec-device")
    [colour] = specification["productSpecCharacteristic"]
    values = [*colour["productSpecCharacteristicValue"], {"value": "gold", "isDefault": False}]
    with_gold = [{**colour, "productSpecCharacteristicValue": values}]

    async with changed(product, "productSpecification", "spec-device", productSpecCharacteristic=with_gold):

        async def allowed() -> bool:
            return not await refused(product, "cust-1112", item)

        async with asyncio.timeout(AT_ONCE):
            await until(allowed)
