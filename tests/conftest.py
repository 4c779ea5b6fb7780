"""Started products that tests share, and others on request."""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from app.settings.model import PREFIX
from app.settings.variables import TEST_PREFIX
from tests.harness import Product, running_product, start
from tests.manual_work import HASTY, with_work_for_people
from tests.otlp import Receiver, receiver, told_to
from tests.own_rules import Rules, product_with_rules

SLOW = 1000.0
TESTS: Final = Path(__file__).parent
LONGEST_FIRST: Final = ("resilience", "acceptance", "replay", "contract", "unit")
"""The folders of tests: what takes long is begun first, so that all processors are busy until the end."""
SHARING: Final = {
    "test_kill_9": "fragile",
    "test_kill_at_boundaries": "fragile",
    "test_a_batch_is_resumed": "fragile",
    "test_a_resumption_is_placed_once": "fragile",
    "test_backends_down_at_start": "fragile",
    "test_a_gateway_drains": "fragile",
    "test_webhooks_are_told": "fragile",
    "test_a_forgotten_draft_ends": "fragile",
    "test_people_do_what_waits_for_them": "office",
    "test_every_example_runs": "office",
    "test_a_trace_leads_to_the_backends": "office",
    "test_rules_are_changed_while_running": "ruled",
    "test_promises_are_foreseen": "ruled",
    "test_lanes": "narrow",
    "test_silent_backends": "narrow",
}
"""Files of tests that share a product of their own, by the fixture that is it."""
StartProduct = Callable[..., Awaitable[Product]]


gc.disable()  # what is loaded and collected from here on stays until the end: see pytest_collection_finish


def pytest_configure(config: pytest.Config) -> None:
    """What the developer has set for an Orderway of their own is not for the tests.

    Of several processes each begins to collect in another folder, and finds the others' files of tests compiled.
    """
    number = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if number and config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        first = int(number) * 2 % len(LONGEST_FIRST)
        config.args[:] = [str(TESTS / folder) for folder in (*LONGEST_FIRST[first:], *LONGEST_FIRST[:first])]
    for name in list(os.environ):
        if name.upper().startswith(PREFIX) and not name.upper().startswith(TEST_PREFIX):
            del os.environ[name]


class ByProduct(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
    """Tests that share a product run in one process, and so do those of one file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return SHARING.get(Path(file).stem, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByProduct:
    """How tests are dealt out to several processes."""
    return ByProduct(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long is begun first."""
    items.sort(key=lambda item: LONGEST_FIRST.index(item.path.relative_to(TESTS).parts[0]))


def pytest_collection_finish() -> None:
    """Looking for garbage in what stays would only take time, at each of the many times that it is looked for."""
    gc.freeze()
    gc.enable()


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


@pytest.fixture(scope="session")
async def killed_product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """The product that `fragile` hands out."""
    environment = {
        "ORDERWAY_WEBHOOKS__FIRST_PAUSE": "0.05",
        "ORDERWAY_DRAFTS__DAYS": "2",
        "ORDERWAY_DRAFTS__NOTICE_DAYS": "7",
    }
    async with running_product(tmp_path_factory.mktemp("fragile"), environment=environment) as running:
        yield running


@pytest.fixture
async def fragile(killed_product: Product) -> AsyncIterator[Product]:
    """A product whose parts may be killed, for the tests of `SHARING`. It is whole again after each."""
    yield killed_product
    await start(*(part for part in killed_product.children if not part.alive))
    await killed_product.mock_control.heal()


@pytest.fixture(scope="session")
async def traces() -> AsyncIterator[Receiver]:
    """What `office` tells of the traces that a test asks for."""
    async with receiver() as running:
        yield running


@pytest.fixture(scope="session")
async def office(tmp_path_factory: pytest.TempPathFactory, traces: Receiver) -> AsyncIterator[Product]:
    """A product whose rules ask for work by people, which does not wait long for its backends, and which sends
    `traces`, for the tests of `SHARING`.
    """
    folder = tmp_path_factory.mktemp("office")
    environment = {**with_work_for_people(folder), **HASTY, **told_to(traces)}
    async with running_product(folder / "product", environment=environment) as running:
        yield running


@pytest.fixture(scope="session")
async def own_rules(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rules]:
    """The product that `rules` hands out."""
    async with product_with_rules(tmp_path_factory.mktemp("own")) as own:
        yield own


@pytest.fixture
async def rules(own_rules: Rules) -> AsyncIterator[Rules]:
    """The rules that Orderway comes with, in a folder of their own, for the tests of `SHARING`; changes and faults end
    with the test.
    """
    version = (await own_rules.book())["version"]
    yield own_rules
    await own_rules.product.mock_control.heal()
    await own_rules.as_they_came(version)


@pytest.fixture
async def start_product(tmp_path: Path) -> AsyncIterator[StartProduct]:
    """Starts a product of your own, to be killed in part or whole; takes what `running_product` takes."""
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> Product:
            return await stack.enter_async_context(running_product(tmp_path / "product", **options))

        yield start
