"""One backend hangs: what do queries that do not need it feel?

One gateway is asked for things of a backend, so many a second, and besides for things that do not need it; the latter
are timed. By turns the backend answers and hangs: its requests are held back for good. The gateway is asked in the
same way in both. What counts is the 95th percentile of the timed queries while it hangs beside that of the turn
before and the turn after it, as the machine's other work changes slowly.
"""

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console
from rich.table import Table

from tests.channel import place_mobile, until_state
from tests.exposition import total
from tests.harness import Product, running_product

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
TIMED_AT_ONCE: Final = 2
TIMED_EVERY: Final = 0.03


@dataclass
class Turn:
    """What was seen while the backend answered, or hung."""

    hangs: bool
    times: list[float] = field(default_factory=list)
    wrong: int = 0
    breaker_open: float = 0.0
    most_in_flight: float = 0.0

    @property
    def p95(self) -> float:
        """Seconds."""
        return statistics.quantiles(self.times, n=20)[-1]


async def compare(console: Console, *, pairs: int = 6) -> float:
    """Measure and print; gives by how much the 95th percentile changes (1: not at all)."""
    with tempfile.TemporaryDirectory() as folder:
        async with running_product(Path(folder), environment=UNLIMITED) as product:
            for n in range(ORDERS):
                key = await place_mobile(product, f"cust-{1101 + n % 30}")
            await until_state(product, key, "COMPLETED")
            await _turn(product, hangs=False)  # warms up
            turns = [await _turn(product, hangs=bool(n % 2)) for n in range(2 * pairs + 1)]
    changes = [turns[n].p95 / statistics.mean((turns[n - 1].p95, turns[n + 1].p95)) for n in range(1, len(turns), 2)]
    change = statistics.median(changes)
    _print(console, turns, changes, change)
    return change


async def _turn(product: Product, *, hangs: bool) -> Turn:
    turn = Turn(hangs)
    await (product.mock_control.fault(HANGS, stall="before") if hangs else product.mock_control.heal())
    customers = itertools.cycle(f"cust-{1101 + n}" for n in range(30))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http, asyncio.TaskGroup() as group:
        until = time.monotonic() + TURN_SECONDS
        asking = asyncio.create_task(_ask_for_it(product, http, customers))
        watching = asyncio.create_task(_watch(product, turn))
        for _ in range(TIMED_AT_ONCE):
            group.create_task(_time(product, http, turn, until))
        await asyncio.sleep(TURN_SECONDS)
        for task in (asking, watching):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return turn


async def _ask_for_it(product: Product, http: aiohttp.ClientSession, customers: Iterator[str]) -> None:
    token = product.token()
    async with asyncio.TaskGroup() as group:
        while True:
            group.create_task(_post(product, http, token, OF_IT, {"id": next(customers)}))
            await asyncio.sleep(1 / A_SECOND)


async def _time(product: Product, http: aiohttp.ClientSession, turn: Turn, until: float) -> None:
    token = product.token()
    while time.monotonic() < until:
        begun = time.perf_counter()
        answer = await _post(product, http, token, UNRELATED, {})
        turn.times.append(time.perf_counter() - begun)
        turn.wrong += "errors" in answer
        await asyncio.sleep(TIMED_EVERY)


async def _watch(product: Product, turn: Turn) -> None:
    while True:
        _, shown = await product.monitor("gateway")
        turn.breaker_open += total(shown, "orderway_backend_breaker_state", backend=HANGS, state="open")
        in_flight = total(shown, "orderway_backend_in_flight", backend=HANGS)
        turn.most_in_flight = max(turn.most_in_flight, in_flight)
        await asyncio.sleep(1)


async def _post(
    product: Product, http: aiohttp.ClientSession, token: str, query: str, variables: dict[str, str]
) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}"}
    body = {"query": query, "variables": variables}
    async with http.post(f"{product.urls[0]}/graphql", json=body, headers=headers) as response:
        answer: dict[str, object] = await response.json(content_type=None)
        return answer


def _print(console: Console, turns: list[Turn], changes: list[float], change: float) -> None:
    table = Table(title=f"A page of {ORDERS} orders, while {HANGS} is asked for {A_SECOND} times a second")
    for column in (f"{HANGS}", "queries", "p50 ms", "p95 ms", "with errors", "calls in flight", "breaker open"):
        table.add_column(column, justify="left" if column == HANGS else "right")
    for name, hangs in (("answers", False), ("hangs", True)):
        of = [turn for turn in turns if turn.hangs is hangs]
        times = [seconds for turn in of for seconds in turn.times]
        table.add_row(
            name,
            str(len(times)),
            f"{statistics.median(times) * 1000:.1f}",
            f"{statistics.quantiles(times, n=20)[-1] * 1000:.1f}",
            str(sum(turn.wrong for turn in of)),
            f"≤ {max(turn.most_in_flight for turn in of):.0f}",
            f"{sum(turn.breaker_open for turn in of) / (len(of) * TURN_SECONDS):.0%}",
        )
    console.print(table)
    each = ", ".join(f"{one - 1:+.0%}" for one in changes)
    console.print(f"p95 while it hangs beside the turns around it: {change - 1:+.1%} (median of {each})")
