"""Whether an order, or items of it, can be cancelled now, with what else, and for which charge."""

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.money import Money, sum_of
from app.domain.order import ProductOrder, RelationshipType
from app.domain.plan import Plan, PointOfNoReturn
from app.domain.states import ITEM
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
    """Whether a cancellation is possible; what it would do to the plan says `foresight.outlook`.

    `item_ids` are those that it would cancel: the ones asked for, the parts of bundles among them and what relies on
    them. `passed` are the points of no return in its way: one without a charge refuses it.
    """

    item_ids: tuple[str, ...]
    passed: tuple[Passed, ...]

    @property
    def blocked_by(self) -> tuple[Passed, ...]:
        """What refuses it."""
        return tuple(passed for passed in self.passed if passed.point.charge is None)

    @property
    def charge(self) -> Money | None:
        """What it costs; None: nothing."""
        return sum_of(passed.point.charge for passed in self.passed if passed.point.charge is not None)


def assess(order: ProductOrder, plan: Plan | None, wanted: Collection[str]) -> CancellationAssessment:
    """The assessment for these items, or for the whole order when none is named."""
    items = cancellable(order, wanted)
    return CancellationAssessment(item_ids=items, passed=points_passed(plan, items) if plan else ())


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
