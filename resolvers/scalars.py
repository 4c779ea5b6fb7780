"""Scalars: exact on the wire, strict on the way in."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, NewType

import msgspec
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217."""

MOST_DIGITS: Final = 18


def _time_out(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time_in(value: object) -> datetime:
    try:
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise GraphQLError("This is not a time with a zone as in RFC 3339, for example 2026-05-02T08:13:59Z.")
    return parsed.astimezone(UTC)


def _date_in(value: object) -> date:
    try:
        parsed = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if parsed is None:
        raise GraphQLError("This is not a day such as 2026-05-02.")
    return parsed


def _decimal_in(value: object) -> Decimal:
    try:
        parsed = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        parsed = None
    if parsed is None or not parsed.is_finite() or len(parsed.as_tuple().digits) > MOST_DIGITS:
        raise GraphQLError('This is not a decimal number in a string, for example "19.99".')
    return parsed


def _currency_in(value: object) -> CurrencyCode:
    if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isupper()):
        raise GraphQLError('This is not an ISO 4217 currency code, for example "EUR".')
    return CurrencyCode(value)


def _duration_in(value: object) -> timedelta:
    try:
        return msgspec.convert(value, timedelta)
    except msgspec.ValidationError:
        raise GraphQLError("This is not a length of time in ISO 8601, for example PT90S or P14D.") from None


def _duration_out(value: timedelta) -> str:
    return str(msgspec.to_builtins(value))


SCALARS: Final[dict[object, ScalarDefinition]] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A point in time, RFC 3339, in UTC: `2026-05-02T08:13:59Z`. Input names its zone.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=_time_out,
        parse_value=_time_in,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day: `2026-05-02`.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
        serialize=date.isoformat,
        parse_value=_date_in,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact decimal number, as a string: `"19.99"`.',
        serialize=lambda value: format(value, "f"),
        parse_value=_decimal_in,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="An ISO 4217 currency code: `EUR`.",
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        serialize=str,
        parse_value=_currency_in,
    ),
    timedelta: strawberry.scalar(
        name="Duration",
        description="A length of time, ISO 8601: `PT90S`.",
        serialize=_duration_out,
        parse_value=_duration_in,
    ),
}
