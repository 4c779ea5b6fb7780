"""Tell webhooks of events: each at least once, in the order of the feed, by one deliverer at a time.

How far a webhook has been told is in the store, and so is who tells it until when: whatever is killed, another worker
goes on after the last event that was recorded as told. While a call is tried again, the webhook is nobody's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import random
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog

from app import metrics
from app.domain.access import Right, may
from app.domain.webhook import DeadLetter, Webhook, envelope, event_id, pause_after, signed_headers
from app.ordering.ordering import Ordering
from app.ordering.reading import interest_of
from app.store.port import FeedEvent, StoreUnavailable

LEASE: Final = timedelta(seconds=10)
"""How long a webhook is its deliverer's after each record: longer than a call may take."""
STOPPING_SECONDS: Final = 6.0
"""How long calls under way may take when the worker stops: as long as they may take at all."""
AT_ONCE: Final = 100
PAGE: Final = 256

Call = Callable[[str, Mapping[str, str], bytes], Awaitable[str | None]]
"""Posts a body with headers to an address; gives why it was not taken, None: it was."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many webhooks are still to be told of something, and when the oldest of that happened."""

    webhooks: int = 0
    oldest: datetime | None = None

    def age(self, at: datetime) -> float:
        """Of the oldest, in seconds."""
        return max((at - self.oldest).total_seconds(), 0.0) if self.oldest else 0.0


class Deliverer:
    """Use as an async context manager, and call `look` again and again in between."""

    def __init__(self, ordering: Ordering, call: Call) -> None:
        self._ordering = ordering
        self._store = ordering.store.webhooks
        self._call = call
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._backlog = Backlog()
        metrics.watch(
            {
                "orderway_webhooks_behind": lambda: metrics.one(self._backlog.webhooks),
                "orderway_webhook_oldest_event_seconds": lambda: metrics.one(self._backlog.age(ordering.clock())),
            }
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOPPING_SECONDS)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def look(self) -> None:
        """Begin to tell the webhooks that are due and nobody's. Raises StoreUnavailable."""
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return
        holder = self._ordering.new_id()
        at = self._ordering.clock()
        newest = await self._ordering.store.events.last_position()
        for webhook in await self._store.claim(holder, at, at + LEASE, before=newest, limit=room):
            task = asyncio.create_task(self._deliver(webhook, holder))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def weigh(self) -> None:
        """See what is still to be told, by whichever worker, for the metrics. Raises StoreUnavailable."""
        events = self._ordering.store.events
        behind = await self._store.behind(await events.last_position())
        next_ones = await events.after(behind.position, limit=1) if behind else []
        self._backlog = Backlog(behind.count, next_ones[0].event.at) if behind and next_ones else Backlog()

    async def _deliver(self, webhook: Webhook, holder: str) -> None:
        """Tell it of everything there is, until it fails, is another's, or the worker stops."""
        try:
            while not self._stopping:
                events = await self._ordering.store.events.after(webhook.position, limit=PAGE)
                if not events:
                    break
                page = await self._tell(webhook, holder, events)
                if page is None:
                    return
                webhook = page
            await self._store.record(webhook, holder, None)
        except StoreUnavailable as unavailable:
            log.warning("webhook_waits_for_store", webhook=webhook.id, reason=str(unavailable))
        except Exception:  # nobody waits for this task; what it held is free again when its time is over
            log.exception("webhook_failed", webhook=webhook.id)

    async def _tell(self, webhook: Webhook, holder: str, events: list[FeedEvent]) -> Webhook | None:
        """The webhook after these events, or as many as there was time for; None: it is no longer ours."""
        interest = interest_of(webhook.owner, webhook.filter, lambda: self._ordering.rulebook().dealers)
        for fed in events:
            if not interest.wants(fed.event):
                webhook = replace(webhook, position=fed.position)
                continue
            webhook, letters = await self._tried(webhook, fed)
            until = None if webhook.attempts else self._ordering.clock() + LEASE
            recorded = await self._store.record(webhook, holder, until, letters)
            if recorded:
                self._count(webhook, fed, letters)
            if not recorded or until is None:
                return None
            if self._stopping:
                return webhook
        held = await self._store.record(webhook, holder, self._ordering.clock() + LEASE)
        return webhook if held else None

    def _count(self, webhook: Webhook, fed: FeedEvent, letters: tuple[DeadLetter, ...]) -> None:
        outcome = "deadLetter" if letters else "again" if webhook.attempts else "delivered"
        metrics.WEBHOOK_CALLS.labels(outcome).inc()
        if outcome == "delivered":
            late = (self._ordering.clock() - fed.event.at).total_seconds()
            metrics.WEBHOOK_DELAY_SECONDS.observe(max(late, 0.0))

    async def _tried(self, webhook: Webhook, fed: FeedEvent) -> tuple[Webhook, tuple[DeadLetter, ...]]:
        """The webhook after one call, and what was given up with it."""
        policy = self._ordering.webhooks
        body = msgspec.json.encode(envelope(fed.event, fed.position, whole=may(webhook.owner, Right.READ_DETAILS)))
        headers = signed_headers(webhook.secret, event_id(fed.event), self._ordering.clock(), body)
        failure = await self._call(webhook.callback, headers, body)
        at = self._ordering.clock()
        if failure is None:
            told = replace(webhook, position=fed.position, attempts=0, failure=None, next_try_at=None, delivered_at=at)
            return told, ()
        attempts = webhook.attempts + 1
        log.info("webhook_not_taken", webhook=webhook.id, attempts=attempts, reason=failure)
        if attempts < policy.attempts:
            again_at = at + pause_after(attempts, policy, random())
            return replace(webhook, attempts=attempts, failure=failure, next_try_at=again_at), ()
        letter = DeadLetter(
            webhook_id=webhook.id,
            position=fed.position,
            order_id=fed.event.order_id,
            sequence=fed.event.sequence,
            type=fed.event.type,
            attempts=attempts,
            failure=failure,
            at=at,
        )
        given_up = replace(webhook, position=fed.position, attempts=0, failure=failure, next_try_at=None)
        return given_up, (letter,)
