"""What a document costs that was never seen before, beside graphql-core's parsing and validation alone.

The example operations take turns; each is a new one every time, by the spaces behind it. Orderway also counts its
tokens, measures it against every limit, works out its cost and keeps it.
"""

import gc
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from graphql import GraphQLSchema, parse, validate
from rich.console import Console
from rich.table import Table

import app.examples
from app.gateway.documents import Documents
from app.gateway.execution.executor import Executor
from app.gateway.limits import Limits
from resolvers.schema import schema

ROUNDS: Final = 15


def compare(console: Console) -> None:
    """Measure and print."""
    core = Executor(schema, compiled=True).schema
    documents = Documents(core, Limits())
    texts = {path.stem: path.read_text() for path in sorted(Path(app.examples.__path__[0]).glob("*.graphql"))}
    alone: dict[str, float] = dict.fromkeys(texts, float("inf"))
    ours = dict(alone)
    gc.disable()
    try:
        for number in range(ROUNDS):
            for name, text in texts.items():
                new = text + " " * (number + 1)
                alone[name] = min(alone[name], _seconds(partial(_validated, core, new)))
                ours[name] = min(ours[name], _seconds(partial(documents.operation, new, None)))
    finally:
        gc.enable()
    times = {name: ours[name] / alone[name] for name in texts}
    table = Table()
    for column in ("Operations", "graphql-core ms", "Orderway ms", "×"):
        table.add_column(column, justify="left" if column == "Operations" else "right")
    middle = statistics.median_low(times.values())
    for title, wanted in (("cheapest", min(times.values())), ("median", middle), ("dearest", max(times.values()))):
        name = next(name for name, times_core in times.items() if times_core == wanted)
        table.add_row(f"{title}: {name}", f"{alone[name] * 1000:.2f}", f"{ours[name] * 1000:.2f}", f"{wanted:.2f}")
    whole = sum(alone.values()), sum(ours.values())
    table.add_row(f"all {len(texts)}", f"{whole[0] * 1000:.1f}", f"{whole[1] * 1000:.1f}", f"{whole[1] / whole[0]:.2f}")
    console.print(table)


def _validated(core: GraphQLSchema, text: str) -> None:
    validate(core, parse(text))


def _seconds(do: Callable[[], object]) -> float:
    """The processor time of doing it."""
    begun = time.process_time()
    do()
    return time.process_time() - begun
