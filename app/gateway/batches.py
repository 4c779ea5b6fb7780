"""Many orders in one upload: POST /batches takes JSON lines and answers at once; the graph tells what becomes of them.

The caller is who the bearer token says, `Idempotency-Key` makes the upload safe to repeat. The answer is 202 with the
batch's key, or a GraphQL error body: 4xx when nothing was taken.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Generic, TypeVar

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from app.domain.actor import Actor
from app.gateway.clients import Throttle, client_of
from app.gateway.errors import Code, Explain, Refused, present_failure
from app.gateway.http import Authenticate, headers_of, identify
from app.gateway.negotiation import Media, status_of

T = TypeVar("T")

PATH: Final = "/batches"
KEY_HEADER: Final = "Idempotency-Key"
TYPES: Final = ("application/x-ndjson", "application/jsonl")
READ_AT_ONCE: Final = 50
UPLOAD_COST: Final = 10
"""What an upload costs, as much as a mutation."""
LINE_COST: Final = 1
"""What each of its orders costs on top: they are placed later, and never many at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A batch that was taken. `replayed`: it had been taken before, under the same key."""

    key: str
    line_count: int
    refused_count: int
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A batch that was refused as a whole. `conflict`: the key was used before, for another one."""

    message: str
    code: str
    conflict: bool


class BatchUpload(Generic[T]):
    """The endpoint. `read` makes an order of a line, `take` a batch of the orders."""

    def __init__(
        self,
        authenticate: Authenticate,
        read: Callable[[bytes], T],
        take: Callable[[Actor, str, Sequence[T]], Awaitable[Taken | Turned]],
        explain: Explain,
        throttle: Throttle,
        *,
        most_lines: int,
        idle_seconds: float,
    ) -> None:
        """`idle_seconds`: how long a body may pause while it arrives."""
        self._authenticate = authenticate
        self._read = read
        self._take = take
        self._explain = explain
        self._throttle = throttle
        self._most_lines = most_lines
        self._idle_seconds = idle_seconds

    async def __call__(self, request: Request) -> Response:
        """The answer to one upload."""
        try:
            _check_content_type(request.headers.get("content-type"))
            identity = await identify(self._authenticate, request.headers.get("authorization"))
            client = client_of(identity)
            self._throttle.admit(client)
            lines = await self._lines(await self._body(request))
            self._throttle.take(client, UPLOAD_COST + LINE_COST * len(lines))
            taken = await self._take(identity.actor, request.headers.get(KEY_HEADER, ""), lines)
        except Refused as refused:
            status = status_of(refused.code, Media.GRAPHQL)
            return _answer(status, {"errors": refused.formatted()}, headers_of(refused))
        except Exception as failure:
            told = self._explain(failure)
            if told is None:
                raise
            status = _status(told)
            return _answer(status, {"errors": [present_failure(failure, self._explain, None)]})
        if isinstance(taken, Turned):
            error = {"message": taken.message, "extensions": {"code": taken.code}}
            return _answer(HTTPStatus.CONFLICT if taken.conflict else HTTPStatus.BAD_REQUEST, {"errors": [error]})
        batch = {"key": taken.key, "lineCount": taken.line_count, "refusedCount": taken.refused_count}
        return _answer(HTTPStatus.ACCEPTED, {"batch": batch, "replayed": taken.replayed})

    async def _body(self, request: Request) -> bytes:
        """A big one may take long on a slow line, but something of it has to come all the time."""
        parts: list[bytes] = []
        stream = aiter(request.stream())
        try:
            while True:
                async with asyncio.timeout(self._idle_seconds):
                    parts.append(await anext(stream))
        except StopAsyncIteration:
            return b"".join(parts)
        except TimeoutError:
            why = f"Nothing of the request body arrived for {self._idle_seconds:g} seconds."
            raise Refused(Code.REQUEST_TIMEOUT, why) from None

    async def _lines(self, body: bytes) -> list[T]:
        texts = [line for line in body.split(b"\n") if line.strip()]
        if len(texts) > self._most_lines:
            raise Refused(Code.BAD_REQUEST, f"{len(texts)} lines are more than {self._most_lines} (batchSize).")
        lines: list[T] = []
        for start in range(0, len(texts), READ_AT_ONCE):
            lines += [self._read(text) for text in texts[start : start + READ_AT_ONCE]]
            await asyncio.sleep(0)  # others' requests go on while a big upload is read
        return lines


def _check_content_type(content_type: str | None) -> None:
    """Nothing that a browser sends without asking first, as for `/graphql`."""
    if (content_type or "").split(";")[0].strip().lower() not in TYPES:
        raise Refused(Code.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {' or '.join(TYPES)}.")


def _status(told: GraphQLError) -> HTTPStatus:
    retryable = (told.extensions or {}).get("retryable")
    return HTTPStatus.SERVICE_UNAVAILABLE if retryable else HTTPStatus.FORBIDDEN


def _answer(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, {"Content-Type": Media.JSON, **(headers or {})})
