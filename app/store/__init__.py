"""Orders, their versions, events and idempotency keys, kept in MongoDB or SQLite behind one port.

What lives here speaks the domain; nothing outside imports a database driver.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.store.port import OrderStore, StoreUnavailable


async def open_store(mongodb_uri: str | None, database: str, data_dir: Path, *, keys_kept_for: timedelta) -> OrderStore:
    """The store that the settings name: MongoDB when there is a URI, else the file in the data folder.

    Raises StoreUnavailable when it cannot be reached.
    """
    # only the driver that is used is loaded
    if mongodb_uri is not None:
        from app.store.mongo import MongoStore

        mongo = MongoStore(mongodb_uri, database, keys_kept_for=keys_kept_for)
        try:
            await mongo.open()
        except StoreUnavailable:
            await mongo.close()
            raise
        return mongo
    from app.store.sqlite import SqliteStore

    sqlite = SqliteStore(data_dir / "orders.sqlite3")
    await sqlite.open(keys_kept_since=datetime.now(UTC) - keys_kept_for)
    return sqlite
