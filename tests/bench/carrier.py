"""`python -m tests.bench.carrier <queue> [<what is left out> …]`: one worker process of the overhead benchmark.

On the queue `bare` it is a worker of the bare workflow; on any other it is Orderway's own, with its settings from the
environment, in which some parts may be no-ops, so that the benchmark can tell what each part costs.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
import uvicorn
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from app.domain.plan import Plan
from app.orchestration import activities, operations
from app.orchestration.activities import EAGER
from app.orchestration.lanes import LANES
from app.orchestration.operations.work import Done, Result, Work
from app.orchestration.payloads import DATA_CONVERTER
from app.orchestration.worker import LOST_AFTER, OFTEN, make_workers
from app.ordering.fulfil import Kept
from app.ordering.ordering import Ordering
from app.parts import parts
from app.settings.variables import load
from app.store.port import StoredOrder
from tests.bench.bare import Bare, Hands, noop

BARE_QUEUE: Final = "bare"
EFFECTS: Final = "effects"
RECORDING: Final = "recording"
TELLING: Final = "telling"


async def _no_effect(work: Work) -> Result:
    return Done(work.call.key)


async def _no_record(
    ordering: Ordering, order_id: str, plan: Plan, *_: object, at: datetime, known: StoredOrder | None
) -> Kept:
    stored = known or (await ordering.store.load([order_id]))[order_id]
    return Kept(True, replace(stored, plan=plan))


async def _no_message(_: Ordering, __: str, *, after: int) -> int:
    return after


def _leave_out(what: str) -> None:
    """In this process, and for the benchmark only, this part of Orderway is a no-op."""
    replaced: Mapping[str, Callable[[], None]] = {
        EFFECTS: lambda: setattr(activities, "OPERATIONS", dict.fromkeys(operations.OPERATIONS, _no_effect)),
        RECORDING: lambda: setattr(activities, "record_progress", _no_record),
        TELLING: lambda: setattr(activities, "tell_customer", _no_message),
    }
    replaced[what]()


async def carry(queue: str) -> None:
    """Carry out what comes to this queue, until killed."""
    settings = load()
    assert settings.temporal_address is not None, "the benchmark has started one"
    client = await Client.connect(settings.temporal_address, data_converter=DATA_CONVERTER)
    if queue == BARE_QUEUE:
        async with parts(settings, needs_temporal=True) as p:
            hands = Hands(p.ordering)
            await Worker(
                client,
                task_queue=queue,
                workflows=[Bare],
                activities=[noop, hands.effect, hands.messages],
                workflow_runner=UnsandboxedWorkflowRunner(),
                graceful_shutdown_timeout=timedelta(0),
                sticky_queue_schedule_to_start_timeout=LOST_AFTER,
                max_heartbeat_throttle_interval=OFTEN,
                max_eager_activity_reservations_per_workflow_task=EAGER,
            ).run()
    else:
        async with parts(settings, needs_temporal=True) as p:
            workers = make_workers(client, queue, dict.fromkeys(LANES, 16), p.ordering)
            await asyncio.gather(*(worker.run() for worker in workers))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    name, *left_out = sys.argv[1:]
    for part in left_out:
        _leave_out(part)
    with asyncio.Runner(loop_factory=uvicorn.Config("", loop="auto").get_loop_factory()) as runner:
        runner.run(carry(name))
