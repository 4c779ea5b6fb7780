"""GraphQL over WebSocket: the protocol graphql-transport-ws."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final
from urllib.parse import urlsplit

import orjson
import structlog
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected, WebSocketState

from app.gateway.client import UNNAMED, client, client_in
from app.gateway.errors import INTERNAL_ERROR_MESSAGE, Code, Refused, internal_error
from app.gateway.http import Authenticate, identify
from app.gateway.incremental import Spec
from app.gateway.limits import Guard, Limits
from app.gateway.operations import Asked, Operations
from app.security.identity import Identity

log = structlog.get_logger()

SUBPROTOCOL: Final = "graphql-transport-ws"
REASON_BYTES: Final = 123
"""Longest reason that fits into a close frame (RFC 6455)."""


class Close(IntEnum):
    """Why the gateway closes a connection (RFC 6455 and graphql-transport-ws)."""

    GOING_AWAY = 1001
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INITIALISATION_TIMEOUT = 4408
    DUPLICATE_OPERATION = 4409
    TOO_MANY_INITIALISATIONS = 4429


class _Closing(Exception):
    """The connection is to be closed with this code and reason."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:REASON_BYTES].decode(errors="ignore")


class GraphQLOverWebSocket:
    """The endpoint; it knows its open connections, so that they can be told to go."""

    def __init__(
        self, operations: Operations, authenticate: Authenticate, limits: Limits, allowed_origins: Sequence[str]
    ) -> None:
        self._operations = operations
        self._authenticate = authenticate
        self._limits = limits
        self._allowed_origins = frozenset(allowed_origins)
        self._open: set[Connection] = set()
        self.draining = False

    async def __call__(self, websocket: WebSocket) -> None:
        """Serve one connection until it ends."""
        if not self._origin_allowed(websocket):
            await _deny(websocket, 403)
            return
        if self.draining:
            await _deny(websocket, 503)
            return
        if SUBPROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(Close.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
            return
        await websocket.accept(SUBPROTOCOL)
        connection = Connection(websocket, self._operations, self._authenticate, self._limits)
        self._open.add(connection)
        try:
            await connection.serve()
        finally:
            self._open.discard(connection)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    async def drain(self) -> None:
        """Accept no more connections and end the open ones with 1001."""
        self.draining = True
        await asyncio.gather(*(connection.leave() for connection in self._open))

    def _origin_allowed(self, websocket: WebSocket) -> bool:
        """Browsers let any site open a WebSocket and only tell which; other clients send no Origin."""
        origin = websocket.headers.get("origin")
        if origin is None or "*" in self._allowed_origins or origin in self._allowed_origins:
            return True
        return urlsplit(origin).netloc.lower() == websocket.headers.get("host", "").lower()


class Connection:
    """One WebSocket, from its first message to its close."""

    def __init__(
        self, websocket: WebSocket, operations: Operations, authenticate: Authenticate, limits: Limits
    ) -> None:
        self._websocket = websocket
        self._operations = operations
        self._authenticate = authenticate
        self._limits = limits
        self._guard = Guard(limits)
        self._identity: Identity | None = None
        self._initialised = False
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # those of _running, and those that are still being cancelled
        self._leaving = asyncio.Event()
        self._ended = asyncio.Event()

    async def leave(self) -> None:
        """Close the connection, as the gateway is about to stop; returns when it has ended."""
        self._leaving.set()
        await self._ended.wait()

    async def serve(self) -> None:
        """Answer messages until the connection ends; whatever ends it, no operation is left running."""
        receiving = asyncio.create_task(self._receive())
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait((receiving, leaving), return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                receiving.result()
            else:
                raise _Closing(Close.GOING_AWAY, "Going away")
        except _Closing as closing:
            await self._close(closing)
        except (WebSocketDisconnect, WebSocketDisconnected):
            pass  # the client has gone: nobody is left to tell
        except Exception:  # the outermost door of a connection: nobody sees it but the log
            log.exception("internal_error", path="websocket")
            await self._close(_Closing(Close.INTERNAL_ERROR, INTERNAL_ERROR_MESSAGE))
        finally:
            tasks = [receiving, leaving, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._ended.set()

    async def _close(self, closing: _Closing) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, WebSocketDisconnected):
                await self._websocket.close(closing.code, closing.reason)

    async def _receive(self) -> None:
        """Handle messages until the time runs out: first that to say who it is, then that of its token."""
        try:
            async with asyncio.timeout(self._limits.connection_init_seconds) as until:
                while True:
                    await self._handle(await self._next_message(), until)
        except TimeoutError:
            if self._identity is None:
                raise _Closing(Close.INITIALISATION_TIMEOUT, "Connection initialisation timeout") from None
            raise _Closing(Close.FORBIDDEN, "Token expired") from None

    async def _next_message(self) -> dict[str, object]:
        received = await self._websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received["code"], received.get("reason"))
        text = received.get("text")
        if text is None:
            raise _Closing(Close.BAD_MESSAGE, "Messages must be text")
        try:
            self._guard.check("body_bytes", len(text))
        except Refused:
            raise _Closing(Close.TOO_BIG, f"A message may have {self._limits.body_bytes} characters") from None
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _Closing(Close.BAD_MESSAGE, "Messages must be JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise _Closing(Close.BAD_MESSAGE, "Messages must be JSON objects with a type")
        return message

    async def _handle(self, message: dict[str, object], until: asyncio.Timeout) -> None:
        match message["type"]:
            case "connection_init":
                await self._initialise(message.get("payload"), until)
            case "ping":
                payload = message.get("payload")
                await self._send({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
            case "pong":
                pass
            case "subscribe":
                self._start(message)
            case "complete":
                operation = self._running.pop(_id(message), None)
                if operation is not None:
                    operation.cancel()
            case unknown:
                raise _Closing(Close.BAD_MESSAGE, f"Unknown message type: {unknown}")

    async def _initialise(self, payload: object, until: asyncio.Timeout) -> None:
        if self._initialised:
            raise _Closing(Close.TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
        self._initialised = True
        if not isinstance(payload, dict | None):
            raise _Closing(Close.BAD_MESSAGE, "The payload of connection_init must be an object")
        if payload and (by := client_in(payload)) is not UNNAMED:
            client.set(by)
        try:
            identity = await identify(self._authenticate, self._authorization(payload or {}))
        except Refused as refused:
            if refused.code is Code.AUTHENTICATION_UNAVAILABLE:
                raise _Closing(Close.TRY_AGAIN_LATER, refused.errors[0].message) from None
            raise _Closing(Close.FORBIDDEN, "Forbidden") from None
        left = (identity.expires_at - datetime.now(UTC)).total_seconds()
        until.reschedule(asyncio.get_running_loop().time() + left)
        self._identity = identity
        await self._send({"type": "connection_ack"})

    def _authorization(self, payload: dict[str, object]) -> str | None:
        """The payload's word goes before the header: a browser cannot set headers on a WebSocket."""
        for name, value in payload.items():
            if name.lower() == "authorization" and isinstance(value, str):
                return value
        token = payload.get("token")
        return f"Bearer {token}" if isinstance(token, str) else self._websocket.headers.get("authorization")

    def _start(self, message: dict[str, object]) -> None:
        if self._identity is None:
            raise _Closing(Close.UNAUTHORIZED, "Unauthorized")
        operation_id = _id(message)
        if operation_id in self._running:
            raise _Closing(Close.DUPLICATE_OPERATION, f"Subscriber for {operation_id} already exists")
        try:
            asked = self._operations.read(message.get("payload"), self._identity)
            self._guard.check("operations_per_connection", len(self._running) + 1)
        except Refused as refused:
            if refused.code is Code.BAD_REQUEST:
                raise _Closing(Close.BAD_MESSAGE, refused.errors[0].message) from None
            running = self._end({"id": operation_id, "type": "error", "payload": refused.formatted()})
        else:
            running = self._run(operation_id, asked, self._identity)
        task = asyncio.create_task(running)
        self._running[operation_id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, operation_id: str, asked: Asked, identity: Identity) -> None:
        """Send the answers of one operation, then that it is complete."""
        end: dict[str, object] = {"id": operation_id, "type": "complete"}
        try:
            ready, spec = self._operations.prepare(asked, identity), Spec.wished(asked.extensions)
            async with aclosing(self._operations.stream(ready, spec)) as answers:
                async for answer in answers:
                    if "data" not in answer and "hasNext" not in answer:
                        end = {"id": operation_id, "type": "error", "payload": answer["errors"]}
                        break
                    await self._send({"id": operation_id, "type": "next", "payload": answer})
        except Refused as refused:
            self._operations.observer.refused(refused)
            end = {"id": operation_id, "type": "error", "payload": refused.formatted()}
        except (WebSocketDisconnect, WebSocketDisconnected):
            return
        except Exception:  # the other operations of the connection go on
            log.exception("internal_error", operation_name=asked.operation_name)
            end = {"id": operation_id, "type": "error", "payload": [internal_error()]}
        await self._end(end)

    async def _end(self, message: dict[str, object]) -> None:
        """Send the last message of an operation."""
        # forgotten first: the client may use the id again as soon as it reads this
        self._running.pop(str(message["id"]), None)
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            await self._send(message)

    async def _send(self, message: dict[str, object]) -> None:
        """Send one message; waits while the client is slow to read, so that nothing piles up for it here."""
        await self._websocket.send_text(orjson.dumps(message).decode())


def _id(message: dict[str, object]) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not operation_id:
        raise _Closing(Close.BAD_MESSAGE, "The id of an operation must be a string that is not empty")
    return operation_id


async def _deny(websocket: WebSocket, status: int) -> None:
    """Answer the handshake with an HTTP status; a server without that extension answers 403."""
    await websocket.receive()
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(Response(status_code=status))
    else:
        await websocket.close()
