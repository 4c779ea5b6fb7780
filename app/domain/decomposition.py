"""From an order to its plan: which tasks deliver it, on which backends, in which order."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.domain.catalog import Offering
from app.domain.conditions import PLACEHOLDER, View, filled
from app.domain.order import OrderItem, ProductOrder, RelationshipType, Sequencing
from app.domain.plan import AWAIT_EARLIER, Dependency, Plan, Task, Worklist
from app.domain.rulebook import ITEM_PARTS, DecompositionRule, Part, Rulebook, Scope, TaskTemplate, Together
from app.domain.states import NOT_WANTED
from app.domain.timing import CyclicPlan as CyclicPlan
from app.domain.timing import in_order, length
from app.domain.views import NOTHING_KNOWN, Surroundings, item_view

ORDER_TASKS = "order"
RELIED_ON_BY = "reliedOnBy"
RELIES_ON = RelationshipType.RELIES_ON
MARGIN: Final = 2
"""An order that is wished for by a day begins so many times its expected duration before."""


@dataclass(frozen=True, slots=True)
class _Made:
    task: Task
    template: TaskTemplate
    items: tuple[OrderItem, ...]


def decompose(
    order: ProductOrder,
    offerings: Mapping[str, Offering],
    rulebook: Rulebook,
    around: Surroundings = NOTHING_KNOWN,
    *,
    at: datetime | None = None,
) -> Plan:
    """The plan that delivers what is wanted of this order. The same order, catalog, rules and surroundings always give
    the same plan.

    Each task names the rule that made it. An order-wide rule makes its tasks once, for the first item it applies to.
    `at` is the time by which it is seen whether the order's day is still to come. Raises CyclicPlan when tasks would
    wait for each other, CannotJudge.
    """
    made: dict[str, _Made] = {}
    shared: dict[str, str] = {}
    wanted = [item for item in order.items if item.state not in NOT_WANTED]
    for item in wanted:
        for rule in rulebook.for_item(order, item, offerings.get(item.offering_id), around):
            for template in rule.tasks:
                name = template.name
                if PLACEHOLDER.search(name):
                    name = filled(name, item_view(order, item, offerings.get(item.offering_id), around))
                _make(order, rule, template, name, item, made, shared)
    tasks = tuple(_finished(order, m, made, shared, rulebook, around) for m in made.values())
    in_order({task.id: task for task in tasks})
    plan = Plan(
        order_id=order.id,
        tasks=tasks,
        failure_policy=order.failure_policy,
        sequence=tuple(item.id for item in wanted) if order.sequencing is Sequencing.SEQUENTIAL else (),
        priority=order.priority,
        promised_at=order.requested_completion_at,
    )
    return plan if at is None else replace(plan, begins_at=begins_at(order, plan, at))


def begins_at(order: ProductOrder, plan: Plan, at: datetime) -> datetime | None:
    """When the order is to be begun; None: at once.

    On the day that is asked for; else, when it is wished for by a day, as late as leaves it twice the time it needs.
    """
    if order.requested_start_at is not None:
        return order.requested_start_at if order.requested_start_at > at else None
    if order.requested_completion_at is None:
        return None
    start = order.requested_completion_at - MARGIN * length(plan, at)
    return start if start > at else None


def _make(
    order: ProductOrder,
    rule: DecompositionRule,
    template: TaskTemplate,
    name: str,
    item: OrderItem,
    made: dict[str, _Made],
    shared: dict[str, str],
) -> None:
    """Add the task of this template for this item to those that are `made`, or the item to the task it shares.

    `shared` tells under which id a task of an item is found that serves others, too.
    """
    if rule.scope is Scope.ORDER:
        task_id = task_id_of(ORDER_TASKS, template.id)
        made.setdefault(task_id, _Made(task_of(rule, template, name, task_id), template, ()))
        return
    task_id = task_id_of(item.id, template.id)
    for other_id, other in made.items():
        if other.template is template and other.items and _together(order, template, other.items[0], item):
            shared[task_id] = other_id
            made[other_id] = replace(other, items=(*other.items, item))
            return
    made.setdefault(task_id, _Made(task_of(rule, template, name, task_id), template, (item,)))


def _together(order: ProductOrder, template: TaskTemplate, one: OrderItem, other: OrderItem) -> bool:
    if template.together is None or one.action is not other.action or one.id == other.id:
        return False
    if template.together is Together.ORDER:
        return True
    here, there = order.place_of(one), order.place_of(other)
    same_place = here is not None and there is not None and here.id == there.id
    if template.together is Together.PLACE:
        return same_place
    visits = [visit and (visit.start, visit.end) for visit in (one.appointment, other.appointment)]
    return same_place and visits[0] is not None and visits[0] == visits[1]


def task_of(rule: DecompositionRule, template: TaskTemplate, name: str, task_id: str) -> Task:
    """The task of this template, before it is known what it serves and waits for."""
    return Task(
        id=task_id,
        item_ids=(),
        name=name,
        operation=template.operation,
        rule=rule.id,
        pends=template.pends,
        undo=template.undo,
        amend=template.amend,
        no_return=template.no_return,
        timeout=template.timeout,
        milestone=template.milestone,
    )


def _finished(
    order: ProductOrder,
    of: _Made,
    made: Mapping[str, _Made],
    shared: Mapping[str, str],
    rulebook: Rulebook,
    around: Surroundings,
) -> Task:
    template, items = of.template, of.items
    visits = [item.appointment.start for item in items if item.appointment]
    task = replace(
        of.task,
        item_ids=tuple(item.id for item in items),
        depends_on=tuple(_dependencies(order, of, made, shared)),
        expected=around.learnt.get(template.operation, template.expected),
        tolerant=not items or any(r.type is RelationshipType.BUNDLES for item in items for r in item.relationships),
        content=_content(order, template, items),
        not_before=min(visits, default=None) if template.at_visit else None,
        promised_at=_promised_at(order, template),
        awaits=_awaited(template, items, around),
    )
    return replace(task, worklist=template.worklist or worklist_of(task, order, rulebook))


def _promised_at(order: ProductOrder, template: TaskTemplate) -> datetime | None:
    """When the milestone is promised; a draft promises nothing yet."""
    if template.milestone_within is None or order.submitted_at is None:
        return None
    return max(filter(None, (order.submitted_at, order.requested_start_at))) + template.milestone_within


def _awaited(template: TaskTemplate, items: tuple[OrderItem, ...], around: Surroundings) -> tuple[str, ...]:
    if template.operation != AWAIT_EARLIER:
        return ()
    return tuple(dict.fromkeys(order_id for item in items for order_id in around.earlier.get(item.id, ())))


def worklist_of(task: Task, order: ProductOrder, rulebook: Rulebook) -> Worklist | None:
    """Where people find it when it waits for them, by the rules for worklists."""
    view = task_view(task, order)
    return next((rule.worklist for rule in rulebook.worklists if rule.when.holds(view)), None)


def task_view(task: Task, order: ProductOrder) -> View:
    """What a condition about worklists may speak of."""
    return View(
        {
            "task": {"operation": task.operation, "backend": task.backend, "rule": task.rule, "name": task.name},
            "order": {"priority": order.priority, "channel": order.channel, "category": order.category or ""},
        }
    )


def _content(order: ProductOrder, template: TaskTemplate, items: tuple[OrderItem, ...]) -> str:
    """What identifies what the task uses of the order; names do not count, they may be looked up anew."""
    uses = template.uses if template.uses is not None else (ITEM_PARTS if items else frozenset[Part]())
    used: list[object] = []
    if Part.PAYMENT in uses:
        used += [order.payment and (order.payment.method_id, order.payment.due), order.billing_account_id]
    for item in items or tuple(item for item in order.items if item.state not in NOT_WANTED):
        used += [_part(order, item, part) for part in Part if part in uses]
    return hashlib.sha256(repr(used).encode()).hexdigest()[:12] if used else ""


def _part(order: ProductOrder, item: OrderItem, part: Part) -> object:
    place = order.place_of(item)
    match part:
        case Part.OFFERING:
            return item.offering_id, item.action, item.product_status
        case Part.CHARACTERISTICS:
            return sorted((c.name, c.value) for c in item.characteristics)
        case Part.PLACE:
            return place.id if place else None
        case Part.APPOINTMENT:
            return (item.appointment.start, item.appointment.end) if item.appointment else None
        case Part.QUANTITY:
            return item.quantity
        case Part.PRICES:
            return [(p.name, p.price_type, p.tax_included, p.period) for p in item.prices]
        case Part.RESERVATIONS:
            return [(r.kind, r.value) for r in item.reservations]
        case Part.PAYMENT:
            return None  # the order's, not the item's


def task_id_of(group: str, template_id: str) -> str:
    """The id of this template's task, of an item or of the whole order."""
    return f"{group}/{template_id}"


