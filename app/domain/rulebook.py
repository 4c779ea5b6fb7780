"""The rules that are data: which work an item asks for, what an order must keep, how urgent it is, how it is called.

Rule files are read outside (`app.ordering.rulebook`); here they are values with their conditions ready to ask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.domain.access import Dealers
from app.domain.catalog import Offering
from app.domain.conditions import CannotJudge, Condition, View
from app.domain.jeopardy import JeopardyLevel
from app.domain.money import Money
from app.domain.order import OrderItem, ProductOrder
from app.domain.plan import DependencyKind, PointOfNoReturn, Timeout, Worklist
from app.domain.states import OrderState
from app.domain.views import NOTHING_KNOWN, Surroundings, item_view
from app.domain.violations import Severity, StepKind, ViolationCode


class Need(StrEnum):
    """What the channel must give before an item can be delivered; a number it may leave to chance."""

    PLACE = "place"
    APPOINTMENT = "appointment"
    PAYMENT = "payment"
    NUMBER = "number"


class Together(StrEnum):
    """For which items of an order one task of a kind is enough."""

    VISIT = "visit"
    """Those at the same place, with a visit at the same time."""
    PLACE = "place"
    """Those at the same place."""
    ORDER = "order"
    """All of them."""


class Part(StrEnum):
    """What of an order a task uses: when a revision changes that, the task is not what it was."""

    OFFERING = "offering"
    CHARACTERISTICS = "characteristics"
    PLACE = "place"
    APPOINTMENT = "appointment"
    QUANTITY = "quantity"
    PRICES = "prices"
    RESERVATIONS = "reservations"
    PAYMENT = "payment"


LEAVE: Final = "leave"
"""In place of an operation: what was done may stay as it is."""
ITEM_PARTS: Final = frozenset({Part.OFFERING, Part.CHARACTERISTICS, Part.PLACE, Part.APPOINTMENT, Part.QUANTITY})
"""What the tasks of an item use, unless their rule says otherwise. Those of the whole order use nothing then."""


class Scope(StrEnum):
    """Whether a rule speaks of each item that it applies to, or of the order as a whole."""

    ITEM = "item"
    ORDER = "order"
    TAKE_BACK = "takeBack"
    """What an order does that takes back another one, after that; no other rule applies to it."""


@dataclass(frozen=True, slots=True)
class After:
    """What a task waits for, by name; see TaskTemplate."""

    name: str
    kind: DependencyKind = DependencyKind.FINISH_TO_START


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTemplate:
    """A task that a rule makes.

    `after` names what it waits for: a template id of the same item, `*` for all others of the same item that do not
    wait for it, or `group:id` with group `order` (a task of the whole order), `items` (that task of every item), a
    relationship type such as `reliesOn` (that task of the related items) or `reliedOnBy` (that task of the items that
    rely on it). A name that meets no task waits for nothing.
    Items that have it `together` share one task. It does not begin before the visit, when it is `at_visit`.
    While a task that `pends` awaits its result, the order is pending: it waits for people outside. `undo` is the
    operation that takes back what it did, `amend` the one that changes it in place when a revision changes what it
    `uses`; past its point of no return, `no_return`, the item is not cancelled. `milestone` is reached when it is
    done, and promised `milestone_within` so long after the order was submitted, or after its day. Every task of the
    item waits for one that is `first`. Braces in `name` stand for what conditions call so, such as `{item.name}`.
    `take_back` is the operation that takes back what it did once its order was completed, or LEAVE when that may stay;
    None: what `undo` says, unless it is past a point of no return.
    """

    id: str
    name: str
    operation: str
    expected: timedelta
    after: tuple[After, ...] = ()
    pends: bool = False
    undo: str | None = None
    amend: str | None = None
    uses: frozenset[Part] | None = None
    no_return: PointOfNoReturn | None = None
    together: Together | None = None
    at_visit: bool = False
    timeout: Timeout | None = None
    worklist: Worklist | None = None
    milestone: str | None = None
    milestone_within: timedelta | None = None
    first: bool = False
    take_back: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecompositionRule:
    """When `when` holds for an item, the item needs `needs` and is delivered by `tasks`.

    Of the rules with the same `one_of`, the first that holds for an item is the one that applies to it.
    """

    id: str
    scope: Scope
    when: Condition
    needs: frozenset[Need]
    tasks: tuple[TaskTemplate, ...]
    one_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistRule:
    """When `when` holds for a task that waits for people, they find it there."""

    id: str
    when: Condition
    worklist: Worklist


@dataclass(frozen=True, slots=True, kw_only=True)
class JeopardyRule:
    """When `when` holds for a promise, it is in danger as much as `level`: people on the worklist `queue` are to see
    to it, and the customer is told `notice`.
    """

    id: str
    when: Condition
    level: JeopardyLevel
    queue: str | None = None
    notice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRule:
    """When `when` holds, the order breaks the rule at `path` (of the item, when the rule speaks of items).

    `message` holds names in braces, such as `{offering.name}`, that stand for what the condition speaks of.
    `sources` are the backends whose facts it needs: while one of them gives no answer, the rule is silent.
    It is in force from `valid_from` on and no longer at `valid_until`.
    """

    id: str
    scope: Scope
    when: Condition
    step: StepKind
    path: str
    code: ViolationCode
    severity: Severity
    message: Callable[[View], str]
    text: str
    sources: frozenset[str]
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether the rule is to be kept at this time."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityRule:
    """When `when` holds, the order is carried out at least as urgently as `priority` (0 is the highest)."""

    id: str
    when: Condition
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminationRule:
    """When `when` holds, ending a product before its term has run out costs `percent` of what is left of the term.

    What is left are the recurring prices of the months until then, of `at_most_months` of them at the most. Of several
    rules the first one counts. `reason` is for people; `text` is how it is written.
    """

    id: str
    when: Condition
    percent: Decimal
    at_most_months: int | None
    reason: Callable[[View], str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackRule:
    """When `when` holds for a completed order, all of it can be taken back so long after its completion (`within`).

    It costs `charge`; None: nothing. Of several rules the first one counts. `reason` is for people; `text` is how it
    is written.
    """

    id: str
    when: Condition
    within: timedelta
    charge: Money | None
    reason: Callable[[View], str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpediteRule:
    """When `when` holds, having an order under way at another time, or more urgently, costs `charge`.

    Of several rules the first one counts. `reason` is for people; `text` is how it is written.
    """

    id: str
    when: Condition
    charge: Money
    reason: Callable[[View], str]
    text: str


Wording = Mapping[str, Mapping[OrderState, str]]
"""How a channel calls the states of an order; what it does not name is called as under `default`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules in force, read at the same time. `version` identifies their text."""

    decomposition: tuple[DecompositionRule, ...]
    validation: tuple[ValidationRule, ...] = ()
    priority: tuple[PriorityRule, ...] = ()
    wording: Wording = field(default_factory=dict)
    worklists: tuple[WorklistRule, ...] = ()
    termination: tuple[TerminationRule, ...] = ()
    jeopardy: tuple[JeopardyRule, ...] = ()
    take_back: tuple[TakeBackRule, ...] = ()
    expedite: tuple[ExpediteRule, ...] = ()
    dealers: Dealers = field(default_factory=dict)
    version: str = ""

    def template(self, rule_id: str, template_id: str) -> TaskTemplate | None:
        """What this rule says of this task; None: there is no such rule or task any more."""
        rules = (rule for rule in self.decomposition if rule.id == rule_id)
        return next((template for rule in rules for template in rule.tasks if template.id == template_id), None)

    def for_item(
        self,
        order: ProductOrder,
        item: OrderItem,
        offering: Offering | None,
        around: Surroundings = NOTHING_KNOWN,
    ) -> tuple[DecompositionRule, ...]:
        """The rules that apply to this item, in the order of the rule file. Raises CannotJudge."""
        view = item_view(order, item, offering, around)
        return self._applying(lambda rule: rule.when.holds(view))

    def _applying(self, holds: Callable[[DecompositionRule], bool]) -> tuple[DecompositionRule, ...]:
        chosen: set[str | None] = set()
        rules = []
        for rule in self.decomposition:
            if rule.scope is not Scope.TAKE_BACK and rule.one_of not in chosen and holds(rule):
                rules.append(rule)
                chosen |= {rule.one_of} - {None}
        return tuple(rules)

    def needs(
        self,
        order: ProductOrder,
        item: OrderItem,
        offering: Offering | None,
        around: Surroundings = NOTHING_KNOWN,
    ) -> frozenset[Need]:
        """What must be known before this item can be delivered."""
        return self.needed(item_view(order, item, offering, around))

    def needed(self, view: View) -> frozenset[Need]:
        """The same by an item's view; a rule that cannot be judged asks for nothing."""
        rules = self._applying(lambda rule: bool(rule.needs or rule.one_of) and _surely(rule, view))
        return frozenset(need for rule in rules for need in rule.needs)

    def called(self, state: OrderState, channel: str) -> str:
        """What this channel calls the state."""
        for words in (self.wording.get(channel, {}), self.wording.get("default", {})):
            if state in words:
                return words[state]
        return state.value


def _surely(rule: DecompositionRule, view: View) -> bool:
    try:
        return rule.when.holds(view)
    except CannotJudge:
        return False
