"""Relations of the graph as data: a field whose value a loader has under a key that the value above it names."""

from collections.abc import Awaitable, Callable
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader


class Relation:
    """The resolver of such a field. Generated code knows it and asks the loader once for each key.

    `loader` finds the loader by an operation's context. `key` gives what to load for the value above; None or an empty
    text: there is nothing.
    """

    __slots__ = ("key", "loader")

    def __init__(self, loader: Callable[[Any], DataLoader[str, Any]], key: Callable[[Any], str | None]) -> None:
        self.loader = loader
        self.key = key

    def __call__(self, root: strawberry.Parent[Any], info: strawberry.Info[Any, None]) -> Awaitable[object] | None:
        key = self.key(root)
        return self.loader(info.context).load(key) if key else None
