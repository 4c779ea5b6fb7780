"""Work that waits for people, in the embedded store."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.domain.worklist import WorkItem, WorkKind
from app.store.codec import decode, encode
from app.store.port import FalloutCount, IdempotencyKey, QueueCount, SelectionKept, WorkSearch
from app.store.sqlite_part import SqlitePart
from app.store.sqlite_search import Value, as_time, clause

SCHEMA: Final = """
create table if not exists work_item (
    place text primary key, id text not null unique, order_id text not null, queue text not null, kind text not null,
    backend text, cause text, operation text, claimed_by text, since text not null, body blob not null
) without rowid;
create index if not exists by_order on work_item (order_id);
create index if not exists by_queue on work_item (queue, place);
create index if not exists by_cause on work_item (backend, cause, place);
create index if not exists by_claim on work_item (claimed_by, place) where claimed_by is not null;
create table if not exists work_selection (
    owner text not null, key text not null, fingerprint text not null, item_ids blob not null, at text not null,
    primary key (owner, key)
) without rowid;
"""


def forget_selections(db: sqlite3.Connection, before: datetime) -> None:
    """Choices that were made before that time are known no longer."""
    db.execute("delete from work_selection where at < ?", (as_time(before),))


def write_work(db: sqlite3.Connection, order_id: str, items: Sequence[WorkItem]) -> None:
    """Keep exactly this work of the order."""
    found = db.execute("select place, body from work_item where order_id = ?", (order_id,))
    kept = {row[0]: row[1] for row in found}
    wanted = {item.place: item for item in items}
    gone = [place for place, body in kept.items() if place not in wanted or body != encode(wanted[place])]
    new = [item for place, item in wanted.items() if place not in kept or place in gone]
    # what is gone first: the same work may have come up anew, with its id and in another place
    for place in gone:
        db.execute("delete from work_item where place = ?", (place,))
    for item in new:
        db.execute(
            "insert into work_item values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.place,
                item.id,
                item.order_id,
                item.queue,
                item.kind.value,
                item.backend,
                item.cause,
                item.operation,
                item.claimed_by,
                as_time(item.since),
                encode(item),
            ),
        )


class SqliteWork(SqlitePart):
    """A WorkStore in one file. See `app.store.port.WorkStore` for what each method promises."""

    async def load(self, item_ids: Sequence[str]) -> dict[str, WorkItem]:
        """See WorkStore."""
        marks = ",".join("?" * len(item_ids))
        rows = await self._database.rows(f"select body from work_item where id in ({marks})", item_ids)
        return {item.id: item for item in (decode(body, WorkItem) for (body,) in rows)}

    async def search(self, search: WorkSearch, *, after: str | None, limit: int) -> list[WorkItem]:
        """See WorkStore."""
        where, values = _where(search)
        if after is not None:
            where.append("place > ?")
            values.append(after)
        rows = await self._database.rows(
            f"select body from work_item {clause(where)} order by place limit ?", [*values, limit]
        )
        return [decode(body, WorkItem) for (body,) in rows]

    async def count(self, search: WorkSearch) -> int:
        """See WorkStore."""
        where, values = _where(search)
        rows = await self._database.rows(f"select count(*) from work_item {clause(where)}", values)
        return int(rows[0][0])

    async def fallout(self, search: WorkSearch) -> list[FalloutCount]:
        """See WorkStore."""
        where, values = _where(search)
        where.append("kind = ?")
        values.append(WorkKind.FALLOUT.value)
        rows = await self._database.rows(
            f"select backend, cause, count(*), min(since) from work_item {clause(where)} group by backend, cause"
            " order by count(*) desc, backend, cause",
            values,
        )
        return [
            FalloutCount(backend=backend, cause=cause or "", count=count, oldest_since=datetime.fromisoformat(since))
            for backend, cause, count, since in rows
        ]

    async def queues(self) -> list[QueueCount]:
        """See WorkStore."""
        rows = await self._database.rows(
            "select queue, count(*), min(since) from work_item group by queue order by queue"
        )
        return [
            QueueCount(queue=queue, count=count, oldest_since=datetime.fromisoformat(since))
            for queue, count, since in rows
        ]

    async def select(self, item_ids: Sequence[str], key: IdempotencyKey, at: datetime) -> SelectionKept:
        """See WorkStore."""

        def write(db: sqlite3.Connection) -> None:
            db.execute(
                "insert or ignore into work_selection values (?, ?, ?, ?, ?)",
                (key.owner, key.key, key.fingerprint, encode(tuple(item_ids)), as_time(at)),
            )

        await self._database.transaction(write)
        kept = await self.selected(key.owner, key.key)
        assert kept is not None, "it has just been written, or had been before"
        return kept

    async def selected(self, owner: str, key: str) -> SelectionKept | None:
        """See WorkStore."""
        rows = await self._database.rows(
            "select item_ids, fingerprint, at from work_selection where owner = ? and key = ?", (owner, key)
        )
        for item_ids, fingerprint, at in rows:
            return SelectionKept(tuple(decode(item_ids, list)), fingerprint, datetime.fromisoformat(at))
        return None


def _where(search: WorkSearch) -> tuple[list[str], list[Value]]:
    where: list[str] = []
    values: list[Value] = []
    for column, wanted in (
        ("queue", search.queues),
        ("kind", [kind.value for kind in search.kinds]),
        ("backend", search.backends),
        ("cause", search.causes),
        ("operation", search.operations),
        ("order_id", search.order_ids),
    ):
        if wanted:
            where.append(f"{column} in ({','.join('?' * len(wanted))})")
            values += wanted
    if search.claimed_by is not None:
        where.append("claimed_by = ?")
        values.append(search.claimed_by)
    if search.claimed is not None:
        where.append(f"claimed_by is {'not ' if search.claimed else ''}null")
    return where, values
