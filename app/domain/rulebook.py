"""The rules that are data: which work an item asks for, and what must be known before it can be done.

Rule files are read outside (`app.ordering.rulebook`); here they are values with their conditions ready to ask.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.domain.catalog import Offering
from app.domain.order import OrderItem, ProductOrder

Condition = Callable[[Mapping[str, object]], bool]


class Need(StrEnum):
    """What the channel must give before an item can be delivered."""

    PLACE = "place"
    APPOINTMENT = "appointment"


class Scope(StrEnum):
    """Whether a rule's tasks exist once per item that it applies to, or once per order."""

    ITEM = "item"
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTemplate:
    """A task that a rule makes.

    `after` names what it waits for: a template id of the same item, `*` for all others of the same item, or
    `group:id` with group `order` (a task of the whole order), `items` (that task of every item) or a relationship
    type such as `reliesOn` (that task of the related items). A name that meets no task waits for nothing.
    """

    id: str
    name: str
    operation: str
    expected: timedelta
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecompositionRule:
    """When `when` holds for an item, the item needs `needs` and is delivered by `tasks`."""

    id: str
    scope: Scope
    when: Condition
    needs: frozenset[Need]
    tasks: tuple[TaskTemplate, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules in force."""

    decomposition: tuple[DecompositionRule, ...]

    def for_item(
        self, order: ProductOrder, item: OrderItem, offering: Offering | None
    ) -> tuple[DecompositionRule, ...]:
        """The rules that apply to this item, in the order of the rule file."""
        view = item_view(order, item, offering)
        return tuple(rule for rule in self.decomposition if rule.when(view))

    def needs(self, order: ProductOrder, item: OrderItem, offering: Offering | None) -> frozenset[Need]:
        """What must be known before this item can be delivered."""
        return frozenset(need for rule in self.for_item(order, item, offering) for need in rule.needs)


def item_view(order: ProductOrder, item: OrderItem, offering: Offering | None) -> Mapping[str, object]:
    """What a condition may speak of: `item` and `order`, in the words of the standard."""
    specification = offering.specification if offering else None
    return {
        "item": {
            "id": item.id,
            "action": item.action.value,
            "offering": item.offering_id,
            "quantity": item.quantity,
            "isBundle": bool(offering and offering.is_bundle),
            "categories": list(offering.categories) if offering else [],
            "serviceSpecifications": list(specification.service_specification_ids) if specification else [],
            "resourceSpecifications": list(specification.resource_specification_ids) if specification else [],
            "characteristics": {c.name: c.value for c in item.characteristics},
        },
        "order": {
            "channel": order.channel,
            "category": order.category or "",
            "priority": order.priority,
            "hasBillingAccount": order.billing_account_id is not None,
        },
    }


BLANK_VIEW: Final[Mapping[str, object]] = {
    "item": {
        "id": "",
        "action": "",
        "offering": "",
        "quantity": 0,
        "isBundle": False,
        "categories": [],
        "serviceSpecifications": [],
        "resourceSpecifications": [],
        "characteristics": {},
    },
    "order": {"channel": "", "category": "", "priority": 0, "hasBillingAccount": False},
}
"""An item of which nothing is known; a condition that cannot be judged of it speaks of what is never there."""
