"""From the command to ready: all parts at once, as `orderway dev` starts them."""

import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench.overhead import cpu_seconds
from tests.harness import running_product

ROUNDS: Final = 3


async def compare(folder: Path, console: Console) -> None:
    """Measure and print."""
    table = Table()
    for column in ("Start", "s to ready", "CPU s: gateway", "worker", "mock BSS", "Temporal"):
        table.add_column(column, justify="left" if column == "Start" else "right")
    for number in range(ROUNDS):
        begun = time.perf_counter()
        async with running_product(folder / str(number)) as product:
            ready = time.perf_counter() - begun
            parts = (product.gateways[0], product.worker, product.mock, product.temporal)
            used = [cpu_seconds(part.pid) for part in parts]
        table.add_row(f"all at once, {number + 1}", f"{ready:.1f}", *(f"{seconds:.2f}" for seconds in used))
    console.print(table)
