"""What becomes of operations, told once for each: metrics, and a log event for those that are slow.

Whoever carries an operation out says `with observer.operation(operation) as seen: …; seen.answered(answer)`.
"""

from asyncio import CancelledError
from collections import Counter
from collections.abc import Mapping
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self

import structlog
from graphql import OperationType

from app import metrics
from app.gateway.client import UNNAMED, Client, client
from app.gateway.documents import Operation
from app.gateway.errors import Refused
from app.gateway.tracing import OperationSpan

MOST_NAMES: Final = 200
MOST_CLIENTS: Final = 100
"""Names with their versions."""
OTHERS: Final = Client(metrics.OTHER, metrics.OTHER)
ANONYMOUS: Final = "anonymous"
SLOW_AGAIN_AFTER: Final = 10.0
"""Seconds for which a slow operation that was logged stands for others of its name."""

log = structlog.get_logger()


class _Counted:
    """What is counted of the operations of one name."""

    __slots__ = ("ended", "kind", "logged_at", "name", "seconds", "unlogged")

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        self.seconds = metrics.Spread()
        self.ended = dict.fromkeys(("ok", "partial", "failed", "refused", "cancelled"), 0)
        self.logged_at = float("-inf")
        self.unlogged = 0


class Observer:
    """Sees all operations of a gateway. `running` and `subscriptions` are how many are under way now."""

    def __init__(self, *, slow_seconds: float, traced: bool = False) -> None:
        """`slow_seconds`: a query or mutation that takes longer is logged. `traced`: operations have spans."""
        self.slow_seconds = slow_seconds
        self.traced = traced
        self.running = 0
        self.subscriptions = 0
        self._names = metrics.Bounded(MOST_NAMES)
        self._counted: dict[tuple[OperationType, str], _Counted] = {}
        self._known: dict[tuple[OperationType, str | None], _Counted] = {}
        self._sent_by: Counter[Client] = Counter()

    def operation(self, operation: Operation) -> "Seen":
        """To be entered while the query or mutation is carried out."""
        return Seen(self, self._of(operation), operation)

    def subscription(self, operation: Operation) -> "Subscribed":
        """To be entered while the subscription runs."""
        return Subscribed(self, self._of(operation))

    def refused(self, refused: Refused) -> None:
        """A request was turned away, or an operation could not be carried out."""
        metrics.REFUSED.labels(refused.code.value).inc()

    def watch(self) -> None:
        """Let the metrics show how much is under way."""
        metrics.watch(
            {
                "orderway_operations_total": lambda: (
                    ((one.kind, one.name, outcome), ended)
                    for one in self._counted.values()
                    for outcome, ended in one.ended.items()
                    if ended
                ),
                "orderway_operation_seconds": lambda: (
                    ((one.kind, one.name), one.seconds)
                    for one in self._counted.values()
                    if one.kind != OperationType.SUBSCRIPTION.value
                ),
                "orderway_client_operations_total": lambda: self._sent_by.items(),
                "orderway_operations_running": lambda: metrics.one(self.running),
                "orderway_subscriptions_open": lambda: metrics.one(self.subscriptions),
            }
        )

    def _of(self, operation: Operation) -> _Counted:
        kind, name = operation.type, operation.name
        counted = self._known.get((kind, name))
        if counted is None:
            shown = self._names(name or ANONYMOUS)
            counted = self._counted.setdefault((kind, shown), _Counted(kind.value, shown))
            if shown != metrics.OTHER:
                self._known[kind, name] = counted
        return counted

    def _count_client(self) -> None:
        by = client.get()
        if by not in self._sent_by and len(self._sent_by) >= MOST_CLIENTS:
            by = OTHERS
        self._sent_by[by] += 1

    def _slow(self, counted: _Counted, operation: Operation, seconds: float, outcome: str, now: float) -> None:
        if now - counted.logged_at < SLOW_AGAIN_AFTER:
            counted.unlogged += 1
            return
        by = client.get()
        log.warning(
            "slow_operation",
            operation_type=counted.kind,
            operation_name=operation.name,
            seconds=round(seconds, 3),
            outcome=outcome,
            others_unlogged=counted.unlogged,
            **({} if by is UNNAMED else {"client_name": by.name, "client_version": by.version}),
        )
        counted.logged_at = now
        counted.unlogged = 0


class Seen:
    """One query or mutation, from its beginning to its answer."""

    __slots__ = ("_begun", "_counted", "_observer", "_operation", "_outcome", "_span")

    def __init__(self, observer: Observer, counted: _Counted, operation: Operation) -> None:
        self._observer = observer
        self._counted = counted
        self._operation = operation
        self._outcome = "ok"

    def __enter__(self) -> Self:
        self._observer.running += 1
        self._begun = perf_counter()
        self._span = OperationSpan(self._operation, client.get()) if self._observer.traced else None
        return self

    def answered(self, answer: Mapping[str, Any]) -> None:
        """What the client will be told."""
        errors = answer.get("errors")
        if errors:
            self._outcome = "failed" if answer.get("data") is None else "partial"
            for error in errors:
                metrics.OPERATION_ERRORS.labels(error.get("extensions", {}).get("code", "")).inc()

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: TracebackType | None) -> None:
        now = perf_counter()
        seconds = now - self._begun
        observer, counted = self._observer, self._counted
        observer.running -= 1
        if fault is not None:
            self._outcome = _outcome_of(fault)
        counted.seconds.saw(seconds)
        counted.ended[self._outcome] += 1
        observer._count_client()
        if seconds > observer.slow_seconds:
            observer._slow(counted, self._operation, seconds, self._outcome, now)
        if self._span is not None:
            self._span.end(self._outcome)


class Subscribed:
    """One subscription, from its beginning to its end."""

    __slots__ = ("_counted", "_observer")

    def __init__(self, observer: Observer, counted: _Counted) -> None:
        self._observer = observer
        self._counted = counted

    def __enter__(self) -> Self:
        self._observer.subscriptions += 1
        self._observer._count_client()
        return self

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: TracebackType | None) -> None:
        self._observer.subscriptions -= 1
        # a subscription ends by being left: that is no failure
        left = isinstance(fault, CancelledError | GeneratorExit)
        self._counted.ended["ok" if fault is None or left else _outcome_of(fault)] += 1


def _outcome_of(fault: BaseException) -> str:
    if isinstance(fault, Refused):
        return "refused"
    return "cancelled" if isinstance(fault, CancelledError | GeneratorExit) else "failed"
