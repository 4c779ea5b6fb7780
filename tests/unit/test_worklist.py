"""What waits for people follows from the plan, and so does what may be done about it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.access import RIGHTS, Right
from app.domain.actor import Role, system_actor
from app.domain.events import EventType
from app.domain.plan import Assessing, Cause, Escalation, Plan, Task, Worklist
from app.domain.plan_events import (
    FalloutAction,
    FalloutDecided,
    PlanEvent,
    Started,
    TaskClaimed,
    TaskFailed,
    TaskPerformed,
    TimePassed,
)
from app.domain.progress import advance
from app.domain.redaction import redacted
from app.domain.states import TaskState
from app.domain.step import step
from app.domain.worklist import (
    WorkAction,
    WorkItem,
    WorkKind,
    WorkMove,
    allowed_actions,
    moves,
    order_and_task,
    suggested_action,
    work_items,
)
from tests.unit.orders import NOW, item, order

LATER = timedelta(hours=1)
DESK = Worklist(queue="desk", escalations=(Escalation(after=LATER, to="leads"),), asks=("reading",))


def task(operation: str, **more: Any) -> Task:
    return replace(
        Task(id="1/t", item_ids=("1",), name="Do it", operation=operation, rule="r", worklist=DESK),
        **more,
    )


def fallout(kind: str = "REFUSED", *, final: bool = True, **more: Any) -> WorkItem:
    work = WorkItem(
        order_id="o1", task_id="1/t", kind=WorkKind.FALLOUT, queue="desk", since=NOW, name="Do it", backend="billing"
    )
    return replace(work, cause=kind, final=final, **more)


class Carried:
    """An order of one task, carried on event by event, with what its followers are told of work for people."""

    def __init__(self, only: Task) -> None:
        self.order = order(item("1"))
        self.plan = Plan(order_id="o1", tasks=(only,))
        self.sequence = 0
        self.told: list[tuple[WorkMove, str, str | None]] = []
        self.send(Started(at=NOW))

    def send(self, *events: PlanEvent) -> tuple[WorkItem, ...]:
        """What waits after these, which are recorded together."""
        before = None if self.plan.revision == 0 else self.plan
        for event in events:
            self.plan, _ = step(self.plan, event)
        actor = system_actor("test")
        progress = advance(self.order, before, self.plan, sequence=self.sequence, at=NOW, actor=actor)
        assert [e.sequence for e in progress.events] == [
            *range(self.sequence + 1, self.sequence + 1 + len(progress.events))
        ]
        self.order, self.sequence = progress.order, self.sequence + len(progress.events)
        changes = [e.work for e in progress.events if e.type is EventType.WORK_ITEM_CHANGED]
        self.told += [(work.move, work.queue, work.claimed_by) for work in changes if work]
        return work_items(self.order, self.plan)


def test_each_change_of_what_waits_is_told_once() -> None:
    carried = Carried(task("people.perform"))
    [raised] = work_items(carried.order, carried.plan)
    [claimed] = carried.send(TaskClaimed(at=NOW, task_id="1/t", by="ada"))
    version = carried.order.version
    assert carried.send(TaskClaimed(at=NOW, task_id="1/t", by="ada")) == (claimed,)
    [late] = carried.send(TimePassed(at=NOW + LATER))
    [free] = carried.send(TaskClaimed(at=NOW + LATER, task_id="1/t", by=None))
    done = carried.send(TaskPerformed(at=NOW + LATER, task_id="1/t"))

    assert (raised.kind, raised.queue, raised.asks, raised.backend) == (WorkKind.MANUAL, "desk", ("reading",), "people")
    assert (claimed.claimed_by, late.queue, late.level, late.claimed_by, free.claimed_by) == (
        *("ada", "leads", 1),
        *("ada", None),
    )
    assert (done, version) == ((), 2)
    assert carried.told == [
        (WorkMove.RAISED, "desk", None),
        (WorkMove.CLAIMED, "desk", "ada"),
        (WorkMove.ESCALATED, "leads", "ada"),
        (WorkMove.GIVEN_BACK, "leads", None),
        (WorkMove.CLEARED, "leads", None),
    ]


def test_what_is_tried_again_and_fails_again_is_work_anew() -> None:
    carried = Carried(task("billing.charge"))
    refused = Cause(kind="REFUSED", message="no", final=True)
    [first] = carried.send(TaskFailed(at=NOW, task_id="1/t", revision=1, cause=refused))

    [second] = carried.send(
        FalloutDecided(at=NOW, task_id="1/t", action=FalloutAction.RETRY),
        TaskFailed(at=NOW + LATER, task_id="1/t", revision=2, cause=refused),
    )

    assert (first.id, second.id, second.since) == ("o1:1/t", "o1:1/t", NOW + LATER)
    assert [move for move, _, _ in carried.told] == [WorkMove.RAISED, WorkMove.CLEARED, WorkMove.RAISED]


def test_a_cancellation_that_people_are_asked_about_waits_for_them() -> None:
    assessing = Assessing(item_ids=("1",), since=NOW, until=NOW + LATER, reason="moves away", claimed_by="ada")
    plan = Plan(order_id="o1", tasks=(), assessing=assessing)

    [work] = work_items(order(item("1")), plan)

    assert (work.kind, work.task_id, work.queue, work.claimed_by) == (
        WorkKind.CANCELLATION,
        None,
        "cancellations",
        "ada",
    )
    assert (order_and_task(work.id), order_and_task("o1:1/t")) == (("o1", ""), ("o1", "1/t"))
    assert suggested_action(work) is None
    assert allowed_actions(work) == (WorkAction.ACCEPT_CANCELLATION, WorkAction.DENY_CANCELLATION)


def test_the_most_urgent_comes_first_and_of_these_the_oldest() -> None:
    urgent, old = fallout(priority=0, since=NOW + LATER), fallout(since=NOW)
    new = fallout(since=NOW + timedelta(microseconds=1))
    same_time = replace(old, order_id="o2")

    assert sorted([new, same_time, old, urgent], key=lambda work: work.place) == [urgent, old, same_time, new]


@pytest.mark.parametrize(
    ("kind", "final", "suggested"),
    [
        ("TIMEOUT", False, WorkAction.RETRY),
        ("UNREACHABLE", False, WorkAction.RETRY),
        ("OVERLOADED", False, WorkAction.RETRY),
        ("REFUSED", True, WorkAction.FIX_DATA_AND_RETRY),
        ("REFUSED", False, WorkAction.RETRY),
        ("INCOMPLETE", True, WorkAction.FIX_DATA_AND_RETRY),
        ("NOT_SERVICEABLE", True, WorkAction.FAIL_ITEM),
        ("CREDIT_REJECTED", True, WorkAction.FAIL_ITEM),
        ("DRIFT", True, WorkAction.RETRY),
    ],
)
def test_what_usually_helps_follows_from_the_cause(kind: str, final: bool, suggested: WorkAction) -> None:
    work = fallout(kind, final=final)

    assert suggested_action(work) is suggested
    assert suggested in allowed_actions(work)


def test_data_are_mended_only_where_the_backend_gave_its_answer_and_nothing_is_taken_back() -> None:
    fix = WorkAction.FIX_DATA_AND_RETRY

    assert fix in allowed_actions(fallout())
    assert fix not in allowed_actions(fallout(final=False))
    assert fix not in allowed_actions(fallout(undoes=True))
    assert allowed_actions(replace(fallout(), kind=WorkKind.CONTACT)) == (WorkAction.COMPLETE,)


@pytest.mark.parametrize("state", [s for s in TaskState if s is not TaskState.FALLOUT])
def test_only_what_is_in_fallout_or_with_people_waits_for_them(state: TaskState) -> None:
    waiting = Carried(task("billing.charge")).send(
        TaskFailed(at=NOW, task_id="1/t", revision=1, cause=Cause(kind="X", message="", final=True))
    )
    carried = Carried(task("billing.charge"))
    plan = replace(carried.plan, tasks=(replace(carried.plan.tasks[0], state=state),))

    assert len(waiting) == 1
    assert work_items(carried.order, plan) == work_items(carried.order, None) == ()


def test_nothing_moves_where_nothing_has() -> None:
    assert list(moves([fallout()], [fallout(priority=0)])) == []


def test_what_people_have_done_is_taken_back_by_people() -> None:
    carried = Carried(task("people.perform", undo="people.perform"))
    carried.send(TaskPerformed(at=NOW, task_id="1/t"))
    other = replace(carried.plan, tasks=(*carried.plan.tasks, task("billing.charge", id="1/u")))
    plan, _ = step(other, TaskFailed(at=NOW, task_id="1/u", revision=1, cause=Cause(kind="X", message="", final=True)))
    running = replace(plan, tasks=(plan.tasks[0], replace(plan.tasks[1], state=TaskState.FALLOUT)))

    plan, commands = step(running, FalloutDecided(at=NOW, task_id="1/u", action=FalloutAction.FAIL_ITEM))

    undoing = plan.task("1/t~undo")
    assert undoing is not None
    assert (undoing.state, undoing.attention and undoing.attention.queue) == (TaskState.AWAITING_RESULT, "desk")
    assert commands == ()
    plan, _ = step(plan, TaskPerformed(at=NOW, task_id="1/t~undo"))
    assert plan.ended


def test_who_may_see_worklists_and_decide() -> None:
    seeing = {role for role, rights in RIGHTS.items() if Right.WORK_LISTS in rights}

    assert seeing == {Role.AGENT, Role.OPERATIONS, Role.DEVELOPER, Role.SYSTEM}
    for right in (Right.RESOLVE_FALLOUT, Right.ABORT_ORDERS):
        assert {role for role, rights in RIGHTS.items() if right in rights} == seeing - {Role.AGENT}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("status 422: the number is taken", "status 422: the number is taken"),
        ('{"password": "hunter2", "reason": "no"}', '{"password": "***", "reason": "no"}'),
        ("Authorization: Bearer abc.def-123 was refused", "Authorization: *** was refused"),
        ("sent bearer 0123456789abcdef", "sent bearer ***"),
        ("api_key=12345&simType=eSIM", "api_key=***&simType=eSIM"),
        ("no route to https://admin:secret@billing.example/x", "no route to https://***@billing.example/x"),
        ("token eyJhbGciOiJI.eyJzdWIiOiIx.c2ln is old", "token *** is old"),
        ("card 4111 1111 1111 1111 is blocked", "card *** is blocked"),
        (
            "SIM 8949000000000000017 is gone, call +49 221 5550133",
            "SIM 8949000000000000017 is gone, call +49 221 5550133",
        ),
        ("order 4111111111111112 is unknown", "order 4111111111111112 is unknown"),
        ("the pinned version is no secret", "the pinned version is no secret"),
    ],
)
def test_secrets_in_what_a_backend_says_are_hidden(said: str, kept: str) -> None:
    assert redacted(said) == kept
    assert redacted(kept) == kept
