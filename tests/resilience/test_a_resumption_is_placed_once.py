"""kill -9 while Orderway places the order that resumes a suspended product: it is placed all the same, and once."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.channel import until_state, until_task
from tests.harness import Product
from tests.owned import done, ordered, owned, resumptions


async def test_a_killed_worker_places_the_resumption_once(fragile: Product) -> None:
    product = fragile
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    payload = await ordered(product, "45-suspend-a-product", "prod-1003", resumeAt=later)
    assert payload["errors"] == []
    # nothing can be placed while it is not known what the customer owes
    await product.mock_control.fault("billing", outage=True, operations=["GET customerBill"])
    await until_task(product, payload["order"]["key"], "1/plan-resumption", "RUNNING")
    await product.worker.kill()
    await product.mock_control.heal()
    await product.worker.start()
    await product.worker.until_ready()

    found = await until_state(product, payload["order"]["key"], "COMPLETED", "HELD", "FAILED")

    assert found["state"] == "COMPLETED"
    [placed] = await resumptions(product, "cust-1003")
    assert placed["state"] == "ACKNOWLEDGED"


@pytest.mark.thorough
async def test_a_resumption_comes_when_nothing_ran_on_its_day(fragile: Product) -> None:
    product = fragile
    soon = (datetime.now(UTC) + timedelta(seconds=8)).isoformat()
    await done(product, "45-suspend-a-product", "prod-1003", resumeAt=soon)
    [waiting] = await resumptions(product, "cust-1003")
    await product.worker.kill()
    await product.gateways[0].kill()
    await product.worker.start()
    await product.gateways[0].start()
    await product.worker.until_ready()
    await product.gateways[0].until_ready()

    resumed = await until_state(product, waiting["key"], "COMPLETED", "HELD", "FAILED")

    assert resumed["state"] == "COMPLETED"
    assert (await owned(product, "prod-1003"))["status"] == "active"
    assert len(await resumptions(product, "cust-1003")) == 1
