"""A bounded memory of what was read lately."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, TypeVar

from connectors import stale
from connectors.failure import BackendFailure

V = TypeVar("V")


class Recent(Generic[V]):
    """The last values by id, each fresh for some seconds, the least recently read given up first.

    Values are a backend's, the same for whoever asks: nothing that depends on who looks may be kept here. One that is
    not fresh any more still stands in for a backend that does not answer, for `stale_seconds`, where whoever asks can
    be told (`stale`); `used_stale` is called with its age then. What is known to have changed is forgotten.
    """

    def __init__(
        self,
        *,
        seconds: float,
        entries: int,
        stale_seconds: float = 0.0,
        used_stale: Callable[[float], None] | None = None,
    ) -> None:
        self._seconds = seconds
        self._entries = entries
        self._stale_seconds = stale_seconds
        self._used_stale = used_stale
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
            if kept is not None and now - kept[0] < self._seconds:
                self._kept.move_to_end(wanted)
                found[wanted] = kept[1]
            else:
                missing.append(wanted)
        if missing:
            changes = self._changes
            try:
                loaded = await load(missing)
            except BackendFailure as failure:
                standing_in = self._instead(missing, failure)
                if standing_in is None:
                    raise
                return found | standing_in
            self.keep(loaded, since=changes)
            found |= loaded
        return found

    def _instead(self, ids: list[str], failure: BackendFailure) -> dict[str, V] | None:
        """What was known of all of these, when it may be used in place of an answer."""
        now = asyncio.get_running_loop().time()
        old = {wanted: kept for wanted in ids if (kept := self._kept.get(wanted)) is not None}
        oldest = max((now - at for at, _ in old.values()), default=0.0)
        allowed = failure.retryable and self._used_stale is not None and stale.allowed()
        if not allowed or len(old) < len(ids) or oldest > self._stale_seconds:
            return None
        assert self._used_stale is not None, "just looked at"
        self._used_stale(oldest)
        return {wanted: value for wanted, (_, value) in old.items()}

    def keep(self, values: Mapping[str, V], *, since: int) -> None:
        """Remember these values from now on, unless something was forgotten since they began to be read."""
        if since != self._changes:
            return
        now = asyncio.get_running_loop().time()
        for key, value in values.items():
            self._kept[key] = (now, value)
            self._kept.move_to_end(key)
        while len(self._kept) > self._entries:
            self._kept.popitem(last=False)

    def forget(self, which: Callable[[str, V], bool]) -> None:
        """Forget the values of which this is true, and whatever is being read at this moment."""
        self._changes += 1
        for key in [key for key, (_, value) in self._kept.items() if which(key, value)]:
            del self._kept[key]
