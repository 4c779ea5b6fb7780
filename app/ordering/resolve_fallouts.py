"""Decide about many tasks that could not be done at once: when their backend is back, all of them are tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.access import Right
from app.domain.actor import Actor
from app.domain.violations import Violation, ViolationCode
from app.domain.worklist import FalloutDecision, WorkKind, order_and_task
from app.ordering.drafts import require
from app.ordering.entered import wrong
from app.ordering.many import each, key_of_one
from app.ordering.ordering import Ask, Ordering, key_breach, key_of, recall
from app.ordering.outcomes import IdempotencyConflict, NotFound, Outcome, ValidationFailed
from app.ordering.resolve_fallout import decide
from app.store.port import SelectionKept, WorkSearch

FOR_MANY: Final = frozenset({FalloutDecision.RETRY, FalloutDecision.SKIP, FalloutDecision.FAIL_ITEM})
"""Data are those of one item, and an order is aborted only by who has looked at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveFallouts(Ask):
    """The decision about this fallout, up to `limit` of it, the most urgent first.

    `item_ids` are those of the work; None: what is found by backend and cause, and further by operation and worklist.
    """

    action: FalloutDecision
    reason: str
    limit: int
    item_ids: tuple[str, ...] | None = None
    backend: str | None = None
    cause: str | None = None
    operation: str | None = None
    queue: str | None = None

    @property
    def search(self) -> WorkSearch:
        """What is found by backend, cause and so on."""
        return WorkSearch(
            kinds=(WorkKind.FALLOUT,),
            backends=_some(self.backend),
            causes=_some(self.cause),
            operations=_some(self.operation),
            queues=_some(self.queue),
        )


def _some(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveOne(Ask):
    """The decision about one task of many, in whatever version its order is."""

    work_id: str
    action: FalloutDecision
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What became of the decision about one task."""

    work_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolutions:
    """What became of all of them. `left`: so much of what was searched for still waits, for another call."""

    results: tuple[Resolution, ...]
    left: int
    replayed: bool


async def resolve_fallouts(
    ordering: Ordering, actor: Actor, ask: ResolveFallouts, *, most: int
) -> Resolutions | ValidationFailed | IdempotencyConflict:
    """Each order is told under a key of its own; what was chosen is kept before the first is.

    So a repeat of the request, after a crash on the way too, meets the same tasks, tells those that were not told yet,
    and repeats nothing. Raises NotPermitted; FulfilmentUnavailable, after which the request is to be repeated.
    """
    require(actor, Right.RESOLVE_FALLOUT)
    if breaches := _wrong(ask, most, actor):
        return ValidationFailed(breaches)
    key = key_of(actor, ask)
    kept = await ordering.store.work.selected(key.owner, key.key)
    replayed = kept is not None
    if kept is None:
        kept = await ordering.store.work.select(await _chosen(ordering, ask), key, ordering.clock())
    if kept.fingerprint != key.fingerprint:
        return IdempotencyConflict(kept.at)
    results = await _all(ordering, actor, ask, kept)
    left = await ordering.store.work.count(ask.search) if ask.item_ids is None else 0
    return Resolutions(results=results, left=left, replayed=replayed)


def _wrong(ask: ResolveFallouts, most: int, actor: Actor) -> tuple[Violation, ...]:
    found: list[Violation] = []
    if breach := key_breach(key_of(actor, ask)):
        found.append(breach)
    if ask.action not in FOR_MANY:
        message = f"{ask.action} is decided order by order, with resolveFallout"
        found.append(wrong("bulkAction", "/action", ViolationCode.INVALID_VALUE, message))
    if not ask.reason.strip():
        message = "say why; it is kept with each order"
        found.append(wrong("reasonGiven", "/reason", ViolationCode.MISSING_PROPERTY, message))
    if not 1 <= ask.limit <= most:
        message = f"{ask.limit} is not between 1 and {most}"
        found.append(wrong("bulkLimit", "/limit", ViolationCode.INVALID_VALUE, message))
    if ask.item_ids is None and (ask.backend is None or ask.cause is None):
        message = "name backend and cause, or each task by `workItemIds`"
        found.append(wrong("bulkSelection", "/filter", ViolationCode.MISSING_PROPERTY, message))
    if ask.item_ids is not None and len(ask.item_ids) > ask.limit:
        message = f"{len(ask.item_ids)} are more than the {ask.limit} that are decided in one call"
        found.append(wrong("bulkSelection", "/workItemIds", ViolationCode.TOO_MANY_RECORDS, message))
    return tuple(found)


async def _chosen(ordering: Ordering, ask: ResolveFallouts) -> Sequence[str]:
    if ask.item_ids is not None:
        return tuple(dict.fromkeys(ask.item_ids))
    return [item.id for item in await ordering.store.work.search(ask.search, after=None, limit=ask.limit)]


async def _all(ordering: Ordering, actor: Actor, ask: ResolveFallouts, kept: SelectionKept) -> tuple[Resolution, ...]:
    async def one(work_id: str) -> Resolution:
        key = key_of_one(ask.idempotency_key, work_id)
        of_many = ResolveOne(idempotency_key=key, work_id=work_id, action=ask.action, reason=ask.reason)
        return Resolution(work_id=work_id, outcome=await _one(ordering, actor, of_many))

    return await each(kept.item_ids, one)


async def _one(ordering: Ordering, actor: Actor, ask: ResolveOne) -> Outcome:
    order_id, task_id = order_and_task(ask.work_id)
    if earlier := await recall(ordering, actor, ask):
        return earlier
    stored = (await ordering.store.load([order_id])).get(order_id)
    if stored is None or not task_id:
        return NotFound("/workItemIds", f"/workItemIds: there is no fallout {ask.work_id!r} (workKnown).")
    return await decide(
        ordering, actor, stored, key_of(actor, ask), task_id=task_id, action=ask.action, reason=ask.reason
    )
