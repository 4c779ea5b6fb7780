"""The feed of all orders' events, followed by any number of subscribers of one process.

One tail reads the store and keeps the newest events in a ring. Followers who want the same share a lane: each event is
judged once a lane, and wakes nobody who does not want it. A follower keeps nothing but its position: it reads from its
lane, or, when it has fallen behind it or comes with an old position, from the ring or page by page from the store until
its lane holds what comes next. However slow a follower is, it costs no memory, and misses or repeats no event.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Hashable, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Protocol

import structlog

from app import metrics
from app.domain.events import OrderEvent
from app.store.port import FeedEvent, OrderStore, StoreUnavailable

RING: Final = 4096
WARM: Final = 1024
"""Events before the newest that a new process reads at once: whoever comes over from another one resumes in memory."""
LANE: Final = 256
"""Events that a lane holds; a follower who is further behind is told so and reads from the store."""
PAGE: Final = 256
LONGEST_PAUSE: Final = 5.0

log = structlog.get_logger()


class Interest(Hashable, Protocol):
    """What a follower wants; those whose interests are equal share a lane."""

    @property
    def topics(self) -> frozenset[str]:
        """Keys of which a wanted event has at least one (see `topics_of`); empty: it may have any."""

    def wants(self, event: OrderEvent) -> bool:
        """Whether the follower wants to be told of it. Asked when the event is told, not when following begins."""


@dataclass(frozen=True, slots=True)
class Everything:
    """The interest of who wants all events."""

    @property
    def topics(self) -> frozenset[str]:
        """See Interest."""
        return frozenset()

    def wants(self, _: OrderEvent) -> bool:
        """See Interest."""
        return True


def topics_of(event: OrderEvent) -> tuple[str, ...]:
    """The keys under which an event is looked for: its order, and whoever is a customer in it."""
    topics = (of_order(event.order_id), of_customer(event.customer_id))
    return topics if event.acceptor_id is None else (*topics, of_customer(event.acceptor_id))


def of_order(order_id: str) -> str:
    """The topic of an order."""
    return f"order:{order_id}"


def of_customer(customer_id: str) -> str:
    """The topic of a customer."""
    return f"customer:{customer_id}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The next events for a follower, in feed order. `behind` other than 0: it was too slow, and that many waited."""

    events: tuple[FeedEvent, ...]
    behind: int = 0


class _Lane:
    """The newest events that one interest wants, and the bell for those who follow it."""

    def __init__(self, interest: Interest, since: int) -> None:
        self.interest = interest
        self.followers = 0
        self.since = since  # whatever follows this position and is wanted, is held
        self.told = 0  # how many there have been, held or not
        self._held: deque[FeedEvent] = deque()
        self._bell = asyncio.Event()

    def tell(self, event: FeedEvent) -> None:
        if not self.interest.wants(event.event):
            return
        if len(self._held) == LANE:
            self.since = self._held.popleft().position
        self._held.append(event)
        self.told += 1
        # everybody who waits holds this generation's bell; those who come later wait for the next
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    async def news(self) -> None:
        """Returns after the next event."""
        await self._bell.wait()

    def after(self, position: int) -> tuple[FeedEvent, ...]:
        """What is held and follows this position."""
        if not self._held or self._held[-1].position <= position:
            return ()
        if len(self._held) > 1 and self._held[-2].position <= position:  # nobody is behind: the usual case
            return (self._held[-1],)
        return _following(self._held, position)


