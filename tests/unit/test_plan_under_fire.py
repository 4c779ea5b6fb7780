"""The plan under every interleaving of results, failures, repeats, late answers, the passing of time and wishes.

Hypothesis plays the workers, the backends, the customer and the operator's people against `step` and `advance`.
"""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, takewhile

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.actor import system_actor
from app.domain.cancellation import assess
from app.domain.events import EventType
from app.domain.money import sum_of
from app.domain.order import FailurePolicy
from app.domain.plan import (
    Cause,
    Dependency,
    Fate,
    Plan,
    Task,
    Wish,
)
from app.domain.plan_events import (
    Aborted,
    AssessmentDecided,
    AssessmentRequested,
    Await,
    CancellationRequested,
    Command,
    FalloutAction,
    FalloutDecided,
    Frozen,
    HoldRequested,
    PlanEvent,
    ReleaseRequested,
    Revised,
    Run,
    Started,
    TaskAccepted,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskPerformed,
    TimePassed,
)
from app.domain.progress import CANCELLED, advance, order_state_under_way, purpose_of
from app.domain.revision import bound_by, merged
from app.domain.sequence import turns
from app.domain.states import (
    ORDER,
    TASK_ENDED,
    TASK_LOST,
    TASK_PASSED,
    ItemState,
    OrderState,
    TaskState,
)
from app.domain.step import resume, step
from app.domain.timing import due
from app.domain.undoing import ancestors
from tests.unit.made_plans import plans, tasks
from tests.unit.orders import NOW, item, order

NO = Cause(kind="REFUSED", message="no", final=True)
SILENCE = Cause(kind="TIMEOUT", message="no answer", final=False)


