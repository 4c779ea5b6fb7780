"""A GraphQL client over one WebSocket, by the graphql-transport-ws protocol."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

PROTOCOL: Final = Subprotocol("graphql-transport-ws")

Result = dict[str, Any]
"""One answer: `data`, `errors`, `extensions`, as the GraphQL specification has them."""


class ConnectionLost(Exception):
    """The gateway is not there, or has closed the connection; the message says why."""


class Refused(Exception):
    """The gateway did not run the document; `errors` are GraphQL errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(str(error.get("message")) for error in errors))
        self.errors = errors


class GraphQLConnection:
    """Queries, mutations and subscriptions at the same time over one connection; made by `connected`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._running: dict[str, asyncio.Queue[dict[str, Any] | None]] = {}

    async def execute(self, document: str, variables: Mapping[str, object] | None = None) -> Result:
        """The one result of a query or mutation. Raises Refused and ConnectionLost."""
        async with aclosing(self.results(document, variables)) as results:
            async for result in results:
                return result
        raise ConnectionLost("The gateway completed the operation without a result.")

    async def results(
        self, document: str, variables: Mapping[str, object] | None = None
    ) -> AsyncGenerator[Result, None]:
        """Every result of an operation until it completes; closing the generator ends a subscription.

        Raises Refused and ConnectionLost.
        """
        operation = str(next(self._ids))
        received = self._running[operation] = asyncio.Queue()
        completed = False
        try:
            await self._send(
                {"id": operation, "type": "subscribe", "payload": {"query": document, "variables": variables or {}}}
            )
            while True:
                message = await received.get()
                match message:
                    case {"type": "next", "payload": payload}:
                        yield payload
                    case {"type": "error", "payload": errors}:
                        completed = True
                        raise Refused(errors)
                    case _:
                        completed = True
                        if message is None:
                            raise ConnectionLost(self._why_closed())
                        return
        finally:
            del self._running[operation]
            if not completed:
                with suppress(ConnectionLost):
                    await self._send({"id": operation, "type": "complete"})

    async def initialise(self, token: str) -> None:
        """Say who we are. Raises ConnectionLost when the gateway does not accept the token."""
        await self._send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
        try:
            await self._socket.recv()
        except ConnectionClosed:
            raise ConnectionLost(self._why_closed()) from None

    async def listen(self) -> None:
        """Hand every message to the operation it is for, until the connection closes."""
        with suppress(ConnectionClosed, ConnectionLost):
            async for text in self._socket:
                message = json.loads(text)
                if message["type"] == "ping":
                    await self._send({"type": "pong"})
                elif message.get("id") in self._running:
                    self._running[message["id"]].put_nowait(message)
        for queue in self._running.values():
            queue.put_nowait(None)

    async def _send(self, message: dict[str, object]) -> None:
        try:
            await self._socket.send(json.dumps(message))
        except ConnectionClosed:
            raise ConnectionLost(self._why_closed()) from None

    def _why_closed(self) -> str:
        reason = self._socket.close_reason or "without a reason"
        return f"The gateway closed the connection: {reason} (code {self._socket.close_code})."


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[GraphQLConnection]:
    """A connection to the gateway at this http(s) address, as the owner of the token. Raises ConnectionLost."""
    address = f"{url.replace('http', 'ws', 1)}/graphql"
    try:
        socket = await connect(address, subprotocols=[PROTOCOL], proxy=None, max_size=None)
    except (OSError, WebSocketException) as failure:
        raise ConnectionLost(f"No gateway answers at {url}: {failure}.") from failure
    async with socket:
        connection = GraphQLConnection(socket)
        await connection.initialise(token)
        listener = asyncio.create_task(connection.listen())
        try:
            yield connection
        finally:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener
