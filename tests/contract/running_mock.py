"""The mock BSS server as a process of its own, clients connected to it, and what tests write through them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp

from app.embedded.ports import answers_ok, free_port
from connectors.backends import APIS, Backends, connect
from connectors.base import BackendConfig
from connectors.inventory import NewProduct
from connectors.provisioning import (
    NewServiceOrder,
    ServiceOrderItem,
)
from connectors.workforce import Appointment, SlotTaken, TimeSlot
from tests.harness import ROOT, MockControl, until

NOW = datetime.now(UTC)
SERVE = "from connectors.mock.server import run; run('127.0.0.1', {port}, None, pace=0.1)"


@asynccontextmanager
async def running_mock() -> AsyncIterator[MockControl]:
    """A server with its state in memory, and its control."""
    port = free_port()
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE.format(port=port), cwd=ROOT)
    try:
        await until(lambda: answers_ok("127.0.0.1", port, "/health"))
        async with aiohttp.ClientSession() as session:
            yield MockControl(session, f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        await server.wait()


@asynccontextmanager
async def connected(
    mock: MockControl, *, deadline: float = 5.0, attempt_timeout: float = 2.0, attempts: int = 2
) -> AsyncIterator[Backends]:
    """All clients."""
    config = BackendConfig(
        base_url=mock.url, deadline=deadline, attempt_timeout=attempt_timeout, attempts=attempts, breaker_rest=60.0
    )
    async with connect(dict.fromkeys(APIS, config)) as backends:
        yield backends


async def change(mock: MockControl, path: str, patch: Mapping[str, object]) -> None:
    """Change a member past its client, as people at the backend would."""
    async with aiohttp.ClientSession(raise_for_status=True) as session, session.patch(f"{mock.url}{path}", json=patch):
        pass


async def free_slot(backends: Backends, place: str) -> TimeSlot:
    """The first in the next two weeks."""
    slots = await backends.workforce.time_slots(place, NOW, NOW + timedelta(days=14))
    assert list(slots) == sorted(slots, key=lambda s: s.start)
    return slots[0]


async def book(backends: Backends, slot: TimeSlot, place: str, key: str) -> Appointment | SlotTaken:
    """A visit to Ada."""
    return await backends.workforce.book(
        slot, place_id=place, customer_id="cust-1001", description="Installation", external_id=key, key=key
    )


def service_order(external_id: str, **characteristics: str) -> NewServiceOrder:
    """Television for Ada's place."""
    item = ServiceOrderItem(
        id="1", action="add", service_specification_id="cfs-tv", characteristics=characteristics, place_id="addr-1001"
    )
    return NewServiceOrder(external_id=external_id, description="Television", items=(item,))


def product(order_id: str, customer_id: str = "cust-1001") -> NewProduct:
    """A customer's television."""
    return NewProduct(
        name="TV Family",
        offering_id="tv-family",
        customer_id=customer_id,
        order_id=order_id,
        order_item_id="1",
        characteristics={"boxColour": "white"},
    )
