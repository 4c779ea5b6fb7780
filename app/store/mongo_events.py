"""What happened to orders, in MongoDB, in the order in which followers are given it.

Feed positions are taken from a counter before the transaction that writes their events, so writers do not queue
behind one document. A position may thus be committed late, or never when its writer died. The reader gives out only
what is contiguous; at a hole it waits a little for the writer and then voids the hole with a tombstone under the same
unique key. Whoever writes the key first has it: a late writer is turned away and takes new positions, so no event is
lost, doubled or given out of order, and a cursor is one number.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError, PyMongoError

from app.domain.events import OrderEvent
from app.store.codec import decode, encode
from app.store.mongo_part import Collections, Document, MongoPart, answering, cancellable
from app.store.port import FeedEvent

POLL_SECONDS: Final = 0.5
BELL_MS: Final = 500
_INSERTS: Final[list[Document]] = [{"$match": {"operationType": "insert"}}, {"$project": {"_id": 1}}]
MOTHER_OF_POSITIONS: Final = "feed"
LOOKED_BACK: Final = 500
"""Newest positions among which a hole can still be open; one further back has long been filled or voided."""


class MongoEvents(MongoPart):
    """An EventStore in MongoDB. See `app.store.port.EventStore` for what each method promises.

    `grace` is how long a hole in the feed is left to its writer.
    """

    def __init__(self, collections: Collections, grace: timedelta) -> None:
        super().__init__(collections)
        self._grace = grace
        self._hole: tuple[int, float] | None = None

    async def open(self) -> None:
        """Make the counter and the index that are missing."""
        with suppress(DuplicateKeyError):  # another process has made it at the same time
            await self._of("counter").update_one(
                {"_id": MOTHER_OF_POSITIONS}, {"$setOnInsert": {"last": 0}}, upsert=True
            )
        await self._of("event").create_index(
            [("order_id", ASCENDING), ("sequence", ASCENDING)],
            unique=True,
            partialFilterExpression={"order_id": {"$exists": True}},
        )

    async def take_positions(self, count: int) -> int:
        """The first of `count` positions that nobody else gets."""
        counter = await self._of("counter").find_one_and_update(
            {"_id": MOTHER_OF_POSITIONS},
            {"$inc": {"last": count}},
            return_document=ReturnDocument.AFTER,
        )
        assert counter is not None, "open() has made the counter"
        return int(counter["last"]) - count + 1

    async def write(self, events: Sequence[OrderEvent], first: int, session: AsyncClientSession) -> None:
        """Add these events, under the positions that were taken for them."""
        if events:
            await self._of("event").insert_many(
                [
                    {"_id": first + n, "order_id": e.order_id, "sequence": e.sequence, "body": encode(e)}
                    for n, e in enumerate(events)
                ],
                session=session,
            )

    async def void(self, positions: range) -> None:
        """Positions that will never be written: their readers need not wait for them."""
        for position in positions:
            with suppress(DuplicateKeyError):  # the reader was faster
                await self._of("event").insert_one({"_id": position})

    async def of(self, order_id: str, *, after: int, limit: int) -> list[FeedEvent]:
        """See EventStore."""
        query = {"order_id": order_id, "sequence": {"$gt": after}}
        async with answering():
            found = await self._of("event").find(query).sort("sequence", ASCENDING).limit(limit).to_list(None)
        return [_feed_event(document) for document in found]

    async def after(self, position: int, *, limit: int) -> list[FeedEvent]:
        """See EventStore."""
        async with answering():
            found = await self._contiguous_after(position, limit)
        return [_feed_event(document) for document in found if "body" in document]

    async def _contiguous_after(self, position: int, limit: int) -> list[Document]:
        """Positions without a hole, tombstones included; empty when there is nothing or only what must wait."""
        run: list[Document] = []
        # a stretch of tombstones alone must not look like the end of the feed
        while not any("body" in document for document in run):
            start = run[-1]["_id"] if run else position
            cursor = self._of("event").find({"_id": {"$gt": start}}).sort("_id", ASCENDING).limit(limit)
            found = await cursor.to_list(None)
            whole = [document for n, document in enumerate(found, start + 1) if document["_id"] == n]
            if not found or (not whole and not await self._fill_hole(start + 1)):
                break
            run += whole
        return run

    async def _fill_hole(self, position: int) -> bool:
        """Whether the hole at this position is gone: filled by its late writer, or voided after the grace."""
        now = asyncio.get_running_loop().time()
        if self._hole is None or self._hole[0] != position:
            self._hole = (position, now)
        if now - self._hole[1] < self._grace.total_seconds():
            return False
        await self.void(range(position, position + 1))
        return True

    async def last_position(self) -> int:
        """See EventStore."""
        async with answering():
            found = (
                await self._of("event").find({}, {"_id": 1}).sort("_id", DESCENDING).limit(LOOKED_BACK).to_list(None)
            )
        newest = 0
        for document in reversed(found):
            if newest and document["_id"] != newest + 1:
                break  # a hole, whose writer may still come: what follows it is not given yet
            newest = int(document["_id"])
        return newest

    async def wakeups(self) -> AsyncGenerator[None, None]:
        """See EventStore. The change stream only rings the bell; what happened is read from the events themselves."""
        yield
        while True:
            try:
                async with await self._of("event").watch(_INSERTS, max_await_time_ms=BELL_MS) as stream:
                    while True:
                        # comes back after a while without a change too: a hole in the feed is then looked at again
                        with cancellable():
                            await stream.try_next()
                        yield
            except PyMongoError:
                # no change stream, or not now: look again and again instead
                await asyncio.sleep(POLL_SECONDS)
                yield


def _feed_event(document: Document) -> FeedEvent:
    return FeedEvent(document["_id"], decode(document["body"], OrderEvent))
