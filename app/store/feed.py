"""The feed of all orders' events, followed by any number of subscribers of one process.

One tail reads the store and keeps the newest events in a ring. A follower keeps nothing but its position: it reads
from the ring, or, when it has fallen behind it, pages from the store until it has caught up. A slow follower thus
costs no memory, and none of them misses or repeats an event.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final

import structlog

from app.store.port import FeedEvent, OrderStore, StoreUnavailable

RING: Final = 4096
PAGE: Final = 256
LONGEST_PAUSE: Final = 5.0

log = structlog.get_logger()


class Feed:
    """Use as an async context manager; `follow` works between entering and leaving."""

    def __init__(self, store: OrderStore) -> None:
        self._store = store
        self._ring: deque[FeedEvent] = deque(maxlen=RING)
        self._read_to = 0
        self._news = asyncio.Event()
        self._tail: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Feed":
        self._read_to = await self._store.last_position()
        self._tail = asyncio.create_task(self._follow_store())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._tail is not None:
            self._tail.cancel()
            with suppress(asyncio.CancelledError):
                await self._tail

    @property
    def position(self) -> int:
        """The position of the newest event that followers have been told of."""
        return self._read_to

    async def _follow_store(self) -> None:
        pause = 0.1
        while True:
            try:
                async for _ in self._store.wakeups():
                    while events := await self._store.events_after(self._read_to, limit=PAGE):
                        self._tell(events)
                    pause = 0.1
            except StoreUnavailable as error:
                log.warning("feed_waits_for_store", reason=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _tell(self, events: list[FeedEvent]) -> None:
        self._ring.extend(events)
        self._read_to = events[-1].position
        # everybody who waits holds this generation's bell; those who come later wait for the next
        bell, self._news = self._news, asyncio.Event()
        bell.set()

    async def follow(self, after: int | None = None) -> AsyncGenerator[tuple[FeedEvent, ...], None]:
        """All events after this position, in feed order and as they come; None: from now on.

        Waits while the store is out of reach.
        """
        position = self._read_to if after is None else after
        while True:
            bell = self._news
            if position >= self._read_to:
                await bell.wait()
                continue
            events = self._from_ring(position)
            if events is None:
                try:
                    events = tuple(await self._store.events_after(position, limit=PAGE))
                except StoreUnavailable:
                    await asyncio.sleep(LONGEST_PAUSE)
                    continue
            if events:
                position = events[-1].position
                yield events
            else:
                position = self._read_to

    def _from_ring(self, position: int) -> tuple[FeedEvent, ...] | None:
        """What follows the position, when the ring reaches back that far."""
        if not self._ring or self._ring[0].position > position + 1:
            return None
        ring = self._ring
        start = bisect_right(ring, position, key=lambda event: event.position)
        return tuple(ring[n] for n in range(start, min(start + PAGE, len(ring))))
