"""The outermost layer of the gateway: what holds for every request, whatever route it takes."""

import asyncio
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from secrets import token_hex
from typing import Final

import orjson
import structlog
from opentelemetry import context as trace_context
from opentelemetry import propagate
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.gateway.client import client, client_of
from app.gateway.errors import Refused, internal_error
from app.gateway.headers import header
from app.gateway.limits import Guard, Limits
from connectors.base import CORRELATION_HEADER, correlation_id

log = structlog.get_logger()

PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
HEADERS: Final = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""Sent unless a route has set its own."""
CORRELATION: Final = CORRELATION_HEADER.lower().encode()
OURS: Final = frozenset({CORRELATION, *(name for name, _ in HEADERS)})

UNWANTED_BYTES: Final = 64 * 2**20
UNWANTED_SECONDS: Final = 5.0
"""How much more is read of a body that is too large, and for how long."""


class Edge:
    """Correlation id, trace context, body limit, security headers, and one masked answer for every fault.

    The correlation id is the caller's own (`X-Correlation-ID`) when it is a plain one, else a new one; it is in every
    log event, goes to every backend and back to the caller.
    """

    def __init__(
        self, app: ASGIApp, *, limits: Limits, body_limit_at: Mapping[str, str], served_at: Mapping[str, ASGIApp]
    ) -> None:
        """`body_limit_at` are paths with a limit of their own, by its name.

        What is asked over HTTP at a path of `served_at` goes straight there: the routing of everything else is for the
        others.
        """
        self._app = app
        self._limits = limits
        self._guard = Guard(limits)
        self._body_limit_at = body_limit_at
        self._served_at = served_at
        self._trace_headers = {name.lower().encode() for name in propagate.get_global_textmap().fields}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = header(scope, CORRELATION)
        own = given if given and PLAIN_ID.fullmatch(given) else token_hex(16)
        correlation = correlation_id.set(own)
        is_traced = not self._trace_headers.isdisjoint([name for name, _ in scope["headers"]])
        caller = propagate.extract(dict(Headers(scope=scope))) if is_traced else trace_context.Context()
        trace = trace_context.attach(caller)
        sender = client.set(client_of(scope["headers"]))
        try:
            if scope["type"] == "http":
                await self._serve(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            client.reset(sender)
            trace_context.detach(trace)
            correlation_id.reset(correlation)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0
        whole = started = False
        own = correlation_id.get().encode()
        limit = self._body_limit_at.get(scope["path"], "body_bytes")
        most = self._limits.allowed(limit)

        def check(size: int) -> None:
            nonlocal most
            if size > most:
                self._guard.check(limit, size)
                most = sys.maxsize  # only watched: noted once

        async def receive_some() -> Message:
            nonlocal received, whole
            message = await receive()
            whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            check(received)
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = message["headers"]
                present = {name for name, _ in headers}
                if present.isdisjoint(OURS):
                    message["headers"] = [*headers, *HEADERS, (CORRELATION, own)]
                else:
                    own_words = [header for header in HEADERS if header[0] not in present]
                    given = [header for header in headers if header[0] != CORRELATION]
                    message["headers"] = [*given, *own_words, (CORRELATION, own)]
            await send(message)

        try:
            declared = header(scope, b"content-length")
            if declared and declared.isdecimal():
                check(int(declared))
            await self._served_at.get(scope["path"], self._app)(scope, receive_some, send_with_headers)
        except Refused as refused:
            if not whole and header(scope, b"expect") is None:  # who asks first has not begun to send
                await _let_finish(receive)
            await _error(413, refused.formatted())(scope, receive, send_with_headers)
        except ClientDisconnect:
            log.info("client_left_before_its_request_was_whole", path=scope["path"])
        except Exception:  # the outermost door: whatever it was, nobody sees it but the log
            log.exception("internal_error", path=scope["path"])
            if started:
                raise  # too late for an answer: the server has to break the connection
            await _error(500, [internal_error()])(scope, receive, send_with_headers)


async def _let_finish(receive: Receive) -> None:
    """Read what is left of a body and forget it: many clients read no answer before they have sent all."""
    left = UNWANTED_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(UNWANTED_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _error(status: int, errors: object) -> Response:
    return Response(orjson.dumps({"errors": errors}), status, {"Content-Type": "application/json; charset=utf-8"})
