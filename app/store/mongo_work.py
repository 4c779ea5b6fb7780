"""Work that waits for people, in MongoDB."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pymongo import ASCENDING
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from app.domain.worklist import WorkItem, WorkKind
from app.store.codec import decode, encode
from app.store.mongo_part import Collections, Document, MongoPart, answering
from app.store.port import FalloutCount, IdempotencyKey, QueueCount, SelectionKept, WorkSearch


class MongoWork(MongoPart):
    """A WorkStore in MongoDB. See `app.store.port.WorkStore` for what each method promises."""

    def __init__(self, collections: Collections, keys_kept_for: timedelta) -> None:
        super().__init__(collections)
        self._keys_kept_for = keys_kept_for

    async def open(self) -> None:
        """Make the indexes that are missing."""
        items = self._of("work_item")
        await items.create_index([("place", ASCENDING)], unique=True)
        for field in ("queue", "claimed_by"):
            await items.create_index([(field, ASCENDING), ("place", ASCENDING)])
        await items.create_index([("backend", ASCENDING), ("cause", ASCENDING), ("place", ASCENDING)])
        await items.create_index([("order_id", ASCENDING)])
        await self._of("work_selection").create_index([("ends_at", ASCENDING)], expireAfterSeconds=0)

    async def write(self, order_id: str, items: Sequence[WorkItem], session: AsyncClientSession) -> None:
        """Keep exactly this work of the order."""
        found = await self._of("work_item").find({"order_id": order_id}, session=session).to_list(None)
        kept = {document["_id"]: document["body"] for document in found}
        wanted = {item.id: item for item in items}
        if gone := [item_id for item_id in kept if item_id not in wanted]:
            await self._of("work_item").delete_many({"_id": {"$in": gone}}, session=session)
        for item in wanted.values():
            body = encode(item)
            if kept.get(item.id) != body:
                document = {
                    "place": item.place,
                    "order_id": item.order_id,
                    "queue": item.queue,
                    "kind": item.kind.value,
                    "backend": item.backend,
                    "cause": item.cause,
                    "operation": item.operation,
                    "claimed_by": item.claimed_by,
                    "since": item.since,
                    "body": body,
                }
                await self._of("work_item").replace_one({"_id": item.id}, document, upsert=True, session=session)

    async def load(self, item_ids: Sequence[str]) -> dict[str, WorkItem]:
        """See WorkStore."""
        async with answering():
            found = await self._of("work_item").find({"_id": {"$in": list(item_ids)}}).to_list(None)
        return {document["_id"]: decode(document["body"], WorkItem) for document in found}

    async def search(self, search: WorkSearch, *, after: str | None, limit: int) -> list[WorkItem]:
        """See WorkStore."""
        query = _query(search)
        if after is not None:
            query["place"] = {"$gt": after}
        cursor = self._of("work_item").find(query, {"body": 1}).sort("place", ASCENDING).limit(limit)
        async with answering():
            found = await cursor.to_list(None)
        return [decode(document["body"], WorkItem) for document in found]

    async def count(self, search: WorkSearch) -> int:
        """See WorkStore."""
        async with answering():
            return int(await self._of("work_item").count_documents(_query(search)))

    async def fallout(self, search: WorkSearch) -> list[FalloutCount]:
        """See WorkStore."""
        query = {"$and": [_query(search), {"kind": WorkKind.FALLOUT.value}]}
        found = await self._grouped(query, {"backend": "$backend", "cause": "$cause"})
        counts = [
            FalloutCount(
                backend=group["_id"]["backend"],
                cause=group["_id"]["cause"] or "",
                count=group["count"],
                oldest_since=group["since"].astimezone(UTC),
            )
            for group in found
        ]
        return sorted(counts, key=lambda one: (-one.count, one.backend, one.cause))

    async def queues(self) -> list[QueueCount]:
        """See WorkStore."""
        counts = [
            QueueCount(queue=group["_id"], count=group["count"], oldest_since=group["since"].astimezone(UTC))
            for group in await self._grouped({}, "$queue")
        ]
        return sorted(counts, key=lambda one: one.queue)

    async def _grouped(self, query: Document, by: str | Document) -> list[Document]:
        pipeline: list[Document] = [
            {"$match": query},
            {"$group": {"_id": by, "count": {"$sum": 1}, "since": {"$min": "$since"}}},
        ]
        async with answering():
            return await (await self._of("work_item").aggregate(pipeline)).to_list(None)

    async def select(self, item_ids: Sequence[str], key: IdempotencyKey, at: datetime) -> SelectionKept:
        """See WorkStore."""
        document = {
            "_id": {"owner": key.owner, "key": key.key},
            "fingerprint": key.fingerprint,
            "item_ids": list(item_ids),
            "at": at,
            "ends_at": at + self._keys_kept_for,
        }
        async with answering():
            with suppress(DuplicateKeyError):  # the same request was faster
                await self._of("work_selection").insert_one(document)
        kept = await self.selected(key.owner, key.key)
        assert kept is not None, "it has just been written, or had been before"
        return kept

    async def selected(self, owner: str, key: str) -> SelectionKept | None:
        """See WorkStore."""
        async with answering():
            found = await self._of("work_selection").find_one({"_id": {"owner": owner, "key": key}})
        if found is None:
            return None
        return SelectionKept(tuple(found["item_ids"]), found["fingerprint"], found["at"].astimezone(UTC))


def _query(search: WorkSearch) -> Document:
    query: Document = {}
    for field, wanted in (
        ("queue", search.queues),
        ("kind", [kind.value for kind in search.kinds]),
        ("backend", search.backends),
        ("cause", search.causes),
        ("operation", search.operations),
        ("order_id", search.order_ids),
    ):
        if wanted:
            query[field] = {"$in": list(wanted)}
    claims: list[Document] = []
    if search.claimed_by is not None:
        claims.append({"claimed_by": search.claimed_by})
    if search.claimed is not None:
        claims.append({"claimed_by": {"$ne": None} if search.claimed else None})
    return {**query, "$and": claims} if claims else query
