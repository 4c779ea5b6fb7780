"""Logs are one stream of events with fields, and no credential gets into it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from opentelemetry import trace

from app import telemetry
from app.settings.model import Settings
from connectors.base import correlation_id


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _one_tracer_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    # A process sets its provider once; here every test sets one.
    monkeypatch.setattr(trace, "set_tracer_provider", lambda provider: None)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_is_one_json_line_with_its_fields_and_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(Settings(), "gateway", {"correlation_id": correlation_id})

    own = correlation_id.set("c-1")
    structlog.get_logger().info("order_submitted", order_id="o-1", version=4)
    correlation_id.reset(own)

    [line] = written(capsys)
    assert line.pop("timestamp")
    assert line == {
        "event": "order_submitted",
        "level": "info",
        "order_id": "o-1",
        "version": 4,
        "correlation_id": "c-1",
    }


def test_what_libraries_log_joins_the_stream(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(Settings(log_level="warning"), "gateway")

    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.error").warning("socket %s", "lost")
    structlog.get_logger().info("order_submitted")

    assert [line["event"] for line in written(capsys)] == ["socket lost"]


def test_credentials_are_taken_out_at_any_depth(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(Settings(), "gateway")

    structlog.get_logger().info(
        "backend_called",
        authorization="Bearer hush",
        headers={"Authorization": "hush", "Accept": "text/html"},
        attempts=[{"api_key": "hush"}],
        reason="refused: Bearer hush by mongodb://me:hush@db/orders",
        idempotency_key="shown",
    )

    [line] = written(capsys)
    assert "hush" not in json.dumps(line)
    assert line["headers"] == {"Authorization": "[removed]", "Accept": "text/html"}
    assert line["reason"] == "refused: Bearer [removed] by mongodb://[removed]@db/orders"
    assert line["idempotency_key"] == "shown"


def test_credentials_are_taken_out_of_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(Settings(), "gateway")

    try:
        raise ValueError("cannot reach mongodb://me:hush@db")
    except ValueError:
        structlog.get_logger().exception("store_unavailable")

    [line] = written(capsys)
    assert "ValueError: cannot reach mongodb://[removed]@db" in str(line["exception"])


def test_an_event_names_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(Settings(), "gateway")
    span = trace.NonRecordingSpan(trace.SpanContext(0xABC, 0xDEF, is_remote=False))

    with trace.use_span(span):
        structlog.get_logger().info("order_submitted")

    [line] = written(capsys)
    assert (line["trace_id"], line["span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")


def test_people_may_have_it_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(Settings(log_format="console"), "gateway")

    structlog.get_logger().info("order_submitted", order_id="o-1")

    assert "order_submitted" in (text := capsys.readouterr().out)
    assert "order_id=o-1" in text
