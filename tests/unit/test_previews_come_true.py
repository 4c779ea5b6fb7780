"""What a preview says of a plan is what then happens to it, in whatever order its backends answer."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.domain.foresight import Outlook, outlook, points_ahead
from app.domain.order import FailurePolicy
from app.domain.plan import Plan, PointOfNoReturn, Task
from app.domain.plan_events import (
    Await,
    CancellationRequested,
    Command,
    HoldRequested,
    PlanEvent,
    Revised,
    Run,
    Started,
    TaskAccepted,
    TaskCompleted,
    TaskPerformed,
    TimePassed,
)
from app.domain.revision import bound_by, merged
from app.domain.states import TaskState
from app.domain.step import resume, step
from app.domain.timing import due
from tests.unit.made_plans import plans
from tests.unit.orders import NOW
from tests.unit.test_plan import make_task
from tests.unit.test_plan_under_fire import CarriedOut


def advanced(
    data: st.DataObject, plan: Plan, commands: tuple[Command, ...], steps: int, at: datetime
) -> tuple[Plan, datetime]:
    """The plan so many answers later, each of them good, in any order; and what time it is then."""
    under_way = list(commands)
    for _ in range(steps):
        by_people = [t for t in plan.tasks if t.by_people and t.state is TaskState.AWAITING_RESULT]
        choices = [*under_way, *by_people]
        if not choices:
            moment = due(plan)
            if moment is None or plan.held:
                break
            at = max(at, moment)
            plan, new = step(plan, TimePassed(at=at))
        else:
            chosen = data.draw(st.sampled_from(choices))
            if isinstance(chosen, Run | Await):
                under_way.remove(chosen)
                plan, new = step(plan, answer(data, plan, chosen, at))
            else:
                plan, new = step(plan, TaskPerformed(at=at, task_id=chosen.id))
        under_way += new
    return plan, at


def answer(data: st.DataObject, plan: Plan, command: Command, at: datetime) -> PlanEvent:
    task_id, revision = command.task_id, command.revision
    asked = plan.task(task_id)
    # who is asked says yes later
    if isinstance(command, Run) and ((asked is not None and asked.pends) or data.draw(st.integers(0, 3)) == 0):
        return TaskAccepted(at=at, task_id=task_id, revision=revision, reference="r")
    return TaskCompleted(at=at, task_id=task_id, revision=revision, reference="r")


def begun(data: st.DataObject) -> tuple[Plan, datetime]:
    """A plan that has come some way."""
    plan = data.draw(plans())
    # nobody is late and nothing fails: what a preview tells of
    tasks = tuple(replace(task, timeout=None) for task in plan.tasks)
    plan = replace(plan, tasks=tasks, failure_policy=FailurePolicy.CONTINUE)
    plan, commands = step(plan, Started(at=NOW))
    plan, at = advanced(data, plan, commands, data.draw(st.integers(0, 12)), NOW)
    assume(not plan.ended)
    return plan, at


def comes_true(data: st.DataObject, plan: Plan, event: PlanEvent) -> None:
    said = outlook(plan, event)
    after, _ = step(plan, event)
    end, _ = advanced(data, after, resume(after), 300, event.at)
    old = {task.id: task for task in plan.tasks}

    undone = {t.undoes for t in end.tasks if t.undoes and t.id not in old and t.state is TaskState.COMPLETED}
    again = {t.id for t in end.tasks if t.id in old and t.revision > old[t.id].revision and old[t.id].begun}
    gone = {
        t.id
        for t in end.tasks
        if t.state is TaskState.ABANDONED and (t.id not in old or old[t.id].state is not t.state) and not t.undoes
    }
    assert {t.id for t in said.taken_back} == undone
    assert {t.id for t in said.redone} == again
    assert {t.id for t in said.abandoned} == gone - undone
    assert {t.id for t in said.added} == {t.id for t in end.tasks if t.id not in old and not t.undoes}
    assert end.ended or end.held
    assert_whole(plan, said)


def assert_whole(plan: Plan, said: Outlook) -> None:
    """Every task of the plan is said something of, and one thing only."""
    groups = [said.kept, said.taken_back, said.redone, said.abandoned]
    for task in plan.tasks:
        if not task.undoes:
            named = sum(any(t.id == task.id for t in group) for group in groups)
            both = any(t.id == task.id for t in said.taken_back) and any(t.id == task.id for t in said.redone)
            assert named == 1 or (named == 2 and both), task.id


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_a_cancellation_is_said_to_do_it_does(data: st.DataObject) -> None:
    plan, at = begun(data)
    items = tuple(sorted({i for t in plan.tasks for i in t.item_ids}))
    assume(items)
    wanted = tuple(sorted(data.draw(st.sets(st.sampled_from(items), min_size=1))))

    comes_true(data, plan, CancellationRequested(at=at, item_ids=wanted))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_a_revision_is_said_to_do_it_does(data: st.DataObject) -> None:
    plan, at = begun(data)
    player = CarriedOut()
    player.plan = plan
    player.specs = [task for task in plan.tasks if not task.undoes and not task.amount]
    items = sorted({i for t in plan.tasks for i in t.item_ids})
    assume(items)
    removed = data.draw(st.sets(st.sampled_from(items), max_size=1))
    changed = data.draw(st.sets(st.sampled_from(items))) - removed
    wish = player.wished(data, changed, removed)
    wish = replace(wish, tasks=tuple(map(untouched, wish.tasks)))
    assume(all(point.charge for _, point in bound_by(plan, merged(plan, wish), wish)))

    comes_true(data, plan, Revised(at=at, wish=wish))


def untouched(task: Task) -> Task:
    """The task as a wish has it: nothing of it is done."""
    return replace(
        task,
        state=TaskState.PENDING,
        revision=1,
        reference=None,
        started_at=None,
        ended_at=None,
        attempts=0,
        attention=None,
        timeout=None,
    )


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_holding_takes_nothing_away(data: st.DataObject) -> None:
    plan, at = begun(data)
    assume(not plan.held)

    said = outlook(plan, HoldRequested(at=at))

    assert (said.taken_back, said.redone, said.added) == ((), (), ())


def test_how_long_there_is_a_way_back_is_when_the_next_point_is_passed() -> None:
    bound = make_task("c", "b", seconds=1)
    plan = Plan(
        order_id="o1",
        tasks=(
            make_task("a", seconds=5),
            make_task("b", "a", seconds=7),
            replace(bound, no_return=PointOfNoReturn(reason="delivered")),
        ),
    )
    plan, _ = step(plan, Started(at=NOW))

    [point] = points_ahead(plan, ["1"], NOW)

    assert (point.task_id, point.possible_until) == ("c", NOW + timedelta(seconds=12))
