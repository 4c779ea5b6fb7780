"""The audit log, in MongoDB: documents are added only; let the service's user insert and find, and nothing else."""

from collections.abc import Sequence

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from app.domain.audit import AuditRecord
from app.store.codec import decode, encode
from app.store.mongo_part import Document, MongoPart, answering
from app.store.port import AuditSearch


class MongoAudit(MongoPart):
    """An AuditStore in MongoDB. See `app.store.port.AuditStore` for what each method promises."""

    async def open(self) -> None:
        """Make the indexes that are missing."""
        for field in ("subject", "about", "correlation_id"):
            await self._of("audit").create_index([(field, ASCENDING), ("_id", DESCENDING)])

    async def write(self, records: Sequence[AuditRecord], session: AsyncClientSession | None = None) -> None:
        """Add these records; one that is there already stays as it is."""
        added = [
            UpdateOne(
                {"_id": record.id},
                {
                    "$setOnInsert": {
                        "at": record.at,
                        "kind": record.kind.value,
                        "outcome": record.outcome.value,
                        "subject": record.actor.subject,
                        "on_behalf_of": record.actor.on_behalf_of,
                        "correlation_id": record.correlation_id,
                        "about": list(record.about),
                        "body": encode(record),
                    }
                },
                upsert=True,
            )
            for record in records
        ]
        if added:
            await self._of("audit").bulk_write(added, ordered=False, session=session)

    async def add(self, records: Sequence[AuditRecord]) -> None:
        """See AuditStore."""
        async with answering():
            await self.write(records)

    async def search(self, search: AuditSearch, *, after: str | None, limit: int) -> list[AuditRecord]:
        """See AuditStore."""
        query = _query(search)
        if after is not None:
            query["_id"] = {"$lt": after}
        cursor = self._of("audit").find(query, {"body": 1}).sort("_id", DESCENDING).limit(limit)
        async with answering():
            return [decode(document["body"], AuditRecord) for document in await cursor.to_list(None)]

    async def count(self, search: AuditSearch) -> int:
        """See AuditStore."""
        async with answering():
            return await self._of("audit").count_documents(_query(search))


def _query(search: AuditSearch) -> Document:
    wanted: Document = {
        "subject": search.subject,
        "on_behalf_of": search.on_behalf_of,
        "correlation_id": search.correlation_id,
        "about": search.about,
        "kind": {"$in": [kind.value for kind in search.kinds]} if search.kinds else None,
        "outcome": {"$in": [outcome.value for outcome in search.outcomes]} if search.outcomes else None,
    }
    query = {name: value for name, value in wanted.items() if value is not None}
    times = {name: at for name, at in (("$gte", search.since), ("$lt", search.until)) if at is not None}
    return {**query, "at": times} if times else query
