"""A page of orders with their customers and offerings costs each backend one call, however many orders are on it."""

import asyncio

from tests.channel import place_mobile, until_state
from tests.harness import Product

PAGE = """
query Page {
  productOrders(first: 50, filter: { offeringText: "mobile m" }) {
    nodes {
      key
      customer { name email products { name } billingAccounts { name } }
      items { offering { name prices { name } characteristics { name } } product { status } }
    }
  }
}"""


async def test_ten_orders_of_six_customers(product: Product) -> None:
    # Given ten orders that have all been delivered
    customers = [f"cust-{1101 + n % 6}" for n in range(10)]
    keys = await asyncio.gather(*(place_mobile(product, customer) for customer in customers))
    for key in keys:
        assert (await until_state(product, key, "COMPLETED", "HELD"))["state"] == "COMPLETED"

    # When a channel asks for them all
    async with product.counted() as requests_made:
        found = (await product.graphql(PAGE)).whole()["productOrders"]["nodes"]
        requests = await requests_made()

    # Then every answer is whole, and each backend was asked once
    assert set(keys) <= {order["key"] for order in found}
    assert all(order["customer"]["name"] for order in found)
    own = [item for order in found if order["key"] in keys for item in order["items"]]
    assert {item["product"]["status"] for item in own} == {"active"}
    assert requests["customer"] == {"GET customer": 1}
    assert requests["billing"] == {"GET billingAccount": 1}
    # once by id for the items' products, once by owner for the customers'
    assert requests["inventory"] == {"GET product": 2}
    assert all(count == 1 for count in requests["catalog"].values())
