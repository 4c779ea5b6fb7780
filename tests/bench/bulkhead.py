"""One backend hangs: what do queries that do not need it feel?

Two gateways, each with its own Orderway around it, are asked in the same way at the same time: for things of a backend,
so many a second, and besides, in turns, for things that do not need it; the latter are timed. The backend of one
answers, that of the other hangs: its requests are held back for good. Then they change places. What counts is the 95th
percentile of the timed queries where it hangs beside that where it answers, over each such pair, so that neither the
machine's other work nor a difference of the two is taken for an effect.
"""

import asyncio
import itertools
import math
import statistics
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console
from rich.table import Table

from tests.channel import place_mobile, until_state
from tests.exposition import total
from tests.harness import Product, running_product, until

HANGS: Final = "billing"
OF_IT: Final = "query Accounts($id: ID!) { customer(id: $id) { name billingAccounts { id state } } }"
UNRELATED: Final = """
query Page {
  productOrders(first: 20) { nodes { key state customer { name email } items { state offering { name } } } }
}"""
ORDERS: Final = 20
A_SECOND: Final = 20
"""How often a second the backend that hangs is asked for: more than its places last for until its breaker opens."""
UNLIMITED: Final = {"ORDERWAY_LIMITS__COST_RESTORED": "1000000000"}
TURN_SECONDS: Final = 12.0
TIMED_EVERY: Final = 0.01
CUSTOMERS: Final = [f"cust-{1101 + n}" for n in range(30)]


@dataclass
class Side:
    """What was seen of one gateway in one turn."""

    hangs: bool
    times: list[float] = field(default_factory=list)
    wrong: int = 0
    breaker_open: float = 0.0
    most_in_flight: float = 0.0


def p95(sides: Iterable[Side]) -> float:
    """Seconds, over all their queries."""
    return statistics.quantiles([seconds for side in sides for seconds in side.times], n=20)[-1]


async def compare(console: Console, *, pairs: int = 6) -> float:
    """Measure and print; gives by how much the 95th percentile changes (1: not at all)."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            running_product(Path(folder) / "one", environment=UNLIMITED) as one,
            running_product(Path(folder) / "other", environment=UNLIMITED) as other,
        ):
            for product in (one, other):
                for n in range(ORDERS):
                    key = await place_mobile(product, f"cust-{1101 + n % 30}")
                await until_state(product, key, "COMPLETED")
            turns = [await _turn(one, other, hangs=n % 2) for n in range(2 * pairs)]
    changes = [
        math.sqrt((p95(a[:1]) / p95(a[1:])) * (p95(b[1:]) / p95(b[:1])))
        for a, b in zip(turns[::2], turns[1::2], strict=True)
    ]
    change = statistics.median(changes)
    _print(console, [side for turn in turns for side in turn], changes, change)
    return change


async def _turn(one: Product, other: Product, *, hangs: int) -> tuple[Side, Side]:
    """One turn; `hangs` is which of the two has the backend that does."""
    products = (one, other)
    sides = (Side(hangs == 0), Side(hangs == 1))
    for product in products:
        await product.mock_control.heal()
        await until(partial(_has_all, product))
    await products[hangs].mock_control.fault(HANGS, stall="before")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        beside = [
            asyncio.create_task(task)
            for product, side in zip(products, sides, strict=True)
            for task in (_ask_for_it(product, http), _watch(product, side))
        ]
        end = time.monotonic() + TURN_SECONDS
        while time.monotonic() < end:
            for product, side in zip(products, sides, strict=True):
                await _time(product, http, side)
                await asyncio.sleep(TIMED_EVERY)
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return sides


async def _has_all(product: Product) -> bool:
    """Whether the breaker has closed again."""
    return not (await product.graphql(OF_IT, {"id": CUSTOMERS[0]})).errors


async def _ask_for_it(product: Product, http: aiohttp.ClientSession) -> None:
    token = product.token()
    async with asyncio.TaskGroup() as group:
        for customer in itertools.cycle(CUSTOMERS):
            group.create_task(_post(product, http, token, OF_IT, {"id": customer}))
            await asyncio.sleep(1 / A_SECOND)


async def _time(product: Product, http: aiohttp.ClientSession, side: Side) -> None:
    token = product.token()
    begun = time.perf_counter()
    answer = await _post(product, http, token, UNRELATED, {})
    side.times.append(time.perf_counter() - begun)
    side.wrong += "errors" in answer


async def _watch(product: Product, side: Side) -> None:
    while True:
        _, shown = await product.monitor("gateway")
        side.breaker_open += total(shown, "orderway_backend_breaker_state", backend=HANGS, state="open")
        in_flight = total(shown, "orderway_backend_in_flight", backend=HANGS)
        side.most_in_flight = max(side.most_in_flight, in_flight)
        await asyncio.sleep(1)


async def _post(
    product: Product, http: aiohttp.ClientSession, token: str, query: str, variables: dict[str, str]
) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}"}
    body = {"query": query, "variables": variables}
    async with http.post(f"{product.urls[0]}/graphql", json=body, headers=headers) as response:
        answer: dict[str, object] = await response.json(content_type=None)
        return answer


def _print(console: Console, sides: list[Side], changes: list[float], change: float) -> None:
    table = Table(title=f"A page of {ORDERS} orders, while {HANGS} is asked for {A_SECOND} times a second")
    for column in (HANGS, "queries", "p50 ms", "p95 ms", "with errors", "calls in flight", "breaker open"):
        table.add_column(column, justify="left" if column == HANGS else "right")
    for name, hangs in (("answers", False), ("hangs", True)):
        of = [side for side in sides if side.hangs is hangs]
        times = [seconds for side in of for seconds in side.times]
        table.add_row(
            name,
            str(len(times)),
            f"{statistics.median(times) * 1000:.1f}",
            f"{p95(of) * 1000:.1f}",
            str(sum(side.wrong for side in of)),
            f"≤ {max(side.most_in_flight for side in of):.0f}",
            f"{sum(side.breaker_open for side in of) / (len(of) * TURN_SECONDS):.0%}",
        )
    console.print(table)
    each = ", ".join(f"{one - 1:+.0%}" for one in changes)
    console.print(f"p95 where it hangs beside where it answers: {change - 1:+.1%} (median of {each})")
