"""How two versions of an order differ, as what stands at which place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from app.domain.money import Money
from app.domain.order import ProductOrder

NOT_CONTENT: Final = frozenset({"version", "updated_at"})
"""What differs in each version and says nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What stands at the JSON pointer `path` in one version and in the other; None: nothing."""

    path: str
    before: str | None
    after: str | None


def differences(before: ProductOrder, after: ProductOrder) -> tuple[Difference, ...]:
    """Every place at which something else stands, in the order of the order's parts. Items are told apart by id."""
    old, new = dict(_places(before, "")), dict(_places(after, ""))
    return tuple(
        Difference(path, old.get(path), new.get(path))
        for path in dict.fromkeys((*old, *new))
        if old.get(path) != new.get(path)
    )


def _places(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case None | ():
            return
        case Money():
            yield path, f"{value.amount} {value.currency}"
        case Enum():
            yield path, str(value.value)
        case datetime():
            yield path, value.isoformat()
        case tuple():
            for name, member in _named(value):
                yield from _places(member, f"{path}/{name}")
        case _ if is_dataclass(value):
            for field in fields(value):
                if path or field.name not in NOT_CONTENT:
                    yield from _places(getattr(value, field.name), f"{path}/{_camel(field.name)}")
        case _:
            yield path, str(value)


def _named(members: Iterable[object]) -> Iterator[tuple[str, object]]:
    """The members of a list by what they are known by: their id or name, else their number."""
    for number, member in enumerate(members):
        known = getattr(member, "id", None) or getattr(member, "name", None)
        yield str(known if known is not None else number), member


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
