"""For tests of the clients one mock BSS server, healthy for each of them, or a backend that answers as the test says.

For tests of the stores both of them, empty for each test.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.store import open_store
from app.store.port import OrderStore
from connectors.backends import Backends
from connectors.base import BackendHttp
from tests.contract.running_mock import connected, running_mock
from tests.contract.scripted_backend import ScriptedBackend, calling, scripted_backend
from tests.harness import MockControl
from tests.mongod import Mongod

KEPT = timedelta(days=30)
Open = Callable[[], Awaitable[OrderStore]]


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


@pytest.fixture
async def backend() -> AsyncIterator[ScriptedBackend]:
    """A backend that answers what the test tells it to."""
    async with scripted_backend() as backend:
        yield backend


@pytest.fixture
async def http(backend: ScriptedBackend) -> AsyncIterator[BackendHttp]:
    """The way to it."""
    async with calling(backend.url) as http:
        yield http


@pytest.fixture(scope="session")
async def mongod(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mongod]:
    server = Mongod(tmp_path_factory.mktemp("mongod"))
    await server.start()
    yield server
    server.kill()


@pytest.fixture(params=["sqlite", "mongodb"])
async def place(request: pytest.FixtureRequest, tmp_path: Path, mongod: Mongod) -> tuple[str | None, str, Path]:
    """Where a store is: URI, database, folder."""
    return (None if request.param == "sqlite" else mongod.uri, f"test-{uuid4()}", tmp_path)


@pytest.fixture
async def open_another(place: tuple[str | None, str, Path]) -> AsyncIterator[Open]:
    """Opens the same store again, as another process would."""
    async with AsyncExitStack() as stack:

        async def opened() -> OrderStore:
            store = await open_store(*place, keys_kept_for=KEPT)
            stack.push_async_callback(store.close)
            return store

        yield opened


@pytest.fixture
async def store(open_another: Open) -> OrderStore:
    return await open_another()
