"""Composition: what gateway and worker have in common, built from the settings."""

import asyncio
import time
from base64 import b32hexencode
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Final

import uvicorn

from app import telemetry
from app.cannot_start import CannotStart
from app.domain.webhook import WebhookPolicy
from app.metrics import BackendWatch
from app.monitor import watch_backends
from app.orchestration.contract import TaskPolicy
from app.orchestration.engine import Engine, EngineUnreachable
from app.orchestration.fulfilment import TemporalFulfilment
from app.orchestration.lanes import LANES
from app.orchestration.operations import OPERATIONS
from app.ordering.ordering import Ordering
from app.ordering.rulebook.files import BadRules
from app.ordering.rulebook.watch import Rulebooks
from app.reload import Commit, Live
from app.settings.model import BACKENDS, Settings
from app.store import open_store
from app.store.port import OrderStore, StoreUnavailable
from connectors.backends import APIS, Backends, connect
from connectors.base import BackendConfig, Dialect
from connectors.config import CALLS_AT_ONCE

OWN_CONCURRENCY: Final = 16
"""How much of what Orderway does itself for orders a worker does at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a gateway and a worker have in common."""

    store: OrderStore
    backends: Backends
    engine: Engine
    fulfilment: TemporalFulfilment
    ordering: Ordering


def run(main: Coroutine[object, object, None]) -> None:
    """Run this as a process of its own."""
    # the loop that uvicorn would choose, for the worker too
    with asyncio.Runner(loop_factory=uvicorn.Config("", loop="auto", log_config=None).get_loop_factory()) as runner:
        runner.run(main)


@asynccontextmanager
async def beside(*upkeep: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """These go on while the context is entered."""
    tasks = [asyncio.create_task(one) for one in upkeep]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def new_order_id() -> str:
    """An order number that sorts by the time it was given: milliseconds and chance, in 20 letters and digits."""
    moment = int(time.time() * 1000).to_bytes(6, "big")
    return b32hexencode(moment + token_bytes(6)).decode().rstrip("=").lower()


@asynccontextmanager
async def parts(settings: Settings, *, needs_temporal: bool) -> AsyncIterator[Parts]:
    """Everything that the settings name, reached as far as it has to be. Raises CannotStart."""
    rules = _rules(settings)
    async with AsyncExitStack() as stack:
        try:
            store = await open_store(
                settings.mongodb_uri,
                settings.mongodb_database,
                settings.data_dir,
                keys_kept_for=timedelta(days=settings.limits.idempotency_days),
            )
        except StoreUnavailable as error:
            name = "ORDERWAY_MONGODB_URI" if settings.mongodb_uri else "ORDERWAY_DATA_DIR"
            raise CannotStart(f"{name}: the store does not answer: {error}") from error
        stack.push_async_callback(store.close)
        backends = await stack.enter_async_context(connect(_backend_configs(settings), BackendWatch()))
        watch_backends(backends)
        engine = await _engine(settings, lazy=not needs_temporal)
        fulfilment = engine.fulfilment(_task_policy(settings))
        yield Parts(
            store=store,
            backends=backends,
            engine=engine,
            fulfilment=fulfilment,
            ordering=Ordering(
                store=store,
                backends=backends,
                rules=rules,
                fulfilment=fulfilment,
                clock=lambda: datetime.now(UTC),
                new_id=new_order_id,
                webhooks=_webhook_policy(settings),
            ),
        )


def renewed_backends(backends: Backends) -> Live:
    """What changes of backends while a process runs: what to show them, and how long to wait for them."""

    def prepare(settings: Settings) -> Commit:
        configs = _backend_configs(settings)

        def commit() -> None:
            for name, config in configs.items():
                backends.http[name].renew(config)

        return commit

    return Live(("ORDERWAY_BACKENDS__*__AUTHORIZATION", "ORDERWAY_BACKENDS__*__DEADLINE"), prepare)


def _rules(settings: Settings) -> Rulebooks:
    try:
        return Rulebooks(settings.rules_dir, OPERATIONS)
    except BadRules as error:
        raise CannotStart(f"ORDERWAY_RULES_DIR: {error}") from error


def _task_policy(settings: Settings) -> TaskPolicy:
    return TaskPolicy(
        attempts=settings.tasks.attempts,
        first_pause=timedelta(seconds=settings.tasks.first_pause),
        first_poll=timedelta(seconds=settings.tasks.first_poll),
    )


def _webhook_policy(settings: Settings) -> WebhookPolicy:
    return WebhookPolicy(
        attempts=settings.webhooks.attempts,
        first_pause=timedelta(seconds=settings.webhooks.first_pause),
        loopback=settings.development_tokens,
        private=settings.webhooks.private_addresses,
    )


def _backend_configs(settings: Settings) -> dict[str, BackendConfig]:
    configs = {}
    for name in BACKENDS:
        backend = settings.backend(name)
        if backend.base_url is None:
            raise CannotStart(f"ORDERWAY_BACKENDS__{name.upper()}__BASE_URL is not set.")
        if unknown := set(backend.path_prefixes) - set(APIS[name]):
            raise CannotStart(
                f"ORDERWAY_BACKENDS__{name.upper()}__PATH_PREFIXES: {', '.join(sorted(unknown))} is not asked of this "
                f"backend; it is asked by {', '.join(APIS[name])}."
            )
        if Dialect(backend.dialect) is Dialect.V5 and all(api.v5 is None for api in APIS[name].values()):
            raise CannotStart(f"ORDERWAY_BACKENDS__{name.upper()}__DIALECT: this backend is asked in v4 only.")
        configs[name] = BackendConfig(
            base_url=backend.base_url,
            dialect=Dialect(backend.dialect),
            prefixes=backend.path_prefixes,
            authorization=backend.authorization.get_secret_value() if backend.authorization else None,
            deadline=backend.deadline,
            concurrency=max(CALLS_AT_ONCE, backend.concurrency),  # a task that has its turn needs no other one
        )
    return configs


async def _engine(settings: Settings, *, lazy: bool) -> Engine:
    if settings.temporal_address is None:
        raise CannotStart("ORDERWAY_TEMPORAL_ADDRESS is not set.")
    key = settings.temporal_api_key
    try:
        return await Engine.connect(
            settings.temporal_address,
            namespace=settings.temporal_namespace,
            task_queue=settings.temporal_task_queue,
            tls=settings.temporal_tls,
            api_key=key.get_secret_value() if key else None,
            lazy=lazy,
            traced=telemetry.traces_are_sent(),
            lanes={n: settings.backend(n).concurrency if n in BACKENDS else OWN_CONCURRENCY for n in LANES},
        )
    except EngineUnreachable as error:
        raise CannotStart(f"ORDERWAY_TEMPORAL_ADDRESS: no Temporal at {settings.temporal_address}: {error}") from error
