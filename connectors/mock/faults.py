"""Faults on demand, per backend, and the counts by which a test sees what was really asked.

`PUT /control/{backend}` takes any of: `latency` {"fixedMs": n} or {"distribution": "uniform", "lowMs", "highMs"} or
{"distribution": "lognormal", "medianMs", "sigma"}; `errorRate` (0 to 1) and `errorStatus`; `failNext` (this many
requests fail with `errorStatus`); `failAfter` (an injected error comes after the effect took place: only the answer is
lost); `malformedRate`; `dropCallbacks` (0 to 1); `duplicateCallbacks` (extra copies); `callbackDelayMs`; `outage` (the
connection is broken off); `stall` ("before" or "after": the request, or its answer, waits until this backend's faults
are set anew; `GET /control` names what waits, and counts as `abandoned` what the caller did not wait for); `operations`
(only these, e.g. ["POST serviceOrder"]); `pace` (how much longer than usual the work that it took on takes, the work
under way included); `keys` (only requests whose idempotency key begins with one of these); `holdSeconds` (for how long
what was reserved and not confirmed is held; as usual half an hour); `guaranteedSeconds` (for how long an answer of
serviceability holds; as usual two weeks).

`POST /control/reset-counters` counts the requests from zero; with `?correlationId=…` only those that carry this
`X-Correlation-ID`.
"""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.mock.collection import answer, error
from connectors.mock.state import State


