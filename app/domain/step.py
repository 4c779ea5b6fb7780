"""`step` alone decides what happens next to a plan.

Results, callbacks and people's decisions all come in as events, so every race is decided here, in one pure place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from app.domain.money import Money
from app.domain.plan import (
    Await,
    CancellationRequested,
    Command,
    FalloutAction,
    FalloutDecided,
    HoldRequested,
    Plan,
    PlanEvent,
    ReleaseRequested,
    Run,
    Started,
    Task,
    TaskAccepted,
    TaskCompleted,
    TaskFailed,
)
from app.domain.states import TASK_ENDED, TASK_LOST, TASK_PASSED, TaskState

Tasks = dict[str, Task]

CHARGE_CANCELLATION: Final = "billing.chargeCancellation"


def step(plan: Plan, event: PlanEvent) -> tuple[Plan, tuple[Command, ...]]:
    """What the plan becomes, and what is to be done now, after `event`.

    An event that comes twice, late or out of order changes nothing and commands nothing.
    """
    tasks = {task.id: task for task in plan.tasks}
    commands: list[Command] = []
    match event:
        case Started():
            if plan.revision:
                return plan, ()
        case TaskAccepted() if (task := _open(tasks, event)) and task.state is TaskState.RUNNING:
            tasks[task.id] = replace(
                task,
                state=TaskState.AWAITING_RESULT,
                reference=event.reference,
                attempts=task.attempts + event.attempts,
            )
            commands.append(Await(task.id, task.revision, event.reference))
        case TaskCompleted() if task := _open(tasks, event):
            tasks[task.id] = replace(
                task,
                state=TaskState.COMPLETED,
                ended_at=event.at,
                cause=None,
                reference=event.reference or task.reference,
                attempts=task.attempts + (event.attempts if task.state is TaskState.RUNNING else 0),
            )
            if task.undoes is not None:
                tasks[task.undoes] = replace(tasks[task.undoes], state=TaskState.UNDONE)
        case TaskFailed() if (task := _open(tasks, event)) and task.state is not TaskState.FALLOUT:
            off = event.cause.calls_off
            tasks[task.id] = replace(
                task,
                state=TaskState.FAILED if off else TaskState.FALLOUT,
                cause=event.cause,
                ended_at=event.at if off else None,
                attempts=task.attempts + (event.attempts if task.state is TaskState.RUNNING else 0),
            )
            if off:
                items = {t.item_id for t in tasks.values() if t.item_id is not None} - set(plan.cancelled)
                plan = replace(plan, cancelled=(*plan.cancelled, *sorted(items)))
        case FalloutDecided() if (task := tasks.get(event.task_id)) and task.state is TaskState.FALLOUT:
            _decide(tasks, task, event, commands)
        case CancellationRequested() if new := set(event.item_ids) - set(plan.cancelled):
            plan = replace(plan, cancelled=(*plan.cancelled, *sorted(new)))
            if event.charge is not None:
                charge = _cancellation_charge(event.charge, len(tasks))
                tasks[charge.id] = charge
        case HoldRequested() if not plan.held and not plan.ended:
            plan = replace(plan, held=True)
        case ReleaseRequested() if plan.held:
            plan = replace(plan, held=False)
        case _:
            return plan, ()
    _give_up(tasks, plan, event.at)
    _take_back(tasks, plan)
    commands += _start_ready(tasks, event.at, held=plan.held)
    return replace(plan, tasks=tuple(tasks.values()), revision=plan.revision + 1), tuple(commands)


def resume(plan: Plan) -> tuple[Command, ...]:
    """What is to be done now for a plan that was left under way: what runs is run again, what is awaited is awaited.

    Running again is safe, because every call carries the key of its task and revision.
    """
    commands: list[Command] = []
    for task in plan.tasks:
        if task.state is TaskState.RUNNING:
            commands.append(Run(task.id, task.revision))
        elif task.state is TaskState.AWAITING_RESULT and task.reference is not None:
            commands.append(Await(task.id, task.revision, task.reference))
    return tuple(commands)


def _open(tasks: Mapping[str, Task], event: TaskAccepted | TaskCompleted | TaskFailed) -> Task | None:
    """The task that a result speaks of, if that result is still awaited."""
    task = tasks.get(event.task_id)
    if task is None or task.revision != event.revision or task.state in TASK_ENDED or task.state is TaskState.PENDING:
        return None
    return task


def _decide(tasks: Tasks, task: Task, event: FalloutDecided, commands: list[Command]) -> None:
    match event.action:
        case FalloutAction.RETRY:
            # After a final answer the old key would only give that answer again; with the outcome unknown the old
            # key is what keeps the effect from happening twice.
            anew = task.cause is not None and task.cause.final
            revision = task.revision + 1 if anew else task.revision
            # what takes something back still has to know what
            reference = tasks[task.undoes].reference if task.undoes else None
            tasks[task.id] = replace(task, state=TaskState.RUNNING, revision=revision, cause=None, reference=reference)
            commands.append(Run(task.id, revision))
        case FalloutAction.SKIP:
            tasks[task.id] = replace(task, state=TaskState.SKIPPED, ended_at=event.at)
        case FalloutAction.FAIL_ITEM:
            tasks[task.id] = replace(task, state=TaskState.FAILED, ended_at=event.at)


def given_up(tasks: Iterable[Task], cancelled: Iterable[str]) -> frozenset[str]:
    """The items that are not delivered any more: cancelled, failed by decision, or lost with what they waited for."""
    lost = (TaskState.FAILED, TaskState.ABANDONED)
    failed = {t.item_id for t in tasks if t.state in lost and t.item_id is not None and t.undoes is None}
    return frozenset(failed | set(cancelled))


def _out_of_scope(tasks: Tasks, plan: Plan) -> frozenset[str | None]:
    """The items that are given up; None is among them when nothing is left that the whole order could be for."""
    lost = given_up(tasks.values(), plan.cancelled)
    items = {task.item_id for task in tasks.values() if task.item_id is not None}
    return frozenset({*lost, None}) if items and items <= lost else frozenset(lost)


def _cancellation_charge(amount: Money, number: int) -> Task:
    return Task(
        id=f"order/cancellation-charge-{number}",
        item_id=None,
        name="Charge the cancellation",
        operation=CHARGE_CANCELLATION,
        rule="cancellation",
        amount=amount,
    )


def _give_up(tasks: Tasks, plan: Plan, at: datetime) -> None:
    """What has not begun of what is given up, and what waits for it along every path, is not begun any more.

    A task of the whole order goes on without the items that are lost, as long as there is one left.
    """
    out = _out_of_scope(tasks, plan)
    changed = True
    while changed:
        changed = False
        for task in list(tasks.values()):
            if (
                task.undoes is None
                and task.amount is None
                and _not_begun(task, out)
                and (task.item_id in out or _cannot_begin(tasks, task))
            ):
                tasks[task.id] = replace(task, state=TaskState.ABANDONED, ended_at=at)
                changed = True


def _not_begun(task: Task, out: frozenset[str | None]) -> bool:
    if task.state is TaskState.PENDING:
        return True
    # what waits for people is waited for no longer; a failure is settled only when it is known to have left nothing
    settled = task.state is TaskState.FALLOUT and task.cause is not None and task.cause.final
    pends = task.pends and task.state is TaskState.AWAITING_RESULT
    return (settled or pends) and task.item_id in out


def _cannot_begin(tasks: Tasks, task: Task) -> bool:
    before = [tasks[d] for d in task.depends_on]
    others = [other for other in before if _of_another_item(task, other)]
    if any(other.state in TASK_LOST for other in before if other not in others):
        return True
    return bool(others) and all(other.state in TASK_LOST for other in others)


def _of_another_item(task: Task, other: Task) -> bool:
    """Whether the task goes on without the other one, when that is lost and not the last."""
    return (task.tolerant or task.item_id is None) and other.item_id not in (None, task.item_id)


def undo_id(task_id: str) -> str:
    """The id of the task that takes this one back."""
    return f"{task_id}~undo"


def owed(plan: Plan, item_id: str) -> bool:
    """Whether something done for this item, which is given up, is still to be taken back and that has not begun."""
    ids = {task.id for task in plan.tasks}
    return item_id in given_up(plan.tasks, plan.cancelled) and any(
        _has_effect(task) and undo_id(task.id) not in ids for task in plan.tasks if task.item_id == item_id
    )


def _has_effect(task: Task) -> bool:
    """Whether there is something to take back."""
    there = task.state in (TaskState.COMPLETED, TaskState.AWAITING_RESULT)
    return there and task.undo is not None and task.reference is not None


def _take_back(tasks: Tasks, plan: Plan) -> None:
    """What was done for what is given up is taken back in reverse order, once nothing of it runs any more."""
    out = _out_of_scope(tasks, plan)
    scope = [task for task in tasks.values() if task.item_id in out and task.undoes is None]
    if any(task.state is TaskState.RUNNING for task in scope):
        return
    done = {task.id: task for task in scope if _has_effect(task)}
    waited_for = {task_id: ancestors(tasks, task_id) for task_id in done}
    for task in done.values():
        if undo_id(task.id) in tasks:
            continue
        after = {other for other in done if task.id in waited_for[other]}
        tasks[undo_id(task.id)] = Task(
            id=undo_id(task.id),
            item_id=task.item_id,
            name=f"Take back: {task.name}",
            operation=task.undo or "",
            rule=task.rule,
            depends_on=tuple(undo_id(other) for other in done if other in after),
            expected=task.expected,
            reference=task.reference,
            undoes=task.id,
        )
        if task.state is TaskState.AWAITING_RESULT:
            tasks[task.id] = replace(task, state=TaskState.ABANDONED)


def ancestors(tasks: Mapping[str, Task], task_id: str) -> frozenset[str]:
    """Every task that this one waited for, along every path."""
    found: set[str] = set()
    left = [task_id]
    while left:
        for before in tasks[left.pop()].depends_on:
            if before not in found:
                found.add(before)
                left.append(before)
    return frozenset(found)


def _start_ready(tasks: Tasks, at: datetime, *, held: bool) -> Iterable[Command]:
    for task in list(tasks.values()):
        if task.state is TaskState.PENDING and _ready(tasks, task) and (not held or task.undoes or task.amount):
            tasks[task.id] = replace(task, state=TaskState.RUNNING, started_at=at)
            yield Run(task.id, task.revision)


def _ready(tasks: Tasks, task: Task) -> bool:
    """Whether nothing is waited for; what is taken back waits for no more than the end of what came before."""
    before = [tasks[d] for d in task.depends_on]
    if task.undoes:
        return all(other.state in TASK_ENDED for other in before)
    return all(
        other.state in TASK_PASSED or (other.state in TASK_LOST and _of_another_item(task, other)) for other in before
    )


def expected_end(plan: Plan, at: datetime) -> datetime:
    """When the plan will have ended if every open task takes its expected time from now on: the critical path."""
    return max((end for _, end in schedule(plan, at).values()), default=at)


def schedule(plan: Plan, at: datetime) -> dict[str, tuple[datetime, datetime]]:
    """By task, when it began or will begin, and when it ended or will end, each open one taking its expected time."""
    found: dict[str, tuple[datetime, datetime]] = {}
    tasks = {task.id: task for task in plan.tasks}

    def times(task: Task) -> tuple[datetime, datetime]:
        if task.id not in found:
            if task.state in TASK_ENDED:
                ended = task.ended_at or at
                found[task.id] = (task.started_at or ended, ended)
            else:
                ready = max((times(tasks[d])[1] for d in task.depends_on), default=at)
                start = task.started_at or max(ready, at)
                found[task.id] = (start, max(max(ready, at), start) + task.expected)
        return found[task.id]

    for task in plan.tasks:
        times(task)
    return found


def critical_path(plan: Plan, at: datetime) -> tuple[str, ...]:
    """The tasks that the end depends on, in their order: each one's delay delays the whole."""
    times = schedule(plan, at)
    tasks = {task.id: task for task in plan.tasks}
    path: list[str] = []
    here = max(plan.tasks, key=lambda task: times[task.id][1], default=None)
    while here is not None:
        path.append(here.id)
        here = max((tasks[d] for d in here.depends_on), key=lambda task: times[task.id][1], default=None)
    return tuple(reversed(path))
