"""What a router of Apollo Federation asks a subgraph: its schema, and entities by what others know of them."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry import argument
from strawberry.types.scalar import ScalarDefinition

from resolvers.context import Info
from resolvers.ids import key_of
from resolvers.queries.nodes import find
from resolvers.subgraph import ENTITIES, subgraph_sdl
from resolvers.types.customer import Customer, Product
from resolvers.types.offering import ProductOffering
from resolvers.types.order import ProductOrder

Entity = Annotated[
    Customer | Product | ProductOffering | ProductOrder,
    strawberry.union("_Entity", description="What other subgraphs can refer to by its key (Apollo Federation)."),
]
Representation = NewType("Representation", object)
ANY: Final[Mapping[object, ScalarDefinition]] = {
    Representation: strawberry.scalar(
        name="_Any",
        description="The key of an entity as another subgraph knows it: an object with `__typename` and `id`.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    )
}
"""The scalar of Apollo Federation."""


@strawberry.type(name="_Service", description="This graph as a subgraph (Apollo Federation).")
class Service:
    sdl: str = strawberry.field(description="Its schema with the directives of federation, for composers.")


async def service(info: Info) -> Service:
    return Service(sdl=await asyncio.to_thread(subgraph_sdl, info.schema))


async def entities(
    info: Info,
    representations: Annotated[
        list[Representation],
        argument(description="Which ones: objects with `__typename`, and with `id`: the opaque id or the plain key."),
    ],
) -> list[object]:
    """One loader's call for all entities of a type; what cannot be found or read is an error of its own place only."""
    return list(await asyncio.gather(*(_entity(info, one) for one in representations), return_exceptions=True))


async def _entity(info: Info, representation: object) -> object:
    given = representation if isinstance(representation, dict) else {}
    kind, id_ = given.get("__typename"), given.get("id")
    if kind not in ENTITIES:
        raise _bad(f"__typename is not one of {', '.join(sorted(ENTITIES))}.")
    if not isinstance(id_, str):
        raise _bad("id is not a string.")
    return await find(info.context, kind, key_of(id_, kind))


def _bad(why: str) -> GraphQLError:
    return GraphQLError(f"representations: {why}", extensions={"code": "BAD_USER_INPUT"})
