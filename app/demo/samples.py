"""The sample orders: examples of the graph that anybody can run, too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final


@dataclass(frozen=True, slots=True)
class Sample:
    """A complete order as an example operation. `visit_at` is the address whose free slots it needs one of."""

    title: str
    example: str
    customer_id: str
    visit_at: str | None = None


SAMPLES: Final[Mapping[str, Sample]] = {
    "family": Sample(
        "Family bundle: fibre with a technician's visit, TV, two mobile lines, a phone",
        "01-place-the-family-bundle",
        "cust-1001",
        visit_at="addr-1001",
    ),
    "tmf622": Sample(
        "The order that TM Forum publishes with TMF622",
        "18-place-the-published-tmf622-order",
        "ff55-hjy4",
    ),
}
FREE_TIME_SLOTS: Final = "08-free-time-slots"
FOLLOW_ORDERS: Final = "02-follow-orders"


def document(example: str) -> str:
    """The text of an example operation."""
    return (resources.files("app.examples") / f"{example}.graphql").read_text()


def variables(example: str) -> dict[str, object]:
    """The variables that stand beside it."""
    found: dict[str, object] = json.loads((resources.files("app.examples") / f"{example}.json").read_text())
    return found
