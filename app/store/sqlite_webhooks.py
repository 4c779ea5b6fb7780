"""Webhooks in the embedded store."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from app.domain.webhook import DeadLetter, Webhook
from app.store.codec import decode, encode
from app.store.port import IdempotencyKey, WebhookKept, WebhooksBehind
from app.store.sqlite_part import SqlitePart

SCHEMA: Final = """
create table if not exists webhook (
    id text primary key, owner text not null, key text not null, fingerprint text not null, run integer not null,
    position integer not null, due_at text not null, removed integer not null, holder text, held_until text,
    body blob not null, unique (owner, key)
) without rowid;
create index if not exists by_webhook_owner on webhook (owner, id) where removed = 0;
create index if not exists by_due_webhook on webhook (position) where removed = 0;
create table if not exists dead_letter (
    webhook_id text not null, position integer not null, body blob not null, primary key (webhook_id, position)
) without rowid;
"""
_COUNT: Final = "select count(*) from webhook where removed = 0 and (? is null or owner = ?)"
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SqliteWebhooks(SqlitePart):
    """A WebhookStore in one file. See `app.store.port.WebhookStore` for what each method promises."""

    async def add(self, webhook: Webhook, key: IdempotencyKey, most: int) -> WebhookKept | None:
        """See WebhookStore."""

        def write(db: sqlite3.Connection) -> WebhookKept | None:
            rows = db.execute("select body, fingerprint from webhook where owner = ? and key = ?", (key.owner, key.key))
            for body, fingerprint in rows:
                return WebhookKept(decode(body, Webhook), fingerprint)
            ((count,),) = db.execute(_COUNT, (key.owner, key.owner))
            if count >= most:
                return None
            db.execute(
                "insert into webhook values (?, ?, ?, ?, ?, ?, ?, ?, null, null, ?)",
                (webhook.id, key.owner, key.key, key.fingerprint, *_columns(webhook)),
            )
            return WebhookKept(webhook, key.fingerprint)

        return await self._database.transaction(write)

    async def load(self, webhook_ids: Sequence[str]) -> dict[str, Webhook]:
        """See WebhookStore."""
        marks = ",".join("?" * len(webhook_ids))
        rows = await self._database.rows(f"select body from webhook where id in ({marks})", webhook_ids)
        return {found.id: found for found in (decode(body, Webhook) for (body,) in rows)}

    async def search(self, owner: str | None, *, after: str | None, limit: int) -> list[Webhook]:
        """See WebhookStore."""
        rows = await self._database.rows(
            "select body from webhook where removed = 0 and (? is null or owner = ?) and (? is null or id < ?)"
            " order by id desc limit ?",
            (owner, owner, after, after, limit),
        )
        return [decode(body, Webhook) for (body,) in rows]

    async def count(self, owner: str | None) -> int:
        """See WebhookStore."""
        rows = await self._database.rows(_COUNT, (owner, owner))
        return int(rows[0][0])

    async def change(self, webhook: Webhook, run: int) -> bool:
        """See WebhookStore."""

        def write(db: sqlite3.Connection) -> bool:
            cursor = db.execute(
                "update webhook set run = ?, position = ?, due_at = ?, removed = ?, body = ?, holder = null,"
                " held_until = null where id = ? and run = ?",
                (*_columns(webhook), webhook.id, run),
            )
            return cursor.rowcount == 1

        return await self._database.transaction(write)

    async def claim(self, holder: str, at: datetime, until: datetime, *, before: int, limit: int) -> list[Webhook]:
        """See WebhookStore."""
        due = (
            "select id from webhook where removed = 0 and position < ? and due_at <= ?"
            " and (held_until is null or held_until <= ?) order by position limit ?"
        )
        asked = (before, _time(at), _time(at), limit)
        if not await self._database.rows(due, asked):  # looked at often, and a reader waits for nobody
            return []

        def write(db: sqlite3.Connection) -> list[Webhook]:
            rows = db.execute(
                f"update webhook set holder = ?, held_until = ? where id in ({due}) returning body",
                (holder, _time(until), *asked),
            )
            return [decode(body, Webhook) for (body,) in rows]

        return await self._database.transaction(write)

    async def behind(self, before: int) -> WebhooksBehind | None:
        """See WebhookStore."""
        rows = await self._database.rows(
            "select count(*), min(position) from webhook where removed = 0 and position < ?", (before,)
        )
        count, position = rows[0]
        return WebhooksBehind(count, position) if count else None

    async def record(
        self, webhook: Webhook, holder: str, until: datetime | None, letters: Sequence[DeadLetter] = ()
    ) -> bool:
        """See WebhookStore."""

        def write(db: sqlite3.Connection) -> bool:
            cursor = db.execute(
                "update webhook set run = ?, position = ?, due_at = ?, removed = ?, body = ?, holder = ?,"
                " held_until = ? where id = ? and holder = ? and run = ? and removed = 0",
                (
                    *_columns(webhook),
                    holder if until else None,
                    _time(until) if until else None,
                    *(webhook.id, holder, webhook.run),
                ),
            )
            if cursor.rowcount != 1:
                return False
            db.executemany(
                "insert or replace into dead_letter values (?, ?, ?)",
                [(letter.webhook_id, letter.position, encode(letter)) for letter in letters],
            )
            return True

        return await self._database.transaction(write)

    async def dead_letters(self, webhook_id: str, limit: int) -> list[DeadLetter]:
        """See WebhookStore."""
        rows = await self._database.rows(
            "select body from dead_letter where webhook_id = ? order by position desc limit ?", (webhook_id, limit)
        )
        return [decode(body, DeadLetter) for (body,) in rows]

    async def count_dead_letters(self, webhook_id: str) -> int:
        """See WebhookStore."""
        rows = await self._database.rows("select count(*) from dead_letter where webhook_id = ?", (webhook_id,))
        return int(rows[0][0])


def _columns(webhook: Webhook) -> tuple[int, int, str, int, bytes]:
    due = webhook.next_try_at or LONG_AGO
    return webhook.run, webhook.position, _time(due), int(webhook.removed_at is not None), encode(webhook)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
