"""When the tasks of a plan begin and end, which of them the end depends on, and when time alone changes something."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Final, Literal

from app.domain.plan import Dependency, Plan, Task
from app.domain.sequence import taken_before, turn_by_task
from app.domain.states import TASK_ENDED, TaskState

Edge = Literal["start", "end", "turn"]
Node = tuple[str, Edge]
"""The beginning or the end of a task: what the four kinds of dependencies are between. Or the end of a turn."""

LOOK_AGAIN: Final = timedelta(seconds=10)
NEVER: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Nobody looks at an order again after this: it is near the end of the calendar."""
ON_THE_WAY: Final = frozenset({TaskState.RUNNING, TaskState.AWAITING_RESULT, TaskState.CLOSING})


class CyclicPlan(ValueError):
    """Tasks wait for each other in a circle; the message names them."""

    def __init__(self, circle: Iterable[str]) -> None:
        self.circle = tuple(circle)
        super().__init__(f"tasks wait for each other: {' → '.join(self.circle)}")


def in_order(tasks: Mapping[str, Task]) -> tuple[tuple[Node, tuple[Node, ...]], ...]:
    """Every beginning and end, each after what it waits for, and with that. Raises CyclicPlan."""
    return _in_order(tuple((task.id, task.depends_on) for task in tasks.values()), ())


def _of_plan(plan: Plan) -> tuple[tuple[Node, tuple[Node, ...]], ...]:
    """In order, and the end of each turn of the plan's items among them, for which the next one's tasks wait."""
    turn = turn_by_task(plan)
    taken = tuple((turn[task.id], task.id, bool(task.undoes)) for task in plan.tasks if task.id in turn)
    return _in_order(tuple((task.id, task.depends_on) for task in plan.tasks), taken)


@lru_cache(maxsize=1024)  # a plan is asked about after each of its tasks, and what waits for what seldom changes
def _in_order(
    network: tuple[tuple[str, tuple[Dependency, ...]], ...], taken: tuple[tuple[int, str, bool], ...]
) -> tuple[tuple[Node, tuple[Node, ...]], ...]:
    """`taken` is the turn of each task that has one, and whether it takes something back, which is done at any time."""
    waits: dict[Node, list[Node]] = {_end_of(n): [] for n, _, _ in taken}
    for task_id, depends_on in network:
        waits[task_id, "start"] = []
        waits[task_id, "end"] = [(task_id, "start")]
        for dependency in depends_on:
            other: Node = dependency.task_id, "end" if dependency.of_finish else "start"
            waits[task_id, "start" if dependency.to_start else "end"].append(other)
    for n, task_id, undoes in taken:
        waits[_end_of(n)].append((task_id, "end"))
        if not undoes:
            waits[task_id, "start"] += [_end_of(other) for other in range(n) if _end_of(other) in waits]
    try:
        nodes = tuple(TopologicalSorter(waits).static_order())
    except CycleError as error:
        names = [task_id for task_id, _ in error.args[1]]
        # a task's own beginning and end stand beside each other: the reader wants the tasks
        raise CyclicPlan(name for n, name in enumerate(names) if n == 0 or name != names[n - 1]) from error
    return tuple((node, tuple(waits[node])) for node in nodes)


def _end_of(turn: int) -> Node:
    return f"{turn}", "turn"


def schedule(plan: Plan, at: datetime) -> dict[str, tuple[datetime, datetime]]:
    """By task, when it began or will begin, and when it ended or will end, each open one taking its expected time."""
    tasks = {task.id: task for task in plan.tasks}
    found: dict[Node, datetime] = {}
    earliest = max(filter(None, (at, plan.begins_at)))
    for node, waits in _of_plan(plan):
        task_id, edge = node
        waited = [found[other] for other in waits]
        if edge == "turn":
            found[node] = max(waited, default=at)
            continue
        task = tasks[task_id]
        if edge == "start":
            planned = max([earliest, *waited, *filter(None, (task.not_before,))])
            found[node] = task.started_at or (task.ended_at or at if task.state in TASK_ENDED else planned)
        elif task.state in TASK_ENDED:
            found[node] = task.ended_at or at
        else:
            # what takes longer than expected may end at any moment
            found[node] = max([at, found[task_id, "start"] + task.expected, *waited])
    return {task_id: (found[task_id, "start"], found[task_id, "end"]) for task_id in tasks}


