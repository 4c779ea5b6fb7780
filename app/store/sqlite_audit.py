"""The audit log, in the embedded store: rows are added, and the file itself refuses to change or delete one."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from app.domain.audit import AuditRecord
from app.store.codec import decode, encode
from app.store.port import AuditSearch
from app.store.sqlite_part import SqlitePart
from app.store.sqlite_search import Value, as_time, clause

SCHEMA: Final = """
create table if not exists audit (
    id text primary key, at text not null, kind text not null, outcome text not null, subject text not null,
    on_behalf_of text, correlation_id text not null, body blob not null
) without rowid;
create index if not exists audit_by_subject on audit (subject, id);
create index if not exists audit_by_correlation on audit (correlation_id, id);
create table if not exists audit_about (about text not null, id text not null, primary key (about, id)) without rowid;
create trigger if not exists audit_is_kept before delete on audit begin select raise(abort, 'append only'); end;
create trigger if not exists audit_stays before update on audit begin select raise(abort, 'append only'); end;
"""


def write_audit(db: sqlite3.Connection, records: Sequence[AuditRecord]) -> None:
    """Add these records; one that is there already stays as it is."""
    db.executemany(
        "insert or ignore into audit values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                record.id,
                as_time(record.at),
                record.kind.value,
                record.outcome.value,
                record.actor.subject,
                record.actor.on_behalf_of,
                record.correlation_id,
                encode(record),
            )
            for record in records
        ],
    )
    db.executemany(
        "insert or ignore into audit_about values (?, ?)",
        [(about, record.id) for record in records for about in record.about],
    )


class SqliteAudit(SqlitePart):
    """An AuditStore in one file. See `app.store.port.AuditStore` for what each method promises."""

    async def add(self, records: Sequence[AuditRecord]) -> None:
        """See AuditStore."""
        await self._database.transaction(lambda db: write_audit(db, records))

    async def search(self, search: AuditSearch, *, after: str | None, limit: int) -> list[AuditRecord]:
        """See AuditStore."""
        where, values = _where(search)
        if after is not None:
            where.append("id < ?")
            values.append(after)
        sql = f"select body from audit {clause(where)} order by id desc limit ?"
        return [decode(body, AuditRecord) for (body,) in await self._database.rows(sql, [*values, limit])]

    async def count(self, search: AuditSearch) -> int:
        """See AuditStore."""
        where, values = _where(search)
        rows = await self._database.rows(f"select count(*) from audit {clause(where)}", values)
        return int(rows[0][0])


def _where(search: AuditSearch) -> tuple[list[str], list[Value]]:
    where: list[str] = []
    values: list[Value] = []

    def must(condition: str, *given: Value) -> None:
        where.append(condition)
        values.extend(given)

    for column, chosen in (("kind", search.kinds), ("outcome", search.outcomes)):
        if chosen:
            must(f"{column} in ({','.join('?' * len(chosen))})", *(one.value for one in chosen))
    for column, value in (
        ("subject", search.subject),
        ("on_behalf_of", search.on_behalf_of),
        ("correlation_id", search.correlation_id),
    ):
        if value is not None:
            must(f"{column} = ?", value)
    if search.about is not None:
        must("id in (select id from audit_about where about = ?)", search.about)
    if search.since is not None:
        must("at >= ?", as_time(search.since))
    if search.until is not None:
        must("at < ?", as_time(search.until))
    return where, values
