"""From an order to its plan: which tasks, in which order, made by which rule."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.conditions import Condition
from app.domain.decomposition import CyclicPlan, decompose
from app.domain.facts import PlaceFact
from app.domain.order import (
    AppointmentRef,
    ItemAction,
    ItemRelationship,
    OrderItem,
    ProductOrder,
    RelationshipType,
)
from app.domain.plan import AWAIT_EARLIER, DependencyKind, Plan
from app.domain.rulebook import After, DecompositionRule, Part, Rulebook, Scope, Together
from app.domain.views import Surroundings
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook.read import read_rulebook
from tests.unit.orders import ALWAYS, NOW, customer, item, offering, order, place, rule, rulebook, task

RELIES_ON, BUNDLES = RelationshipType.RELIES_ON, RelationshipType.BUNDLES
FS, SS = DependencyKind.FINISH_TO_START, DependencyKind.START_TO_START
FF, SF = DependencyKind.FINISH_TO_FINISH, DependencyKind.START_TO_FINISH


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


def edges(plan: Plan, task_id: str) -> set[tuple[str, DependencyKind]]:
    found = plan.task(task_id)
    assert found is not None
    return {(d.task_id, d.kind) for d in found.depends_on}


def when(holds: Callable[[Any], bool]) -> Condition:
    """A condition as a function of what it may speak of."""
    return Condition("as a function", holds)


def visited(of: OrderItem, place_id: str, hour: int) -> OrderItem:
    """The item, delivered at this place by a visit at this hour."""
    start = NOW + timedelta(hours=hour)
    return replace(
        of,
        place=place(place_id),
        appointment=AppointmentRef(id=f"v-{of.id}", start=start, end=start + timedelta(hours=2)),
    )


def test_what_is_waited_for_and_how_is_said_by_name() -> None:
    ways = (After("a", SS), After("order:o", FF), After("reliesOn:a", SF), After("b"))
    rules = rulebook(
        rule("order", task("o"), scope=Scope.ORDER),
        rule("r", task("a"), task("b"), replace(task("c"), after=ways)),
    )

    plan = decompose(order(item("1"), item("2", ItemRelationship(RELIES_ON, "1"))), {}, rules)

    assert edges(plan, "1/c") == {("1/a", SS), ("order/o", FF), ("1/b", FS)}
    assert edges(plan, "2/c") == {("2/a", SS), ("order/o", FF), ("1/a", SF), ("2/b", FS)}


@pytest.mark.parametrize(
    ("there", "back"),
    [((FS,), (FS,)), ((SS,), (SS,)), ((FF,), (FF,)), ((SS,), (FS,)), ((FF,), (FS,)), ((SF, SS), (FS,))],
)
def test_circles_over_kinds_are_refused_with_their_path(
    there: tuple[DependencyKind, ...], back: tuple[DependencyKind, ...]
) -> None:
    rules = rulebook(
        rule(
            "r",
            replace(task("a"), after=tuple(After("b", kind) for kind in there)),
            replace(task("b"), after=tuple(After("a", kind) for kind in back)),
        )
    )

    with pytest.raises(CyclicPlan) as refused:
        decompose(order(item("1")), {}, rules)

    assert set(refused.value.circle) == {"1/a", "1/b"}
    assert "1/a → 1/b" in str(refused.value)


def test_of_alternatives_the_first_that_holds_is_the_one() -> None:
    def by(rule_id: str, condition: Condition) -> DecompositionRule:
        return replace(rule(rule_id, task(rule_id)), when=condition, one_of="delivery")

    def rules() -> Rulebook:
        return rulebook(
            by("courier", when(lambda v: v["load"]["workforce"] >= 50)),
            by("concierge", when(lambda v: v["customer"]["segment"] == "business")),
            by("town", when(lambda v: v["place"]["postcode"].startswith("20"))),
            by("post", ALWAYS),
            rule("always", task("always")),
        )

    somewhere = order(replace(item("1"), place=place()))

    def chosen(**around: Any) -> set[str]:
        return {t.rule for t in decompose(somewhere, {}, rules(), Surroundings(**around)).tasks}

    hamburg = {"addr-1": PlaceFact(id="addr-1", label="Home", postcode="20457")}
    assert chosen() == {"post", "always"}
    assert chosen(places=hamburg) == {"town", "always"}
    assert chosen(places=hamburg, customer=customer(segment="business")) == {"concierge", "always"}
    assert chosen(customer=customer(segment="business"), load={"workforce": 50}) == {"courier", "always"}
    assert chosen(load={"workforce": 49}) == {"post", "always"}


def test_items_with_the_same_visit_share_one_task() -> None:
    shared = replace(task("visit"), together=Together.VISIT)
    rules = rulebook(rule("r", task("record"), replace(shared, after=(After("record"),)), task("check", "visit")))
    wanted = order(
        visited(item("1"), "addr-1", 9),
        visited(item("2"), "addr-1", 9),
        visited(item("3"), "addr-1", 14),
        visited(item("4"), "addr-2", 9),
        item("5"),
    )

    plan = decompose(wanted, {}, rules)

    visits = {t.id: t.item_ids for t in plan.tasks if t.id.endswith("/visit")}
    assert visits == {"1/visit": ("1", "2"), "3/visit": ("3",), "4/visit": ("4",), "5/visit": ("5",)}
    assert edges(plan, "1/visit") == {("1/record", FS), ("2/record", FS)}
    assert (edges(plan, "2/check"), edges(plan, "3/check")) == ({("1/visit", FS)}, {("3/visit", FS)})


def test_items_share_a_task_by_place_or_in_the_whole_order() -> None:
    def plan(together: Together) -> Plan:
        wanted = order(*(visited(item(n), at, hour) for n, at, hour in (("1", "addr-1", 9), ("2", "addr-1", 14))))
        wanted = replace(wanted, items=(*wanted.items, visited(item("3"), "addr-2", 9)))
        return decompose(wanted, {}, rulebook(rule("r", replace(task("a"), together=together))))

    assert [t.item_ids for t in plan(Together.PLACE).tasks] == [("1", "2"), ("3",)]
    assert [t.item_ids for t in plan(Together.ORDER).tasks] == [("1", "2", "3")]


def test_what_is_added_and_what_is_ended_is_not_done_together() -> None:
    ended = replace(item("2"), action=ItemAction.DELETE)
    rules = rulebook(rule("r", replace(task("a"), together=Together.ORDER)))

    assert [t.item_ids for t in decompose(order(item("1"), ended), {}, rules).tasks] == [("1",), ("2",)]


def test_work_at_the_visit_does_not_begin_before_it() -> None:
    at_visit = replace(task("a"), at_visit=True, together=Together.PLACE)
    wanted = order(visited(item("1"), "addr-1", 14), visited(item("2"), "addr-1", 9))

    [shared] = decompose(wanted, {}, rulebook(rule("r", at_visit))).tasks
    [without] = decompose(order(item("1")), {}, rulebook(rule("r", at_visit))).tasks

    assert (shared.not_before, without.not_before) == (NOW + timedelta(hours=9), None)


def test_what_a_task_uses_is_what_a_change_of_it_is_seen_by() -> None:
    uses_place = replace(task("port"), uses=frozenset({Part.PLACE}))
    uses_nothing = replace(task("wait"), uses=frozenset[Part]())
    pays = replace(task("pay"), uses=frozenset({Part.PAYMENT}))
    rules = rulebook(
        rule("r", task("usual"), uses_place, uses_nothing), rule("o", pays, task("close"), scope=Scope.ORDER)
    )
    before = order(visited(item("1"), "addr-1", 9))

    def changed(after: ProductOrder) -> set[str]:
        old, new = (decompose(one, {}, rules).tasks for one in (before, after))
        return {b.id for a, b in zip(old, new, strict=True) if a.content != b.content}

    [first] = before.items
    assert changed(replace(before, items=(replace(first, offering_name="Renamed"),))) == set()
    assert changed(order(visited(item("1"), "addr-2", 9))) == {"1/usual", "1/port"}
    assert changed(order(visited(item("1"), "addr-1", 10))) == {"1/usual"}
    assert changed(replace(before, billing_account_id="ba-2")) == {"order/pay"}


def test_what_was_learnt_counts_for_more_than_what_the_rules_say() -> None:
    rules = rulebook(rule("r", task("a"), task("b")))

    plan = decompose(order(item("1")), {}, rules, Surroundings(learnt={"backend.a": timedelta(seconds=7)}))

    assert [t.expected.total_seconds() for t in plan.tasks] == [7, 1]


def test_a_milestone_is_promised_from_the_submission_or_the_day_on() -> None:
    promised = replace(task("a"), milestone="there", milestone_within=timedelta(hours=4))
    rules = rulebook(rule("r", promised))

    def at(wanted: ProductOrder) -> datetime | None:
        return decompose(wanted, {}, rules).tasks[0].promised_at

    assert at(order(item("1"))) == NOW + timedelta(hours=4)
    assert at(replace(order(item("1")), requested_start_at=NOW + timedelta(days=1))) == NOW + timedelta(hours=28)
    assert at(replace(order(item("1")), submitted_at=None)) is None


def test_every_task_of_an_item_waits_for_its_first() -> None:
    waits = replace(task("wait"), operation=AWAIT_EARLIER, name="Wait for {item.earlierOrders}", first=True)
    rules = rulebook(
        replace(rule("w", waits), when=when(lambda v: bool(v["item"]["earlierOrders"]))),
        rule("r", task("a"), task("b", "a"), replace(task("c"), after=(After("a", FF),)), task("d", "order:o")),
        rule("o", task("o"), scope=Scope.ORDER),
    )
    around = Surroundings(earlier={"1": ("o-1", "o-2")})

    plan = decompose(order(item("1"), item("2")), {}, rules, around)

    waiting = plan.task("1/wait")
    assert waiting is not None
    assert (waiting.name, waiting.awaits) == ("Wait for o-1, o-2", ("o-1", "o-2"))
    assert plan.task("2/wait") is None
    first = ("1/wait", FS)
    assert edges(plan, "1/a") == {first}
    assert edges(plan, "1/b") == {("1/a", FS)}
    assert edges(plan, "1/c") == {("1/a", FF), first}
    assert edges(plan, "1/d") == {("order/o", FS), first}
    assert (edges(plan, "order/o"), edges(plan, "2/a")) == (set(), set())


def test_the_delivered_rules_give_a_plan_without_circles_for_every_kind_of_action() -> None:
    rules = read_rulebook(None, OPERATIONS)
    known = {"line": replace(offering(), categories=("mobile",))}
    changed = replace(item("2"), action=ItemAction.MODIFY, product_id="p2")
    ended = replace(item("3"), action=ItemAction.DELETE, product_id="p3")
    around = Surroundings(earlier={"2": ("o-1",), "3": ("o-1",)})

    plan = decompose(order(item("1"), changed, ended), known, rules, around)

    waiting = {t.id for t in plan.tasks if t.operation == AWAIT_EARLIER}
    assert waiting == {"2/await-earlier", "3/await-earlier"}
    assert all(("2/await-earlier", FS) in edges(plan, t.id) for t in plan.tasks if t.id == "2/provision")
    assert {t.milestone for t in plan.tasks if t.milestone} >= {"delivered", "changed", "ended"}
