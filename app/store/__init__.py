"""Orders, their versions, events and idempotency keys, kept in MongoDB or SQLite behind one port.

What lives here speaks the domain; nothing outside imports a database driver.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.store.mongo import MongoStore
from app.store.port import OrderStore, StoreUnavailable
from app.store.sqlite import SqliteStore


async def open_store(mongodb_uri: str | None, database: str, data_dir: Path, *, keys_kept_for: timedelta) -> OrderStore:
    """The store that the settings name: MongoDB when there is a URI, else the file in the data folder.

    Raises StoreUnavailable when it cannot be reached.
    """
    if mongodb_uri is not None:
        mongo = MongoStore(mongodb_uri, database, keys_kept_for=keys_kept_for)
        try:
            await mongo.open()
        except StoreUnavailable:
            await mongo.close()
            raise
        return mongo
    sqlite = SqliteStore(data_dir / "orders.sqlite3")
    await sqlite.open(keys_kept_since=datetime.now(UTC) - keys_kept_for)
    return sqlite
