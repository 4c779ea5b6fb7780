"""The product of tests about backends that hang, fail or are slow."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.harness import Product, running_product

ASKED: Final = (
    "customer", "inventory", "address", "workforce", "billing", "catalog", "documents", "service_resources",
)  # fmt: skip
ONE_AT_A_TIME: Final = ("provisioning", "intelligent_network")


@pytest.fixture(scope="session")
async def narrow(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """A product that gives a backend a second and a half, and whose worker does one thing at a time on two of them."""
    environment = {
        **{f"ORDERWAY_BACKENDS__{name.upper()}__DEADLINE": "1.5" for name in ASKED},
        **{f"ORDERWAY_BACKENDS__{name.upper()}__CONCURRENCY": "1" for name in ONE_AT_A_TIME},
    }
    async with running_product(tmp_path_factory.mktemp("narrow"), environment=environment) as running:
        yield running


@pytest.fixture
async def healed(narrow: Product) -> AsyncIterator[Product]:
    """The same; faults end with the test."""
    yield narrow
    await narrow.mock_control.heal()
