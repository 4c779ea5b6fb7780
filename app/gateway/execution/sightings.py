"""How often an operation was seen, and what was made of it."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

C = TypeVar("C")


@dataclass(slots=True)
class Sightings(Generic[C]):
    """Kept beside a checked operation, so that it is forgotten with it.

    `conditions` are the variables that decide `@skip` and `@include`, `compiled` what was compiled by their values.
    `why_not`: why it is not.
    """

    count: int = 0
    conditions: tuple[str, ...] | None = None
    compiled: dict[tuple[object, ...], C] = field(default_factory=dict)
    why_not: str | None = None
