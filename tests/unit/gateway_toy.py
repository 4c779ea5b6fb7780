"""A small schema and a running gateway around it, for the tests of the gateway."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

import aiohttp
import strawberry
import uvicorn
from graphql import GraphQLError
from opentelemetry import propagate
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from strawberry.schema.config import StrawberryConfig

from app.domain.actor import Actor, Role
from app.gateway.app import create_app
from app.gateway.callback import Routers
from app.gateway.graphiql import GraphiQLPage
from app.gateway.health import Dependency, Readiness, Status
from app.gateway.limits import Limits
from app.gateway.operations import RequestFacts
from app.gateway.persisted import Persisted
from app.security.identity import AuthenticationUnavailable, Identity, NotAuthenticated
from connectors import stale
from connectors.base import correlation_id

ADA = Actor(subject="ada", role=Role.AGENT, channel="callCentre")
BOB = Actor(subject="bob", role=Role.DEVELOPER, channel="online")


class Known(Exception):
    """An exception that the toy explains to clients."""


class Hidden(Exception):
    """An exception that the toy does not explain."""


@dataclass
class World:
    """What the toy's resolvers see and leave behind."""

    facts: list[RequestFacts] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    watching: int = 0
    abandoned: int = 0
    slow_may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    healthy: dict[str, Dependency] = field(default_factory=lambda: {"store": Dependency(Status.UP)})

    async def watch(self, by: int) -> None:
        async with self.changed:
            self.watching += by
            self.changed.notify_all()

    async def until_watched_by(self, number: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.watching == number)


@dataclass
class Context:
    actor: Actor
    facts: RequestFacts
    world: World

    def abandon(self) -> None:
        self.world.abandoned += 1


Info = strawberry.Info[Context, None]


@strawberry.input
class Filter:
    text: str = ""
    inner: "Filter | None" = None


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, name: str = "world") -> str:
        return f"Hello {name}"

    @strawberry.field
    async def me(self, info: Info) -> str:
        return info.context.actor.subject

    @strawberry.field
    def again(self) -> "Query":
        return Query()

    @strawberry.field
    async def slow(self, info: Info) -> str:
        """Answers when the world is told so."""
        await info.context.world.watch(+1)
        try:
            await info.context.world.slow_may_answer.wait()
        finally:
            await info.context.world.watch(-1)
        return "at last"

    @strawberry.field
    def three(self) -> list["Query"]:
        return [Query(), Query(), Query()]

    @strawberry.field
    def number(self) -> int:
        return 7

    @strawberry.field
    def search(self, filter: Filter) -> int:
        return len(filter.text)

    @strawberry.field
    def count(self, texts: list[str]) -> int:
        return len(texts)

    @strawberry.field
    async def never(self, info: Info) -> str:
        """Waits until it is given up."""
        await info.context.world.watch(+1)
        try:
            await asyncio.Event().wait()
        finally:
            await info.context.world.watch(-1)
        return ""

    @strawberry.field
    def correlation(self) -> str:
        return correlation_id.get()

    @strawberry.field
    def trace(self) -> str | None:
        """The trace that a call to a backend would carry."""
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return carrier.get("traceparent")

    @strawberry.field
    async def hidden(self) -> str | None:
        raise Hidden("the password is swordfish")

    @strawberry.field
    def required(self) -> str:
        raise Hidden("the password is swordfish")

    @strawberry.field
    def known(self) -> str | None:
        raise Known

    @strawberry.field
    def refused(self) -> str | None:
        raise GraphQLError("Not for you.", extensions={"code": "FORBIDDEN", "why": "role"})

    @strawberry.field
    def old(self) -> str:
        for age in (3.0, 12.4):
            stale.tell("catalog", age)
        return "as it was"

    @strawberry.field
    def uncoded(self) -> str | None:
        raise GraphQLError("select * from secrets")


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def write_slowly(self, info: Info) -> str:
        """Begins, writes when nobody watches any more, and watches again when it has written."""
        await info.context.world.watch(+1)
        await info.context.world.until_watched_by(0)
        info.context.world.written.append("slowly")
        await info.context.world.watch(+1)
        return "slowly"

    @strawberry.mutation
    def write(self, info: Info, text: str) -> str:
        info.context.world.written.append(text)
        return text


