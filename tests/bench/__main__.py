"""`make bench`: everything; `python -m tests.bench <subject> …`: these subjects alone."""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Final

import structlog
from rich.console import Console

from tests.bench import bulkhead, first_sight, memory, operations, start
from tests.bench.gateway import __main__ as gateway
from tests.bench.growth import compare as growth
from tests.bench.overhead import compare as overhead
from tests.bench.push import compare as push

WIDTH: Final = 200
"""Of the tables, in letters, also where they are written to a file."""
Subject = Callable[[Path, Console], Coroutine[None, None, object]]
SUBJECTS: Final[dict[str, tuple[str, Subject]]] = {
    "gateway": ("the gateway beside other servers", lambda _, __: asyncio.to_thread(gateway.main, [])),
    "first-sight": (
        "a document that was never seen before, beside graphql-core",
        lambda _, console: asyncio.to_thread(first_sight.compare, console),
    ),
    "operations": ("what the main operations cost", operations.compare),
    "push": (
        "an event that thousands are told of",
        lambda _, console: push.compare(console, subscribers=5000, events=20),
    ),
    "bulkhead": ("what is felt elsewhere while one backend hangs", lambda _, console: bulkhead.compare(console)),
    "growth": ("what orders cost as stored ones grow", growth),
    "overhead": ("carrying an order out, beside a bare Temporal workflow", overhead),
    "memory": ("the memory of a gateway as requests go by", memory.compare),
    "start": ("from the command to ready", start.compare),
}


async def main(names: list[str]) -> None:
    """Measure and print."""
    if unknown := [name for name in names if name not in SUBJECTS]:
        sys.exit(f"{unknown[0]}: no subject; there are {', '.join(SUBJECTS)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    console = Console(file=sys.stdout, width=WIDTH)
    for name in names or SUBJECTS:
        title, compare = SUBJECTS[name]
        console.print(f"\n[bold]{name}[/bold]: {title}")
        with tempfile.TemporaryDirectory() as folder:
            await compare(Path(folder) / "data", console)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
