"""A worker: carries orders out, starts what a crash left unstarted, keeps the callback registered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker

from app.domain.states import OrderState
from app.orchestration.activities import EAGER, Activities
from app.orchestration.batch import BatchWorkflow
from app.orchestration.contract import batch_queue, lane
from app.orchestration.room import Room
from app.orchestration.workflow import OrderWorkflow
from app.ordering.batch import resume_batches
from app.ordering.deliver import Deliverer
from app.ordering.expiry import DraftPolicy, expire_drafts
from app.ordering.ordering import Ordering
from app.store.port import StoreUnavailable
from connectors.base import BackendFailure

SWEEP_SECONDS: Final = 2.0
EXPIRY_SECONDS: Final = 5.0
LEARN_SECONDS: Final = 2.0
WEBHOOK_SECONDS: Final = 0.5
BACKLOG_SECONDS: Final = 5.0
LEFT_ALONE: Final = timedelta(seconds=5)
LONGEST_LEFT_ALONE: Final = timedelta(minutes=5)
REGISTER_SECONDS: Final = 30.0
SWEEP_AT_ONCE: Final = 1000
# so that a busy worker is not taken for a lost one
OFTEN: Final = timedelta(seconds=1)
# for so long an order's next step waits for the worker that last had it, before any other takes it
LOST_AFTER: Final = timedelta(seconds=2)
GRACE: Final = timedelta(seconds=5)
# one asks while the other brings: enough for hundreds of tasks a second, and next to nothing while a lane is idle
LANE_POLLERS: Final = 2
# activities at once that have nothing to do with lanes
OTHERS: Final = 100

log = structlog.get_logger()


def make_workers(client: Client, task_queue: str, lanes: Mapping[str, int], ordering: Ordering) -> tuple[Worker, ...]:
    """Temporal workers: one for orders, one for batches, which thus never queue behind the orders they made, and one
    for the lane of each backend, with as many tasks at once as `lanes` says.

    The sandbox is off: the workflow is a thin shell around pure functions, and importing it anew per order would cost
    more than carrying it out.
    """
    activities = Activities(ordering, Room(lanes))

    def worker(queue: str, workflows: Sequence[type], acts: Sequence[Callable[..., object]]) -> Worker:
        return Worker(
            client,
            task_queue=queue,
            workflows=workflows,
            activities=acts,
            workflow_runner=UnsandboxedWorkflowRunner(),
            graceful_shutdown_timeout=GRACE,
            sticky_queue_schedule_to_start_timeout=LOST_AFTER,
            max_heartbeat_throttle_interval=OFTEN,
            # what is begun at once has room in its lane, so it must not lack room here
            max_concurrent_activities=OTHERS + sum(lanes.values()),
            max_eager_activity_reservations_per_workflow_task=EAGER,
        )

    calls = (activities.run_task, activities.check_task, activities.tell_customer)
    return (
        # takes calls too: those that were waiting here when there were no lanes yet
        worker(task_queue, [OrderWorkflow], [activities.plan_order, activities.record_progress, *calls]),
        worker(batch_queue(task_queue), [BatchWorkflow], [activities.place_lines]),
        *(
            Worker(
                client,
                task_queue=lane(task_queue, backend),
                activities=calls,
                max_concurrent_activities=at_once,
                activity_task_poller_behavior=PollerBehaviorSimpleMaximum(LANE_POLLERS),
                graceful_shutdown_timeout=GRACE,
            )
            for backend, at_once in lanes.items()
        ),
    )


class Sweeper:
    """Starts the orders that were submitted and never started: their gateway, or Temporal, went away in between.

    An order that only waits for its turn looks the same; it is left alone for longer each time it is found.
    """

    def __init__(self, ordering: Ordering) -> None:
        self._ordering = ordering
        self._again_at: dict[str, tuple[datetime, timedelta]] = {}

    async def sweep(self) -> None:
        """Look once. Raises StoreUnavailable."""
        now = self._ordering.clock()
        waiting = await self._ordering.store.waiting(OrderState.ACKNOWLEDGED, now - LEFT_ALONE, SWEEP_AT_ONCE)
        self._again_at = {known: again for known, again in self._again_at.items() if known in set(waiting)}
        due = [order_id for order_id in waiting if self._again_at.get(order_id, (now, LEFT_ALONE))[0] <= now]
        found = await self._ordering.store.load(due) if due else {}
        for order_id in due:
            log.info("order_swept_up", order_id=order_id)
            await self._ordering.fulfilment.start(found[order_id].order)
            _, pause = self._again_at.get(order_id, (now, LEFT_ALONE))
            self._again_at[order_id] = (now + pause, min(pause * 2, LONGEST_LEFT_ALONE))


async def keep_up(ordering: Ordering, callback: str, drafts: DraftPolicy, deliverer: Deliverer) -> None:
    """Sweep, end old drafts, tell webhooks and register for callbacks, again and again, until cancelled; what fails is
    retried.
    """
    await asyncio.gather(
        _again_and_again(SWEEP_SECONDS, "sweep", Sweeper(ordering).sweep),
        _again_and_again(SWEEP_SECONDS, "batch_sweep", lambda: resume_batches(ordering)),
        _again_and_again(LEARN_SECONDS, "learning", lambda: ordering.durations.write(ordering.store)),
        _again_and_again(WEBHOOK_SECONDS, "webhooks", deliverer.look),
        _again_and_again(BACKLOG_SECONDS, "webhook_backlog", deliverer.weigh),
        _again_and_again(EXPIRY_SECONDS, "draft_expiry", lambda: expire_drafts(ordering, drafts)),
        _again_and_again(
            REGISTER_SECONDS, "catalog_registration", lambda: ordering.backends.catalog.register_listener(callback)
        ),
        _again_and_again(
            REGISTER_SECONDS,
            "callback_registration",
            lambda: ordering.backends.provisioning.register_listener(callback),
        ),
    )


async def _again_and_again(pause: float, name: str, act: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await act()
            await asyncio.sleep(pause)
        except (BackendFailure, StoreUnavailable) as failure:
            log.warning(f"{name}_put_off", reason=str(failure))
            await asyncio.sleep(min(pause, 2.0))
