"""The production store: MongoDB, a replica set or a sharded cluster. It and its parts alone know the driver."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, ReplaceOne, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError, OperationFailure
from pymongo.read_concern import ReadConcern

from app.domain.actor import Actor
from app.domain.durations import Duration, Sample, learnt
from app.domain.order import ExternalId, ProductOrder
from app.domain.plan import Plan
from app.domain.states import OrderState
from app.domain.worklist import work_items
from app.store.codec import awaited_orders, decode, encode, offering_words
from app.store.mongo_audit import MongoAudit
from app.store.mongo_batches import MongoBatches
from app.store.mongo_events import MongoEvents
from app.store.mongo_part import Document, answering
from app.store.mongo_search import query_of
from app.store.mongo_webhooks import MongoWebhooks
from app.store.mongo_work import MongoWork
from app.store.port import (
    Change,
    Commit,
    ExternalIdUsed,
    IdempotencyKey,
    KeyRecord,
    KeyUsed,
    MovedOn,
    OrderBy,
    OrderSearch,
    OrderVersion,
    StoredOrder,
    StoreUnavailable,
    Written,
)

MOST_ATTEMPTS: Final = 12
ANSWER_WITHIN_MS: Final = 5_000
DUPLICATE_KEY: Final = 11000


class _Refused(Exception):
    """The transaction is to be given up with this answer."""

    def __init__(self, answer: MovedOn | KeyUsed | ExternalIdUsed) -> None:
        self.answer = answer


class MongoStore:
    """An OrderStore in MongoDB. See `app.store.port.OrderStore` for what each method promises.

    `grace` is how long a hole in the feed is left to its writer, `keys_kept_for` how long an idempotency key is known.
    A server that says nothing for as long as `silent_for`, though the connection is still there, is taken for gone.
    """

    def __init__(
        self,
        uri: str,
        database: str,
        *,
        keys_kept_for: timedelta,
        grace: timedelta = timedelta(seconds=1),
        silent_for: timedelta = timedelta(seconds=30),
    ) -> None:
        self._client: AsyncMongoClient[Document] = AsyncMongoClient(
            uri,
            tz_aware=True,
            serverSelectionTimeoutMS=ANSWER_WITHIN_MS,
            connectTimeoutMS=ANSWER_WITHIN_MS,
            socketTimeoutMS=int(silent_for.total_seconds() * 1000),
        )
        durable = WriteConcern("majority", j=True)
        self._db = self._client.get_database(database, write_concern=durable, read_concern=ReadConcern("majority"))
        self._keys_kept_for = keys_kept_for
        self.events = MongoEvents(self._of, grace)
        self.batches = MongoBatches(self._of)
        self.work = MongoWork(self._of, keys_kept_for)
        self.audit = MongoAudit(self._of)
        self.webhooks = MongoWebhooks(self._of)

    def _of(self, name: str) -> "AsyncCollection[Document]":
        return self._db[name]

    async def open(self) -> None:
        """Reach the server and make the indexes that are missing."""
        async with answering():
            await self._client.admin.command("ping")
            orders = self._of("product_order")
            for field in ("state", "customer_id", "acceptor_id", "channel", "seller_id", "places", "external_ids.id"):
                await orders.create_index([(field, ASCENDING), ("_id", ASCENDING)])
            await orders.create_index([("created_at", ASCENDING)])
            # of few orders: the others have no entry
            for field in ("jeopardy.level", "jeopardy.queue", "awaited", "parent_id"):
                there: Document = {field: {"$exists": True}}
                await orders.create_index([(field, ASCENDING), ("_id", ASCENDING)], partialFilterExpression=there)
            await orders.create_index([("state", ASCENDING), ("waiting_since", ASCENDING)])
            await self._of("version").create_index([("order_id", ASCENDING), ("version", ASCENDING)], unique=True)
            await self.events.open()
            await self.batches.open()
            await self.work.open()
            await self.audit.open()
            await self.webhooks.open()
            # each key says when it ends, so that another retention time needs no other index
            await self._of("idempotency_key").create_index([("ends_at", ASCENDING)], expireAfterSeconds=0)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def ping(self) -> None:
        """See OrderStore."""
        async with answering():
            await self._client.admin.command("ping")

    async def load(self, order_ids: Sequence[str]) -> dict[str, StoredOrder]:
        """See OrderStore."""
        async with answering():
            found = await self._of("product_order").find({"_id": {"$in": list(order_ids)}}).to_list(None)
        return {
            document["_id"]: StoredOrder(
                order=decode(document["body"], ProductOrder),
                plan=decode(document["plan"], Plan) if document.get("plan") else None,
                sequence=document["sequence"],
            )
            for document in found
        }

    async def commit(self, change: Change) -> Commit:
        """See OrderStore."""
        for attempt in range(MOST_ATTEMPTS):
            if attempt:
                # writers of the same order meet again unless they step aside for different times
                await asyncio.sleep(min(0.002 * 2**attempt, 0.25))
            async with answering():
                first = await self.events.take_positions(len(change.events))
                try:
                    await self._write_all(change, first)
                except _Refused as refused:
                    await self.events.void(range(first, first + len(change.events)))
                    return refused.answer
                except OperationFailure as error:
                    await self.events.void(range(first, first + len(change.events)))
                    if not _may_be_repeated(error):
                        raise
                    continue
                return Written()
        raise StoreUnavailable(f"order {change.order.id}: too many writers at once, try again")

    async def _write_all(self, change: Change, first: int) -> None:
        async with self._client.start_session() as session, await session.start_transaction():
            await self._write_key(change, session)
            await self._write_external_ids(change.order, session)
            kept_version = await self._write_order(change, session)
            order = change.order
            if kept_version != order.version:
                await self._of("version").insert_one(
                    {
                        "order_id": order.id,
                        "version": order.version,
                        "actor": encode(change.actor),
                        "reason": change.reason,
                        "at": change.at,
                        "body": encode(order),
                    },
                    session=session,
                )
            await self.events.write(change.events, first, session)
            if change.audit is not None:
                await self.audit.write([change.audit], session)

    async def _write_key(self, change: Change, session: AsyncClientSession) -> None:
        if change.key is None:
            return
        if (used := await self._key(change.key.owner, change.key.key, session)) is not None:
            raise _Refused(KeyUsed(used))
        await self._of("idempotency_key").insert_one(
            {
                "_id": _key_id(change.key.owner, change.key.key),
                "fingerprint": change.key.fingerprint,
                "order_id": change.order.id,
                "version": change.order.version,
                "used_at": change.at,
                "ends_at": change.at + self._keys_kept_for,
            },
            session=session,
        )

    async def _write_external_ids(self, order: ProductOrder, session: AsyncClientSession) -> None:
        for external in order.external_ids:
            found = await self._of("external_id").find_one({"_id": _external_id(external)}, session=session)
            if found is None:
                # of two orders at once, one meets the other's document here, or is turned away as a duplicate
                await self._of("external_id").insert_one(
                    {"_id": _external_id(external), "order_id": order.id}, session=session
                )
            elif found["order_id"] != order.id:
                raise _Refused(ExternalIdUsed(external, found["order_id"]))

    async def _write_order(self, change: Change, session: AsyncClientSession) -> int | None:
        """Returns the version that was stored before, if any."""
        order = change.order
        document: Document = {
            "state": order.state.value,
            "created_at": order.created_at,
            "customer_id": order.customer_id,
            "acceptor_id": order.acceptor_id,
            "channel": order.channel,
            "seller_id": order.seller_id,
            "external_ids": [_external_id(external) for external in order.external_ids],
            "places": sorted(order.place_ids),
            "offerings": offering_words(order),
            "version": order.version,
            "sequence": change.events[-1].sequence if change.events else change.after,
            "body": encode(order),
        }
        work = work_items(order, change.plan)
        if change.plan is not None:
            document["plan"] = encode(change.plan)
            document["work_count"] = len(work)
        awaited = awaited_orders(change.plan) if change.plan is not None else None
        jeopardy = order.jeopardy
        sometimes: Document = {
            "waiting_since": order.waiting_since,
            "parent_id": order.parent_id,
            "jeopardy": {"level": jeopardy.level.value, "queue": jeopardy.queue} if jeopardy else None,
            **({} if awaited is None else {"awaited": awaited or None}),
        }
        document |= {field: value for field, value in sometimes.items() if value is not None}
        update: Document = {"$set": document}
        if gone := {field: "" for field, value in sometimes.items() if value is None}:
            update["$unset"] = gone
        if change.after == 0:
            known = await self._of("product_order").find_one({"_id": order.id}, {"_id": 1}, session=session)
            if known is not None:
                raise _Refused(MovedOn())
            await self._of("product_order").insert_one({"_id": order.id, **document}, session=session)
            if work:
                await self.work.write(order.id, work, session)
            return None
        before = await self._of("product_order").find_one_and_update(
            {"_id": order.id, "sequence": change.after},
            update,
            projection={"version": 1, "work_count": 1},
            session=session,
        )
        if before is None:
            raise _Refused(MovedOn())
        if change.plan is not None and (work or before.get("work_count")):
            await self.work.write(order.id, work, session)
        return int(before["version"])

    async def _key(self, owner: str, key: str, session: AsyncClientSession | None = None) -> KeyRecord | None:
        found = await self._of("idempotency_key").find_one({"_id": _key_id(owner, key)}, session=session)
        if found is None:
            return None
        return KeyRecord(
            key=IdempotencyKey(owner=owner, key=key, fingerprint=found["fingerprint"]),
            order_id=found["order_id"],
            version=found["version"],
            used_at=found["used_at"],
        )

    async def holder(self, external_ids: Sequence[ExternalId]) -> ExternalIdUsed | None:
        """See OrderStore."""
        async with answering():
            for external in external_ids:
                if (found := await self._of("external_id").find_one({"_id": _external_id(external)})) is not None:
                    return ExternalIdUsed(external, found["order_id"])
        return None

    async def recall(self, owner: str, key: str) -> KeyRecord | None:
        """See OrderStore."""
        async with answering():
            return await self._key(owner, key)

    async def version(self, order_id: str, version: int) -> OrderVersion | None:
        """See OrderStore."""
        async with answering():
            found = await self._of("version").find_one({"order_id": order_id, "version": version})
        return _version(found) if found else None

    async def versions(self, order_id: str) -> list[OrderVersion]:
        """See OrderStore."""
        async with answering():
            found = await self._of("version").find({"order_id": order_id}).sort("version", ASCENDING).to_list(None)
        return [_version(document) for document in found]

    async def search(
        self, search: OrderSearch, order_by: OrderBy, *, after: str | None, limit: int
    ) -> list[ProductOrder]:
        """See OrderStore."""
        query = query_of(search)
        descending = order_by is OrderBy.CREATED_DESCENDING
        if after is not None:
            query["_id"] = {"$lt" if descending else "$gt": after}
        cursor = self._of("product_order").find(query, {"body": 1})
        async with answering():
            found = await cursor.sort("_id", DESCENDING if descending else ASCENDING).limit(limit).to_list(None)
        return [decode(document["body"], ProductOrder) for document in found]

    async def count(self, search: OrderSearch) -> int:
        """See OrderStore."""
        async with answering():
            return int(await self._of("product_order").count_documents(query_of(search)))

    async def waiting(self, state: OrderState, before: datetime, limit: int) -> list[str]:
        """See OrderStore."""
        query = {"waiting_since": {"$lt": before}, "state": state.value}
        async with answering():
            found = (
                await self._of("product_order")
                .find(query, {"_id": 1})
                .sort("waiting_since", ASCENDING)
                .limit(limit)
                .to_list(None)
            )
        return [document["_id"] for document in found]

    async def awaiting(self, order_id: str) -> list[str]:
        """See OrderStore."""
        async with answering():
            found = await self._of("product_order").find({"awaited": order_id}, {"_id": 1}).to_list(None)
        return [document["_id"] for document in found]

    async def learn(self, samples: Sequence[Sample]) -> None:
        """See OrderStore. Read and then written without a transaction: what another writer adds meanwhile is lost."""
        operations = sorted({sample.operation for sample in samples})
        async with answering():
            found = await self._of("duration").find({"_id": {"$in": operations}}).to_list(None)
            known = {duration.operation: duration for duration in map(_duration, found)}
            for sample in samples:
                known[sample.operation] = learnt(known.get(sample.operation), sample)
            await self._of("duration").bulk_write(
                [
                    ReplaceOne(
                        {"_id": d.operation},
                        {"count": d.count, "seconds": d.seconds, "by_people": d.by_people},
                        upsert=True,
                    )
                    for d in known.values()
                ],
                ordered=False,
            )

    async def learnt(self) -> list[Duration]:
        """See OrderStore."""
        async with answering():
            return [_duration(document) for document in await self._of("duration").find().to_list(None)]


def _may_be_repeated(error: OperationFailure) -> bool:
    """A race with another writer, or a position that a reader has voided: the same change with new positions."""
    return error.has_error_label("TransientTransactionError") or _is_duplicate(error)


def _is_duplicate(error: OperationFailure) -> bool:
    if isinstance(error, DuplicateKeyError) or error.code == DUPLICATE_KEY:
        return True
    details: Mapping[str, Any] = error.details or {}
    return any(problem.get("code") == DUPLICATE_KEY for problem in details.get("writeErrors", ()))


def _key_id(owner: str, key: str) -> Document:
    return {"owner": owner, "key": key}


def _external_id(external: ExternalId) -> Document:
    return {"id": external.id, "owner": external.owner, "type": external.type}


def _duration(document: Document) -> Duration:
    return Duration(
        operation=document["_id"],
        count=document["count"],
        seconds=document["seconds"],
        by_people=document["by_people"],
    )


def _version(document: Document) -> OrderVersion:
    return OrderVersion(
        order=decode(document["body"], ProductOrder),
        actor=decode(document["actor"], Actor),
        reason=document["reason"],
        at=document["at"].astimezone(UTC),
    )
