"""How backends are reached and what is known of them: the values that `connectors.base` works with."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from connectors.breaker import BreakerState

T = TypeVar("T")
CALLS_AT_ONCE: Final = 64


class Dialect(StrEnum):
    """Which generation of the Open APIs a backend speaks."""

    V4 = "v4"
    V5 = "v5"


class OpenApi(msgspec.Struct, frozen=True, kw_only=True):
    """Where TM Forum puts an Open API; `v5` None: its client speaks v4 only, whatever the backend's dialect is."""

    v4: str
    v5: str | None = None

    def path(self, dialect: Dialect) -> str:
        """The published path in this dialect."""
        return self.v5 if dialect is Dialect.V5 and self.v5 is not None else self.v4


Apis = Mapping[str, OpenApi]
"""The Open APIs of one backend by TM Forum's number ("TMF629"), the main one first."""


class BackendConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a backend is and how it is treated. Times in seconds.

    `prefixes` replaces the paths of Open APIs by their number. A call, its retries included, ends within `deadline`;
    one attempt within `attempt_timeout`. At most `concurrency` calls are under way at once. `authorization` is the
    header of that name; it is shown nowhere.
    """

    base_url: str
    dialect: Dialect = Dialect.V4
    prefixes: Mapping[str, str] = {}
    authorization: str | None = None
    deadline: float = 8.0
    attempt_timeout: float = 3.0
    attempts: int = 3
    concurrency: int = CALLS_AT_ONCE
    breaker_window: int = 20
    breaker_threshold: float = 0.5
    breaker_rest: float = 5.0

    def __repr__(self) -> str:
        return f"BackendConfig(base_url={self.base_url!r}, dialect={self.dialect.value!r})"


class Watch(Protocol):
    """Is told of every call to a backend. Both are on the way of each call: they must be quick and raise nothing."""

    def called(self, backend: str, operation: str, outcome: str, seconds: float, attempts: int) -> None:
        """A call has ended: `ok`, or the kind of its failure, or `CANCELLED`."""

    def saved(self, backend: str, how: str) -> None:
        """A read needed no answer of its own."""


class Unwatched:
    """Tells nobody."""

    def called(self, backend: str, operation: str, outcome: str, seconds: float, attempts: int) -> None:
        """See Watch."""

    def saved(self, backend: str, how: str) -> None:
        """See Watch."""


class BackendHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a backend does, seen from here. Of the calls, up to `places` have their turn at once; the others wait."""

    breaker: BreakerState
    in_flight: int
    waiting: int
    places: int
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Part of a collection, and how many members it has in all."""

    items: tuple[T, ...]
    total: int
