"""What tests do with owned products, and look up past Orderway."""

from datetime import datetime

from tests.channel import Json, key, order, run, until_state
from tests.harness import Product

FULL = """query Full($id: ID!) { productOrder(id: $id) {
  effectiveAt requestedStartAt submittedAt description channel createdBy
  totals { priceType taxIncluded { amount } }
  items {
    id action offeringName productKey productStatus
    prices { name priceType taxIncluded { amount currency } }
    suspension { reason originator scope billing resumesAt }
    renewal { termName term { name } startsAt endsAt }
  }
  journals { bookedOn }
  messages { subject }
} }"""

RESUMPTIONS = """query Resumptions($customer: ID!) {
  productOrders(filter: { customerIds: [$customer], externalIdOwner: "orderway", externalIdType: "resumption" }) {
    nodes { key state createdBy requestedStartAt externalIds { id } } } }"""


async def ordered(product: Product, example: str, product_id: str, **other: Json) -> Json:
    """The payload of what an example does with this product."""
    token = other.pop("token", None)
    given = {"productId": product_id, "idempotencyKey": key(), "reason": "as they wish", **other}
    [payload] = (await run(product, example, {"input": given}, token=token)).values()
    return payload


async def done(product: Product, example: str, product_id: str, **other: Json) -> Json:
    """The order, completed."""
    payload = await ordered(product, example, product_id, **other)
    assert payload["errors"] == [], payload["errors"]
    found = await until_state(product, payload["order"]["key"], "COMPLETED", "HELD", "FAILED")
    assert found["state"] == "COMPLETED"
    return found


async def previewed(product: Product, example: str, product_id: str, **other: Json) -> Json:
    """What an example says that would be done with this product."""
    token = other.pop("token", None)
    given = {"productId": product_id, "reason": "as they wish", **other}
    [found] = (await run(product, example, {"input": given}, token=token)).values()
    return found


async def owned(product: Product, product_id: str) -> Json:
    """The product in the inventory."""
    return await product.mock_control.get(f"/tmf-api/productInventory/v4/product/{product_id}")


async def rates(product: Product, product_id: str) -> Json:
    """What billing charges for the product, the earliest first."""
    path = f"/tmf-api/customerBillManagement/v4/appliedCustomerBillingRate?product.id={product_id}"
    return sorted(await product.mock_control.get(path), key=lambda rate: at(rate["periodCoverage"]["startDateTime"]))


async def charged_once(product: Product, order_key: str) -> Json:
    """What billing charges once for the order."""
    path = "/tmf-api/customerBillManagement/v4/appliedCustomerBillingRate"
    found = await product.mock_control.get(f"{path}?characteristic.value={order_key}")
    return [rate for rate in found if rate["type"] != "recurring"]


async def whole(product: Product, order_key: str) -> Json:
    """The order with what an example does not ask for."""
    return (await product.graphql(FULL, {"id": order_key})).whole()["productOrder"]


async def tasks_of(product: Product, order_key: str) -> list[str]:
    """The ids of its tasks."""
    return [task["id"] for task in (await order(product, order_key))["plan"]["tasks"]]


def at(text: str) -> datetime:
    """A time as it came over the wire."""
    return datetime.fromisoformat(text)


def broken(payload: Json) -> list[str]:
    """The rules that refuse it."""
    return [violation["rule"] for error in payload["errors"] for violation in error.get("violations", [])]


async def resumptions(product: Product, customer: str) -> Json:
    """The orders by which Orderway itself resumes products of this customer, the newest first."""
    return (await product.graphql(RESUMPTIONS, {"customer": customer})).whole()["productOrders"]["nodes"]
