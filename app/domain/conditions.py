"""Conditions that are data, ready to be asked, and the texts that are filled with what they speak of."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

Members = Mapping[str, object]
"""The values of a part, by name."""


class View(dict[str, object]):
    """The parts that a condition may speak of, by name. It stays as it is, so that many conditions can look at it.

    `prepared` is left there by who judges the first of them, for the others.
    """

    prepared: object = None


PLACEHOLDER: Final = re.compile(r"\{(\w+)\.(\w+)\}")
"""What stands in a text for something that conditions speak of, such as {item.name}."""


def filled(text: str, view: View) -> str:
    """The text with what its placeholders stand for."""

    def value(placeholder: re.Match[str]) -> str:
        part = view[placeholder[1]]
        found = part[placeholder[2]] if isinstance(part, Mapping) else ""
        return ", ".join(map(str, found)) if isinstance(found, list) else str(found)

    return PLACEHOLDER.sub(value, text)


class CannotJudge(Exception):
    """A condition met values that it cannot handle; the message names the rule."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in Google's Common Expression Language, as it is written and ready to be asked.

    `holds` raises CannotJudge. `names` are the values that it looks at, as (part, member).
    """

    text: str
    holds: Callable[[View], bool]
    names: tuple[tuple[str, str], ...] = ()

    def because(self, view: View) -> tuple[str, ...]:
        """What it looked at, as name = value."""
        looked_at = ((part, member, view.get(part)) for part, member in self.names)
        return tuple(
            f"{part}.{member} = {found[member]}" for part, member, found in looked_at if isinstance(found, Mapping)
        )
