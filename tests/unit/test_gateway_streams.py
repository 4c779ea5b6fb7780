"""Event streams against a real server: graphql-sse in both modes, subscriptions in parts, and nothing left behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from structlog.testing import capture_logs

from app.gateway.app import Gateway, drain
from app.gateway.limits import Limits
from tests.harness import until
from tests.unit.gateway_toy import Toy, running

EVENTS = {"Accept": "text/event-stream"}
PARTS = {"Accept": "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"}
FOREVER = {"query": "subscription { forever }"}
TOKEN = "X-GraphQL-Event-Stream-Token"
FIRST = b':\n\nevent: next\ndata: {"data":{"forever":1}}\n\n'
"""The beginning of a stream for `FOREVER`."""


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with running(allowed_origins=["https://shop.example"]) as toy:
        yield toy


@asynccontextmanager
async def stream(toy: Toy, body: object, **headers: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """An open event stream."""
    async with toy.http.post("/graphql", json=body, headers={**EVENTS, **headers}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        yield answer


async def whole(toy: Toy, query: str, **headers: str) -> str:
    async with stream(toy, {"query": query}, **headers) as answer:
        return await answer.text()


@asynccontextmanager
async def shared(toy: Toy) -> AsyncIterator[tuple[dict[str, str], aiohttp.StreamReader]]:
    """A reserved and opened stream: the header of its token, and what comes on it."""
    async with toy.http.put("/graphql") as answer:
        assert answer.status == 201
        header = {TOKEN: await answer.text()}
    async with toy.http.get("/graphql", headers={**EVENTS, **header}) as answer:
        assert answer.status == 200
        assert await answer.content.readuntil(b"\n\n") == b":\n\n"
        yield header, answer.content


async def send(toy: Toy, header: dict[str, str], query: str, operation_id: object = "a") -> tuple[int, str | None]:
    """Ask for an operation on a shared stream: the status, and the code of the refusal."""
    asked = {"query": query, "extensions": {"operationId": operation_id}}
    async with toy.http.post("/graphql", json=asked, headers=header) as answer:
        errors = (await answer.json()).get("errors")
        return answer.status, errors[0]["extensions"]["code"] if errors else None


async def message(reader: aiohttp.StreamReader) -> tuple[str, object]:
    """The next event of a stream."""
    event, data = (await reader.readuntil(b"\n\n")).decode().strip().split("\n")
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def test_each_event_is_a_next_and_the_end_a_complete(toy: Toy) -> None:
    assert await whole(toy, "subscription { count(to: 2) }") == (
        ':\n\nevent: next\ndata: {"data":{"count":1}}\n\nevent: next\ndata: {"data":{"count":2}}\n\n'
        "event: complete\ndata:\n\n"
    )


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("{ me }", '{"data":{"me":"ada"}}'),
        ('mutation { write(text: "by event") }', '{"data":{"write":"by event"}}'),
        ("{ helo", "GRAPHQL_PARSE_FAILED"),
        ("subscription { counts }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription($to: Int!) { count(to: $to) }", "BAD_USER_INPUT"),
    ],
)
async def test_any_operation_ends_with_its_answer_or_its_errors(toy: Toy, query: str, told: str) -> None:
    text = await whole(toy, query)
    assert told in text
    assert text.count("event: next\n") == 1
    assert text.endswith("event: complete\ndata:\n\n")


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/graphql-response+json", "multipart/mixed"])
async def test_a_subscription_that_nothing_can_carry_is_told_what_can(toy: Toy, accept: str) -> None:
    async with toy.http.post("/graphql", json=FOREVER, headers={"Accept": accept}) as answer:
        assert answer.status == 406
        told = json.loads(await answer.text())["errors"][0]
    assert told["extensions"]["code"] == "SUBSCRIPTION_NEEDS_STREAM"
    for way in ("graphql-transport-ws", "text/event-stream", "multipart/mixed;subscriptionSpec=1.0"):
        assert way in told["message"]


async def test_a_client_comes_back_after_the_last_event_that_it_has(toy: Toy) -> None:
    query = "subscription { counted(to: 4, after: 1) { number } }"
    assert "id: 2\ndata" in await whole(toy, query)
    resumed = await whole(toy, query, **{"Last-Event-ID": "3"})
    assert resumed.startswith(':\n\nevent: next\nid: 4\ndata: {"data":{"counted":{"number":4}},')
    assert resumed.count("event: next") == 1


async def test_event_source_of_a_browser_asks_by_get(toy: Toy) -> None:
    async with toy.http.get("/graphql", params={"query": "subscription { count(to: 1) }"}, headers=EVENTS) as answer:
        assert (await answer.text()).endswith("event: complete\ndata:\n\n")
    by_get = {"query": 'mutation { write(text: "by event source") }'}
    async with toy.http.get("/graphql", params=by_get, headers=EVENTS) as answer:
        assert answer.status == 405
    assert "by event source" not in toy.world.written


async def test_only_who_is_signed_in_gets_a_stream() -> None:
    async with running(signed_in=False) as toy:
        for method in ("POST", "PUT"):
            async with toy.http.request(method, "/graphql", json=FOREVER, headers=EVENTS) as answer:
                assert answer.status == 401
        assert toy.world.watching == 0


async def test_a_quiet_stream_shows_that_it_lives() -> None:
    async with running(limits=Limits(heartbeat_seconds=0.01)) as toy:
        async with stream(toy, FOREVER) as answer:
            assert await answer.content.readexactly(len(FIRST) + 6) == FIRST + b":\n\n:\n\n"
        async with toy.http.post("/graphql", json=FOREVER, headers=PARTS) as answer:
            part = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n%s\r\n--graphql"
            beginning = b"\r\n--graphql" + part % b'{"payload":{"data":{"forever":1}}}' + part % b"{}"
            assert await answer.content.readexactly(len(beginning)) == beginning


async def test_a_subscription_in_parts_ends_with_the_last_boundary(toy: Toy) -> None:
    asked = {"query": "subscription { count(to: 2) }"}
    async with toy.http.post("/graphql", json=asked, headers=PARTS) as answer:
        assert answer.headers["Content-Type"] == 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
        first, *parts, last = (await answer.text()).split("\r\n--graphql")
    assert first == ""
    assert last == "--\r\n"
    assert [json.loads(part.split("\r\n\r\n")[1]) for part in parts] == [
        {"payload": {"data": {"count": 1}}},
        {"payload": {"data": {"count": 2}}},
    ]


async def test_the_end_of_the_token_ends_the_stream_and_says_so(toy: Toy) -> None:
    for accept, complete in ((EVENTS, "event: complete"), (PARTS, "never there")):
        async with toy.http.post(
            "/graphql", json=FOREVER, headers={**accept, "Authorization": "Bearer brief"}
        ) as answer:
            text = await answer.text()
        assert '"code":"UNAUTHENTICATED"' in text
        assert complete not in text  # that would mean that there is no more to come
    await toy.world.until_watched_by(0)


async def test_the_end_of_the_token_ends_a_shared_stream_and_completes_nothing_on_it(
    toy: Toy,
) -> None:
    brief = {"Authorization": "Bearer brief"}
    async with toy.http.put("/graphql", headers=brief) as answer:
        header = {**brief, TOKEN: await answer.text()}
    assert (await send(toy, header, FOREVER["query"]))[0] == 202
    async with toy.http.get("/graphql", headers={**EVENTS, **header}) as answer:
        text = await answer.text()

    assert "event: complete" not in text
    assert (await send(toy, header, FOREVER["query"]))[0] == 404
    await toy.world.until_watched_by(0)


async def test_before_the_server_stops_streams_end_so_that_clients_come_back() -> None:
    async with running() as toy:
        async with stream(toy, FOREVER) as events, shared(toy) as (header, messages):
            await events.content.readexactly(len(FIRST))
            assert (await send(toy, header, FOREVER["query"]))[0] == 202
            await message(messages)
            async with toy.http.post("/graphql", json=FOREVER, headers=PARTS) as parts:
                await toy.world.until_watched_by(3)
                await drain(toy.app)
                assert '"payload":null,"errors":[{"message":"The gateway is about to stop' in await parts.text()
            ending = (await events.content.read()).decode()
            assert '"code":"GOING_AWAY"' in ending
            assert "complete" not in ending
            assert await messages.read() == b""
        assert toy.world.watching == 0
        async with stream(toy, FOREVER) as late:
            assert '"code":"GOING_AWAY"' in await late.text()
        assert await whole(toy, "{ hello }") == (
            ':\n\nevent: next\ndata: {"data":{"hello":"Hello world"}}\n\nevent: complete\ndata:\n\n'
        )


async def test_a_hundred_abrupt_disconnects_leave_nothing_behind() -> None:
    async with running() as toy:
        gateway: Gateway = toy.app.state.gateway
        await whole(toy, "{ hello }")
        before = len(asyncio.all_tasks())
        async with aiohttp.ClientSession(toy.url, headers=dict(toy.http.headers)) as others:
            opened = [
                await others.post("/graphql", json=FOREVER, headers=PARTS if n % 2 else EVENTS) for n in range(90)
            ]
            for _ in range(10):
                async with others.put("/graphql") as answer:
                    header = {TOKEN: await answer.text()}
                opened.append(await others.get("/graphql", headers={**EVENTS, **header}))
                assert (await send(toy, header, FOREVER["query"]))[0] == 202
            await toy.world.until_watched_by(100)
            assert gateway.streams.open == 100
            for answer in opened:
                assert answer.connection and answer.connection.transport
                answer.connection.transport.abort()
            await toy.world.until_watched_by(0)

            async def nothing_left() -> bool:
                return not gateway.streams.open and len(asyncio.all_tasks()) <= before

            await until(nothing_left)
        assert gateway.event_streams.reserved == 0


async def test_operations_share_a_stream_and_end_by_themselves_or_by_delete(toy: Toy) -> None:
    async with shared(toy) as (header, messages):
        assert await send(toy, header, FOREVER["query"], "long") == (202, None)
        assert await message(messages) == ("next", {"id": "long", "payload": {"data": {"forever": 1}}})
        for _ in range(2):  # an id can be used again
            assert await send(toy, header, "{ me }", "short") == (202, None)
            assert await message(messages) == ("next", {"id": "short", "payload": {"data": {"me": "ada"}}})
            assert await message(messages) == ("complete", {"id": "short"})
        assert await send(toy, header, "{ me }", "long") == (409, "STREAM_CONFLICT")
        for status in (200, 200):  # what has ended already is no fault
            async with toy.http.delete("/graphql?operationId=long", headers=header) as answer:
                assert answer.status == status
        await toy.world.until_watched_by(0)


async def test_what_cannot_be_on_a_shared_stream_is_refused_at_once(toy: Toy) -> None:
    async with shared(toy) as (header, _):
        assert await send(toy, header, "{ helo }") == (400, "GRAPHQL_VALIDATION_FAILED")
        assert await send(toy, header, "{ me }", 7) == (400, "BAD_REQUEST")
        async with toy.http.get("/graphql", headers={**EVENTS, **header}) as answer:
            assert answer.status == 409
        async with toy.http.delete("/graphql", headers=header) as answer:
            assert answer.status == 400
        other = {"Authorization": "Bearer bob"}
        assert await send(toy, {**header, **other}, "{ me }") == (404, "STREAM_NOT_FOUND")
    assert await send(toy, {TOKEN: "unknown"}, "{ me }") == (404, "STREAM_NOT_FOUND")
    async with toy.http.delete("/graphql?operationId=a") as answer:
        assert answer.status == 404
    async with toy.http.patch("/graphql") as answer:
        assert answer.status == 405
        assert (await answer.json())["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"


async def test_a_stream_carries_so_many_operations_and_so_many_may_be_reserved() -> None:
    limits = Limits(operations_per_connection=1, reserved_streams=1, connection_init_seconds=0.05)
    async with running(limits=limits) as toy:
        gateway: Gateway = toy.app.state.gateway
        async with shared(toy) as (header, _):
            assert (await send(toy, header, FOREVER["query"], "first"))[0] == 202
            assert await send(toy, header, FOREVER["query"], "second") == (400, "TOO_MANY_OPERATIONS")
            async with toy.http.put("/graphql") as answer:
                unopened = {TOKEN: await answer.text()}
            async with toy.http.put("/graphql") as answer:
                assert answer.status == 429
            assert (await send(toy, unopened, FOREVER["query"]))[0] == 202
            await toy.world.until_watched_by(2)
            await toy.world.until_watched_by(1)  # nobody opened it
            assert gateway.event_streams.reserved == 1
        await toy.world.until_watched_by(0)


async def test_a_subscription_that_breaks_is_masked_and_logged_once(toy: Toy) -> None:
    with capture_logs() as logged:
        text = await whole(toy, "subscription Breaks { breaks }")
    assert '{"data":{"breaks":1}}' in text
    assert "Internal error" in text
    assert "swordfish" not in text
    assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == ["internal_error"]


async def test_a_page_of_another_site_cannot_use_a_stream(toy: Toy) -> None:
    """Nothing but the Authorization header signs in, and a browser asks before it sends that to another site."""
    for origin, allowed in (("https://shop.example", True), ("https://evil.example", False)):
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": f"authorization,{TOKEN},last-event-id",
        }
        async with toy.http.options("/graphql", headers=asked) as answer:
            assert (answer.status == 200) is allowed