def expected_end(plan: Plan, at: datetime) -> datetime:
    """When the plan will have ended if every open task takes its expected time: the critical path."""
    return max((end for _, end in schedule(plan, at).values()), default=at)


def critical_path(plan: Plan, at: datetime, *, to: str | None = None) -> tuple[str, ...]:
    """The tasks that the end depends on, in their order: each one's delay delays the whole, or the task `to`."""
    times = schedule(plan, at)
    tasks = {task.id: task for task in plan.tasks}
    path: list[str] = []
    here = tasks[to] if to else max(plan.tasks, key=lambda task: times[task.id][1], default=None)
    while here is not None and here.id not in path:
        path.append(here.id)
        before = [tasks[d.task_id] for d in here.depends_on]
        before += [tasks[other] for other in taken_before(plan, here.id)]
        here = max(before, key=lambda task: times[task.id][1], default=None)
    return tuple(reversed(path))


def length(plan: Plan, at: datetime) -> timedelta:
    """How long the whole is expected to take once it has begun."""
    return expected_end(plan, at) - max(filter(None, (at, plan.begins_at)))


def due(plan: Plan) -> datetime | None:
    """The next moment at which time alone changes something; None: nothing waits for a time.

    A promise is looked at again whenever a task has taken its expected time, then twice that, four times …; and when
    it could be kept no longer if nothing happened until then, when it is broken, and ever more seldom after that.
    """
    return min(_moments(plan), default=None)


def _moments(plan: Plan) -> Iterator[datetime]:
    if plan.ended:
        return
    if plan.assessing is not None:
        yield plan.assessing.until
    if plan.frozen_until is not None:
        yield plan.frozen_until
    promised = _promises(plan)
    pending = [task for task in plan.tasks if task.state is TaskState.PENDING and not task.undoes]
    checked = plan.checked_at
    if plan.begins_at is not None and pending and (checked is None or checked < plan.begins_at):
        yield plan.begins_at
    for task in plan.tasks:
        if task.state is TaskState.PENDING and task.not_before and (checked is None or checked < task.not_before):
            yield task.not_before
        yield from _waiting_moments(task)
        if promised and task.state in ON_THE_WAY and task.started_at is not None:
            yield from _looked_at_again(task.started_at, task.expected, checked)
    if promised:
        yield from _endangered_moments(plan, promised)


def _waiting_moments(task: Task) -> Iterator[datetime]:
    awaited_since = task.attention.since if task.attention else task.started_at
    if task.timeout is not None and task.state is TaskState.AWAITING_RESULT and awaited_since is not None:
        yield awaited_since + task.timeout.after
    if task.attention is not None and task.worklist is not None:
        for step in task.worklist.escalations[task.attention.level : task.attention.level + 1]:
            yield task.attention.since + step.after


def _looked_at_again(started: datetime, expected: timedelta, checked: datetime | None) -> Iterator[datetime]:
    pause = max(expected, LOOK_AGAIN)
    while checked is not None and started + pause <= checked:
        pause *= 2
        if pause > NEVER - started:
            return
    yield started + pause


def _promises(plan: Plan) -> list[tuple[Task | None, datetime]]:
    """What is promised and not reached yet: milestones by their task, and the whole (None)."""
    milestones = [(t, t.promised_at) for t in plan.tasks if t.promised_at and t.state not in TASK_ENDED]
    return [*milestones, *([(None, plan.promised_at)] if plan.promised_at else [])]


def _endangered_moments(plan: Plan, promised: Iterable[tuple[Task | None, datetime]]) -> Iterator[datetime]:
    """When each promise cannot be kept any more should nothing happen until then, and when it is broken."""
    known = (plan.begins_at, plan.checked_at, *(task.not_before for task in plan.tasks))
    overdue = (t.started_at + t.expected for t in plan.tasks if t.started_at and t.state not in TASK_ENDED)
    # seen from a time when all that is under way is overdue, what follows it is the only way that is left
    far = max((*filter(None, known), *overdue, *(moment for _, moment in promised)))
    times = schedule(plan, far)
    end = max(ends for _, ends in times.values())
    for task, moment in promised:
        latest = moment - ((times[task.id][1] if task else end) - far)
        for at in (latest, moment):
            if plan.checked_at is None or plan.checked_at < at:
                yield at
        yield from _looked_at_again(latest, LOOK_AGAIN, plan.checked_at)