@strawberry.type
class Counted:
    number: int
    cursor: str


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def forever(self, info: Info) -> AsyncGenerator[int, None]:
        await info.context.world.watch(+1)
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            await info.context.world.watch(-1)

    @strawberry.subscription
    async def counted(self, info: Info, to: int, after: int = 0) -> AsyncGenerator[Counted, None]:
        """Numbers that a client can come back after."""
        for number in range(int(info.context.facts.resume_after or after) + 1, to + 1):
            yield Counted(number=number, cursor=str(number))

    @strawberry.subscription
    async def breaks(self) -> AsyncGenerator[int, None]:
        yield 1
        raise Hidden("the password is swordfish")


SCHEMA = strawberry.Schema(
    Query, Mutation, Subscription, config=StrawberryConfig(enable_experimental_incremental_execution=True)
)


def explain(error: BaseException) -> GraphQLError | None:
    return GraphQLError("The shop is closed.", extensions={"code": "CLOSED"}) if isinstance(error, Known) else None


async def authenticate(token: str | None) -> Identity:
    """`valid` is Ada's and `bob` Bob's for an hour, `brief` is about to end; a UUID is a client of its own."""
    match token:
        case "valid":
            return Identity(ADA, datetime.now(UTC) + timedelta(hours=1))
        case "bob":
            return Identity(BOB, datetime.now(UTC) + timedelta(hours=1))
        case "brief":
            return Identity(ADA, datetime.now(UTC) + timedelta(milliseconds=50))
        case "outage":
            raise AuthenticationUnavailable("The issuer's keys are out of reach.")
        case "crash":
            raise Hidden("the password is swordfish")
        case str() if len(token) == 36:
            return Identity(ADA, datetime.now(UTC) + timedelta(hours=1), client_id=token)
        case _:
            raise NotAuthenticated("Sign in first.")


class SocketOptions(TypedDict, total=False):
    protocols: tuple[str, ...]
    headers: dict[str, str]


@dataclass
class Toy:
    """A running gateway."""

    app: Starlette
    world: World
    http: aiohttp.ClientSession
    url: str

    async def post(self, query: str, **parameters: object) -> tuple[int, dict[str, object]]:
        async with self.http.post("/graphql", json={"query": query, **parameters}) as answer:
            return answer.status, await answer.json()

    @asynccontextmanager
    async def socket(
        self, token: str | None = "valid", **options: Unpack[SocketOptions]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket after connection_ack; with token None it has said nothing yet."""
        connect: SocketOptions = {"protocols": ("graphql-transport-ws",), **options}
        async with self.http.ws_connect("/graphql", **connect) as ws:
            if token:
                await ws.send_json({"type": "connection_init", "payload": {"token": token}})
                assert await ws.receive_json() == {"type": "connection_ack"}
            yield ws


async def _body_size(request: Request) -> Response:
    return JSONResponse(len(await request.body()))


async def _crash(_: Request) -> Response:
    raise Hidden("the password is swordfish")


@asynccontextmanager
async def running(
    *,
    limits: Limits | None = None,
    routes: Sequence[BaseRoute] = (),
    allowed_origins: Sequence[str] = (),
    routers: Routers | None = None,
    graphiql: GraphiQLPage | None = None,
    persisted: Persisted | None = None,
    signed_in: bool = True,
    introspection_roles: Sequence[str] | None = None,
) -> AsyncIterator[Toy]:
    """The toy behind a real server on a free port; its client is signed in by default."""
    world = World()

    async def readiness() -> Readiness:
        return Readiness(world.healthy)

    app = create_app(
        SCHEMA,
        authenticate=authenticate,
        make_context=lambda actor, facts: Context(actor, facts, _remember(world, facts)),
        readiness=readiness,
        explain=explain,
        routes=[
            Route("/size", _body_size, methods=["POST"]),
            Route("/batch", _body_size, methods=["POST"]),
            Route("/crash", _crash),
            *routes,
        ],
        body_limit_at={"/batch": "batch_bytes"},
        introspection_roles=introspection_roles,
        limits=limits or Limits(cost_shown=False),
        allowed_origins=allowed_origins,
        routers=routers,
        graphiql=graphiql,
        persisted=persisted or Persisted(),
    )
    # the protocol is named, as asyncio turns Nagle's delay off for TCP by that name only
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # connections wait until the server is up
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    headers = {"Authorization": "Bearer valid"} if signed_in else {}
    try:
        async with aiohttp.ClientSession(url, headers=headers) as http:
            yield Toy(app, world, http, url)
    finally:
        server.should_exit = True
        await serving


def _remember(world: World, facts: RequestFacts) -> World:
    if facts.operation_name == "Broken":
        raise Hidden("the password is swordfish")
    world.facts.append(facts)
    return world
