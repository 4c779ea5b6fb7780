"""What a completed order did is taken back by another one: all of it, in reverse, and only while it is as it was."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.actor import system_actor
from app.domain.catalog import Term
from app.domain.order import Characteristic, ProductOrder
from app.domain.periods import end_of_term
from app.domain.plan import Cause, Plan, PointOfNoReturn, Task
from app.domain.plan_events import FalloutAction, FalloutDecided, Started, TaskFailed
from app.domain.rulebook import LEAVE, Rulebook
from app.domain.states import ItemState, OrderState, TaskState
from app.domain.step import step
from app.domain.taking_back import changes_since, order_that_takes_back, plan_of, taken_back
from app.domain.undoing import ancestors
from tests.unit.made_plans import plans
from tests.unit.orders import NOW, item, order, owned, place, rule, rulebook, task
from tests.unit.test_plan import make_task

BOUND = PointOfNoReturn(reason="it is delivered")


def completed(*done: Task) -> Plan:
    """A plan whose tasks have all been done."""
    ended = (replace(t, state=TaskState.COMPLETED, reference=f"made-{t.id}", ended_at=NOW) for t in done)
    return Plan(order_id="o1", tasks=tuple(ended), revision=9)


def bought(**more: Any) -> ProductOrder:
    """A completed order of one item."""
    return order(replace(item("1"), state=ItemState.COMPLETED, product_id="p1", **more), state=OrderState.COMPLETED)


def reversal(found: ProductOrder, done: Plan) -> ProductOrder:
    return order_that_takes_back(found, done, system_actor("test"), order_id="o2", reason="no", at=NOW)


def rules(**take_back: str | None) -> Rulebook:
    """Rules that say this of how tasks are taken back once their order was completed."""
    return rulebook(rule("r", *(replace(task(name), take_back=how) for name, how in take_back.items())))


@settings(deadline=None)
@given(st.data())
def test_every_task_is_taken_back_left_or_in_the_way_and_what_came_after_goes_first(data: st.DataObject) -> None:
    done = completed(*data.draw(plans()).tasks)
    items = [item(one) for one in ("1", "2", "3")]
    how = {t.id: data.draw(st.sampled_from([None, LEAVE, "backend.else"])) for t in done.tasks}

    found = taken_back(done, items, rules(**how))

    said = [*(t.id for t in found.undone), *(t.id for t in found.left), *(p.task_id for p in found.passed)]
    assert sorted(said) == sorted(t.id for t in done.tasks)
    assert len(found.tasks) == len(found.undone)
    graph, undoing = {t.id: t for t in done.tasks}, {t.takes_back: t for t in found.tasks}
    for one in found.undone:
        waited_for = {d.task_id for d in undoing[one.reference].depends_on}
        later = {undoing[t.reference].id for t in found.undone if one.id in ancestors(graph, t.id)}
        assert waited_for == later, "nothing is taken back before what was built on it"


def test_what_is_there_for_good_is_in_the_way_unless_a_rule_knows_a_way() -> None:
    done = completed(replace(make_task("1/a"), undo="backend.undo", no_return=BOUND), make_task("1/b"))
    [found] = bought().items

    good = taken_back(done, [found], rules(a=None, b=None))
    known = taken_back(done, [found], rules(a="backend.else", b=LEAVE))

    assert [p.point.reason for p in good.passed] == ["it is delivered", "nothing takes back what it did"]
    assert (known.passed, [t.operation for t in known.tasks]) == ((), ["backend.else"])


def test_what_could_not_be_taken_back_is_asked_anew_of_the_same_thing() -> None:
    done = completed(replace(make_task("1/a"), undo="backend.undo"))
    plan, _ = step(plan_of(reversal(bought(), done), done, rules(a=None)), Started(at=NOW))
    [undo] = plan.tasks
    no = Cause(kind="REFUSED", message="no", final=True)

    plan, _ = step(plan, TaskFailed(at=NOW, task_id=undo.id, revision=1, cause=no))
    plan, _ = step(plan, FalloutDecided(at=NOW, task_id=undo.id, action=FalloutAction.RETRY))

    [again] = plan.tasks
    assert (again.state, again.revision, again.reference) == (TaskState.RUNNING, 2, "made-1/a")


@pytest.mark.parametrize(
    ("what", "then"),
    [
        (None, {}),
        ("is suspended", {"status": "suspended"}),
        ("is another offering by now", {"offering_id": "other"}),
        ("is installed elsewhere", {"place_id": "addr-2"}),
        ("is configured otherwise", {"characteristics": {"router": "premium"}}),
        ("has been kept for another term", {"term_ends_at": NOW + timedelta(days=4000)}),
    ],
)
def test_what_has_become_otherwise_since_is_seen(what: str | None, then: dict[str, Any]) -> None:
    year = Term(name="12 months", amount=12, unit="month")
    found = bought(place=place(), terms=(year,), characteristics=(Characteristic("router", "own"),))
    as_left: dict[str, Any] = {"place_id": "addr-1", "characteristics": {"router": "own", "more": "x"}}
    as_left |= {"started_at": NOW, "term_ends_at": end_of_term(NOW, 12, "month")}

    changes = changes_since(found, [owned("p1", **{**as_left, **then})])

    assert [change.what for change in changes] == ([] if what is None else [what])
    assert [change.what for change in changes_since(found, [])] == ["is the customer's no more"]
