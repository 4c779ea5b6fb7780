"""Composition: builds the parts from the settings and runs a gateway or a worker with them."""

import asyncio
import signal
import time
from base64 import b32hexencode
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from secrets import token_bytes
from socket import socket
from typing import Final

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.domain.actor import Actor, Role
from app.gateway import batches
from app.gateway.app import create_app, drain
from app.gateway.graphiql import Example, GraphiQLPage
from app.gateway.health import Dependency, Readiness, Status
from app.gateway.limits import Limits
from app.gateway.operations import RequestFacts
from app.orchestration.contract import TaskPolicy
from app.orchestration.engine import Engine, EngineUnreachable
from app.orchestration.fulfilment import TemporalFulfilment
from app.orchestration.lanes import LANES
from app.orchestration.listener import listener_routes
from app.orchestration.operations import OPERATIONS
from app.orchestration.worker import keep_up
from app.ordering.batch import BatchTaken, Line, PlaceOrders, place_orders
from app.ordering.expiry import DraftPolicy
from app.ordering.ordering import Ordering
from app.ordering.outcomes import IdempotencyConflict
from app.ordering.reading import Reading
from app.ordering.rulebook import BadRules, Rulebooks
from app.security.tokens import DevelopmentKey, Issuer, TokenVerifier
from app.settings import BACKENDS, CannotStart, Settings
from app.store import open_store
from app.store.feed import Feed
from app.store.port import OrderStore, StoreUnavailable
from connectors.backends import APIS, Backends, connect
from connectors.base import BackendConfig, Dialect, fetch
from connectors.config import CALLS_AT_ONCE
from resolvers.context import Context
from resolvers.errors import explain
from resolvers.loaders import Loaders
from resolvers.schema import schema
from resolvers.upload import read_line

OWN_CONCURRENCY: Final = 16
"""How much of what Orderway does itself for orders a worker does at once."""
PAGE_TOKEN_FOR: Final = timedelta(hours=12)
DRAIN_SECONDS: Final = 5
"""How long requests under way may take to finish when the gateway stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a gateway and a worker have in common."""

    store: OrderStore
    backends: Backends
    engine: Engine
    fulfilment: TemporalFulfilment
    ordering: Ordering


def serve(settings: Settings) -> None:
    """Run a gateway until SIGTERM or SIGINT. Raises CannotStart."""
    _run(_serve(settings))


