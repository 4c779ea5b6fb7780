"""Batches in the embedded store."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.domain.actor import Actor
from app.domain.batch import Batch, BatchLine, LineResult, LineState
from app.domain.request import OrderRequest
from app.store.codec import decode, encode
from app.store.port import BatchKept, BatchSearch, IdempotencyKey
from app.store.sqlite_part import SqlitePart
from app.store.sqlite_search import Value, as_time

SCHEMA: Final = """
create table if not exists batch (
    id text primary key, owner text not null, key text not null, fingerprint text not null, actor blob not null,
    created_at text not null, line_count integer not null, completed_at text, unique (owner, key)
) without rowid;
create index if not exists by_sender on batch (owner, id);
create index if not exists by_unfinished on batch (created_at) where completed_at is null;
create table if not exists batch_line (
    batch_id text not null, number integer not null, state text not null, request blob, result blob,
    primary key (batch_id, number)
) without rowid;
create index if not exists by_line_state on batch_line (batch_id, state, number);
"""
_COLUMNS: Final = (
    "id, actor, created_at, line_count, completed_at, fingerprint,"
    " (select count(*) from batch_line where batch_id = id and state = 'accepted'),"
    " (select count(*) from batch_line where batch_id = id and state = 'refused')"
)


class SqliteBatches(SqlitePart):
    """A BatchStore in one file. See `app.store.port.BatchStore` for what each method promises."""

    async def add(self, batch: Batch, lines: Sequence[BatchLine], key: IdempotencyKey) -> BatchKept:
        """See BatchStore."""

        def write(db: sqlite3.Connection) -> None:
            cursor = db.execute(
                "insert or ignore into batch values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    batch.id,
                    key.owner,
                    key.key,
                    key.fingerprint,
                    encode(batch.actor),
                    as_time(batch.created_at),
                    batch.line_count,
                    as_time(batch.completed_at) if batch.completed_at else None,
                ),
            )
            if cursor.rowcount:
                db.executemany(
                    "insert into batch_line values (?, ?, ?, ?, ?)",
                    [
                        (
                            batch.id,
                            line.number,
                            line.state.value,
                            encode(line.request) if line.request else None,
                            encode(line.result) if line.result else None,
                        )
                        for line in lines
                    ],
                )

        await self._database.transaction(write)
        kept = await self.of_key(key.owner, key.key)
        assert kept is not None, "it has just been written, or had been before"
        return kept

    async def of_key(self, owner: str, key: str) -> BatchKept | None:
        """See BatchStore."""
        sql = f"select {_COLUMNS} from batch where owner = ? and key = ?"
        rows = await self._database.rows(sql, (owner, key))
        return BatchKept(_batch(rows[0]), rows[0][5]) if rows else None

    async def load(self, batch_ids: Sequence[str]) -> dict[str, Batch]:
        """See BatchStore."""
        marks = ",".join("?" * len(batch_ids))
        rows = await self._database.rows(f"select {_COLUMNS} from batch where id in ({marks})", batch_ids)
        return {batch.id: batch for batch in map(_batch, rows)}

    async def search(self, search: BatchSearch, *, after: str | None, limit: int) -> list[Batch]:
        """See BatchStore."""
        where: list[str] = []
        values: list[Value] = []
        if search.sender is not None:
            where.append("owner = ?")
            values.append(search.sender)
        if after is not None:
            where.append("id < ?")
            values.append(after)
        clause = f"where {' and '.join(where)}" if where else ""
        sql = f"select {_COLUMNS} from batch {clause} order by id desc limit ?"
        return [_batch(row) for row in await self._database.rows(sql, [*values, limit])]

    async def count(self, search: BatchSearch) -> int:
        """See BatchStore."""
        clause, values = ("where owner = ?", (search.sender,)) if search.sender is not None else ("", ())
        rows = await self._database.rows(f"select count(*) from batch {clause}", values)
        return int(rows[0][0])

    async def lines(self, batch_id: str, state: LineState | None, *, after: int, limit: int) -> list[BatchLine]:
        """See BatchStore."""
        in_state = " and state = ?" if state else ""
        rows = await self._database.rows(
            f"select number, request, result from batch_line where batch_id = ? and number > ?{in_state}"
            " order by number limit ?",
            [batch_id, after, *([state.value] if state else []), limit],
        )
        return [
            BatchLine(
                number=number,
                request=decode(request, OrderRequest) if request else None,
                result=decode(result, LineResult) if result else None,
            )
            for number, request, result in rows
        ]

    async def record(self, batch_id: str, results: Sequence[LineResult], at: datetime) -> None:
        """See BatchStore."""

        def write(db: sqlite3.Connection) -> None:
            db.executemany(
                "update batch_line set state = ?, result = ? where batch_id = ? and number = ? and state = 'pending'",
                [(result.state.value, encode(result), batch_id, result.number) for result in results],
            )
            db.execute(
                "update batch set completed_at = ? where id = ? and completed_at is null"
                " and not exists (select 1 from batch_line where batch_id = id and state = 'pending')",
                (as_time(at), batch_id),
            )

        await self._database.transaction(write)

    async def unfinished(self, before: datetime, limit: int) -> list[str]:
        """See BatchStore."""
        rows = await self._database.rows(
            "select id from batch where completed_at is null and created_at < ? order by created_at limit ?",
            (as_time(before), limit),
        )
        return [batch_id for (batch_id,) in rows]


def _batch(row: sqlite3.Row) -> Batch:
    batch_id, actor, created_at, line_count, completed_at, _, accepted, refused = row
    return Batch(
        id=batch_id,
        actor=decode(actor, Actor),
        created_at=datetime.fromisoformat(created_at),
        line_count=line_count,
        accepted_count=accepted,
        refused_count=refused,
        completed_at=datetime.fromisoformat(completed_at) if completed_at else None,
    )
