"""Two versions of an order against its running plan: what is kept, taken back, done once more, changed and added."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from app.domain.plan import Fate, Plan, PointOfNoReturn, Task, Wish
from app.domain.states import TASK_LOST, TaskState
from app.domain.undoing import Tasks, ancestors, still_there

UNDER_WAY = frozenset({TaskState.RUNNING, TaskState.AWAITING_RESULT, TaskState.CLOSING, TaskState.COMPLETED})


def merged(plan: Plan, wish: Wish) -> Tasks:
    """The tasks of the plan as the wish wants them; those that have begun and are wanted otherwise have a fate.

    A task of an item that is as before stays as it is, whatever the rules have become since: running orders keep
    their plan. What has begun keeps what it waited for.
    """
    tasks = {task.id: task for task in plan.tasks}
    gone = {*plan.cancelled, *plan.failed, *wish.removed}
    wished = {task.id: task for task in wish.tasks}
    again: set[str] = set()
    for new in wish.tasks:
        old = tasks.get(new.id)
        if _as_before(new, wish.changed):
            continue
        if old is None:
            tasks[new.id] = new
        elif not _lost_with_its_items(old, gone):
            tasks[new.id] = _wanted(old, new)
            if tasks[new.id].fate is Fate.REDO:
                again.add(new.id)
    for old in plan.tasks:
        unwanted = old.id not in wished and not _as_before(old, wish.changed) and not _lost_with_its_items(old, gone)
        if unwanted and old.undoes is None and old.amount is None:
            tasks[old.id] = replace(old, fate=Fate.DROP)
    _with_what_came_after(tasks, again, gone)
    return {task.id: replace(task, depends_on=still_there(tasks, task, gone)) for task in tasks.values()}


def _as_before(task: Task, changed: Collection[str]) -> bool:
    """Whether it serves only items that stay as they are; the whole order never does."""
    return bool(task.item_ids) and not set(task.item_ids) & set(changed)


def _lost_with_its_items(task: Task, gone: Collection[str]) -> bool:
    return bool(task.item_ids) and set(task.item_ids) <= set(gone)


def _wanted(old: Task, new: Task) -> Task:
    """The task as it is from now on, when the wish still has it."""
    same = old.content == new.content
    if old.state is TaskState.PENDING and not old.amending:
        return replace(new, revision=old.revision)
    if old.fate is Fate.DROP and old.state in TASK_LOST:
        return replace(new, revision=old.revision + 1)
    taken = _in_its_place(old, new)
    if old.fate in (Fate.DROP, Fate.REDO):
        # its undoing may have begun
        return replace(taken, fate=Fate.REDO)
    if same or old.state in (TaskState.SKIPPED, TaskState.FAILED) or old.state in TASK_LOST:
        return replace(old, item_ids=new.item_ids)
    refused = old.state is TaskState.FALLOUT and old.cause is not None and old.cause.final and not old.amending
    if refused or old.amend is None:
        return replace(taken, fate=Fate.REDO)
    if old.state is TaskState.COMPLETED:
        return amending(taken)
    return replace(taken, fate=None if old.state is TaskState.PENDING else Fate.AMEND)


def amending(task: Task) -> Task:
    """The task as it waits to have what it did changed in place."""
    return replace(
        task,
        state=TaskState.PENDING,
        revision=task.revision + 1,
        fate=None,
        amending=True,
        started_at=None,
        ended_at=None,
    )


def _in_its_place(old: Task, new: Task) -> Task:
    """The new one, with how far the old one has come."""
    return replace(
        new,
        state=old.state,
        revision=old.revision,
        attempts=old.attempts,
        reference=old.reference,
        started_at=old.started_at,
        ended_at=old.ended_at,
        cause=old.cause,
        undo=old.undo,
        fate=old.fate,
        amending=old.amending,
        attention=old.attention,
        data=old.data,
        depends_on=old.depends_on,
    )


def _with_what_came_after(tasks: Tasks, again: Collection[str], gone: Collection[str]) -> None:
    """What was done on the ground of something that is done once more is done once more as well."""
    if not again:
        return
    for task in list(tasks.values()):
        begun = task.state in UNDER_WAY or task.state is TaskState.FALLOUT
        if task.undoes or task.amount or not begun or task.fate is not None or _lost_with_its_items(task, gone):
            continue
        if ancestors(tasks, task.id) & set(again):
            tasks[task.id] = replace(task, fate=Fate.REDO)


def bound_by(plan: Plan, tasks: Mapping[str, Task], wish: Wish) -> tuple[tuple[Task, PointOfNoReturn], ...]:
    """The points of no return that the revision would have to go behind, each with the task that has passed it.

    One that binds for good binds its item against every change of what was done for it; one with a charge only against
    a change of its own task. An item that is removed is bound by both.
    """
    touched = {item_id for task in plan.tasks if _touched(task, tasks.get(task.id)) for item_id in task.item_ids}
    found = []
    for task in plan.tasks:
        point = task.no_return
        if point is None or not task.begun or set(task.item_ids) <= {*plan.cancelled, *plan.failed}:
            continue
        removed = bool(set(task.item_ids) & set(wish.removed))
        itself = _touched(task, tasks.get(task.id))
        if removed or itself or (point.charge is None and set(task.item_ids) & touched):
            found.append((task, point))
    return tuple(found)


def _touched(before: Task, after: Task | None) -> bool:
    """Whether what it did, or is doing, is not left as it is."""
    if after is None or before.undoes or not before.begun:
        return False
    return (after.fate is not None and before.fate is None) or (after.amending and not before.amending)
