"""Charge periods and terms: how long they are, and when they begin and end."""

import calendar
from datetime import datetime, timedelta
from typing import Final

MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
DAYS: Final = {"day": 1, "week": 7}


def months_of(period: str | None) -> int | None:
    """How many months a charge period has: "month", "3 month", "year"; None: it is not counted in months."""
    number, unit = _parts(period)
    return number * MONTHS[unit] if unit in MONTHS else None


def start_of(period: str | None, start: datetime, n: int) -> datetime | None:
    """When the `n`-th charge period begins, counted from 1, of a price that is charged from `start` on.

    None: the period is none that we know.
    """
    number, unit = _parts(period)
    if unit in MONTHS:
        return plus_months(start, (n - 1) * number * MONTHS[unit])
    return start + timedelta(days=(n - 1) * number * DAYS[unit]) if unit in DAYS else None


def _parts(period: str | None) -> tuple[int, str]:
    number, _, unit = (period or "").rpartition(" ")
    return (int(number) if number.isdigit() else 1), unit.removesuffix("s")


def plus_months(at: datetime, months: int) -> datetime:
    """So many months later, on the same day, or on the last day of a month that is too short for it."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def end_of_term(start: datetime, amount: int, unit: str) -> datetime | None:
    """When a term of so many days, weeks, months or years ends; None: the unit is none that we know."""
    return start_of(unit, start, amount + 1)


def months_between(start: datetime, end: datetime) -> int:
    """How many whole months lie between."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - 1 if (end.day, end.time()) < (start.day, start.time()) else months


def months_begun(start: datetime | None, at: datetime) -> int:
    """Which month it is since then, counted from 1; the first, when it is not known since when."""
    return 1 if start is None or at < start else months_between(start, at) + 1


def months_left(end: datetime | None, at: datetime) -> int:
    """How many months have begun or will have begun from then until the end; 0: it has come, or there is none."""
    if end is None or end <= at:
        return 0
    whole = months_between(at, end)
    return whole if (end.day, end.time()) == (at.day, at.time()) else whole + 1
