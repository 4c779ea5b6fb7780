"""Take many complete orders at once: they are kept first, and then placed one by one, each in a way of its own."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from app.domain.access import Right, may
from app.domain.actor import Actor
from app.domain.batch import Batch, BatchLine, BatchState, LineError, LineResult, LineState
from app.domain.request import OrderRequest
from app.domain.violations import Violation, ViolationCode
from app.ordering.drafts import NotPermitted, require
from app.ordering.ordering import Ask, Ordering, key_breach, key_of
from app.ordering.outcomes import Committed, IdempotencyConflict, Refusal, ValidationFailed
from app.ordering.place import PlaceOrder, place_order
from app.store.port import BatchSearch, StoreUnavailable
from connectors.base import BackendFailure

AT_ONCE: Final = 8
"""Lines of one batch under way at the same time."""
LINES_AT_A_TIME: Final = 50
LEFT_ALONE: Final = timedelta(seconds=5)
SWEEP_AT_ONCE: Final = 20
LOOK_SECONDS: Final = 0.5

log = structlog.get_logger()


Line = OrderRequest | tuple[LineError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrders(Ask):
    """Complete orders, one a line, in the order they were sent; in place of one that could not be read is why."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class BatchTaken:
    """The batch is kept and will be worked through. `replayed`: it had been taken before, under the same key."""

    batch: Batch
    replayed: bool = False


async def place_orders(
    ordering: Ordering, actor: Actor, ask: PlaceOrders, *, most: int
) -> BatchTaken | IdempotencyConflict | ValidationFailed:
    """Keep the batch and have it begun. `most` is how many lines it may have.

    Raises NotPermitted when the role may not.
    """
    require(actor, Right.WRITE_ORDERS)
    key = key_of(actor, ask)
    if breach := key_breach(key) or _wrong_size(ask, most):
        return ValidationFailed((breach,))
    at = ordering.clock()
    lines = tuple(_line(number, line) for number, line in enumerate(ask.lines, 1))
    refused = sum(line.state is LineState.REFUSED for line in lines)
    batch = Batch(
        id=ordering.new_id(),
        actor=actor,
        created_at=at,
        line_count=len(lines),
        refused_count=refused,
        completed_at=at if refused == len(lines) else None,
    )
    kept = await ordering.store.batches.add(batch, lines, key)
    if kept.fingerprint != key.fingerprint:
        return IdempotencyConflict(kept.batch.created_at)
    if kept.batch.completed_at is None:
        await ordering.fulfilment.start_batch(kept.batch.id)  # repeatable; a crash on this line is the sweeper's
    return BatchTaken(kept.batch, replayed=kept.batch.id != batch.id)


def _wrong_size(ask: PlaceOrders, most: int) -> Violation | None:
    if 1 <= len(ask.lines) <= most:
        return None
    message = f"/orders: {len(ask.lines)} lines are not between 1 and {most} (batchSize)."
    code = ViolationCode.TOO_MANY_RECORDS if ask.lines else ViolationCode.MISSING_PROPERTY
    return Violation("batchSize", "/orders", code, message)


def _line(number: int, line: Line) -> BatchLine:
    if isinstance(line, OrderRequest):
        return BatchLine(number=number, request=line)
    return BatchLine(number=number, request=None, result=LineResult(number=number, errors=line))


async def place_lines(ordering: Ordering, batch_id: str, *, last_try: bool) -> bool:
    """Place the next lines of the batch; whether there are more.

    A line that meets a fault waits for another try, unless this is the last one: then it is refused.
    Raises BackendFailure, or whatever the fault was, when lines wait for another try; what was placed is kept.
    """
    batches = ordering.store.batches
    batch = (await batches.load([batch_id]))[batch_id]
    lines = await batches.lines(batch_id, LineState.PENDING, after=0, limit=LINES_AT_A_TIME)
    turn = asyncio.Semaphore(AT_ONCE)

    async def place(line: BatchLine) -> LineResult:
        async with turn:
            return await _place(ordering, batch, line)

    outcomes = await asyncio.gather(*(place(line) for line in lines), return_exceptions=True)
    results = [outcome for outcome in outcomes if isinstance(outcome, LineResult)]
    faults = [(line, fault) for line, fault in zip(lines, outcomes, strict=True) if isinstance(fault, BaseException)]
    lost = [fault for _, fault in faults if not last_try or isinstance(fault, StoreUnavailable)]
    if not lost:
        results += [_given_up(line, fault) for line, fault in faults]
    await batches.record(batch_id, results, ordering.clock())
    if lost:
        raise lost[0]
    return len(lines) == LINES_AT_A_TIME


