"""Holds what callers send against the limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import structlog

from app.gateway.errors import Code, Refused
from app.gateway.meters import LIMIT_EXCEEDED
from app.limits import LIMITS
from app.limits import Limits as Limits

log = structlog.get_logger()

WARNED: Final = "warned"
REFUSED: Final = "refused"
NO_EXTENSIONS: Final[Mapping[str, object]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that is only watched, and what was found above it."""

    limit: str
    found: float
    allowed: float


class Guard:
    """Refuses what exceeds a limit, or notes it where the limit is only watched; counts both."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def check(self, limit: str, found: float, allowed: float | None = None) -> Exceeded | None:
        """None: within the limit. Raises Refused, unless this limit is only watched.

        `allowed`: other than what is set.
        """
        allowed = self._limits.allowed(limit) if allowed is None else allowed
        if found <= allowed:
            return None
        exceeded = Exceeded(limit, found, allowed)
        if not self._limits.only_warns(limit):
            raise self.refusal(exceeded)
        self.warn(exceeded)
        return exceeded

    def warn(self, exceeded: Exceeded) -> None:
        """Note that this was let through."""
        LIMIT_EXCEEDED.labels(exceeded.limit, WARNED).inc()
        found = min(exceeded.found, 1_000_000)
        log.warning("limit_exceeded", limit=exceeded.limit, found=found, allowed=exceeded.allowed)

    def refusal(
        self, exceeded: Exceeded, *, retry_after: int | None = None, extensions: Mapping[str, object] = NO_EXTENSIONS
    ) -> Refused:
        """The refusal of what exceeds a limit, counted."""
        LIMIT_EXCEEDED.labels(exceeded.limit, REFUSED).inc()
        declared = LIMITS[exceeded.limit]
        told = declared.told(exceeded.found, exceeded.allowed)
        return Refused(Code(declared.code), told, retry_after=retry_after, extensions=extensions)
