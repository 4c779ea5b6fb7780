"""Keeps who did what and who looked at whose personal data, at little cost.

A mutation that commits is recorded in the very commit, by the workflow's commit too. What changes nothing (refused,
forbidden, failed, replayed) is written before the answer goes out, all that ends at about the same time together.
Reads are noted in memory and written together a moment later, one record for an operation. What cannot be written
is told to the log, and tried again while there is room for it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

import structlog

from app.domain.actor import Actor
from app.domain.audit import MOST_NAMED, AuditKind, AuditOutcome, AuditRecord
from app.domain.order import ProductOrder
from app.store.port import AuditStore, StoreUnavailable

TURN_SECONDS: Final = 1.0
"""Reads are written once they are one to two turns old: an operation has ended by then, or gets a second record."""
FORBIDDEN: Final = "FORBIDDEN"
MOST_WAITING: Final = 10_000
"""How many records may wait for a store that does not answer."""

log = structlog.get_logger()


@dataclass(slots=True)
class Entry:
    """A mutation under way, and what has become of it. `kept`: its record is in the store, with what it changed."""

    record: AuditRecord
    outcome: AuditOutcome = AuditOutcome.DONE
    codes: tuple[str, ...] = ()
    kept: bool = False
    told: int = 0

    def with_commit(self, order: ProductOrder) -> AuditRecord:
        """The record to be written with this order's commit."""
        return self._about(f"ProductOrder:{order.id}", f"Customer:{order.customer_id}")

    def with_instruction(self, order_id: str) -> AuditRecord:
        """The record to be written with what this order is told; a mutation may tell several orders something."""
        self.told += 1
        found = self._about(f"ProductOrder:{order_id}")
        return found if self.told == 1 else replace(found, id=f"{found.id}.{self.told}")

    def _about(self, *names: str) -> AuditRecord:
        return replace(self.record, about=tuple(dict.fromkeys((*self.record.about, *names))))


_UNDER_WAY: ContextVar[Entry | None] = ContextVar("audit_entry", default=None)


def under_way() -> Entry | None:
    """The mutation that is being carried out here."""
    return _UNDER_WAY.get()


@dataclass(slots=True, eq=False)
class Trail:
    """What personal data one operation has shown so far."""

    audit: "Audit"
    actor: Actor
    operation_name: str | None
    correlation_id: str
    fields: set[str] = field(default_factory=set)
    about: set[str] = field(default_factory=set)
    more: bool = False
    since: datetime | None = None

    def note(self, coordinate: str, about: str | None) -> None:
        """This field of this thing is shown."""
        if self.since is None:
            self.since = self.audit.clock()
            self.audit.opened(self)
        self.fields.add(coordinate)
        if about is None or about in self.about:
            return
        if len(self.about) < MOST_NAMED:
            self.about.add(about)
        else:
            self.more = True

    def taken(self) -> AuditRecord:
        """The record of what was noted; the trail begins anew."""
        assert self.since is not None, "a trail is opened by its first note"
        record = AuditRecord(
            id=self.audit.new_id(),
            at=self.since,
            actor=self.actor,
            kind=AuditKind.READ,
            outcome=AuditOutcome.DONE,
            operation_name=self.operation_name,
            about=tuple(sorted(self.about)),
            more=self.more,
            fields=tuple(sorted(self.fields)),
            correlation_id=self.correlation_id,
        )
        self.fields, self.about, self.more, self.since = set(), set(), False, None
        return record


class Audit:
    """The log of one process. `async with` it, so that nothing of it is lost when the process ends in order."""

    def __init__(self, store: AuditStore, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self.clock = clock
        self.new_id = new_id
        self._store = store
        self._waiting: list[AuditRecord] = []
        self._put_off = 0  # so many of them, from the first, were told to the log
        self._written = asyncio.Event()
        self._wanted = asyncio.Event()
        self._young: list[Trail] = []
        self._ripe: list[Trail] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._write_all()), asyncio.create_task(self._turn())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._take(self._ripe + self._young)
        await self._flush()

    def opened(self, trail: Trail) -> None:
        """A trail has its first note."""
        self._young.append(trail)

    @asynccontextmanager
    async def mutation(
        self,
        actor: Actor,
        name: str,
        code_of: Callable[[Exception], str],
        *,
        about: Iterable[str] = (),
        operation_name: str | None = None,
        correlation_id: str = "",
    ) -> AsyncIterator[Entry]:
        """Record the mutation that is carried out inside, with the outcome that its entry has in the end.

        `code_of` names what the client is told of an exception. When this ends, the record is in the store, or the log
        says that it is not yet.
        """
        record = AuditRecord(
            id=self.new_id(),
            at=self.clock(),
            actor=actor,
            kind=AuditKind.MUTATION,
            outcome=AuditOutcome.DONE,
            field=name,
            operation_name=operation_name,
            about=tuple(about)[:MOST_NAMED],
            correlation_id=correlation_id,
        )
        entry = Entry(record)
        token = _UNDER_WAY.set(entry)
        try:
            yield entry
        except asyncio.CancelledError:
            if not entry.kept:  # nobody waits for it any more, and what it does may still happen
                self._later(replace(entry.record, outcome=AuditOutcome.FAILED, codes=("CANCELLED",)))
            raise
        except Exception as failure:
            entry.codes = (code_of(failure),)
            entry.outcome = AuditOutcome.FORBIDDEN if entry.codes == (FORBIDDEN,) else AuditOutcome.FAILED
            await self._ended(entry)
            raise
        else:
            await self._ended(entry)
        finally:
            _UNDER_WAY.reset(token)

    async def _ended(self, entry: Entry) -> None:
        if entry.kept:
            return
        self._later(replace(entry.record, outcome=entry.outcome, codes=entry.codes))
        written = self._written
        await written.wait()

    def _later(self, *records: AuditRecord) -> None:
        room = MOST_WAITING - len(self._waiting)
        for lost in records[max(room, 0) :]:
            log.error("audit_lost", record=lost)
        self._waiting.extend(records[: max(room, 0)])
        self._wanted.set()

    async def _turn(self) -> None:
        while True:
            await asyncio.sleep(TURN_SECONDS)
            self._take(self._ripe)
            self._ripe, self._young = self._young, []
            if self._waiting:
                self._wanted.set()

    def _take(self, trails: Iterable[Trail]) -> None:
        if records := [trail.taken() for trail in trails if trail.since is not None]:
            self._later(*records)

    async def _write_all(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._flush()

    async def _flush(self) -> None:
        """Write all that waits; what comes meanwhile is written next, together."""
        while self._waiting:
            some, written = list(self._waiting), self._written
            self._written = asyncio.Event()
            try:
                await self._store.add(some)
            except StoreUnavailable as failure:
                for record in some[self._put_off :]:
                    log.error("audit_put_off", record=record, reason=str(failure))
                self._put_off = len(some)
                return
            finally:
                written.set()
            self._put_off = 0
            del self._waiting[: len(some)]
