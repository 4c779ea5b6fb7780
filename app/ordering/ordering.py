"""The parts that every use case works with, and the two ways through the store that they share."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from app.domain.access import sees
from app.domain.actor import Actor
from app.domain.audit import AuditRecord
from app.domain.change_request import ChangeRequest
from app.domain.events import OrderEvent
from app.domain.money import Money
from app.domain.order import Characteristic, Consent, ExternalId, Note, ProductOrder
from app.domain.ownership import as_seen_by
from app.domain.plan import Plan, Task, Wish
from app.domain.plan_events import FalloutAction
from app.domain.rulebook import Rulebook
from app.domain.violations import Violation, ViolationCode
from app.domain.webhook import WebhookPolicy
from app.ordering.audit import under_way
from app.ordering.counted import count
from app.ordering.durations import Durations
from app.ordering.outcomes import (
    Committed,
    ExternalIdTaken,
    IdempotencyConflict,
    NotFound,
    Outcome,
    Refusal,
    StaleVersion,
    ValidationFailed,
)
from app.ordering.rulebook.watch import Rulebooks
from app.store.port import (
    Change,
    ExternalIdUsed,
    IdempotencyKey,
    KeyRecord,
    KeyUsed,
    MovedOn,
    OrderStore,
    StoredOrder,
    Written,
)
from connectors.backends import Backends

LONGEST_KEY: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a caller wants, under a key that makes it safe to ask again."""

    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAsk(Ask):
    """What a caller wants of an order that it knows in this version."""

    order_id: str
    expected_version: int


class InstructionKind(StrEnum):
    """What somebody may tell an order that is being carried out."""

    RESOLVE_FALLOUT = "resolveFallout"
    CLAIM = "claim"
    PERFORM = "perform"
    CANCEL = "cancel"
    REQUEST_CANCELLATION = "requestCancellation"
    DECIDE_CANCELLATION = "decideCancellation"
    HOLD = "hold"
    RELEASE = "release"
    FREEZE = "freeze"
    THAW = "thaw"
    REVISE = "revise"
    ABORT = "abort"
    ADD_NOTE = "addNote"
    CONSENT = "consent"
    CHANGE_REQUEST = "changeRequest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What somebody tells an order that is being carried out, and why.

    `task_id` and `action` belong to a fallout, a claim (`claimed_by`) or a task that people carry out (`data` is what
    they entered); both may bring `characteristics` that are put in place of those of `item_ids`. `item_ids` and
    `charge` belong to a cancellation, which may be assessed `until` a time and then be `accepted`; `wish` and `order`
    to a revision: the tasks, and the order with what is wished for from now on; `by` says which revision has the order
    held up while it is assessed;
    `consent`, with the task that waits for it in its `revision`, to a change of ownership. `request` is a change
    request as it is from now on. `audit` is the record of the mutation that tells it, kept with what it changes.
    """

    kind: InstructionKind
    reason: str
    actor: Actor
    key: IdempotencyKey
    task_id: str | None = None
    action: FalloutAction | None = None
    item_ids: tuple[str, ...] = ()
    charge: Money | None = None
    claimed_by: str | None = None
    data: tuple[Characteristic, ...] = ()
    characteristics: tuple[Characteristic, ...] = ()
    until: datetime | None = None
    by: str | None = None
    accepted: bool = False
    wish: Wish | None = None
    order: ProductOrder | None = None
    note: Note | None = None
    consent: Consent | None = None
    request: ChangeRequest | None = None
    revision: int = 1
    audit: AuditRecord | None = None

    @property
    def summary(self) -> str:
        """What was told, for people."""
        if self.consent is not None:
            said = "consents" if self.consent.given else "refuses"
            return f"the {self.consent.side} party {said}" + (f": {self.reason}" if self.reason else "")
        claim = f"claim {self.task_id}" if self.claimed_by else f"give back {self.task_id}"
        what = {
            InstructionKind.RESOLVE_FALLOUT: f"{self.action} {self.task_id}",
            InstructionKind.CLAIM: claim,
            InstructionKind.PERFORM: f"perform {self.task_id}",
            InstructionKind.CANCEL: f"cancel items {', '.join(self.item_ids)}",
            InstructionKind.REQUEST_CANCELLATION: f"assess the cancellation of items {', '.join(self.item_ids)}",
            InstructionKind.DECIDE_CANCELLATION: f"{'accept' if self.accepted else 'deny'} the cancellation",
            InstructionKind.ADD_NOTE: "add a note",
            InstructionKind.CHANGE_REQUEST: self.request.summary if self.request else "",
        }
        return f"{what.get(self.kind, self.kind)}: {self.reason}" if self.reason else what.get(self.kind, self.kind)


class FulfilmentUnavailable(Exception):
    """The engine that carries orders out does not answer; asking again later may succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendLoad:
    """How much of the orders' work there is for one backend.

    Each of the `workers` carries out up to `concurrency` tasks at once; `waiting` more wait for their turn, without
    those that pause before they are tried again.
    """

    backend: str
    concurrency: int
    workers: int
    waiting: int
    oldest_waiting_since: datetime | None


