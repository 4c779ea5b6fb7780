"""When tasks begin and end in each of the four ways to wait, what the end depends on, and when time alone counts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.plan import Dependency, DependencyKind, Escalation, Plan, Task, Timeout, Worklist
from app.domain.states import TaskState
from app.domain.timing import CyclicPlan, critical_path, due, expected_end, in_order, length, schedule
from tests.unit.orders import NOW

FS, SS = DependencyKind.FINISH_TO_START, DependencyKind.START_TO_START
FF, SF = DependencyKind.FINISH_TO_FINISH, DependencyKind.START_TO_FINISH


def a_task(task_id: str, seconds: int, *after: tuple[str, DependencyKind], **more: object) -> Task:
    task = Task(
        id=task_id,
        item_ids=("1",),
        name=task_id,
        operation=f"backend.{task_id}",
        rule="r",
        expected=timedelta(seconds=seconds),
        depends_on=tuple(Dependency(other, kind) for other, kind in after),
    )
    return replace(task, **more)  # type: ignore[arg-type]  # fields of the task


def a_plan(*tasks: Task, **more: object) -> Plan:
    return replace(Plan(order_id="o1", tasks=tasks), **more)  # type: ignore[arg-type]  # fields of the plan


def second(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def times(plan: Plan, at: datetime = NOW) -> dict[str, tuple[float, float]]:
    found = schedule(plan, at)
    return {one: ((a - NOW).total_seconds(), (b - NOW).total_seconds()) for one, (a, b) in found.items()}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(FS, (10, 13)), (SS, (0, 3)), (FF, (0, 10)), (SF, (0, 3))],
)
def test_each_kind_of_dependency_moves_the_edge_that_it_is_about(
    kind: DependencyKind, expected: tuple[int, int]
) -> None:
    plan = a_plan(a_task("a", 10), a_task("b", 3, ("a", kind)))

    assert times(plan) == {"a": (0, 10), "b": expected}


def test_a_start_that_is_late_moves_what_must_not_end_before_it() -> None:
    plan = a_plan(a_task("x", 7), a_task("a", 10, ("x", FS)), a_task("b", 3, ("a", SF)), a_task("c", 1, ("a", SS)))

    assert times(plan) == {"x": (0, 7), "a": (7, 17), "b": (0, 7), "c": (7, 8)}


def test_what_began_and_ended_keeps_its_times_and_what_is_late_may_end_at_any_moment() -> None:
    plan = a_plan(
        a_task("a", 10, state=TaskState.COMPLETED, started_at=second(-20), ended_at=second(-15)),
        a_task("b", 10, ("a", FS), state=TaskState.RUNNING, started_at=second(-15)),
        a_task("c", 10, ("a", FS), state=TaskState.AWAITING_RESULT, started_at=second(-4)),
        a_task("d", 2, ("b", FS), ("c", FS)),
    )

    assert times(plan) == {"a": (-20, -15), "b": (-15, 0), "c": (-4, 6), "d": (6, 8)}
    assert expected_end(plan, NOW) == second(8)
    assert critical_path(plan, NOW) == ("a", "c", "d")


def test_dates_hold_back() -> None:
    plan = a_plan(a_task("a", 1), a_task("b", 1, not_before=second(100)), begins_at=second(50))

    assert times(plan) == {"a": (50, 51), "b": (100, 101)}
    assert length(plan, NOW) == timedelta(seconds=51)


def test_the_path_to_one_task_is_what_its_own_end_depends_on() -> None:
    plan = a_plan(a_task("a", 1), a_task("b", 9), a_task("c", 1, ("a", FS), ("b", FS)), a_task("z", 50))

    assert critical_path(plan, NOW) == ("z",)
    assert critical_path(plan, NOW, to="c") == ("b", "c")


def test_an_empty_plan_has_ended() -> None:
    assert (expected_end(a_plan(), NOW), critical_path(a_plan(), NOW), due(a_plan())) == (NOW, (), None)


@pytest.mark.parametrize(
    ("_case", "tasks", "circle"),
    [
        ("ends for beginnings", [a_task("a", 1, ("b", FS)), a_task("b", 1, ("a", FS))], {"a", "b"}),
        ("beginnings", [a_task("a", 1, ("b", SS)), a_task("b", 1, ("a", SS))], {"a", "b"}),
        ("ends", [a_task("a", 1, ("b", FF)), a_task("b", 1, ("a", FF))], {"a", "b"}),
        ("mixed", [a_task("a", 1, ("b", FS)), a_task("b", 1, ("c", SF)), a_task("c", 1, ("a", SS))], {"a", "b", "c"}),
        ("itself", [a_task("a", 1, ("a", FS))], {"a"}),
    ],
)
def test_a_circle_over_any_kinds_is_refused_with_its_path(_case: str, tasks: list[Task], circle: set[str]) -> None:
    with pytest.raises(CyclicPlan) as refused:
        in_order({task.id: task for task in tasks})

    assert set(refused.value.circle) == circle
    assert " → " in str(refused.value) or len(circle) == 1


def test_what_looks_like_a_circle_between_tasks_is_none_between_their_edges() -> None:
    plan = a_plan(a_task("a", 2, ("b", SS)), a_task("b", 5, ("a", FF)))

    assert times(plan) == {"a": (0, 2), "b": (0, 5)}


def moments(plan: Plan, until: datetime) -> Iterable[float]:
    """When time alone is looked at, each look being the only thing that happens."""
    while (moment := due(plan)) is not None and moment <= until:
        yield (moment - NOW).total_seconds()
        plan = replace(plan, checked_at=moment)


def test_a_promise_is_looked_at_when_it_can_be_kept_no_longer_and_when_it_is_broken() -> None:
    running = a_task("a", 100, state=TaskState.AWAITING_RESULT, started_at=NOW)
    plan = a_plan(running, a_task("b", 30, ("a", FS)), promised_at=second(150), checked_at=NOW)

    # 100, 200, 400: the task takes longer than usual · 120: b would end too late · 150: broken · 140 … since it is late
    assert list(moments(plan, second(450))) == [100, 120, 130, 140, 150, 160, 200, 280, 400, 440]


def test_a_task_in_fallout_endangers_a_promise_though_nothing_runs() -> None:
    fallen = a_task("a", 10, state=TaskState.FALLOUT, started_at=NOW)
    plan = a_plan(fallen, a_task("b", 30, ("a", FS)), promised_at=second(3600), checked_at=NOW)

    assert next(iter(moments(plan, second(9999)))) == 3570


def test_the_promise_of_a_milestone_is_looked_at_by_itself() -> None:
    first = a_task("a", 10, state=TaskState.RUNNING, started_at=NOW, milestone="m", promised_at=second(60))
    plan = a_plan(first, a_task("b", 500, ("a", FS)), checked_at=NOW)

    assert list(moments(plan, second(70))) == [10, 20, 40, 60, 70]


def test_an_order_that_promises_nothing_is_looked_at_for_nothing() -> None:
    plan = a_plan(a_task("a", 10, state=TaskState.RUNNING, started_at=NOW), checked_at=NOW)

    assert due(plan) is None


def test_days_timeouts_and_escalations_are_waited_for() -> None:
    day = a_plan(a_task("a", 1, not_before=second(20)), begins_at=second(10), checked_at=NOW)
    worklist = Worklist(queue="q", escalations=(Escalation(after=timedelta(seconds=5), to="leads"),))
    waiting = a_task(
        "w",
        1,
        state=TaskState.AWAITING_RESULT,
        started_at=NOW,
        timeout=Timeout(after=timedelta(seconds=30)),
        worklist=worklist,
    )

    assert list(moments(day, second(99))) == [10, 20]
    assert due(a_plan(waiting, checked_at=NOW)) == second(30)
    assert due(a_plan(waiting, frozen_until=second(3), checked_at=NOW)) == second(3)
