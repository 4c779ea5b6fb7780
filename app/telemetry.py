"""Logs and traces: one stream of events with fields, free of secrets, with the trace they belong to.

Events are lower-case names with fields: `structlog.get_logger().info("order_submitted", order_id=…, version=4)`.
What libraries log joins the same stream in the same form.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from structlog.typing import EventDict, Processor, WrappedLogger

from app.settings.model import Settings

REMOVED: Final = "[removed]"
SECRET_FIELD: Final = re.compile(r"authori[sz]ation|cookie|password|secret|token$|api_?key|jwt", re.IGNORECASE)
# In the middle of a text, for example a failed request's message: a bearer token, or a password in an address.
SECRET_TEXT: Final = re.compile(r"(?<=bearer )\S+|(?<=://)[^/\s@:]*:[^/\s@]*(?=@)", re.IGNORECASE)


def configure(settings: Settings, part: str, facts: Mapping[str, ContextVar[str]] = MappingProxyType({})) -> None:
    """Set up logs and traces for this process; `part` is its name in both.

    `facts` are in every event, by these names, where they are known of what is being done.
    """
    before: list[Processor] = [
        _add(facts),
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                drop_secrets,
                _renderer(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(True)
    if traces_are_sent():
        trace.set_tracer_provider(_provider(part))


def traces_are_sent() -> bool:
    """Whether the standard OTEL_* variables name where traces go. If not, no span is made at all."""
    told = os.environ.get
    if told("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = told("OTEL_TRACES_EXPORTER", "").replace(" ", "")
    if exporters:
        return "otlp" in exporters.split(",")
    return bool(told("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or told("OTEL_EXPORTER_OTLP_ENDPOINT"))


def _provider(part: str) -> TracerProvider:
    """Where, how and how much of it is sent, the SDK and the exporter read from the OTEL_* variables themselves."""
    # only who sends traces pays for what it takes: it imports an HTTP client of its own
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    named = {SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or f"orderway-{part}"}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())


def _add(facts: Mapping[str, ContextVar[str]]) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for name, fact in facts.items():
            if known := fact.get():
                event.setdefault(name, known)
        return event

    return add


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Name the trace and span that the event happened in, so that both can be found from each other."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = trace.format_trace_id(span.trace_id)
        event["span_id"] = trace.format_span_id(span.span_id)
    return event


def drop_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take credentials out of an event: by the name of the field, at any depth, and out of texts."""
    return {name: _without_secrets(name, value) for name, value in event.items()}


def _without_secrets(name: str, value: object) -> object:
    if SECRET_FIELD.search(name):
        return REMOVED
    if isinstance(value, str):
        return SECRET_TEXT.sub(REMOVED, value)
    if isinstance(value, Mapping):
        return {key: _without_secrets(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets("", inner) for inner in value]
    return value