def _given_up(line: BatchLine, fault: BaseException) -> LineResult:
    if isinstance(fault, BackendFailure):
        return _refused(line, _no_answer(fault))
    log.error("batch_line_failed", number=line.number, exc_info=fault)
    return _refused(line, LineError(code="INTERNAL_ERROR", message="Internal error"))


def _no_answer(failure: BackendFailure) -> LineError:
    message = f"The backend {failure.backend!r} gave no usable answer."
    return LineError(code=f"BACKEND_{failure.kind.value}", message=message)


async def _place(ordering: Ordering, batch: Batch, line: BatchLine) -> LineResult:
    """The line's order; a line that was placed before a crash brings the same one."""
    assert line.request is not None, "what could not be read is refused from the beginning"
    ask = PlaceOrder(idempotency_key=f"batch:{batch.id}:{line.number}", request=line.request)
    try:
        outcome = await place_order(ordering, batch.actor, ask)
    except BackendFailure as failure:
        if failure.retryable:
            raise
        return _refused(line, _no_answer(failure))
    except NotPermitted as refusal:
        return _refused(line, LineError(code="FORBIDDEN", message=f"Not permitted: {refusal}."))
    if isinstance(outcome, Committed):
        return LineResult(number=line.number, order_id=outcome.order.id)
    return _refused(line, *_errors(outcome))


def _refused(line: BatchLine, *errors: LineError) -> LineResult:
    return LineResult(number=line.number, errors=errors)


def _errors(refusal: Refusal) -> Sequence[LineError]:
    if isinstance(refusal, ValidationFailed):
        return [
            LineError(code=refusal.code.name, message=v.message, path=v.path, rule=v.rule) for v in refusal.violations
        ]
    return [LineError(code=refusal.code.name, message=refusal.message, path=refusal.path)]


async def resume_batches(ordering: Ordering) -> None:
    """Begin the batches that were taken and never begun: their gateway, or the engine, went away in between."""
    before = ordering.clock() - LEFT_ALONE
    for batch_id in await ordering.store.batches.unfinished(before, SWEEP_AT_ONCE):
        await ordering.fulfilment.start_batch(batch_id)


def _sees(actor: Actor, batch: Batch) -> bool:
    """A batch is its sender's own, and the operator's people's."""
    return batch.actor.subject == actor.subject or may(actor, Right.READ_INTERNAL)


async def batch_of(ordering: Ordering, actor: Actor, batch_id: str) -> Batch | None:
    """The batch, when the actor may see it."""
    require(actor, Right.READ_ORDERS)
    batch = (await ordering.store.batches.load([batch_id])).get(batch_id)
    return batch if batch and _sees(actor, batch) else None


async def follow_batch(ordering: Ordering, actor: Actor, batch_id: str) -> AsyncGenerator[Batch, None]:
    """The batch as it stands, and again whenever it has changed, until it is completed; nothing when there is none."""
    told: Batch | None = None
    while batch := await batch_of(ordering, actor, batch_id):
        if batch != told:
            yield batch
            told = batch
        if batch.state is BatchState.COMPLETED:
            return
        # a worker, another process, places the lines: the store is where its progress is seen
        await asyncio.sleep(LOOK_SECONDS)


async def batches_of(ordering: Ordering, actor: Actor, *, after: str | None, limit: int) -> list[Batch]:
    """A page of the batches that the actor may see, the newest first."""
    return await ordering.store.batches.search(_own(actor), after=after, limit=limit)


async def count_batches(ordering: Ordering, actor: Actor) -> int:
    """How many batches the actor may see."""
    return await ordering.store.batches.count(_own(actor))


def _own(actor: Actor) -> BatchSearch:
    require(actor, Right.READ_ORDERS)
    return BatchSearch(sender=None if may(actor, Right.READ_INTERNAL) else actor.subject)


async def lines_of(
    ordering: Ordering, batch: Batch, state: LineState | None, *, after: int, limit: int
) -> list[BatchLine]:
    """Lines of a batch that the actor sees, in the order they were sent."""
    return await ordering.store.batches.lines(batch.id, state, after=after, limit=limit)
