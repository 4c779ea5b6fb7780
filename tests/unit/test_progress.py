"""What an order under way is called while something of it has fallen out: its failure policy decides."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from app.domain.order import FailurePolicy
from app.domain.plan import Dependency, Plan, Task
from app.domain.plan_events import FalloutAction, FalloutDecided
from app.domain.progress import item_state_of, order_state_under_way
from app.domain.states import OrderState, TaskState
from app.domain.step import step
from tests.unit.orders import NOW

P: Final = FailurePolicy
T: Final = TaskState
ITEMS: Final = ("1", "2")


def plan(policy: FailurePolicy, states: Mapping[str, TaskState]) -> Plan:
    """Two items of two tasks each, one after the other, and something for the whole order at the end."""
    after = {"1/b": ("1/a",), "2/b": ("2/a",), "order/told": ("1/b", "2/b")}
    tasks = tuple(
        Task(
            id=task_id,
            item_ids=(task_id[0],) if task_id[0] in ITEMS else (),
            name=task_id,
            operation="backend.do",
            rule="r",
            depends_on=tuple(map(Dependency, after.get(task_id, ()))),
            state=states.get(task_id, T.PENDING),
            revision=1,
        )
        for task_id in ("1/a", "1/b", "2/a", "2/b", "order/told")
    )
    return Plan(order_id="o1", tasks=tasks, failure_policy=policy, revision=1)


def told(found: Plan) -> OrderState:
    return order_state_under_way([item_state_of(found.tasks_of(item)) for item in ITEMS], found)


@pytest.mark.parametrize(
    ("policy", "other", "state"),
    [
        (P.HALT, T.RUNNING, OrderState.IN_PROGRESS),
        (P.HALT, T.AWAITING_RESULT, OrderState.IN_PROGRESS),
        (P.HALT, T.COMPLETED, OrderState.HELD),
        (P.HALT, T.PENDING, OrderState.HELD),
        (P.HALT_AND_ROLLBACK, T.COMPLETED, OrderState.HELD),
        (P.CONTINUE, T.COMPLETED, OrderState.IN_PROGRESS),
    ],
)
def test_an_order_is_held_once_what_fell_out_has_brought_it_to_rest(
    policy: FailurePolicy, other: TaskState, state: OrderState
) -> None:
    assert told(plan(policy, {"1/a": T.FALLOUT, "2/a": other})) is state


@pytest.mark.parametrize(
    ("other", "state"),
    [
        (T.RUNNING, OrderState.IN_PROGRESS),
        (T.AWAITING_RESULT, OrderState.IN_PROGRESS),
        (T.COMPLETED, OrderState.PENDING),
    ],
)
def test_an_order_is_pending_once_nothing_goes_on_but_what_people_have_to_do(
    other: TaskState, state: OrderState
) -> None:
    waiting = plan(P.HALT, {"1/a": T.COMPLETED, "1/b": other, "order/told": T.AWAITING_RESULT})
    signing = [replace(task, pends=True) if task.id == "order/told" else task for task in waiting.tasks]

    assert told(replace(waiting, tasks=tuple(signing))) is state


@pytest.mark.parametrize("action", FalloutAction)
def test_it_goes_on_when_people_have_decided(action: FalloutAction) -> None:
    halted = plan(P.HALT, {"1/a": T.FALLOUT, "2/a": T.COMPLETED})

    decided, commands = step(halted, FalloutDecided(at=NOW, task_id="1/a", action=action))

    assert (halted.halted, halted.held, decided.halted) == (True, False, False)
    assert commands
    assert told(decided) is OrderState.IN_PROGRESS
