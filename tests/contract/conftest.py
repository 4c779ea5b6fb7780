"""One mock BSS server for all tests of the clients; each test finds it healthy."""

from collections.abc import AsyncIterator

import pytest

from connectors.backends import Backends
from tests.contract.running_mock import connected, running_mock
from tests.harness import MockControl


@pytest.fixture(scope="session")
async def mock_server() -> AsyncIterator[MockControl]:
    """The server that `mock` hands out."""
    async with running_mock() as control:
        yield control


@pytest.fixture
async def mock(mock_server: MockControl) -> AsyncIterator[MockControl]:
    """A running mock that counts requests from zero; what a test breaks is whole again afterwards."""
    await mock_server.forget_requests()
    yield mock_server
    await mock_server.heal()


@pytest.fixture
async def backends(mock: MockControl) -> AsyncIterator[Backends]:
    """All clients of the mock."""
    async with connected(mock) as backends:
        yield backends
