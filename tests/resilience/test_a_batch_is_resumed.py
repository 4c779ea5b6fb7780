"""kill -9 of every process in the middle of a batch: each line still becomes one order, or says why not, once."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.channel import Json, key, run
from tests.harness import Product, start, until

LINES = 60
LATER = (datetime.now(UTC) + timedelta(days=300)).isoformat()
"""When the orders begin: how they are carried out is no matter here."""
BAD = {n for n in range(1, LINES + 1) if n % 20 == 0}


def line(n: int, owner: str) -> Json:
    offering = "no-such-offering" if n in BAD else "mobile-m"
    item = {"offeringId": offering, "characteristics": [{"name": "simType", "value": "eSIM"}]}
    external = {"owner": owner, "type": "line", "id": str(n)}
    return {
        "customerId": f"cust-{1031 + n % 50}",
        "items": [item],
        "externalIds": [external],
        "requestedStartAt": LATER,
    }


async def batch_of(product: Product, batch: str) -> Json:
    return (await run(product, "31-one-batch", {"id": batch, "first": 1}))["productOrderBatch"]


async def test_a_batch_goes_on_where_it_was_when_everything_was_killed(fragile: Product) -> None:
    product = fragile
    owner = key()
    text = "\n".join(json.dumps(line(n, owner)) for n in range(1, LINES + 1))
    status, taken = await product.upload(text, key())
    assert status == 202
    batch = taken["batch"]["key"]

    async def pending() -> int:
        return int((await batch_of(product, batch))["pendingCount"])

    async def under_way() -> bool:
        return await pending() < LINES

    await until(under_way)
    await product.worker.kill()
    before = await pending()

    async def resumed() -> bool:
        return await pending() < before or before == 0

    await product.worker.start()
    await until(resumed)
    for part in product.children:
        await part.kill()
    await start(*product.children)

    async def completed() -> bool:
        return bool((await batch_of(product, batch))["state"] == "COMPLETED")

    await until(completed)

    found = await all_lines(product, batch)
    assert [line["number"] for line in found] == list(range(1, LINES + 1))
    assert {line["number"] for line in found if line["state"] == "REFUSED"} == BAD
    orders = Counter(line["order"]["key"] for line in found if line["state"] == "ACCEPTED")
    assert set(orders.values()) == {1}
    search = {"first": 1, "filter": {"externalIdOwner": owner}}
    query = "query N($first: Int!, $filter: ProductOrderFilter!) { productOrders(first: $first, filter: $filter)" + (
        " { totalCount } }"
    )
    counted = (await product.graphql(query, search)).whole()["productOrders"]["totalCount"]
    assert counted == len(orders) == LINES - len(BAD)


async def all_lines(product: Product, batch: str) -> list[Json]:
    """Every line, page by page."""
    found: list[Json] = []
    after = None
    while True:
        given = {"id": batch, "first": 100, "after": after}
        page = (await run(product, "31-one-batch", given))["productOrderBatch"]["lines"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
