"""What orders cost as stored ones grow: a page, searches and a submission, beside the same with 1,000 stored orders.

Two stores of the same kind, one of which stays small while the other grows, take turns, call by call, so that a machine
that slows down slows both. The stored orders are copies of two that were placed and carried out: each copy has its own
number, customer (ten orders a customer), key, external id and day, and everything that goes with an order.
"""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median
from typing import Any, Final
from uuid import uuid4

import aiohttp
from pymongo import AsyncMongoClient
from rich.console import Console
from rich.table import Table

from app.domain.order import ExternalId
from app.domain.plan import Plan
from app.domain.plan_events import Run, Started, TaskCompleted
from app.domain.request import OrderRequest
from app.domain.states import OrderState
from app.domain.step import step
from app.embedded.processes import Guard
from app.ordering.fulfil import plan_order, record_progress
from app.ordering.ordering import Ordering
from app.ordering.outcomes import Committed
from app.ordering.place import PlaceOrder, place_order
from app.parts import parts
from app.store import open_store
from app.store.port import OrderBy, OrderSearch, OrderStore
from tests.bench.overhead import AGENT, CUSTOMERS, MOBILE, StartsNothing, cpu_seconds
from tests.harness import Product, start
from tests.mongod import Mongod

SMALL: Final = 1_000
OPEN: Final = 10
"""One copy of so many is of the order that is still under way."""
AT_ONCE: Final = 10_000
KEPT: Final = timedelta(days=30)
BEGAN: Final = datetime(2024, 1, 1, tzinfo=UTC)
APART: Final = timedelta(minutes=1)
TABLES: Final = {"product_order": "id", "version": "order_id", "event": "order_id", "external_identifier": "order_id"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A stored order that copies are made of, and what of it differs in each copy."""

    order_id: str
    customer_id: str
    created: str
    external: str

    def copy(self, n: int) -> "_Renamed":
        """What copy `n` has instead."""
        created = BEGAN + n * APART
        new = {
            self.order_id: f"0{n:019d}",
            self.customer_id: f"cust-{10_000_000 + n // 10}",
            self.created: created.strftime("%Y-%m-%dT%H:%M:%S.%f"),
            self.external: f"growth-{n}",
        }
        return _Renamed({old.encode(): value.encode() for old, value in new.items()}, created)


@dataclass(frozen=True, slots=True)
class _Renamed:
    names: dict[bytes, bytes]
    created: datetime

    def of(self, value: Any) -> Any:
        """The copy's value in place of this one, whatever a database keeps."""
        if isinstance(value, bytes):
            pattern = b"|".join(map(re.escape, self.names))
            return re.sub(pattern, lambda found: self.names[found[0]], value)
        if isinstance(value, str):
            return self.of(value.encode()).decode()
        if isinstance(value, list):
            return [self.of(one) for one in value]
        if isinstance(value, dict):
            return {name: self.of(one) for name, one in value.items()}
        return value


async def _sample(ordering: Ordering, *, whole: bool) -> Sample:
    """An order that is placed and carried out, or just begun."""
    order = await placed(ordering)
    plan = await plan_order(ordering, order.order_id, at=ordering.clock())
    for now, _ in _carried_out(plan, ordering.clock()):
        await record_progress(ordering, order.order_id, now, at=ordering.clock())
        if not whole:
            break
    return order


async def placed(ordering: Ordering) -> Sample:
    """An order as it is accepted: validated, priced, stored."""
    external = f"growth-{uuid4()}"
    request = OrderRequest(
        customer_id=next(CUSTOMERS),
        items=(MOBILE,),
        external_ids=(ExternalId(id=external, owner="growth", type="order"),),
    )
    outcome = await place_order(ordering, AGENT, PlaceOrder(idempotency_key=str(uuid4()), request=request))
    assert isinstance(outcome, Committed), outcome
    order = outcome.order
    created = order.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return Sample(order.id, order.customer_id, created, external)


def _carried_out(plan: Plan, at: datetime) -> Iterator[tuple[Plan, int]]:
    """The plan after each of its tasks."""
    plan, commands = step(plan, Started(at=at))
    waiting = list(commands)
    yield plan, 0
    while waiting:
        command = waiting.pop(0)
        assert isinstance(command, Run), command
        done = TaskCompleted(at=at, task_id=command.task_id, revision=command.revision, reference=f"r-{len(waiting)}")
        plan, commands = step(plan, done)
        waiting += commands
        yield plan, len(waiting)


class Grown:
    """A store with so many copies in it. `fill` adds those from one number to another."""

    def __init__(self, ordering: Ordering, fill: Callable[[Sequence[Sample], range], Awaitable[None]]) -> None:
        self.ordering = ordering
        self._fill = fill
        self._samples: list[Sample] = []
        self.size = 0

    async def grow(self, size: int) -> None:
        """Until it has that many."""
        if not self._samples:
            self._samples = [await _sample(self.ordering, whole=whole) for whole in (True, False)]
        for begin in range(self.size, size, AT_ONCE):
            await self._fill(self._samples, range(begin, min(begin + AT_ONCE, size)))
        self.size = size

    def asks(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """What is measured, by its name."""
        store, half = self.ordering.store, self.size // 2
        middle, someone = f"0{half:019d}", f"cust-{10_000_000 + half // 10}"
        day = BEGAN + half * APART
        ended = (OrderState.COMPLETED, OrderState.FAILED)
        under_way = (OrderState.IN_PROGRESS, OrderState.HELD, OrderState.PENDING)

        def search(after: str | None = None, **criteria: Any) -> Callable[[], Awaitable[object]]:
            asked = OrderSearch(**criteria)
            return lambda: store.search(asked, OrderBy.CREATED_DESCENDING, after=after, limit=50)

        async def submit() -> None:
            await placed(self.ordering)

        return {
            "page of 50, the newest": search(),
            "page of 50 from the middle": search(middle),
            "of a customer": search(customer_ids=(someone,)),
            "under way, any of three states": search(states=under_way),
            "ended, from the middle": search(middle, states=ended),
            "by external id": search(external_id=f"growth-{half}", external_owner="growth", external_type="order"),
            "of one day": search(created_from=day, created_until=day + timedelta(days=1)),
            "of a dealer's channel": search(channels=("callCentre",)),
            "by the name of an offering": search(offering_text="Mobile M"),
            "one order": lambda: store.load([middle]),
            "its events": lambda: store.events.of(middle, after=0, limit=100),
            "submit: validated, priced, stored": submit,
        }


def sqlite_filling(path: Path) -> Callable[[Sequence[Sample], range], Awaitable[None]]:
    """Copies straight into the file."""

    def fill(samples: Sequence[Sample], numbers: range) -> None:
        with sqlite3.connect(path, timeout=60) as db:
            for table, key in TABLES.items():
                kept = [list(db.execute(f"select * from {table} where {key} = ?", (s.order_id,))) for s in samples]
                # the position of an event is given by the database
                first = 1 if table == "event" else 0
                columns = [row[1] for row in db.execute(f"pragma table_info({table})")][first:]
                marks = ",".join("?" * len(columns))
                db.executemany(
                    f"insert into {table} ({','.join(columns)}) values ({marks})",
                    (
                        [renamed.of(value) for value in row[first:]]
                        for n in numbers
                        for renamed in [samples[n % OPEN == 0].copy(n)]
                        for row in kept[n % OPEN == 0]
                    ),
                )

    return lambda samples, numbers: asyncio.to_thread(fill, samples, numbers)


def mongo_filling(uri: str, database: str) -> Callable[[Sequence[Sample], range], Awaitable[None]]:
    """Copies straight into the database."""

    async def fill(samples: Sequence[Sample], numbers: range) -> None:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, tz_aware=True)
        db = client[database]
        for name, key in {"product_order": "_id", "version": "order_id", "event": "order_id"}.items():
            kept = [await db[name].find({key: s.order_id}).to_list(None) for s in samples]
            each = max(map(len, kept))
            last, taken = 0, each * len(numbers)
            if name == "event":
                counter = await db["counter"].find_one_and_update({"_id": "feed"}, {"$inc": {"last": taken}})
                last = counter["last"] if counter else 0  # as it was before
            made = []
            for n in numbers:
                renamed = samples[n % OPEN == 0].copy(n)
                for document in kept[n % OPEN == 0]:
                    new = {field: renamed.of(value) for field, value in document.items()}
                    if "created_at" in new:
                        new["created_at"] = renamed.created
                    if name == "event":
                        last += 1
                        new["_id"] = last
                    elif name == "version":
                        del new["_id"]
                    made.append(new)
            for begin in range(0, len(made), 1000):
                await db[name].insert_many(made[begin : begin + 1000], ordered=False)
        await client.close()

    return fill


@asynccontextmanager
async def stores(folder: Path, uri: str | None) -> AsyncIterator[tuple[Grown, Grown]]:
    """The one that stays small, and the one that grows; in MongoDB at this address, or each in a file of its own."""
    guard = Guard()
    try:
        async with aiohttp.ClientSession() as http, AsyncExitStack() as stack:
            product = Product(folder, guard, http)
            stack.push_async_callback(product.mock.stop)
            await start(product.mock)
            p = await stack.enter_async_context(parts(product.settings, needs_temporal=False))
            found = []
            for name in ("small", "growing"):
                store: OrderStore = await open_store(uri, name, folder / name, keys_kept_for=KEPT)
                stack.push_async_callback(store.close)
                path = folder / name / "orders.sqlite3"
                fill = sqlite_filling(path) if uri is None else mongo_filling(uri, name)
                found.append(Grown(replace(p.ordering, store=store, fulfilment=StartsNothing()), fill))
            yield found[0], found[1]
    finally:
        guard.close()


@dataclass
class Cost:
    """What calls took, each: seconds of processors, of this process and of the database server; seconds on the clock.

    The backends that a submission asks are processes of their own, and not in it.
    """

    cpu: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)


