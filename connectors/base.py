"""The way to a backend: one HTTP session, deadlines, retries, breaker, concurrency cap, shared reads, tracing.

Everything that can go wrong leaves here as one BackendFailure. Only this module, and `webhook`, know aiohttp.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Self, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

import aiohttp
import msgspec
from opentelemetry import propagate, trace
from yarl import URL

from connectors import stale
from connectors.breaker import Breaker
from connectors.breaker import BreakerState as BreakerState
from connectors.config import Apis as Apis
from connectors.config import BackendConfig as BackendConfig
from connectors.config import BackendHealth as BackendHealth
from connectors.config import Dialect as Dialect
from connectors.config import OpenApi as OpenApi
from connectors.config import Page as Page
from connectors.config import Unwatched
from connectors.config import Watch as Watch
from connectors.failure import BackendFailure as BackendFailure
from connectors.failure import FailureKind as FailureKind
from connectors.failure import count_of, seconds_of, unanswered
from connectors.kept import NONE, Kept, KeptAnswers, terms_of
from connectors.members import Answer as Answer
from connectors.members import Collections
from connectors.tracing import call_span
from connectors.wire import Json, encode, header_text, refusal

T = TypeVar("T")

FIRST_PAUSE: Final = 0.2
PROBE_SECONDS: Final = 1.0
PROBE_KEPT_SECONDS: Final = 1.0
FETCH_SECONDS: Final = 5.0
CORRELATION_HEADER: Final = "X-Correlation-ID"
correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
"""The id under which this request can be found in every log; set at the edge, sent to every backend."""


class _NoAnswer(Exception):
    """One attempt brought nothing; `after` is how long the backend asks to wait, `again` whether to try once more."""

    def __init__(self, kind: FailureKind, detail: str, *, after: float = 0.0, again: bool = True) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.after = after
        self.again = again


@dataclass(slots=True)
class _SharedRead:
    """A read under way, and how many callers wait for it."""

    call: asyncio.Task[Answer]
    waiting: int = 0


@dataclass(slots=True)
class _Attempts:
    """How many one call has taken so far."""

    made: int = 0


@dataclass(slots=True)
class _Terms:
    """How a backend is asked, over all its Open APIs."""

    config: BackendConfig


@dataclass(slots=True)
class _Seen:
    """What was seen of a backend, over all its Open APIs."""

    in_flight: int = 0
    waiting: int = 0
    success: datetime | None = None
    failure: tuple[datetime, str] | None = None
    probed: tuple[float, bool] | None = None


class BackendHttp(Collections):
    """The calls to one backend, by its main Open API; `at` gives the others."""

    def __init__(
        self, name: str, apis: Apis, config: BackendConfig, session: aiohttp.ClientSession, watch: Watch | None = None
    ) -> None:
        self.name = name
        self._watch = watch or Unwatched()
        self.dialect = config.dialect
        self._terms = _Terms(config)
        self._roots = {
            api: str(
                URL(f"{config.base_url.rstrip('/')}/{config.prefixes.get(api, at.path(self.dialect)).strip('/')}")
            ).rstrip("/")
            for api, at in apis.items()
        }
        self._root = next(iter(self._roots.values()))
        self._session = session
        self._cap = asyncio.Semaphore(config.concurrency)
        self._seen = _Seen()
        self._reads: dict[str, _SharedRead] = {}
        self._clock = asyncio.get_running_loop().time
        self._kept = KeptAnswers(self._clock)
        self._breaker = Breaker(
            window=config.breaker_window,
            threshold=config.breaker_threshold,
            rest=config.breaker_rest,
            clock=self._clock,
        )

    @property
    def _config(self) -> BackendConfig:
        return self._terms.config

    @property
    def deadline(self) -> float:
        """Seconds that one call may take, retries included."""
        return self._terms.config.deadline

    def renew(self, config: BackendConfig) -> None:
        """From the next call on: this authorization and this deadline. What else the backend has stays as it is."""
        self._terms.config = msgspec.structs.replace(
            self._terms.config, authorization=config.authorization, deadline=config.deadline
        )

    def at(self, api: str) -> Self:
        """The same backend by another of its Open APIs ("TMF676"); cap, breaker and health are those of the backend."""
        other = copy(self)
        other._root = self._roots[api]
        return other

    @property
    def health(self) -> BackendHealth:
        """How this backend does."""
        return BackendHealth(
            breaker=self._breaker.state,
            in_flight=self._seen.in_flight,
            waiting=self._seen.waiting,
            places=self._config.concurrency,
            last_success_at=self._seen.success,
            last_failure_at=self._seen.failure[0] if self._seen.failure else None,
            last_failure=self._seen.failure[1] if self._seen.failure else None,
        )

    def failure(
        self, operation: str, kind: FailureKind, detail: str, *, retryable: bool, retry_after: float = 0.0
    ) -> BackendFailure:
        """A failure of this backend, under the correlation id of the caller."""
        self._seen.failure = (datetime.now(UTC), f"{operation}: {kind.value}")
        return BackendFailure(
            self.name,
            operation,
            kind,
            retryable=retryable,
            detail=detail[:300],
            correlation_id=correlation_id.get(),
            retry_after=retry_after,
        )

    async def get(self, operation: str, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Read. Equal reads under way at the same time share one call, unless a write came in between.

        What the backend lets us keep is not sent again: it is used while it is fresh, asked for on condition after that
        (304), and stands in for a failure where both the backend (`stale-if-error`) and who asks (`stale`) allow that.
        """
        url = f"{self._root}/{path}" + (f"?{urlencode(query, quote_via=quote, safe=',')}" if query else "")
        shared = self._reads.get(url)
        if shared is None:
            kept = self._kept.get(url)
            if kept is not None and self._kept.is_fresh(kept):
                self._watch.saved(self.name, "fresh")
                return Answer(self, operation, kept.status, kept.body, kept.total)
            shared = _SharedRead(asyncio.create_task(self._read(operation, url, kept)))
            self._reads[url] = shared
            shared.call.add_done_callback(lambda done: self._forget(url, done))
        else:
            self._watch.saved(self.name, "shared")
        shared.waiting += 1
        try:
            # shielded: a caller that gives up must not take the answer from the others
            return await asyncio.shield(shared.call)
        except BackendFailure as failure:
            if failure.retryable and stale.allowed() and (kept := self._kept.get(url)) is not None:
                age = self._kept.age(kept)
                if age < kept.terms.stale_for:
                    self.used_stale(age)
                    return Answer(self, operation, kept.status, kept.body, kept.total)
            # each caller gets one of its own, with its own correlation id
            raise self.failure(
                operation,
                failure.kind,
                failure.detail,
                retryable=failure.retryable,
                retry_after=failure.retry_after,
            ) from failure
        finally:
            shared.waiting -= 1
            if not shared.waiting and not shared.call.done():  # the last one has given up
                shared.call.cancel()
                self._forget(url, shared.call)

    def used_stale(self, age: float) -> None:
        """Something that was kept `age` seconds was used, as there was no answer: whoever asked is told."""
        self._watch.saved(self.name, "stale")
        stale.tell(self.name, age)

    async def _read(self, operation: str, url: str, kept: Kept | None) -> Answer:
        era = self._kept.era
        conditions = self._kept.conditions(kept) if kept is not None else {}
        expected = (HTTPStatus.NOT_MODIFIED,) if conditions else ()
        answer = await self._call("GET", operation, url, expected=expected, headers=conditions)
        if kept is not None and answer.status == HTTPStatus.NOT_MODIFIED:
            self._watch.saved(self.name, "unchanged")
            self._kept.unchanged(url, kept, answer.terms, era)
            return Answer(self, operation, kept.status, kept.body, kept.total)
        self._kept.keep(url, answer.status, answer.body, answer.total, answer.terms, era)
        return answer

    def _forget(self, url: str, done: asyncio.Task[Answer]) -> None:
        if (shared := self._reads.get(url)) and shared.call is done:
            del self._reads[url]
        if done.done() and not done.cancelled():
            done.exception()  # looked at here, so that a read whose callers have all gone raises nowhere

    async def ask(self, operation: str, path: str, body: Json) -> Answer:
        """A POST that only asks, such as a search; under a key of its own it is repeated like a read."""
        return await self._call("POST", operation, f"{self._root}/{path}", body, uuid4().hex)

    async def write(
        self, method: str, operation: str, path: str, body: Json, *, key: str, expected: Collection[int] = ()
    ) -> Answer:
        """A change under an idempotency key, which makes it safe to repeat. `expected` statuses are answers too."""
        try:
            return await self._call(method, operation, f"{self._root}/{path}", body, key, expected)
        finally:
            self.forget_reads()

    def forget_reads(self) -> None:
        """Something has changed: who reads from now on must see it, so it joins no read begun before."""
        self._reads.clear()
        self._kept.written()

    async def register(self, callback: str, events: Collection[str]) -> None:
        """Have these events told to `callback` + `/listener/` + the event's name; once more does no harm (TMF630)."""
        body: dict[str, Json] = {"callback": callback, "query": f"eventType={','.join(events)}"}
        if self.dialect is Dialect.V5:
            body["@type"] = "Hub"
        key = f"hub:{self.name}:{callback}"
        await self.write("POST", "registerListener", "hub", body, key=key, expected={HTTPStatus.CONFLICT})

    async def probe(self) -> bool:
        """Whether anything answers at the backend's address. Says nothing of single operations; never raises.

        The answer is reused for a moment: whoever may ask how we do must not set off a storm of calls.
        """
        now = asyncio.get_running_loop().time()
        if self._seen.probed is None or now - self._seen.probed[0] > PROBE_KEPT_SECONDS:
            self._seen.probed = (now, await self._answers())
        return self._seen.probed[1]

    async def _answers(self) -> bool:
        try:
            timeout = aiohttp.ClientTimeout(total=PROBE_SECONDS)
            async with self._session.get(f"{self._root}/", timeout=timeout) as response:
                await response.read()
                return response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _call(
        self,
        method: str,
        operation: str,
        url: str,
        body: Json = None,
        key: str | None = None,
        expected: Collection[int] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """One call, its retries included, as whoever watches sees it."""
        begun, outcome, attempts = self._clock(), "CANCELLED", _Attempts()
        with call_span(self.name, operation, method) as span:
            try:
                answer = await self._attempts(method, operation, url, body, key, expected, headers, attempts)
                outcome = "ok"
                return answer
            except BackendFailure as failure:
                outcome = failure.kind.value
                raise
            finally:
                self._watch.called(self.name, operation, outcome, self._clock() - begun, attempts.made)
                if attempts.made > 1:
                    span.set_attribute("http.request.resend_count", attempts.made - 1)

    async def _attempts(
        self,
        method: str,
        operation: str,
        url: str,
        body: Json,
        key: str | None,
        expected: Collection[int],
        more: Mapping[str, str],
        attempts: _Attempts,
    ) -> Answer:
        """Attempts until one is answered, as long as the deadline leaves time for one more."""
        headers = {CORRELATION_HEADER: correlation_id.get(), **more} if correlation_id.get() else dict(more)
        propagate.inject(headers)
        if self._config.authorization is not None:
            headers["Authorization"] = self._config.authorization
        if key is not None:
            headers["Idempotency-Key"] = header_text(key)
        data = None
        if body is not None:
            data = encode(body)
            headers["Content-Type"] = "application/json"
        until = self._clock() + self._config.deadline
        while True:
            attempts.made += 1
            try:
                await self._turn(until)
                try:
                    return await self._attempt(method, operation, url, data, headers, expected, until)
                finally:
                    self._cap.release()
            except _NoAnswer as failed:
                pause = failed.after + random.uniform(0, FIRST_PAUSE * 2 ** (attempts.made - 1))
                if not failed.again or attempts.made >= self._config.attempts or self._clock() + pause >= until:
                    raise self.failure(
                        operation, failed.kind, failed.detail, retryable=True, retry_after=failed.after
                    ) from failed
            await asyncio.sleep(pause)

    async def _turn(self, until: float) -> None:
        """Wait for one of the places under the concurrency cap; to be released after use."""
        self._seen.waiting += 1
        try:
            async with asyncio.timeout_at(until):
                await self._cap.acquire()
        except TimeoutError as error:
            detail = f"no turn within {self._config.deadline} s, {self._config.concurrency} calls are under way"
            raise _NoAnswer(FailureKind.OVERLOADED, detail, again=False) from error
        finally:
            self._seen.waiting -= 1

    async def _attempt(
        self,
        method: str,
        operation: str,
        url: str,
        data: bytes | None,
        headers: dict[str, str],
        expected: Collection[int],
        until: float,
    ) -> Answer:
        """One HTTP exchange; the breaker learns its outcome."""
        era = self._breaker.admit()
        if era is None:
            rests = self._breaker.rests
            detail = "left alone after too many failures"
            # while it rests there is nothing to wait for; a probe under way is over soon
            raise _NoAnswer(FailureKind.UNREACHABLE, detail, after=rests, again=not rests)
        usual = min(self._config.attempt_timeout, self._config.deadline)
        seconds = max(min(usual, until - self._clock()), 0.001)
        success: bool | None = None
        self._seen.in_flight += 1
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),  # ids are encoded already; decoding them would let one name another path
                data=data,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as response:
                body = await response.read()
            status = response.status
            trace.get_current_span().set_attribute("http.response.status_code", status)
            kind = unanswered(status)
            success = kind is None
            if kind is not None:
                raise _NoAnswer(kind, f"status {status}", after=seconds_of(response.headers.get("Retry-After")))
            if status >= HTTPStatus.MULTIPLE_CHOICES and status not in expected:
                detail = f"status {status}: {refusal(body).text}".removesuffix(": ")
                raise self.failure(operation, FailureKind.REFUSED, detail, retryable=False)
            self._seen.success = datetime.now(UTC)
            total = count_of(response.headers.get("X-Total-Count"))
            return Answer(self, operation, status, body, total, terms_of(response.headers) if data is None else NONE)
        except TimeoutError as error:
            # cut short because it waited long for its turn: that says nothing about the backend
            success = None if seconds < usual / 2 else False
            raise _NoAnswer(FailureKind.TIMEOUT, f"no answer within {seconds:.1f} s") from error
        except aiohttp.ClientError as error:
            success = False
            raise _NoAnswer(FailureKind.UNREACHABLE, type(error).__name__) from error
        finally:
            self._seen.in_flight -= 1
            self._breaker.record(era, success=success)


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
