"""The plan under every interleaving of results, failures, repeats, late answers and people's decisions."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.actor import system_actor
from app.domain.cancellation import assess
from app.domain.events import EventType
from app.domain.plan import (
    Await,
    CancellationRequested,
    Cause,
    Command,
    Dependency,
    FalloutAction,
    FalloutDecided,
    HoldRequested,
    Plan,
    PlanEvent,
    PointOfNoReturn,
    ReleaseRequested,
    Run,
    Started,
    Task,
    TaskAccepted,
    TaskCompleted,
    TaskFailed,
)
from app.domain.progress import CANCELLED, advance, order_state_under_way, purpose_of
from app.domain.states import ORDER, TASK_ENDED, TASK_LOST, TASK_PASSED, ItemState, OrderState, TaskState
from app.domain.step import resume, step
from app.domain.timing import expected_end
from app.domain.undoing import ancestors
from tests.unit.orders import NOW, item, order

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


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of up to eight tasks over three items and the whole order; a task waits only for earlier ones."""
    count = draw(st.integers(1, 8))
    tasks = []
    for n in range(count):
        before = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=3)) if n else []
        owner = draw(st.sampled_from(["1", "2", "3", None]))
        task = make_task(f"t{n}", *(f"t{b}" for b in before), item_id=owner)
        bound = PointOfNoReturn(reason="delivered") if draw(st.integers(0, 5)) == 0 else None
        undo = f"backend.undo{n}" if draw(st.booleans()) else None
        tasks.append(
            replace(
                task,
                undo=undo,
                no_return=bound,
                pends=draw(st.integers(0, 5)) == 0,
                tolerant=draw(st.integers(0, 4)) == 0,
            )
        )
    return Plan(order_id="o1", tasks=tuple(tasks))


