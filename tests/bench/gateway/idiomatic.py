"""`python -m tests.bench.gateway.idiomatic <port>`: the shop as most would write it with Strawberry, as a measure.

Strawberry's own view, its types as dataclasses, `async def` resolvers, the standard library's JSON.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import aiohttp
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.utils.str_converters import to_camel_case

from app.parts import run
from tests.bench.gateway.shop import CustomerType, ItemLeaves, OfferingType, OrderLeaves, State

T = TypeVar("T")


@dataclass
class Context:
    """What one operation reads with."""

    session: aiohttp.ClientSession

    def __post_init__(self) -> None:
        self.customers = self._by_id("customers", CustomerType)
        self.offerings = self._by_id("offerings", OfferingType)

    async def get(self, path: str) -> Any:
        """What is there."""
        async with self.session.get(path) as answer:
            return await answer.json()

    def _by_id(self, path: str, type_: type[T]) -> DataLoader[str, T | None]:
        async def load(keys: list[str]) -> list[T | None]:
            found = {row["id"]: made(type_, row) for row in await self.get(f"/{path}?id.in={','.join(keys)}")}
            return [found.get(key) for key in keys]

        return DataLoader(load_fn=load)


Info = strawberry.Info[Context, None]


@strawberry.type(name="OrderItem")
class Item(ItemLeaves):
    offering_id: strawberry.Private[str]

    @strawberry.field
    async def offering(self, info: Info) -> OfferingType | None:
        return await info.context.offerings.load(self.offering_id)


@strawberry.type(name="Order")
class Order(OrderLeaves):
    customer_id: strawberry.Private[str]
    items: list[Item]

    @strawberry.field
    async def customer(self, info: Info) -> CustomerType | None:
        return await info.context.customers.load(self.customer_id)


def made(type_: type[T], row: dict[str, Any], **others: object) -> T:
    """A value of this type out of what the backend sent."""
    wanted = fields(type_)  # type: ignore[arg-type]  # strawberry.type makes dataclasses, its annotation does not say so
    values = {f.name: row[to_camel_case(f.name)] for f in wanted if f.init and f.name not in others}
    if "state" in values:
        values["state"] = State(values["state"])
    return type_(**values, **others)


def order(row: dict[str, Any]) -> Order:
    """An order with its items."""
    return made(Order, row, items=[made(Item, item) for item in row["items"]])


@strawberry.type
class Query:
    @strawberry.field
    async def hello(self) -> str:
        return "world"

    @strawberry.field
    async def orders(self, info: Info, first: int = 50) -> list[Order]:
        return [order(row) for row in await info.context.get(f"/orders?limit={first}")]

    @strawberry.field
    async def order(self, info: Info, id: strawberry.ID) -> Order | None:
        return order(await info.context.get(f"/orders/{id}"))


class View(GraphQL[Context, None]):
    """Strawberry's view; each operation has loaders of its own."""

    session: aiohttp.ClientSession

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """The context of one operation."""
        return Context(self.session)


async def serve(port: int) -> None:
    """Serve until killed."""
    view = View(strawberry.Schema(Query))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(os.environ["BACKEND"]) as view.session:
            yield

    app = Starlette(routes=[Route("/graphql", view)], lifespan=lifespan)
    await uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False)).serve()


if __name__ == "__main__":
    run(serve(int(sys.argv[1])))
