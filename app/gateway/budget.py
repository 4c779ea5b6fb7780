"""How long an operation may take."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

from graphql import OperationType

from app.gateway.begun import Begun
from app.gateway.errors import Code, Refused
from app.gateway.limits import Exceeded, Guard, Limits

T = TypeVar("T")


class Budget:
    """Gives up queries that take too long, with everything they wait for; a mutation is never torn."""

    def __init__(self, guard: Guard, limits: Limits) -> None:
        self._guard = guard
        self._seconds = limits.operation_seconds
        self._only_warns = limits.only_warns("operation_seconds")
        self._going_on: set[asyncio.Task[object]] = set()

    async def spend(
        self, type_: OperationType, execution: Coroutine[object, object, T], abandon: Callable[[], None]
    ) -> T:
        """The result of a query or mutation. Raises Refused when the time is up.

        Then a query is cancelled, and `abandon` told that nobody waits any more for what it has begun. A mutation goes
        on, also when its caller has gone: what it has begun to write it writes whole.
        """
        if type_ is OperationType.MUTATION:
            return await self._mutation(execution)
        began = asyncio.get_running_loop().time()
        begun = Begun(execution)
        if begun.done:
            return begun.result
        try:
            async with asyncio.timeout(None if self._only_warns else self._seconds) as until:
                result = await begun
        except TimeoutError:
            if not until.expired():
                raise
            abandon()
            raise self.refusal() from None
        except asyncio.CancelledError:
            abandon()
            raise
        self._note(began)
        return result

    async def _mutation(self, execution: Coroutine[object, object, T]) -> T:
        began = asyncio.get_running_loop().time()
        running = asyncio.create_task(execution)
        self._going_on.add(running)
        running.add_done_callback(self._forget)
        await asyncio.wait((running,), timeout=None if self._only_warns else self._seconds)
        if not running.done():
            refusal = self.refusal()
            told = "The change is still being carried out: repeat it with the same idempotency key to see its outcome."
            raise Refused(Code.OPERATION_TIMED_OUT, f"{refusal.errors[0].message} {told}")
        self._note(began)
        return running.result()

    def _forget(self, done: asyncio.Task[object]) -> None:
        self._going_on.discard(done)
        if not done.cancelled():
            done.exception()  # looked at here, should nobody wait for it any more

    def until(self) -> float | None:
        """The time of the event loop at which what begins now has to end; None: whenever it wants."""
        return None if self._only_warns else asyncio.get_running_loop().time() + self._seconds

    def refusal(self) -> Refused:
        """The refusal of what has taken too long, counted."""
        return self._guard.refusal(Exceeded("operation_seconds", self._seconds, self._seconds))

    def _note(self, began: float) -> None:
        """Only watched: what took longer is noted."""
        if self._only_warns:
            self._guard.check("operation_seconds", asyncio.get_running_loop().time() - began)