class CarriedOut(RuleBasedStateMachine):
    """An order carried out by a shell that delivers commands' results in any order, repeated, late or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.plan = Plan(order_id="o1", tasks=())
        self.order = order(item("1"), item("2"), item("3"))
        self.sequence = 2
        self.effects: Counter[tuple[str, int]] = Counter()
        self.under_way: list[Command] = []
        self.past: list[PlanEvent] = []

    @initialize(plan=plans())
    def start(self, plan: Plan) -> None:
        self.plan = plan
        self.send(Started(at=NOW))

    def send(self, event: PlanEvent) -> None:
        before = self.plan
        self.plan, commands = step(before, event)
        self.past.append(event)
        self.under_way += commands
        for command in commands:
            if isinstance(command, Run):
                task = self.plan.task(command.task_id)
                assert task is not None
                assert all(no_longer_waited_for(self.plan, task, d.task_id) for d in task.depends_on), (
                    "nothing starts early"
                )
                decided = isinstance(event, FalloutDecided) and event.task_id == task.id
                assert task.undoes or decided or not self.plan.held, "nothing starts while it is held"
                wanted = task.undoes or decided or task.item_id not in before.cancelled
                assert wanted, "nothing starts for what is cancelled"
        recorded = advance(
            self.order,
            None if before.revision == 0 else before,
            self.plan,
            sequence=self.sequence,
            at=NOW,
            actor=system_actor("test"),
        )
        assert [e.sequence for e in recorded.events] == [self.sequence + n for n in range(1, len(recorded.events) + 1)]
        passed = [self.order.state]
        passed += [e.state for e in recorded.events if e.type is EventType.STATE_CHANGED]
        for one, other in pairwise(passed):
            way = ORDER.way(one, other, purpose=purpose_of(before, self.plan))
            assert one is other or other in way[:1], "events tell each state on the way"
        self.order, self.sequence = recorded.order, self.sequence + len(recorded.events)

    def take(self, data: st.DataObject) -> Command:
        return self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), outcome=st.sampled_from(["done", "accepted", "refused", "silence"]))
    def a_call_ends(self, data: st.DataObject, outcome: str) -> None:
        command = self.take(data)
        if isinstance(command, Run) and outcome != "refused":
            self.effects[command.task_id, command.revision] = 1  # the key makes a repeated call harmless
        match outcome:
            case "accepted" if isinstance(command, Run):
                self.send(TaskAccepted(at=NOW, task_id=command.task_id, revision=command.revision, reference="r"))
            case "refused" | "silence":
                cause = NO if outcome == "refused" else SILENCE
                self.send(TaskFailed(at=NOW, task_id=command.task_id, revision=command.revision, cause=cause))
            case _:
                self.send(done(command.task_id, command.revision, "r"))

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def something_comes_again(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.past))
        if not isinstance(event, FalloutDecided):
            before = Counter(t.state for t in self.plan.tasks if t.state in TASK_ENDED)
            self.send(event)
            after = Counter(t.state for t in self.plan.tasks if t.state in TASK_ENDED)
            undone = after[TaskState.UNDONE] - before[TaskState.UNDONE]
            assert before.total() <= after.total(), "what has ended stays ended"
            assert undone == 0 or isinstance(event, TaskCompleted)

    @precondition(lambda self: any(t.state is TaskState.FALLOUT for t in self.plan.tasks))
    @rule(data=st.data(), action=st.sampled_from(FalloutAction))
    def people_decide(self, data: st.DataObject, action: FalloutAction) -> None:
        waiting = [t.id for t in self.plan.tasks if t.state is TaskState.FALLOUT]
        self.send(FalloutDecided(at=NOW, task_id=data.draw(st.sampled_from(waiting)), action=action))

    @precondition(lambda self: self.plan.tasks and not self.plan.ended)
    @rule(data=st.data())
    def the_customer_cancels(self, data: st.DataObject) -> None:
        wanted = data.draw(st.sets(st.sampled_from(["1", "2", "3"])))
        assessment = assess(self.order, self.plan, wanted, NOW)
        if assessment.item_ids and not assessment.blocked_by:
            undoing_before = {t.undoes for t in self.plan.tasks if t.undoes}
            self.send(CancellationRequested(at=NOW, item_ids=assessment.item_ids))
            abandoned = {t.id for t in self.plan.tasks if t.state is TaskState.ABANDONED}
            undoing = {t.undoes for t in self.plan.tasks if t.undoes}
            assert undoing - undoing_before <= set(assessment.taken_back), "no more is taken back than was said"
            if not self.still_running():
                assert abandoned >= set(assessment.abandoned) - set(assessment.taken_back)
            items = {item.id: item.state for item in self.order.items}
            assert all(items[i] in CANCELLED for i in assessment.item_ids)

    def still_running(self) -> set[str]:
        return {t.id for t in self.plan.tasks if t.state is TaskState.RUNNING}

    @precondition(lambda self: self.plan.tasks and not self.plan.ended)
    @rule()
    def it_is_held_or_released(self) -> None:
        self.send(ReleaseRequested(at=NOW) if self.plan.held else HoldRequested(at=NOW))

    @rule()
    def the_worker_is_lost(self) -> None:
        self.under_way = list(resume(self.plan))

    @invariant()
    def it_ends_or_waits_for_something_with_a_name(self) -> None:
        if self.plan.tasks and not self.plan.ended:
            waits = {t.id for t in self.plan.tasks if t.state in (TaskState.RUNNING, TaskState.AWAITING_RESULT)}
            fallout = [t for t in self.plan.tasks if t.state is TaskState.FALLOUT]
            assert waits or fallout or self.plan.held, "no deadlock"
            assert waits <= {c.task_id for c in self.under_way}, "somebody works on what runs"

    @invariant()
    def the_order_agrees_with_its_items_and_plan(self) -> None:
        if self.plan.revision:
            assert self.order.state is order_state_under_way([i.state for i in self.order.items], self.plan)
            if self.plan.ended:
                assert self.order.state in ORDER.terminal
                lost = any(t.state in TASK_LOST for t in self.plan.tasks if t.item_id)
                assert lost or self.plan.cancelled or self.order.state is OrderState.COMPLETED
                given_back = [i.state for i in self.order.items if i.id in self.plan.cancelled]
                assert set(given_back) <= {ItemState.CANCELLED}

    @invariant()
    def no_effect_without_the_tasks_before_it(self) -> None:
        for task_id, _ in self.effects:
            task = self.plan.task(task_id)
            assert task is not None
            assert all(state(self.plan, d.task_id) in TASK_ENDED for d in task.depends_on)

    @invariant()
    def nothing_is_taken_back_that_was_not_done_or_before_what_came_after_it(self) -> None:
        tasks = {task.id: task for task in self.plan.tasks}
        for undoing in (task for task in self.plan.tasks if task.undoes):
            taken = tasks[undoing.undoes or ""]
            assert any(task_id == taken.id for task_id, _ in self.effects), "no undo without do"
            assert (taken.state is TaskState.UNDONE) is (undoing.state is TaskState.COMPLETED)
            if undoing.state is not TaskState.PENDING:
                later = [t for t in self.plan.tasks if t.undoes and taken.id in ancestors(tasks, t.undoes)]
                assert all(t.state in TASK_ENDED for t in later), "in reverse order"

    @invariant()
    def no_point_of_no_return_is_crossed_backwards(self) -> None:
        bound = [t for t in self.plan.tasks if t.item_id in self.plan.cancelled and t.no_return]
        assert not [t for t in bound if t.state is TaskState.UNDONE or t.begun]


def no_longer_waited_for(plan: Plan, task: Task, before: str) -> bool:
    other = plan.task(before)
    assert other is not None
    if task.undoes:
        return other.state in TASK_ENDED
    tolerant = (task.tolerant or task.item_id is None) and other.item_id not in (None, task.item_id)
    lost_item = tolerant and other.state in TASK_LOST
    return other.state in TASK_PASSED or lost_item


CarriedOut.TestCase.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
TestCarriedOut = CarriedOut.TestCase


def test_resuming_runs_again_what_ran_and_awaits_what_was_awaited() -> None:
    plan, _ = started(make_task("a"), make_task("b"), make_task("c", "a"))
    plan, _ = step(plan, TaskAccepted(at=NOW, task_id="b", revision=1, reference="so-7"))

    assert resume(plan) == (Run("a", 1), Await("b", 1, "so-7"))
    assert resume(replace(plan, tasks=())) == ()
