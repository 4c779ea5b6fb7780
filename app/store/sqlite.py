"""The embedded store: one SQLite file, shared by the processes of one machine.

Writers take turns, so feed positions (row ids) are committed in their order; readers never wait.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import aiosqlite

from app.domain.actor import Actor
from app.domain.durations import Duration, Sample, learnt
from app.domain.order import ExternalId, ProductOrder
from app.domain.plan import Plan
from app.domain.states import OrderState
from app.domain.worklist import work_items
from app.store import sqlite_audit as audit
from app.store import sqlite_batches as batches
from app.store import sqlite_events as events
from app.store import sqlite_webhooks as webhooks
from app.store import sqlite_work as work
from app.store.codec import awaited_orders, decode, encode, offering_words
from app.store.port import (
    Change,
    Commit,
    ExternalIdUsed,
    IdempotencyKey,
    KeyRecord,
    KeyUsed,
    MovedOn,
    OrderBy,
    OrderSearch,
    OrderVersion,
    StoredOrder,
    StoreUnavailable,
    Written,
)
from app.store.sqlite_search import Value, as_time, clause, page_of, where_of

T = TypeVar("T")

READERS: Final = 3
BUSY_MILLISECONDS: Final = 10_000

_SCHEMA: Final = """
create table if not exists product_order (
    id text primary key, state text not null, created_at text not null, customer_id text not null,
    channel text not null, seller_id text, offerings text not null, unstarted_since text,
    version integer not null, sequence integer not null, body blob not null, plan blob
) without rowid;
create index if not exists by_state on product_order (state, id);
create index if not exists by_customer on product_order (customer_id, id);
create index if not exists by_channel on product_order (channel, id);
create index if not exists by_seller on product_order (seller_id, id) where seller_id is not null;
create index if not exists by_creation on product_order (created_at);
drop index if exists by_unstarted;
create index if not exists by_waiting on product_order (state, unstarted_since) where unstarted_since is not null;
drop table if exists external_id;
create table if not exists external_identifier (
    value text not null, owner text not null, type text not null, order_id text not null,
    primary key (value, owner, type)
) without rowid;
create table if not exists order_place (
    order_id text not null, place_id text not null, primary key (order_id, place_id)
) without rowid;
create index if not exists by_place on order_place (place_id, order_id);
create table if not exists acceptor (
    customer_id text not null, order_id text not null, primary key (customer_id, order_id)
) without rowid;
create table if not exists order_jeopardy (
    order_id text primary key, level text not null, queue text
) without rowid;
create index if not exists by_jeopardy on order_jeopardy (level, order_id);
create table if not exists order_awaited (
    order_id text not null, awaited text not null, primary key (order_id, awaited)
) without rowid;
create index if not exists by_awaited on order_awaited (awaited, order_id);
create table if not exists duration (
    operation text primary key, count integer not null, seconds real not null, by_people integer not null
) without rowid;
create table if not exists version (
    order_id text not null, version integer not null, actor blob not null, reason text not null, at text not null,
    body blob not null, primary key (order_id, version)
) without rowid;
create table if not exists idempotency_key (
    owner text not null, key text not null, fingerprint text not null, order_id text not null,
    version integer not null, used_at text not null, primary key (owner, key)
) without rowid;
create index if not exists by_use on idempotency_key (used_at);
"""

_DURATIONS: Final = "select operation, count, seconds, by_people from duration"


@dataclass(frozen=True, slots=True)
class _Refused(Exception):
    """The transaction is to be given up with this answer."""

    answer: MovedOn | KeyUsed | ExternalIdUsed


class SqliteStore:
    """An OrderStore in one file. See `app.store.port.OrderStore` for what each method promises."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: aiosqlite.Connection | None = None
        self._turn = asyncio.Lock()
        self._readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._opened: list[aiosqlite.Connection] = []
        self.events = events.SqliteEvents(self)
        self.batches = batches.SqliteBatches(self)
        self.work = work.SqliteWork(self)
        self.audit = audit.SqliteAudit(self)
        self.webhooks = webhooks.SqliteWebhooks(self)

    async def open(self, *, keys_kept_since: datetime) -> None:
        """Open the file, make what is missing in it, forget idempotency keys used before the given time."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writer = await self._connect()
            await self._writer.executescript(
                _SCHEMA + "".join(part.SCHEMA for part in (events, batches, work, audit, webhooks))
            )
            await self._writer.execute("delete from idempotency_key where used_at < ?", (as_time(keys_kept_since),))
            await work.forget_selections(self._writer, keys_kept_since)
            for _ in range(READERS):
                self._readers.put_nowait(await self._connect())
            self.events.watch(self._path)
        except sqlite3.Error as error:
            await self.close()
            raise StoreUnavailable(f"{self._path}: {error}") from error

    async def _connect(self) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self._path, isolation_level=None)
        self._opened.append(connection)
        await connection.execute(f"pragma busy_timeout = {BUSY_MILLISECONDS}")
        await connection.execute("pragma journal_mode = wal")
        await connection.execute("pragma synchronous = full")
        return connection

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._opened:
            await connection.close()
        self._opened.clear()
        self.events.close()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[aiosqlite.Connection]:
        connection = await self._readers.get()
        try:
            yield connection
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error
        finally:
            self._readers.put_nowait(connection)

    async def rows(self, sql: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """What a query finds. Raises StoreUnavailable."""
        async with self._reader() as connection:
            return list(await connection.execute_fetchall(sql, values))

    async def load(self, order_ids: Sequence[str]) -> dict[str, StoredOrder]:
        """See OrderStore."""
        marks = ",".join("?" * len(order_ids))
        rows = await self.rows(f"select body, plan, sequence from product_order where id in ({marks})", order_ids)
        stored = (
            StoredOrder(order=decode(body, ProductOrder), plan=decode(plan, Plan) if plan else None, sequence=sequence)
            for body, plan, sequence in rows
        )
        return {found.order.id: found for found in stored}

    async def commit(self, change: Change) -> Commit:
        """See OrderStore."""

        async def write(db: aiosqlite.Connection) -> Written:
            await self._write_key(db, change)
            kept_version = await self._write_order(db, change)
            if kept_version != change.order.version:
                await self._write_version(db, change)
            if change.plan is not None:
                await work.write_work(db, change.order.id, work_items(change.order, change.plan))
            await events.write_events(db, change.events)
            if change.audit is not None:
                await audit.write_audit(db, [change.audit])
            return Written()

        try:
            written = await self.transaction(write)
        except _Refused as refused:
            return refused.answer
        self.events.wake()
        return written

    async def transaction(self, act: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
        """Do this whole, or not at all; what it answers. Raises StoreUnavailable."""
        assert self._writer is not None, "the store is not open"
        # shielded: a caller that goes away must not leave a transaction open for the next one
        return await asyncio.shield(asyncio.create_task(self._in_turn(self._writer, act)))

    async def _in_turn(self, db: aiosqlite.Connection, act: Callable[[aiosqlite.Connection], Awaitable[T]]) -> T:
        async with self._turn:
            try:
                await db.execute("begin immediate")
                try:
                    outcome = await act(db)
                except BaseException:
                    await db.execute("rollback")
                    raise
                await db.execute("commit")
            except sqlite3.Error as error:
                raise StoreUnavailable(str(error)) from error
            return outcome

    async def _write_key(self, db: aiosqlite.Connection, change: Change) -> None:
        if change.key is None:
            return
        if (used := await self._key(db, change.key.owner, change.key.key)) is not None:
            raise _Refused(KeyUsed(used))
        await db.execute(
            "insert into idempotency_key values (?, ?, ?, ?, ?, ?)",
            (
                change.key.owner,
                change.key.key,
                change.key.fingerprint,
                change.order.id,
                change.order.version,
                as_time(change.at),
            ),
        )

    async def _write_order(self, db: aiosqlite.Connection, change: Change) -> int | None:
        """Returns the version that was stored before, if any."""
        order = change.order
        cursor = await db.execute("select version, sequence from product_order where id = ?", (order.id,))
        row = await cursor.fetchone()
        if (row[1] if row else 0) != change.after:
            raise _Refused(MovedOn())
        sequence = change.events[-1].sequence if change.events else change.after
        await db.execute(
            "insert into product_order values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set"
            " state = excluded.state, offerings = excluded.offerings, unstarted_since = excluded.unstarted_since,"
            " seller_id = excluded.seller_id, version = excluded.version, sequence = excluded.sequence,"
            " body = excluded.body, plan = coalesce(excluded.plan, plan)",
            (
                order.id,
                order.state.value,
                as_time(order.created_at),
                order.customer_id,
                order.channel,
                order.seller_id,
                offering_words(order),
                as_time(order.waiting_since) if order.waiting_since else None,
                order.version,
                sequence,
                encode(order),
                encode(change.plan) if change.plan else None,
            ),
        )
        await self._write_places(db, order)
        if order.acceptor_id is not None:
            await db.execute("insert or ignore into acceptor values (?, ?)", (order.acceptor_id, order.id))
        await self._write_jeopardy(db, order)
        if change.plan is not None:
            await self._write_awaited(db, change.plan)
        for external in order.external_ids:
            if (holder := await self._holder(db, external)) is None:
                own = (external.id, external.owner, external.type, order.id)
                await db.execute("insert into external_identifier values (?, ?, ?, ?)", own)
            elif holder != order.id:
                raise _Refused(ExternalIdUsed(external, holder))
        return row[0] if row else None

    async def _write_places(self, db: aiosqlite.Connection, order: ProductOrder) -> None:
        rows = await db.execute_fetchall("select place_id from order_place where order_id = ?", (order.id,))
        kept, places = {place for (place,) in rows}, order.place_ids
        for gone in kept - places:
            await db.execute("delete from order_place where order_id = ? and place_id = ?", (order.id, gone))
        for new in places - kept:
            await db.execute("insert into order_place values (?, ?)", (order.id, new))

    async def _write_jeopardy(self, db: aiosqlite.Connection, order: ProductOrder) -> None:
        if order.jeopardy is None:
            await db.execute("delete from order_jeopardy where order_id = ?", (order.id,))
        else:
            await db.execute(
                "insert or replace into order_jeopardy values (?, ?, ?)",
                (order.id, order.jeopardy.level.value, order.jeopardy.queue),
            )

    async def _write_awaited(self, db: aiosqlite.Connection, plan: Plan) -> None:
        if not any(task.awaits for task in plan.tasks):
            return
        await db.execute("delete from order_awaited where order_id = ?", (plan.order_id,))
        await db.executemany(
            "insert into order_awaited values (?, ?)", [(plan.order_id, other) for other in awaited_orders(plan)]
        )

    async def _holder(self, db: aiosqlite.Connection, external: ExternalId) -> str | None:
        """The order that has this external id."""
        cursor = await db.execute(
            "select order_id from external_identifier where value = ? and owner = ? and type = ?",
            (external.id, external.owner, external.type),
        )
        row = await cursor.fetchone()
        return row[0] if row else None

    async def _write_version(self, db: aiosqlite.Connection, change: Change) -> None:
        order = change.order
        await db.execute(
            "insert into version values (?, ?, ?, ?, ?, ?)",
            (order.id, order.version, encode(change.actor), change.reason, as_time(change.at), encode(order)),
        )

    async def _key(self, db: aiosqlite.Connection, owner: str, key: str) -> KeyRecord | None:
        cursor = await db.execute(
            "select fingerprint, order_id, version, used_at from idempotency_key where owner = ? and key = ?",
            (owner, key),
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        return KeyRecord(
            key=IdempotencyKey(owner=owner, key=key, fingerprint=row[0]),
            order_id=row[1],
            version=row[2],
            used_at=datetime.fromisoformat(row[3]),
        )

    async def holder(self, external_ids: Sequence[ExternalId]) -> ExternalIdUsed | None:
        """See OrderStore."""
        async with self._reader() as db:
            for external in external_ids:
                if (order_id := await self._holder(db, external)) is not None:
                    return ExternalIdUsed(external, order_id)
        return None

    async def recall(self, owner: str, key: str) -> KeyRecord | None:
        """See OrderStore."""
        async with self._reader() as db:
            return await self._key(db, owner, key)

    async def version(self, order_id: str, version: int) -> OrderVersion | None:
        """See OrderStore."""
        rows = await self.rows(
            "select body, actor, reason, at from version where order_id = ? and version = ?", (order_id, version)
        )
        return _version(rows[0]) if rows else None

    async def versions(self, order_id: str) -> list[OrderVersion]:
        """See OrderStore."""
        rows = await self.rows(
            "select body, actor, reason, at from version where order_id = ? order by version", (order_id,)
        )
        return [_version(row) for row in rows]

    async def search(
        self, search: OrderSearch, order_by: OrderBy, *, after: str | None, limit: int
    ) -> list[ProductOrder]:
        """See OrderStore."""
        descending = order_by is OrderBy.CREATED_DESCENDING
        sql, values = page_of(search, descending=descending, after=after, limit=limit)
        return [decode(body, ProductOrder) for (body,) in await self.rows(sql, values)]

    async def count(self, search: OrderSearch) -> int:
        """See OrderStore."""
        where, values = where_of(search)
        rows = await self.rows(f"select count(*) from product_order {clause(where)}", values)
        return int(rows[0][0])

    async def waiting(self, state: OrderState, before: datetime, limit: int) -> list[str]:
        """See OrderStore."""
        rows = await self.rows(
            "select id from product_order where state = ? and unstarted_since < ? order by unstarted_since limit ?",
            (state.value, as_time(before), limit),
        )
        return [order_id for (order_id,) in rows]

    async def awaiting(self, order_id: str) -> list[str]:
        """See OrderStore."""
        rows = await self.rows("select order_id from order_awaited where awaited = ?", (order_id,))
        return [waiting for (waiting,) in rows]

    async def learn(self, samples: Sequence[Sample]) -> None:
        """See OrderStore."""
        operations = sorted({sample.operation for sample in samples})

        async def write(db: aiosqlite.Connection) -> None:
            marks = ",".join("?" * len(operations))
            rows = await db.execute_fetchall(f"{_DURATIONS} where operation in ({marks})", operations)
            known = {duration.operation: duration for duration in map(_duration, rows)}
            for sample in samples:
                known[sample.operation] = learnt(known.get(sample.operation), sample)
            await db.executemany(
                "insert or replace into duration values (?, ?, ?, ?)",
                [(d.operation, d.count, d.seconds, int(d.by_people)) for d in known.values()],
            )

        await self.transaction(write)

    async def learnt(self) -> list[Duration]:
        """See OrderStore."""
        return [_duration(row) for row in await self.rows(_DURATIONS)]

    async def ping(self) -> None:
        """See OrderStore."""
        await self.rows("select 1")


def _duration(row: sqlite3.Row) -> Duration:
    operation, count, seconds, by_people = row
    return Duration(operation=operation, count=count, seconds=seconds, by_people=bool(by_people))


def _version(row: sqlite3.Row) -> OrderVersion:
    body, actor, reason, at = row
    return OrderVersion(
        order=decode(body, ProductOrder), actor=decode(actor, Actor), reason=reason, at=datetime.fromisoformat(at)
    )
