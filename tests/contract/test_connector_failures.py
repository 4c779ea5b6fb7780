"""Whatever a backend answers, or whether at all: callers get one typed failure, and health tells of it."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from app.embedded.ports import free_port
from connectors.base import FailureKind
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    calling,
    failure_of,
    read,
    write,
)

TIMEOUT, UNREACHABLE, REFUSED = FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.REFUSED
OVERLOADED, MALFORMED = FailureKind.OVERLOADED, FailureKind.MALFORMED


class Member(msgspec.Struct):
    """A member of a collection."""

    id: str


@pytest.mark.parametrize(
    ("body", "retryable"),
    [
        (b"", True),
        (b"<html>maintenance</html>", True),
        (b'[{"id": "a"', True),
        (b'[{"id": "\xff"}]', True),
        (b"[" * 100_000, True),
        (b'{"id": "a"}', False),
        (b'[{"id": 1}]', False),
        (b'[{"id": null}]', False),
        (b"[{}]", False),
    ],
)
async def test_an_answer_in_no_or_another_shape_is_malformed(
    backend: ScriptedBackend, body: bytes, retryable: bool
) -> None:
    backend.answer(Reply(body=body))

    async with calling(backend.url) as http:
        failure = await failure_of(http.by_ids("listThing", "thing", ["a"], list[Member]))

    assert (failure.kind, failure.retryable, failure.operation) == (MALFORMED, retryable, "listThing")
    assert len(failure.detail) <= 300


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"NONSENSE\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 20_000 + b"\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["nothing", "no HTTP", "cut off", "bad chunk", "bad gzip", "huge header"],
)
async def test_broken_http_is_a_backend_failure(raw: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (await reader.readline()).strip():
            pass
        writer.write(raw)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, calling(f"http://127.0.0.1:{port}", attempts=1) as http:
        failure = await failure_of(read(http))

    assert (failure.kind, failure.retryable) == (UNREACHABLE, True)


async def test_nobody_at_the_address() -> None:
    async with calling(f"http://127.0.0.1:{free_port()}") as http:
        failure = await failure_of(read(http))

        assert (failure.kind, failure.retryable) == (UNREACHABLE, True)
        assert await http.probe() is False


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"code": "60", "reason": "bad query", "message": "no such field"}, "status 400: bad query: no such field"),
        ({"code": 60, "reason": None, "message": "no such field"}, "status 400: no such field"),
        (b"<html>", "status 400"),
        (b'{"reason": "\xff"}', "status 400"),
        (b'["a list"]', "status 400"),
        ({"reason": "x" * 5000}, "status 400: " + "x" * 288),
    ],
)
async def test_a_refusal_keeps_what_the_backend_says(backend: ScriptedBackend, body: object, detail: str) -> None:
    backend.answer(Reply(status=400, body=body))

    async with calling(backend.url) as http:
        assert (await failure_of(write(http))).detail == detail


async def test_health_tells_the_last_success_and_failure(backend: ScriptedBackend) -> None:
    began = datetime.now(UTC)
    backend.answer(Reply(), Reply(status=400))

    async with calling(backend.url) as http:
        fresh = http.health
        await read(http)
        await failure_of(write(http))
        health = http.health
        assert await http.probe() is True

    assert (fresh.last_success_at, fresh.last_failure_at, fresh.last_failure) == (None, None, None)
    assert health.last_success_at is not None and health.last_failure_at is not None
    assert began <= health.last_success_at <= health.last_failure_at
    assert (health.last_failure, health.in_flight) == ("createThing: REFUSED", 0)
