"""The plan under every interleaving of results, failures, repeats, late answers and people's decisions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.plan import Cause, Dependency, Plan, Task
from app.domain.plan_events import (
    Await,
    Command,
    FalloutAction,
    FalloutDecided,
    PlanEvent,
    Run,
    Started,
    TaskAccepted,
    TaskCompleted,
    TaskFailed,
)
from app.domain.states import TaskState
from app.domain.step import resume, step
from app.domain.timing import expected_end
from tests.unit.orders import NOW

NO = Cause(kind="REFUSED", message="no", final=True)
SILENCE = Cause(kind="TIMEOUT", message="no answer", final=False)


def make_task(task_id: str, *depends_on: str, item_id: str | None = "1", seconds: int = 1) -> Task:
    return Task(
        id=task_id,
        item_ids=(item_id,) if item_id else (),
        name=task_id,
        operation=f"backend.{task_id}",
        rule="r",
        depends_on=tuple(map(Dependency, depends_on)),
        expected=timedelta(seconds=seconds),
    )


def started(*tasks: Task) -> tuple[Plan, tuple[Command, ...]]:
    return step(Plan(order_id="o1", tasks=tasks), Started(at=NOW))


def done(task_id: str, revision: int = 1, reference: str | None = None) -> TaskCompleted:
    return TaskCompleted(at=NOW, task_id=task_id, revision=revision, reference=reference)


def state(plan: Plan, task_id: str) -> TaskState:
    found = plan.task(task_id)
    assert found is not None
    return found.state


def test_what_waits_for_nothing_starts_together() -> None:
    plan, commands = started(make_task("a"), make_task("b"), make_task("c", "a", "b"))

    assert commands == (Run("a", 1), Run("b", 1))
    assert [t.state for t in plan.tasks] == [TaskState.RUNNING, TaskState.RUNNING, TaskState.PENDING]


def test_a_task_starts_when_the_last_of_what_it_waits_for_is_done() -> None:
    plan, _ = started(make_task("a"), make_task("b"), make_task("c", "a", "b"))

    plan, first = step(plan, done("a"))
    plan, second = step(plan, done("b"))

    assert (first, second) == ((), (Run("c", 1),))


@pytest.mark.parametrize("repeat", [done("a"), TaskFailed(at=NOW, task_id="a", revision=1, cause=NO), Started(at=NOW)])
def test_what_comes_twice_or_late_changes_nothing(repeat: PlanEvent) -> None:
    plan, _ = started(make_task("a"), make_task("b", "a"))
    plan, _ = step(plan, done("a"))

    assert step(plan, repeat) == (plan, ())


def test_a_callback_that_overtakes_the_acceptance_counts() -> None:
    plan, _ = started(make_task("a"))

    plan, _ = step(plan, done("a", reference="so-1"))
    late = step(plan, TaskAccepted(at=NOW, task_id="a", revision=1, reference="so-1"))

    assert late == (plan, ())
    assert state(plan, "a") is TaskState.COMPLETED


def test_an_answer_to_an_earlier_revision_is_ignored() -> None:
    plan, _ = started(make_task("a"))
    plan, _ = step(plan, TaskFailed(at=NOW, task_id="a", revision=1, cause=NO))
    plan, commands = step(plan, FalloutDecided(at=NOW, task_id="a", action=FalloutAction.RETRY))

    assert commands == (Run("a", 2),)
    assert step(plan, done("a", revision=1)) == (plan, ())


def test_with_the_outcome_unknown_a_retry_keeps_the_key() -> None:
    plan, _ = started(make_task("a"))
    plan, _ = step(plan, TaskFailed(at=NOW, task_id="a", revision=1, cause=SILENCE))

    _, commands = step(plan, FalloutDecided(at=NOW, task_id="a", action=FalloutAction.RETRY))

    assert commands == (Run("a", 1),)


def test_success_that_is_reported_while_people_still_think_is_taken() -> None:
    plan, _ = started(make_task("a"), make_task("b", "a"))
    plan, _ = step(plan, TaskFailed(at=NOW, task_id="a", revision=1, cause=SILENCE))

    plan, commands = step(plan, done("a"))

    assert state(plan, "a") is TaskState.COMPLETED
    assert commands == (Run("b", 1),)


def test_a_given_up_task_takes_with_it_all_that_waits_for_it() -> None:
    plan, _ = started(make_task("a"), make_task("b", "a"), make_task("c", "b"), make_task("d"))
    plan, _ = step(plan, TaskFailed(at=NOW, task_id="a", revision=1, cause=NO))

    plan, _ = step(plan, FalloutDecided(at=NOW, task_id="a", action=FalloutAction.FAIL_ITEM))

    assert [t.state for t in plan.tasks] == [
        TaskState.FAILED,
        TaskState.ABANDONED,
        TaskState.ABANDONED,
        TaskState.RUNNING,
    ]


def test_a_skipped_task_lets_the_next_begin() -> None:
    plan, _ = started(make_task("a"), make_task("b", "a"))
    plan, _ = step(plan, TaskFailed(at=NOW, task_id="a", revision=1, cause=NO))

    _, commands = step(plan, FalloutDecided(at=NOW, task_id="a", action=FalloutAction.SKIP))

    assert commands == (Run("b", 1),)


def test_the_expected_end_is_the_critical_path() -> None:
    plan = Plan(
        order_id="o1",
        tasks=(
            make_task("a", seconds=5),
            make_task("b", "a", seconds=7),
            make_task("c", seconds=10),
            make_task("d", "b", "c"),
        ),
    )

    assert expected_end(plan, NOW) == NOW + timedelta(seconds=13)


def test_resuming_runs_again_what_ran_and_awaits_what_was_awaited() -> None:
    plan, _ = started(make_task("a"), make_task("b"), make_task("c", "a"))
    plan, _ = step(plan, TaskAccepted(at=NOW, task_id="b", revision=1, reference="so-7"))

    assert resume(plan) == (Run("a", 1), Await("b", 1, "so-7"))
    assert resume(replace(plan, tasks=())) == ()
