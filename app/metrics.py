"""The metrics: what is counted as it happens, and what is looked at when it is asked for.

Names: `orderway_<what>`, then `_total` for a counter or `_seconds` for a histogram; labels are few, and their values
too: what comes from outside (names of operations and clients) goes through `Bounded`. Dashboards and alerts in
`deploy/` go by these names; a test holds them together.

On a hot path, bind a child once (`COUNTER.labels(...)`) and keep it: `inc` on it costs less than a microsecond,
`labels` several. What has its value somewhere already is not counted again, but `watch`ed: it costs nothing until it
is read.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

from prometheus_client import REGISTRY as REGISTRY
from prometheus_client import Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

OTHER: Final = "other"
MOST_CHARACTERS: Final = 64
# from a query out of memory to a backend's deadline
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# a series per series that nobody reads
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no annotation there

OPERATION_ERRORS: Final = Counter(
    "orderway_operation_errors_total",
    "Errors in the answers to GraphQL operations, by extensions.code.",
    ("code",),
)
REFUSED: Final = Counter(
    "orderway_refused_total",
    "Requests that were refused before anything was executed, by extensions.code.",
    ("code",),
)
BACKEND_CALLS: Final = Counter(
    "orderway_backend_calls_total",
    "Calls to backends that ended, retries included, by how: ok, or the kind of failure.",
    ("backend", "operation", "outcome"),
)
BACKEND_CALL_SECONDS: Final = Histogram(
    "orderway_backend_call_seconds",
    "Time that calls to backends took, with waiting for their turn and retries.",
    ("backend", "operation"),
    buckets=SECONDS,
)
BACKEND_RETRIES: Final = Counter(
    "orderway_backend_retries_total",
    "Attempts beyond the first of calls to backends.",
    ("backend",),
)
BACKEND_READS_SAVED: Final = Counter(
    "orderway_backend_reads_saved_total",
    "Reads that needed no answer of their own: shared with an equal one under way, unchanged since (304), still fresh, "
    "or stale in place of a failure.",
    ("backend", "how"),
)
TASK_ATTEMPTS: Final = Counter(
    "orderway_task_attempts_total",
    "Attempts of workers at tasks of orders, by operation and by how they ended.",
    ("operation", "outcome"),
)
TASK_SECONDS: Final = Histogram(
    "orderway_task_seconds",
    "Time that attempts at tasks of orders took.",
    ("operation",),
    buckets=SECONDS,
)
TASK_STATE_CHANGES: Final = Counter(
    "orderway_task_state_changes_total",
    "Tasks of orders that came into a state; fallout needs a person.",
    ("backend", "state"),
)
ORDER_STATE_CHANGES: Final = Counter(
    "orderway_order_state_changes_total",
    "Orders that came into a state, new ones included.",
    ("state", "channel"),
)
JEOPARDY_RAISED: Final = Counter(
    "orderway_jeopardy_raised_total",
    "Times that an order's promise came into danger, or into more of it, by level.",
    ("level",),
)
FEED_DELAY_SECONDS: Final = Histogram(
    "orderway_feed_delay_seconds",
    "Time from an event's commit until this process told its followers.",
    buckets=SECONDS,
)
WEBHOOK_CALLS: Final = Counter(
    "orderway_webhook_calls_total",
    "Calls to webhooks that were recorded, by what became of the event: delivered, again (it is tried once more) or "
    "deadLetter.",
    ("outcome",),
)
WEBHOOK_DELAY_SECONDS: Final = Histogram(
    "orderway_webhook_delay_seconds",
    "Time from an event until a webhook had taken it.",
    buckets=(*SECONDS, 60.0, 600.0, 3600.0),
)
CALLBACK_CALLS: Final = Counter(
    "orderway_callback_calls_total",
    "Calls to routers for their subscriptions, by action (check, next, complete) and by how they ended: taken, refused "
    "(the router has ended the subscription) or failed.",
    ("action", "outcome"),
)
RELOADS: Final = Counter(
    "orderway_reloads_total",
    "Times that settings were read again, by what became of it: applied or refused.",
    ("outcome",),
)


class Bounded:
    """Label values from outside: the first `most` different ones as they are, every later one as `other`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, str] = {}

    def __call__(self, value: str) -> str:
        """The label value to use."""
        known = self._known.get(value)
        if known is not None:
            return known
        if len(self._known) >= self._most or len(value) > MOST_CHARACTERS:
            return OTHER
        self._known[value] = value
        return value


class BackendWatch:
    """Counts the calls to backends; see `connectors.base.Watch`."""

    def __init__(self) -> None:
        self._ended: dict[tuple[str, str, str], Counter] = {}
        self._seconds: dict[tuple[str, str], Histogram] = {}

    def called(self, backend: str, operation: str, outcome: str, seconds: float, attempts: int) -> None:
        """A call has ended."""
        ended = self._ended.get((backend, operation, outcome))
        if ended is None:
            ended = self._ended[backend, operation, outcome] = BACKEND_CALLS.labels(backend, operation, outcome)
            self._seconds[backend, operation] = BACKEND_CALL_SECONDS.labels(backend, operation)
        ended.inc()
        self._seconds[backend, operation].observe(seconds)
        if attempts > 1:
            BACKEND_RETRIES.labels(backend).inc(attempts - 1)

    def saved(self, backend: str, how: str) -> None:
        """A read needed no answer of its own."""
        BACKEND_READS_SAVED.labels(backend, how).inc()


