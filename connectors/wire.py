"""How TM Forum Open APIs write things in JSON: money, points in time, errors, values; and how they are read."""

import string
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, TypeVar
from urllib.parse import quote

import msgspec

T = TypeVar("T")
Json = str | int | bool | Decimal | None | Sequence["Json"] | Mapping[str, "Json"]

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time. One without an offset could mean any of two dozen and is not read."""

_UNTYPED: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_VISIBLE: Final = string.punctuation.replace("%", "")


class Money(msgspec.Struct, frozen=True):
    """TMF Money as it is on the wire; the number is read exactly, never as a float."""

    unit: str
    value: Decimal


class Day:
    """A day as the Open APIs write it: a date, or a point in time of which only the day counts."""

    __slots__ = ("day",)

    def __init__(self, day: date) -> None:
        self.day = day


class RelatedParty(msgspec.Struct, rename="camel"):
    """Who is involved, in which role: the party itself in v4, inside `partyOrPartyRole` in v5."""

    id: str = ""
    role: str | None = None
    referred_type: str | None = msgspec.field(default=None, name="@referredType")
    party_or_party_role: "PartyRef | None" = None

    @property
    def party_id(self) -> str:
        """The party's id."""
        return self.party_or_party_role.id if self.party_or_party_role else self.id

    @property
    def kind(self) -> str:
        """What the id is an id of."""
        inner = self.party_or_party_role
        return (inner.referred_type if inner else self.referred_type) or "Customer"


class PartyRef(msgspec.Struct):
    """A party, or what it is to the operator."""

    id: str
    referred_type: str | None = msgspec.field(default=None, name="@referredType")


class Ref(msgspec.Struct):
    """A reference to something that another resource holds."""

    id: str
    name: str | None = None


class PlaceRef(msgspec.Struct):
    """Where something is: the place itself in v4, inside `place` in v5."""

    id: str = ""
    role: str | None = None
    place: Ref | None = None

    @property
    def place_id(self) -> str:
        """The place's id."""
        return self.place.id if self.place else self.id


class TmfError(msgspec.Struct):
    """The error body of TMF630."""

    code: str | int | None = None
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
            return msgspec.json.decode(body, type=shape, dec_hook=_read_day)
        except msgspec.ValidationError:
            # many backends write null for what they do not have; few enough to look only now
            return msgspec.convert(_without_nulls(_UNTYPED.decode(body)), shape, dec_hook=_read_day)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from error


def _read_day(shape: type, value: object) -> object:
    if shape is not Day:
        return value  # a value of any type, as it is
    if not isinstance(value, str):
        raise ValueError("a day is written as text")
    return Day(date.fromisoformat(value[:10]))


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_nulls(member) for member in value if member is not None]
    return value


def money(amount: Decimal, currency: str) -> Json:
    """TMF Money."""
    return {"unit": currency, "value": amount}


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
