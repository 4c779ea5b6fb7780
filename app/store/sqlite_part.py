"""What the parts of the embedded store have in common."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import aiosqlite

from app.store.sqlite_search import Value

T = TypeVar("T")


class Database(Protocol):
    """The one file, as `SqliteStore` opens it."""

    async def rows(self, sql: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """What a query finds. Raises StoreUnavailable."""

    async def transaction(self, act: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
        """Do this whole, or not at all. Raises StoreUnavailable."""


class SqlitePart:
    """Some tables of the store's file."""

    def __init__(self, database: Database) -> None:
        self._database = database
