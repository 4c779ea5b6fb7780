"""The way to a backend: one HTTP session, deadlines, retries, breaker, concurrency cap, shared reads, tracing.

Everything that can go wrong leaves here as one BackendFailure. Only this module knows aiohttp.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from http import HTTPStatus
from typing import Final, Generic, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from opentelemetry import propagate

from connectors.breaker import Breaker, BreakerState

T = TypeVar("T")
Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]

IDS_PER_CALL: Final = 100
MEMBERS_PER_CALL: Final = 1000
PROBE_SECONDS: Final = 1.0
FETCH_SECONDS: Final = 5.0
CORRELATION_HEADER: Final = "X-Correlation-ID"
correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
"""The id under which this request can be found in every log; set at the edge, sent to every backend."""


class FailureKind(StrEnum):
    """How a backend failed to answer."""

    TIMEOUT = "TIMEOUT"
    UNREACHABLE = "UNREACHABLE"
    REFUSED = "REFUSED"
    OVERLOADED = "OVERLOADED"
    MALFORMED = "MALFORMED"


class BackendFailure(Exception):
    """A backend gave no usable answer. The only exception that leaves a connector.

    `retryable` says that the same call may succeed later. `detail` is for operators, never for a customer.
    """

    def __init__(
        self, backend: str, operation: str, kind: FailureKind, *, retryable: bool, detail: str, correlation_id: str
    ) -> None:
        super().__init__(f"{backend} {operation}: {kind.value.lower()}: {detail}")
        self.backend = backend
        self.operation = operation
        self.kind = kind
        self.retryable = retryable
        self.detail = detail
        self.correlation_id = correlation_id


class BackendConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a backend is and how it is treated. Times in seconds.

    `prefix` replaces the path that the Open API names. A call, its retries included, ends within `deadline`;
    one attempt within `attempt_timeout`. At most `concurrency` calls are under way at once.
    """

    base_url: str
    prefix: str | None = None
    deadline: float = 8.0
    attempt_timeout: float = 3.0
    attempts: int = 3
    concurrency: int = 64
    breaker_window: int = 20
    breaker_threshold: float = 0.5
    breaker_rest: float = 5.0


class BackendHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a backend does, seen from here."""

    breaker: BreakerState
    in_flight: int
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Part of a collection, and how many members it has in all."""

    items: tuple[T, ...]
    total: int


class Money(msgspec.Struct, frozen=True):
    """TMF Money as it is on the wire; the number is read exactly, never as a float."""

    unit: str
    value: Decimal


class TmfError(msgspec.Struct):
    """The error body of TMF630."""

    reason: str = ""
    message: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What a backend answered: its status was a success, or one that the caller said it expects."""

    backend: "BackendHttp"
    operation: str
    status: int
    body: bytes
    total: int | None

    def decode(self, shape: type[T]) -> T:
        """The body in this shape. Raises BackendFailure (MALFORMED) when it has another."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.backend.failure(self.operation, FailureKind.MALFORMED, str(error), retryable=False) from error


class _NoAnswer(Exception):
    """One attempt brought nothing; `after` is how long the backend asks to wait."""

    def __init__(self, kind: FailureKind, detail: str, after: float = 0.0) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.after = after


