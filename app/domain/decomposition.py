"""From an order to its plan: which tasks deliver it, on which backends, in which order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from app.domain.catalog import Offering
from app.domain.order import OrderItem, ProductOrder, RelationshipType
from app.domain.plan import Plan, Task
from app.domain.rulebook import DecompositionRule, Rulebook, Scope, TaskTemplate

ORDER_TASKS = "order"
RELIED_ON_BY = "reliedOnBy"
RELIES_ON = RelationshipType.RELIES_ON


class CyclicPlan(ValueError):
    """Tasks wait for each other in a circle; the message names them."""

    def __init__(self, circle: Sequence[str]) -> None:
        super().__init__(f"the rules make tasks that wait for each other: {' → '.join(circle)}")
        self.circle = tuple(circle)


@dataclass(frozen=True, slots=True)
class _Made:
    task: Task
    template: TaskTemplate
    item: OrderItem | None


def decompose(order: ProductOrder, offerings: Mapping[str, Offering], rulebook: Rulebook) -> Plan:
    """The plan that delivers this order. The same order, catalog and rules always give the same plan.

    Each task names the rule that made it. An order-wide rule makes its tasks once, for the first item it applies to.
    Raises CyclicPlan when tasks would wait for each other.
    """
    made: dict[str, _Made] = {}
    for item in order.items:
        for rule in rulebook.for_item(order, item, offerings.get(item.offering_id)):
            for new in _make(rule, item):
                made.setdefault(new.task.id, new)
    tasks = tuple(replace(m.task, depends_on=tuple(_dependencies(order, m, made))) for m in made.values())
    try:
        TopologicalSorter({task.id: task.depends_on for task in tasks}).prepare()
    except CycleError as error:
        raise CyclicPlan(error.args[1]) from error
    return Plan(order_id=order.id, tasks=tasks)


def _make(rule: DecompositionRule, item: OrderItem) -> Iterable[_Made]:
    served = None if rule.scope is Scope.ORDER else item
    for template in rule.tasks:
        task = Task(
            id=_task_id(served.id if served else ORDER_TASKS, template.id),
            item_id=served.id if served else None,
            name=template.name,
            operation=template.operation,
            rule=rule.id,
            expected=template.expected,
            pends=template.pends,
            undo=template.undo,
            no_return=template.no_return,
            tolerant=served is None or any(r.type is RelationshipType.BUNDLES for r in served.relationships),
        )
        yield _Made(task, template, served)


def _task_id(group: str, template_id: str) -> str:
    return f"{group}/{template_id}"


def _dependencies(order: ProductOrder, of: _Made, made: Mapping[str, _Made]) -> Iterable[str]:
    wanted: dict[str, None] = {}
    for name in of.template.after:
        for task_id in _named(order, of, name, made):
            if task_id in made and task_id != of.task.id:
                wanted[task_id] = None
    return wanted


def _named(order: ProductOrder, of: _Made, name: str, made: Mapping[str, _Made]) -> Iterable[str]:
    group, _, template_id = name.rpartition(":")
    own = of.item.id if of.item else ORDER_TASKS
    if name == "*":
        # but not those that wait for this one, such as what is charged once it is delivered
        return [i for i, other in made.items() if other.item is of.item and of.template.id not in other.template.after]
    if not group:
        return [_task_id(own, template_id)]
    if group == "order":
        return [_task_id(ORDER_TASKS, template_id)]
    if group == "items":
        return [_task_id(item.id, template_id) for item in order.items]
    if of.item is None:
        return []
    if group == RELIED_ON_BY:
        others = [item for item in order.items if of.item in order.items_that(RELIES_ON, item)]
    else:
        others = list(order.items_that(RelationshipType(group), of.item))
    # what is ended waits only for what is ended, what is new for what is new
    return [_task_id(item.id, template_id) for item in others if item.action is of.item.action]
