"""Where traces are sent to: a receiver of OTLP over HTTP that remembers the spans."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class SentSpan:
    """One span as it was sent; ids in hexadecimal digits."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str]


@dataclass
class Receiver:
    """What was received so far."""

    url: str = ""
    spans: list[SentSpan] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """One export."""
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for resource in sent.resource_spans:
            named = {a.key: a.value.string_value for a in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.append(
                        SentSpan(
                            service=named["service.name"],
                            name=span.name,
                            trace_id=span.trace_id.hex(),
                            span_id=span.span_id.hex(),
                            parent_id=span.parent_span_id.hex(),
                            attributes={a.key: a.value.string_value for a in span.attributes},
                        )
                    )
        return web.Response(content_type="application/x-protobuf")

    def of(self, trace_id: str) -> list[SentSpan]:
        """The spans of this trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def way_to(self, span: SentSpan) -> list[str]:
        """The names of the spans above this one and of itself, the outermost that was sent first."""
        by_id = {one.span_id: one for one in self.spans}
        way = [span.name]
        while (above := by_id.get(span.parent_id)) is not None:
            way.insert(0, above.name)
            span = above
        return way


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A running one."""
    received = Receiver()
    application = web.Application()
    application.router.add_post("/v1/traces", received.take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    received.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield received
    finally:
        await runner.cleanup()


def told_to(traces: Receiver) -> dict[str, str]:
    """The settings of a product that sends there what a caller wants traced, and nothing else."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": traces.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        "ORDERWAY_LOG_FORMAT": "json",
    }
