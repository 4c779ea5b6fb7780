"""From rule files to a rulebook: everything in them is checked before any of it is in force."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from app.domain.access import Dealers, branches
from app.domain.conditions import View
from app.domain.decomposition import task_view
from app.domain.expedite import change_view
from app.domain.forecast import blank_view
from app.domain.money import Money
from app.domain.plan import BY_PEOPLE, Escalation, PointOfNoReturn, Task, Timeout, Worklist
from app.domain.rulebook import (
    LEAVE,
    After,
    DecompositionRule,
    ExpediteRule,
    JeopardyRule,
    PriorityRule,
    Rulebook,
    TakeBackRule,
    TaskTemplate,
    TerminationRule,
    ValidationRule,
    WorklistRule,
)
from app.domain.rules import SERVES
from app.domain.rules.business import BLANK_CASE, case_view
from app.domain.states import OrderState
from app.domain.views import BLANK_ITEM, BLANK_ORDER, item_view
from app.ordering.rulebook import files
from app.ordering.rulebook.conditions import check_placeholders, condition, message
from app.ordering.rulebook.files import BadRules

TASK_WORDS: Final = task_view(Task(id="", item_ids=(), name="", operation=".", rule=""), BLANK_ORDER)
JEOPARDY_WORDS: Final = blank_view()
EXPEDITE_WORDS: Final = change_view(BLANK_CASE, BLANK_ORDER)


def read_rulebook(folder: Path | None, operations: Collection[str]) -> Rulebook:
    """The rules in this folder, or those that Orderway comes with. Raises BadRules.

    `operations` are those that backends carry out. What people carry out can always be asked for.
    """
    texts = files.texts_in(folder)
    item_words, case_words = item_view(BLANK_ORDER, BLANK_ITEM, None), case_view(BLANK_CASE, None, None)
    return Rulebook(
        decomposition=tuple(
            _decomposition(rule, operations, item_words)
            for rule in files.rules_in(texts, files.DECOMPOSITION, list[files.Rule])
        ),
        validation=tuple(
            _validation(rule, case_words) for rule in files.rules_in(texts, files.VALIDATION, list[files.Validation])
        ),
        priority=tuple(
            PriorityRule(id=rule.id, when=condition(rule.id, rule.when, case_words), priority=rule.priority)
            for rule in files.rules_in(texts, files.PRIORITY, list[files.Priority])
        ),
        termination=tuple(
            TerminationRule(
                id=rule.id,
                when=condition(rule.id, rule.when, case_words),
                percent=Decimal(rule.percent),
                at_most_months=rule.at_most_months,
                reason=message(rule.id, rule.reason, case_words),
                text=rule.reason,
            )
            for rule in files.rules_in(texts, files.TERMINATION, list[files.Termination])
        ),
        take_back=tuple(
            TakeBackRule(
                id=rule.id,
                when=condition(rule.id, rule.when, case_words),
                within=_duration(f"rule {rule.id}: `within`", rule.within),
                charge=_charge(rule.charge),
                reason=message(rule.id, rule.reason, case_words),
                text=rule.reason,
            )
            for rule in files.rules_in(texts, files.TAKE_BACK, list[files.TakeBack])
        ),
        expedite=tuple(
            ExpediteRule(
                id=rule.id,
                when=condition(rule.id, rule.when, EXPEDITE_WORDS),
                charge=Money(rule.charge.amount, rule.charge.currency),
                reason=message(rule.id, rule.reason, EXPEDITE_WORDS),
                text=rule.reason,
            )
            for rule in files.rules_in(texts, files.EXPEDITE, list[files.Expedite])
        ),
        wording=files.parsed(texts, files.WORDING, dict[str, dict[OrderState, str]]),
        worklists=tuple(
            WorklistRule(
                id=rule.id, when=condition(rule.id, rule.when, TASK_WORDS), worklist=_worklist_of(rule.id, rule)
            )
            for rule in files.rules_in(texts, files.WORKLISTS, list[files.WorklistRule])
        ),
        jeopardy=tuple(
            JeopardyRule(
                id=rule.id,
                when=condition(rule.id, rule.when, JEOPARDY_WORDS),
                level=rule.level,
                queue=rule.queue,
                notice=rule.notice,
            )
            for rule in files.rules_in(texts, files.JEOPARDY, list[files.JeopardyRule])
        ),
        dealers=_dealers(texts),
        version=hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()[:12],
    )


def _dealers(texts: Mapping[str, str]) -> Dealers:
    try:
        return branches(files.parsed(texts, files.DEALERS, dict[str, list[str]]))
    except ValueError as error:
        raise BadRules(f"{files.DEALERS}: {error}") from error


def _decomposition(rule: files.Rule, operations: Collection[str], words: View) -> DecompositionRule:
    known = (*operations, *sorted(BY_PEOPLE))
    for wanted in (o for task in rule.tasks for o in (task.operation, task.undo, task.amend, _takes_back(task)) if o):
        if wanted not in known:
            raise BadRules(f"rule {rule.id}: there is no operation {wanted!r}; there are {', '.join(known)}")
    for task in rule.tasks:
        # what people did is done anew by them: nothing of it is in a backend that could change it in place
        if task.amend is not None and BY_PEOPLE & {task.amend, task.operation}:
            raise BadRules(f"rule {rule.id}, task {task.id}: `amend` has to be the operation of a backend, on its work")
        check_placeholders(rule.id, task.name, words)
    return DecompositionRule(
        id=rule.id,
        scope=rule.scope,
        when=condition(rule.id, rule.when, words),
        needs=frozenset(rule.needs),
        tasks=tuple(
            TaskTemplate(
                id=task.id,
                name=task.name,
                operation=task.operation,
                expected=_duration(f"rule {rule.id}, task {task.id}: `expected`", task.expected),
                after=tuple(_after(task)),
                pends=task.pends,
                undo=task.undo,
                amend=task.amend,
                uses=None if task.uses is None else frozenset(task.uses),
                no_return=_no_return(task.point_of_no_return),
                together=task.together,
                at_visit=task.at_visit,
                timeout=_timeout(rule, task),
                worklist=_worklist_of(f"{rule.id}, task {task.id}", task.worklist) if task.worklist else None,
                milestone=task.milestone.name if isinstance(task.milestone, files.Milestone) else task.milestone,
                milestone_within=_within(rule, task),
                first=task.first,
                take_back=task.take_back,
            )
            for task in rule.tasks
        ),
        one_of=rule.one_of,
    )


def _takes_back(task: files.Task) -> str | None:
    return None if task.take_back == LEAVE else task.take_back


def _after(task: files.Task) -> Iterable[After]:
    for entry in task.after:
        if isinstance(entry, str):
            yield After(entry)
        else:
            for kind, name in entry.items():
                yield After(name, kind)


def _within(rule: files.Rule, task: files.Task) -> timedelta | None:
    if not isinstance(task.milestone, files.Milestone):
        return None
    return _duration(f"rule {rule.id}, task {task.id}: `milestone.within`", task.milestone.within)


def _timeout(rule: files.Rule, task: files.Task) -> Timeout | None:
    if task.timeout is None:
        return None
    after = _duration(f"rule {rule.id}, task {task.id}: `timeout.after`", task.timeout.after)
    return Timeout(after=after, then=task.timeout.then)


def _worklist_of(rule_id: str, wire: files.Worklist) -> Worklist:
    escalations = tuple(
        Escalation(after=_duration(f"rule {rule_id}: `escalations.after`", one.after), to=one.to)
        for one in wire.escalations
    )
    if list(escalations) != sorted(escalations, key=lambda one: one.after):
        raise BadRules(f"rule {rule_id}: `escalations` have to follow each other in time")
    return Worklist(queue=wire.queue, escalations=escalations, asks=tuple(wire.asks))


def _no_return(point: files.PointOfNoReturn | None) -> PointOfNoReturn | None:
    if point is None:
        return None
    return PointOfNoReturn(reason=point.reason, charge=_charge(point.charge))


def _charge(charge: files.Charge | None) -> Money | None:
    return Money(charge.amount, charge.currency) if charge else None


def _validation(rule: files.Validation, words: View) -> ValidationRule:
    if unknown := sorted(set(rule.sources) - set(SERVES)):
        raise BadRules(
            f"rule {rule.id}: {', '.join(unknown)} is no source of facts; there are {', '.join(sorted(SERVES))}"
        )
    return ValidationRule(
        id=rule.id,
        scope=rule.scope,
        when=condition(rule.id, rule.when, words),
        step=rule.step,
        path=rule.path,
        code=rule.code,
        severity=rule.severity,
        message=message(rule.id, rule.message, words),
        text=rule.message,
        sources=frozenset(rule.sources),
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
    )


def _duration(what: str, text: str) -> timedelta:
    try:
        return msgspec.convert(text, timedelta)
    except msgspec.ValidationError as error:
        raise BadRules(f"{what} is no ISO 8601 duration: {text}") from error
