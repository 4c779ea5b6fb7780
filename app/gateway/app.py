"""Puts the gateway together: one Starlette application."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from app import metrics
from app.gateway import health
from app.gateway.callback import Callbacks, Routers
from app.gateway.clients import Throttle
from app.gateway.documents import Documents
from app.gateway.edge import Edge
from app.gateway.errors import Explain
from app.gateway.execution.executor import Executor
from app.gateway.graphiql import STATIC, Assets, GraphiQLPage, Page
from app.gateway.health import Readiness
from app.gateway.http import LAST_EVENT_ID, Authenticate, GraphQLOverHTTP
from app.gateway.limits import Limits
from app.gateway.observer import Observer
from app.gateway.operations import MakeContext, Operations
from app.gateway.persisted import Lookup, Persisted
from app.gateway.sse import TOKEN_HEADER, EventStreams
from app.gateway.streaming import OpenStreams
from app.gateway.websocket import GraphQLOverWebSocket
from connectors.base import CORRELATION_HEADER

PATH: Final = "/graphql"
BROWSER_HEADERS: Final = (
    "Authorization",
    CORRELATION_HEADER,
    "traceparent",
    "tracestate",
    TOKEN_HEADER,
    LAST_EVENT_ID,
    *(f"{prefix}-client-{fact}" for prefix in ("graphql", "apollographql") for fact in ("name", "version")),
)
"""Headers that a page of an allowed origin may send, beside those that every page may."""

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of a running gateway; `app.state.gateway` is this."""

    documents: Documents
    websockets: GraphQLOverWebSocket
    streams: OpenStreams
    event_streams: EventStreams
    callbacks: Callbacks

    def watch(self) -> None:
        """Let the metrics show how this gateway does."""
        documents, websockets = self.documents, self.websockets
        metrics.watch(
            {
                "orderway_document_lookups_total": lambda: [(("hit",), documents.hits), (("miss",), documents.misses)],
                "orderway_documents_kept": lambda: metrics.one(documents.kept),
                "orderway_connections_open": lambda: metrics.one(websockets.connections + self.streams.open),
                "orderway_callbacks_open": lambda: metrics.one(self.callbacks.open),
            }
        )


def create_app(
    schema: strawberry.Schema,
    *,
    authenticate: Authenticate,
    make_context: MakeContext,
    readiness: Callable[[], Awaitable[Readiness]],
    limits: Limits,
    throttle: Throttle | None = None,
    introspection_roles: Collection[str] | None = None,
    explain: Explain = lambda _: None,
    persisted: Persisted = Persisted(),  # noqa: B008 - a frozen value
    routes: Sequence[BaseRoute] = (),
    body_limit_at: Mapping[str, str] = MappingProxyType({}),
    allowed_origins: Sequence[str] = (),
    routers: Routers | None = None,
    graphiql: GraphiQLPage | None = None,
    slow_seconds: float = 1.0,
    traced: bool = False,
    lifespan: Lifespan | None = None,
    compiled: bool = True,
) -> Starlette:
    """The gateway as an ASGI application.

    `/graphql` answers GET, POST, event streams (graphql-sse, multipart) and WebSocket (graphql-transport-ws), and
    calls those of `routers` back that wish for it;
    `/health/live` and `/health/ready` need no token; `routes` are served beside them under the same headers,
    correlation id and body limit, but for the paths in `body_limit_at`, which have a limit of another name.
    `throttle` is what clients spend from, when `routes` charge them, too.
    `allowed_origins` are the web origins that may call from a browser besides the gateway's own ("*": all). `graphiql`
    None: no page. `introspection_roles` may ask for the schema and are told what they may have meant; None: everybody.
    A query or mutation that takes longer than `slow_seconds` is logged; `traced`: operations have spans. `compiled`
    False: graphql-core executes every operation. Call
    `await drain(app)` before the server stops, so that subscribers are told to go elsewhere and readiness turns to 503.

    `persisted` says how requests may name their documents.

    Raises ValueError when the schema has extensions: the gateway executes without Strawberry's extension hooks.
    """
    executor = Executor(schema, compiled=compiled)
    documents = Documents(executor.schema, limits)
    lookup = Lookup(documents, persisted, characters=limits.cached_characters)
    for operation in lookup.trusted():
        executor.prepare(operation)
    observer = Observer(slow_seconds=slow_seconds, traced=traced)
    throttle = throttle or Throttle(limits)
    operations = Operations(executor, lookup, make_context, explain, limits, throttle, observer, introspection_roles)
    page = Page(graphiql) if graphiql else None
    streams = OpenStreams(limits.heartbeat_seconds)
    event_streams = EventStreams(operations, limits)
    callbacks = Callbacks(operations, routers)
    http = GraphQLOverHTTP(operations, authenticate, page, streams, event_streams, callbacks, limits)
    websockets = GraphQLOverWebSocket(operations, authenticate, limits, allowed_origins)

    async def live(_: Request) -> Response:
        return health.live()

    async def ready(_: Request) -> Response:
        return await health.ready(readiness, draining=websockets.draining)

    app = Starlette(
        routes=[
            Route(PATH, http),
            WebSocketRoute(PATH, websockets.__call__),
            Route("/health/live", live),
            Route("/health/ready", ready),
            *([Mount("/graphiql", Assets(directory=STATIC))] if page else []),
            *routes,
        ],
        middleware=[
            *([_cors(allowed_origins)] if allowed_origins else []),
            Middleware(Edge, limits=limits, body_limit_at=body_limit_at, served_at={PATH: http}),
        ],
        lifespan=lifespan,
    )
    app.state.gateway = gateway = Gateway(documents, websockets, streams, event_streams, callbacks)
    observer.watch()
    gateway.watch()
    return app


def _cors(origins: Sequence[str]) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("GET", "POST", "PUT", "DELETE"),
        allow_headers=BROWSER_HEADERS,
        expose_headers=(CORRELATION_HEADER,),
    )


async def drain(app: Starlette) -> None:
    """Take no new WebSocket, report not ready, close every WebSocket with 1001, end every event stream and callback.

    Repeatable.
    """
    gateway: Gateway = app.state.gateway
    await asyncio.gather(gateway.websockets.drain(), gateway.streams.drain(), gateway.callbacks.drain())
