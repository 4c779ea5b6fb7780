"""What every call to a backend keeps to: retries, deadline, concurrency cap, shared reads, headers, failures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from app.embedded.ports import free_port
from connectors.base import BackendFailure, BackendHttp, FailureKind, correlation_id
from connectors.failure import count_of, seconds_of
from tests.contract.scripted_backend import Reply, ScriptedBackend, calling, scripted_backend

TIMEOUT, UNREACHABLE, REFUSED = FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.REFUSED
OVERLOADED, MALFORMED = FailureKind.OVERLOADED, FailureKind.MALFORMED
Call = Callable[[BackendHttp], Awaitable[object]]


class Member(msgspec.Struct):
    """A member of a collection."""

    id: str


@pytest.fixture
async def backend() -> AsyncIterator[ScriptedBackend]:
    async with scripted_backend() as backend:
        yield backend


def read(http: BackendHttp) -> Awaitable[object]:
    return http.get("listThing", "thing")


def ask(http: BackendHttp) -> Awaitable[object]:
    return http.ask("createSearch", "search", {"what": "this"})


def write(http: BackendHttp) -> Awaitable[object]:
    return http.write("POST", "createThing", "thing", {"name": "new"}, key="order-1:task-2:0")


def change(http: BackendHttp) -> Awaitable[object]:
    return http.write("PATCH", "patchThing", "thing/1", {"status": "active"}, key="order-1:task-3:0")


CALLS: list[Call] = [read, ask, write, change]
every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)


async def failure_of(call: Awaitable[object]) -> BackendFailure:
    with pytest.raises(BackendFailure) as raised:
        await call
    return raised.value


# Retries


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


# Shared reads


async def test_equal_reads_under_way_share_one_call(backend: ScriptedBackend) -> None:
    go = asyncio.Event()
    backend.answer(Reply(after=go, body=[{"id": "a"}]))

    async with calling(backend.url) as http:
        reads = [asyncio.create_task(http.by_ids("listThing", "thing", ["a"], list[Member])) for _ in range(3)]
        await backend.until_received(1)
        go.set()
        answers = await asyncio.gather(*reads)
        await read(http)

    assert answers == [[Member("a")]] * 3
    assert [r.path for r in backend.received] == ["/tmf-api/some/v4/thing"] * 2


async def test_different_reads_are_calls_of_their_own(backend: ScriptedBackend) -> None:
    async with calling(backend.url) as http:
        await asyncio.gather(*(http.get("listThing", "thing", {"id": n}) for n in "abc"))

    assert sorted(r.query["id"] for r in backend.received) == ["a", "b", "c"]


async def test_a_caller_that_gives_up_does_not_take_the_answer_from_others(backend: ScriptedBackend) -> None:
    go = asyncio.Event()
    backend.answer(Reply(after=go))

    async with calling(backend.url) as http:
        first = asyncio.create_task(http.get("listThing", "thing"))
        second = asyncio.create_task(http.get("listThing", "thing"))
        await backend.until_received(1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        go.set()
        answer = await second

    assert (answer.status, len(backend.received)) == (200, 1)


async def test_a_read_after_a_write_does_not_get_an_answer_from_before_it(backend: ScriptedBackend) -> None:
    go = asyncio.Event()
    backend.answer(Reply(after=go, body=["before"]), Reply(), Reply(body=["after"]))

    async with calling(backend.url) as http:
        old = asyncio.create_task(http.get("listThing", "thing"))
        await backend.until_received(1)
        await write(http)
        new = await http.get("listThing", "thing")
        go.set()

        assert (await old).decode(list[str]) == ["before"]
        assert new.decode(list[str]) == ["after"]


async def test_the_end_of_an_old_read_leaves_the_new_one_shared(backend: ScriptedBackend) -> None:
    old_ends, new_ends = asyncio.Event(), asyncio.Event()
    backend.answer(Reply(after=old_ends, body=["old"]), Reply(), Reply(after=new_ends, body=["new"]))

    async with calling(backend.url) as http:
        old = asyncio.create_task(http.get("listThing", "thing"))
        await backend.until_received(1)
        await write(http)
        new = asyncio.create_task(http.get("listThing", "thing"))
        await backend.until_received(3)
        old_ends.set()
        await old
        joining = asyncio.create_task(http.get("listThing", "thing"))
        new_ends.set()

        assert [(await read).decode(list[str]) for read in (old, new, joining)] == [["old"], ["new"], ["new"]]
    assert len(backend.received) == 3


async def test_each_caller_of_a_shared_read_fails_under_its_own_correlation_id(backend: ScriptedBackend) -> None:
    go = asyncio.Event()
    backend.answer(Reply(after=go, status=400))

    async with calling(backend.url) as http:

        def started(name: str) -> asyncio.Task[BackendFailure]:
            context = copy_context()
            context.run(correlation_id.set, name)
            return asyncio.create_task(failure_of(http.get("listThing", "thing")), context=context)

        callers = [started("request-1"), started("request-2")]
        await backend.until_received(1)
        go.set()
        failures = await asyncio.gather(*callers)

    assert [f.correlation_id for f in failures] == ["request-1", "request-2"]
    assert len(backend.received) == 1


# Headers and addresses


async def test_correlation_id_and_trace_go_with_every_call(backend: ScriptedBackend) -> None:
    span = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1))
    token = correlation_id.set("request-7")
    try:
        with use_span(NonRecordingSpan(span)):
            async with calling(backend.url) as http:
                for call in CALLS:
                    await call(http)
    finally:
        correlation_id.reset(token)

    assert [r.headers["X-Correlation-ID"] for r in backend.received] == ["request-7"] * 4
    assert {r.headers["traceparent"] for r in backend.received} == {f"00-{0xABC:032x}-{0xDEF:016x}-01"}


async def test_a_prefix_of_its_own_replaces_that_of_the_open_api(backend: ScriptedBackend) -> None:
    async with calling(f"{backend.url}/gateway/", prefix="/bss/things/") as http:
        await read(http)

    assert backend.received[0].path == "/gateway/bss/things/thing"


# Batches and pages


@pytest.mark.parametrize(("ids", "calls"), [(0, 0), (1, 1), (100, 1), (101, 2), (250, 3)])
async def test_one_call_per_hundred_ids(backend: ScriptedBackend, ids: int, calls: int) -> None:
    async with calling(backend.url) as http:
        await http.by_ids("listThing", "thing", [f"id-{n}" for n in range(ids)] * 2, list[Member])

    asked = [r.query["id"].split(",") for r in backend.received]
    assert len(asked) == calls
    assert sorted(i for part in asked for i in part) == sorted(f"id-{n}" for n in range(ids))


async def test_ids_that_a_filter_cannot_name_are_unknown(backend: ScriptedBackend) -> None:
    async with calling(backend.url) as http:
        assert await http.by_ids("listThing", "thing", ["", "a,b"], list[Member]) == []
        await http.by_ids("listThing", "thing", ["a&limit=1#x", "ü %"], list[Member])

    assert [r.query["id"] for r in backend.received] == ["a&limit=1#x,ü %"]


@pytest.mark.parametrize(
    "pages",
    [
        [
            Reply(status=206, body=[{"id": "a"}, {"id": "b"}], headers={"X-Total-Count": "3"}),
            Reply(body=[{"id": "c"}], headers={"X-Total-Count": "3"}),
        ],
        [Reply(status=206, body=[{"id": "a"}, {"id": "b"}]), Reply(body=[{"id": "c"}])],
    ],
    ids=["the total says so", "the status says so"],
)
async def test_a_part_of_the_members_is_not_taken_for_all(backend: ScriptedBackend, pages: list[Reply]) -> None:
    backend.answer(*pages)

    async with calling(backend.url) as http:
        found = await http.where("listThing", "thing", "owner", ["x"], list[Member])

    assert [m.id for m in found] == ["a", "b", "c"]
    assert [r.query["offset"] for r in backend.received] == ["0", "2"]


async def test_a_collection_without_end_is_a_failure(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=206, body=[{"id": "a"}]))

    async with calling(backend.url) as http:
        failure = await failure_of(http.where("listThing", "thing", "owner", ["x"], list[Member]))

    assert (failure.kind, failure.retryable, len(backend.received)) == (MALFORMED, False, 100)


# Answers that are none


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
