"""Who is next in a full lane, asked of Temporal itself: the urgent first, nobody never, and no customer all the time.

A lane takes one task at a time. Its gate opens when all are known to wait, so the order of turns is Temporal's alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from app.domain.order import ProductOrder
from app.domain.views import BLANK_ORDER
from app.embedded import parts
from app.embedded.ports import free_port
from app.embedded.processes import ChildProcess, Guard, Part
from app.orchestration.contract import lane
from app.orchestration.lanes import Lanes, urgency
from app.settings.model import Settings
from tests.channel import key
from tests.harness import start, until

BACKEND = "workforce"


@workflow.defn
class OneTask:
    """An order with a single task, which waits in the lane of its backend and takes its turn as its order does."""

    @workflow.run
    async def run(self, name: str) -> None:
        await workflow.execute_activity(
            "serve",
            name,
            task_queue=lane(workflow.info().task_queue, BACKEND),
            start_to_close_timeout=timedelta(minutes=2),
        )


class FullLane:
    """A lane with a gate, and who had a turn in it."""

    def __init__(self, client: Client, queue: str) -> None:
        self._client = client
        self._queue = queue
        self._lanes = Lanes(client, queue, {BACKEND: 1})
        self.open = asyncio.Event()
        self.served: list[str] = []
        self.waiting_when_served: dict[str, int] = {}
        self.came: list[str] = []
        self.on_served: Callable[[str], Awaitable[None]] | None = None

    @activity.defn
    async def serve(self, name: str) -> None:
        """A turn."""
        await self.open.wait()
        self.served.append(name)
        self.waiting_when_served[name] = len(self.came) - len(self.served)
        if self.on_served is not None:
            await self.on_served(name)

    async def come(self, name: str, order: ProductOrder) -> None:
        """Another one is to be served."""
        self.came.append(name)
        await self._client.start_workflow(
            OneTask.run, name, id=f"{self._queue}-{name}", task_queue=self._queue, priority=urgency(order)
        )

    async def wait_for(self, waiting: int) -> None:
        """Until so many wait behind the one whose turn it is."""

        async def there() -> bool:
            return (await self._lanes.load())[0].waiting >= waiting

        await until(there)

    async def all_served(self) -> None:
        """Open the gate, and wait for the last one."""
        self.open.set()

        async def done() -> bool:
            return len(self.served) == len(self.came)

        await until(done)


def order_of(customer: str, priority: int) -> ProductOrder:
    """An order of this customer, as urgent as this."""
    return replace(BLANK_ORDER, id=key(), customer_id=customer, priority=priority)


@asynccontextmanager
async def temporal(folder: Path, change: Callable[[Part], Part] = lambda part: part) -> AsyncIterator[Client]:
    """A client of a started development server."""
    port = free_port()
    settings = Settings(_env_file=None, data_dir=folder)
    guard = Guard()
    server = ChildProcess(change(parts.temporal(settings, port)), folder / "logs", guard, folder=folder)
    try:
        await start(server)
        yield await Client.connect(f"{parts.LOOPBACK}:{port}")
    finally:
        await server.stop()
        guard.close()


@asynccontextmanager
async def full_lane(client: Client, name: str) -> AsyncIterator[FullLane]:
    """A lane whose worker takes one task at a time."""
    found = FullLane(client, name)
    orders = Worker(client, task_queue=name, workflows=[OneTask], workflow_runner=UnsandboxedWorkflowRunner())
    tasks = Worker(client, task_queue=lane(name, BACKEND), activities=[found.serve], max_concurrent_activities=1)
    async with orders, tasks:
        yield found


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    async with temporal(tmp_path_factory.mktemp("temporal")) as connected:
        yield connected


@pytest.mark.thorough
async def test_the_urgent_go_before_those_who_wait_already(client: Client) -> None:
    async with full_lane(client, "urgent") as queue:
        for n in range(10):
            await queue.come(f"patient-{n}", order_of("cust-1", 4))
        await queue.wait_for(9)
        for n in range(3):
            await queue.come(f"urgent-{n}", order_of("cust-2", 0))
        await queue.wait_for(12)

        await queue.all_served()

    assert set(queue.served[1:4]) == {"urgent-0", "urgent-1", "urgent-2"}, queue.served


@pytest.mark.thorough
async def test_each_priority_goes_before_the_next(client: Client) -> None:
    async with full_lane(client, "levels") as queue:
        await queue.come("first", order_of("cust-1", 4))
        await queue.come("again", order_of("cust-1", 4))
        await queue.wait_for(1)
        for priority in (4, 3, 2, 1, 0):
            await queue.come(str(priority), order_of("cust-2", priority))
        await queue.wait_for(6)

        await queue.all_served()

    assert [name for name in queue.served if len(name) == 1] == ["0", "1", "2", "3", "4"]


async def test_nobody_waits_for_ever_while_urgent_ones_keep_coming(client: Client) -> None:
    async with full_lane(client, "stream") as queue:

        async def another(_: str) -> None:
            if "patient" not in queue.served:
                await queue.come(f"urgent-{len(queue.came)}", order_of("cust-2", 0))

        for n in range(5):
            await queue.come(f"urgent-{n}", order_of("cust-2", 0))
        await queue.wait_for(4)
        await queue.come("patient", order_of("cust-1", 4))
        for n in range(5, 25):
            await queue.come(f"urgent-{n}", order_of("cust-2", 0))
        await queue.wait_for(25)

        queue.on_served = another
        await queue.all_served()

    turn = queue.served.index("patient")
    assert 0 < turn <= 18, "sixteen urgent ones may go first, and whose turn it was already"
    assert queue.waiting_when_served["patient"] > 0, "there were urgent ones who had to let it go first"


@pytest.mark.thorough
async def test_who_orders_in_bulk_crowds_nobody_out(client: Client) -> None:
    bulk, single = order_of("cust-1", 4), order_of("cust-2", 4)
    assert urgency(bulk).fairness_key != urgency(single).fairness_key
    async with full_lane(client, "bulk") as queue:
        for n in range(20):
            await queue.come(f"bulk-{n}", bulk)
        await queue.wait_for(19)
        await queue.come("single", single)
        await queue.wait_for(20)

        await queue.all_served()

    assert queue.served.index("single") <= 3, queue.served


@pytest.mark.thorough
async def test_a_server_without_fairness_serves_everybody(tmp_path: Path) -> None:
    def usual(part: Part) -> Part:
        return replace(part, command=part.command[: part.command.index("--dynamic-config-value")])

    async with temporal(tmp_path, usual) as connected, full_lane(connected, "usual") as queue:
        for n in range(6):
            await queue.come(f"patient-{n}", order_of("cust-1", 4))
        await queue.come("urgent", order_of("cust-2", 0))
        await queue.wait_for(6)

        await queue.all_served()

    assert sorted(queue.served) == sorted(queue.came)