class BackendHttp:
    """The calls to one backend."""

    def __init__(self, name: str, default_prefix: str, config: BackendConfig, session: aiohttp.ClientSession) -> None:
        self.name = name
        self._config = config
        self._root = f"{config.base_url.rstrip('/')}/{(config.prefix or default_prefix).strip('/')}"
        self._session = session
        self._cap = asyncio.Semaphore(config.concurrency)
        self._in_flight = 0
        self._reads: dict[str, asyncio.Task[Answer]] = {}
        self._breaker = Breaker(
            window=config.breaker_window,
            threshold=config.breaker_threshold,
            rest=config.breaker_rest,
            clock=asyncio.get_running_loop().time,
        )
        self._last_success: datetime | None = None
        self._last_failure: tuple[datetime, str] | None = None

    @property
    def health(self) -> BackendHealth:
        """How this backend does."""
        return BackendHealth(
            breaker=self._breaker.state,
            in_flight=self._in_flight,
            last_success_at=self._last_success,
            last_failure_at=self._last_failure[0] if self._last_failure else None,
            last_failure=self._last_failure[1] if self._last_failure else None,
        )

    def failure(self, operation: str, kind: FailureKind, detail: str, *, retryable: bool) -> BackendFailure:
        """A failure of this backend, under the correlation id of the caller."""
        self._last_failure = (datetime.now(UTC), f"{operation}: {kind.value}")
        return BackendFailure(
            self.name, operation, kind, retryable=retryable, detail=detail[:300], correlation_id=correlation_id.get()
        )

    async def get(self, operation: str, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Read. Equal reads under way at the same time share one call. 404 is an answer."""
        url = f"{self._root}/{path}" + (f"?{urlencode(query, quote_via=quote, safe=',')}" if query else "")
        shared = self._reads.get(url)
        if shared is None:
            shared = asyncio.create_task(self._call("GET", operation, url, None, None, expected={404}))
            self._reads[url] = shared
            shared.add_done_callback(lambda done: self._forget(url, done))
        # shielded: a caller that gives up must not take the answer from the others
        return await asyncio.shield(shared)

    def _forget(self, url: str, done: asyncio.Task[Answer]) -> None:
        self._reads.pop(url, None)
        if not done.cancelled():
            done.exception()  # looked at here, so that a read whose callers have all gone raises nowhere

    async def ask(self, operation: str, path: str, body: Json) -> Answer:
        """A POST that changes nothing, such as a search; it is repeated like a read."""
        return await self._call("POST", operation, f"{self._root}/{path}", body, None, expected=())

    async def write(
        self, method: str, operation: str, path: str, body: Json, *, key: str, expected: Collection[int] = ()
    ) -> Answer:
        """A change under an idempotency key, which makes it safe to repeat. `expected` statuses are answers too."""
        url = f"{self._root}/{path}"
        return await self._call(method, operation, url, body, key, expected=expected)

    async def probe(self) -> bool:
        """Whether anything answers at the backend's address. Says nothing of single operations; never raises."""
        try:
            timeout = aiohttp.ClientTimeout(total=PROBE_SECONDS)
            async with self._session.get(f"{self._root}/", timeout=timeout) as response:
                return response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def by_ids(self, operation: str, path: str, ids: Collection[str], shape: type[list[T]]) -> list[T]:
        """The members of a collection with these ids, in one call per hundred; unknown ones are absent."""
        return await self.where(operation, path, "id", ids, shape)

    async def where(
        self, operation: str, path: str, attribute: str, values: Collection[str], shape: type[list[T]]
    ) -> list[T]:
        """The members of a collection whose attribute has one of these values, in one call per hundred values."""
        wanted = sorted(set(values))
        parts = [wanted[n : n + IDS_PER_CALL] for n in range(0, len(wanted), IDS_PER_CALL)]
        found = await asyncio.gather(*(self._all_pages(operation, path, attribute, part, shape) for part in parts))
        return [member for members in found for member in members]

    async def _all_pages(
        self, operation: str, path: str, attribute: str, values: Sequence[str], shape: type[list[T]]
    ) -> list[T]:
        members: list[T] = []
        while True:
            query = {attribute: ",".join(values), "offset": str(len(members)), "limit": str(MEMBERS_PER_CALL)}
            answer = await self.get(operation, path, query)
            page = answer.decode(shape)
            members += page
            if not page or answer.total is None or len(members) >= answer.total:
                return members

    async def _call(
        self,
        method: str,
        operation: str,
        url: str,
        body: Json,
        key: str | None,
        *,
        expected: Collection[int],
    ) -> Answer:
        headers = {CORRELATION_HEADER: correlation_id.get()} if correlation_id.get() else {}
        propagate.inject(headers)
        if key is not None:
            headers["Idempotency-Key"] = key
        data = None
        if body is not None:
            data = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        last = _NoAnswer(FailureKind.TIMEOUT, "no attempt was made")
        try:
            async with asyncio.timeout(self._config.deadline), self._cap:
                for attempt in range(self._config.attempts):
                    if attempt:
                        await asyncio.sleep(max(last.after, random.uniform(0, 0.1 * 2**attempt)))
                    if not self._breaker.admit():
                        raise _NoAnswer(FailureKind.UNREACHABLE, "left alone after too many failures")
                    try:
                        return await self._attempt(method, operation, url, data, headers, expected)
                    except _NoAnswer as failed:
                        last = failed
        except TimeoutError:
            kind = FailureKind.OVERLOADED if self._cap.locked() else FailureKind.TIMEOUT
            raise self.failure(operation, kind, f"no answer within {self._config.deadline} s", retryable=True) from last
        except _NoAnswer as refused:
            last = refused
        raise self.failure(operation, last.kind, last.detail, retryable=True) from last

    async def _attempt(
        self,
        method: str,
        operation: str,
        url: str,
        data: bytes | None,
        headers: dict[str, str],
        expected: Collection[int],
    ) -> Answer:
        """One HTTP exchange; the breaker learns its outcome."""
        self._in_flight += 1
        answered: bool | None = None
        try:
            async with self._session.request(
                method,
                url,
                data=data,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._config.attempt_timeout),
                allow_redirects=False,
            ) as response:
                body = await response.read()
                status = response.status
                answered = status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS
                if not answered:
                    overloaded = status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
                    kind = FailureKind.OVERLOADED if overloaded else FailureKind.UNREACHABLE
                    raise _NoAnswer(kind, f"status {status}", _seconds(response.headers.get("Retry-After")))
                if status >= HTTPStatus.MULTIPLE_CHOICES and status not in expected:
                    raise self.failure(operation, FailureKind.REFUSED, _reason(status, body), retryable=False)
                self._last_success = datetime.now(UTC)
                total = response.headers.get("X-Total-Count")
                return Answer(self, operation, status, body, int(total) if total and total.isdigit() else None)
        except TimeoutError as error:
            answered = False
            raise _NoAnswer(FailureKind.TIMEOUT, f"no answer within {self._config.attempt_timeout} s") from error
        except aiohttp.ClientError as error:
            answered = False
            raise _NoAnswer(FailureKind.UNREACHABLE, type(error).__name__) from error
        finally:
            self._in_flight -= 1
            if answered is None:
                self._breaker.forget()
            else:
                self._breaker.record(success=answered)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 0.0


def _reason(status: int, body: bytes) -> str:
    """What the backend says of its refusal (TMF630 error), or only its status when it says nothing readable."""
    try:
        error = msgspec.json.decode(body, type=TmfError)
    except msgspec.DecodeError:
        return f"status {status}"
    return f"status {status}: {error.reason} {error.message}".strip()


@asynccontextmanager
async def http_session() -> AsyncIterator[aiohttp.ClientSession]:
    """The one session of a process: no cookies, connections kept open, as many as the caps of the backends allow."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def fetch(url: str) -> bytes:
    """The body at this address, for the few documents that belong to no backend, such as a token issuer's keys.

    Raises OSError when it cannot be had.
    """
    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session, session.get(url) as response:
        return await response.read()
