"""How a field is resolved by a function over the value itself, which is the domain's or a connector's."""

from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader

from app.relation import Relation
from resolvers.demand import ListSize, declared
from resolvers.loaders import Loaders


def resolved(
    graphql_type: object,
    resolver: Callable[..., object],
    description: str,
    *,
    name: str | None = None,
    weight: int = 0,
    size: ListSize | None = None,
) -> Any:  # stands for any field
    """A field of this type, resolved by `resolver`.

    The type is given apart, because the resolver's own annotation is what it really returns: a loader's future, or a
    value that is not copied into the graph's type. `name` is given where it is no name in Python. `weight` is what it
    costs each time beside what it gives, `size` how long its list is.
    """
    return strawberry.field(
        resolver=resolver,
        graphql_type=graphql_type,
        description=description,
        name=name,
        directives=declared(weight, size),
    )


def described(value: object) -> Any:  # stands for a value of any type of the graph
    """A value of the domain or of a connector where a type of the graph describes it: it is not copied into that."""
    return value


def loaded(loader: Callable[[Loaders], DataLoader[str, Any]], key: Callable[[Any], str | None]) -> Relation:
    """The resolver of a field whose value this one of `Loaders` has under a key, which is of the value above."""
    assert isinstance(loader, cached_property), "loaders are cached properties, seen from the class"
    return Relation(attrgetter(f"loaders.{loader.attrname}"), key)
