"""What the gateway counts, for Prometheus."""

from typing import Final

from prometheus_client import Counter

LIMIT_EXCEEDED: Final = Counter(
    "orderway_limit_exceeded",
    "Requests that exceeded a limit: `refused`, or only `warned` of (ORDERWAY_LIMITS__WARN_ONLY).",
    ("limit", "outcome"),
)
EXECUTIONS: Final = Counter(
    "orderway_executions",
    "Operations by how they were carried out: `compiled`, or why they were not: `first_sight`, `subscription`, "
    "`introspection`, `incremental` (`@defer` and `@stream`), `variants` (too many choices of what is "
    "skipped), `switched_off`, `fault`.",
    ("how",),
)
