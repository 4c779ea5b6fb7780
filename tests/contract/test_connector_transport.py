"""What every call to a backend keeps to: shared reads, headers, addresses, batches and pages."""

import asyncio
from contextvars import copy_context

import msgspec
import pytest
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from connectors.base import CORRELATION_HEADER, BackendConfig, BackendFailure, FailureKind, correlation_id
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


class Member(msgspec.Struct):
    """A member of a collection."""

    id: str


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


async def test_a_read_that_nobody_waits_for_any_more_is_broken_off(backend: ScriptedBackend) -> None:
    never = asyncio.Event()
    backend.answer(Reply(after=never), Reply())

    async with calling(backend.url) as http:
        reads = [asyncio.create_task(http.get("listThing", "thing")) for _ in range(2)]
        await backend.until_received(1)
        reads[0].cancel()
        await asyncio.sleep(0)
        assert http.health.in_flight == 1
        reads[1].cancel()
        await backend.until_left(1)
        assert http.health.in_flight == 0
        answer = await http.get("listThing", "thing")  # joins nothing that was broken off

    assert (answer.status, len(backend.received)) == (200, 2)


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
                for call in (read, ask, write, change):
                    await call(http)
    finally:
        correlation_id.reset(token)

    assert [r.headers["X-Correlation-ID"] for r in backend.received] == ["request-7"] * 4
    assert {r.headers["traceparent"] for r in backend.received} == {f"00-{0xABC:032x}-{0xDEF:016x}-01"}


async def test_a_prefix_of_its_own_replaces_that_of_the_open_api(backend: ScriptedBackend) -> None:
    async with calling(f"{backend.url}/gateway/", prefixes={"TMF000": "/bss/things/"}) as http:
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

    assert (failure.kind, failure.retryable, len(backend.received)) == (FailureKind.MALFORMED, False, 100)


async def test_credentials_are_sent_with_every_call_and_shown_nowhere(backend: ScriptedBackend) -> None:
    backend.answer(Reply(), Reply(status=201, body={}), Reply(status=400))
    config = BackendConfig(base_url=backend.url, authorization="Bearer hush")

    async with calling(backend.url, authorization="Bearer hush") as http:
        await read(http)
        await write(http)
        failure = await failure_of(read(http))

    assert [request.headers.get("Authorization") for request in backend.received] == ["Bearer hush"] * 3
    assert "hush" not in f"{config!r} {config} {failure} {failure.detail} {http.health}"


async def test_without_credentials_no_other_header_goes_along(backend: ScriptedBackend) -> None:
    usual = {"Host", "Accept", "Accept-Encoding", "User-Agent", CORRELATION_HEADER}

    async with calling(backend.url) as http:
        await read(http)
        await write(http)

    assert [set(r.headers) - usual for r in backend.received] == [
        set(),
        {"Content-Type", "Content-Length", "Idempotency-Key"},
    ]
