"""What the main operations cost, as ratios to the cheapest one in the same run.

They take turns, so that a machine that slows down slows all of them; absolute times mean little.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.channel import key, place, place_mobile, until_state
from tests.harness import Product, running_product

ORDERS = 50
ROUNDS = 30
AT_ONCE = 10
PAGE = """
query Page {
  productOrders(first: 50) {
    nodes {
      id key state createdAt customer { name email }
      items { id action state quantity offering { name prices { name price { amount } } } }
    }
  }
}"""
ONE = """
query One($id: ID!) {
  productOrder(id: $id) { id key state customer { name } items { id offering { name } } plan { tasks { id state } } }
}"""
MOBILE = {"offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}


async def compare(folder: Path, console: Console) -> None:
    """Measure and print."""
    async with running_product(folder) as product:
        keys = [await place_mobile(product, f"cust-{1101 + n % 30}") for n in range(ORDERS)]
        for order_key in keys:
            await until_state(product, order_key, "COMPLETED")
        times = await _measure(product, keys[0])
        _print(console, times, await _throughput(product))


async def _measure(product: Product, order_key: str) -> dict[str, list[float]]:
    token = product.token()

    async def place_one() -> None:
        placed = await place(product, {"customerId": "cust-1003", "items": [MOBILE]}, token=token)
        assert placed["errors"] == []

    async def ask(query: str, **variables: str) -> None:
        (await product.graphql(query, variables, token=token)).whole()

    operations: dict[str, Callable[[], Awaitable[None]]] = {
        "trivial: { __typename }": lambda: ask("{ __typename }"),
        "one order with customer, offering and plan": lambda: ask(ONE, id=order_key),
        "page of 50 orders with customers, offerings, prices": lambda: ask(PAGE),
        "place an order: validated, priced, stored, started": place_one,
    }
    times: dict[str, list[float]] = {name: [] for name in operations}
    for n in range(ROUNDS + 1):
        for name, operation in operations.items():
            begun = time.perf_counter()
            await operation()
            if n:  # the first round warms up
                times[name].append(time.perf_counter() - begun)
    return times


async def _throughput(product: Product) -> float:
    """Orders completed in a second, with some of them under way at once."""
    begun = time.perf_counter()

    async def one() -> None:
        request = {"idempotencyKey": key(), "customerId": "cust-1003", "items": [MOBILE]}
        placed = await place(product, request)
        await until_state(product, placed["order"]["key"], "COMPLETED")

    for _ in range(3):
        await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return 3 * AT_ONCE / (time.perf_counter() - begun)


def _print(console: Console, times: dict[str, list[float]], completed: float) -> None:
    base = statistics.median(next(iter(times.values())))
    table = Table()
    for column in ("Operation", "p50 ms", "p95 ms", "× trivial"):
        table.add_column(column, justify="left" if column == "Operation" else "right")
    for name, measured in times.items():
        middle, high = statistics.median(measured), statistics.quantiles(measured, n=20)[-1]
        table.add_row(name, f"{middle * 1000:.1f}", f"{high * 1000:.1f}", f"{middle / base:.1f}")
    console.print(table)
    console.print(f"One-line mobile orders completed per second, {AT_ONCE} under way: {completed:.1f}")
