"""With a MongoDB named by a setting, the product works as it does with the embedded store, over several gateways."""

from collections.abc import AsyncIterator

import pytest

from tests.channel import effects_of, expected_effects, order, place_family_bundle, until_state
from tests.harness import Product, running_product
from tests.mongod import Mongod


@pytest.fixture
async def on_mongodb(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    folder = tmp_path_factory.mktemp("mongodb")
    server = Mongod(folder)
    await server.start()
    environment = {"ORDERWAY_MONGODB_URI": server.uri, "ORDERWAY_MONGODB_DATABASE": f"test-{folder.name}"}
    try:
        async with running_product(folder / "product", gateways=2, environment=environment) as running:
            yield running
    finally:
        server.kill()


async def test_an_order_placed_at_one_gateway_is_seen_completed_at_the_other(on_mongodb: Product) -> None:
    key = await place_family_bundle(on_mongodb, gateway=0)

    completed = await until_state(on_mongodb, key, "COMPLETED", "HELD", "FAILED")

    assert completed["state"] == "COMPLETED"
    assert (await order(on_mongodb, key, gateway=1))["state"] == "COMPLETED"
    assert await effects_of(on_mongodb, key) == expected_effects(completed)
    sequences = [event["sequence"] for event in completed["timeline"]["nodes"]]
    assert sequences == list(range(1, len(sequences) + 1))
    assert not (on_mongodb.settings.data_dir / "orders.sqlite3").exists(), "nothing went to the embedded store"
