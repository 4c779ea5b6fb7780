"""Rule files: what is refused and why, and that a change is taken whole or not at all."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.money import Money
from app.domain.plan import DependencyKind, Escalation, OnTimeout, PointOfNoReturn, Timeout, Worklist
from app.domain.rulebook import After, Part, TaskTemplate, Together
from app.domain.rules.business import BLANK_CASE, fired
from app.domain.rules.case import Case
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook.files import BadRules
from app.ordering.rulebook.read import read_rulebook
from app.ordering.rulebook.watch import Rulebooks

TASK = "id: t, name: T, operation: customer.activate, expected: PT1S"
VIP = "- id: vip\n  when: customer.vip\n  priority: 0"


def work(field: str) -> str:
    """A rule whose only task has this field as well."""
    return f'- id: a\n  when: "true"\n  tasks: [{{{TASK}{f", {field}" if field else ""}}}]'


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("decomposition", "- id: a\n  when: item.\n  tasks: []", "rule a: `when` is no condition"),
        ("decomposition", "- id: a\n  when: customer.age > 3\n  tasks: []", "rule a: there is no customer.age"),
        (
            "decomposition",
            '- id: a\n  when: "true"\n  tasks: [{id: t, name: T, operation: x.y, expected: PT1S}]',
            "rule a: there is no operation 'x.y'",
        ),
        (
            "decomposition",
            '- id: a\n  when: "true"\n  tasks: [{id: t, name: T, operation: customer.activate, expected: soon}]',
            "rule a, task t: `expected` is no ISO 8601 duration",
        ),
        (
            "decomposition",
            '- id: a\n  when: "true"\n  tasks: [{id: t, name: T, operation: people.dance, expected: PT1S}]',
            "rule a: there is no operation 'people.dance'",
        ),
        (
            "decomposition",
            '- id: a\n  when: "true"\n  tasks:\n  - {id: t, name: T, operation: people.perform, expected: PT1S, '
            "amend: customer.activate}",
            "rule a, task t: `amend` has to be the operation of a backend, on its work",
        ),
        ("decomposition", "- id: a\n  wen: x\n  tasks: []", "wen"),
        ("decomposition", "{", "while"),
        ("decomposition", work("after: [{sometimes: x}]"), "sometimes"),
        ("decomposition", work("after: [{finishToStart: [x]}]"), "after"),
        ("decomposition", work("together: street"), "street"),
        ("decomposition", work("uses: [colour]"), "colour"),
        ("decomposition", work("undo: x.y"), "rule a: there is no operation 'x.y'"),
        ("decomposition", work("amend: x.y"), "rule a: there is no operation 'x.y'"),
        ("decomposition", work("atVisit: sometimes"), "atVisit"),
        ("decomposition", work("timeout: {after: soon}"), "task t: `timeout.after` is no ISO 8601 duration"),
        ("decomposition", work("timeout: {after: PT1H, then: shout}"), "shout"),
        ("decomposition", work("milestone: {name: m}"), "within"),
        ("decomposition", work("milestone: {name: m, within: soon}"), "task t: `milestone.within` is no ISO 8601"),
        ("decomposition", work("first: maybe"), "first"),
        ("decomposition", work("pointOfNoReturn: {charge: {amount: much, currency: EUR}, reason: r}"), "amount"),
        ("decomposition", work("worklist: {escalations: []}"), "queue"),
        ("decomposition", work("worklist: {queue: q, escalations: [{after: now, to: x}]}"), "`escalations.after`"),
        (
            "decomposition",
            work("worklist: {queue: q, escalations: [{after: PT2H, to: x}, {after: PT1H, to: y}]}"),
            "task t: `escalations` have to follow each other in time",
        ),
        ("decomposition", work("").replace("name: T", "name: 'T {item.colour}'"), "rule a: there is no item.colour"),
        ("decomposition", "- {id: a, when: 'true', oneOf: [x], tasks: []}", "oneOf"),
        ("decomposition", "- {id: a, when: 'load.moon > 3', tasks: []}", "there is no load.moon"),
        ("worklists", "- {id: a, when: 'task.colour == \"red\"', queue: q}", "there is no task.colour"),
        ("worklists", "- {id: a, when: 'true'}", "queue"),
        ("jeopardy", "- {id: a, when: 'jeopardy.mood > 3', level: low}", "rule a: there is no jeopardy.mood"),
        ("jeopardy", "- {id: a, when: 'jeopardy.blocked', level: awful}", "awful"),
        ("jeopardy", "- {id: a, when: 'jeopardy.lateSeconds', level: low}", "rule a: `when` gives"),
        ("jeopardy", "- {id: a, when: 'task.name == 3', level: low, to: me}", "to"),
        ("validation", "- {id: a, when: 'true', message: '{item.colour}', step: offering}", "there is no item.colour"),
        (
            "validation",
            "- {id: a, when: 'order.items > 0 && item.colour == 1', message: m, step: price}",
            "item.colour",
        ),
        ("validation", "- {id: a, when: 'true', message: m, step: never}", "never"),
        ("validation", "- {id: a, when: 'true', message: m, step: price, sources: [oracle]}", "oracle is no source"),
        ("validation", "- {id: a, when: 'true', message: m, step: price, validFrom: 2026-01-01}", "validFrom"),
        ("validation", "- {id: a, when: '1 + \"x\" == 2', message: m, step: price}", "rule a: `when` cannot be judged"),
        ("priority", f"{VIP}\n{VIP}", "more than one rule has the id vip"),
        ("priority", "- {id: a, when: 'true', priority: 9}", "priority.yaml"),
        ("wording", "default: {lost: Lost}", "wording.yaml"),
        ("validation", '- {id: a, when: \'__import__("os").getcwd() == "/"\', message: m, step: price}', "rule a"),
    ],
)
def test_a_bad_rule_file_is_refused_with_the_reason(tmp_path: Path, file: str, text: str, said: str) -> None:
    (tmp_path / f"{file}.yaml").write_text(text)

    with pytest.raises(BadRules) as refused:
        read_rulebook(tmp_path, OPERATIONS)

    assert said in str(refused.value)


def test_everything_that_a_task_may_say_is_read(tmp_path: Path) -> None:
    fields = """after: [a, {startToStart: b, finishToFinish: "order:c"}], pends: true, undo: customer.activate,
      amend: customer.activate, uses: [place, payment], together: visit, atVisit: true, first: true,
      timeout: {after: PT1H, then: cancel}, milestone: {name: active, within: P1D},
      worklist: {queue: q, escalations: [{after: PT1H, to: leads}], asks: [colour]},
      pointOfNoReturn: {reason: gone, charge: {amount: "4.50", currency: EUR}}"""
    (tmp_path / "decomposition.yaml").write_text(work(fields).replace("name: T", "name: 'T {item.name}'"))

    [rule] = read_rulebook(tmp_path, OPERATIONS).decomposition

    assert rule.tasks == (
        TaskTemplate(
            id="t",
            name="T {item.name}",
            operation="customer.activate",
            expected=timedelta(seconds=1),
            after=(
                After("a"),
                After("b", DependencyKind.START_TO_START),
                After("order:c", DependencyKind.FINISH_TO_FINISH),
            ),
            pends=True,
            undo="customer.activate",
            amend="customer.activate",
            uses=frozenset({Part.PLACE, Part.PAYMENT}),
            no_return=PointOfNoReturn(reason="gone", charge=Money(Decimal("4.50"), "EUR")),
            together=Together.VISIT,
            at_visit=True,
            timeout=Timeout(after=timedelta(hours=1), then=OnTimeout.CANCEL),
            worklist=Worklist(
                queue="q", escalations=(Escalation(after=timedelta(hours=1), to="leads"),), asks=("colour",)
            ),
            milestone="active",
            milestone_within=timedelta(days=1),
            first=True,
        ),
    )


def test_a_folder_replaces_the_files_it_has_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "priority.yaml").write_text(VIP)

    ours, built_in = read_rulebook(tmp_path, OPERATIONS), read_rulebook(None, OPERATIONS)

    assert [rule.id for rule in ours.priority] == ["vip"]
    assert [rule.id for rule in ours.validation] == [rule.id for rule in built_in.validation]
    assert ours.version != built_in.version


def test_people_can_always_be_asked_to_do_something_and_to_take_it_back(tmp_path: Path) -> None:
    (tmp_path / "decomposition.yaml").write_text(
        '- id: a\n  when: "true"\n  tasks:\n'
        "  - {id: t, name: T, operation: people.perform, undo: people.perform, expected: PT1H,\n"
        "     worklist: {queue: desk, asks: [reading], escalations: [{after: PT1H, to: leads}]}}\n"
        "  - {id: c, name: C, operation: people.contactCustomer, expected: PT1H}\n"
    )

    [rule] = read_rulebook(tmp_path, OPERATIONS).decomposition

    by_hand, call = rule.tasks
    assert (by_hand.operation, by_hand.undo, call.operation) == (
        "people.perform",
        "people.perform",
        "people.contactCustomer",
    )
    assert by_hand.worklist == Worklist(
        queue="desk", asks=("reading",), escalations=(Escalation(after=timedelta(hours=1), to="leads"),)
    )


def test_a_change_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "priority.yaml"
    file.write_text(VIP)
    rules = Rulebooks(tmp_path, OPERATIONS)
    first = rules.current

    file.write_text(VIP.replace("0", "1") + "\n- id: broken\n  when: customer.\n  priority: 0")
    rules.look()
    assert rules.current is first
    assert rules.refused is not None
    assert "rule broken" in rules.refused.reason

    file.write_text(VIP.replace("priority: 0", "priority: 1"))
    rules.look()
    assert [rule.priority for rule in rules.current.priority] == [1]
    assert rules.refused is None

    taken = rules.current
    rules.look()
    assert rules.current is taken, "nothing has changed"


def test_a_rule_that_fires_says_what_it_looked_at(tmp_path: Path) -> None:
    (tmp_path / "validation.yaml").write_text(
        "- {id: any, when: 'customer.age < 0 && order.items == 0', message: m, step: price, scope: order}"
    )
    book = read_rulebook(tmp_path, OPERATIONS)
    case = Case(order=BLANK_CASE.order, facts=BLANK_CASE.facts, rulebook=book, at=BLANK_CASE.at)

    assert [(f.rule.id, f.item_id, f.because) for f in fired(case)] == [
        ("any", None, ("customer.age = -1", "order.items = 0"))
    ]
