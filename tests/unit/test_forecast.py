"""What endangers a promise: predictions against promises, what is blocked, and the levels that rules give."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.actor import system_actor
from app.domain.conditions import CannotJudge, Condition
from app.domain.events import EventType
from app.domain.forecast import blank_view, judged
from app.domain.jeopardy import Jeopardy, JeopardyKind, JeopardyLevel
from app.domain.order import ProductOrder
from app.domain.plan import Attention, Cause, Dependency, Plan, Task
from app.domain.progress import Progress, advance
from app.domain.rulebook import JeopardyRule
from app.domain.states import ItemState, OrderState, TaskState
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook.read import read_rulebook
from tests.unit.orders import NOW, item, order

LOW, MEDIUM, HIGH, CRITICAL = JeopardyLevel
RULES = read_rulebook(None, OPERATIONS).jeopardy
DRIFT = Cause(kind="DRIFT", message="ont: usageState", final=True)


def second(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def plan(*, promised: float | None = 100, milestone: float | None = None, **provision: Any) -> Plan:
    """Provisioning (10 seconds, begun now), and two tasks of five seconds after it."""
    first = Task(
        id="1/provision",
        item_ids=("1",),
        name="Set up",
        operation="provisioning.createServiceOrder",
        rule="r",
        expected=timedelta(seconds=10),
        state=TaskState.AWAITING_RESULT,
        started_at=NOW,
    )
    check = replace(
        first,
        id="1/check",
        name="Check",
        operation="inventory.verifyResources",
        state=TaskState.PENDING,
        started_at=None,
        expected=timedelta(seconds=5),
        depends_on=(Dependency("1/provision"),),
        milestone="network ready",
        promised_at=second(milestone) if milestone is not None else None,
    )
    last = replace(check, id="1/activate", depends_on=(Dependency("1/check"),), milestone=None, promised_at=None)
    tasks = (replace(first, **provision), check, last)
    return Plan(order_id="o1", tasks=tasks, promised_at=second(promised) if promised is not None else None)


def under_way(**more: Any) -> ProductOrder:
    started = replace(item("1"), state=ItemState.IN_PROGRESS)
    return replace(order(started, state=OrderState.IN_PROGRESS), **more)


def fallen(plan: Plan, task_id: str, at: datetime = NOW, cause: Cause = DRIFT) -> Plan:
    tasks = tuple(
        replace(t, state=TaskState.FALLOUT, cause=cause, started_at=NOW, attention=Attention(since=at, queue="q"))
        if t.id == task_id
        else replace(t, state=TaskState.COMPLETED, ended_at=at)
        if t.id == "1/provision"
        else t
        for t in plan.tasks
    )
    return replace(plan, tasks=tasks)


@pytest.mark.parametrize(
    ("_case", "promised", "at", "level", "late"),
    [
        ("in time", 100, 5, None, False),
        ("the last moment to be in time", 20, 0, None, False),
        ("too little time from the beginning", 19, 0, MEDIUM, False),
        ("slow, and still in time", 100, 11, LOW, True),
        ("slow, and too late by now", 60, 51, MEDIUM, True),
        ("broken", 60, 61, CRITICAL, True),
        ("nothing promised, nothing blocked", None, 10_000, None, False),
    ],
)
def test_how_much_an_order_is_in_danger(
    _case: str, promised: float | None, at: float, level: JeopardyLevel | None, late: bool
) -> None:
    found = judged(under_way(), plan(promised=promised), RULES, second(at))

    assert (found.level if found else None) is level
    assert [r.kind for r in found.reasons] == [JeopardyKind.LATE] * late if found else not late


def test_what_endangers_it_is_told() -> None:
    found = judged(under_way(), plan(promised=60), RULES, second(51))

    assert found is not None
    assert (found.predicted_at, found.promised_at, found.since, found.rule) == (
        second(61),
        second(60),
        second(51),
        "late",
    )
    [reason] = found.reasons
    assert (reason.task_id, reason.task_name, reason.since) == ("1/provision", "Set up", second(10))


@pytest.mark.parametrize(
    ("promised", "priority", "expected"),
    [
        (None, 4, (HIGH, "network-differs-from-its-records", "network-desk")),
        (100, 0, (HIGH, "network-differs-from-its-records", "network-desk")),
    ],
)
def test_drift_is_high_whether_something_was_promised_or_not(
    promised: float | None, priority: int, expected: tuple[JeopardyLevel, str, str]
) -> None:
    stuck = fallen(plan(promised=promised), "1/check")

    found = judged(under_way(priority=priority), stuck, RULES, second(1))

    assert found is not None
    assert (found.level, found.rule, found.queue) == expected
    assert (found.reasons[0].kind, found.reasons[0].message) == (JeopardyKind.BLOCKED, "ont: usageState")


@pytest.mark.parametrize(
    ("promised", "priority", "level"), [(None, 4, LOW), (None, 1, MEDIUM), (1000, 4, LOW), (10, 4, HIGH)]
)
def test_what_is_blocked_counts(promised: float | None, priority: int, level: JeopardyLevel) -> None:
    stuck = fallen(plan(promised=promised), "1/activate")
    stuck = replace(
        stuck,
        tasks=tuple(
            replace(t, operation="inventory.activateProduct") if t.id == "1/activate" else t for t in stuck.tasks
        ),
    )

    found = judged(under_way(priority=priority), stuck, RULES, second(6))

    assert found is not None
    assert found.level is level


def test_a_milestone_is_promised_by_itself_and_the_worst_promise_counts() -> None:
    both = plan(promised=1000, milestone=30)

    early, late = judged(under_way(), both, RULES, second(12)), judged(under_way(), both, RULES, second(28))

    assert early is not None
    assert late is not None
    assert (early.level, early.milestone) == (LOW, None)
    assert (late.level, late.milestone, late.promised_at, late.predicted_at) == (
        MEDIUM,
        "network ready",
        second(30),
        second(33),
    )


def test_what_does_not_lead_to_a_milestone_does_not_block_it() -> None:
    stuck = fallen(plan(promised=None, milestone=1000), "1/activate")

    def rule(rule_id: str, holds: Callable[[Any], bool]) -> JeopardyRule:
        return JeopardyRule(id=rule_id, when=Condition("as a function", holds), level=HIGH)

    of_milestone = [rule("m", lambda v: v["jeopardy"]["milestone"] != "" and v["jeopardy"]["blocked"])]
    of_order = [rule("o", lambda v: v["jeopardy"]["milestone"] == "" and v["jeopardy"]["blocked"])]

    assert judged(under_way(), stuck, of_milestone, second(1)) is None
    assert judged(under_way(), stuck, of_order, second(1)) is not None


def test_a_rule_that_cannot_be_judged_stops_nothing() -> None:
    def breaks(_: object) -> bool:
        raise CannotJudge("no")

    rules = [JeopardyRule(id="broken", when=Condition("x", breaks), level=CRITICAL), *RULES]

    found = judged(under_way(), plan(promised=60), rules, second(51))

    assert found is not None
    assert found.rule == "late"


def test_conditions_can_be_tried_on_nothing() -> None:
    assert all(isinstance(rule.when.holds(blank_view()), bool) for rule in RULES)


def moved(wanted: ProductOrder, before: Plan, after: Plan, at: datetime) -> Progress:
    return advance(wanted, before, after, sequence=7, at=at, actor=system_actor("orchestration"), jeopardy_rules=RULES)


def told(progress: Progress) -> list[tuple[JeopardyLevel | None, JeopardyLevel | None, bool]]:
    changes = [e.jeopardy for e in progress.events if e.type is EventType.JEOPARDY_CHANGED and e.jeopardy]
    return [(c.before, c.after.level if c.after else None, c.raised) for c in changes]


def test_it_is_told_when_it_is_raised_raised_further_and_cleared_and_at_no_other_time() -> None:
    silent = plan(promised=60)
    fine = moved(under_way(), silent, silent, second(5))
    slow = moved(fine.order, silent, silent, second(20))
    still = moved(slow.order, silent, silent, second(30))
    late = moved(still.order, silent, silent, second(55))
    ended = replace(
        silent, tasks=tuple(replace(t, state=TaskState.COMPLETED, ended_at=second(56)) for t in silent.tasks)
    )
    over = moved(late.order, silent, ended, second(56))

    assert [told(p) for p in (fine, slow, still, late)] == [[], [(None, LOW, True)], [], [(LOW, MEDIUM, True)]]
    assert told(over) == [(MEDIUM, None, False)]
    assert [e.sequence for e in late.events] == [8]
    assert {p.order.version for p in (fine, slow, still, late)} == {1}, "a forecast is no new version"
    assert late.order.jeopardy is not None
    assert late.order.jeopardy.since == second(20), "since it came into danger at all"
    assert (over.order.state, over.order.jeopardy) == (OrderState.COMPLETED, None)
    types = [e.type for e in over.events]
    assert types.index(EventType.JEOPARDY_CHANGED) < types.index(EventType.STATE_CHANGED)
    assert over.events[-1].state is OrderState.COMPLETED
    assert [e.sequence for e in over.events] == list(range(8, 8 + len(over.events)))


def test_a_milestone_is_told_once() -> None:
    before = plan(promised=None)
    after = replace(
        before,
        tasks=tuple(
            replace(t, state=TaskState.COMPLETED, ended_at=second(9)) if t.id != "1/activate" else t
            for t in before.tasks
        ),
    )

    first, again = moved(under_way(), before, after, second(9)), moved(under_way(), after, after, second(10))

    [event] = [e for e in first.events if e.type is EventType.MILESTONE_REACHED]
    assert event.milestone is not None
    assert (event.milestone.name, event.milestone.item_ids, event.milestone.task_id) == (
        "network ready",
        ("1",),
        "1/check",
    )
    assert again.events == ()


def test_the_levels_rise() -> None:
    assert sorted(JeopardyLevel, key=lambda level: level.rank) == [LOW, MEDIUM, HIGH, CRITICAL]
    assert Jeopardy(level=LOW, since=NOW, rule="r", predicted_at=NOW).reasons == ()
