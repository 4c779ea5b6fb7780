"""What is given up, and how what was done for it is taken back: in reverse order, and never twice."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from app.domain.money import Money
from app.domain.plan import Dependency, DependencyKind, Fate, Plan, Task
from app.domain.states import TASK_LOST, TaskState

Tasks = dict[str, Task]

CHARGE_CANCELLATION: Final = "billing.chargeCancellation"
REVISION: Final = "revision"
"""Stands for the rule of what a revision adds by itself."""
GONE_ON_WITHOUT: Final = frozenset({TaskState.SKIPPED, TaskState.FAILED})
EFFECT: Final = frozenset({TaskState.COMPLETED, TaskState.AWAITING_RESULT, TaskState.CLOSING})


def given_up(tasks: Iterable[Task], plan: Plan) -> frozenset[str]:
    """The items that are not delivered: failed, cancelled, or lost with what they waited for."""
    lost = {
        item_id
        for task in tasks
        if task.state in TASK_LOST and task.undoes is None and task.fate is None
        for item_id in task.item_ids
    }
    return frozenset(lost.union(plan.cancelled, plan.failed))


def out_of_scope(tasks: Tasks, plan: Plan) -> frozenset[str | None]:
    """The items that are given up; None is among them when nothing is left that the whole order could be for."""
    lost = given_up(tasks.values(), plan)
    items = {item_id for task in tasks.values() for item_id in task.item_ids}
    return frozenset({*lost, None}) if items and items <= lost else frozenset(lost)


def serves_only(task: Task, items: Collection[str | None]) -> bool:
    """Whether the task serves none but these items; None stands for the whole order."""
    return all(item_id in items for item_id in task.item_ids) if task.item_ids else None in items


def charge_for(amount: Money, number: int) -> Task:
    """The task that charges what a cancellation or revision costs."""
    return Task(
        id=f"order/cancellation-charge-{number}",
        item_ids=(),
        name="Charge the cancellation",
        operation=CHARGE_CANCELLATION,
        rule="cancellation",
        amount=amount,
    )


def give_up(tasks: Tasks, plan: Plan, at: datetime) -> None:
    """What has not begun of what is given up, and what waits for it along every path, is not begun any more.

    A task of several items, or of the whole order, goes on without those that are lost, as long as there is one left.
    """
    changed = True
    while changed:
        changed = False
        out = out_of_scope(tasks, plan)
        for task in list(tasks.values()):
            if task.undoes is not None or task.amount is not None:
                continue
            unwanted = task.fate is Fate.DROP or serves_only(task, out)
            if _not_begun(task, unwanted) and (unwanted or _cannot_begin(tasks, task, out)):
                tasks[task.id] = replace(task, state=TaskState.ABANDONED, ended_at=at, attention=None)
                changed = True


def _not_begun(task: Task, unwanted: bool) -> bool:
    if task.state is TaskState.PENDING:
        return not task.amending
    # what waits for people is waited for no longer; a failure is settled only when it is known to have left nothing
    settled = task.state is TaskState.FALLOUT and task.cause is not None and task.cause.final and not task.amending
    pends = (task.pends or task.by_people) and task.state is TaskState.AWAITING_RESULT
    return (settled or pends) and unwanted


def _cannot_begin(tasks: Tasks, task: Task, out: Collection[str | None]) -> bool:
    starts = [(d, tasks[d.task_id]) for d in task.depends_on if d.to_start]
    lost = [(other, _keeps_from_beginning(d, other, out)) for d, other in starts]
    if any(gone for other, gone in lost if not of_another_item(task, other)):
        return True
    others = [gone for other, gone in lost if of_another_item(task, other)]
    return bool(others) and all(others)


def _keeps_from_beginning(dependency: Dependency, other: Task, out: Collection[str | None]) -> bool:
    going = serves_only(other, out) and (has_effect(other) or (other.state is TaskState.RUNNING and bool(other.undo)))
    # what will be taken back is lost from now on, not only once that is done
    if (other.state not in TASK_LOST and not going) or other.fate is not None:
        return False
    return dependency.kind is DependencyKind.FINISH_TO_START or not other.started


def of_another_item(task: Task, other: Task) -> bool:
    """Whether the task goes on without the other one, when that is lost and not the last."""
    return (task.tolerant or task.for_several) and bool(other.item_ids) and other.item_ids != task.item_ids


def undo_id(task: Task) -> str:
    """The id of the task that takes this one back."""
    return f"{task.id}~undo" if task.revision == 1 else f"{task.id}~undo{task.revision}"


def owed(plan: Plan, item_id: str) -> bool:
    """Whether something done for this item, which is given up, is still to be taken back and that has not begun."""
    if plan.aborted:
        return False
    tasks = {task.id: task for task in plan.tasks}
    out = out_of_scope(tasks, plan)
    return item_id in out and any(
        has_effect(task) and serves_only(task, out) and undo_id(task) not in tasks for task in plan.tasks_of(item_id)
    )


def has_effect(task: Task) -> bool:
    """Whether there is something to take back."""
    done = task.state in EFFECT or (task.amending and task.state is TaskState.PENDING)
    if task.by_people:  # they leave no reference behind, and nothing before they say that they have done it
        done = task.state in (TaskState.COMPLETED, TaskState.CLOSING)
    return done and task.undo is not None and (task.reference is not None or task.by_people)


def take_back(tasks: Tasks, plan: Plan, at: datetime) -> None:
    """What was done for what is not wanted any more is taken back in reverse order, once nothing of it runs."""
    if plan.aborted:
        return
    out = out_of_scope(tasks, plan)
    scope = [
        task
        for task in tasks.values()
        if task.undoes is None
        and task.amount is None
        and (serves_only(task, out) or task.fate in (Fate.REDO, Fate.DROP))
    ]
    if any(task.state is TaskState.RUNNING for task in scope):
        return
    for task in scope:
        if task.state is TaskState.CLOSING or _amendment_not_made(task):
            # nothing is left that its end could wait for
            tasks[task.id] = replace(
                task, state=TaskState.COMPLETED, ended_at=at, amending=False, cause=None, attention=None
            )
    done = {task.id: tasks[task.id] for task in scope if has_effect(tasks[task.id])}
    new = {task_id: task for task_id, task in done.items() if undo_id(task) not in tasks}
    if new:
        _begin_undoing(tasks, done, new)
    _begin_anew(tasks, [tasks[task.id] for task in scope], out)


def _amendment_not_made(task: Task) -> bool:
    """Whether it stands as it was done first, because changing it has not begun or was refused."""
    refused = task.state is TaskState.FALLOUT and task.cause is not None and task.cause.final
    return task.amending and (task.state is TaskState.PENDING or refused)


def _begin_undoing(tasks: Tasks, done: Mapping[str, Task], new: Mapping[str, Task]) -> None:
    waited_for = {task_id: ancestors(tasks, task_id) for task_id in done}
    for task in new.values():
        after = [other for other in done if task.id in waited_for[other]]
        tasks[undo_id(task)] = Task(
            id=undo_id(task),
            item_ids=task.item_ids,
            name=f"Take back: {task.name}",
            operation=task.undo or "",
            rule=task.rule,
            depends_on=tuple(Dependency(undo_id(done[other])) for other in done if other in after),
            expected=task.expected,
            reference=task.reference,
            undoes=task.id,
            worklist=task.worklist,
        )
        if task.state is TaskState.AWAITING_RESULT:
            tasks[task.id] = replace(task, state=TaskState.ABANDONED, attention=None)


def _begin_anew(tasks: Tasks, scope: Iterable[Task], out: Collection[str | None]) -> None:
    """What is to be done once more and has left nothing behind waits for its turn again."""
    for task in scope:
        undoing = tasks.get(undo_id(task))
        # people may decide to go on though it could not be taken back
        settled = _leaves_nothing(task) if undoing is None else undoing.state in GONE_ON_WITHOUT
        if task.fate is Fate.REDO and settled and not serves_only(task, out):
            tasks[task.id] = anew(tasks, task, out)


def _leaves_nothing(task: Task) -> bool:
    if task.state is TaskState.FALLOUT:
        return task.cause is not None and task.cause.final
    if task.state is TaskState.AWAITING_RESULT:
        return task.pends or task.by_people
    return task.state is TaskState.COMPLETED and not has_effect(task)


def anew(tasks: Tasks, task: Task, out: Collection[str | None]) -> Task:
    """The task as it waits to be done once more."""
    waiting = replace(
        task,
        state=TaskState.PENDING,
        revision=task.revision + 1,
        fate=None,
        reference=None,
        started_at=None,
        ended_at=None,
        cause=None,
        attention=None,
        data=(),
    )
    return replace(waiting, depends_on=still_there(tasks, waiting, out))


def still_there(tasks: Tasks, task: Task, out: Collection[str | None]) -> tuple[Dependency, ...]:
    """What the task waits for: in place of what is not wanted any more, what that waited for."""
    waits = task.state is TaskState.PENDING and not task.undoes
    found: dict[Dependency, None] = {}
    left = list(task.depends_on)
    while left:
        dependency = left.pop(0)
        other = tasks.get(dependency.task_id)
        if other is not None and waits and (other.fate is Fate.DROP or (other.item_ids and serves_only(other, out))):
            left += [Dependency(before.task_id, dependency.kind) for before in other.depends_on]
        elif other is not None:
            found[dependency] = None
    return tuple(found)


def ancestors(tasks: Mapping[str, Task], task_id: str) -> frozenset[str]:
    """Every task that this one waited for, along every path."""
    found: set[str] = set()
    left = [task_id]
    while left:
        for before in tasks[left.pop()].depends_on:
            if before.task_id not in found:
                found.add(before.task_id)
                left.append(before.task_id)
    return frozenset(found)
