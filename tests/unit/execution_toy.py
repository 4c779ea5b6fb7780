"""A schema in which everything can go wrong, by chance but the same way each time: what a field gives follows from a
seed, its name and the thing it is asked of."""

import asyncio
import enum
import math
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Annotated, Any, Final

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig

from app.relation import Relation
from resolvers.scalars import SCALARS

MOST_TICKS: Final = 3


class Broken(Exception):
    """What the toy's resolvers raise."""


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Thing:
    """What fields are asked of. Its attributes are made up when they are read."""

    def __init__(self, world: "World", key: str) -> None:
        self.world = world
        self.key = key


@dataclass
class World:
    """How things are in one execution, and what was asked of it. `trouble`: how much goes wrong, from 0 to 1."""

    seed: int
    trouble: float
    asked: Counter[str] = field(default_factory=Counter)
    batches: list[list[str]] = field(default_factory=list)
    begun: int = 0
    ended: int = 0

    def __post_init__(self) -> None:
        self.things: DataLoader[str, Any] = DataLoader(load_fn=self._load)

    def chance(self, *what: object) -> Random:
        """Chance that is the same whenever the same is asked."""
        return Random(f"{self.seed} {what}")

    async def _load(self, keys: list[str]) -> list[Any]:
        self.batches.append(sorted(keys))
        await asyncio.sleep(0)
        return [self.give(("load", key), lambda _, key=key: Thing(self, key)) for key in keys]

    def give(self, what: object, good: Any, *, raises: bool = False) -> Any:
        """Something good; or null, an exception or nonsense."""
        chance = self.chance(what)
        if chance.random() < self.trouble:
            bad: Any = chance.choice(
                [
                    None,
                    None,
                    Broken(f"broken {what}"),
                    GraphQLError(f"wrong {what}", extensions={"code": "X"}),
                    object,
                    {},
                ]
            )
            if raises and isinstance(bad, Exception):
                raise bad
            return bad
        return good(chance)

    async def slowly(self, what: object, good: Any) -> Any:
        """The same after a while."""
        self.begun += 1
        try:
            for _ in range(self.chance("ticks", what).randrange(MOST_TICKS)):
                await asyncio.sleep(0)
        finally:
            self.ended += 1
        return self.give(what, good, raises=True)


LEAVES: Final = {
    "text": lambda c: c.choice(["", "Zürich", "x" * 20]),
    "number": lambda c: c.choice([0, -5, 2**31 - 1, 2**31, True, 3.0, 3.5, "7"]),
    "ratio": lambda c: c.choice([0.5, -1.0, math.nan, math.inf, 3, "2.5"]),
    "flag": lambda c: c.choice([True, False, 1, 0, "no"]),
    "colour": lambda c: c.choice([Colour.RED, Colour.GREEN, "red", "pink"]),
    "at": lambda c: datetime(2026, 1, c.randrange(1, 28), tzinfo=UTC),
    "price": lambda c: Decimal(c.choice(["1.50", "0", "-3"])),
    "tags": lambda c: c.choice([[], ["a", None, 5], ("b",), {"c"}, "no list", iter(["d"])]),
    "grid": lambda c: c.choice([[[1, 2], [3]], [[], None], [None, [2**40]]]),
}
NOT_NULL: Final = ("text", "number", "colour", "price")


def _leaf(name: str) -> Any:
    def read(self: Thing) -> Any:
        value = self.world.give((name, self.key), LEAVES[name])
        if isinstance(value, Broken):
            raise value
        return value

    return property(read)


for _name in LEAVES:
    setattr(Thing, _name, _leaf(_name))


def _child(self: Thing) -> Any:
    return self.world.give(("child", self.key), lambda _: Thing(self.world, f"{self.key}c"))


def _children(self: Thing) -> Any:
    def good(chance: Random) -> Any:
        made = [Thing(self.world, f"{self.key}{n}") for n in range(chance.randrange(4))]
        match chance.randrange(4):
            case 0:
                return made
            case 1:
                return tuple(made)
            case 2:
                return [*made, None]
            case _:
                return [*made, self.world.slowly(("member", self.key), lambda _: Thing(self.world, f"{self.key}m"))]

    return self.world.give(("children", self.key), good)


for _name, _read in {
    "child": _child, "required_child": _child,
    "children": _children, "required_children": _children, "maybe_children": _children,
}.items():  # fmt: skip
    setattr(Thing, _name, property(_read))

Info = strawberry.Info[World, None]


def note(info: Info, of: Any, *more: object) -> None:
    """Remember that a field was asked for, with all that its resolver is told."""
    selected = sorted(
        getattr(one, "alias", None) or getattr(one, "name", "...") or "..."
        for s in info.selected_fields
        for one in s.selections
    )
    told = [
        info.field_name,
        getattr(of, "key", None),
        info.path.as_list(),
        more,
        selected,
        sorted(info.variable_values.items()),
        str(info.return_type),
        info.python_name,
    ]
    info.context.asked[repr(told)] += 1


class Shout(FieldExtension):
    """An extension that wraps the resolver."""

    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        value = next_(source, info, **kwargs)
        return value.upper() if isinstance(value, str) else value


class Sometimes(BasePermission):
    message = "Not you."

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        return bool(info.context.chance("permission", source.key).random() < 0.7)


@strawberry.input
class Wish:
    text: str = "none"
    numbers: list[int] | None = None
    inner: "Wish | None" = None


@strawberry.interface
class Named:
    text: str

    @strawberry.field
    def named_by(self) -> str | None:
        return "interface"