class Spread:
    """Durations by the buckets of a histogram, for one thread: a tenth of what a `Histogram` costs."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.total = 0.0

    def saw(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds


Values = Iterable[tuple[Sequence[str], float | Spread]]
"""Label values, and the value that the metric has for them now."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A metric whose values are kept elsewhere."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()


WATCHED: Final = (
    Watched(
        "orderway_operations_total",
        "counter",
        "GraphQL operations that ended, by how: ok, partial (data with errors), failed (errors only), refused, "
        "cancelled.",
        ("type", "name", "outcome"),
    ),
    Watched(
        "orderway_operation_seconds",
        "histogram",
        "Time that queries and mutations took from their document to their answer.",
        ("type", "name"),
    ),
    Watched(
        "orderway_client_operations_total",
        "counter",
        "GraphQL operations by what the client calls itself (graphql-client-name, apollographql-client-name).",
        ("client", "version"),
    ),
    Watched(
        "orderway_document_lookups_total",
        "counter",
        "Documents looked up among those that were checked before: hit or miss.",
        ("result",),
    ),
    Watched("orderway_documents_kept", "gauge", "Checked documents that are kept."),
    Watched("orderway_connections_open", "gauge", "WebSocket connections and event streams that are open."),
    Watched("orderway_callbacks_open", "gauge", "Subscriptions whose answers are sent to the callback of a router."),
    Watched("orderway_subscriptions_open", "gauge", "Subscriptions that are running."),
    Watched("orderway_operations_running", "gauge", "Queries and mutations that are running."),
    Watched("orderway_feed_position", "gauge", "Position of the newest event that followers have been told of."),
    Watched(
        "orderway_webhooks_behind",
        "gauge",
        "Webhooks that are still to be told of something, or looked at for it; the same of every worker.",
    ),
    Watched(
        "orderway_webhook_oldest_event_seconds",
        "gauge",
        "Age of the oldest event that a webhook is still to be told of, or looked at for it; 0: there is none.",
    ),
    Watched("orderway_backend_in_flight", "gauge", "Attempts under way at a backend.", ("backend",)),
    Watched("orderway_backend_waiting", "gauge", "Calls that wait for their turn at a backend.", ("backend",)),
    Watched("orderway_backend_places", "gauge", "Calls that a backend may have at once.", ("backend",)),
    Watched(
        "orderway_backend_breaker_state",
        "gauge",
        "1 for the state that a backend's circuit breaker is in: closed, open or halfOpen.",
        ("backend", "state"),
    ),
)
"""The metrics that are read when they are asked for."""


class _Watch(Collector):
    """Asks who knows. A metric that nobody has told how to read is absent: a worker has no connections."""

    def __init__(self) -> None:
        self.reads: dict[str, Callable[[], Values]] = {}

    def describe(self) -> Iterator[Metric]:
        """The metrics without their values, so that a second one of the same name is refused."""
        return (_family(watched) for watched in WATCHED)

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        for watched in WATCHED:
            if (read := self.reads.get(watched.name)) is not None:
                family = _family(watched)
                for labels, value in read():
                    _add(family, labels, value)
                yield family


def _family(watched: Watched) -> Metric:
    match watched.kind:
        case "counter":
            return CounterMetricFamily(watched.name, watched.meaning, labels=watched.labels)
        case "gauge":
            return GaugeMetricFamily(watched.name, watched.meaning, labels=watched.labels)
        case "histogram":
            return HistogramMetricFamily(watched.name, watched.meaning, labels=watched.labels)


def _add(family: Metric, labels: Sequence[str], value: float | Spread) -> None:
    match family, value:
        case HistogramMetricFamily(), Spread():
            upto = zip((*map(floatToGoString, SECONDS), "+Inf"), accumulate(value.counts), strict=True)
            family.add_metric(labels, [(bound, float(count)) for bound, count in upto], value.total)
        case CounterMetricFamily() | GaugeMetricFamily(), float() | int():
            family.add_metric(labels, value)
        case _:
            raise TypeError(f"{family.name} cannot have the value {value!r}")


_WATCH: Final = _Watch()
REGISTRY.register(_WATCH)


def watch(reads: Mapping[str, Callable[[], Values]]) -> None:
    """From now on these metrics (of `WATCHED`) are read so; what one was read by before is forgotten."""
    unknown = reads.keys() - {watched.name for watched in WATCHED}
    if unknown:
        raise KeyError(f"not a watched metric: {', '.join(sorted(unknown))}")
    _WATCH.reads.update(reads)


def one(value: float) -> Values:
    """The value of a metric without labels."""
    return (((), value),)
