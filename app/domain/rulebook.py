"""The rules that are data: which work an item asks for, what an order must keep, how urgent it is, how it is called.

Rule files are read outside (`app.ordering.rulebook`); here they are values with their conditions ready to ask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from app.domain.catalog import Offering, PriceType
from app.domain.order import ItemAction, OrderItem, ProductOrder, ProductStatus
from app.domain.plan import PointOfNoReturn
from app.domain.states import OrderState
from app.domain.violations import Severity, StepKind, ViolationCode

View = Mapping[str, object]
"""What a condition may speak of, by name."""


class CannotJudge(Exception):
    """A condition met values that it cannot handle; the message names the rule."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in Google's Common Expression Language, as it is written and ready to be asked.

    `holds` raises CannotJudge. `names` are the values that it looks at, as (part, member).
    """

    text: str
    holds: Callable[[View], bool]
    names: tuple[tuple[str, str], ...] = ()

    def because(self, view: View) -> tuple[str, ...]:
        """What it looked at, as name = value."""
        looked_at = ((part, member, view.get(part)) for part, member in self.names)
        return tuple(
            f"{part}.{member} = {found[member]}" for part, member, found in looked_at if isinstance(found, Mapping)
        )


class Need(StrEnum):
    """What the channel must give before an item can be delivered; a number it may leave to chance."""

    PLACE = "place"
    APPOINTMENT = "appointment"
    PAYMENT = "payment"
    NUMBER = "number"


class Scope(StrEnum):
    """Whether a rule speaks of each item that it applies to, or of the order as a whole."""

    ITEM = "item"
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTemplate:
    """A task that a rule makes.

    `after` names what it waits for: a template id of the same item, `*` for all others of the same item that do not
    wait for it, or `group:id` with group `order` (a task of the whole order), `items` (that task of every item), a
    relationship type such as `reliesOn` (that task of the related items) or `reliedOnBy` (that task of the items that
    rely on it). A name that meets no task waits for nothing.
    While a task that `pends` awaits its result, the order is pending: it waits for people outside. `undo` is the
    operation that takes back what it did; past its point of no return, `no_return`, the item is not cancelled.
    """

    id: str
    name: str
    operation: str
    expected: timedelta
    after: tuple[str, ...] = ()
    pends: bool = False
    undo: str | None = None
    no_return: PointOfNoReturn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecompositionRule:
    """When `when` holds for an item, the item needs `needs` and is delivered by `tasks`."""

    id: str
    scope: Scope
    when: Condition
    needs: frozenset[Need]
    tasks: tuple[TaskTemplate, ...]


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


Wording = Mapping[str, Mapping[OrderState, str]]
"""How a channel calls the states of an order; what it does not name is called as under `default`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """All rules in force, read at the same time. `version` identifies their text."""

    decomposition: tuple[DecompositionRule, ...]
    validation: tuple[ValidationRule, ...] = ()
    priority: tuple[PriorityRule, ...] = ()
    wording: Wording = field(default_factory=dict)
    termination: tuple[TerminationRule, ...] = ()
    version: str = ""

    def for_item(
        self, order: ProductOrder, item: OrderItem, offering: Offering | None
    ) -> tuple[DecompositionRule, ...]:
        """The rules that apply to this item, in the order of the rule file. Raises CannotJudge."""
        view = item_view(order, item, offering)
        return tuple(rule for rule in self.decomposition if rule.when.holds(view))

    def needs(self, order: ProductOrder, item: OrderItem, offering: Offering | None) -> frozenset[Need]:
        """What must be known before this item can be delivered; a rule that cannot be judged asks for nothing."""
        view = item_view(order, item, offering)
        return frozenset(
            need for rule in self.decomposition if rule.needs and _surely(rule, view) for need in rule.needs
        )

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


def item_view(order: ProductOrder, item: OrderItem, offering: Offering | None) -> View:
    """What a decomposition condition may speak of: `item` and `order`, in the words of the standard."""
    return {"item": item_part(item, offering), "order": order_part(order)}


def item_part(item: OrderItem, offering: Offering | None) -> View:
    """What conditions call `item`."""
    specification = offering.specification if offering else None
    return {
        "id": item.id,
        "action": item.action.value,
        "offering": item.offering_id,
        "productStatus": item.product_status or "",
        "name": item.offering_name,
        "quantity": item.quantity,
        "moves": item.moved_from is not None,
        "isBundle": bool(offering and offering.is_bundle),
        "categories": list(offering.categories) if offering else [],
        "serviceSpecifications": list(specification.service_specification_ids) if specification else [],
        "resourceSpecifications": list(specification.resource_specification_ids) if specification else [],
        "isRealised": bool(
            specification and (specification.service_specification_ids or specification.resource_specification_ids)
        ),
        "characteristics": {c.name: c.value for c in item.characteristics},
        "signatureRequired": bool(offering and offering.signature_required),
        "suspendedBy": item.suspension.originator.value if item.suspension else "",
        "suspensionScope": item.suspension.scope.value if item.suspension else "",
        "resumesByItself": item.suspension is not None and item.suspension.resumes_at is not None,
        "suspensionBilling": item.suspension.billing.value if item.suspension else "",
        "renews": item.renewal is not None,
        "oneTimeCents": _cents(item, PriceType.ONE_TIME),
        "recurringCents": _cents(item, PriceType.RECURRING),
    }


def order_part(order: ProductOrder) -> View:
    """What conditions call `order`. Amounts are in hundredths and with tax: conditions compare, they do not round."""
    return {
        "channel": order.controlled_by,
        "category": order.category or "",
        "priority": order.priority,
        "hasBillingAccount": order.billing_account_id is not None,
        "hasPayment": order.payment is not None,
        "hasAgreement": order.agreement is not None,
        "changesOwner": order.ownership is not None,
        "repackages": order.repackaging is not None,
        "creditDecision": order.credit.decision.value if order.credit else "",
        "depositCents": int(order.deposit.amount * 100) if order.deposit else 0,
        "actions": sorted({_what(item) for item in order.items}),
        "items": len(order.items),
        "pieces": sum(item.quantity for item in order.items),
        "oneTimeCents": sum(_cents(item, PriceType.ONE_TIME) for item in order.items),
        "recurringCents": sum(_cents(item, PriceType.RECURRING) for item in order.items),
    }


def _what(item: OrderItem) -> str:
    """What an item does to a product: add, delete, noChange; of what is modified suspend, resume, renew or modify."""
    if item.action is not ItemAction.MODIFY:
        return item.action.value
    match item.product_status:
        case ProductStatus.SUSPENDED:
            return "suspend"
        case ProductStatus.ACTIVE:
            return "resume"
        case None:
            return "renew" if item.renewal else "modify"


def _cents(item: OrderItem, price_type: PriceType) -> int:
    return sum(int(price.tax_included.amount * 100) for price in item.prices if price.price_type is price_type)


_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
BLANK_ITEM: Final = OrderItem(id="", action=ItemAction.NO_CHANGE, offering_id="", offering_name="")
BLANK_ORDER: Final = ProductOrder(
    id="",
    version=0,
    state=OrderState.DRAFT,
    customer_id="",
    customer_name="",
    channel="",
    controlled_by="",
    created_at=_LONG_AGO,
    created_by="",
    updated_at=_LONG_AGO,
)
"""An order of which nothing is known; a condition that cannot be judged of it speaks of what is never there."""