class Fulfilment(Protocol):
    """What carries orders out over time; implemented by `app.orchestration`."""

    async def start(self, order: ProductOrder) -> None:
        """Begin to carry the order out. Repeatable; raises nothing: what could not be started is started later."""

    async def start_batch(self, batch_id: str) -> None:
        """Begin to place the batch's orders, in the manner of `start`."""

    async def task_done(self, order_id: str, task: Task, reference: str) -> None:
        """Report to the order that this task is done. Raises nothing: what is not told now is found by asking."""

    async def tell(self, order_id: str, instruction: Instruction) -> str | None:
        """Have the instruction judged and followed. The reason when it was refused, None when it is recorded.

        Raises FulfilmentUnavailable.
        """

    async def load(self) -> Sequence[BackendLoad]:
        """How much waits for each backend, as it was at most a few seconds ago. Raises FulfilmentUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """Built once, in `app.parts`; tests build their own."""

    store: OrderStore
    backends: Backends
    rules: Rulebooks
    fulfilment: Fulfilment
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    durations: Durations = field(default_factory=Durations)
    webhooks: WebhookPolicy = field(default_factory=WebhookPolicy)

    def rulebook(self) -> Rulebook:
        """The rules in force now."""
        return self.rules.current

    def own(self, actor: Actor, order: ProductOrder) -> bool:
        """Whether the order is among the actor's rows now."""
        return sees(actor, self.rulebook().dealers, customer_id=order.customer_id, seller_id=order.seller_id)

    def as_seen_by(self, actor: Actor, order: ProductOrder) -> ProductOrder | None:
        """The order as the actor may see it now; None: not at all."""
        return as_seen_by(actor, self.rulebook().dealers, order)


def key_of(actor: Actor, ask: Ask) -> IdempotencyKey:
    """The ask's key: the same caller, key and input always give the same one."""
    content = type(ask).__name__.encode() + msgspec.json.encode(ask)
    return IdempotencyKey(owner=actor.subject, key=ask.idempotency_key, fingerprint=hashlib.sha256(content).hexdigest())


def key_breach(key: IdempotencyKey) -> Violation | None:
    """What is wrong with the caller's key, if anything is."""
    if 1 <= len(key.key) <= LONGEST_KEY:
        return None
    message = f"/idempotencyKey: {len(key.key)} characters are not between 1 and {LONGEST_KEY} (idempotencyKey)."
    return Violation("idempotencyKey", "/idempotencyKey", ViolationCode.INVALID_VALUE, message)


async def recall(ordering: Ordering, actor: Actor, ask: Ask) -> Committed | Refusal | None:
    """What this key brought before: the first result, or a conflict when it was another ask; None for a new key."""
    key = key_of(actor, ask)
    if breach := key_breach(key):
        return ValidationFailed((breach,))
    used = await ordering.store.recall(key.owner, key.key)
    return await _replay(ordering, key, used) if used else None


async def _replay(ordering: Ordering, key: IdempotencyKey, used: KeyRecord) -> Committed | IdempotencyConflict:
    if used.key.fingerprint != key.fingerprint:
        return IdempotencyConflict(used.used_at)
    first = await ordering.store.version(used.order_id, used.version)
    assert first is not None, "a key is written with the version that it speaks of"
    return Committed(first.order, replayed=True)


async def load(ordering: Ordering, actor: Actor, ask: OrderAsk, *, as_party: bool = False) -> StoredOrder | Refusal:
    """The order that is asked about, when it is the actor's own and the actor knows its current version.

    `as_party`: also when the actor is the one who is to take over what the order is about, as far as that one sees it.
    """
    stored = (await ordering.store.load([ask.order_id])).get(ask.order_id)
    if stored is not None and as_party and (seen := ordering.as_seen_by(actor, stored.order)) is not None:
        stored = replace(stored, order=seen)
    elif stored is None or not ordering.own(actor, stored.order):
        return NotFound("/id", f"/id: there is no product order {ask.order_id!r} (orderKnown).")
    if stored.order.version != ask.expected_version:
        return StaleVersion(stored.order)
    return stored


async def as_recorded(ordering: Ordering, order_id: str) -> Committed:
    """The order as the workflow has recorded it after following an instruction."""
    return Committed((await ordering.store.load([order_id]))[order_id].order)


async def commit(
    ordering: Ordering,
    actor: Actor,
    ask: Ask,
    order: ProductOrder,
    *,
    after: int,
    events: tuple[OrderEvent, ...],
    plan: Plan | None = None,
) -> Outcome:
    """Keep the order as `ask` made it, with the events that tell of it, the last of them saying why.

    `after` is the sequence of the order's last event before these; with its `plan` what waits for people is kept, too.
    When another writer was faster, the refusal says
    how the order is now; when the key was used in between, the first result comes back.
    """
    last = events[-1]
    entry = under_way()
    change = Change(
        order=order,
        after=after,
        events=events,
        actor=actor,
        reason=last.summary,
        at=last.at,
        plan=plan,
        key=key_of(actor, ask),
        audit=entry.with_commit(order) if entry else None,
    )
    match await ordering.store.commit(change):
        case Written():
            count(events)
            if entry:
                entry.kept = True
            return Committed(order)
        case KeyUsed(record):
            return await _replay(ordering, key_of(actor, ask), record)
        case MovedOn():
            stored = await ordering.store.load([order.id])
            return StaleVersion(stored[order.id].order)
        case ExternalIdUsed() as used:
            return await _taken(ordering, actor, order.external_ids, used)


async def external_id_taken(
    ordering: Ordering, actor: Actor, external_ids: Sequence[ExternalId]
) -> ExternalIdTaken | None:
    """The refusal, when an order has one of these ids already."""
    used = await ordering.store.holder(external_ids) if external_ids else None
    return await _taken(ordering, actor, external_ids, used) if used else None


async def _taken(
    ordering: Ordering, actor: Actor, external_ids: Sequence[ExternalId], used: ExternalIdUsed
) -> ExternalIdTaken:
    stored = (await ordering.store.load([used.order_id])).get(used.order_id)
    seen = stored is not None and ordering.own(actor, stored.order)
    path = f"/externalIds/{external_ids.index(used.external_id)}"
    return ExternalIdTaken(path, used.external_id, stored.order if stored and seen else None)
