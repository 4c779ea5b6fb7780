"""The port: what a store of orders does, whatever the database."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.domain.actor import Actor
from app.domain.audit import AuditKind, AuditOutcome, AuditRecord
from app.domain.batch import Batch, BatchLine, LineResult, LineState
from app.domain.durations import Duration, Sample
from app.domain.events import OrderEvent
from app.domain.jeopardy import JeopardyLevel
from app.domain.order import ExternalId, ProductOrder
from app.domain.plan import Plan
from app.domain.states import OrderState
from app.domain.webhook import DeadLetter, Webhook
from app.domain.worklist import WorkItem, WorkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOrder:
    """An order as it stands. `sequence` is that of its last event, and what the next commit is conditional on."""

    order: ProductOrder
    plan: Plan | None
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A caller's key for one mutation. The same key of another caller (`owner`) is another key.

    `fingerprint` tells whether the input was the same.
    """

    owner: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What a key was used for: the version of the order that the first use gave."""

    key: IdempotencyKey
    order_id: str
    version: int
    used_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One atomic write: the order after the change, with everything that goes with it, or nothing at all.

    `after` is the sequence of the last event before this change (0: the order is new); the write is refused when
    the order has moved on. `events` follow it without a gap. `plan` None leaves the plan as it is.
    When `order.version` differs from the stored one, the order is kept as a version of its own, with who and why.
    `audit` is the record of the mutation that made the change.
    """

    order: ProductOrder
    after: int
    events: tuple[OrderEvent, ...]
    actor: Actor
    reason: str
    at: datetime
    plan: Plan | None = None
    key: IdempotencyKey | None = None
    audit: AuditRecord | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The change is durable."""


@dataclass(frozen=True, slots=True)
class MovedOn:
    """Nothing was written: somebody else changed the order first."""


@dataclass(frozen=True, slots=True)
class KeyUsed:
    """Nothing was written: the idempotency key has been used before."""

    record: KeyRecord


@dataclass(frozen=True, slots=True)
class ExternalIdUsed:
    """Nothing was written: another order has the same id in the other system."""

    external_id: ExternalId
    order_id: str


Commit = Written | MovedOn | KeyUsed | ExternalIdUsed


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderVersion:
    """One kept version of an order: who made it, when and why."""

    order: ProductOrder
    actor: Actor
    reason: str
    at: datetime


class OrderBy(StrEnum):
    """How a page of orders is sorted."""

    CREATED_DESCENDING = "createdDescending"
    CREATED_ASCENDING = "createdAscending"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSearch:
    """Which orders to find; every criterion that is set must hold.

    `created_from` is inclusive, `created_until` exclusive. `offering_text` is found, without regard to case, in the
    name or id of an ordered offering. `external_owner` and `external_type` are those of the same external id.
    `place_ids`: delivered, at least in part, to one of these places. `party_id`: ordered by this customer, or handing
    something over to it. `jeopardy_levels`: their promise is in danger that much; `jeopardy_queues`: that is escalated
    to one of these worklists. `parent_ids`: part of one of these orders.
    """

    states: tuple[OrderState, ...] = ()
    created_from: datetime | None = None
    created_until: datetime | None = None
    customer_ids: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    seller_ids: tuple[str, ...] = ()
    offering_text: str | None = None
    external_id: str | None = None
    external_owner: str | None = None
    external_type: str | None = None
    place_ids: tuple[str, ...] = ()
    party_id: str | None = None
    jeopardy_levels: tuple[JeopardyLevel, ...] = ()
    jeopardy_queues: tuple[str, ...] = ()
    parent_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event with its place in the one feed of all orders; positions rise, and are resumed after."""

    position: int
    event: OrderEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSearch:
    """Which batches to find: those of one sender (a subject), or all; the newest first."""

    sender: str | None = None


@dataclass(frozen=True, slots=True)
class BatchKept:
    """The batch that this key stands for, and the fingerprint of what it was first used for."""

    batch: Batch
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSearch:
    """Which work that waits for people to find; every criterion that is set must hold. `claimed` None: either."""

    queues: tuple[str, ...] = ()
    kinds: tuple[WorkKind, ...] = ()
    backends: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    claimed_by: str | None = None
    claimed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FalloutCount:
    """How many tasks of one backend wait for a decision for one cause, and since when the oldest of them does."""

    backend: str
    cause: str
    count: int
    oldest_since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """How much work is on one worklist, and since when the oldest of it waits."""

    queue: str
    count: int
    oldest_since: datetime


