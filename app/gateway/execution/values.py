"""What values are on their way into an answer: which of them are plain, and what becomes of a leaf."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import CoroutineType, GeneratorType, NoneType
from typing import Any, Final
from uuid import UUID

from graphql import GraphQLObjectType, Undefined
from graphql.pyutils import inspect

IMMUTABLE: Final = frozenset({NoneType, bool, int, float, str, bytes, date, datetime, time, timedelta, Decimal, UUID})
PLAIN: Final[set[type]] = {*IMMUTABLE, list, tuple, dict, set, frozenset} - {NoneType}
"""Types whose values are neither awaitable nor exceptions; more are added as they are met."""
MOST_PLAIN: Final = 10_000


class Odd(Exception):
    """A value that generated code leaves to the interpreter."""


class Typed:
    """A value whose type had to be awaited, with that type. `fits`: it is known to be one of that type."""

    __slots__ = ("_type", "_value", "fits")

    def __init__(self, value: object, type_: GraphQLObjectType, *, fits: bool) -> None:
        self._value = value
        self._type = type_
        self.fits = fits

    def open(self) -> tuple[Any, GraphQLObjectType]:
        """Both."""
        return self._value, self._type


def leaf(type_: Any, value: object) -> object:
    """A scalar or the name of an enum's value. Raises when it is none of this type."""
    coerced = type_.coerce_output_value(value)
    if coerced is Undefined or coerced is None:
        raise TypeError(
            f"Expected `{inspect(type_)}.coerce_output_value({inspect(value)})` to return non-nullable value, returned:"
            f" {inspect(coerced)}"
        )
    return coerced


def learn(type_: type) -> None:
    """Values of this type were found to be plain, if all of them are."""
    if (
        not hasattr(type_, "__await__")
        and not hasattr(type_, "__getattr__")
        and not issubclass(type_, BaseException | CoroutineType | GeneratorType | NoneType | Typed)
        and len(PLAIN) < MOST_PLAIN
    ):
        PLAIN.add(type_)
