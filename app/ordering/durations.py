"""Learns from completed tasks how long operations take, beside the work: what is lost of it is only a sample."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from app.domain.durations import Sample
from app.store.port import OrderStore

MOST_KEPT: Final = 10_000
LOOKED_AT_FOR: Final = timedelta(seconds=5)


class Durations:
    """What this process has seen and not written yet, and what all of them together have learnt."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []
        self._known: dict[str, timedelta] = {}
        self._looked_at: datetime | None = None

    def saw(self, samples: Iterable[Sample]) -> None:
        """Remember these until they are written; costs no call."""
        self._samples = [*self._samples, *samples][-MOST_KEPT:]

    async def write(self, store: OrderStore) -> None:
        """Write what was seen since the last time, all in one. Raises StoreUnavailable, and then it is lost."""
        samples, self._samples = self._samples, []
        if samples:
            await store.learn(samples)

    async def known(self, store: OrderStore, at: datetime) -> dict[str, timedelta]:
        """By operation, how long it usually takes, as far as enough is known of it. Raises StoreUnavailable."""
        if self._looked_at is None or at - self._looked_at > LOOKED_AT_FOR:
            found = await store.learnt()
            self._known = {duration.operation: duration.usual for duration in found if duration.usual is not None}
            self._looked_at = at
        return self._known
