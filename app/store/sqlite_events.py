"""What happened to orders, in the embedded store, and how a process notices what others have written."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Final

from app.domain.events import OrderEvent
from app.store.codec import decode, encode
from app.store.port import FeedEvent, StoreUnavailable
from app.store.sqlite_part import Database, SqlitePart

SHORTEST_WATCH, LONGEST_WATCH = 0.02, 0.1
"""Seconds between two looks whether another process has written: short after it has, longer while nothing happens."""

SCHEMA: Final = """
create table if not exists event (
    position integer primary key autoincrement, order_id text not null, sequence integer not null, body blob not null,
    unique (order_id, sequence)
);
"""


def write_events(db: sqlite3.Connection, events: Sequence[OrderEvent]) -> None:
    """Add these events, at the end of the feed."""
    db.executemany(
        "insert into event (order_id, sequence, body) values (?, ?, ?)",
        [(event.order_id, event.sequence, encode(event)) for event in events],
    )


class SqliteEvents(SqlitePart):
    """An EventStore in one file. See `app.store.port.EventStore` for what each method promises."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._watcher: sqlite3.Connection | None = None
        self._wakeup = asyncio.Event()

    def watch(self, path: Path) -> None:
        """Begin to notice what others write into this file."""
        self._watcher = sqlite3.connect(path, isolation_level=None, timeout=0)

    def close(self) -> None:
        """Close the connection that notices it."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def wake(self) -> None:
        """Events were committed by this process."""
        self._wakeup.set()

    async def of(self, order_id: str, *, after: int, limit: int) -> list[FeedEvent]:
        """See EventStore."""
        rows = await self._database.rows(
            "select position, body from event where order_id = ? and sequence > ? order by sequence limit ?",
            (order_id, after, limit),
        )
        return [FeedEvent(position, decode(body, OrderEvent)) for position, body in rows]

    async def after(self, position: int, *, limit: int) -> list[FeedEvent]:
        """See EventStore."""
        rows = await self._database.rows(
            "select position, body from event where position > ? order by position limit ?", (position, limit)
        )
        return [FeedEvent(found, decode(body, OrderEvent)) for found, body in rows]

    async def last_position(self) -> int:
        """See EventStore."""
        rows = await self._database.rows("select coalesce(max(position), 0) from event")
        return int(rows[0][0])

    async def wakeups(self) -> AsyncGenerator[None, None]:
        """See EventStore. SQLite's own change counter tells it, which costs no read of data."""
        seen, pause = -1, SHORTEST_WATCH
        while True:
            self._wakeup.clear()
            version = self._data_version()
            if version != seen:
                seen, pause = version, SHORTEST_WATCH
                yield
            else:
                pause = min(pause * 1.2, LONGEST_WATCH)
                look_again = asyncio.get_running_loop().call_later(pause, self._wakeup.set)
                try:
                    await self._wakeup.wait()
                finally:
                    look_again.cancel()

    def _data_version(self) -> int:
        # A number that changes with every commit by another connection than the one that asks. It is in shared memory:
        # asked for in a thread it would take fifty times as long, and this is done all the time.
        assert self._watcher is not None, "the store is not open"
        try:
            ((version,),) = self._watcher.execute("pragma data_version")
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error
        return int(version)
