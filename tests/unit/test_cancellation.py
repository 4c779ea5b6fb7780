"""What a cancellation takes with it, what it costs, when it comes too late, and what is taken back without one."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from app.domain.actor import Actor, Role
from app.domain.cancellation import assess
from app.domain.money import Money
from app.domain.order import ItemRelationship, RelationshipType
from app.domain.plan import Cause, Dependency, Plan, PointOfNoReturn, Task
from app.domain.plan_events import (
    CancellationRequested,
    FalloutAction,
    FalloutDecided,
    Started,
    TaskCompleted,
    TaskFailed,
)
from app.domain.states import ItemState, TaskState
from app.domain.step import step
from app.orchestration.instructions import event_of, refusal_of
from app.ordering.ordering import Instruction, InstructionKind
from app.store.port import IdempotencyKey
from tests.unit.orders import NOW, item, order

CHARGE = Money(Decimal("49.00"), "EUR")
RELIES_ON, BUNDLES = RelationshipType.RELIES_ON, RelationshipType.BUNDLES


def task(task_id: str, *after: str, owner: str | None = "1", **more: object) -> Task:
    made = Task(
        id=task_id,
        item_ids=(owner,) if owner else (),
        name=task_id,
        operation=f"backend.{task_id}",
        rule="r",
        depends_on=tuple(map(Dependency, after)),
        expected=timedelta(seconds=1),
        undo=f"backend.undo-{task_id}",
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields of the task


def under_way(*tasks: Task, done: tuple[str, ...] = ()) -> Plan:
    plan, _ = step(Plan(order_id="o1", tasks=tasks), Started(at=NOW))
    for task_id in done:
        plan, _ = step(plan, TaskCompleted(at=NOW, task_id=task_id, revision=1, reference=task_id))
    return plan


def states(plan: Plan) -> dict[str, TaskState]:
    return {one.id: one.state for one in plan.tasks}


def cancel(*items: str, charge: Money | None = None) -> Instruction:
    return Instruction(
        kind=InstructionKind.CANCEL,
        reason="no",
        actor=Actor(subject="a", role=Role.AGENT, channel="c"),
        key=IdempotencyKey(owner="a", key="k", fingerprint="f"),
        item_ids=items,
        charge=charge,
    )


def test_what_relies_on_an_item_and_the_parts_of_a_bundle_go_with_it() -> None:
    bundle = order(
        item("1", ItemRelationship(BUNDLES, "2")),
        item("2"),
        item("3", ItemRelationship(RELIES_ON, "2")),
        item("4"),
    )

    assert assess(bundle, None, {"1"}).item_ids == ("1", "2", "3")
    assert assess(bundle, None, {"3"}).item_ids == ("3",)
    assert assess(bundle, None, ()).item_ids == ("1", "2", "3", "4")
    delivered = replace(bundle, items=(*bundle.items[:3], replace(bundle.items[3], state=ItemState.COMPLETED)))
    assert assess(delivered, None, ()).item_ids == ("1", "2", "3")


def test_charges_add_up_and_are_not_asked_for_twice() -> None:
    bound = PointOfNoReturn(reason="ordered", charge=CHARGE)
    plan = under_way(task("a", no_return=bound), task("b", owner="2", no_return=bound), task("c", owner="3"))
    two = order(item("1"), item("2"), item("3"))

    assert assess(two, plan, ()).charge == CHARGE + CHARGE
    plan, _ = step(plan, CancellationRequested(at=NOW, item_ids=("1",), charge=CHARGE))
    assert assess(two, plan, ()).charge == CHARGE


@pytest.mark.parametrize(
    ("instruction", "why"),
    [
        (cancel("1", charge=CHARGE), None),
        (cancel("1"), "it costs something else by now"),
        (cancel("1", charge=CHARGE + CHARGE), "it costs something else by now"),
        (cancel("2"), "b: delivered"),
        (cancel("3"), "item 3 has ended"),
        (cancel("9"), "item 9 has ended"),
    ],
)
def test_an_instruction_is_judged_by_how_far_the_plan_is(instruction: Instruction, why: str | None) -> None:
    plan = under_way(
        task("a", no_return=PointOfNoReturn(reason="ordered", charge=CHARGE)),
        task("b", owner="2", no_return=PointOfNoReturn(reason="delivered")),
        task("c", owner="3"),
        done=("c",),
    )

    assert refusal_of(plan, instruction) == why


def test_nothing_is_told_to_what_has_ended() -> None:
    ended = under_way(task("a"), done=("a",))

    assert ended.ended
    assert refusal_of(ended, cancel("1")) == "the order has ended"
    assert refusal_of(ended, replace(cancel(), kind=InstructionKind.HOLD)) == "the order has ended"


def test_who_got_no_answer_may_have_its_revision_assessed_again_and_nobody_elses_is_let_go() -> None:
    def told(kind: InstructionKind, by: str | None, seconds: int = 30) -> Instruction:
        until = NOW + timedelta(seconds=seconds) if kind is InstructionKind.FREEZE else None
        return replace(cancel(), kind=kind, by=by, until=until)

    frozen, _ = step(under_way(task("a")), event_of(told(InstructionKind.FREEZE, "ada:1"), NOW))
    again, _ = step(frozen, event_of(told(InstructionKind.FREEZE, "ada:1", 60), NOW))
    other, _ = step(frozen, event_of(told(InstructionKind.THAW, "bob:2"), NOW))
    free, _ = step(frozen, event_of(told(InstructionKind.THAW, "ada:1"), NOW))

    assert refusal_of(frozen, told(InstructionKind.FREEZE, "ada:1")) is None
    assert refusal_of(frozen, told(InstructionKind.FREEZE, "bob:2")) == "another revision is being assessed"
    assert refusal_of(frozen, told(InstructionKind.FREEZE, None)) == "another revision is being assessed"
    assert (again.frozen_until, again.frozen_by) == (NOW + timedelta(seconds=60), "ada:1")
    assert other == frozen
    assert (free.frozen_until, free.frozen_by) == (None, None)
    assert refusal_of(free, told(InstructionKind.FREEZE, "bob:2")) is None


def failed(plan: Plan, task_id: str, *, final: bool = True) -> Plan:
    cause = Cause(kind="NO", message="no", final=final)
    return step(plan, TaskFailed(at=NOW, task_id=task_id, revision=1, cause=cause))[0]


def test_what_is_lost_with_what_it_waited_for_is_taken_back() -> None:
    plan = under_way(
        task("pay", owner=None, undo=None),
        task("visit"),
        task("number", owner="2"),
        task("product", "pay", "visit"),
        task("line", "number", "product", owner="2"),
        done=("visit", "number"),
    )

    plan, _ = step(failed(plan, "pay"), FalloutDecided(at=NOW, task_id="pay", action=FalloutAction.FAIL_ITEM))

    assert states(plan)["visit~undo"] is states(plan)["number~undo"] is TaskState.RUNNING
    assert states(plan)["line"] is TaskState.ABANDONED


def test_a_bundle_goes_on_without_a_part_as_long_as_one_is_left() -> None:
    bundle = task("bundle", "one", "two", owner="b", tolerant=True)
    plan = under_way(task("one"), task("two", owner="2"), bundle)

    plan, _ = step(plan, CancellationRequested(at=NOW, item_ids=("1",)))
    plan, _ = step(plan, TaskCompleted(at=NOW, task_id="one", revision=1, reference="r"))
    plan, _ = step(plan, TaskCompleted(at=NOW, task_id="one~undo", revision=1))
    plan, _ = step(plan, TaskCompleted(at=NOW, task_id="two", revision=1, reference="r"))

    assert (states(plan)["one"], states(plan)["bundle"]) == (TaskState.UNDONE, TaskState.RUNNING)


@pytest.mark.parametrize(("final", "state"), [(True, TaskState.ABANDONED), (False, TaskState.FALLOUT)])
def test_a_call_of_which_nothing_is_known_is_not_forgotten(final: bool, state: TaskState) -> None:
    plan = failed(under_way(task("a"), task("b", owner="2")), "a", final=final)

    plan, _ = step(plan, CancellationRequested(at=NOW, item_ids=("1",)))

    assert states(plan)["a"] is state


def test_what_a_cancellation_costs_is_charged_while_the_order_is_held() -> None:
    plan = replace(under_way(task("a"), task("b", owner="2")), held=True)

    plan, _ = step(plan, CancellationRequested(at=NOW, item_ids=("1", "2"), charge=CHARGE))

    [charge] = [one for one in plan.tasks if one.amount]
    assert (charge.amount, charge.state) == (CHARGE, TaskState.RUNNING)
