"""Items that are carried out one after another: whose turn it is, and what that means for the times."""

from datetime import timedelta
from typing import Final

import pytest

from app.domain.plan import Dependency, DependencyKind, Plan, Task
from app.domain.sequence import not_yet, turns
from app.domain.states import TaskState
from app.domain.timing import critical_path, schedule
from tests.unit.orders import NOW

THREE: Final = ("1", "2", "3")
P, R, C, A = TaskState.PENDING, TaskState.RUNNING, TaskState.COMPLETED, TaskState.ABANDONED


def task(task_id: str, *after: str, items: tuple[str, ...] | None = None, state: TaskState = P) -> Task:
    """A task of ten seconds; of the item that its id begins with unless it is said of which."""
    return Task(
        id=task_id,
        item_ids=(task_id[0],) if items is None else items,
        name=task_id,
        operation="backend.do",
        rule="r",
        expected=timedelta(seconds=10),
        depends_on=tuple(Dependency(other) for other in after),
        state=state,
    )


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ([task("1a"), task("2a"), task("3a")], ["1", "2", "3"]),
        ([task("1a", "3a"), task("2a"), task("3a")], ["2", "3", "1"]),
        ([task("1a", "all"), task("2a"), task("3a"), task("all", "3a", items=())], ["2", "3", "1"]),
        ([task("1a", "2a"), task("1b"), task("2a"), task("2b", "1b"), task("3a")], ["12", "3"]),
        ([task("1a", "2a"), task("2a", "3a"), task("3a"), task("3b", "1a")], ["123"]),
        ([task("1a"), task("visit", items=("1", "3")), task("2a")], ["13", "2"]),
        ([task("2a")], ["1", "2", "3"]),
    ],
    ids=[
        "in their order",
        "not before what is waited for",
        "also through a task of the whole order",
        "two that wait for each other",
        "a circle of three",
        "two that share a task",
        "items without tasks",
    ],
)
def test_items_take_their_turn(tasks: list[Task], expected: list[str]) -> None:
    assert turns(THREE, tasks) == tuple(frozenset(turn) for turn in expected)


def test_an_end_is_waited_for_like_a_beginning() -> None:
    first = Task(
        id="1a",
        item_ids=("1",),
        name="1a",
        operation="backend.do",
        rule="r",
        depends_on=(Dependency("2a", DependencyKind.FINISH_TO_FINISH),),
    )

    assert turns(("1", "2"), [first, task("2a")]) == (frozenset("2"), frozenset("1"))


@pytest.mark.parametrize(
    ("states", "expected"),
    [((P, P, P), "23"), ((R, P, P), "23"), ((C, P, P), "3"), ((C, A, P), ""), ((R, A, P), "23"), ((C, C, C), "")],
)
def test_what_comes_later_waits_until_all_before_it_has_ended(
    states: tuple[TaskState, TaskState, TaskState], expected: str
) -> None:
    tasks = [task(f"{n}a", state=state) for n, state in zip(THREE, states, strict=True)]

    assert not_yet(THREE, tasks) == frozenset(expected)


def test_without_a_sequence_nobody_waits() -> None:
    assert turns((), [task("1a")]) == ()
    assert not_yet((), [task("1a")]) == frozenset()


def test_times_and_the_critical_path_follow_the_turns() -> None:
    tasks = (task("1a"), task("1b", "1a"), task("2a"), task("3a"), task("end", "1b", "2a", "3a", items=()))
    at_once, in_turn = Plan(order_id="o", tasks=tasks), Plan(order_id="o", tasks=tasks, sequence=THREE)

    begins = {task_id: (start - NOW).total_seconds() for task_id, (start, _) in schedule(in_turn, NOW).items()}

    assert begins == {"1a": 0, "1b": 10, "2a": 20, "3a": 30, "end": 40}
    assert critical_path(in_turn, NOW) == ("1a", "1b", "2a", "3a", "end")
    assert critical_path(at_once, NOW) == ("1a", "1b", "end")
