"""A bounded memory of what was read lately."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """The last values by id, each kept for some seconds, the least recently read given up first."""

    def __init__(self, *, seconds: float, entries: int) -> None:
        self._seconds = seconds
        self._entries = entries
        self._kept: OrderedDict[str, tuple[float, V]] = OrderedDict()
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often something was forgotten; what is read after it rose must not be kept as if it were new."""
        return self._changes

    async def through(self, ids: Collection[str], load: Callable[[list[str]], Awaitable[dict[str, V]]]) -> dict[str, V]:
        """The values with these ids, loading together those that are missing or too old."""
        now = asyncio.get_running_loop().time()
        found: dict[str, V] = {}
        missing: list[str] = []
        for wanted in ids:
            kept = self._kept.get(wanted)
            if kept is not None and kept[0] > now:
                self._kept.move_to_end(wanted)
                found[wanted] = kept[1]
            else:
                missing.append(wanted)
        if missing:
            changes = self._changes
            loaded = await load(missing)
            self.keep(loaded, since=changes)
            found |= loaded
        return found

    def keep(self, values: Mapping[str, V], *, since: int) -> None:
        """Remember these values from now on, unless something was forgotten since they began to be read."""
        if since != self._changes:
            return
        until = asyncio.get_running_loop().time() + self._seconds
        for key, value in values.items():
            self._kept[key] = (until, value)
            self._kept.move_to_end(key)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)

    def forget(self, which: Callable[[str, V], bool]) -> None:
        """Forget the values of which this is true, and whatever is being read at this moment."""
        self._changes += 1
        for key in [key for key, (_, value) in self._kept.items() if which(key, value)]:
            del self._kept[key]