@dataclass(frozen=True, slots=True)
class SelectionKept:
    """The work that was chosen under a key, and the fingerprint of what the key was first used for."""

    item_ids: tuple[str, ...]
    fingerprint: str
    at: datetime


class WorkStore(Protocol):
    """Where work that waits for people is found; it is written with its orders. Every method may raise
    StoreUnavailable.
    """

    async def load(self, item_ids: Sequence[str]) -> dict[str, WorkItem]:
        """The work with these ids that still waits; what does not is absent."""

    async def search(self, search: WorkSearch, *, after: str | None, limit: int) -> list[WorkItem]:
        """A page: up to `limit` pieces of work that follow this place (`WorkItem.place`), the most urgent first."""

    async def count(self, search: WorkSearch) -> int:
        """How much work the search finds."""

    async def fallout(self, search: WorkSearch) -> list[FalloutCount]:
        """The fallout that the search finds, counted by backend and cause, the most first."""

    async def queues(self) -> list[QueueCount]:
        """Every worklist that has work, by its name."""

    async def select(self, item_ids: Sequence[str], key: IdempotencyKey, at: datetime) -> SelectionKept:
        """Keep that this work was chosen under this key; the choice that was kept before, if one was."""

    async def selected(self, owner: str, key: str) -> SelectionKept | None:
        """The choice that this caller's key stands for."""


class BatchStore(Protocol):
    """Where batches are kept. Every method may raise StoreUnavailable."""

    async def add(self, batch: Batch, lines: Sequence[BatchLine], key: IdempotencyKey) -> BatchKept:
        """Keep the batch with all its lines, or nothing; the batch that was kept under this key before, if one was."""

    async def of_key(self, owner: str, key: str) -> BatchKept | None:
        """The batch that this caller's key stands for."""

    async def load(self, batch_ids: Sequence[str]) -> dict[str, Batch]:
        """The batches with these ids, as they stand; an unknown id is absent."""

    async def search(self, search: BatchSearch, *, after: str | None, limit: int) -> list[Batch]:
        """A page: up to `limit` batches that follow the batch with the id `after`."""

    async def count(self, search: BatchSearch) -> int:
        """How many batches the search finds."""

    async def lines(self, batch_id: str, state: LineState | None, *, after: int, limit: int) -> list[BatchLine]:
        """Up to `limit` lines in this state (None: in any), from the one that follows the number `after`."""

    async def record(self, batch_id: str, results: Sequence[LineResult], at: datetime) -> None:
        """Keep what became of lines. A line that has a result keeps it; with the last one the batch is completed."""

    async def unfinished(self, before: datetime, limit: int) -> list[str]:
        """Batches that were sent before that time and have lines without a result, the oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """Which records to find; every criterion that is set must hold. `since` is inclusive, `until` exclusive."""

    kinds: tuple[AuditKind, ...] = ()
    outcomes: tuple[AuditOutcome, ...] = ()
    subject: str | None = None
    on_behalf_of: str | None = None
    about: str | None = None
    correlation_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditStore(Protocol):
    """Where the audit log is kept; nothing in it is ever changed. Every method may raise StoreUnavailable."""

    async def add(self, records: Sequence[AuditRecord]) -> None:
        """Keep these; a record with an id that is known already stays as it is."""

    async def search(self, search: AuditSearch, *, after: str | None, limit: int) -> list[AuditRecord]:
        """A page: up to `limit` records that are older than the one with the id `after`, the newest first."""

    async def count(self, search: AuditSearch) -> int:
        """How many records the search finds."""


@dataclass(frozen=True, slots=True)
class WebhookKept:
    """The webhook that this key stands for, and the fingerprint of what it was first used for."""

    webhook: Webhook
    fingerprint: str


@dataclass(frozen=True, slots=True)
class WebhooksBehind:
    """How many webhooks have not been told of everything, and up to where the one that is farthest behind has been."""

    count: int
    position: int


class WebhookStore(Protocol):
    """Where webhooks are kept, with how far each has been told. Every method may raise StoreUnavailable."""

    async def add(self, webhook: Webhook, key: IdempotencyKey, most: int) -> WebhookKept | None:
        """Keep the webhook; the one that was kept under this key before, if one was. None: the owner has `most`."""

    async def load(self, webhook_ids: Sequence[str]) -> dict[str, Webhook]:
        """The webhooks with these ids, removed ones too; an unknown id is absent."""

    async def search(self, owner: str | None, *, after: str | None, limit: int) -> list[Webhook]:
        """A page of the webhooks of this owner (a subject), or all, that have not been removed; the newest first."""

    async def count(self, owner: str | None) -> int:
        """How many there are."""

    async def change(self, webhook: Webhook, run: int) -> bool:
        """Replace the webhook, if it is still in this run. Whoever delivers the earlier run stops."""

    async def claim(self, holder: str, at: datetime, until: datetime, *, before: int, limit: int) -> list[Webhook]:
        """Webhooks that are due at that time, were told of less than what is before this position and are nobody's at
        the moment; until then they are this holder's.
        """

    async def behind(self, before: int) -> WebhooksBehind | None:
        """The webhooks that were told of less than what is before this position; None: there is none.

        Costs as much as there are of these.
        """

    async def record(
        self, webhook: Webhook, holder: str, until: datetime | None, letters: Sequence[DeadLetter] = ()
    ) -> bool:
        """Keep how far it was told, and what was given up, if it is still this holder's and in the same run.

        It stays this holder's until then; None: it is nobody's.
        """

    async def dead_letters(self, webhook_id: str, limit: int) -> list[DeadLetter]:
        """What this webhook could not be told of, the newest first."""

    async def count_dead_letters(self, webhook_id: str) -> int:
        """How many there are."""


class EventStore(Protocol):
    """Where what happened to orders is found; it is written with them. Every method may raise StoreUnavailable."""

    async def of(self, order_id: str, *, after: int, limit: int) -> list[FeedEvent]:
        """The order's own events, from the one that follows the sequence `after`."""

    async def after(self, position: int, *, limit: int) -> list[FeedEvent]:
        """The feed of all orders from the event that follows `position`, in feed order.

        Gives an event only when no event with a smaller position can still appear, so that a reader who goes on
        after the last position it was given sees every event exactly once.
        """

    async def last_position(self) -> int:
        """The position of the newest event that `after` would give; 0 when there is none."""

    def wakeups(self) -> AsyncGenerator[None, None]:
        """Yields soon after events were committed, by this process or another; may yield without reason."""


