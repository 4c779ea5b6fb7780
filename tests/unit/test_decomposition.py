"""From an order to its plan: which tasks, in which order, made by which rule."""

import pytest

from app.domain.decomposition import CyclicPlan, decompose
from app.domain.order import ItemRelationship, RelationshipType
from app.domain.plan import Plan
from app.domain.rulebook import Scope
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook import read_rulebook
from tests.unit.orders import item, offering, order, rule, rulebook, task

RELIES_ON, BUNDLES = RelationshipType.RELIES_ON, RelationshipType.BUNDLES


def dependencies(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {t.id: tuple(d.task_id for d in t.depends_on) for t in plan.tasks}


def test_each_item_gets_the_tasks_of_its_rules_and_each_task_names_its_rule() -> None:
    rules = rulebook(rule("record", task("record")), rule("activate", task("activate", "*")))

    plan = decompose(order(item("1"), item("2")), {"line": offering()}, rules)

    assert dependencies(plan) == {
        "1/record": (),
        "1/activate": ("1/record",),
        "2/record": (),
        "2/activate": ("2/record",),
    }
    assert {(t.id, t.rule) for t in plan.tasks if t.item_id == "1"} == {
        ("1/record", "record"),
        ("1/activate", "activate"),
    }


def test_a_task_of_the_whole_order_exists_once() -> None:
    rules = rulebook(
        rule("account", task("account"), scope=Scope.ORDER),
        rule("record", task("record", "order:account")),
        rule("welcome", task("welcome", "items:record"), scope=Scope.ORDER),
    )

    plan = decompose(order(item("1"), item("2")), {"line": offering()}, rules)

    assert dependencies(plan) == {
        "order/account": (),
        "1/record": ("order/account",),
        "2/record": ("order/account",),
        "order/welcome": ("1/record", "2/record"),
    }
    assert [t.item_id for t in plan.tasks] == [None, "1", None, "2"]


def test_relationships_order_the_work_across_items() -> None:
    rules = rulebook(
        rule("r", task("provision", "reliesOn:provision"), task("activate", "provision", "bundles:activate"))
    )
    bundle = item("1", ItemRelationship(BUNDLES, "2"), ItemRelationship(BUNDLES, "3"))
    television = item("3", ItemRelationship(RELIES_ON, "2"))

    plan = decompose(order(bundle, item("2"), television), {"line": offering()}, rules)

    waits = dependencies(plan)
    assert waits["3/provision"] == ("2/provision",)
    assert waits["1/activate"] == ("1/provision", "2/activate", "3/activate")


def test_a_name_that_meets_no_task_waits_for_nothing() -> None:
    rules = rulebook(rule("r", task("a", "missing", "order:missing", "reliesOn:a")))

    assert dependencies(decompose(order(item("1")), {}, rules)) == {"1/a": ()}


def test_a_circle_is_refused_with_its_path() -> None:
    rules = rulebook(rule("r", task("a", "b"), task("b", "a")))

    with pytest.raises(CyclicPlan) as refused:
        decompose(order(item("1")), {}, rules)

    assert set(refused.value.circle) == {"1/a", "1/b"}


def test_the_same_order_always_gives_the_same_plan() -> None:
    rules = read_rulebook(None, OPERATIONS)
    fixed = order(item("1"), item("2", ItemRelationship(RELIES_ON, "1")))

    assert decompose(fixed, {"line": offering()}, rules) == decompose(fixed, {"line": offering()}, rules)
