"""The memory of a gateway: without work, and after many requests of every kind. It must not grow with their number.

Clients ask for a field that costs nothing, for one order and for a page of orders; every twentieth request is a
document that was never seen before, and every thousandth is refused. `BENCH_REQUESTS` says how many there are.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console
from rich.table import Table

from tests.bench.operations import ONE, PAGE
from tests.channel import place_mobile, until_state
from tests.harness import Product, running_product

REQUESTS: Final = int(os.environ.get("BENCH_REQUESTS", "100000"))
CLIENTS: Final = 16
ORDERS: Final = 10
UNLIMITED: Final = {"ORDERWAY_LIMITS__COST_BUCKET": "1000000000", "ORDERWAY_LIMITS__COST_RESTORED": "1000000000"}
LOOKS: Final = 10
"""How often it is looked at on the way."""


async def compare(folder: Path, console: Console) -> None:
    """Measure and print."""
    async with running_product(folder, environment=UNLIMITED) as product:
        idle = _resident(product)
        keys = [await place_mobile(product, f"cust-{1101 + n}") for n in range(ORDERS)]
        for order_key in keys:
            await until_state(product, order_key, "COMPLETED")
        table = Table()
        for column in ("Requests", "MB", "of it since the tenth part"):
            table.add_column(column, justify="right")
        table.add_row("0, just started", f"{idle:.0f}", "")
        warm = None
        for number in range(LOOKS):
            part = range(number * REQUESTS // LOOKS, (number + 1) * REQUESTS // LOOKS)
            await _ask(product, keys, part)
            now = _resident(product)
            warm = warm or now
            table.add_row(f"{part.stop:,}", f"{now:.0f}", f"{now - warm:+.1f}")
        console.print(table)


async def _ask(product: Product, keys: list[str], numbers: range) -> None:
    """Every request of these numbers, by some clients side by side."""
    url, headers = f"{product.urls[0]}/graphql", {"Authorization": f"Bearer {product.token()}"}

    async def client(first: int) -> None:
        for number in numbers[first::CLIENTS]:
            async with http.post(url, json=_request(number, keys)) as response:
                await response.read()
                assert response.status in (200, 400), response.status

    async with aiohttp.ClientSession(headers=headers) as http:
        await asyncio.gather(*(client(first) for first in range(CLIENTS)))


def _request(number: int, keys: list[str]) -> dict[str, object]:
    if number % 1000 == 1:
        return {"query": f"{{ nothingOfThisName{number} }}"}
    if number % 100 == 2:
        return {"query": PAGE}
    if number % 20 == 3:
        return {"query": f"query Q{number} {{ productOrders(first: 3) {{ nodes {{ a{number}: key state }} }} }}"}
    if number % 10 == 4:
        return {"query": ONE, "variables": {"id": keys[number % len(keys)]}}
    return {"query": "{ __typename }"}


def _resident(product: Product) -> float:
    """What the gateway holds of the machine's memory, in MB."""
    pages = int(Path(f"/proc/{product.gateways[0].pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
