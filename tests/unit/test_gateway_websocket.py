"""graphql-transport-ws against a real server: operations, every close code, and nothing left behind."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from structlog.testing import capture_logs

from app.gateway.app import drain
from app.gateway.limits import Limits
from tests.unit.gateway_toy import Toy, running

FOREVER = {"query": "subscription { forever }"}


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with running(allowed_origins=["https://shop.example"]) as toy:
        yield toy


async def closed(ws: aiohttp.ClientWebSocketResponse) -> tuple[int | None, str | None]:
    """The code and reason with which the gateway closes; any other message first fails the test."""
    message = await ws.receive()
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), message
    return ws.close_code, message.extra


def abort(ws: aiohttp.ClientWebSocketResponse) -> None:
    """Cut the connection as a lost network does, without a close frame."""
    assert ws._response.connection and ws._response.connection.transport
    ws._response.connection.transport.abort()


async def subscribe(ws: aiohttp.ClientWebSocketResponse, operation_id: str, payload: object) -> None:
    await ws.send_json({"id": operation_id, "type": "subscribe", "payload": payload})


async def test_a_subscription_sends_each_event_and_completes(toy: Toy) -> None:
    async with toy.socket() as ws:
        await subscribe(ws, "s", {"query": "subscription S($to: Int!) { count(to: $to) }", "variables": {"to": 2}})
        assert [await ws.receive_json() for _ in range(3)] == [
            {"id": "s", "type": "next", "payload": {"data": {"count": 1}}},
            {"id": "s", "type": "next", "payload": {"data": {"count": 2}}},
            {"id": "s", "type": "complete"},
        ]


@pytest.mark.parametrize(
    ("query", "data"),
    [("{ me }", {"me": "ada"}), ('mutation { write(text: "by socket") }', {"write": "by socket"})],
)
async def test_queries_and_mutations_work_too(toy: Toy, query: str, data: dict[str, str]) -> None:
    async with toy.socket() as ws:
        await subscribe(ws, "q", {"query": query})
        assert await ws.receive_json() == {"id": "q", "type": "next", "payload": {"data": data}}
        assert await ws.receive_json() == {"id": "q", "type": "complete"}


async def test_operations_run_side_by_side_and_an_id_can_be_used_again(toy: Toy) -> None:
    async with toy.socket() as ws:
        await subscribe(ws, "long", FOREVER)
        assert (await ws.receive_json())["id"] == "long"
        for _ in range(2):
            await subscribe(ws, "short", {"query": "{ hello }"})
            assert (await ws.receive_json())["payload"] == {"data": {"hello": "Hello world"}}
            assert await ws.receive_json() == {"id": "short", "type": "complete"}
        await ws.send_json({"id": "long", "type": "complete"})
        await subscribe(ws, "long", {"query": "{ hello }"})
        assert (await ws.receive_json())["id"] == "long"
    await toy.world.until_watched_by(0)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{ hello"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "subscription { counts }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription($to: Int!) { count(to: $to) }"}, "BAD_USER_INPUT"),
        ({"query": "query($to: String!) { hello(name: $to) }"}, "BAD_USER_INPUT"),
        ({"query": "{ hello }", "operationName": "Other"}, "OPERATION_RESOLUTION_FAILURE"),
    ],
)
async def test_a_refused_operation_ends_with_its_errors_and_the_connection_goes_on(
    toy: Toy, payload: dict[str, object], code: str
) -> None:
    async with toy.socket() as ws:
        await subscribe(ws, "x", payload)
        message = await ws.receive_json()
        assert (message["id"], message["type"]) == ("x", "error")
        assert [error["extensions"]["code"] for error in message["payload"]] == [code]
        await subscribe(ws, "x", {"query": "{ hello }"})
        assert (await ws.receive_json())["type"] == "next"


async def test_a_subscription_that_breaks_is_masked_and_logged_once(toy: Toy) -> None:
    with capture_logs() as logged:
        async with toy.socket() as ws:
            await subscribe(ws, "b", {"query": "subscription { breaks }"})
            assert (await ws.receive_json())["payload"] == {"data": {"breaks": 1}}
            message = await ws.receive_json()
    assert (message["id"], message["type"]) == ("b", "error")
    assert [(e["message"], e["extensions"]["code"]) for e in message["payload"]] == [
        ("Internal error", "INTERNAL_ERROR")
    ]
    assert [event["event"] for event in logged] == ["internal_error"]


async def test_ping_is_answered_with_its_payload_and_pong_is_taken(toy: Toy) -> None:
    async with toy.socket(token=None) as ws:
        await ws.send_json({"type": "ping"})
        assert await ws.receive_json() == {"type": "pong"}
        await ws.send_json({"type": "pong"})
        await ws.send_json({"type": "ping", "payload": {"n": 1}})
        assert await ws.receive_json() == {"type": "pong", "payload": {"n": 1}}


@pytest.mark.parametrize(
    "payload", [{"token": "valid"}, {"Authorization": "Bearer valid"}, {"authorization": "bearer valid"}]
)
async def test_the_token_comes_with_connection_init(payload: dict[str, str]) -> None:
    async with running(signed_in=False) as toy, toy.socket(token=None) as ws:
        await ws.send_json({"type": "connection_init", "payload": payload})
        assert await ws.receive_json() == {"type": "connection_ack"}


@pytest.mark.parametrize("message", [{"type": "connection_init"}, {"type": "connection_init", "payload": None}])
async def test_or_with_the_header(toy: Toy, message: dict[str, object]) -> None:
    async with toy.socket(token=None) as ws:
        await ws.send_json(message)
        assert await ws.receive_json() == {"type": "connection_ack"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense", "Messages must be JSON"),
        ("[]", "Messages must be JSON objects with a type"),
        ('{"type": 7}', "Messages must be JSON objects with a type"),
        ('{"type": "shout"}', "Unknown message type: shout"),
        ('{"type": "' + "ä" * 200 + '"}', "Unknown message type: " + "ä" * 50),
        ('{"type": "connection_init", "payload": 1}', "The payload of connection_init must be an object"),
    ],
)
async def test_a_message_outside_the_protocol_closes_with_4400(toy: Toy, text: str, reason: str) -> None:
    async with toy.socket(token=None) as ws:
        await ws.send_str(text)
        assert await closed(ws) == (4400, reason)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"id": "1", "type": "subscribe"}, "The request must be one JSON object; batches are not accepted."),
        ({"id": "1", "type": "subscribe", "payload": {}}, "The parameter 'query' must be a string."),
        ({"type": "subscribe", "payload": FOREVER}, "The id of an operation must be a string that is not empty"),
        ({"type": "complete"}, "The id of an operation must be a string that is not empty"),
    ],
)
async def test_a_malformed_operation_closes_with_4400(toy: Toy, message: dict[str, object], reason: str) -> None:
    async with toy.socket() as ws:
        await ws.send_json(message)
        assert await closed(ws) == (4400, reason)


async def test_a_binary_message_closes_with_4400(toy: Toy) -> None:
    async with toy.socket() as ws:
        await ws.send_bytes(b"{}")
        assert await closed(ws) == (4400, "Messages must be text")


async def test_an_operation_before_connection_init_closes_with_4401(toy: Toy) -> None:
    async with toy.socket(token=None) as ws:
        await subscribe(ws, "1", {"query": "{ hello }"})
        assert await closed(ws) == (4401, "Unauthorized")


@pytest.mark.parametrize("payload", [{"token": "wrong"}, {"Authorization": "Basic xyz"}, {"Authorization": ""}])
async def test_a_wrong_token_closes_with_4403(toy: Toy, payload: dict[str, str]) -> None:
    async with toy.socket(token=None) as ws:
        await ws.send_json({"type": "connection_init", "payload": payload})
        assert await closed(ws) == (4403, "Forbidden")


async def test_an_issuer_out_of_reach_closes_with_1013(toy: Toy) -> None:
    async with toy.socket(token=None) as ws:
        await ws.send_json({"type": "connection_init", "payload": {"token": "outage"}})
        assert await closed(ws) == (1013, "The issuer's keys are out of reach.")


async def test_the_end_of_the_token_closes_with_4403_and_ends_its_subscriptions(toy: Toy) -> None:
    async with toy.socket(token="brief") as ws:
        await subscribe(ws, "1", FOREVER)
        assert (await ws.receive_json())["type"] == "next"
        assert await closed(ws) == (4403, "Token expired")
    await toy.world.until_watched_by(0)


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",)])
async def test_another_subprotocol_closes_with_4406(toy: Toy, protocols: tuple[str, ...]) -> None:
    async with toy.socket(token=None, protocols=protocols) as ws:
        assert await closed(ws) == (4406, "Subprotocol not acceptable")


async def test_silence_closes_with_4408() -> None:
    async with running(limits=Limits(connection_init_seconds=0.05)) as toy, toy.socket(token=None) as ws:
        assert await closed(ws) == (4408, "Connection initialisation timeout")


async def test_an_id_in_use_closes_with_4409(toy: Toy) -> None:
    async with toy.socket() as ws:
        await subscribe(ws, "mine", FOREVER)
        assert (await ws.receive_json())["type"] == "next"
        await subscribe(ws, "mine", FOREVER)
        assert await closed(ws) == (4409, "Subscriber for mine already exists")
    await toy.world.until_watched_by(0)


async def test_a_second_connection_init_closes_with_4429(toy: Toy) -> None:
    async with toy.socket() as ws:
        await ws.send_json({"type": "connection_init"})
        assert await closed(ws) == (4429, "Too many initialisation requests")


async def test_a_message_over_the_limit_closes_with_1009() -> None:
    async with running(limits=Limits(body_bytes=200)) as toy, toy.socket() as ws:
        await ws.send_json({"type": "ping", "payload": {"x": "x" * 100}})
        assert (await ws.receive_json())["type"] == "pong"
        await ws.send_json({"type": "ping", "payload": {"x": "x" * 200}})
        assert await closed(ws) == (1009, "A message may have 200 characters")


async def test_operations_beyond_the_limit_are_refused_one_by_one() -> None:
    async with running(limits=Limits(operations_per_connection=2)) as toy, toy.socket() as ws:
        for operation_id in "ab":
            await subscribe(ws, operation_id, FOREVER)
            assert (await ws.receive_json())["type"] == "next"
        await subscribe(ws, "c", FOREVER)
        message = await ws.receive_json()
        assert (message["id"], message["type"]) == ("c", "error")
        assert message["payload"][0]["extensions"] == {"code": "TOO_MANY_OPERATIONS"}
        await ws.send_json({"id": "a", "type": "complete"})
        await subscribe(ws, "c", FOREVER)
        assert (await ws.receive_json())["type"] == "next"


@pytest.mark.parametrize("end", ["complete", "close", "abort"])
async def test_whatever_ends_a_subscription_closes_its_generator(toy: Toy, end: str) -> None:
    async with toy.socket() as ws:
        for operation_id in "ab":
            await subscribe(ws, operation_id, FOREVER)
            assert (await ws.receive_json())["type"] == "next"
        await toy.world.until_watched_by(2)
        match end:
            case "complete":
                for operation_id in "ab":
                    await ws.send_json({"id": operation_id, "type": "complete"})
            case "close":
                await ws.close()
            case "abort":
                abort(ws)
        await toy.world.until_watched_by(0)


async def test_a_hundred_abrupt_disconnects_leave_no_task_behind() -> None:
    async with running() as toy:
        before = len(asyncio.all_tasks())

        async def come_and_go() -> None:
            async with toy.socket() as ws:
                await subscribe(ws, "1", FOREVER)
                assert (await ws.receive_json())["type"] == "next"
                abort(ws)

        for _ in range(5):
            await asyncio.gather(*(come_and_go() for _ in range(20)))
        await toy.world.until_watched_by(0)
        async with toy.http.get("/health/live") as answer:
            assert answer.status == 200
        assert toy.app.state.gateway.websockets.connections == 0
        assert len(asyncio.all_tasks()) <= before + 2  # the server's own, for the connection that is kept open


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [("https://shop.example", True), ("same", True), ("https://evil.example", False), ("null", False)],
)
async def test_only_listed_origins_and_the_gateways_own_may_connect_from_a_browser(
    toy: Toy, origin: str, welcome: bool
) -> None:
    headers = {"Origin": toy.url if origin == "same" else origin}
    if welcome:
        async with toy.socket(headers=headers):
            return
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with toy.socket(headers=headers):
            pass
    assert refusal.value.status == 403


async def test_before_the_server_stops_clients_are_told_to_go_and_none_may_come() -> None:
    async with running() as toy:
        async with toy.http.get("/health/ready") as answer:
            assert answer.status == 200
        async with toy.socket() as ws:
            await subscribe(ws, "1", FOREVER)
            assert (await ws.receive_json())["type"] == "next"
            leaving = asyncio.create_task(drain(toy.app))
            assert await closed(ws) == (1001, "Going away")
            await leaving
        await toy.world.until_watched_by(0)

        async with toy.http.get("/health/ready") as answer:
            assert answer.status == 503
            assert (await answer.json())["status"] == "draining"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with toy.socket():
                pass
        assert refusal.value.status == 503
        assert (await toy.post("{ hello }"))[0] == 200  # queries finish
        await drain(toy.app)


async def test_operations_of_a_connection_share_its_correlation_id(toy: Toy) -> None:
    async with toy.socket(headers={"X-Correlation-ID": "socket-1"}) as ws:
        await subscribe(ws, "1", {"query": "{ correlation }"})
        assert (await ws.receive_json())["payload"] == {"data": {"correlation": "socket-1"}}


async def test_a_fault_of_ours_ends_the_operation_or_the_connection_masked_and_is_logged_once(toy: Toy) -> None:
    with capture_logs() as logged:
        async with toy.socket() as ws:
            await subscribe(ws, "1", {"query": "query Broken { hello }"})
            message = await ws.receive_json()
            assert (message["id"], message["type"]) == ("1", "error")
            assert [error["message"] for error in message["payload"]] == ["Internal error"]
            await subscribe(ws, "2", {"query": "{ hello }"})
            assert (await ws.receive_json())["type"] == "next"
    assert [event["event"] for event in logged] == ["internal_error"]

    with capture_logs() as logged:
        async with toy.socket(token=None) as ws:
            await ws.send_json({"type": "connection_init", "payload": {"token": "crash"}})
            assert await closed(ws) == (1011, "Internal error")
    assert [event["event"] for event in logged] == ["internal_error"]
