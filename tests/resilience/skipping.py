"""The real workflow and worker on a Temporal that skips time: a year is waited for in less than a second.

Orders are placed by the use cases themselves, over a store in a file and the mock BSS server. The clock of all of them
is Temporal's, so dates in plans, events and versions are those of the skipped time.
"""

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from app.domain.actor import Actor, Role
from app.domain.order import ProductOrder
from app.domain.request import OrderRequest, Slot
from app.orchestration.contract import TaskPolicy, workflow_id
from app.orchestration.fulfilment import TemporalFulfilment
from app.orchestration.lanes import LANES, Lanes
from app.orchestration.operations import OPERATIONS
from app.orchestration.payloads import DATA_CONVERTER
from app.orchestration.worker import make_workers
from app.ordering.ordering import Ordering
from app.ordering.outcomes import Committed
from app.ordering.place import PlaceOrder, place_order
from app.ordering.rulebook.watch import Rulebooks
from app.parts import new_order_id
from app.store import open_store
from app.store.port import StoredOrder
from connectors.backends import APIS, connect
from connectors.base import BackendConfig
from tests.harness import MockControl

QUEUE: Final = "skipping"
MONTH: Final = timedelta(days=30)
STRIDE: Final = timedelta(minutes=10)
AGENT: Final = Actor(subject="agent-1", role=Role.AGENT, channel="callCentre")


@dataclass
class SkippedTime:
    """An Orderway whose time is skipped."""

    mock: MockControl
    _environment: WorkflowEnvironment
    _ordering: Ordering | None = None
    _now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def ordering(self) -> Ordering:
        """What use cases work with."""
        assert self._ordering is not None, "it is there once the environment is"
        return self._ordering

    def clock(self) -> datetime:
        """The skipped time: inside an activity that of its start, outside that after the last `wait`."""
        return activity.info().started_time if activity.in_activity() else self._now

    async def wait(self, time: timedelta) -> None:
        """Let this time go by, and all that happens in it happen."""
        # one request may take half a minute of real time
        whole, rest = divmod(time, MONTH)
        for part in [*[MONTH] * whole, rest]:
            await self._environment.sleep(part)
        self._now = await self._environment.get_current_time()

    async def place(self, request: OrderRequest) -> str:
        """Place an order, which must be taken; its number."""
        outcome = await place_order(self.ordering, AGENT, PlaceOrder(idempotency_key=str(uuid4()), request=request))
        assert isinstance(outcome, Committed), outcome
        return outcome.order.id

    async def ended(self, order_id: str) -> StoredOrder:
        """The order when its workflow has ended, however long that takes."""
        while (await self.workflow(order_id).describe()).status is WorkflowExecutionStatus.RUNNING:
            await self.wait(STRIDE)
        return await self.stored(order_id)

    async def stored(self, order_id: str) -> StoredOrder:
        """The order as it is now."""
        return (await self.ordering.store.load([order_id]))[order_id]

    async def order(self, order_id: str) -> ProductOrder:
        """The order as it is now, without its plan."""
        return (await self.stored(order_id)).order

    async def free_slot(self, place_id: str) -> Slot:
        """The next visit that a technician has time for."""
        [slot, *_] = await self.ordering.backends.workforce.time_slots(
            place_id, self.clock(), self.clock() + timedelta(days=30)
        )
        return Slot(start=slot.start, end=slot.end)

    def workflow(self, order_id: str) -> WorkflowHandle[Any, Any]:
        """The order's workflow."""
        return self._environment.client.get_workflow_handle(workflow_id(order_id))


@asynccontextmanager
async def skipping(folder: Path, mock: MockControl, policy: TaskPolicy) -> AsyncIterator[SkippedTime]:
    """Orders are carried out, patiently as said, while this is entered."""
    beside_us = Path(sys.executable).with_name("temporal-test-server")
    program = str(beside_us) if beside_us.exists() else shutil.which("temporal-test-server")
    # a breaker rests in real time, in which weeks are skipped
    config = BackendConfig(base_url=mock.url, breaker_rest=0.01)
    async with (
        await WorkflowEnvironment.start_time_skipping(
            data_converter=DATA_CONVERTER, test_server_existing_path=program
        ) as environment,
        connect(dict.fromkeys(APIS, config)) as backends,
    ):
        time = SkippedTime(mock, environment, _now=await environment.get_current_time())
        at_once = dict.fromkeys(LANES, 16)
        lanes = Lanes(environment.client, QUEUE, at_once)
        store = await open_store(None, "", folder, keys_kept_for=timedelta(days=3650))
        try:
            time._ordering = Ordering(
                store=store,
                backends=backends,
                rules=Rulebooks(None, OPERATIONS),
                fulfilment=TemporalFulfilment(environment.client, QUEUE, policy, lanes),
                clock=time.clock,
                new_id=new_order_id,
            )
            async with AsyncExitStack() as stack:
                for worker in make_workers(environment.client, QUEUE, at_once, time.ordering):
                    await stack.enter_async_context(worker)
                yield time
        finally:
            await store.close()