def _dependencies(
    order: ProductOrder, of: _Made, made: Mapping[str, _Made], shared: Mapping[str, str]
) -> Iterable[Dependency]:
    wanted: dict[Dependency, None] = {}
    for after in of.template.after:
        for item in of.items or (None,):
            for name in _named(order, item, after.name, made, of.template):
                task_id = shared.get(name, name)
                if task_id in made and task_id != of.task.id:
                    wanted[Dependency(task_id, after.kind)] = None
    if not of.template.first:
        # what waits for another task of the item waits with it
        begun_with = {d.task_id for d in wanted if d.to_start}
        for task_id, first in made.items():
            same = [item for item in of.items if item in first.items]
            if first.template.first and same and not any(item in made[t].items for t in begun_with for item in same):
                wanted[Dependency(task_id)] = None
    return wanted


def _named(
    order: ProductOrder, item: OrderItem | None, name: str, made: Mapping[str, _Made], waiting: TaskTemplate
) -> Iterable[str]:
    group, _, template_id = name.rpartition(":")
    own = item.id if item else ORDER_TASKS
    if name == "*":
        # but not those that wait for this one, such as what is charged once it is delivered
        return [
            task_id
            for task_id, other in made.items()
            if (item in other.items if item else not other.items)
            and waiting.id not in {after.name for after in other.template.after}
        ]
    if not group:
        return [task_id_of(own, template_id)]
    if group == "order":
        return [task_id_of(ORDER_TASKS, template_id)]
    if group == "items":
        return [task_id_of(item.id, template_id) for item in order.items]
    if item is None:
        return []
    if group == RELIED_ON_BY:
        others = [other for other in order.items if item in order.items_that(RELIES_ON, other)]
    else:
        others = list(order.items_that(RelationshipType(group), item))
    # what is ended waits only for what is ended, what is new for what is new
    return [task_id_of(other.id, template_id) for other in others if other.action is item.action]
