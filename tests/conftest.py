"""One started product for all acceptance tests, and others on request."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from app.settings import PREFIX, TEST_PREFIX
from tests.harness import Product, running_product

SLOW = 1000.0
StartProduct = Callable[..., Awaitable[Product]]


def pytest_configure() -> None:
    """What the developer has set for an Orderway of their own is not for the tests."""
    for name in list(os.environ):
        if name.upper().startswith(PREFIX) and not name.upper().startswith(TEST_PREFIX):
            del os.environ[name]


@pytest.fixture(scope="session")
async def shared_product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The product that `product` hands out; a test that asks for this one has to leave no fault behind."""
    async with running_product(tmp_path_factory.mktemp("product")) as running:
        yield running


@pytest.fixture
async def product(shared_product: Product) -> AsyncIterator[Product]:
    """A running product that other tests use too: make your own orders, kill nothing. Faults end with the test."""
    yield shared_product
    await shared_product.mock_control.heal()


@pytest.fixture
async def slow(product: Product) -> Product:
    """The same with a provisioning that takes minutes, until the test heals the backends."""
    await product.mock_control.fault("provisioning", pace=SLOW)
    return product


@pytest.fixture
async def start_product(tmp_path: Path) -> AsyncIterator[StartProduct]:
    """Starts a product of your own, to be killed in part or whole; takes what `running_product` takes."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> Product:
            return await stack.enter_async_context(running_product(tmp_path / "product", **options))

        yield start
