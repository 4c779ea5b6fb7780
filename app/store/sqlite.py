"""The embedded store: one SQLite file, shared by the processes of one machine.

Writers take turns, so feed positions (row ids) are committed in their order; readers never wait.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

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

P = ParamSpec("P")
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
create table if not exists order_child (
    parent_id text not null, order_id text not null, primary key (parent_id, order_id)
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
    """An OrderStore in one file. See `app.store.port.OrderStore` for what each method promises.

    What has to be asked together is asked in a thread at one go: to change threads costs more than most statements.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing: ThreadPoolExecutor | None = None
        self._reading: ThreadPoolExecutor | None = None
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []
        self.events = events.SqliteEvents(self)
        self.batches = batches.SqliteBatches(self)
        self.work = work.SqliteWork(self)
        self.audit = audit.SqliteAudit(self)
        self.webhooks = webhooks.SqliteWebhooks(self)

    async def open(self, *, keys_kept_since: datetime) -> None:
        """Open the file, make what is missing in it, forget idempotency keys used before the given time."""
        self._writing = ThreadPoolExecutor(1, "sqlite-writer")
        self._reading = ThreadPoolExecutor(READERS, "sqlite-reader")
        try:
            await _in_thread(self._writing, self._open, keys_kept_since)
        except StoreUnavailable as error:
            await self.close()
            raise StoreUnavailable(f"{self._path}: {error}") from error
        self.events.watch(self._path)

    def _open(self, keys_kept_since: datetime) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._connect()
        self._writer.executescript(_SCHEMA + "".join(part.SCHEMA for part in (events, batches, work, audit, webhooks)))
        self._writer.execute("delete from idempotency_key where used_at < ?", (as_time(keys_kept_since),))
        work.forget_selections(self._writer, keys_kept_since)
        for _ in range(READERS):
            self._readers.append(self._connect())

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute(f"pragma busy_timeout = {BUSY_MILLISECONDS}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        return connection

    async def close(self) -> None:
        """Close every connection, once what is being done is done."""
        self.events.close()
        for executor in filter(None, (self._writing, self._reading)):
            await asyncio.to_thread(executor.shutdown)
        self._writing = self._reading = None
        for connection in filter(None, (*self._readers, self._writer)):
            connection.close()
        self._readers.clear()
        self._writer = None

    async def rows(self, sql: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """What a query finds. Raises StoreUnavailable."""
        return await self._read(lambda db: db.execute(sql, values).fetchall())

    async def _read(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """What these queries answer. Raises StoreUnavailable."""

        def read() -> T:
            connection = self._readers.pop()  # there are as many as threads
            try:
                return ask(connection)
            finally:
                self._readers.append(connection)

        return await _in_thread(self._reading, read)

    async def transaction(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Do this whole, or not at all, in the thread of the writer; what it answers. Raises StoreUnavailable."""

        def write() -> T:
            assert self._writer is not None, "opened with its thread"
            self._writer.execute("begin immediate")
            try:
                outcome = act(self._writer)
                self._writer.execute("commit")
            except BaseException:
                if self._writer.in_transaction:  # some failures of the file have ended it already
                    self._writer.execute("rollback")
                raise
            return outcome

        return await _in_thread(self._writing, write)

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

        def write(db: sqlite3.Connection) -> Written:
            _write_key(db, change)
            kept_version = _write_order(db, change)
            if kept_version != change.order.version:
                _write_version(db, change)
            if change.plan is not None:
                work.write_work(db, change.order.id, work_items(change.order, change.plan))
            events.write_events(db, change.events)
            if change.audit is not None:
                audit.write_audit(db, [change.audit])
            return Written()

        try:
            written = await self.transaction(write)
        except _Refused as refused:
            return refused.answer
        self.events.wake()
        return written

    async def holder(self, external_ids: Sequence[ExternalId]) -> ExternalIdUsed | None:
        """See OrderStore."""

        def ask(db: sqlite3.Connection) -> ExternalIdUsed | None:
            held = ((external, _holder(db, external)) for external in external_ids)
            return next((ExternalIdUsed(external, order_id) for external, order_id in held if order_id), None)

        return await self._read(ask)

    async def recall(self, owner: str, key: str) -> KeyRecord | None:
        """See OrderStore."""
        return await self._read(lambda db: _key(db, owner, key))

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

        def write(db: sqlite3.Connection) -> None:
            marks = ",".join("?" * len(operations))
            rows = db.execute(f"{_DURATIONS} where operation in ({marks})", operations)
            known = {duration.operation: duration for duration in map(_duration, rows)}
            for sample in samples:
                known[sample.operation] = learnt(known.get(sample.operation), sample)
            db.executemany(
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


async def _in_thread(executor: ThreadPoolExecutor | None, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What this answers. Who asked may go away: what was begun is done all the same. Raises StoreUnavailable."""
    if executor is None:
        raise StoreUnavailable("the store is not open")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, partial(do, *args, **kwargs))
    except sqlite3.Error as error:
        raise StoreUnavailable(str(error)) from error


def _write_key(db: sqlite3.Connection, change: Change) -> None:
    if change.key is None:
        return
    if (used := _key(db, change.key.owner, change.key.key)) is not None:
        raise _Refused(KeyUsed(used))
    db.execute(
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


def _write_order(db: sqlite3.Connection, change: Change) -> int | None:
    """Returns the version that was stored before, if any."""
    order = change.order
    cursor = db.execute("select version, sequence from product_order where id = ?", (order.id,))
    row = cursor.fetchone()
    if (row[1] if row else 0) != change.after:
        raise _Refused(MovedOn())
    sequence = change.events[-1].sequence if change.events else change.after
    db.execute(
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
    _write_places(db, order)
    if order.acceptor_id is not None:
        db.execute("insert or ignore into acceptor values (?, ?)", (order.acceptor_id, order.id))
    if order.parent_id is not None:
        db.execute("insert or ignore into order_child values (?, ?)", (order.parent_id, order.id))
    _write_jeopardy(db, order)
    if change.plan is not None:
        _write_awaited(db, change.plan)
    for external in order.external_ids:
        if (holder := _holder(db, external)) is None:
            own = (external.id, external.owner, external.type, order.id)
            db.execute("insert into external_identifier values (?, ?, ?, ?)", own)
        elif holder != order.id:
            raise _Refused(ExternalIdUsed(external, holder))
    return row[0] if row else None


def _write_places(db: sqlite3.Connection, order: ProductOrder) -> None:
    rows = db.execute("select place_id from order_place where order_id = ?", (order.id,))
    kept, places = {place for (place,) in rows}, order.place_ids
    for gone in kept - places:
        db.execute("delete from order_place where order_id = ? and place_id = ?", (order.id, gone))
    for new in places - kept:
        db.execute("insert into order_place values (?, ?)", (order.id, new))


def _write_jeopardy(db: sqlite3.Connection, order: ProductOrder) -> None:
    if order.jeopardy is None:
        db.execute("delete from order_jeopardy where order_id = ?", (order.id,))
    else:
        db.execute(
            "insert or replace into order_jeopardy values (?, ?, ?)",
            (order.id, order.jeopardy.level.value, order.jeopardy.queue),
        )


def _write_awaited(db: sqlite3.Connection, plan: Plan) -> None:
    if not any(task.awaits for task in plan.tasks):
        return
    db.execute("delete from order_awaited where order_id = ?", (plan.order_id,))
    db.executemany(
        "insert into order_awaited values (?, ?)", [(plan.order_id, other) for other in awaited_orders(plan)]
    )


def _holder(db: sqlite3.Connection, external: ExternalId) -> str | None:
    """The order that has this external id."""
    cursor = db.execute(
        "select order_id from external_identifier where value = ? and owner = ? and type = ?",
        (external.id, external.owner, external.type),
    )
    row = cursor.fetchone()
    return row[0] if row else None


def _write_version(db: sqlite3.Connection, change: Change) -> None:
    order = change.order
    db.execute(
        "insert into version values (?, ?, ?, ?, ?, ?)",
        (order.id, order.version, encode(change.actor), change.reason, as_time(change.at), encode(order)),
    )


def _key(db: sqlite3.Connection, owner: str, key: str) -> KeyRecord | None:
    cursor = db.execute(
        "select fingerprint, order_id, version, used_at from idempotency_key where owner = ? and key = ?",
        (owner, key),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    return KeyRecord(
        key=IdempotencyKey(owner=owner, key=key, fingerprint=row[0]),
        order_id=row[1],
        version=row[2],
        used_at=datetime.fromisoformat(row[3]),
    )


def _duration(row: sqlite3.Row) -> Duration:
    operation, count, seconds, by_people = row
    return Duration(operation=operation, count=count, seconds=seconds, by_people=bool(by_people))


def _version(row: sqlite3.Row) -> OrderVersion:
    body, actor, reason, at = row
    return OrderVersion(
        order=decode(body, ProductOrder), actor=decode(actor, Actor), reason=reason, at=datetime.fromisoformat(at)
    )
