"""What is learnt of how long operations take: from which tasks, after how many, and what an outlier counts for."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.durations import ENOUGH, ENOUGH_OF_PEOPLE, OUTLIER, Duration, Sample, learnt, samples
from app.domain.plan import Dependency, DependencyKind, Plan, Task
from app.domain.states import TaskState
from tests.unit.orders import NOW


def after(*seconds: float, by_people: bool = False) -> Duration:
    first, *rest = (Sample(operation="o", seconds=s, by_people=by_people) for s in seconds)
    return reduce(learnt, rest, learnt(None, first))


def test_too_few_samples_count_for_nothing() -> None:
    assert after(*[4.0] * (ENOUGH - 1)).usual is None
    assert after(*[4.0] * ENOUGH).usual == timedelta(seconds=4)
    assert after(*[4.0] * (ENOUGH_OF_PEOPLE - 1), by_people=True).usual is None
    assert after(*[4.0] * ENOUGH_OF_PEOPLE, by_people=True).usual == timedelta(seconds=4)


def test_the_first_samples_count_alike_and_later_the_newest_more() -> None:
    assert after(1.0, 2.0, 3.0, 6.0).seconds == pytest.approx(3.0)
    changed = after(*[1.0] * 100, *[3.0] * 60)
    assert 2.8 < changed.seconds < 3.0


def test_an_outage_is_not_how_long_things_take() -> None:
    usual = after(*[2.0] * 50)
    outage = learnt(usual, Sample(operation="o", seconds=36_000.0))

    assert outage.seconds <= usual.seconds * (1 + 0.05 * OUTLIER)


def test_of_people_it_is_what_half_of_them_need() -> None:
    some_never_hurry = after(*[60.0, 50.0, 70.0, 60.0, 500_000.0] * 40, by_people=True)

    assert 40 < some_never_hurry.seconds < 90


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.booleans())
def test_it_stays_within_what_was_seen(seconds: list[float], by_people: bool) -> None:
    found = after(*seconds, by_people=by_people)

    assert found.count == len(seconds)
    assert found.seconds >= 0
    if not by_people:
        assert min(seconds) - 1e-6 <= found.seconds <= max(seconds) + 1e-6


def task(**more: Any) -> Task:
    done = Task(
        id="1/t",
        item_ids=("1",),
        name="T",
        operation="o.p",
        rule="r",
        state=TaskState.COMPLETED,
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=3),
    )
    return replace(done, **more)


def plan(*tasks: Task) -> Plan:
    return Plan(order_id="o1", tasks=tasks)


def test_what_was_just_completed_tells() -> None:
    running = task(state=TaskState.RUNNING, ended_at=None)

    assert list(samples(plan(running), plan(task()))) == [Sample(operation="o.p", seconds=3.0)]
    assert list(samples(None, plan(task(pends=True)))) == [Sample(operation="o.p", seconds=3.0, by_people=True)]
    assert [s.by_people for s in samples(None, plan(task(operation="people.visit")))] == [True]
    assert list(samples(plan(task()), plan(task()))) == [], "told before"
    assert list(samples(None, plan(running))) == []


@pytest.mark.parametrize(
    ("_case", "more"),
    [
        ("asked anew after people decided", {"revision": 2}),
        ("takes something back", {"undoes": "1/x"}),
        ("waited for the end of another", {"depends_on": (Dependency("1/x", DependencyKind.FINISH_TO_FINISH),)}),
        ("was never begun", {"started_at": None}),
        ("decided to go on without", {"state": TaskState.SKIPPED}),
    ],
)
def test_what_says_nothing_of_how_long_it_takes_tells_nothing(_case: str, more: dict[str, Any]) -> None:
    assert list(samples(None, plan(task(**more)))) == []
    assert list(samples(plan(task(amending=True, state=TaskState.RUNNING)), plan(task()))) == []
