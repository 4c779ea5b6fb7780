"""Composition of a gateway, which serves the graph."""

import asyncio
import gc
import resource
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from importlib import resources
from socket import socket
from typing import Final

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app import metrics, telemetry
from app.cannot_start import CannotStart
from app.documents import persisted
from app.domain.actor import Actor, Role
from app.domain.audit import AuditOutcome
from app.domain.webhook import WebhookPolicy, may_be_called
from app.gateway import batches
from app.gateway.app import Gateway, create_app, drain
from app.gateway.callback import Routers
from app.gateway.clients import Throttle
from app.gateway.graphiql import Example, GraphiQLPage
from app.gateway.health import Readiness
from app.gateway.hub import Hub
from app.gateway.operations import RequestFacts
from app.monitor import monitored, readiness
from app.orchestration.listener import listener_routes
from app.ordering.audit import Audit, Trail
from app.ordering.batch import BatchTaken, Line, PlaceOrders, place_orders
from app.ordering.ordering import Ordering
from app.ordering.outcomes import IdempotencyConflict, ValidationFailed
from app.ordering.reading import Reading
from app.parts import Parts, beside, parts, renewed_backends, run
from app.reload import Commit, Live, Reload
from app.security.tokens import DevelopmentKey, Issuer, TokenVerifier
from app.settings.model import LimitSettings, Settings
from app.store.feed import Feed
from connectors.base import correlation_id, fetch
from connectors.webhook import Post, posts
from resolvers.context import Context
from resolvers.errors import code_of, explain
from resolvers.loaders import Loaders
from resolvers.schema import schema
from resolvers.upload import read_line

PAGE_TOKEN_FOR: Final = timedelta(hours=12)
KEEP_ALIVE_SECONDS: Final = 75
"""How long an idle connection is kept: longer than load balancers do, so that they never send into a closed one."""
LIVE: Final = (
    *(f"ORDERWAY_LIMITS__{name.upper()}" for name in LimitSettings.model_fields if name != "idempotency_days"),
    "ORDERWAY_JWT_*",
    "ORDERWAY_ALLOWED_ORIGINS",
    "ORDERWAY_CALLBACK_ORIGINS",
    "ORDERWAY_INTROSPECTION_ROLES",
    "ORDERWAY_MONITORING__SLOW_SECONDS",
)
"""Settings that a gateway takes up while it runs, beside those of backends."""
ROUTERS_MAY_BE: Final = WebhookPolicy(private=True)
"""Routers are near: their origins are the operator's own word. Link-local addresses are not called even so."""
GARBAGE: Final = (20_000, 20, 20)
"""When garbage is looked for. Thousands of open subscriptions are objects that stay: Python's own (700, 10, 10) would
look through all of them several times while one event is told."""


def serve(settings: Settings, read: Callable[[], Settings]) -> None:
    """Run a gateway until SIGTERM or SIGINT; SIGHUP has it `read` its settings again. Raises CannotStart."""
    gc.set_threshold(*GARBAGE)
    _allow_connections()
    run(_serve(settings, read))


