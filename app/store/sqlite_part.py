"""What the parts of the embedded store have in common."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from app.store.sqlite_search import Value

T = TypeVar("T")


class Database(Protocol):
    """The one file, as `SqliteStore` opens it."""

    async def rows(self, sql: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """What a query finds. Raises StoreUnavailable."""

    async def transaction(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Do this whole, or not at all, in the thread of the writer; what it answers. Raises StoreUnavailable."""


class SqlitePart:
    """Some tables of the store's file."""

    def __init__(self, database: Database) -> None:
        self._database = database