class Feed:
    """Use as an async context manager; `follow` works between entering and leaving."""

    def __init__(self, store: OrderStore) -> None:
        self._store = store
        self._ring: deque[FeedEvent] = deque(maxlen=RING)
        self._ring_since = 0  # whatever follows this position is in the ring
        self._read_to = 0
        self._lanes: dict[Interest, _Lane] = {}
        self._by_topic: dict[str, set[_Lane]] = {}
        self._of_any_topic: set[_Lane] = set()
        self._tail: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Feed":
        self._read_to = self._ring_since = await self._store.events.last_position()
        await self._warm_up()
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

    @property
    def followers(self) -> int:
        """How many follow at the moment."""
        return sum(lane.followers for lane in self._lanes.values())

    @property
    def lanes(self) -> int:
        """How many different interests they have."""
        return len(self._lanes)

    async def _warm_up(self) -> None:
        start = max(0, self._read_to - WARM)
        at = start
        while at < self._read_to:
            events = [e for e in await self._store.events.after(at, limit=PAGE) if e.position <= self._read_to]
            if not events:
                break
            self._ring.extend(events)
            at = events[-1].position
        self._ring_since = start

    async def _follow_store(self) -> None:
        pause = 0.1
        while True:
            try:
                async with aclosing(self._store.events.wakeups()) as wakeups:
                    async for _ in wakeups:
                        while events := await self._store.events.after(self._read_to, limit=PAGE):
                            self._tell(events)
                        pause = 0.1
            except StoreUnavailable as error:
                log.warning("feed_waits_for_store", reason=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _tell(self, events: list[FeedEvent]) -> None:
        metrics.FEED_DELAY_SECONDS.observe(max((datetime.now(UTC) - events[0].event.at).total_seconds(), 0.0))
        for event in events:
            if len(self._ring) == self._ring.maxlen:
                self._ring_since = self._ring[0].position
            self._ring.append(event)
            for lane in self._lanes_for(event.event):
                lane.tell(event)
        self._read_to = events[-1].position

    def _lanes_for(self, event: OrderEvent) -> Iterable[_Lane]:
        if not self._by_topic:
            return self._of_any_topic
        return self._of_any_topic.union(*(self._by_topic.get(topic, ()) for topic in topics_of(event)))

    async def follow(
        self, after: int | None = None, interest: Interest = Everything()
    ) -> AsyncGenerator[Stretch, None]:
        """All events of this interest after this position, in feed order and as they come; None: from now on.

        Waits while the store is out of reach.
        """
        lane = self._enter(interest)
        try:
            position = self._read_to if after is None else after
            caught_up, told = False, 0  # `told`: how many of the lane's events were before the position
            while True:
                if position < lane.since:
                    behind = lane.told - told if caught_up else 0
                    caught_up = False
                    older = await self._older(position)
                    if events := tuple(event for event in older.events if interest.wants(event.event)):
                        yield Stretch(events, behind)
                    position = older.to
                    continue
                events = lane.after(position)
                if not caught_up:
                    caught_up, told = True, lane.told - len(events)
                if events:
                    position = events[-1].position
                    told += len(events)
                    yield Stretch(events)
                else:
                    await lane.news()
        finally:
            self._leave(lane)

    def _enter(self, interest: Interest) -> _Lane:
        lane = self._lanes.get(interest)
        if lane is None:
            lane = self._lanes[interest] = _Lane(interest, self._read_to)
            if interest.topics:
                for topic in interest.topics:
                    self._by_topic.setdefault(topic, set()).add(lane)
            else:
                self._of_any_topic.add(lane)
        lane.followers += 1
        return lane

    def _leave(self, lane: _Lane) -> None:
        lane.followers -= 1
        if lane.followers:
            return
        del self._lanes[lane.interest]
        self._of_any_topic.discard(lane)
        for topic in lane.interest.topics:
            lanes = self._by_topic[topic]
            lanes.discard(lane)
            if not lanes:
                del self._by_topic[topic]

    async def _older(self, position: int) -> "_Older":
        """The next of all events after a position that the tail has long passed."""
        if position >= self._ring_since:
            events = _following(self._ring, position)
            return _Older(events, events[-1].position if events else self._read_to)
        passed = self._read_to
        while True:
            try:
                found = await self._store.events.after(position, limit=PAGE)
            except StoreUnavailable:
                await asyncio.sleep(LONGEST_PAUSE)
                continue
            return _Older(tuple(found), found[-1].position if found else passed)


@dataclass(frozen=True, slots=True)
class _Older:
    """Events, and the position up to which these are all."""

    events: tuple[FeedEvent, ...]
    to: int


def _following(events: Sequence[FeedEvent], position: int) -> tuple[FeedEvent, ...]:
    """Up to a page of what follows the position."""
    start = bisect_right(events, position, key=lambda event: event.position)
    return tuple(islice(events, start, start + PAGE))
