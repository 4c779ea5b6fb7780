"""The gateway starts without its backends, says so, and serves what it can."""

import aiohttp
import pytest

from tests.harness import Product, start


@pytest.fixture
async def without_backends(fragile: Product) -> Product:
    await fragile.mock.kill()
    await fragile.gateways[0].kill()
    await start(fragile.gateways[0])
    return fragile


async def test_it_starts_says_so_and_serves_what_it_can(without_backends: Product) -> None:
    product = without_backends

    async with aiohttp.ClientSession() as http, http.get(f"{product.urls[0]}/health/ready") as response:
        status, body = response.status, await response.json()
    orders = await product.graphql("{ productOrders(first: 5) { pageInfo { hasPreviousPage } } }")
    offering = await product.graphql('{ productOffering(id: "fibre-500") { name } }')

    assert status == 200
    assert (body["status"], body["dependencies"]["store"]["status"]) == ("degraded", "up")
    backends = body["dependencies"]["backends"]
    assert backends["status"] == "degraded"
    assert {state["status"] for name, state in backends.items() if name != "status"} == {"down"}
    assert orders.whole() == {"productOrders": {"pageInfo": {"hasPreviousPage": False}}}
    assert offering.data == {"productOffering": None}
    assert offering.codes == ["BACKEND_UNREACHABLE"]

    await product.mock.start()
    await product.mock.until_ready()

    found = await product.graphql('{ productOffering(id: "fibre-500") { name } }')
    assert found.whole() == {"productOffering": {"name": "Fibre 500"}}
