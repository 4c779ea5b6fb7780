"""A circuit breaker: after too many failures a backend is left alone for a while, then tried with one call."""

from collections import deque
from collections.abc import Callable
from enum import StrEnum


class BreakerState(StrEnum):
    """Closed lets calls through, open refuses them, half-open lets one probe through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "halfOpen"


class Breaker:
    """Opens when at least `threshold` of the last `window` calls failed; probes after `rest` seconds.

    `clock` gives monotonic seconds.
    """

    def __init__(self, *, window: int, threshold: float, rest: float, clock: Callable[[], float]) -> None:
        self._outcomes: deque[bool] = deque(maxlen=window)
        self._threshold = threshold
        self._rest = rest
        self._clock = clock
        self._opened_at: float | None = None
        self._probing = False
        self._era = 0

    @property
    def state(self) -> BreakerState:
        """Where the breaker stands now."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self._clock() - self._opened_at >= self._rest else BreakerState.OPEN

    @property
    def rests(self) -> float:
        """Seconds until a call may be let through again; 0 when one may, or when a probe is under way."""
        return 0.0 if self._opened_at is None else max(self._opened_at + self._rest - self._clock(), 0.0)

    def admit(self) -> int | None:
        """The era under which to `record` the call's outcome, which must follow; None: the call must not go out."""
        match self.state:
            case BreakerState.CLOSED:
                return self._era
            case BreakerState.HALF_OPEN if not self._probing:
                self._probing = True
                return self._era
            case _:
                return None

    def record(self, era: int, *, success: bool | None) -> None:
        """The outcome of an admitted call; None when it says nothing about the backend."""
        if era != self._era:
            return  # admitted before the breaker opened: only the probe decides when it closes
        if self._opened_at is not None:
            self._probing = False
            if success:
                self._opened_at = None
                self._outcomes.clear()
            elif success is False:
                self._opened_at = self._clock()
        elif success is not None:
            self._outcomes.append(success)
            full = len(self._outcomes) == self._outcomes.maxlen
            if full and self._outcomes.count(False) >= self._threshold * len(self._outcomes):
                self._opened_at = self._clock()
                self._era += 1
