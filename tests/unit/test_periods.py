"""Charge periods and terms: how long they are, when they begin and end."""

from datetime import UTC, datetime

import pytest

from app.domain.periods import end_of_term, months_of, start_of

END_OF_JANUARY = datetime(2028, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "n", "start"),
    [
        ("month", 1, END_OF_JANUARY),
        ("month", 2, datetime(2028, 2, 29, tzinfo=UTC)),
        ("month", 3, datetime(2028, 3, 31, tzinfo=UTC)),
        ("3 month", 2, datetime(2028, 4, 30, tzinfo=UTC)),
        ("year", 2, datetime(2029, 1, 31, tzinfo=UTC)),
        ("week", 2, datetime(2028, 2, 7, tzinfo=UTC)),
        ("fortnight", 2, None),
        (None, 2, None),
    ],
)
def test_when_a_charge_period_begins(period: str | None, n: int, start: datetime | None) -> None:
    assert start_of(period, END_OF_JANUARY, n) == start


def test_how_long_periods_and_terms_are() -> None:
    assert [months_of(period) for period in ("month", "3 months", "year", "day", None)] == [1, 3, 12, None, None]
    assert end_of_term(END_OF_JANUARY, 1, "month") == datetime(2028, 2, 29, tzinfo=UTC)
    assert end_of_term(END_OF_JANUARY, 24, "months") == datetime(2030, 1, 31, tzinfo=UTC)
