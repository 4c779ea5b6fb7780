"""What it means to cancel an order, or items of it, now: said beforehand, and exactly what is done then."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.domain.money import Money, sum_of
from app.domain.order import ProductOrder, RelationshipType
from app.domain.plan import CancellationRequested, Plan, PointOfNoReturn, Task, TaskCompleted
from app.domain.states import ITEM, TaskState
from app.domain.step import step
from app.domain.undoing import serves_only

DEPENDENT = (RelationshipType.RELIES_ON, RelationshipType.REQUIRES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A point of no return that an item has passed.

    `task_id` is the task that made it pass; or the rule, when the item ends a product before its term has run out.
    """

    item_id: str
    task_id: str
    task_name: str
    point: PointOfNoReturn


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationAssessment:
    """What a cancellation would do.

    `item_ids` are those that it would cancel: the ones asked for, the parts of bundles among them and what relies on
    them. `passed` are the points of no return in its way: one without a charge refuses it. `taken_back` are the tasks
    whose effect would be undone, in the order in which that is begun; `abandoned` those that would not be begun or
    waited for any more.
    """

    item_ids: tuple[str, ...]
    passed: tuple[Passed, ...]
    taken_back: tuple[str, ...]
    abandoned: tuple[str, ...]

    @property
    def blocked_by(self) -> tuple[Passed, ...]:
        """What refuses it."""
        return tuple(passed for passed in self.passed if passed.point.charge is None)

    @property
    def charge(self) -> Money | None:
        """What it costs; None: nothing."""
        return sum_of(passed.point.charge for passed in self.passed if passed.point.charge is not None)


def assess(order: ProductOrder, plan: Plan | None, wanted: Collection[str], at: datetime) -> CancellationAssessment:
    """The assessment for these items, or for the whole order when none is named."""
    items = cancellable(order, wanted)
    if plan is None:
        return CancellationAssessment(item_ids=items, passed=(), taken_back=(), abandoned=())
    passed = points_passed(plan, items)
    after = _as_it_would_end(plan, items, at)
    before = {task.id: task.state for task in plan.tasks}
    undone = [task for task in after.tasks if task.undoes is not None and task.id not in before]
    return CancellationAssessment(
        item_ids=items,
        passed=passed,
        taken_back=tuple(task.undoes for task in _in_order(undone) if task.undoes),
        abandoned=tuple(
            task.id
            for task in after.tasks
            if task.state is TaskState.ABANDONED and before.get(task.id) is not TaskState.ABANDONED
        ),
    )


def points_passed(plan: Plan, items: Collection[str]) -> tuple[Passed, ...]:
    """The points of no return in the way of giving these items up; one of work that others still want is none."""
    gone = {*items, *plan.cancelled, *plan.failed}
    return tuple(
        Passed(item_id=next(i for i in task.item_ids if i in items), task_id=task.id, task_name=task.name, point=point)
        for task in plan.tasks
        if (point := task.no_return) is not None and task.begun and task.item_ids
        if serves_only(task, gone) and any(i in items and i not in plan.cancelled for i in task.item_ids)
    )


def cancellable(order: ProductOrder, wanted: Collection[str]) -> tuple[str, ...]:
    """The items that go with these; those that have ended stay as they are."""
    chosen = {item.id for item in order.items} if not wanted else set(wanted)
    grown = True
    while grown:
        grown = False
        for item in order.items:
            parts = {r.item_id for r in item.relationships if r.type is RelationshipType.BUNDLES}
            bases = {r.item_id for r in item.relationships if r.type in DEPENDENT}
            more = (parts if item.id in chosen else set()) | ({item.id} if bases & chosen else set())
            if more - chosen:
                chosen |= more
                grown = True
    return tuple(item.id for item in order.items if item.id in chosen and item.state not in ITEM.terminal)


def _as_it_would_end(plan: Plan, items: tuple[str, ...], at: datetime) -> Plan:
    """The plan after the cancellation, once what is being done right now has been done."""
    plan, _ = step(plan, CancellationRequested(at=at, item_ids=items))
    running = [task for task in plan.tasks if task.state is TaskState.RUNNING and task.undoes is None]
    for task in running:
        if serves_only(task, {*items, *plan.cancelled, *plan.failed}):
            done = TaskCompleted(at=at, task_id=task.id, revision=task.revision, reference=task.reference or "made")
            plan, _ = step(plan, done)
    return plan


def _in_order(undoing: Collection[Task]) -> list[Task]:
    left, ids, found = list(undoing), {task.id for task in undoing}, list[Task]()
    while left:
        ready = [task for task in left if not ids & {before.task_id for before in task.depends_on}]
        found += ready
        ids -= {task.id for task in ready}
        left = [task for task in left if task.id in ids]
    return found
