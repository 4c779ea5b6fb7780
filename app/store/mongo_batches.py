"""Batches in MongoDB."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, DESCENDING, UpdateOne
from pymongo.errors import DuplicateKeyError

from app.domain.actor import Actor
from app.domain.batch import Batch, BatchLine, LineResult, LineState
from app.domain.request import OrderRequest
from app.store.codec import decode, encode
from app.store.mongo_part import Document, MongoPart, answering
from app.store.port import BatchKept, BatchSearch, IdempotencyKey

LINES_AT_ONCE: Final = 1000


class MongoBatches(MongoPart):
    """A BatchStore in MongoDB. See `app.store.port.BatchStore` for what each method promises.

    Lines are written before their batch, so that a batch which is there is whole; lines of a writer that died in
    between belong to no batch, and nobody ever sees them.
    """

    async def open(self) -> None:
        """Make the indexes that are missing."""
        await self._of("batch").create_index([("owner", ASCENDING), ("key", ASCENDING)], unique=True)
        await self._of("batch").create_index([("owner", ASCENDING), ("_id", ASCENDING)])
        await self._of("batch").create_index([("completed_at", ASCENDING), ("created_at", ASCENDING)])
        await self._of("batch_line").create_index([("batch_id", ASCENDING), ("number", ASCENDING)], unique=True)
        await self._of("batch_line").create_index(
            [("batch_id", ASCENDING), ("state", ASCENDING), ("number", ASCENDING)]
        )

    async def add(self, batch: Batch, lines: Sequence[BatchLine], key: IdempotencyKey) -> BatchKept:
        """See BatchStore."""
        kept = await self.of_key(key.owner, key.key)
        if kept is not None:
            return kept
        async with answering():
            for start in range(0, len(lines), LINES_AT_ONCE):
                await self._of("batch_line").insert_many(
                    [
                        {
                            "batch_id": batch.id,
                            "number": line.number,
                            "state": line.state.value,
                            "request": encode(line.request) if line.request else None,
                            "result": encode(line.result) if line.result else None,
                        }
                        for line in lines[start : start + LINES_AT_ONCE]
                    ]
                )
            try:
                await self._of("batch").insert_one(
                    {
                        "_id": batch.id,
                        "owner": key.owner,
                        "key": key.key,
                        "fingerprint": key.fingerprint,
                        "actor": encode(batch.actor),
                        "created_at": batch.created_at,
                        "line_count": batch.line_count,
                        "completed_at": batch.completed_at,
                    }
                )
            except DuplicateKeyError:  # the same request was faster
                await self._of("batch_line").delete_many({"batch_id": batch.id})
        kept = await self.of_key(key.owner, key.key)
        assert kept is not None, "it has just been written, or had been before"
        return kept

    async def of_key(self, owner: str, key: str) -> BatchKept | None:
        """See BatchStore."""
        async with answering():
            found = await self._of("batch").find_one({"owner": owner, "key": key})
            return BatchKept(await self._batch(found), found["fingerprint"]) if found else None

    async def load(self, batch_ids: Sequence[str]) -> dict[str, Batch]:
        """See BatchStore."""
        async with answering():
            found = await self._of("batch").find({"_id": {"$in": list(batch_ids)}}).to_list(None)
            return {document["_id"]: await self._batch(document) for document in found}

    async def search(self, search: BatchSearch, *, after: str | None, limit: int) -> list[Batch]:
        """See BatchStore."""
        query: Document = {}
        if search.sender is not None:
            query["owner"] = search.sender
        if after is not None:
            query["_id"] = {"$lt": after}
        async with answering():
            found = await self._of("batch").find(query).sort("_id", DESCENDING).limit(limit).to_list(None)
            return [await self._batch(document) for document in found]

    async def count(self, search: BatchSearch) -> int:
        """See BatchStore."""
        query = {"owner": search.sender} if search.sender is not None else {}
        async with answering():
            return int(await self._of("batch").count_documents(query))

    async def lines(self, batch_id: str, state: LineState | None, *, after: int, limit: int) -> list[BatchLine]:
        """See BatchStore."""
        query: Document = {"batch_id": batch_id, "number": {"$gt": after}}
        if state:
            query["state"] = state.value
        async with answering():
            found = await self._of("batch_line").find(query).sort("number", ASCENDING).limit(limit).to_list(None)
        return [
            BatchLine(
                number=document["number"],
                request=decode(document["request"], OrderRequest) if document["request"] else None,
                result=decode(document["result"], LineResult) if document["result"] else None,
            )
            for document in found
        ]

    async def record(self, batch_id: str, results: Sequence[LineResult], at: datetime) -> None:
        """See BatchStore."""
        pending = {"batch_id": batch_id, "state": LineState.PENDING.value}
        updates = [
            UpdateOne(
                {**pending, "number": result.number},
                {"$set": {"state": result.state.value, "result": encode(result)}},
            )
            for result in results
        ]
        async with answering():
            if updates:
                await self._of("batch_line").bulk_write(updates, ordered=False)
            if await self._of("batch_line").find_one(pending, {"_id": 1}) is None:
                await self._of("batch").update_one(
                    {"_id": batch_id, "completed_at": None}, {"$set": {"completed_at": at}}
                )

    async def unfinished(self, before: datetime, limit: int) -> list[str]:
        """See BatchStore."""
        query = {"completed_at": None, "created_at": {"$lt": before}}
        async with answering():
            found = await self._of("batch").find(query, {"_id": 1}).sort("created_at").limit(limit).to_list(None)
        return [document["_id"] for document in found]

    async def _batch(self, document: Document) -> Batch:
        async def count(state: LineState) -> int:
            query = {"batch_id": document["_id"], "state": state.value}
            return int(await self._of("batch_line").count_documents(query))

        return Batch(
            id=document["_id"],
            actor=decode(document["actor"], Actor),
            created_at=document["created_at"],
            line_count=document["line_count"],
            accepted_count=await count(LineState.ACCEPTED),
            refused_count=await count(LineState.REFUSED),
            completed_at=document["completed_at"],
        )
