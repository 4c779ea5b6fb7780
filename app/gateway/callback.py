"""Subscriptions by callback, Apollo's HTTP callback protocol: a router needs no open connection to its subgraph.

The router's request says where it is called back. It is answered once the router has confirmed that (`check`). From
then on each answer of the subscription is a call (`next`), made when the one before was taken, so that nothing piles up
here; more checks in between show that both sides live; a last call (`complete`) says that it has ended, and why. What
the router does not take ends the subscription.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
import orjson
import structlog
from graphql import GraphQLFormattedError

from app.gateway.errors import Code, Refused, internal_error
from app.gateway.operations import Answer, Operations, Ready
from app.gateway.streaming import EXPIRED, GOING_AWAY
from app.metrics import CALLBACK_CALLS
from connectors.webhook import Post, Reply, Unanswered

EXTENSION: Final = "subscription"
HEADER: Final = "subscription-protocol"
PROTOCOL: Final = {HEADER: "callback/1.0"}
AT_ONCE: Final = 64
"""Calls under way to one router, over all of its subscriptions."""
SHORTEST_MS: Final = 100
"""The shortest interval of heartbeats that may be asked for."""
BEATS: Final = 0.75
"""The part of a heartbeat's interval after which it is sent, so that it arrives within."""
FIRST_SECONDS: Final = 5.0
"""How long a router may take to confirm where it is called back."""
LAST_SECONDS: Final = 5.0
"""How long it may take for the last word."""
UNDELIVERED: Final = "An answer could not be delivered; subscribe again and resume after the last event that you have."

Action = Literal["check", "next", "complete"]
Errors = list[GraphQLFormattedError]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Routers:
    """Who may be called back, by the origins of the callbacks, and how that is done."""

    origins: Sequence[str]
    post: Post


class _Wish(msgspec.Struct, frozen=True, rename="camel"):
    """`extensions.subscription`: where and how often the router wants to be called."""

    callback_url: Annotated[str, msgspec.Meta(max_length=2000)]
    subscription_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    verifier: Annotated[str, msgspec.Meta(max_length=1000)]
    heartbeat_interval_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]


class _NotTaken(Exception):
    """A call that was not taken. `by_router`: it said that there is no such subscription (any more)."""

    def __init__(self, reason: str, *, by_router: bool) -> None:
        super().__init__(reason)
        self.by_router = by_router


@dataclass(frozen=True, slots=True)
class _Callback:
    """Where the answers of one subscription go."""

    router: str
    path: str
    id: str
    verifier: str = field(repr=False)
    heartbeat_seconds: float
    post: Post
    places: asyncio.Semaphore

    async def call(self, action: Action, **more: object) -> Reply:
        """Send one message, when there is a place for it. Raises _NotTaken."""
        message = {"kind": "subscription", "action": action, "id": self.id, "verifier": self.verifier, **more}
        try:
            async with self.places:
                reply = await self.post(self.router + self.path, PROTOCOL, orjson.dumps(message))
        except Unanswered as failure:
            CALLBACK_CALLS.labels(action, "failed").inc()
            raise _NotTaken(str(failure), by_router=False) from None
        if not reply.taken:
            by_router = 400 <= reply.status < 500
            CALLBACK_CALLS.labels(action, "refused" if by_router else "failed").inc()
            raise _NotTaken(f"answered {reply.status}", by_router=by_router)
        CALLBACK_CALLS.labels(action, "taken").inc()
        return reply

    async def confirm(self) -> None:
        """Have the router confirm that this is its subscription. Raises Refused."""
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                reply = await self.call("check")
        except _NotTaken as failure:
            raise _unconfirmed(str(failure)) from None
        except TimeoutError:
            raise _unconfirmed(f"no answer within {FIRST_SECONDS:g} s") from None
        # Hive Gateway sends no header at all; what is something else at that origin gets no events
        spoken = reply.headers.get(HEADER, "callback").partition("/")[0].strip().lower()
        if reply.status != 204 or spoken != "callback":
            raise _unconfirmed(f"it takes 204, and no '{HEADER}' but callback")


