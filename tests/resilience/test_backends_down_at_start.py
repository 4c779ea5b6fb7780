"""The gateway starts without its backends, says so, and serves what it can."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.harness import Product, running_product, start


@pytest.fixture
async def without_backends(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running_product(tmp_path_factory.mktemp("alone")) as running:
        await running.mock.kill()
        [gateway] = running.gateways
        await gateway.kill()
        await start(gateway)
        yield running


async def test_it_starts_says_so_and_serves_what_it_can(without_backends: Product) -> None:
    product = without_backends

    async with aiohttp.ClientSession() as http, http.get(f"{product.urls[0]}/health/ready") as response:
        status, body = response.status, await response.json()
    orders = await product.graphql("{ productOrders(first: 5) { totalCount } }")
    offering = await product.graphql('{ productOffering(id: "fibre-500") { name } }')

    assert status == 200
    assert (body["status"], body["dependencies"]["store"]["status"]) == ("degraded", "up")
    backends = body["dependencies"]["backends"]
    assert backends["status"] == "degraded"
    assert {state["status"] for name, state in backends.items() if name != "status"} == {"down"}
    assert orders.whole() == {"productOrders": {"totalCount": 0}}
    assert offering.data == {"productOffering": None}
    assert offering.codes == ["BACKEND_UNREACHABLE"]

    await product.mock.start()
    await product.mock.until_ready()

    found = await product.graphql('{ productOffering(id: "fibre-500") { name } }')
    assert found.whole() == {"productOffering": {"name": "Fibre 500"}}
