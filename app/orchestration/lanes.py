"""Lanes: what orders have to do with a backend waits in a task queue of that backend, and is taken from it fairly.

A slow or dead backend thus fills its own lane and no other. Which of those that wait is next, Temporal decides by
fairness keys: each key gets its turns in proportion to its weight. A server that does not know them takes the first.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, DescribeTaskQueueResponse
from temporalio.client import Client
from temporalio.common import Priority
from temporalio.service import RPCError

from app.domain.order import ProductOrder
from app.orchestration.contract import TELLS_WITH, lane, turn
from app.orchestration.operations import OPERATIONS
from app.ordering.ordering import BackendLoad, FulfilmentUnavailable

LANES: Final = tuple(sorted({TELLS_WITH, *(operation.split(".", 1)[0] for operation in OPERATIONS)}))
"""The backends that have a lane."""
LOTS: Final = 16
"""Customers are dealt out into so many lots that take turns: one who orders in bulk delays the own lot only."""
LOOKED_AT_FOR: Final = 2.0
ANSWERS_WITHIN: Final = timedelta(seconds=2)


def urgency(order: ProductOrder) -> Priority:
    """How the order's workflow, and with it all that the order has to do, takes its turn."""
    lot = crc32(order.customer_id.encode()) % LOTS
    return turn(order.priority, str(lot))


class Lanes:
    """What waits in the lanes, as Temporal tells it. An answer is reused for a moment: it costs a call per lane."""

    def __init__(self, client: Client, task_queue: str, concurrency: Mapping[str, int]) -> None:
        self._client = client
        self._task_queue = task_queue
        self._concurrency = concurrency
        self._seen: tuple[BackendLoad, ...] = ()
        self._seen_at = float("-inf")
        self._looking = asyncio.Lock()

    async def load(self) -> tuple[BackendLoad, ...]:
        """The load of each backend. Raises FulfilmentUnavailable."""
        clock = asyncio.get_running_loop().time
        async with self._looking:
            if clock() - self._seen_at > LOOKED_AT_FOR:
                try:
                    self._seen = tuple(await asyncio.gather(*(self._look(backend) for backend in self._concurrency)))
                except (RPCError, RuntimeError) as error:  # a client that could not connect yet: RuntimeError
                    raise FulfilmentUnavailable(str(error)) from error
                self._seen_at = clock()
            return self._seen

    async def _look(self, backend: str) -> BackendLoad:
        answer: DescribeTaskQueueResponse = await self._client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(
                namespace=self._client.namespace,
                task_queue=TaskQueue(name=lane(self._task_queue, backend)),
                task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
                report_stats=True,
            ),
            timeout=ANSWERS_WITHIN,
        )
        stats = answer.stats
        waiting = stats.approximate_backlog_count
        return BackendLoad(
            backend=backend,
            concurrency=self._concurrency[backend],
            workers=len({poller.identity for poller in answer.pollers}),
            waiting=waiting,
            oldest_waiting_since=datetime.now(UTC) - stats.approximate_backlog_age.ToTimedelta() if waiting else None,
        )