class Callbacks:
    """The subscriptions of one gateway that call routers back."""

    def __init__(self, operations: Operations, routers: Routers | None) -> None:
        self._operations = operations
        self._post = routers.post if routers else None
        self._routers = {
            _origin(origin): (origin, asyncio.Semaphore(AT_ONCE)) for origin in (routers.origins if routers else ())
        }
        self._open: set[_Subscription] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False

    @property
    def allowed(self) -> bool:
        """Whether anybody may be called back."""
        return bool(self._routers)

    @property
    def open(self) -> int:
        """How many subscriptions there are."""
        return len(self._open)

    async def start(self, ready: Ready) -> None:
        """Begin a subscription, once its router has confirmed where it is called back. Raises Refused."""
        callback = self._callback(ready)
        await callback.confirm()
        if self._draining:
            raise Refused(Code.GOING_AWAY, GOING_AWAY)
        subscription = _Subscription(callback, self._operations.answers(ready), ready.identity.expires_at)
        self._open.add(subscription)
        task = asyncio.create_task(self._run(subscription))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, subscription: "_Subscription") -> None:
        try:
            await subscription.run()
        finally:
            self._open.discard(subscription)

    async def drain(self) -> None:
        """Take no more subscriptions, and end those that there are with word that the client is to connect again."""
        self._draining = True
        for subscription in self._open:
            subscription.stop(Refused(Code.GOING_AWAY, GOING_AWAY))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _callback(self, ready: Ready) -> _Callback:
        try:
            wish = msgspec.convert(ready.asked.extensions.get(EXTENSION), _Wish)
        except msgspec.ValidationError as error:
            raise Refused(Code.BAD_REQUEST, f"extensions.{EXTENSION}: {error}.") from None
        if 0 < wish.heartbeat_interval_ms < SHORTEST_MS:
            raise Refused(
                Code.BAD_REQUEST, f"extensions.{EXTENSION}.heartbeatIntervalMs: 0 (none), or at least {SHORTEST_MS}."
            )
        found = self._routers.get(_origin(wish.callback_url))
        if found is None or self._post is None:
            raise Refused(
                Code.CALLBACK_NOT_ALLOWED,
                f"extensions.{EXTENSION}.callbackUrl: not an address at one of the origins in "
                "ORDERWAY_CALLBACK_ORIGINS, without user and fragment.",
            )
        parts = urlsplit(wish.callback_url)
        return _Callback(
            router=found[0],  # the setting's own words: no reading of the address leads to another host
            path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            id=wish.subscription_id,
            verifier=wish.verifier,
            heartbeat_seconds=wish.heartbeat_interval_ms / 1000,
            post=self._post,
            places=found[1],
        )


class _Subscription:
    """One subscription, from its first answer to the word that it has ended."""

    def __init__(self, callback: _Callback, answers: AsyncGenerator[Answer, None], until: datetime) -> None:
        self._callback = callback
        self._answers = answers
        self._until = until
        self._stopped: asyncio.Future[Errors] = asyncio.get_running_loop().create_future()

    def stop(self, reason: Refused) -> None:
        """End before its time."""
        if not self._stopped.done():
            self._stopped.set_result(reason.formatted())

    async def run(self) -> None:
        """Call until the operation ends, the router takes no more, the token expires or the gateway stops.

        Whichever comes first: nothing that was started for this subscription is left behind.
        """
        left = (self._until - datetime.now(UTC)).total_seconds()
        expiry = asyncio.get_running_loop().call_later(left, self.stop, Refused(Code.UNAUTHENTICATED, EXPIRED))
        ends = [asyncio.create_task(self._tell()), self._stopped]
        if self._callback.heartbeat_seconds:
            ends.append(asyncio.create_task(self._beat()))
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            ended = next(end for end in ends if end.done())
        finally:
            expiry.cancel()
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
        errors = self._errors(ended)
        if errors is not None:
            with suppress(_NotTaken, TimeoutError):
                async with asyncio.timeout(LAST_SECONDS):
                    await self._callback.call("complete", **({"errors": errors} if errors else {}))

    def _errors(self, ended: asyncio.Future[Errors]) -> Errors | None:
        """What the router is told of the end; None: nothing, as it has ended the subscription itself."""
        try:
            return ended.result()
        except _NotTaken as failure:
            log.info("callback_not_taken", router=self._callback.router, reason=str(failure))
            return None if failure.by_router else Refused(Code.CALLBACK_FAILED, UNDELIVERED).formatted()
        except Exception:  # nobody waits for this subscription: nobody sees it but the log
            log.exception("internal_error", path="callback")
            return [internal_error()]

    async def _tell(self) -> Errors:
        """Send the answers; the errors with which the subscription failed, if it did."""
        async with aclosing(self._answers) as answers:
            async for answer in answers:
                if "data" not in answer:
                    return answer["errors"]
                await self._callback.call("next", payload=answer)
        return []

    async def _beat(self) -> Errors:
        """Show that the subscription lives, and see that its router does."""
        while True:
            await asyncio.sleep(self._callback.heartbeat_seconds * BEATS)
            await self._callback.call("check")


def _unconfirmed(why: str) -> Refused:
    return Refused(Code.CALLBACK_FAILED, f"The callback does not confirm the subscription: {why}.")


def _origin(url: str) -> tuple[str, str, int] | None:
    """The scheme, host and port of an address, None: it is none that could be called."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    if not parts.hostname or "@" in parts.netloc or parts.fragment or not url.isprintable() or " " in url:
        return None
    return parts.scheme, parts.hostname, port
