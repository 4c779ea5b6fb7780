"""A backend that says when it can be asked again is not asked before."""

from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy

from app.orchestration.activities import LONGEST_REST, longer_pause

S = timedelta(seconds=1)
POLICY = RetryPolicy(initial_interval=2 * S, maximum_interval=60 * S, maximum_attempts=10)


@pytest.mark.parametrize(
    ("asked", "attempt", "pause"),
    [
        (0 * S, 1, None),
        (2 * S, 1, None),
        (5 * S, 1, 5 * S),
        (5 * S, 2, 5 * S),
        (5 * S, 3, None),
        (90 * S, 30, 90 * S),
        (60 * S, 4000, None),
        (86_400 * S, 1, LONGEST_REST),
    ],
)
def test_what_a_backend_asks_for_makes_a_pause_longer_and_never_shorter(
    asked: timedelta, attempt: int, pause: timedelta | None
) -> None:
    assert longer_pause(asked, POLICY, attempt=attempt) == pause


def test_without_a_policy_nothing_is_known_to_be_longer() -> None:
    assert longer_pause(5 * S, None, attempt=1) is None
