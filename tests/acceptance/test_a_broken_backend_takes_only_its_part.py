"""A backend that is down nulls its own fields and says so; everything else goes on."""

import aiohttp
import pytest

from tests.channel import Json, place, place_mobile, until_state
from tests.harness import Product, until

MOBILE = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
ORDER = """
query Order($id: ID!) {
  productOrder(id: $id) { state customer { name } items { offeringName product { status } } }
}"""


@pytest.mark.parametrize(
    ("faults", "code", "retryable"),
    [
        ({"outage": True}, "BACKEND_UNREACHABLE", True),
        ({"errorRate": 1, "errorStatus": 503}, "BACKEND_OVERLOADED", True),
        ({"errorRate": 1, "errorStatus": 500}, "BACKEND_UNREACHABLE", True),
        ({"errorRate": 1, "errorStatus": 403}, "BACKEND_REFUSED", False),
        ({"malformedRate": 1}, "BACKEND_MALFORMED", True),
        ({"latency": {"fixedMs": 20000}}, "BACKEND_TIMEOUT", True),
    ],
)
async def test_its_field_is_null_with_an_error_that_names_it(
    product: Product, faults: dict[str, Json], code: str, retryable: bool
) -> None:
    key = await place_mobile(product)
    await until_state(product, key, "COMPLETED")

    await product.mock_control.fault("customer", **faults)
    answer = await product.graphql(ORDER, {"id": key})

    assert answer.status == 200
    found = answer.data["productOrder"]
    assert found["customer"] is None
    assert (found["state"], found["items"][0]["product"]["status"]) == ("COMPLETED", "active")
    [error] = answer.errors
    assert error["path"] == ["productOrder", "customer"]
    extensions = error["extensions"]
    assert (extensions["code"], extensions["backend"], extensions["retryable"]) == (code, "customer", retryable)
    assert extensions["correlationId"]
    assert "Traceback" not in str(answer.errors)


async def test_an_order_that_needs_it_is_not_half_taken(product: Product) -> None:
    mutation = """
      mutation Place($input: PlaceProductOrderInput!) { placeProductOrder(input: $input) { order { key } } }"""
    request = {"idempotencyKey": "while-the-catalog-is-down", "customerId": "cust-1007", "items": [MOBILE]}
    count = '{ productOrders(first: 1, filter: { customerIds: ["cust-1007"] }) { totalCount } }'

    await product.mock_control.fault("billing", outage=True)
    await product.mock_control.fault("customer", outage=True)
    answer = await product.graphql(mutation, {"input": request})
    assert answer.data == {"placeProductOrder": None}
    assert answer.codes == ["BACKEND_UNREACHABLE"]
    assert (await product.graphql(count)).whole()["productOrders"]["totalCount"] == 0

    await product.mock_control.heal()

    async def accepted() -> Json:
        # the breaker may rest for a moment after the outage
        again = await product.graphql(mutation, {"input": request})
        return again.data["placeProductOrder"]

    assert (await until(accepted))["order"]["key"]
    assert (await product.graphql(count)).whole()["productOrders"]["totalCount"] == 1


async def test_work_waits_for_a_backend_that_is_away_and_goes_on_when_it_is_back(product: Product) -> None:
    await product.mock_control.fault("provisioning", outage=True)
    key = await place_mobile(product)
    waiting = await until_state(product, key, "IN_PROGRESS")
    assert waiting["state"] == "IN_PROGRESS"

    await product.mock_control.heal()

    assert (await until_state(product, key, "COMPLETED", "HELD"))["state"] == "COMPLETED"


async def test_readiness_names_it_and_stays_ready(product: Product) -> None:
    await product.mock_control.fault("billing", outage=True)

    async def noticed() -> Json:
        async with aiohttp.ClientSession() as http, http.get(f"{product.urls[0]}/health/ready") as response:
            assert response.status == 200
            body = await response.json()
            return body if body["status"] == "degraded" else None

    backends = (await until(noticed))["dependencies"]["backends"]
    assert (backends["status"], backends["billing"]["status"], backends["customer"]["status"]) == (
        "degraded",
        "down",
        "up",
    )


async def test_an_unknown_customer_is_an_answer_and_no_fault(product: Product) -> None:
    placed = await place(product, {"customerId": "nobody", "items": [MOBILE]})

    assert [v["rule"] for v in placed["errors"][0]["violations"]] == ["customerKnown"]
