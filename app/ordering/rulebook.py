"""Reads rule files, and reads them again when they change: YAML with conditions in Google's Common Expression Language.

Nothing in them runs as Python. A change is taken whole or not at all; what is refused leaves the rules in force as
they are.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, TypeVar

import cel
import msgspec
import structlog
import yaml

from app.domain.access import Dealers, branches
from app.domain.decomposition import task_view
from app.domain.expedite import change_view
from app.domain.forecast import blank_view
from app.domain.jeopardy import JeopardyLevel
from app.domain.money import Money
from app.domain.plan import (
    BY_PEOPLE,
    DependencyKind,
    Escalation,
    OnTimeout,
    PointOfNoReturn,
    Task,
    Timeout,
    Worklist,
)
from app.domain.rulebook import (
    BLANK_ITEM,
    BLANK_ORDER,
    LEAVE,
    PLACEHOLDER,
    After,
    CannotJudge,
    Condition,
    DecompositionRule,
    ExpediteRule,
    JeopardyRule,
    Need,
    Part,
    PriorityRule,
    Rulebook,
    Scope,
    TakeBackRule,
    TaskTemplate,
    TerminationRule,
    Together,
    ValidationRule,
    View,
    WorklistRule,
    filled,
    item_view,
)
from app.domain.rules import SERVES
from app.domain.rules.business import BLANK_CASE, case_view
from app.domain.states import OrderState
from app.domain.violations import Severity, StepKind, ViolationCode

R = TypeVar("R")
DECOMPOSITION, VALIDATION, PRIORITY, WORDING = "decomposition.yaml", "validation.yaml", "priority.yaml", "wording.yaml"
WORKLISTS, TERMINATION, JEOPARDY = "worklists.yaml", "termination.yaml", "jeopardy.yaml"
TAKE_BACK, EXPEDITE, DEALERS = "takeback.yaml", "expedite.yaml", "dealers.yaml"
FILES: Final = (
    DECOMPOSITION,
    VALIDATION,
    PRIORITY,
    WORDING,
    WORKLISTS,
    TERMINATION,
    JEOPARDY,
    TAKE_BACK,
    EXPEDITE,
    DEALERS,
)
LOOK_SECONDS: Final = 1.0
_QUOTED: Final = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_MEMBER: Final = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\.([A-Za-z_]\w*)(?!\w*\()")

TASK_WORDS: Final = task_view(Task(id="", item_ids=(), name="", operation=".", rule=""), BLANK_ORDER)
JEOPARDY_WORDS: Final = blank_view()
EXPEDITE_WORDS: Final = change_view(BLANK_CASE, BLANK_ORDER)

log = structlog.get_logger()


class BadRules(Exception):
    """The rule files cannot be used; the message names the file, the rule and what is wrong with it."""


class _Charge(msgspec.Struct, forbid_unknown_fields=True):
    amount: Decimal
    currency: str


class _PointOfNoReturn(msgspec.Struct, forbid_unknown_fields=True):
    reason: str
    charge: _Charge | None = None


class _Timeout(msgspec.Struct, forbid_unknown_fields=True):
    after: str
    then: OnTimeout = OnTimeout.FALLOUT


class _Escalation(msgspec.Struct, forbid_unknown_fields=True):
    after: str
    to: str


class _Worklist(msgspec.Struct, forbid_unknown_fields=True):
    queue: str
    escalations: list[_Escalation] = []
    asks: list[str] = []


class _Milestone(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    within: str


class _Task(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    id: str
    name: str
    operation: str
    expected: str
    after: list[str | dict[DependencyKind, str]] = []
    pends: bool = False
    undo: str | None = None
    amend: str | None = None
    uses: list[Part] | None = None
    point_of_no_return: _PointOfNoReturn | None = None
    together: Together | None = None
    at_visit: bool = False
    timeout: _Timeout | None = None
    worklist: _Worklist | None = None
    milestone: str | _Milestone | None = None
    first: bool = False
    take_back: str | None = None


class _Rule(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    id: str
    when: str
    tasks: list[_Task]
    scope: Scope = Scope.ITEM
    needs: list[Need] = []
    one_of: str | None = None


class _WorklistRule(_Worklist, kw_only=True):
    id: str
    when: str


class _JeopardyRule(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    when: str
    level: JeopardyLevel
    queue: str | None = None
    notice: str | None = None


class _Validation(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    id: str
    when: str
    message: str
    step: StepKind
    scope: Scope = Scope.ITEM
    path: str = ""
    code: ViolationCode = ViolationCode.INVALID_VALUE
    severity: Severity = Severity.ERROR
    sources: list[str] = []
    valid_from: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    valid_until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class _Priority(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    when: str
    priority: Annotated[int, msgspec.Meta(ge=0, le=4)]


class _Termination(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    id: str
    when: str
    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]
    reason: str
    at_most_months: Annotated[int, msgspec.Meta(ge=1)] | None = None


class _TakeBack(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    when: str
    within: str
    reason: str
    charge: _Charge | None = None


class _Expedite(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    when: str
    charge: _Charge
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A change of the rule files that was not taken, and why."""

    at: datetime
    reason: str


class Rulebooks:
    """The rules in force, kept up with their files."""

    def __init__(self, folder: Path | None, operations: Collection[str]) -> None:
        """`folder` None, or a file that is not in it: the rules that Orderway comes with. Raises BadRules."""
        self._folder = folder
        self._operations = operations
        self._seen = self._stamps()
        self.current: Rulebook = read_rulebook(folder, operations)
        self.read_at = datetime.now(UTC)
        self.refused: Refused | None = None

    async def watch(self) -> None:
        """Look for changed files every second, until cancelled. Requests under way keep the rules they began with."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Take changed files, whole or not at all."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        try:
            self.current = read_rulebook(self._folder, self._operations)
        except BadRules as refusal:
            self.refused = Refused(at=datetime.now(UTC), reason=str(refusal))
            log.error("rules_refused", reason=str(refusal))
        else:
            self.read_at, self.refused = datetime.now(UTC), None
            log.info("rules_read", version=self.current.version)

    def _stamps(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_stamp(self._folder / name) if self._folder else None for name in FILES)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size


def read_rulebook(folder: Path | None, operations: Collection[str]) -> Rulebook:
    """The rules in this folder, or those that Orderway comes with. Raises BadRules.

    `operations` are those that backends carry out. What people carry out can always be asked for.
    """
    texts = {name: _text(folder, name) for name in FILES}
    item_words, case_words = item_view(BLANK_ORDER, BLANK_ITEM, None), case_view(BLANK_CASE, None, None)
    return Rulebook(
        decomposition=tuple(
            _decomposition(rule, operations, item_words) for rule in _rules(texts, DECOMPOSITION, list[_Rule])
        ),
        validation=tuple(_validation(rule, case_words) for rule in _rules(texts, VALIDATION, list[_Validation])),
        priority=tuple(
            PriorityRule(id=rule.id, when=_condition(rule.id, rule.when, case_words), priority=rule.priority)
            for rule in _rules(texts, PRIORITY, list[_Priority])
        ),
        termination=tuple(
            TerminationRule(
                id=rule.id,
                when=_condition(rule.id, rule.when, case_words),
                percent=Decimal(rule.percent),
                at_most_months=rule.at_most_months,
                reason=_message(rule.id, rule.reason, case_words),
                text=rule.reason,
            )
            for rule in _rules(texts, TERMINATION, list[_Termination])
        ),
        take_back=tuple(
            TakeBackRule(
                id=rule.id,
                when=_condition(rule.id, rule.when, case_words),
                within=_duration(f"rule {rule.id}: `within`", rule.within),
                charge=_charge(rule.charge),
                reason=_message(rule.id, rule.reason, case_words),
                text=rule.reason,
            )
            for rule in _rules(texts, TAKE_BACK, list[_TakeBack])
        ),
        expedite=tuple(
            ExpediteRule(
                id=rule.id,
                when=_condition(rule.id, rule.when, EXPEDITE_WORDS),
                charge=Money(rule.charge.amount, rule.charge.currency),
                reason=_message(rule.id, rule.reason, EXPEDITE_WORDS),
                text=rule.reason,
            )
            for rule in _rules(texts, EXPEDITE, list[_Expedite])
        ),
        wording=_parsed(texts, WORDING, dict[str, dict[OrderState, str]]),
        worklists=tuple(
            WorklistRule(
                id=rule.id, when=_condition(rule.id, rule.when, TASK_WORDS), worklist=_worklist_of(rule.id, rule)
            )
            for rule in _rules(texts, WORKLISTS, list[_WorklistRule])
        ),
        jeopardy=tuple(
            JeopardyRule(
                id=rule.id,
                when=_condition(rule.id, rule.when, JEOPARDY_WORDS),
                level=rule.level,
                queue=rule.queue,
                notice=rule.notice,
            )
            for rule in _rules(texts, JEOPARDY, list[_JeopardyRule])
        ),
        dealers=_dealers(texts),
        version=hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()[:12],
    )


def _dealers(texts: Mapping[str, str]) -> Dealers:
    try:
        return branches(_parsed(texts, DEALERS, dict[str, list[str]]))
    except ValueError as error:
        raise BadRules(f"{DEALERS}: {error}") from error


def _text(folder: Path | None, name: str) -> str:
    try:
        if folder is not None and (folder / name).exists():
            return (folder / name).read_text()
        return (resources.files("app.rules") / name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRules(f"{name}: {error}") from error


def _parsed(texts: Mapping[str, str], name: str, shape: type[R]) -> R:
    try:
        return msgspec.convert(yaml.load(texts[name], yaml.CSafeLoader) or shape(), shape)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadRules(f"{name}: {error}") from error


class _Identified(msgspec.Struct):
    id: str


def _rules(texts: Mapping[str, str], name: str, shape: type[R]) -> R:
    """The rules of a file; an id names one rule only."""
    rules = _parsed(texts, name, shape)
    ids = [rule.id for rule in _parsed(texts, name, list[_Identified])]
    if doubled := sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
        raise BadRules(f"{name}: more than one rule has the id {', '.join(doubled)}")
    return rules


def _decomposition(rule: _Rule, operations: Collection[str], words: View) -> DecompositionRule:
    known = (*operations, *sorted(BY_PEOPLE))
    for wanted in (o for task in rule.tasks for o in (task.operation, task.undo, task.amend, _takes_back(task)) if o):
        if wanted not in known:
            raise BadRules(f"rule {rule.id}: there is no operation {wanted!r}; there are {', '.join(known)}")
    for task in rule.tasks:
        # what people did is done anew by them: nothing of it is in a backend that could change it in place
        if task.amend is not None and BY_PEOPLE & {task.amend, task.operation}:
            raise BadRules(f"rule {rule.id}, task {task.id}: `amend` has to be the operation of a backend, on its work")
        _placeholders(rule.id, task.name, words)
    return DecompositionRule(
        id=rule.id,
        scope=rule.scope,
        when=_condition(rule.id, rule.when, words),
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
                milestone=task.milestone.name if isinstance(task.milestone, _Milestone) else task.milestone,
                milestone_within=_within(rule, task),
                first=task.first,
                take_back=task.take_back,
            )
            for task in rule.tasks
        ),
        one_of=rule.one_of,
    )


def _takes_back(task: _Task) -> str | None:
    return None if task.take_back == LEAVE else task.take_back


def _after(task: _Task) -> Iterable[After]:
    for entry in task.after:
        if isinstance(entry, str):
            yield After(entry)
        else:
            for kind, name in entry.items():
                yield After(name, kind)


def _within(rule: _Rule, task: _Task) -> timedelta | None:
    if not isinstance(task.milestone, _Milestone):
        return None
    return _duration(f"rule {rule.id}, task {task.id}: `milestone.within`", task.milestone.within)


def _timeout(rule: _Rule, task: _Task) -> Timeout | None:
    if task.timeout is None:
        return None
    after = _duration(f"rule {rule.id}, task {task.id}: `timeout.after`", task.timeout.after)
    return Timeout(after=after, then=task.timeout.then)


def _worklist_of(rule_id: str, wire: _Worklist) -> Worklist:
    escalations = tuple(
        Escalation(after=_duration(f"rule {rule_id}: `escalations.after`", one.after), to=one.to)
        for one in wire.escalations
    )
    if list(escalations) != sorted(escalations, key=lambda one: one.after):
        raise BadRules(f"rule {rule_id}: `escalations` have to follow each other in time")
    return Worklist(queue=wire.queue, escalations=escalations, asks=tuple(wire.asks))


def _no_return(point: _PointOfNoReturn | None) -> PointOfNoReturn | None:
    if point is None:
        return None
    return PointOfNoReturn(reason=point.reason, charge=_charge(point.charge))


def _charge(charge: _Charge | None) -> Money | None:
    return Money(charge.amount, charge.currency) if charge else None


def _validation(rule: _Validation, words: View) -> ValidationRule:
    if unknown := sorted(set(rule.sources) - set(SERVES)):
        raise BadRules(
            f"rule {rule.id}: {', '.join(unknown)} is no source of facts; there are {', '.join(sorted(SERVES))}"
        )
    return ValidationRule(
        id=rule.id,
        scope=rule.scope,
        when=_condition(rule.id, rule.when, words),
        step=rule.step,
        path=rule.path,
        code=rule.code,
        severity=rule.severity,
        message=_message(rule.id, rule.message, words),
        text=rule.message,
        sources=frozenset(rule.sources),
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
    )


def _condition(rule_id: str, text: str, words: View) -> Condition:
    """The condition, once it is sure that it speaks only of what is there."""
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise BadRules(f"rule {rule_id}: `when` is no condition: {error}") from error

    def holds(view: View) -> bool:
        try:
            if not isinstance(view.prepared, cel.Context):
                view.prepared = cel.Context(dict(view))  # costs more than all the conditions that look at it
            found = program.execute(view.prepared)
        except (RuntimeError, TypeError, ValueError, KeyError, ArithmeticError) as error:
            raise CannotJudge(f"rule {rule_id}: `when` cannot be judged: {error}") from error
        if not isinstance(found, bool):
            raise CannotJudge(f"rule {rule_id}: `when` gives {type(found).__name__}, not true or false")
        return found

    found = dict.fromkeys(_MEMBER.findall(_QUOTED.sub('""', text)))
    names = tuple((name, member) for name, member in found if name in program.variables() or name in words)
    for name, member in names:
        _spoken_of(rule_id, name, member, words)
    try:
        holds(words)
    except CannotJudge as error:
        raise BadRules(str(error)) from error
    return Condition(text.strip(), holds, names)


def _spoken_of(rule_id: str, name: str, member: str, words: View) -> None:
    """Raises BadRules when rules cannot speak of `name.member`: a condition may not look at it before much later."""
    part = words.get(name)
    known: Iterable[str] = part if isinstance(part, Mapping) else ()
    if member not in known:
        there = ", ".join(sorted(known)) if known else f"no {name!r}; there are {', '.join(sorted(words))}"
        raise BadRules(f"rule {rule_id}: there is no {name}.{member}; there is {there}")


def _message(rule_id: str, text: str, words: View) -> Callable[[View], str]:
    """What fills the names in braces with what they stand for. Raises BadRules."""
    _placeholders(rule_id, text, words)
    return partial(filled, text)


def _placeholders(rule_id: str, text: str, words: View) -> None:
    for name, member in PLACEHOLDER.findall(text):
        _spoken_of(rule_id, name, member, words)


def _duration(what: str, text: str) -> timedelta:
    try:
        return msgspec.convert(text, timedelta)
    except msgspec.ValidationError as error:
        raise BadRules(f"{what} is no ISO 8601 duration: {text}") from error
