"""How many more calls of each backend a worker may make at once: one count for its lanes and for what need not wait."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

KEPT_FOR: Final = timedelta(seconds=5)
"""Room that was promised to a call which has not come by then is given to others."""
QUEUED: Final = timedelta(milliseconds=500)
"""Who has waited in a lane for so long has waited behind others."""
IN_TURN_FOR: Final = timedelta(seconds=1)
"""When some wait in a lane, nobody is let past them for so long."""


class Room:
    """A call that has room here at once is spared the way through the lane of its backend.

    Whoever comes through the lane has its turn as before: nothing is promised while all room is taken, nor while
    calls have to wait in the lane.
    """

    def __init__(self, at_once: Mapping[str, int]) -> None:
        self._room = {backend: asyncio.Semaphore(calls) for backend, calls in at_once.items()}
        self._kept: dict[str, asyncio.TimerHandle] = {}
        self._in_turn_until: dict[str, float] = {}

    async def keep(self, backend: str, key: str) -> bool:
        """Whether there is room for this call, which will come in a moment; it is kept for it."""
        room, loop = self._room.get(backend), asyncio.get_running_loop()
        if room is None or room.locked() or key in self._kept or loop.time() < self._in_turn_until.get(backend, 0):
            return False
        await room.acquire()  # at once: it is not locked
        self._kept[key] = loop.call_later(KEPT_FOR.total_seconds(), self._give_up, room, key)
        return True

    def _give_up(self, room: asyncio.Semaphore, key: str) -> None:
        del self._kept[key]
        room.release()

    @asynccontextmanager
    async def taken(self, backend: str, key: str, *, waited: timedelta = timedelta(0)) -> AsyncIterator[None]:
        """The room that was kept for this call, or the next that is free; given back when this is left.

        `waited`: how long the call was in the lane.
        """
        if waited > QUEUED:
            self._in_turn_until[backend] = asyncio.get_running_loop().time() + IN_TURN_FOR.total_seconds()
        room = self._room.get(backend)
        if room is None:
            yield
            return
        if (kept := self._kept.pop(key, None)) is not None:
            kept.cancel()
        else:
            await room.acquire()
        try:
            yield
        finally:
            room.release()
