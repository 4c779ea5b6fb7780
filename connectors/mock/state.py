"""What the mock operator knows: seed data overlaid with what was written, kept in one SQLite file.

A write, its idempotency key and its trace in the list of effects are one transaction, so a killed server loses
nothing that it acknowledged and does nothing twice.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import orjson

Document = dict[str, object]

_TABLES = """
create table if not exists document (resource text, id text, body blob, primary key (resource, id));
create table if not exists answer (key text primary key, request text, status integer, body blob) without rowid;
create table if not exists effect (
    n integer primary key, backend text, method text, resource text, id text, key text, external_id text
);
"""

# an update keeps the row where it is, so that a collection stays in the order of its writing
_PUT = "insert into document values (?, ?, ?) on conflict do update set body = excluded.body"


class KeyReused(Exception):
    """The same idempotency key came with another request."""


def text_of(document: Document, name: str) -> str:
    """The attribute as text, empty when it is absent."""
    value = document.get(name)
    return value if isinstance(value, str) else ""


def seed(resource: str) -> list[Document]:
    """The seeded members of a resource; none when it starts empty."""
    file = resources.files("connectors.mock") / "data" / f"{resource}.json"
    return orjson.loads(file.read_bytes()) if file.is_file() else []


class State:
    """All resources by name and id. `folder` None keeps everything in memory."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "mock-bss.sqlite3" if folder else ":memory:", isolation_level=None)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.executescript(_TABLES)
        self._documents: dict[str, dict[str, Document]] = {}
        self._newest: dict[tuple[str, str], dict[str, str]] = {}

    def members(self, resource: str) -> dict[str, Document]:
        """All members of a resource by id, the seeded first, then in the order of their writing."""
        if resource not in self._documents:
            members = {text_of(document, "id"): document for document in seed(resource)}
            rows = self._db.execute("select id, body from document where resource = ? order by rowid", (resource,))
            members |= {key: orjson.loads(body) for key, body in rows}
            self._documents[resource] = members
        return self._documents[resource]

    def put(self, resource: str, document: Document) -> None:
        """Keep this document as it is now."""
        key, members = text_of(document, "id"), self.members(resource)
        self._db.execute(_PUT, (resource, key, orjson.dumps(document)))
        if key not in members:
            for (indexed, attribute), newest in self._newest.items():
                if indexed == resource:
                    newest[text_of(document, attribute)] = key
        members[key] = document

    def newest(self, resource: str, attribute: str, value: str) -> Document | None:
        """The member that was made last of those with this value, if there is any."""
        members = self.members(resource)
        if (resource, attribute) not in self._newest:
            self._newest[resource, attribute] = {text_of(d, attribute): key for key, d in members.items()}
        return members.get(self._newest[resource, attribute].get(value, ""))

    def remove(self, resource: str, key: str) -> None:
        """Forget this document."""
        self._db.execute("delete from document where resource = ? and id = ?", (resource, key))
        self.members(resource).pop(key, None)

    def next_id(self, resource: str, prefix: str) -> str:
        """An id that no member has."""
        members = self.members(resource)
        n = len(members) + 1
        while f"{prefix}{n}" in members:
            n += 1
        return f"{prefix}{n}"

    def once(self, key: str | None, request: bytes, act: Callable[[], tuple[int, Document]]) -> tuple[int, bytes]:
        """Do `act` and keep its answer under the key; with a key used before, give the first answer again.

        Raises KeyReused when the key came with another request.
        """
        digest = hashlib.sha256(request).hexdigest()
        if key is not None:
            row = self._db.execute("select request, status, body from answer where key = ?", (key,)).fetchone()
            if row is not None:
                if row[0] != digest:
                    raise KeyReused
                return row[1], row[2]
        self._db.execute("begin")
        try:
            status, document = act()
            body = orjson.dumps(document)
            if key is not None and status < 300:
                self._db.execute("insert into answer values (?, ?, ?, ?)", (key, digest, status, body))
        except BaseException:
            self._db.execute("rollback")
            self._documents.clear()
            self._newest.clear()
            raise
        self._db.execute("commit")
        return status, body

    def effect(self, backend: str, method: str, resource: str, document: Document, key: str | None) -> None:
        """Note that something was written."""
        self._db.execute(
            "insert into effect (backend, method, resource, id, key, external_id) values (?, ?, ?, ?, ?, ?)",
            (backend, method, resource, text_of(document, "id"), key, text_of(document, "externalId")),
        )

    def effects(self) -> list[dict[str, str | None]]:
        """Everything that was written, in order."""
        names = ("backend", "method", "resource", "id", "key", "externalId")
        rows = self._db.execute("select backend, method, resource, id, key, external_id from effect order by n")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