def _later(name: str) -> Any:
    async def resolve(root: strawberry.Parent[Thing], info: Info) -> Any:
        note(info, root)
        return await info.context.slowly((name, root.key), lambda _: Thing(info.context, root.key + name[0]))

    return resolve


def _loaded(root: strawberry.Parent[Thing], info: Info) -> Awaitable[Any]:
    note(info, root)
    return info.context.things.load(f"shared{len(root.key) % 3}")


def _related(*names: str) -> Relation:
    """What is loaded under one of few keys, of which some are none and one cannot be one."""

    def key(root: Thing) -> Any:
        found = root.world.chance("key", root.key).choice([*names, "", None, ["no key"], "no attribute"])
        return getattr(root, found) if found == "no attribute" else found

    return Relation(lambda world: world.things, key)


def _wished(
    root: strawberry.Parent[Thing], info: Info, wish: Wish, colour: Colour | None = None, times: int = 2
) -> Any:
    note(info, root, repr(wish), repr(colour), times)
    wish.text += "!"  # a resolver may change what is its own
    return info.context.give(
        ("wished", root.key), lambda _: [Thing(info.context, f"{root.key}w{n}") for n in range(times)], raises=True
    )


def _anything(root: strawberry.Parent[Thing], info: Info) -> Any:
    note(info, root)
    kinds = (Left, Right, Thing)
    return info.context.give(("any", root.key), lambda c: c.choice(kinds)(info.context, root.key + "a"))


def _some(root: strawberry.Parent[Thing], info: Info) -> Any:
    note(info, root)
    kinds = (Left, Right)
    return info.context.give(
        ("some", root.key), lambda c: [c.choice(kinds)(info.context, f"{root.key}s{n}") for n in range(c.randrange(4))]
    )


async def _streamed(root: strawberry.Parent[Thing], info: Info) -> AsyncGenerator[Any, None]:
    for n in range(3):
        await asyncio.sleep(0)
        yield info.context.give(
            ("streamed", root.key, n), lambda _, n=n: Thing(info.context, f"{root.key}y{n}"), raises=True
        )


def _stream(root: strawberry.Parent[Thing], info: Info) -> Any:
    return _streamed(root, info)


def _again(root: strawberry.Parent[Thing]) -> Any:
    return root


def _generated(root: strawberry.Parent[Thing], info: Info) -> Iterator[Any]:
    return (Thing(info.context, f"{root.key}g{n}") for n in range(2))


class Left(Thing):
    pass


class Right(Thing):
    pass


def resolved(type_: Any, resolver: Any, **more: Any) -> Any:
    return strawberry.field(resolver=resolver, graphql_type=type_, **more)


@strawberry.type
class Thin:
    """Only attributes: what is asked of it follows from it alone."""

    key: str
    number: int
    ratio: float | None
    colour: Colour | None


@strawberry.type(name="Left")
class LeftType(Named):
    key: str
    flag: bool | None

    @classmethod
    def is_type_of(cls, value: Any, _: Any) -> bool:
        return isinstance(value, Left)


@strawberry.type(name="Right")
class RightType(Named):
    key: str
    number: int
    again = resolved("RightType | None", _again)

    @classmethod
    async def is_type_of(cls, value: Any, _: Any) -> bool:
        await asyncio.sleep(0)
        return isinstance(value, Right)


@strawberry.type(name="Thing")
class ThingType:
    key: str
    text: str
    number: int
    ratio: float | None
    flag: bool | None
    colour: Colour
    at: datetime | None
    price: Decimal
    tags: list[str | None] | None
    grid: list[list[int] | None] | None
    child: "ThingType | None"
    required_child: "ThingType"
    children: list["ThingType | None"]
    required_children: list["ThingType"]
    maybe_children: list["ThingType"] | None
    later = resolved("ThingType | None", _later("later"))
    surely = resolved("ThingType", _later("surely"))
    loaded = resolved("ThingType | None", _loaded)
    thin = resolved(Thin | None, _loaded)
    related = resolved("ThingType | None", _related("shared0", "shared1"))
    surely_related = resolved("ThingType", _related("shared0", "shared1", "other", "other2", "other3"))
    thinly_related = resolved(Thin | None, _related("shared0", "shared1"))
    wished = resolved(list["ThingType | None"] | None, _wished)
    named = resolved(Named | None, _anything)
    some = resolved(list[Named], _some)
    either = resolved(Annotated[LeftType | RightType, strawberry.union("Either")] | None, _anything)
    stream = resolved(list["ThingType | None"] | None, _stream)
    generated = resolved(list["ThingType"] | None, _generated)
    again = resolved("ThingType", _again)
    loud = resolved(str | None, lambda root: root.text, extensions=[Shout()])
    guarded = resolved(str | None, lambda root: root.text, permission_classes=[Sometimes])


def _root(info: Info, key: str = "r") -> Any:
    note(info, None, key)
    return info.context.give(("root", key), lambda _: Thing(info.context, key), raises=True)


async def _root_later(info: Info, key: str = "l") -> Any:
    note(info, None, key)
    return await info.context.slowly(("root", key), lambda _: Thing(info.context, key))


@strawberry.type
class Query:
    thing = resolved(ThingType | None, _root)
    later = resolved(ThingType | None, _root_later)
    surely = resolved(ThingType, _root_later)


@strawberry.type
class Mutation:
    change = resolved(ThingType | None, _root_later)
    change_surely = resolved(ThingType, _root_later)
    change_now = resolved(ThingType, _root)


SCHEMA: Final = strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS))