class Latency(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How long an answer is held back, in milliseconds."""

    fixed_ms: float = 0.0
    distribution: str | None = None
    low_ms: float = 0.0
    high_ms: float = 0.0
    median_ms: float = 0.0
    sigma: float = 0.5

    def seconds(self, chance: random.Random) -> float:
        """The delay of one answer."""
        match self.distribution:
            case "uniform":
                return chance.uniform(self.low_ms, self.high_ms) / 1000
            case "lognormal" if self.median_ms > 0:
                return chance.lognormvariate(math.log(self.median_ms), self.sigma) / 1000
            case _:
                return self.fixed_ms / 1000


class Faults(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What goes wrong with one backend."""

    latency: Latency = msgspec.field(default_factory=Latency)
    error_rate: float = 0.0
    error_status: int = 500
    fail_next: int = 0
    fail_after: bool = False
    malformed_rate: float = 0.0
    drop_callbacks: float = 0.0
    duplicate_callbacks: int = 0
    callback_delay_ms: float = 0.0
    outage: bool = False
    stall: Literal["before", "after"] | None = None
    keys: list[str] = []
    operations: list[str] = []
    hold_seconds: float = 1800.0
    guaranteed_seconds: float = 14 * 86400.0
    pace: float = 1.0


class Control:
    """The faults in force and the requests seen; it wraps the application. `roots` says whose each path is."""

    def __init__(self, app: ASGIApp, roots: Mapping[str, str], state: State) -> None:
        self._app = app
        self._roots = {f"/{root}/": backend for root, backend in roots.items()}
        self._state = state
        self.faults: dict[str, Faults] = {backend: Faults() for backend in roots.values()}
        self._requests: Counter[tuple[str, str]] = Counter()
        self._counted: str | None = None
        self._set_anew = {backend: asyncio.Event() for backend in self.faults}
        self._stalled: dict[str, list[str]] = {backend: [] for backend in self.faults}
        self._abandoned: Counter[str] = Counter()
        self._chance = random.Random(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, spoilt as asked for."""
        asked = self._asked(scope)
        if asked is None:
            await self._app(scope, receive, send)
            return
        backend, operation = asked
        if self._counted in (None, _header(scope, b"x-correlation-id")):
            self._requests[backend, operation] += 1
        faults = self.faults[backend]
        key = _header(scope, b"idempotency-key")
        if (faults.operations and operation not in faults.operations) or (
            faults.keys and not key.startswith(tuple(faults.keys))
        ):
            await self._app(scope, receive, send)
            return
        if faults.stall:
            await self._stall(backend, key, faults.stall, scope, receive, send)
            return
        if delay := faults.latency.seconds(self._chance):
            await asyncio.sleep(delay)
        if faults.outage:
            # an answer that is begun and never ended makes the server break the connection off
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            return
        fails = self._fails(faults)
        if fails and not faults.fail_after:
            await error(faults.error_status, "injected", "a fault was asked for")(scope, receive, send)
        elif fails:
            await self._app(scope, receive, _nowhere)
            await error(faults.error_status, "injected", "the answer was lost")(scope, receive, send)
        elif self._chance.random() < faults.malformed_rate:
            await self._app(scope, receive, _nowhere)
            await answer(200, b'{"id": [not json')(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _stall(self, backend: str, key: str, moment: str, scope: Scope, receive: Receive, send: Send) -> None:
        if moment == "before":
            came = await self._until_set_anew(backend, key, receive)

            async def again() -> Message:
                return came.pop(0) if came else await receive()

            await self._app(scope, again, send)
            return
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, keep)
        await self._until_set_anew(backend, key, receive)
        for message in sent:
            await send(message)

    async def _until_set_anew(self, backend: str, key: str, receive: Receive) -> list[Message]:
        """Until then the key is shown as stalled; what has come from the caller meanwhile."""
        came: list[Message] = []

        async def until_abandoned() -> None:
            while not came or came[-1]["type"] != "http.disconnect":
                came.append(await receive())
            self._abandoned[backend] += 1

        self._stalled[backend].append(key)
        watching = asyncio.create_task(until_abandoned())
        try:
            await self._set_anew[backend].wait()
        finally:
            self._stalled[backend].remove(key)
            watching.cancel()
            await asyncio.wait((watching,))
        return came

    def _asked(self, scope: Scope) -> tuple[str, str] | None:
        """The backend and the operation, such as "POST serviceOrder"; None: the control endpoint is meant."""
        if scope["type"] != "http":
            return None
        for root, backend in self._roots.items():
            if scope["path"].startswith(root):
                return backend, f"{scope['method']} {scope['path'].removeprefix(root).split('/', 1)[0]}"
        return None

    def _fails(self, faults: Faults) -> bool:
        if faults.fail_next > 0:
            faults.fail_next -= 1
            return True
        return self._chance.random() < faults.error_rate

    def callback_copies(self, backend: str) -> int:
        """How often a callback of this backend is sent now: not at all, once, or more."""
        faults = self.faults[backend]
        return 0 if self._chance.random() < faults.drop_callbacks else 1 + faults.duplicate_callbacks

    async def worked(self, backend: str, seconds: float) -> None:
        """Until this backend has done work of this length, at whatever pace it goes meanwhile."""
        loop = asyncio.get_running_loop()
        while seconds > 0:
            begun, pace = loop.time(), self.faults[backend].pace
            with suppress(TimeoutError):
                await asyncio.wait_for(self._set_anew[backend].wait(), seconds * pace)
            seconds = 0 if loop.time() - begun >= seconds * pace else seconds - (loop.time() - begun) / pace

    def routes(self) -> list[Route]:
        """The control endpoint."""
        return [
            Route("/control", self._show, methods=["GET"]),
            Route("/control", self._reset, methods=["DELETE"]),
            Route("/control/effects", self._effects, methods=["GET"]),
            Route("/control/reset-counters", self._reset_counters, methods=["POST"]),
            Route("/control/{backend}", self._set, methods=["PUT", "DELETE"]),
        ]

    async def _show(self, _: Request) -> Response:
        counts = {backend: {o: n for (b, o), n in self._requests.items() if b == backend} for backend in self.faults}
        shown = {
            "faults": self.faults,
            "requests": counts,
            "stalled": self._stalled,
            "abandoned": {backend: self._abandoned[backend] for backend in self.faults},
        }
        return answer(200, msgspec.json.encode(shown))

    async def _reset(self, _: Request) -> Response:
        for backend in self.faults:
            self._put(backend, Faults())
        return answer(200, {})

    async def _effects(self, _: Request) -> Response:
        return answer(200, self._state.effects())

    async def _reset_counters(self, request: Request) -> Response:
        self._counted = request.query_params.get("correlationId")
        self._requests.clear()
        self._abandoned.clear()
        return answer(200, {})

    async def _set(self, request: Request) -> Response:
        backend = request.path_params["backend"]
        if backend not in self.faults:
            return error(404, "not found", f"there is no backend {backend}; there are {', '.join(self.faults)}")
        try:
            faults = msgspec.json.decode(await request.body(), type=Faults) if request.method == "PUT" else Faults()
        except msgspec.DecodeError as problem:
            return error(400, "bad faults", str(problem))
        self._put(backend, faults)
        return answer(200, msgspec.json.encode(faults))

    def _put(self, backend: str, faults: Faults) -> None:
        self.faults[backend] = faults
        self._set_anew[backend].set()
        self._set_anew[backend] = asyncio.Event()


def _header(scope: Scope, wanted: bytes) -> str:
    """The request's header of this name, empty when it has none."""
    return next((value.decode() for name, value in scope["headers"] if name == wanted), "")


async def _nowhere(_: Message) -> None:
    """An answer that nobody gets."""
