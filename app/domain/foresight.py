"""What becomes of a plan when all goes well from now on, and what one event would change about that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.plan import Plan, PointOfNoReturn, Task
from app.domain.plan_events import (
    AssessmentDecided,
    Command,
    FalloutAction,
    FalloutDecided,
    Frozen,
    PlanEvent,
    ReleaseRequested,
    TaskAccepted,
    TaskCompleted,
    TaskPerformed,
    TimePassed,
)
from app.domain.states import TaskState
from app.domain.step import step
from app.domain.timing import due, schedule

AT_WORK: Final = frozenset({TaskState.RUNNING, TaskState.AWAITING_RESULT})
LONGEST: Final = 20
"""How many events, for each task, a plan may take until it has ended: far more than any does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What an event would change: the tasks that stay, and those that do not; see `Preview` for what each means.

    `ends_at` is when the plan will have ended. `after` is the plan right after the event.
    """

    after: Plan
    ends_at: datetime
    kept: tuple[Task, ...]
    taken_back: tuple[Task, ...]
    redone: tuple[Task, ...]
    added: tuple[Task, ...]
    abandoned: tuple[Task, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointAhead:
    """A point of no return that is still to come: until then there is a way back."""

    item_ids: tuple[str, ...]
    task_id: str
    task_name: str
    point: PointOfNoReturn
    possible_until: datetime


def outlook(before: Plan, event: PlanEvent) -> Outlook:
    """What the event would change, all else going well."""
    after, _ = step(before, event)
    final, ends_at, begun = _played_out(after, event.at)
    old = {task.id: task for task in before.tasks}
    there = {task.id: task for task in final.tasks}
    undone = [there[task_id] for task_id in begun if there[task_id].undoes and task_id not in old]
    taken_back = {task.undoes: None for task in undone if task.undoes}
    redone = tuple(t for t in final.tasks if t.id in old and t.revision > old[t.id].revision and old[t.id].begun)
    changed = {task.id for task in redone}
    abandoned = tuple(
        task
        for task in final.tasks
        if task.state is TaskState.ABANDONED
        and task.id not in taken_back
        and (task.id not in old or old[task.id].state is not TaskState.ABANDONED)
        and task.undoes is None
    )
    gone = {task.id for task in abandoned}
    return Outlook(
        after=after,
        ends_at=ends_at,
        kept=tuple(
            task
            for task in before.tasks
            if task.undoes is None and task.id not in taken_back and task.id not in changed and task.id not in gone
        ),
        taken_back=tuple(old[task_id] if task_id in old else there[task_id] for task_id in taken_back),
        redone=redone,
        added=tuple(t for t in after.tasks if t.id not in old and t.undoes is None),
        abandoned=abandoned,
    )


def ends_at(plan: Plan, at: datetime) -> datetime:
    """When the plan will have ended, all going well."""
    return _played_out(plan, at)[1]


def points_ahead(plan: Plan, items: Sequence[str], at: datetime) -> tuple[PointAhead, ...]:
    """The points of no return that these items have not passed yet, the next one first."""
    times = schedule(plan, at)
    ahead = [
        PointAhead(
            item_ids=task.item_ids,
            task_id=task.id,
            task_name=task.name,
            point=task.no_return,
            possible_until=times[task.id][0],
        )
        for task in plan.tasks
        if task.no_return is not None and task.state is TaskState.PENDING and set(task.item_ids) & set(items)
    ]
    return tuple(sorted(ahead, key=lambda point: point.possible_until))


def _played_out(plan: Plan, at: datetime) -> tuple[Plan, datetime, tuple[str, ...]]:
    """The plan at its end, when that is, and the tasks begun on the way, in their order.

    What waits for people is decided as they would to go on: what was held is released, what fell out is tried again.
    """
    begun: list[str] = []
    last = at

    def send(event: PlanEvent) -> None:
        nonlocal plan, last
        plan, commands = step(plan, event)
        begun.extend(_run(commands, begun))
        last = event.at

    begun.extend(task.id for task in plan.tasks if task.state is TaskState.RUNNING)
    for _ in range(LONGEST * (len(plan.tasks) + 1)):
        if plan.ended:
            break
        event = _next(plan, last)
        if event is None:
            break
        send(event)
    return plan, last, tuple(begun)


def _run(commands: Sequence[Command], begun: Sequence[str]) -> list[str]:
    return [command.task_id for command in commands if command.task_id not in begun]


def _next(plan: Plan, at: datetime) -> PlanEvent | None:
    """What happens next, when all goes well."""
    if plan.held:
        return ReleaseRequested(at=at)
    if plan.frozen_until is not None:
        return Frozen(at=at, until=None)
    if plan.assessing is not None:
        return AssessmentDecided(at=at, accepted=False)
    fallen = next((task for task in plan.tasks if task.state is TaskState.FALLOUT), None)
    if fallen is not None:
        return FalloutDecided(at=at, task_id=fallen.id, action=FalloutAction.RETRY)
    asked = next((task for task in plan.tasks if task.pends and task.state is TaskState.RUNNING), None)
    if asked is not None:
        return TaskAccepted(at=at, task_id=asked.id, revision=asked.revision, reference=asked.reference or "asked")
    ending = min(
        ((max(at, (t.started_at or at) + t.expected), n, t) for n, t in enumerate(plan.tasks) if t.state in AT_WORK),
        default=None,
    )
    moment = due(plan)
    if moment is not None and (ending is None or moment < ending[0]) and _opens_something(plan):
        return TimePassed(at=max(at, moment))
    if ending is None:
        return TimePassed(at=max(at, moment)) if moment is not None else None
    ended_at, _, task = ending
    if task.by_people:
        return TaskPerformed(at=ended_at, task_id=task.id)
    return TaskCompleted(at=ended_at, task_id=task.id, revision=task.revision, reference=task.reference or "made")


def _opens_something(plan: Plan) -> bool:
    """Whether a task waits for nothing but a time."""
    return any(task.state is TaskState.PENDING for task in plan.tasks) and (
        plan.begins_at is not None or any(task.not_before for task in plan.tasks)
    )
