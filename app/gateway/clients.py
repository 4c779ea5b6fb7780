"""What one client has under way on this gateway, over all its connections."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Final, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from app.gateway.limits import Exceeded, Guard, Limits
from app.security.identity import Identity

CLIENTS_KEPT: Final = 10_000
"""Buckets that are kept before those that are empty again are forgotten."""

T = TypeVar("T")
Client = tuple[str, str]
"""Who a limit is for: the token's subject, and the application that it was issued to."""


def client_of(identity: Identity) -> Client:
    """The client that calls."""
    return identity.actor.subject, identity.client_id


class Subscriptions:
    """How many subscriptions each client has."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._open: Counter[Client] = Counter()

    @contextmanager
    def one_of(self, identity: Identity) -> Iterator[None]:
        """Counted while the context is entered. Raises Refused when it is one too many."""
        client = client_of(identity)
        self._guard.check("subscriptions", self._open[client] + 1)
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]


class Turns:
    """A client's costly operations are carried out a few at a time, so that those of others come in between."""

    def __init__(self, limits: Limits) -> None:
        self._at_once = limits.costly_at_once
        self._turns: WeakValueDictionary[Client, asyncio.Semaphore] = WeakValueDictionary()

    async def in_turn(self, client: Client, execution: Coroutine[object, object, T]) -> T:
        """The result of a costly operation, once those that the client asked for before leave it room."""
        turn = self._turns.get(client)
        if turn is None:
            self._turns[client] = turn = asyncio.Semaphore(self._at_once)
        try:
            async with turn:
                return await execution
        finally:
            execution.close()  # who goes away while waiting has asked for nothing


class Left(NamedTuple):
    """What a client may still spend at once, of how much, and what comes back in a second."""

    available: int
    most: int
    restored: float

    def shown(self) -> dict[str, object]:
        """As `extensions` show it."""
        return {"maximumAvailable": self.most, "currentlyAvailable": self.available, "restoreRate": self.restored}


@dataclass(slots=True)
class _Bucket:
    """What a client had spent and not got back at a time."""

    spent: float
    at: float


class Throttle:
    """A leaky bucket for each client: operations fill it by what they cost, and it leaks at a steady rate.

    What was refused fills it, too, and may make it run over: until that has leaked, nothing more is looked at.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds."""
        self._guard = Guard(limits)
        self._most = limits.cost_bucket
        self._restored = limits.cost_restored
        self._only_warns = limits.only_warns("cost_bucket")
        self._clock = clock
        self._buckets: dict[Client, _Bucket] = {}

    def take(self, client: Client, cost: int) -> Left:
        """Spend this; what is left. Raises Refused, with the time to wait, when there is not enough left.

        What costs more than the whole bucket takes all of it.
        """
        bucket = self._bucket(client)
        cost = min(cost, self._most)
        self._require(bucket, cost)
        bucket.spent = min(bucket.spent + cost, self._most)
        return self._left(bucket)

    def charge(self, client: Client, cost: int) -> None:
        """Spend this, whether or not there is enough left: it has been done. Of that, a whole bucket at the most."""
        self._bucket(client).spent += min(cost, self._most)

    def admit(self, client: Client) -> None:
        """Raises Refused, with the time to wait, for who was charged more than there was."""
        known = self._buckets.get(client)
        if known is not None and known.spent > self._most:
            self._require(self._bucket(client), 0)

    def _require(self, bucket: _Bucket, cost: int) -> None:
        wanted = bucket.spent + cost
        if wanted <= self._most:
            return
        exceeded = Exceeded("cost_bucket", ceil(wanted), self._most)
        if self._only_warns:
            self._guard.warn(exceeded)
            return
        raise self._guard.refusal(
            exceeded,
            retry_after=ceil((wanted - self._most) / self._restored),
            extensions={"cost": {"requested": cost, "throttleStatus": self._left(bucket).shown()}},
        )

    def _left(self, bucket: _Bucket) -> Left:
        return Left(max(int(self._most - bucket.spent), 0), self._most, self._restored)

    def _bucket(self, client: Client) -> _Bucket:
        """The client's, as it is now."""
        now = self._clock()
        found = self._buckets.get(client)
        if found is None:
            if len(self._buckets) >= CLIENTS_KEPT:
                self._buckets = {
                    kept: one for kept, one in self._buckets.items() if one.spent > (now - one.at) * self._restored
                }
            found = self._buckets[client] = _Bucket(0.0, now)
        found.spent = max(found.spent - (now - found.at) * self._restored, 0.0)
        found.at = now
        return found
