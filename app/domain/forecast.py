"""What is predicted of a plan against what was promised, and how much that is in danger by the rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from app.domain.conditions import CannotJudge, View
from app.domain.decomposition import task_view
from app.domain.jeopardy import Jeopardy, JeopardyKind, JeopardyReason
from app.domain.order import ProductOrder
from app.domain.plan import Plan, Task
from app.domain.rulebook import JeopardyRule
from app.domain.sequence import taken_before
from app.domain.states import TASK_ENDED, TaskState
from app.domain.timing import ON_THE_WAY, critical_path, schedule
from app.domain.undoing import ancestors
from app.domain.views import BLANK_ORDER

NO_TASK: Final = Task(id="", item_ids=(), name="", operation=".", rule="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is to be reached by a time (None: nothing was promised), and when it is predicted to be.

    `task` is the one that reaches the milestone; None: the whole order is meant.
    """

    predicted_at: datetime
    promised_at: datetime | None = None
    task: Task | None = None


def promises(plan: Plan, at: datetime) -> Iterable[Promise]:
    """Everything promised that is not reached yet: the order itself, promised or not, and its milestones."""
    times = schedule(plan, at)
    yield Promise(predicted_at=max((end for _, end in times.values()), default=at), promised_at=plan.promised_at)
    for task in plan.tasks:
        if task.promised_at is not None and task.state not in TASK_ENDED:
            yield Promise(predicted_at=times[task.id][1], promised_at=task.promised_at, task=task)


def judged(order: ProductOrder, plan: Plan, rules: Sequence[JeopardyRule], at: datetime) -> Jeopardy | None:
    """The worst that a rule says of any promise of this order; None: nothing is in danger.

    An order that was in jeopardy before and still is has been so since then.
    """
    promised = plan.promised_at is not None or any(task.promised_at for task in plan.tasks)
    stuck = any(task.state is TaskState.FALLOUT for task in plan.tasks)
    if plan.ended or not (promised or stuck):
        return None
    found = [
        jeopardy
        for promise in promises(plan, at)
        if promise.promised_at is not None or stuck
        if (jeopardy := _judged(order, plan, promise, rules, at)) is not None
    ]
    return max(found, key=lambda jeopardy: jeopardy.level.rank, default=None)


def _judged(
    order: ProductOrder, plan: Plan, promise: Promise, rules: Sequence[JeopardyRule], at: datetime
) -> Jeopardy | None:
    reasons = tuple(_reasons(plan, promise, at))
    tasks = {task.id: task for task in plan.tasks}
    asked = [tasks[reason.task_id] for reason in reasons] or [NO_TASK]
    held = [rule for task in asked if (rule := _first(rules, jeopardy_view(order, promise, reasons, task, at)))]
    if not held:
        return None
    worst = max(held, key=lambda rule: rule.level.rank)
    return Jeopardy(
        level=worst.level,
        since=order.jeopardy.since if order.jeopardy else at,
        rule=worst.id,
        predicted_at=promise.predicted_at,
        promised_at=promise.promised_at,
        milestone=promise.task.milestone if promise.task else None,
        reasons=reasons,
        queue=worst.queue,
        notice=worst.notice,
    )


def _first(rules: Sequence[JeopardyRule], view: View) -> JeopardyRule | None:
    return next((rule for rule in rules if _surely(rule, view)), None)


def _surely(rule: JeopardyRule, view: View) -> bool:
    try:
        return rule.when.holds(view)
    except CannotJudge:
        return False  # what is carried out is not stopped by a warning that cannot be judged


def jeopardy_view(
    order: ProductOrder, promise: Promise, reasons: Sequence[JeopardyReason], task: Task, at: datetime
) -> View:
    """What a condition about jeopardy may speak of: `jeopardy`, `order`, and `task`, one that is a reason for it."""
    promised = promise.promised_at
    kinds = {reason.kind for reason in reasons}
    return View(
        {
            **task_view(task, order),
            "jeopardy": {
                "promised": promised is not None,
                "lateSeconds": _seconds(promise.predicted_at - promised) if promised else 0,
                "leftSeconds": _seconds(promised - at) if promised else 0,
                "blocked": JeopardyKind.BLOCKED in kinds,
                "slow": JeopardyKind.LATE in kinds,
                "milestone": (promise.task.milestone or "") if promise.task else "",
            },
        }
    )


def _seconds(duration: timedelta) -> int:
    return ceil(duration.total_seconds())


def blank_view() -> View:
    """What a condition may speak of, when nothing is known."""
    at = BLANK_ORDER.created_at
    return jeopardy_view(BLANK_ORDER, Promise(predicted_at=at, promised_at=at), (), NO_TASK, at)


def _reasons(plan: Plan, promise: Promise, at: datetime) -> Iterable[JeopardyReason]:
    """What is blocked, and what takes longer than usual on the way that the prediction depends on."""
    target = promise.task.id if promise.task else None
    tasks = {task.id: task for task in plan.tasks}
    leads = {*ancestors(tasks, target), *taken_before(plan, target), target} if target else tasks.keys()
    path = critical_path(plan, at, to=target)
    for task_id in dict.fromkeys((*path, *(task.id for task in plan.tasks))):
        task = tasks[task_id]
        if task.state is TaskState.FALLOUT and task_id in leads:
            since = task.attention.since if task.attention else task.started_at or at
            message = task.cause.message if task.cause else None
            yield JeopardyReason(
                task_id=task_id, task_name=task.name, kind=JeopardyKind.BLOCKED, since=since, message=message
            )
        elif task.state in ON_THE_WAY and task_id in path and task.started_at is not None:
            due = task.started_at + task.expected
            if at > due:
                yield JeopardyReason(task_id=task_id, task_name=task.name, kind=JeopardyKind.LATE, since=due)