class CarriedOut(RuleBasedStateMachine):
    """An order carried out by a shell that delivers commands' results in any order, repeated, late or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.plan = Plan(order_id="o1", tasks=())
        self.order = order(item("1"), item("2"), item("3"))
        self.sequence = 2
        self.specs: list[Task] = []
        self.effects: dict[str, list[str]] = {}
        """By task: what the backend has done, each call once however often it came: do, amend, undo."""
        self.keys: set[tuple[str, int]] = set()
        self.under_way: list[Command] = []
        self.past: list[PlanEvent] = []

    @initialize(plan=plans())
    def start(self, plan: Plan) -> None:
        self.specs = list(plan.tasks)
        self.plan = plan
        self.send(Started(at=self.now))

    # what happens

    def send(self, event: PlanEvent) -> None:
        before = self.plan
        self.plan, commands = step(before, event)
        self.past.append(event)
        self.under_way += commands
        for command in commands:
            if isinstance(command, Run):
                self.nothing_begins_that_must_not(before, event, command)
        self.recorded(before)

    def recorded(self, before: Plan) -> None:
        progress = advance(
            self.order,
            None if before.revision == 0 else before,
            self.plan,
            sequence=self.sequence,
            at=self.now,
            actor=system_actor("test"),
        )
        assert [e.sequence for e in progress.events] == [self.sequence + n for n in range(1, len(progress.events) + 1)]
        passed = [self.order.state]
        passed += [e.state for e in progress.events if e.type is EventType.STATE_CHANGED]
        for one, other in pairwise(passed):
            way = ORDER.way(one, other, purpose=purpose_of(before, self.plan))
            assert one is other or other in way[:1], "events tell each state on the way"
        self.order, self.sequence = progress.order, self.sequence + len(progress.events)

    def nothing_begins_that_must_not(self, before: Plan, event: PlanEvent, command: Run) -> None:
        task = self.task(command.task_id)
        decided = isinstance(event, FalloutDecided) and event.task_id == task.id
        if not decided:
            assert all(self.waited_for(task, d) for d in task.depends_on), "nothing starts early"
        if not (task.undoes or task.amount or decided):
            assert not self.plan.held, "nothing starts while it is held"
            assert self.plan.frozen_until is None, "nothing starts while a revision is assessed"
            assert self.plan.assessing is None, "nothing starts while a cancellation is assessed"
            assert self.plan.begins_at is None or self.now >= self.plan.begins_at, "nothing starts before the day"
            assert task.not_before is None or self.now >= task.not_before
            gone = {*before.cancelled, *before.failed}
            assert not task.item_ids or not set(task.item_ids) <= gone, "nothing starts for what is given up"
            in_turn = turns(self.plan.sequence, self.plan.tasks) if task.item_ids else ()
            for turn in takewhile(lambda turn: not turn & {*task.item_ids}, in_turn):
                of_turn = [t for t in self.plan.tasks if turn & {*t.item_ids}]
                assert all(t.state in TASK_ENDED for t in of_turn), "no item begins before its turn"
            if self.plan.failure_policy is FailurePolicy.HALT:
                assert not any(t.state is TaskState.FALLOUT for t in self.plan.tasks)

    def waited_for(self, task: Task, dependency: Dependency) -> bool:
        other = self.task(dependency.task_id)
        if task.undoes:
            return other.state in TASK_ENDED
        if not dependency.to_start:
            return True
        another = (task.tolerant or task.for_several) and other.item_ids and other.item_ids != task.item_ids
        if other.state in TASK_LOST and another:
            return True
        if not dependency.of_finish:
            return other.started
        return other.state in TASK_PASSED and other.fate is not Fate.REDO

    def task(self, task_id: str) -> Task:
        found = self.plan.task(task_id)
        assert found is not None
        return found

    def take_effect(self, command: Run) -> None:
        """The backend does what it is asked, once per key."""
        key = (command.task_id, command.revision)
        task = self.task(command.task_id)
        if key in self.keys or task.revision != command.revision:
            return
        self.keys.add(key)
        if task.undoes:
            done = self.effects[task.undoes]
            assert done[-1] != "undo", "no undo without do"
            done.append("undo")
            return
        done = self.effects.setdefault(task.id, [])
        if task.amending:
            assert done[-1] != "undo", "what is changed is there"
            done.append("amend")
        else:
            assert not task.undo or not done or done[-1] == "undo", "nothing is done twice without being taken back"
            done.append("do")

    def come_to_nothing(self, command: Await) -> None:
        """What was accepted could not be done after all."""
        key = (command.task_id, command.revision)
        task = self.task(command.task_id)
        if key in self.keys and task.revision == command.revision and task.state is TaskState.AWAITING_RESULT:
            self.keys.discard(key)
            self.effects[task.undoes or task.id].pop()

    def take(self, data: st.DataObject) -> Command:
        return self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))

    # what may happen

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), outcome=st.sampled_from(["done", "done", "accepted", "refused", "silence", "lost"]))
    def a_call_ends(self, data: st.DataObject, outcome: str) -> None:
        command = self.take(data)
        task_id, revision = command.task_id, command.revision
        if isinstance(command, Run) and outcome == "refused" and (task_id, revision) in self.keys:
            outcome = "done"  # what was done under a key is answered so again, however often it is asked
        if isinstance(command, Run) and outcome != "refused":
            self.take_effect(command)
        match outcome:
            case "accepted" if isinstance(command, Run):
                self.send(TaskAccepted(at=self.now, task_id=task_id, revision=revision, reference="r"))
            case "refused" | "silence":
                cause = NO if outcome == "refused" else SILENCE
                if isinstance(command, Await):
                    cause = NO
                    self.come_to_nothing(command)
                self.send(TaskFailed(at=self.now, task_id=task_id, revision=revision, cause=cause))
            case "lost":
                self.under_way.append(command)  # the answer did not come, and it is asked for again
            case _:
                self.send(TaskCompleted(at=self.now, task_id=task_id, revision=revision, reference="r"))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), calls=st.integers(1, 4))
    def things_go_well(self, data: st.DataObject, calls: int) -> None:
        for _ in range(calls):
            if self.under_way:
                command = self.take(data)
                if isinstance(command, Run):
                    self.take_effect(command)
                self.send(TaskCompleted(at=self.now, task_id=command.task_id, revision=command.revision, reference="r"))

    @precondition(lambda self: self.past)
    @rule(data=st.data())
    def something_comes_again(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.past))
        if isinstance(event, TaskAccepted | TaskCompleted | TaskFailed):
            self.send(event)

    @precondition(lambda self: any(t.state is TaskState.FALLOUT for t in self.plan.tasks))
    @rule(data=st.data(), action=st.sampled_from(FalloutAction))
    def people_decide(self, data: st.DataObject, action: FalloutAction) -> None:
        waiting = [t.id for t in self.plan.tasks if t.state is TaskState.FALLOUT]
        task = self.task(data.draw(st.sampled_from(waiting)))
        if task.undoes and action is not FalloutAction.RETRY:
            self.effects[task.undoes].append("undo")  # people take it for taken back
        self.send(FalloutDecided(at=self.now, task_id=task.id, action=action))

    @precondition(lambda self: any(t.attention for t in self.plan.tasks))
    @rule(data=st.data())
    def people_claim_and_perform(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from([t for t in self.plan.tasks if t.attention]))
        self.send(TaskClaimed(at=self.now, task_id=task.id, by="p"))
        if task.by_people and task.state is TaskState.AWAITING_RESULT:
            self.send(TaskPerformed(at=self.now, task_id=task.id))

    @precondition(lambda self: self.plan.tasks and not self.plan.ended and not self.plan.assessing)
    @rule(data=st.data())
    def the_customer_cancels(self, data: st.DataObject) -> None:
        wanted = data.draw(st.sets(st.sampled_from(sorted(i.id for i in self.order.items))))
        assessment = assess(self.order, self.plan, wanted)
        if not assessment.item_ids:
            return
        if assessment.blocked_by or data.draw(st.integers(0, 3)) == 0:
            if self.order.state in (OrderState.IN_PROGRESS, OrderState.PENDING, OrderState.HELD):
                self.send(
                    AssessmentRequested(
                        at=self.now, item_ids=assessment.item_ids, until=self.now + timedelta(seconds=20), reason="r"
                    )
                )
            return
        self.send(CancellationRequested(at=self.now, item_ids=assessment.item_ids, charge=assessment.charge))
        items = {item.id: item.state for item in self.order.items}
        assert all(items[i] in CANCELLED for i in assessment.item_ids)

    @precondition(lambda self: self.plan.assessing)
    @rule(accepted=st.booleans())
    def people_answer_the_customer(self, accepted: bool) -> None:
        self.send(AssessmentDecided(at=self.now, accepted=accepted))

    @precondition(lambda self: self.plan.tasks and not self.plan.ended)
    @rule()
    def it_is_held_or_released(self) -> None:
        if self.order.state is not OrderState.ACKNOWLEDGED:
            self.send(ReleaseRequested(at=self.now) if self.plan.held else HoldRequested(at=self.now))

    @precondition(lambda self: self.plan.tasks and not self.plan.ended and not self.plan.frozen_until)
    @rule()
    def it_is_frozen(self) -> None:
        self.send(Frozen(at=self.now, until=self.now + timedelta(seconds=10)))

    @precondition(lambda self: self.plan.tasks and not self.plan.ended and not self.plan.assessing)
    @rule(data=st.data())
    def the_customer_wants_something_else(self, data: st.DataObject) -> None:
        gone = {*self.plan.cancelled, *self.plan.failed}
        open_items = [
            i.id
            for i in self.order.items
            if i.id not in gone and i.state not in (ItemState.FAILED, ItemState.COMPLETED)
        ]
        if not open_items:
            return
        removed = data.draw(st.sets(st.sampled_from(open_items), max_size=1))
        changed = data.draw(st.sets(st.sampled_from(open_items))) - removed
        wish = self.wished(data, changed, removed)
        tasks = merged(self.plan, wish)
        bound = bound_by(self.plan, tasks, wish)
        if any(point.charge is None for _, point in bound):
            return  # refused: there is no way back
        before = self.plan
        charge = sum_of(point.charge for _, point in bound if point.charge)
        self.send(Revised(at=self.now, wish=wish, charge=charge))
        for old in before.tasks:
            new = self.task(old.id)
            if old.item_ids and not set(old.item_ids) & (changed | removed) and not old.undoes:
                after = ancestors({t.id: t for t in self.plan.tasks}, old.id)
                again = any(self.task(a).fate or self.task(a).revision != before_revision(before, a) for a in after)
                assert again or new.fate is old.fate, "what nobody changed stays as it is"

    def wished(self, data: st.DataObject, changed: set[str], removed: set[str]) -> Wish:
        """The tasks as they are wished for by now: of changed items some otherwise, some not at all, one more."""
        gone = {*self.plan.cancelled, *self.plan.failed, *removed}
        kept: list[Task] = []
        for number, spec in enumerate(self.specs):
            if spec.item_ids and set(spec.item_ids) <= gone:
                continue
            if set(spec.item_ids) & changed or not spec.item_ids:
                what = data.draw(st.sampled_from(["same", "same", "other", "gone"]))
                if what == "gone":
                    continue
                if what == "other":
                    spec = replace(spec, content="b" if spec.content == "a" else "a")
                    self.specs[number] = spec
            kept.append(spec)
        if changed and len(self.specs) < 12 and data.draw(st.booleans()):
            owners = [(i,) for i in sorted(changed)]
            new = data.draw(tasks(len(self.specs), owners))
            self.specs.append(new)
            kept.append(new)
        there = {task.id for task in kept}
        return Wish(
            tasks=tuple(replace(t, depends_on=tuple(d for d in t.depends_on if d.task_id in there)) for t in kept),
            changed=tuple(sorted(changed)),
            removed=tuple(sorted(removed)),
            sequence=tuple(i for i in self.plan.sequence if i not in gone),
            begins_at=self.plan.begins_at,
            promised_at=self.plan.promised_at,
        )

    @rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        for _ in range(50):
            moment = due(self.plan)
            if moment is None or moment > self.now:
                break
            before = self.plan.revision
            self.send(TimePassed(at=self.now))
            assert self.plan.revision > before, "what is due is dealt with"
        else:
            raise AssertionError("time is dealt with once, not again and again")

    @precondition(
        lambda self: self.plan.tasks and not self.plan.ended and self.order.state is not OrderState.ACKNOWLEDGED
    )
    @rule(chance=st.integers(0, 20))
    def it_is_given_up_as_it_is(self, chance: int) -> None:
        if chance == 7:
            self.send(Aborted(at=self.now))

    @rule()
    def the_worker_is_lost(self) -> None:
        self.under_way = list(resume(self.plan))

    # what always holds

    @invariant()
    def it_ends_or_waits_for_something_with_a_name(self) -> None:
        plan = self.plan
        if not plan.tasks or plan.ended:
            return
        calls = {t.id for t in plan.tasks if t.state in (TaskState.RUNNING, TaskState.AWAITING_RESULT)}
        by_people = {t.id for t in plan.tasks if t.attention}
        of_backends = {t.id for t in plan.tasks if t.id in calls and not t.by_people}
        waits_for_time = due(plan) is not None
        assert calls or by_people or plan.held or plan.assessing or waits_for_time, shown(plan)
        assert of_backends <= {c.task_id for c in self.under_way}, "somebody works on what runs"

    @invariant()
    def who_waits_for_people_is_on_a_worklist(self) -> None:
        for task in self.plan.tasks:
            waits = task.state is TaskState.FALLOUT or (task.by_people and task.state is TaskState.AWAITING_RESULT)
            assert bool(task.attention) is waits, task

    @invariant()
    def the_order_agrees_with_its_items_and_plan(self) -> None:
        if not self.plan.revision:
            return
        told = order_state_under_way([i.state for i in self.order.items], self.plan)
        assert self.order.state is told or (told, self.order.state) == (
            OrderState.ACKNOWLEDGED,
            OrderState.IN_PROGRESS,
        )
        if self.plan.ended:
            assert self.order.state in ORDER.terminal
            lost = any(t.state in TASK_LOST and t.fate is None for t in self.plan.tasks if t.item_ids)
            given_up = lost or self.plan.cancelled or self.plan.failed
            assert given_up or self.order.state is OrderState.COMPLETED
            given_back = [i.state for i in self.order.items if i.id in self.plan.cancelled]
            assert self.plan.aborted or set(given_back) <= {ItemState.CANCELLED}

    @invariant()
    def what_was_taken_back_had_been_done_and_came_in_reverse_order(self) -> None:
        tasks = {task.id: task for task in self.plan.tasks}
        for undoing in (task for task in self.plan.tasks if task.undoes):
            assert (undoing.undoes or "") in self.effects, "no undo without do"
            if undoing.state not in (TaskState.PENDING, TaskState.ABANDONED):
                before = [d.task_id for d in undoing.depends_on]
                assert all(tasks[b].state in TASK_ENDED for b in before), "in reverse order"

    @invariant()
    def what_is_done_is_done_at_the_backends_and_what_is_not_wanted_is_not(self) -> None:
        """When it has ended: nothing is left of what was given up, and all is there that is wanted."""
        if not self.plan.ended or self.plan.aborted or not self.plan.revision:
            return
        skipped = {t.undoes for t in self.plan.tasks if t.undoes and t.state is not TaskState.COMPLETED}
        for task in self.plan.tasks:
            if task.undoes or task.amount or task.id in skipped:
                continue
            last = (self.effects.get(task.id) or ["undo"])[-1]
            if task.state is TaskState.COMPLETED and not task.by_people:
                assert last != "undo", "what counts as done is there"
            if task.state is TaskState.UNDONE:
                assert last == "undo", "what counts as taken back is gone"

    @invariant()
    def no_point_of_no_return_is_crossed_backwards(self) -> None:
        bound = [
            t
            for t in self.plan.tasks
            if t.no_return
            and t.no_return.charge is None
            and t.begun
            and not t.fate
            and t.item_ids
            and set(t.item_ids) <= {*self.plan.failed}
        ]
        assert not bound, "a roll-back stops before what is delivered"


def shown(plan: Plan) -> str:
    """Where each task stands, to understand a deadlock by."""
    return "\n".join(
        f"{t.id} {t.state} r{t.revision} {t.fate} amending={t.amending} "
        f"after {[(d.task_id, d.kind.value) for d in t.depends_on]}"
        for t in plan.tasks
    )


def before_revision(plan: Plan, task_id: str) -> int:
    found = plan.task(task_id)
    return found.revision if found else 0


CarriedOut.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestCarriedOut = CarriedOut.TestCase
