"""How a process does, shown to the platform that runs it: metrics and health, on an address of their own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import metrics
from app.cannot_start import CannotStart
from app.gateway import health
from app.gateway.health import Dependency, Readiness, Status
from app.orchestration.engine import Engine
from app.settings.model import MonitoringSettings
from app.store.port import OrderStore, StoreUnavailable
from connectors.backends import Backends
from connectors.base import BackendHealth, BreakerState


def watch_backends(backends: Backends) -> None:
    """Let the metrics show how the backends do, as this process sees them."""

    def each(value: Callable[[BackendHealth], float]) -> Callable[[], metrics.Values]:
        return lambda: [((name,), value(health)) for name, health in backends.health().items()]

    def breakers() -> metrics.Values:
        return [
            ((name, state.value), float(health.breaker is state))
            for name, health in backends.health().items()
            for state in BreakerState
        ]

    metrics.watch(
        {
            "orderway_backend_in_flight": each(lambda health: health.in_flight),
            "orderway_backend_waiting": each(lambda health: health.waiting),
            "orderway_backend_places": each(lambda health: health.places),
            "orderway_backend_breaker_state": breakers,
        }
    )


async def readiness(store: OrderStore, engine: Engine, backends: Backends, *, needs_engine: bool) -> Readiness:
    """A backend that is away takes only its own part with it; without the store nothing works.

    `needs_engine`: a worker is of no use without Temporal. A gateway takes orders without it; they are started when it
    is back.
    """
    stored, engaged, probes = await asyncio.gather(
        _store_answers(store), engine.answers(), asyncio.gather(*(http.probe() for http in backends.http.values()))
    )
    seen = backends.health()
    shown = {
        name: {
            "status": (Status.UP if reachable else Status.DOWN).value,
            "breaker": seen[name].breaker.value,
            "inFlight": seen[name].in_flight,
            "waiting": seen[name].waiting,
            "places": seen[name].places,
            "lastFailure": seen[name].last_failure,
        }
        for name, reachable in zip(backends.http, probes, strict=True)
    }
    return Readiness(
        {
            "store": Dependency(_up(stored)),
            "temporal": Dependency(_up(engaged), required=needs_engine),
            "backends": Dependency(Status.UP if all(probes) else Status.DEGRADED, required=False, detail=shown),
        }
    )


async def _store_answers(store: OrderStore) -> bool:
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


def _up(answers: bool) -> Status:
    return Status.UP if answers else Status.DOWN


@asynccontextmanager
async def monitored(
    settings: MonitoringSettings,
    readiness: Callable[[], Awaitable[Readiness]],
    draining: Callable[[], bool] = lambda: False,
) -> AsyncIterator[None]:
    """Metrics and health are shown while this is entered, where the settings say so. Raises CannotStart."""
    if settings.port is None:
        yield
        return
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise CannotStart(f"ORDERWAY_MONITORING__PORT: {where} cannot be listened on: {error.strerror}.") from error
    config = uvicorn.Config(
        _application(readiness, draining),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
    )
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _application(readiness: Callable[[], Awaitable[Readiness]], draining: Callable[[], bool]) -> Starlette:
    async def exposition(_: Request) -> Response:
        return Response(generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def live(_: Request) -> Response:
        return health.live()

    async def ready(_: Request) -> Response:
        return await health.ready(readiness, draining=draining())

    return Starlette(routes=[Route("/metrics", exposition), Route("/health/live", live), Route("/health/ready", ready)])


class _Quiet(uvicorn.Server):
    """A second server of a process: signals are the first one's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield
