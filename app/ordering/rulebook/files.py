"""The rule files: which there are, where they are found, and how each of them looks."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
import yaml

from app.domain.jeopardy import JeopardyLevel
from app.domain.plan import DependencyKind, OnTimeout
from app.domain.rulebook import Need, Part, Scope, Together
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


class BadRules(Exception):
    """The rule files cannot be used; the message names the file, the rule and what is wrong with it."""


class Charge(msgspec.Struct, forbid_unknown_fields=True):
    """What something costs."""

    amount: Decimal
    currency: str


class PointOfNoReturn(msgspec.Struct, forbid_unknown_fields=True):
    """From here on there is no way back, or only one that costs something."""

    reason: str
    charge: Charge | None = None


class Timeout(msgspec.Struct, forbid_unknown_fields=True):
    """How long a result is awaited."""

    after: str
    then: OnTimeout = OnTimeout.FALLOUT


class Escalation(msgspec.Struct, forbid_unknown_fields=True):
    """Whose turn it is when nobody has acted for so long."""

    after: str
    to: str


class Worklist(msgspec.Struct, forbid_unknown_fields=True):
    """Where people find a task."""

    queue: str
    escalations: list[Escalation] = []
    asks: list[str] = []


class Milestone(msgspec.Struct, forbid_unknown_fields=True):
    """What is reached when a task is done, and within which time that is promised."""

    name: str
    within: str


class Task(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A task that a decomposition rule makes."""

    id: str
    name: str
    operation: str
    expected: str
    after: list[str | dict[DependencyKind, str]] = []
    pends: bool = False
    undo: str | None = None
    amend: str | None = None
    uses: list[Part] | None = None
    point_of_no_return: PointOfNoReturn | None = None
    together: Together | None = None
    at_visit: bool = False
    timeout: Timeout | None = None
    worklist: Worklist | None = None
    milestone: str | Milestone | None = None
    first: bool = False
    take_back: str | None = None


class Rule(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A decomposition rule: what an item, or an order, needs to be done."""

    id: str
    when: str
    tasks: list[Task]
    scope: Scope = Scope.ITEM
    needs: list[Need] = []
    one_of: str | None = None


class WorklistRule(Worklist, kw_only=True):
    """Where people find the tasks that meet a condition."""

    id: str
    when: str


class JeopardyRule(msgspec.Struct, forbid_unknown_fields=True):
    """How much a promise is in danger."""

    id: str
    when: str
    level: JeopardyLevel
    queue: str | None = None
    notice: str | None = None


class Validation(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What an order must not be."""

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


class Priority(msgspec.Struct, forbid_unknown_fields=True):
    """How urgent an order is."""

    id: str
    when: str
    priority: Annotated[int, msgspec.Meta(ge=0, le=4)]


class Termination(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What it costs to end a product before its term."""

    id: str
    when: str
    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]
    reason: str
    at_most_months: Annotated[int, msgspec.Meta(ge=1)] | None = None


class TakeBack(msgspec.Struct, forbid_unknown_fields=True):
    """For how long, and for what, a completed order can be taken back."""

    id: str
    when: str
    within: str
    reason: str
    charge: Charge | None = None


class Expedite(msgspec.Struct, forbid_unknown_fields=True):
    """What it costs to have an order sooner or more urgently."""

    id: str
    when: str
    charge: Charge
    reason: str


def texts_in(folder: Path | None) -> dict[str, str]:
    """The text of each file: that of the folder, or else the one that Orderway comes with. Raises BadRules."""
    return {name: _text(folder, name) for name in FILES}


def _text(folder: Path | None, name: str) -> str:
    try:
        if folder is not None and (folder / name).exists():
            return (folder / name).read_text()
        return (resources.files("app.rules") / name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRules(f"{name}: {error}") from error


def parsed(texts: Mapping[str, str], name: str, shape: type[R]) -> R:
    """The content of a file. Raises BadRules when it has another shape."""
    try:
        return msgspec.convert(yaml.load(texts[name], yaml.CSafeLoader) or shape(), shape)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadRules(f"{name}: {error}") from error


class _Identified(msgspec.Struct):
    id: str


def rules_in(texts: Mapping[str, str], name: str, shape: type[R]) -> R:
    """The rules of a file. Raises BadRules, too, when an id names more than one of them."""
    rules = parsed(texts, name, shape)
    ids = [rule.id for rule in parsed(texts, name, list[_Identified])]
    if doubled := sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
        raise BadRules(f"{name}: more than one rule has the id {', '.join(doubled)}")
    return rules
