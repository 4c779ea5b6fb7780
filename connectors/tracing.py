"""The spans of calls to backends."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from connectors.failure import BackendFailure

TRACER: Final = trace.get_tracer("orderway.connectors")


@contextmanager
def call_span(backend: str, operation: str, method: str) -> Generator[Span]:
    """The current span while a call is made, when what it is made for is being traced; else nothing new.

    It tells no address: ids in it may be personal data.
    """
    around = trace.get_current_span()
    if not around.is_recording():
        yield around
        return
    told = {"http.request.method": method, "orderway.backend": backend, "orderway.operation": operation}
    with TRACER.start_as_current_span(
        f"{backend} {operation}",
        kind=SpanKind.CLIENT,
        attributes=told,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BackendFailure as failure:
            span.set_status(StatusCode.ERROR, failure.kind.value)
            raise