class OrderStore(Protocol):
    """Where orders are kept. Every method may raise StoreUnavailable."""

    @property
    def events(self) -> EventStore:
        """What happened to orders, in the same database."""

    @property
    def batches(self) -> BatchStore:
        """Batches, in the same database."""

    @property
    def work(self) -> WorkStore:
        """Work that waits for people, in the same database."""

    @property
    def audit(self) -> AuditStore:
        """The audit log, in the same database."""

    @property
    def webhooks(self) -> WebhookStore:
        """Webhooks, in the same database."""

    async def load(self, order_ids: Sequence[str]) -> dict[str, StoredOrder]:
        """The orders with these ids; an unknown id is absent."""

    async def commit(self, change: Change) -> Commit:
        """Write the change whole, or not at all. Durable when it returns."""

    async def holder(self, external_ids: Sequence[ExternalId]) -> ExternalIdUsed | None:
        """The first of these ids that an order has, and that order."""

    async def recall(self, owner: str, key: str) -> KeyRecord | None:
        """What this caller used this key for."""

    async def version(self, order_id: str, version: int) -> OrderVersion | None:
        """The order as it was in this version."""

    async def versions(self, order_id: str) -> list[OrderVersion]:
        """All versions of the order, the oldest first."""

    async def search(
        self, search: OrderSearch, order_by: OrderBy, *, after: str | None, limit: int
    ) -> list[ProductOrder]:
        """A page: up to `limit` orders that follow the order with the id `after`. Order ids sort by creation."""

    async def count(self, search: OrderSearch) -> int:
        """How many orders the search finds."""

    async def waiting(self, state: OrderState, before: datetime, limit: int) -> list[str]:
        """Orders in this state that wait since before `before` (`ProductOrder.waiting_since`), the longest first."""

    async def awaiting(self, order_id: str) -> list[str]:
        """The orders whose plan, as it was last written, has tasks that await this order and have not ended."""

    async def learn(self, samples: Sequence[Sample]) -> None:
        """Take these into what is known of how long operations take. Of writers at once one may lose its samples."""

    async def learnt(self) -> list[Duration]:
        """What is known of how long operations take."""

    async def ping(self) -> None:
        """Returns when the database answers."""

    async def close(self) -> None:
        """Gives back what the store holds."""


class StoreUnavailable(Exception):
    """The database does not answer. Nothing is known about a write under way: repeat it with the same key."""
