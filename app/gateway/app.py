"""Puts the gateway together: one Starlette application."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import strawberry
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from app.domain.actor import Actor
from app.gateway.graphiql import GraphiQLPage
from app.gateway.health import Readiness
from app.gateway.limits import Limits
from app.security.identity import Identity


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the gateway knows of one operation, for the context of its resolvers."""

    correlation_id: str
    operation_name: str | None


Authenticate = Callable[[str | None], Awaitable[Identity]]
"""From a bearer token (None: the request had none) to who calls. Raises NotAuthenticated."""
MakeContext = Callable[[Actor, RequestFacts], object]
"""The context of one operation: what resolvers see as `info.context`. Loaders in it live as long as the operation."""
Explain = Callable[[BaseException], GraphQLError | None]
"""From an exception of a resolver to what the client is told (with `extensions.code`); None: it stays internal."""
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def create_app(
    schema: strawberry.Schema,
    *,
    authenticate: Authenticate,
    make_context: MakeContext,
    readiness: Callable[[], Awaitable[Readiness]],
    explain: Explain = lambda _: None,
    routes: Sequence[BaseRoute] = (),
    limits: Limits = Limits(),
    allowed_origins: Sequence[str] = (),
    graphiql: GraphiQLPage | None = None,
    lifespan: Lifespan | None = None,
) -> Starlette:
    """The gateway as an ASGI application.

    `/graphql` answers GET, POST and WebSocket (graphql-transport-ws); `/health/live` and `/health/ready` need no
    token; `routes` are served beside them under the same body limit and headers. `allowed_origins` are the web
    origins that may call from a browser besides the gateway's own ("*": all). `graphiql` None: no page is served.
    Call `await drain(app)` before the server stops, so that WebSocket clients are told to go elsewhere (close
    code 1001) and readiness turns to 503.

    Raises ValueError when the schema has extensions: the gateway executes without Strawberry's extension hooks.
    """
    raise NotImplementedError


async def drain(app: Starlette) -> None:
    """Take no new WebSocket operations, report not ready, close every WebSocket with 1001. Repeatable."""
    raise NotImplementedError
