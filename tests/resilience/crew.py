"""A worker inside the test that can be lost at any boundary of any activity of one order, and not of the others.

It is the product's own worker (`make_workers`) over the product's own parts. What comes between is this: calls that
begin or end at the chosen boundary get no further, and nothing of a workflow is kept in memory from one of its steps
to the next, so that every step of every order is taken by a worker that knows it from its history only.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.plugin import SimplePlugin
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor, WorkerConfig

from app.orchestration.activities import BEAT_SECONDS
from app.orchestration.contract import TaskCall
from app.orchestration.lanes import LANES
from app.orchestration.payloads import DATA_CONVERTER
from app.orchestration.worker import make_workers
from app.ordering.ordering import Ordering
from app.parts import parts
from app.settings.model import Settings

AT_ONCE: Final = timedelta(milliseconds=1)


class Moment(StrEnum):
    """When a worker is lost: before a call has had its effect, or after it and before anybody knows."""

    BEFORE = "before the effect"
    AFTER = "effect there, result lost"


Fate = Callable[[str, int], Moment | None]
"""Whether the worker is lost at this boundary, at the attempt of this number, and when."""


def no_crash(_: str, __: int) -> Moment | None:
    """Nothing happens."""
    return None


def every_boundary(_: str, attempt: int) -> Moment | None:
    """Each call is lost before its effect, then once more after it, and only then answered."""
    return {1: Moment.BEFORE, 2: Moment.AFTER}.get(attempt)


def one_boundary(boundary: str, moment: Moment) -> Fate:
    """One call is lost, once."""
    return lambda found, attempt: moment if (found, attempt) == (boundary, 1) else None


@dataclass
class Run:
    """One order on its way through the worker.

    `boundaries` are its calls in the order in which they first came, `struck` those at which the worker was lost.
    A task of `pauses` does not begin before `go_on`. `silent`: the server is not told of a loss and notices it by the
    missing heartbeat, as with a killed process; otherwise it is told at once, which has the same effect and is quicker.
    A local call has no heartbeat: whoever takes its workflow's step over calls it again, and so it is told at once.
    """

    fate: Fate
    pauses: Collection[str] = ()
    prepare: Callable[[str], Awaitable[None]] | None = None
    silent: bool = False
    order_id: str = ""
    boundaries: list[str] = field(default_factory=list)
    struck: list[tuple[str, Moment]] = field(default_factory=list)
    known: asyncio.Event = field(default_factory=asyncio.Event)
    paused: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    _names: dict[str, str] = field(default_factory=dict)
    _count: Counter[str] = field(default_factory=Counter)

    def boundary(self, call: object, info: activity.Info) -> str:
        """What this call is named: `runTask 1/provision:1`, `recordProgress #3`."""
        if info.activity_id not in self._names:
            what = f" {call.task.id}:{call.task.revision}" if isinstance(call, TaskCall) else ""
            kind = f"{info.activity_type}{what}"
            self._count[kind] += 1
            n = self._count[kind]
            self._names[info.activity_id] = kind if what and n == 1 else f"{kind} #{n}"
            self.boundaries.append(self._names[info.activity_id])
        return self._names[info.activity_id]

    async def pause(self, call: object) -> None:
        """Wait, alive, where a test wants to be asked first."""
        if isinstance(call, TaskCall) and call.task.id in self.pauses:
            self.paused.set()
            while not self.go_on.is_set():
                activity.heartbeat()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.go_on.wait(), BEAT_SECONDS)

    def lost(self, boundary: str, moment: Moment) -> None:
        """The worker is gone: nobody gets an answer."""
        self.struck.append((boundary, moment))
        if self.silent and not activity.info().is_local:
            activity.raise_complete_async()
        raise ApplicationError(
            f"the worker was lost {moment}", next_retry_delay=AT_ONCE, category=ApplicationErrorCategory.BENIGN
        )


class Crew(SimplePlugin):
    """Knows each order's run, and does to its calls what the run's fate says."""

    def __init__(self, *, remembers: bool = False) -> None:
        """`remembers`: workflows stay in memory between their steps, as usual."""
        super().__init__("crew", interceptors=[_Between(self)])
        self._remembers = remembers
        self._expected: Run | None = None
        self._runs: dict[str, Run] = {}

    def expect(self, run: Run) -> None:
        """The next order that is new to the worker has this run; `known` is set when it is there."""
        assert self._expected is None, "one order at a time is expected"
        self._expected = run

    @contextmanager
    def unexpected(self) -> Iterator[None]:
        """Orders that begin and end meanwhile are not the expected one, and nothing happens to them."""
        expected, self._expected = self._expected, None
        yield
        self._expected = expected

    async def run_of(self, order_id: str) -> Run | None:
        """The run of this order; None: nothing is known of it."""
        if order_id not in self._runs and self._expected is not None:
            run, self._expected = self._expected, None
            run.order_id = order_id
            self._runs[order_id] = run
            if run.prepare is not None:
                await run.prepare(order_id)
            run.known.set()
        if (known := self._runs.get(order_id)) is not None:
            await known.known.wait()
        return known

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """See SimplePlugin."""
        config = super().configure_worker(config)
        if not self._remembers:
            config["max_cached_workflows"] = 0
        return config


class _Between(Interceptor):
    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """See Interceptor."""
        return _Calls(next, self._crew)


class _Calls(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, crew: Crew) -> None:
        super().__init__(next)
        self._crew = crew

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        """See ActivityInboundInterceptor."""
        call, info = input.args[0], activity.info()
        run = await self._crew.run_of(call if isinstance(call, str) else getattr(call, "order_id", ""))
        if run is None:
            return await super().execute_activity(input)
        boundary = run.boundary(call, info)
        await run.pause(call)
        moment = run.fate(boundary, info.attempt)
        if moment is Moment.BEFORE:
            run.lost(boundary, moment)
        result = await super().execute_activity(input)
        if moment is Moment.AFTER:
            run.lost(boundary, moment)
        return result


IN_LANES = dict.fromkeys(LANES, 16)
"""How many tasks of each backend are carried out at once."""


@asynccontextmanager
async def worker_of(settings: Settings, crew: Crew) -> AsyncIterator[tuple[Client, Ordering]]:
    """The product's worker with this crew, over these settings; it carries orders out while this is entered."""
    assert settings.temporal_address is not None, "a started product has a Temporal"
    client = await Client.connect(settings.temporal_address, data_converter=DATA_CONVERTER, plugins=[crew])
    async with parts(settings, needs_temporal=True) as p, AsyncExitStack() as stack:
        for worker in make_workers(client, settings.temporal_task_queue, IN_LANES, p.ordering):
            await stack.enter_async_context(worker)
        yield client, p.ordering
