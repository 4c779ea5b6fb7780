"""The plan of an order under way: a graph of tasks, and `step`, which alone decides what happens next.

Results, callbacks and people's decisions all come in as events, so every race is decided here, in one pure place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.states import TASK_ENDED, TASK_LOST, TASK_PASSED, TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a task did not succeed.

    `kind` is the backend's failure kind, `final` says that the backend gave its answer: asking the same again would
    only repeat it, so a retry asks anew, under a new revision.
    """

    kind: str
    message: str
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work on one backend (TMF701 taskFlow).

    `item_id` None: it serves the whole order. `rule` names the decomposition rule that made it.
    `revision` rises when the work is asked for anew; with it the key `order:task:revision` that makes the backend
    call safe to repeat. `reference` is the backend's own id of what was made. `expected` is how long it usually takes.
    A task that `pends` waits for people outside while its result is awaited.
    """

    id: str
    item_id: str | None
    name: str
    operation: str
    rule: str
    depends_on: tuple[str, ...] = ()
    expected: timedelta = timedelta(0)
    state: TaskState = TaskState.PENDING
    revision: int = 1
    attempts: int = 0
    reference: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cause: Cause | None = None
    pends: bool = False

    @property
    def backend(self) -> str:
        """The backend that carries it out."""
        return self.operation.split(".", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All tasks of one order, and how many events they have seen."""

    order_id: str
    tasks: tuple[Task, ...]
    revision: int = 0

    @property
    def ended(self) -> bool:
        """Nothing is left to do or to decide."""
        return all(task.state in TASK_ENDED for task in self.tasks)

    def task(self, task_id: str) -> Task | None:
        """The task with this id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def references(self, task: Task) -> Mapping[str, str]:
        """What the backends made so far for the task's item and for the whole order, by operation."""
        return {
            other.operation: other.reference
            for other in self.tasks
            if other.reference is not None and other.item_id in (task.item_id, None)
        }


class FalloutAction(StrEnum):
    """What a person may decide about a task in fallout."""

    RETRY = "retry"
    SKIP = "skip"
    FAIL_ITEM = "failItem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The order begins."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAccepted:
    """The backend took the work and will report its end under `reference`."""

    at: datetime
    task_id: str
    revision: int
    reference: str
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted:
    """The work is done; `reference` is what the backend made, when it made something."""

    at: datetime
    task_id: str
    revision: int
    reference: str | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed:
    """The work could not be done, retries included."""

    at: datetime
    task_id: str
    revision: int
    cause: Cause
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FalloutDecided:
    """A person decided what becomes of a task in fallout."""

    at: datetime
    task_id: str
    action: FalloutAction


PlanEvent = Started | TaskAccepted | TaskCompleted | TaskFailed | FalloutDecided


@dataclass(frozen=True, slots=True)
class Run:
    """Carry this task out on its backend."""

    task_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Await:
    """Follow this accepted task until its backend reports the end."""

    task_id: str
    revision: int
    reference: str


Command = Run | Await


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
        case TaskFailed() if (task := _open(tasks, event)) and task.state is not TaskState.FALLOUT:
            tasks[task.id] = replace(
                task,
                state=TaskState.FALLOUT,
                cause=event.cause,
                attempts=task.attempts + (event.attempts if task.state is TaskState.RUNNING else 0),
            )
        case FalloutDecided() if (task := tasks.get(event.task_id)) and task.state is TaskState.FALLOUT:
            _decide(tasks, task, event, commands)
        case _:
            return plan, ()
    _abandon(tasks, event.at)
    commands += _start_ready(tasks, event.at)
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


def _decide(tasks: dict[str, Task], task: Task, event: FalloutDecided, commands: list[Command]) -> None:
    match event.action:
        case FalloutAction.RETRY:
            # After a final answer the old key would only give that answer again; with the outcome unknown the old
            # key is what keeps the effect from happening twice.
            anew = task.cause is not None and task.cause.final
            revision = task.revision + 1 if anew else task.revision
            tasks[task.id] = replace(task, state=TaskState.RUNNING, revision=revision, cause=None, reference=None)
            commands.append(Run(task.id, revision))
        case FalloutAction.SKIP:
            tasks[task.id] = replace(task, state=TaskState.SKIPPED, ended_at=event.at)
        case FalloutAction.FAIL_ITEM:
            tasks[task.id] = replace(task, state=TaskState.FAILED, ended_at=event.at)


def _abandon(tasks: dict[str, Task], at: datetime) -> None:
    """A lost task takes with it what waits for it and what has not begun of its item, along every path."""
    changed = True
    while changed:
        changed = False
        given_up = {task.item_id for task in tasks.values() if task.state in TASK_LOST and task.item_id is not None}
        for task in list(tasks.values()):
            if task.state is TaskState.PENDING and (
                task.item_id in given_up or any(tasks[d].state in TASK_LOST for d in task.depends_on)
            ):
                tasks[task.id] = replace(task, state=TaskState.ABANDONED, ended_at=at)
                changed = True


def _start_ready(tasks: dict[str, Task], at: datetime) -> Iterable[Command]:
    for task in list(tasks.values()):
        if task.state is TaskState.PENDING and all(tasks[d].state in TASK_PASSED for d in task.depends_on):
            tasks[task.id] = replace(task, state=TaskState.RUNNING, started_at=at)
            yield Run(task.id, task.revision)


def expected_end(plan: Plan, at: datetime) -> datetime:
    """When the plan will have ended if every open task takes its expected time from now on: the critical path."""
    ends: dict[str, datetime] = {}
    tasks = {task.id: task for task in plan.tasks}

    def end_of(task: Task) -> datetime:
        if task.id not in ends:
            if task.state in TASK_ENDED:
                ends[task.id] = task.ended_at or at
            else:
                ready = max((end_of(tasks[d]) for d in task.depends_on), default=at)
                ends[task.id] = max(max(ready, at), (task.started_at or ready)) + task.expected
        return ends[task.id]

    return max((end_of(task) for task in plan.tasks), default=at)
