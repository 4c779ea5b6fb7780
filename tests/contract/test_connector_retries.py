"""What is repeated and what is not, and when a call ends: attempts, keys, deadline, concurrency cap."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.base import BackendHttp, FailureKind
from connectors.failure import count_of, seconds_of
from tests.contract.scripted_backend import (
    Reply,
    ScriptedBackend,
    ask,
    calling,
    change,
    failure_of,
    read,
    write,
)

TIMEOUT, UNREACHABLE, REFUSED = FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.REFUSED
OVERLOADED, MALFORMED = FailureKind.OVERLOADED, FailureKind.MALFORMED
Call = Callable[[BackendHttp], Awaitable[object]]

CALLS: list[Call] = [read, ask, write, change]
every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)


@every_call
async def test_a_lost_answer_is_asked_for_again(backend: ScriptedBackend, call: Call) -> None:
    backend.answer(Reply(lost=True), Reply())

    async with calling(backend.url) as http:
        await call(http)

    assert len(backend.received) == 2


@every_call
async def test_attempts_are_bounded(backend: ScriptedBackend, call: Call) -> None:
    backend.answer(Reply(status=500))

    async with calling(backend.url, attempts=3) as http:
        failure = await failure_of(call(http))

    assert len(backend.received) == 3
    assert (failure.kind, failure.retryable, failure.backend) == (UNREACHABLE, True, "some")


@pytest.mark.parametrize("call", [ask, write, change], ids=lambda call: call.__name__)
async def test_no_post_or_patch_goes_out_or_is_repeated_without_its_key(backend: ScriptedBackend, call: Call) -> None:
    backend.answer(Reply(status=503), Reply(status=503), Reply())

    async with calling(backend.url, attempts=3) as http:
        await call(http)

    first, *others = backend.received
    assert len(first.headers["Idempotency-Key"]) > 0
    assert [(r.body, r.headers["Idempotency-Key"]) for r in others] == [
        (first.body, first.headers["Idempotency-Key"])
    ] * 2


async def test_two_questions_never_share_a_key(backend: ScriptedBackend) -> None:
    async with calling(backend.url) as http:
        await ask(http)
        await ask(http)

    one, other = (r.headers["Idempotency-Key"] for r in backend.received)
    assert one != other


async def test_a_write_carries_the_callers_key(backend: ScriptedBackend) -> None:
    async with calling(backend.url) as http:
        await write(http)

    assert backend.received[0].headers["Idempotency-Key"] == "order-1:task-2:0"


@pytest.mark.parametrize("key", ["a\r\nX-Evil: 1", "clé-€", " padded ", "a%0Ab", "\x00"])
async def test_any_text_is_a_key_that_stays_different_from_others(backend: ScriptedBackend, key: str) -> None:
    async with calling(backend.url) as http:
        await http.write("POST", "createThing", "thing", {}, key=key)
        await http.write("POST", "createThing", "thing", {}, key=key.strip().replace("%0A", "\n"))

    one, other = backend.received
    assert "X-Evil" not in one.headers
    same = key == key.strip().replace("%0A", "\n")
    assert (one.headers["Idempotency-Key"] == other.headers["Idempotency-Key"]) is same


@pytest.mark.parametrize(
    ("status", "kind", "attempts"),
    [
        (302, REFUSED, 1),
        (400, REFUSED, 1),
        (401, REFUSED, 1),
        (404, REFUSED, 1),
        (409, REFUSED, 1),
        (422, REFUSED, 1),
        (501, REFUSED, 1),
        (408, TIMEOUT, 2),
        (429, OVERLOADED, 2),
        (500, UNREACHABLE, 2),
        (502, UNREACHABLE, 2),
        (503, OVERLOADED, 2),
        (504, TIMEOUT, 2),
    ],
)
@pytest.mark.parametrize("call", [read, write], ids=lambda call: call.__name__)
async def test_only_what_may_mend_itself_is_repeated(
    backend: ScriptedBackend, call: Call, status: int, kind: FailureKind, attempts: int
) -> None:
    backend.answer(Reply(status=status, headers={"Location": "/elsewhere"}))

    async with calling(backend.url) as http:
        failure = await failure_of(call(http))

    assert (failure.kind, failure.retryable) == (kind, kind is not REFUSED)
    assert len(backend.received) == attempts


async def test_an_expected_status_is_an_answer(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=409, body={"reason": "taken", "message": "by another"}))

    async with calling(backend.url) as http:
        answer = await http.write("POST", "createThing", "thing", {}, key="k", expected={409})

    assert (answer.status, answer.refusal.reason, len(backend.received)) == (409, "taken", 1)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_backend_that_asks_for_time_gets_it(backend: ScriptedBackend, status: int) -> None:
    backend.answer(Reply(status=status, headers={"Retry-After": "1"}), Reply())

    async with calling(backend.url) as http:
        await read(http)

    first, second = backend.received
    assert second.at - first.at >= 1.0


async def test_a_backend_that_asks_for_more_time_than_there_is_ends_the_call_at_once(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=503, headers={"Retry-After": "3600"}))

    async with asyncio.timeout(2), calling(backend.url, deadline=30.0, attempts=5) as http:
        failure = await failure_of(read(http))

    assert (failure.kind, len(backend.received)) == (OVERLOADED, 1)


def test_retry_after_is_seconds_or_a_date() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    long_ago = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)

    assert seconds_of("7") == 7
    assert 55 < seconds_of(in_a_minute) <= 60
    assert [seconds_of(odd) for odd in (None, "", long_ago, "soon", "²", "-5")] == [0, 0, 0, 0, 0, 0]


def test_a_total_is_a_number_or_unknown() -> None:
    assert [count_of(text) for text in ("0", "17", None, "", "many", "²", "-1", "9" * 5000)] == [0, 17] + [None] * 6


# Deadline and cap


async def test_a_call_ends_at_its_deadline_with_all_its_attempts(backend: ScriptedBackend) -> None:
    backend.answer(Reply(after=asyncio.Event()))
    clock = asyncio.get_running_loop().time

    async with calling(backend.url, deadline=0.5, attempt_timeout=0.1, attempts=100) as http:
        began = clock()
        failure = await failure_of(read(http))
        took = clock() - began

    assert (failure.kind, failure.retryable) == (TIMEOUT, True)
    assert len(backend.received) >= 2
    assert took < 3.0


async def test_a_body_that_never_ends_is_a_timeout() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
        await reader.read()  # until the caller hangs up
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, calling(f"http://127.0.0.1:{port}", attempts=1, attempt_timeout=0.1) as http:
        assert (await failure_of(read(http))).kind is TIMEOUT


async def test_no_more_calls_than_the_cap_are_under_way(backend: ScriptedBackend) -> None:
    go = asyncio.Event()
    backend.answer(Reply(after=go))

    async with calling(backend.url, concurrency=2) as http, asyncio.TaskGroup() as group:
        for n in range(6):
            group.create_task(http.get("listThing", f"thing/{n}"))
        await backend.until_received(2)
        assert http.health.in_flight == 2
        go.set()

    assert len(backend.received) == 6
    assert backend.most_at_once == 2


async def test_waiting_for_a_turn_counts_against_the_deadline(backend: ScriptedBackend) -> None:
    backend.answer(Reply(after=asyncio.Event()))
    clock = asyncio.get_running_loop().time

    async with calling(backend.url, concurrency=1, deadline=0.3) as http:
        began = clock()
        failures = await asyncio.gather(*(failure_of(http.get("listThing", f"thing/{n}")) for n in range(20)))
        took = clock() - began

    # all deadlines fall together, so a few of the first may still get a turn at the very end
    kinds = [f.kind for f in failures]
    assert (kinds[0], set(kinds)) == (TIMEOUT, {TIMEOUT, OVERLOADED})
    assert all(f.retryable for f in failures)
    assert took < 3.0


async def test_a_pause_between_attempts_takes_no_turn_from_others(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=503, headers={"Retry-After": "1"}), Reply())

    async with calling(backend.url, concurrency=1) as http, asyncio.TaskGroup() as group:
        waiting = group.create_task(http.get("listThing", "thing/0"))
        await backend.until_received(1)
        await http.get("listThing", "thing/1")
        assert not waiting.done()