async def _costs(small: Grown, grown: Grown, rounds: int, server: int | None) -> dict[str, tuple[Cost, Cost]]:
    """What each call costs, of the small store and of the grown one, taken in turns."""

    def cpu() -> float:
        return time.process_time() + (cpu_seconds(server) if server else 0)

    asks = (small.asks(), grown.asks())
    found = {name: (Cost(), Cost()) for name in asks[0]}
    for n in range(rounds + 2):
        for name, costs in found.items():
            for which in (0, 1) if n % 2 else (1, 0):
                begun, used = time.perf_counter(), cpu()
                await asks[which][name]()
                if n > 1:  # the first rounds warm up
                    costs[which].clock.append(time.perf_counter() - begun)
                    costs[which].cpu.append(cpu() - used)
    return found


async def _accepted(grown: Grown, *, number: int = 100, at_once: int = 10) -> float:
    """Orders accepted in a second, so many at once."""
    begun = time.perf_counter()
    for _ in range(number // at_once):
        await asyncio.gather(*(placed(grown.ordering) for _ in range(at_once)))
    return number / (time.perf_counter() - begun)


async def compare(
    folder: Path, console: Console, *, sizes: Sequence[int] = (10_000, 100_000), rounds: int = 40
) -> None:
    """Measure and print, on SQLite and on MongoDB."""
    await _compare(folder / "sqlite", console, "SQLite", None, None, sizes, rounds)
    (folder / "mongod").mkdir(parents=True)
    mongod = Mongod(folder / "mongod")
    await mongod.start()
    try:
        await _compare(folder / "mongodb", console, "MongoDB", mongod.uri, mongod.pid, sizes, rounds)
    finally:
        mongod.kill()


async def _compare(
    folder: Path, console: Console, name: str, uri: str | None, server: int | None, sizes: Sequence[int], rounds: int
) -> None:
    columns: dict[str, list[str]] = {}
    async with stores(folder, uri) as (small, growing):
        await small.grow(SMALL)
        names = [*small.asks()]
        for size in sizes:
            await growing.grow(size)
            costs = list((await _costs(small, growing, rounds, server)).values())
            columns.setdefault(f"{SMALL:,}: CPU ms", [f"{mean(one.cpu) * 1000:.2f}" for one, _ in costs])
            columns[f"{size:,}: CPU ms"] = [f"{mean(other.cpu) * 1000:.2f}" for _, other in costs]
            columns["×" + " " * len(columns)] = [f"{mean(other.cpu) / mean(one.cpu):.2f}" for one, other in costs]
            columns["× p50" + " " * len(columns)] = [
                f"{median(other.clock) / median(one.clock):.2f}" for one, other in costs
            ]
        accepted = await _accepted(small), await _accepted(growing)
    table = Table(
        "", title=f"{name}: what a call costs, and ratios to {SMALL:,} stored orders, in calls that take turns"
    )
    for column in columns:
        table.add_column(column.strip(), justify="right")
    for row, *cells in zip(names, *columns.values(), strict=True):
        table.add_row(row, *cells)
    console.print(table)
    console.print(
        f"Orders accepted in a second, ten at once, by one process: {accepted[0]:.0f} with {SMALL:,} stored,"
        f" {accepted[1]:.0f} with {sizes[-1]:,}."
    )