def _allow_connections() -> None:
    """As many open connections as the system lets us have; the usual soft limit is far below that."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY in (soft, most) or soft == most:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(settings: Settings, read: Callable[[], Settings]) -> None:
    async with (
        parts(settings, needs_temporal=False) as p,
        Feed(p.store) as feed,
        Audit(p.store.audit, p.ordering.clock, p.ordering.new_id) as audit,
        posts(partial(may_be_called, policy=ROUTERS_MAY_BE)) as post,
        beside(p.ordering.rules.watch()),
    ):
        served = _Served(settings, p, feed, audit, post)
        config = uvicorn.Config(
            served,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ws_per_message_deflate=False,  # events are small: it would cost more time and memory than it saves
            timeout_graceful_shutdown=settings.drain_seconds,
        )
        reload = Reload(settings, read, [renewed_backends(p.backends), Live(LIVE, served.prepare)])
        async with monitored(settings.monitoring, served.ready, lambda: served.draining):
            with reload.at_hangup():
                await _DrainingServer(config, served).serve()


class _Served:
    """The application that takes requests; one before it finishes what it has begun."""

    def __init__(self, settings: Settings, p: Parts, feed: Feed, audit: Audit, post: Post) -> None:
        self._parts = p
        self._feed = feed
        self._audit = audit
        self._post = post
        self._settings = settings
        self._app = self._application(settings)
        self._leaving: set[asyncio.Task[None]] = set()
        metrics.watch({"orderway_feed_position": lambda: metrics.one(feed.position)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @property
    def draining(self) -> bool:
        """Whether nothing more is to be sent here."""
        gateway: Gateway = self._app.state.gateway
        return gateway.websockets.draining

    async def ready(self) -> Readiness:
        """How a gateway and what it needs do."""
        p = self._parts
        return await readiness(p.store, p.engine, p.backends, needs_engine=False)

    def prepare(self, settings: Settings) -> Commit:
        """What puts these settings into force. Subscribers are told to connect again, as other rules hold then."""
        lasting = {"data_dir": self._settings.data_dir, "development_tokens": self._settings.development_tokens}
        app = self._application(settings.model_copy(update=lasting))

        def commit() -> None:
            leaving = asyncio.create_task(drain(self._app))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
            self._app = app

        return commit

    async def drain(self) -> None:
        """Tell all subscribers to go elsewhere."""
        await asyncio.gather(drain(self._app), *self._leaving)

    def _application(self, settings: Settings) -> Starlette:
        """The gateway by these settings. Raises CannotStart."""
        p, feed, audit = self._parts, self._feed, self._audit
        reading = Reading(p.store, feed, lambda: p.ordering.rulebook().dealers)
        development_key = DevelopmentKey.load_or_create(settings.data_dir) if settings.development_tokens else None
        verifier = TokenVerifier(
            [Issuer(issuer, jwks) for issuer, jwks in settings.jwt_issuers.items()],
            audience=settings.jwt_audience,
            clock_skew=timedelta(seconds=settings.jwt_clock_skew),
            fetch=fetch,
            development_key=development_key,
        )

        def make_context(actor: Actor, facts: RequestFacts) -> Context:
            return Context(
                actor=actor,
                ordering=p.ordering,
                reading=reading,
                loaders=Loaders(p.backends, reading, actor),
                page_size=settings.limits.page_size,
                batch_lines=settings.limits.batch_lines,
                audit=audit,
                trail=Trail(audit, actor, facts.operation_name, facts.correlation_id),
                resume_after=facts.resume_after,
            )

        body_seconds = settings.limits.body_seconds
        throttle = Throttle(settings.limits)
        hub = Hub(verifier.authenticate, p.ordering, audit, explain, code_of, throttle, body_seconds=body_seconds)
        upload = _upload(verifier, p.ordering, audit, throttle, settings.limits)
        return create_app(
            schema,
            authenticate=verifier.authenticate,
            make_context=make_context,
            readiness=self.ready,
            limits=settings.limits,
            throttle=throttle,
            introspection_roles=_introspection_roles(settings),
            explain=explain,
            persisted=persisted(settings),
            routes=[
                *listener_routes(p.backends, p.fulfilment),
                Route(batches.PATH, upload, methods=["POST"]),
                *hub.routes(),
            ],
            body_limit_at={batches.PATH: "batch_bytes"},
            allowed_origins=settings.allowed_origins,
            routers=Routers(settings.callback_origins, self._post) if settings.callback_origins else None,
            compiled=settings.compiled,
            graphiql=GraphiQLPage(token=_page_token(development_key), examples=tuple(examples())),
            slow_seconds=settings.monitoring.slow_seconds,
            traced=telemetry.traces_are_sent(),
        )


def _upload(
    verifier: TokenVerifier, ordering: Ordering, audit: Audit, throttle: Throttle, limits: LimitSettings
) -> Callable[[Request], Awaitable[Response]]:
    async def take(actor: Actor, key: str, lines: Sequence[Line]) -> batches.Taken | batches.Turned:
        ask = PlaceOrders(idempotency_key=key, lines=tuple(lines))
        async with audit.mutation(actor, f"POST {batches.PATH}", code_of, correlation_id=correlation_id.get()) as entry:
            outcome = await place_orders(ordering, actor, ask, most=limits.batch_lines)
            match outcome:
                case BatchTaken(_, replayed=True):
                    entry.outcome = AuditOutcome.REPLAYED
                case IdempotencyConflict() | ValidationFailed():
                    entry.outcome, entry.codes = AuditOutcome.REFUSED, (outcome.code.name,)
        match outcome:
            case BatchTaken(batch, replayed):
                return batches.Taken(
                    key=batch.id, line_count=batch.line_count, refused_count=batch.refused_count, replayed=replayed
                )
            case refusal:
                conflict = isinstance(refusal, IdempotencyConflict)
                return batches.Turned(message=refusal.message, code=refusal.code.name, conflict=conflict)

    return batches.BatchUpload(
        verifier.authenticate,
        read_line,
        take,
        explain,
        throttle,
        most_lines=limits.batch_lines,
        idle_seconds=limits.body_seconds,
    ).__call__


class _DrainingServer(uvicorn.Server):
    """Tells subscribers to go elsewhere before it lets go of the port."""

    def __init__(self, config: uvicorn.Config, served: _Served) -> None:
        super().__init__(config)
        self._served = served

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        await self._served.drain()
        await super().shutdown(sockets)


def _introspection_roles(settings: Settings) -> tuple[str, ...] | None:
    """Who may ask for the schema; None: everybody. Raises CannotStart when a setting names a role that is none."""
    given = {
        "ORDERWAY_INTROSPECTION_ROLES": settings.introspection_roles or (),
        "ORDERWAY_LIMITS__COST_OF_ROLE": settings.limits.cost_of_role,
    }
    for variable, roles in given.items():
        if unknown := set(roles) - set(Role):
            raise CannotStart(f"{variable}: {', '.join(sorted(unknown))} is none of the roles {', '.join(Role)}.")
    if settings.introspection_roles is None:
        return None if settings.development_tokens else (Role.DEVELOPER.value,)
    return settings.introspection_roles


def _page_token(key: DevelopmentKey | None) -> str | None:
    """The token that GraphiQL is opened with, in development only."""
    actor = Actor(subject="developer-1", role=Role.DEVELOPER, channel="online")
    return key.mint(actor, PAGE_TOKEN_FOR) if key else None


def examples() -> list[Example]:
    """The example operations, in the order of their numbers; variables stand beside the document."""
    folder = resources.files("app.examples")
    names = [file.name for file in folder.iterdir() if file.name.endswith(".graphql")]
    names.sort(key=lambda name: int(name.partition("-")[0]))
    return [
        Example(
            name=name.removesuffix(".graphql").split("-", 1)[1].replace("-", " "),
            document=(folder / name).read_text(),
            variables=orjson.loads((folder / name.replace(".graphql", ".json")).read_bytes()),
        )
        for name in names
    ]
