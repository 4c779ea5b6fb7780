"""How the demo looks: a live table in a terminal, plain lines anywhere else."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

STYLES: Final[Mapping[str, str]] = {
    "PENDING": "dim",
    "RUNNING": "yellow",
    "AWAITING_RESULT": "cyan",
    "COMPLETED": "green",
    "SKIPPED": "green",
}
TROUBLE: Final = "bold red"
WIDE: Final = 104


class View:
    """Shows an order while it is carried out. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._shown: dict[str, str] = {}

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def say(self, line: str) -> None:
        """One line for people."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, order: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> None:
        """The order as it is now."""
        if self._live:
            self._live.update(_table(order, tasks, self._console.width), refresh=True)
            return
        for task in tasks:
            if self._shown.get(task["id"]) != task["state"]:
                self._shown[task["id"]] = task["state"]
                self.say(
                    f"{task['state']:<16}{task['id']:<24}{task['backend']:<16}{_duration(task):>8}  {task['name']}"
                )

    def final(self, order: Mapping[str, Any]) -> None:
        """The order at its end: its items and what it costs."""
        table = Table(title=f"Order {order['key']}: {order['state']}", title_justify="left")
        for column in ("Item", "Offering", "State", "Product"):
            table.add_column(column)
        for item in order["items"]:
            table.add_row(item["id"], item["offeringName"], item["state"], item["productKey"] or "")
        self._console.print(table)
        for total in order["totals"]:
            money = total["taxIncluded"]
            period = f" per {total['period']}" if total["period"] else ""
            self.say(f"{total['priceType']}{period}: {money['amount']} {money['currency']} with tax")


def _table(order: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], width: int) -> Table:
    # one line a task: the whole plan is to be seen at once, in a small terminal too
    title = f"Order {order['key']}: {order['state']}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    narrow = width < WIDE
    table.add_column("Task", no_wrap=True, max_width=24 if narrow else None)
    table.add_column("Item", no_wrap=True, max_width=12 if narrow else None)
    table.add_column("Backend", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Duration", justify="right", no_wrap=True)
    offerings = {item["id"]: item["offeringName"] for item in order["items"]}
    for task in tasks:
        item = offerings.get(task["itemId"], "whole order")
        style = STYLES.get(task["state"], TROUBLE)
        table.add_row(task["name"], item, task["backend"], f"[{style}]{task['state']}[/]", _duration(task))
    return table


def _duration(task: Mapping[str, Any]) -> str:
    if not (task["startedAt"] and task["endedAt"]):
        return ""
    length = datetime.fromisoformat(task["endedAt"]) - datetime.fromisoformat(task["startedAt"])
    return f"{length.total_seconds():.2f} s"
