"""The demo's GraphQL client speaks graphql-transport-ws and says clearly when the gateway does not."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from app.demo.connection import ConnectionLost, Refused, connected
from app.embedded.ports import free_port

Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def gateway(handler: Handler) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as server:
        yield f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def send(socket: ServerConnection, **message: object) -> None:
    await socket.send(json.dumps(message))


async def acknowledge(socket: ServerConnection) -> None:
    first = json.loads(await socket.recv())
    if first != {"type": "connection_init", "payload": {"Authorization": "Bearer good"}}:
        await socket.close(4403, "Forbidden")
        return
    await send(socket, type="connection_ack")


async def counting(socket: ServerConnection) -> None:
    """`{ once }` is answered once, `subscription` counts until it is told to stop, `{ wrong }` is refused."""
    await acknowledge(socket)
    async for text in socket:
        message = json.loads(text)
        match message:
            case {"type": "subscribe", "id": id_, "payload": {"query": "{ once }", "variables": variables}}:
                await send(socket, type="ping")
                await send(socket, type="next", id=id_, payload={"data": variables})
                await send(socket, type="complete", id=id_)
            case {"type": "subscribe", "id": id_, "payload": {"query": "subscription"}}:
                for number in range(3):
                    await send(socket, type="next", id=id_, payload={"data": number})
            case {"type": "subscribe", "id": id_, "payload": {"query": "{ wrong }"}}:
                await send(socket, type="error", id=id_, payload=[{"message": "no such field"}])
            case {"type": "complete"}:
                await socket.close(1001, "Going away")


async def test_queries_run_beside_a_subscription() -> None:
    async with (
        gateway(counting) as url,
        connected(url, "good") as connection,
        aclosing(connection.results("subscription")) as numbers,
    ):
        first = await anext(numbers)
        once = await connection.execute("{ once }", {"id": "o-1"})
        rest = [await anext(numbers), await anext(numbers)]

    assert once == {"data": {"id": "o-1"}}
    assert [first, *rest] == [{"data": 0}, {"data": 1}, {"data": 2}]


async def test_a_refused_document_gives_the_gateways_errors() -> None:
    async with gateway(counting) as url, connected(url, "good") as connection:
        with pytest.raises(Refused, match="no such field") as caught:
            await connection.execute("{ wrong }")

    assert caught.value.errors == [{"message": "no such field"}]


async def test_a_refused_token_is_told() -> None:
    async with gateway(counting) as url:
        with pytest.raises(ConnectionLost, match=r"Forbidden \(code 4403\)"):
            async with connected(url, "bad"):
                pass


async def test_a_gateway_that_goes_away_ends_what_runs() -> None:
    async with gateway(counting) as url, connected(url, "good") as connection:
        async with aclosing(connection.results("subscription")) as leaving:
            await anext(leaving)
        with pytest.raises(ConnectionLost, match=r"Going away \(code 1001\)"):
            async with aclosing(connection.results("subscription")) as numbers:
                async for _ in numbers:
                    pass


async def test_a_gateway_that_is_not_there_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(ConnectionLost, match=f"^No gateway answers at {url}"):
        async with connected(url, "good"):
            pass
