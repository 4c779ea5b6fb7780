"""The spans of operations: one for the operation, one for each place in its document that has to wait for something.

An operation that is not sampled, or a process that sends no traces, makes none of them and pays for none.
"""

from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any, Final

from graphql import GraphQLResolveInfo
from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from app.gateway.client import Client
from app.gateway.documents import Operation

TRACER: Final = trace.get_tracer("orderway.gateway")


class OperationSpan:
    """The current span from here until its `end`, which has to be called in the same task."""

    __slots__ = ("_span", "_token")

    def __init__(self, operation: Operation, sender: Client) -> None:
        kind = operation.type.value
        told = {"graphql.operation.type": kind, "graphql.operation.name": operation.name or ""}
        if sender.name:
            told |= {"graphql.client.name": sender.name, "graphql.client.version": sender.version}
        name = f"{kind} {operation.name}" if operation.name else kind
        self._span = TRACER.start_span(name, kind=SpanKind.SERVER, attributes=told)
        self._token = attach(set_span_in_context(self._span))

    def end(self, outcome: str) -> None:
        """The operation has ended so."""
        detach(self._token)
        self._span.set_attribute("graphql.operation.outcome", outcome)
        if outcome == "failed":
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def field_spans() -> "FieldSpans | None":
    """What makes the spans of fields; None when the operation is not being traced."""
    return FieldSpans() if trace.get_current_span().is_recording() else None


class FieldSpans:
    """A list of fifty orders asks for fifty customers at one place, together: that is one span."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def resolve(self, resolver: Any, source: object, info: GraphQLResolveInfo[Any], /, **arguments: Any) -> Any:
        """As a middleware of graphql-core: resolve a field."""
        return self.call(
            info.field_nodes[0], f"{info.parent_type.name}.{info.field_name}", resolver, source, info, **arguments
        )

    def call(self, place: object, name: str, resolver: Any, /, *given: Any, **named: Any) -> Any:
        """Call what resolves the field at this place; when there is something to wait for, a span lasts until then."""
        if id(place) in self._seen:
            return resolver(*given, **named)
        self._seen.add(id(place))
        span = TRACER.start_span(name)
        # what the resolver sets off, such as a loader's call for all, belongs to this field
        token = attach(set_span_in_context(span))
        try:
            result = resolver(*given, **named)
        finally:
            detach(token)
        # a span that is not ended is not sent: nothing had to be waited for
        return _until_there(span, result) if isawaitable(result) else result


async def _until_there(span: trace.Span, result: Awaitable[Any]) -> Any:
    with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            return await result
        except Exception as failure:
            # what went wrong is told by its kind: its words may hold what is nobody's business
            span.set_status(StatusCode.ERROR, type(failure).__name__)
            raise
