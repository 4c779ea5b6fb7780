"""Room for calls: one count for what comes through a lane and for what is let past it, and nobody is overtaken."""

import asyncio
from datetime import timedelta

import pytest

from app.orchestration import room as module
from app.orchestration.room import Room


async def test_what_is_promised_and_what_comes_through_the_lane_share_the_room() -> None:
    room = Room({"billing": 2})

    assert await room.keep("billing", "a")
    async with room.taken("billing", "from the lane"):
        assert not await room.keep("billing", "b")
        async with room.taken("billing", "a"):
            assert not await room.keep("billing", "b")
    assert await room.keep("billing", "b")


async def test_who_waits_for_room_has_the_next() -> None:
    room, entered = Room({"billing": 1}), asyncio.Event()

    async def from_the_lane() -> None:
        async with room.taken("billing", "lane"):
            entered.set()

    async with room.taken("billing", "first"):
        waiting = asyncio.create_task(from_the_lane())
        await asyncio.sleep(0)
    assert not await room.keep("billing", "later")
    await waiting
    assert entered.is_set()
    assert await room.keep("billing", "later")


async def test_nobody_is_let_past_those_who_queue_in_the_lane() -> None:
    room = Room({"billing": 2, "ledger": 2})

    async with room.taken("billing", "lane", waited=timedelta(seconds=2)):
        pass

    assert not await room.keep("billing", "a")
    assert await room.keep("ledger", "a")


async def test_room_that_nobody_comes_for_is_given_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_FOR", timedelta(0))
    room = Room({"billing": 1})

    assert await room.keep("billing", "lost")
    await asyncio.sleep(0.001)

    assert await room.keep("billing", "a")


async def test_a_backend_without_a_lane_promises_nothing() -> None:
    assert not await Room({}).keep("billing", "a")
