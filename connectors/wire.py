"""How TM Forum Open APIs write things in JSON: money, points in time, errors, values; and how they are read."""

import string
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, TypeVar
from urllib.parse import quote

import msgspec

T = TypeVar("T")
Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time. One without an offset could mean any of two dozen and is not read."""

_UNTYPED: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_VISIBLE: Final = string.punctuation.replace("%", "")


class Money(msgspec.Struct, frozen=True):
    """TMF Money as it is on the wire; the number is read exactly, never as a float."""

    unit: str
    value: Decimal


class TmfError(msgspec.Struct):
    """The error body of TMF630."""

    reason: str | None = None
    message: str | None = None

    @property
    def text(self) -> str:
        """Both in one line."""
        return ": ".join(part for part in (self.reason, self.message) if part)


class MalformedNotification(ValueError):
    """What came in at a listener is none of the notifications that it takes."""


def decode(body: bytes, shape: type[T]) -> T:
    """The body in this shape, null being the same as absent.

    Raises msgspec.ValidationError when it has another shape, any other msgspec.DecodeError when it is no JSON.
    """
    try:
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.ValidationError:
            # many backends write null for what they do not have; few enough to look only now
            return msgspec.convert(_without_nulls(_UNTYPED.decode(body)), shape)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_nulls(member) for member in value if member is not None]
    return value


def encode(body: Json) -> bytes:
    """The body of a request."""
    return _ENCODER.encode(body)


def refusal(body: bytes) -> TmfError:
    """What the backend says of its refusal; empty when it says nothing readable."""
    try:
        return decode(body, TmfError)
    except msgspec.DecodeError:
        return TmfError()


def text_of(value: object) -> str:
    """The value of a characteristic as channels write it: a text as it is, anything else in JSON's words."""
    return value if isinstance(value, str) else _ENCODER.encode(value).decode()


def segment(member_id: str) -> str:
    """An id as one segment of a path, whatever it holds."""
    return quote(member_id, safe="")


def header_text(value: str) -> str:
    """A text as a header can carry it: visible ASCII as it is, the rest percent-encoded. Different texts stay so."""
    return quote(value, safe=_VISIBLE)
