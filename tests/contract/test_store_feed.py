"""The feed of what happened to orders: each event once and in order, whoever writes and however slowly one reads."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient

from app.domain.events import OrderEvent
from app.store.feed import Feed, Stretch, of_order
from app.store.mongo import MongoStore
from app.store.port import OrderStore, Written
from tests.contract.conftest import KEPT, Open
from tests.contract.stored import change, new_order
from tests.harness import WAIT_SECONDS, until
from tests.mongod import Mongod


async def test_a_reader_of_the_feed_sees_each_event_once_whoever_writes(store: OrderStore, open_another: Open) -> None:
    stores = [store, await open_another(), await open_another()]
    orders = [f"o{n:02}" for n in range(12)]

    async def write(order_id: str, mine: OrderStore) -> None:
        sequence = 0
        while sequence < 6:
            outcome = await mine.commit(change(new_order(order_id, version=sequence + 1), sequence, events=2))
            assert outcome == Written()
            sequence += 2

    async def read(mine: OrderStore) -> list[tuple[int, str, int]]:
        seen: list[tuple[int, str, int]] = []
        while len(seen) < len(orders) * 6:
            events = await mine.events.after(seen[-1][0] if seen else 0, limit=5)
            seen += [(e.position, e.event.order_id, e.event.sequence) for e in events]
            await asyncio.sleep(0)
        return seen

    async with asyncio.timeout(WAIT_SECONDS):
        reading = [asyncio.create_task(read(mine)) for mine in stores]
        await asyncio.gather(*(write(order_id, stores[n % 3]) for n, order_id in enumerate(orders)))
        one, two, three = await asyncio.gather(*reading)

    assert one == two == three
    positions = [position for position, _, _ in one]
    assert positions == sorted(set(positions))
    for order_id in orders:
        assert [s for _, o, s in one if o == order_id] == [1, 2, 3, 4, 5, 6]
    assert await store.events.last_position() >= positions[-1]


async def test_followers_get_what_was_and_what_comes_from_any_position(store: OrderStore, open_another: Open) -> None:
    other = await open_another()
    await store.commit(change(new_order("o1"), events=3))
    async with Feed(store) as feed:
        [first, *_] = await store.events.after(0, limit=1)

        async def follow(after: int | None, count: int) -> list[tuple[str, int]]:
            seen: list[tuple[str, int]] = []
            async for stretch in feed.follow(after):
                seen += [(e.event.order_id, e.event.sequence) for e in stretch.events]
                if len(seen) >= count:
                    break
            return seen

        early = asyncio.create_task(follow(0, 5))
        later = asyncio.create_task(follow(first.position, 4))
        now = asyncio.create_task(follow(None, 2))
        await asyncio.sleep(0)
        await other.commit(change(new_order("o2"), events=2))

        async with asyncio.timeout(WAIT_SECONDS):
            assert await early == [("o1", 1), ("o1", 2), ("o1", 3), ("o2", 1), ("o2", 2)]
            assert await later == [("o1", 2), ("o1", 3), ("o2", 1), ("o2", 2)]
            assert await now == [("o2", 1), ("o2", 2)]


async def test_a_slow_follower_is_told_and_catches_up_from_the_store(
    store: OrderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.feed.RING", 4)
    monkeypatch.setattr("app.store.feed.LANE", 3)
    async with Feed(store) as feed:
        slow, other = feed.follow(0), feed.follow(0)
        async with asyncio.timeout(WAIT_SECONDS):
            # both wait before there is anything: what they get first is what comes, not what was
            first, also_first = asyncio.create_task(_next(slow)), asyncio.create_task(_next(other))
            await until(lambda: _followed_by(feed, 2))
            await store.commit(change(new_order("o0")))
            stretches = [await first]
            await also_first
            for n in range(1, 20):
                await store.commit(change(new_order(f"o{n:02}")))
            await until(lambda: _reached(feed, store))
            assert (feed.followers, feed.lanes) == (2, 1)
            while sum(len(one.events) for one in stretches) < 20:
                stretches.append(await anext(slow))
            late = await anext(other)
            await store.commit(change(new_order("o20")))
            last = await anext(slow)
        await slow.aclose()
        await other.aclose()
        assert (feed.followers, feed.lanes) == (0, 0)

    seen = [event.event.order_id for one in stretches for event in one.events]
    assert seen == ["o0", *(f"o{n:02}" for n in range(1, 20))]
    assert [one.behind for one in stretches if one.behind] == [19]
    assert (late.behind, last.behind) == (19, 0)


async def test_followers_with_one_interest_share_a_lane_and_nobody_is_woken_for_others(store: OrderStore) -> None:
    judged: list[tuple[str, str]] = []

    @dataclass(frozen=True)
    class Of:
        order_id: str

        @property
        def topics(self) -> frozenset[str]:
            return frozenset({of_order(self.order_id)})

        def wants(self, event: OrderEvent) -> bool:
            judged.append((self.order_id, event.order_id))
            return event.order_id == self.order_id

    async with Feed(store) as feed:
        followers = [feed.follow(None, Of(order_id)) for order_id in ("o1", "o2", "o1", "o3")]
        waiting = [asyncio.ensure_future(anext(follower)) for follower in followers]
        await asyncio.sleep(0)
        await store.commit(change(new_order("o1")))
        await store.commit(change(new_order("o2")))
        async with asyncio.timeout(WAIT_SECONDS):
            got = [(await one).events[0].event.order_id for one in waiting[:3]]
        waiting[3].cancel()
        await asyncio.gather(waiting[3], return_exceptions=True)
        for follower in followers:
            await follower.aclose()

    assert got == ["o1", "o2", "o1"]
    assert judged == [("o1", "o1"), ("o2", "o2")]
    assert (feed.followers, feed.lanes) == (0, 0)


async def _followed_by(feed: Feed, count: int) -> bool:
    return feed.followers == count


async def _next(stretches: AsyncGenerator[Stretch, None]) -> Stretch:
    return await anext(stretches)


async def _reached(feed: Feed, store: OrderStore) -> bool:
    return feed.position >= await store.events.last_position()


async def test_the_newest_position_is_before_a_hole_whose_writer_may_still_come(mongod: Mongod, tmp_path: Path) -> None:
    database = f"test-{uuid4()}"
    store = MongoStore(mongod.uri, database, keys_kept_for=KEPT, grace=timedelta(seconds=60))
    await store.open()
    await store.commit(change(new_order("o1")))
    raw: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(mongod.uri)
    await raw[database]["counter"].update_one({"_id": "feed"}, {"$inc": {"last": 1}})
    await store.commit(change(new_order("o3")))

    assert await store.events.last_position() == 1
    await raw.close()
    await store.close()


async def test_a_hole_of_a_crashed_writer_is_waited_for_and_then_passed(mongod: Mongod, tmp_path: Path) -> None:
    database = f"test-{uuid4()}"
    store = MongoStore(mongod.uri, database, keys_kept_for=KEPT, grace=timedelta(seconds=0.3))
    await store.open()
    await store.commit(change(new_order("o1")))
    raw: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(mongod.uri)
    # a writer took a position and died before it wrote its event
    await raw[database]["counter"].update_one({"_id": "feed"}, {"$inc": {"last": 1}})
    await store.commit(change(new_order("o3")))

    early = await store.events.after(0, limit=10)

    async def passed() -> list[str]:
        return [e.event.order_id for e in await store.events.after(early[-1].position, limit=10)]

    assert [e.event.order_id for e in early] == ["o1"], "the hole's writer may still come"
    assert await passed() == []
    assert await until(passed) == ["o3"]
    # the late writer finds its position taken: what it would have written under it can no longer appear
    assert await raw[database]["event"].find_one({"_id": 2}) == {"_id": 2}
    await raw.close()
    await store.close()
