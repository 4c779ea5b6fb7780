"""Metrics and health of gateway and worker, at an address of their own."""

import json

import aiohttp

from tests.channel import place_mobile, until_state
from tests.exposition import total
from tests.harness import Product, until


async def test_an_order_shows_in_the_metrics_of_gateway_and_worker(product: Product) -> None:
    _, gateway_before = await product.monitor("gateway")
    _, worker_before = await product.monitor("worker")

    order = await place_mobile(product, "cust-1003")
    await until_state(product, order, "COMPLETED")

    async def counted() -> str | None:
        _, exposition = await product.monitor("worker")  # it counts what it has recorded just before
        series = "orderway_order_state_changes_total"
        more = total(exposition, series, state="completed") - total(worker_before, series, state="completed")
        return exposition if more >= 1 else None

    worker = await until(counted)
    assert worker is not None
    _, gateway = await product.monitor("gateway")

    def more_at_gateway(series: str, **labels: str) -> float:
        return total(gateway, series, **labels) - total(gateway_before, series, **labels)

    def more_at_worker(series: str, **labels: str) -> float:
        return total(worker, series, **labels) - total(worker_before, series, **labels)

    assert more_at_gateway("orderway_order_state_changes_total", state="acknowledged") == 1
    assert more_at_gateway("orderway_backend_calls_total", outcome="ok") > 0
    assert more_at_gateway("orderway_feed_delay_seconds_count") > 0
    assert total(gateway, "orderway_feed_position") > total(gateway_before, "orderway_feed_position")
    assert (
        more_at_worker("orderway_task_attempts_total", operation="provisioning.createServiceOrder", outcome="accepted")
        > 0
    )
    assert more_at_worker("orderway_task_state_changes_total", backend="provisioning", state="completed") > 0
    assert more_at_worker("orderway_backend_calls_total", backend="provisioning", outcome="ok") > 0
    assert total(worker, "orderway_backend_breaker_state", backend="provisioning", state="closed") == 1
    assert total(worker, "orderway_backend_places", backend="provisioning") == 64


async def test_metrics_are_not_where_clients_call(product: Product) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{product.urls[0]}/metrics") as response:
        assert response.status == 404


async def test_a_worker_says_how_its_dependencies_do(product: Product) -> None:
    status, body = await product.monitor("worker", "/health/ready")
    ready = json.loads(body)

    assert status == 200
    assert {name: one["status"] for name, one in ready["dependencies"].items()} == {
        "store": "up",
        "temporal": "up",
        "backends": "up",
    }
    billing = ready["dependencies"]["backends"]["billing"]
    assert (billing["breaker"], billing["waiting"], billing["places"]) == ("closed", 0, 64)