def run_worker(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT. Raises CannotStart."""
    _run(_work(settings))


def _run(main: Coroutine[object, object, None]) -> None:
    # the loop that uvicorn would choose, for the worker too
    with asyncio.Runner(loop_factory=uvicorn.Config("", loop="auto").get_loop_factory()) as runner:
        runner.run(main)


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
        backends = await stack.enter_async_context(connect(_backend_configs(settings)))
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
            ),
        )


def _rules(settings: Settings) -> Rulebooks:
    try:
        return Rulebooks(settings.rules_dir, OPERATIONS)
    except BadRules as error:
        raise CannotStart(f"ORDERWAY_RULES_DIR: {error}") from error


@asynccontextmanager
async def _beside(*upkeep: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """These go on while the context is entered."""
    tasks = [asyncio.create_task(one) for one in upkeep]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _task_policy(settings: Settings) -> TaskPolicy:
    return TaskPolicy(
        attempts=settings.tasks.attempts,
        first_pause=timedelta(seconds=settings.tasks.first_pause),
        first_poll=timedelta(seconds=settings.tasks.first_poll),
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
            lanes={n: settings.backend(n).concurrency if n in BACKENDS else OWN_CONCURRENCY for n in LANES},
        )
    except EngineUnreachable as error:
        raise CannotStart(f"ORDERWAY_TEMPORAL_ADDRESS: no Temporal at {settings.temporal_address}: {error}") from error


async def _serve(settings: Settings) -> None:
    async with parts(settings, needs_temporal=False) as p, Feed(p.store) as feed, _beside(p.ordering.rules.watch()):
        reading = Reading(p.store, feed)
        development_key = DevelopmentKey.load_or_create(settings.data_dir) if settings.development_tokens else None
        verifier = TokenVerifier(
            [Issuer(issuer, jwks) for issuer, jwks in settings.jwt_issuers.items()],
            audience=settings.jwt_audience,
            clock_skew=timedelta(seconds=settings.jwt_clock_skew),
            fetch=fetch,
            development_key=development_key,
        )

        def make_context(actor: Actor, _: RequestFacts) -> Context:
            loaders = Loaders(p.backends, reading, actor)
            return Context(actor, p.ordering, reading, loaders, settings.limits.page_size, settings.limits.batch_lines)

        app = create_app(
            schema,
            authenticate=verifier.authenticate,
            make_context=make_context,
            readiness=lambda: readiness(p),
            limits=Limits(
                body_bytes=settings.limits.body_bytes,
                tokens=settings.limits.tokens,
                depth=settings.limits.depth,
                aliases=settings.limits.aliases,
            ),
            explain=explain,
            routes=[
                *listener_routes(p.backends, p.fulfilment),
                Route(batches.PATH, _upload(verifier, p.ordering, settings.limits.batch_lines), methods=["POST"]),
            ],
            body_bytes_at={batches.PATH: settings.limits.batch_bytes},
            allowed_origins=settings.allowed_origins,
            graphiql=GraphiQLPage(token=_page_token(development_key), examples=tuple(examples())),
        )
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        await _DrainingServer(config, app).serve()


def _upload(verifier: TokenVerifier, ordering: Ordering, most_lines: int) -> Callable[[Request], Awaitable[Response]]:
    async def take(actor: Actor, key: str, lines: Sequence[Line]) -> batches.Taken | batches.Turned:
        ask = PlaceOrders(idempotency_key=key, lines=tuple(lines))
        match await place_orders(ordering, actor, ask, most=most_lines):
            case BatchTaken(batch, replayed):
                return batches.Taken(
                    key=batch.id, line_count=batch.line_count, refused_count=batch.refused_count, replayed=replayed
                )
            case refusal:
                conflict = isinstance(refusal, IdempotencyConflict)
                return batches.Turned(message=refusal.message, code=refusal.code.name, conflict=conflict)

    return batches.BatchUpload(verifier.authenticate, read_line, take, explain, most_lines=most_lines).__call__


class _DrainingServer(uvicorn.Server):
    """Tells subscribers to go elsewhere before it lets go of the port."""

    def __init__(self, config: uvicorn.Config, app: Starlette) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        await drain(self._app)
        await super().shutdown(sockets)


def _page_token(key: DevelopmentKey | None) -> str | None:
    """The token that GraphiQL is opened with, in development only."""
    actor = Actor(subject="developer-1", role=Role.DEVELOPER, channel="online")
    return key.mint(actor, PAGE_TOKEN_FOR) if key else None


def examples() -> list[Example]:
    """The example operations, in the order of their file names; variables stand beside the document."""
    folder = resources.files("app.examples")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".graphql"))
    return [
        Example(
            name=name.removesuffix(".graphql").split("-", 1)[1].replace("-", " "),
            document=(folder / name).read_text(),
            variables=orjson.loads((folder / name.replace(".graphql", ".json")).read_bytes()),
        )
        for name in names
    ]


async def readiness(p: Parts) -> Readiness:
    """Store and Temporal are needed to be ready; a backend that is away only takes its own part with it."""
    store, temporal, probes = await asyncio.gather(
        _store_health(p.store),
        _engine_health(p.engine),
        asyncio.gather(*(http.probe() for http in p.backends.http.values())),
    )
    health = p.backends.health()
    backends = {
        name: {
            "status": (Status.UP if reachable else Status.DOWN).value,
            "breaker": health[name].breaker.value,
            "inFlight": health[name].in_flight,
            "lastFailure": health[name].last_failure,
        }
        for name, reachable in zip(p.backends.http, probes, strict=True)
    }
    return Readiness(
        {
            "store": store,
            "temporal": temporal,
            "backends": Dependency(
                status=Status.UP if all(probes) else Status.DEGRADED, required=False, detail=backends
            ),
        }
    )


async def _store_health(store: OrderStore) -> Dependency:
    try:
        await store.ping()
    except StoreUnavailable:
        return Dependency(Status.DOWN)
    return Dependency(Status.UP)


async def _engine_health(engine: Engine) -> Dependency:
    # orders can be taken without Temporal, and are started when it is back: so it does not make the gateway unready
    return Dependency(Status.UP if await engine.answers() else Status.DOWN, required=False)


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with parts(settings, needs_temporal=True) as p:
        policy = DraftPolicy(days=settings.drafts.days, notice_days=settings.drafts.notice_days)
        upkeep = keep_up(p.ordering, settings.callback_url, policy)
        async with _beside(upkeep, p.ordering.rules.watch()), p.engine.worker(p.ordering):
            await stop.wait()
