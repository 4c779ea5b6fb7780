"""`step` alone decides what happens next to a plan.

Results, callbacks, people's decisions and the passing of time all come in as events, so every race is decided here, in
one pure place.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from app.domain.order import FailurePolicy
from app.domain.plan import Assessing, Attention, Cause, Dependency, Fate, OnTimeout, Plan, Task
from app.domain.plan_events import (
    Aborted,
    AssessmentDecided,
    AssessmentRequested,
    Await,
    CancellationRequested,
    Command,
    FalloutAction,
    FalloutDecided,
    Frozen,
    HoldRequested,
    Noted,
    PlanEvent,
    ReleaseRequested,
    Revised,
    Run,
    Started,
    TaskAccepted,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskPerformed,
    TimePassed,
)
from app.domain.revision import amending, merged
from app.domain.sequence import not_yet
from app.domain.states import TASK_ENDED, TASK_LOST, TASK_PASSED, TaskState
from app.domain.timing import CyclicPlan, due, in_order
from app.domain.undoing import (
    REVISION,
    Tasks,
    ancestors,
    anew,
    charge_for,
    give_up,
    has_effect,
    of_another_item,
    out_of_scope,
    serves_only,
    take_back,
)

UNATTENDED = "fallout"
"""The worklist of what waits for people though no rule says where."""


def step(plan: Plan, event: PlanEvent) -> tuple[Plan, tuple[Command, ...]]:
    """What the plan becomes, and what is to be done now, after `event`.

    An event that comes twice, late or out of order changes nothing and commands nothing.
    """
    tasks = {task.id: task for task in plan.tasks}
    commands: list[Command] = []
    after = _taken(plan, tasks, event, commands)
    if after is None:
        return plan, ()
    plan = _time_passed(after, tasks, event.at)
    _close(tasks, plan, event.at)
    give_up(tasks, plan, event.at)
    take_back(tasks, plan, event.at)
    _close(tasks, plan, event.at)
    commands += _start_ready(tasks, plan, event.at)
    # whatever it was, all that is due by then has been seen to
    checked_at = max(filter(None, (plan.checked_at, event.at)))
    plan = replace(plan, tasks=tuple(tasks.values()), revision=plan.revision + 1, checked_at=checked_at)
    if plan.assessing is not None and plan.ended:
        plan = replace(plan, assessing=None)  # nothing is left that could be cancelled
    return plan, tuple(commands)


def _taken(plan: Plan, tasks: Tasks, event: PlanEvent, commands: list[Command]) -> Plan | None:
    """The plan with what the event itself says; None: it says nothing new."""
    if plan.aborted and not isinstance(event, Noted):
        return None
    match event:
        case Started():
            return None if plan.revision else plan
        case TaskAccepted() | TaskCompleted() | TaskFailed():
            return _result_taken(plan, tasks, event, commands)
        case FalloutDecided() if (task := tasks.get(event.task_id)) and task.state is TaskState.FALLOUT:
            return _decided(plan, tasks, task, event, commands)
        case TaskPerformed() if (task := tasks.get(event.task_id)) and _waits_for_hands(task):
            tasks[task.id] = replace(
                task, state=TaskState.CLOSING, data=event.data, attention=None, attempts=task.attempts + 1
            )
        case TaskClaimed():
            return _claimed(plan, tasks, event)
        case CancellationRequested() if new := set(event.item_ids) - set(plan.cancelled):
            _charge(tasks, event)
            return replace(plan, cancelled=(*plan.cancelled, *sorted(new)))
        case AssessmentRequested() if plan.assessing is None and not plan.ended:
            assessing = Assessing(
                item_ids=event.item_ids, since=event.at, until=event.until, reason=event.reason, charge=event.charge
            )
            return replace(plan, assessing=assessing)
        case AssessmentDecided() if plan.assessing is not None:
            return _assessed(plan, tasks, event)
        case HoldRequested() if not plan.held and not plan.ended:
            return replace(plan, held=True)
        case ReleaseRequested() if plan.held:
            return replace(plan, held=False)
        case Frozen() if event.until != plan.frozen_until and not plan.ended:
            if event.until is None and None not in (event.by, plan.frozen_by) and event.by != plan.frozen_by:
                return None  # another one is being assessed by now
            return replace(plan, frozen_until=event.until, frozen_by=event.by if event.until else None)
        case Revised():
            return _revised(plan, tasks, event)
        case Aborted() if not plan.ended:
            for task in list(tasks.values()):
                if task.state not in TASK_ENDED:
                    tasks[task.id] = replace(task, state=TaskState.ABANDONED, ended_at=event.at, attention=None)
            return replace(plan, aborted=True, held=False, assessing=None, frozen_until=None, frozen_by=None)
        case Noted():
            return plan
        case TimePassed() if (moment := due(plan)) is not None and moment <= event.at:
            return plan
        case _:
            return None
    return plan


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


def _result_taken(
    plan: Plan, tasks: Tasks, event: TaskAccepted | TaskCompleted | TaskFailed, commands: list[Command]
) -> Plan | None:
    task = _open(tasks, event)
    if task is None:
        return None
    tried = task.attempts + (event.attempts if task.state is TaskState.RUNNING else 0)
    match event:
        case TaskAccepted() if task.state is TaskState.RUNNING:
            tasks[task.id] = replace(
                task,
                state=TaskState.AWAITING_RESULT,
                reference=event.reference,
                attempts=task.attempts + event.attempts,
            )
            commands.append(Await(task.id, task.revision, event.reference))
        case TaskCompleted():
            # what it must not end before is looked at for all tasks alike, when the event has been taken
            tasks[task.id] = replace(
                task,
                state=TaskState.CLOSING,
                cause=None,
                attention=None,
                reference=event.reference or task.reference,
                attempts=tried,
            )
        case TaskFailed() if event.cause.calls_off:
            tasks[task.id] = replace(
                task, state=TaskState.FAILED, cause=event.cause, ended_at=event.at, attempts=tried, attention=None
            )
            return replace(plan, cancelled=(*plan.cancelled, *_revocable(plan, tasks)))
        case TaskFailed() if task.state is not TaskState.FALLOUT:
            tasks[task.id] = _fallen_out(task, event.cause, event.at, attempts=tried)
            return _after_failure(plan, tasks, task)
        case _:
            return None
    return plan


def _open(tasks: Mapping[str, Task], event: TaskAccepted | TaskCompleted | TaskFailed) -> Task | None:
    """The task that a result speaks of, if that result is still awaited."""
    task = tasks.get(event.task_id)
    over = (TaskState.PENDING, TaskState.CLOSING)
    if task is None or task.revision != event.revision or task.state in TASK_ENDED or task.state in over:
        return None
    return task


def _fallen_out(task: Task, cause: Cause, at: datetime, *, attempts: int) -> Task:
    queue = task.worklist.queue if task.worklist else UNATTENDED
    attention = Attention(since=at, queue=queue)
    return replace(task, state=TaskState.FALLOUT, cause=cause, attempts=attempts, attention=attention)


def _after_failure(plan: Plan, tasks: Tasks, task: Task) -> Plan:
    """What the order's policy makes of a failure: with a roll-back, all that is not delivered yet fails with it."""
    if plan.failure_policy is not FailurePolicy.HALT_AND_ROLLBACK or task.undoes or task.amount:
        return plan
    return replace(plan, failed=tuple(dict.fromkeys((*plan.failed, *_revocable(plan, tasks)))))


def _revocable(plan: Plan, tasks: Tasks, among: Collection[str] = ()) -> tuple[str, ...]:
    """The items that may still be given up without anybody's leave: not ended, and bound by no point of no return."""
    items = dict.fromkeys(item_id for task in tasks.values() for item_id in task.item_ids)
    served = {item_id: [task for task in tasks.values() if item_id in task.item_ids] for item_id in items}
    return tuple(
        item_id
        for item_id, of_item in served.items()
        if (not among or item_id in among)
        and item_id not in plan.cancelled
        and not all(task.state in TASK_ENDED for task in of_item)
        and not any(t.no_return is not None and t.no_return.charge is None and t.begun for t in of_item)
    )


def _decided(plan: Plan, tasks: Tasks, task: Task, event: FalloutDecided, commands: list[Command]) -> Plan:
    match event.action:
        case FalloutAction.RETRY:
            # After a final answer the old key would only give that answer again; with the outcome unknown the old
            # key is what keeps the effect from happening twice.
            anew_asked = task.cause is not None and task.cause.final
            revision = task.revision + 1 if anew_asked else task.revision
            # what takes something back, or changes it, still has to know what
            own = task.reference if task.amending else task.takes_back
            reference = tasks[task.undoes].reference if task.undoes else own
            # asked anew, it is asked for what is wanted by now
            fate = None if anew_asked and task.fate is Fate.AMEND else task.fate
            again = replace(
                task,
                state=TaskState.RUNNING,
                revision=revision,
                cause=None,
                reference=reference,
                attention=None,
                fate=fate,
            )
            if task.by_people:
                tasks[task.id] = _handed_over(again, event.at)
            else:
                tasks[task.id] = again
                commands.append(Run(task.id, revision))
        case FalloutAction.SKIP:
            # a change that is not made leaves what was done first
            state = TaskState.COMPLETED if task.amending else TaskState.SKIPPED
            tasks[task.id] = replace(task, state=state, ended_at=event.at, attention=None, amending=False, fate=None)
        case FalloutAction.FAIL_ITEM if task.amending and task.item_ids:
            tasks[task.id] = replace(task, state=TaskState.PENDING, attention=None)
            return replace(plan, failed=tuple(dict.fromkeys((*plan.failed, *task.item_ids))))
        case FalloutAction.FAIL_ITEM:
            tasks[task.id] = replace(task, state=TaskState.FAILED, ended_at=event.at, attention=None, fate=None)
            if task.undoes is not None and task.item_ids:
                # what cannot be taken back cannot be done otherwise; what is bound for good stays
                given_up = _revocable(plan, tasks, task.item_ids)
                return replace(plan, failed=tuple(dict.fromkeys((*plan.failed, *given_up))))
    return plan


def _waits_for_hands(task: Task) -> bool:
    return task.by_people and task.state is TaskState.AWAITING_RESULT


def _claimed(plan: Plan, tasks: Tasks, event: TaskClaimed) -> Plan | None:
    if event.task_id is None:
        if plan.assessing is None or plan.assessing.claimed_by == event.by:
            return None
        return replace(plan, assessing=replace(plan.assessing, claimed_by=event.by))
    task = tasks.get(event.task_id)
    if task is None or task.attention is None or task.attention.claimed_by == event.by:
        return None
    tasks[task.id] = replace(task, attention=replace(task.attention, claimed_by=event.by))
    return plan


def _charge(tasks: Tasks, event: CancellationRequested | Revised) -> None:
    if event.charge is not None:
        charge = charge_for(event.charge, len(tasks))
        if isinstance(event, Revised):
            charge = replace(charge, name="Charge the change", rule=REVISION)
        tasks[charge.id] = charge


def _assessed(plan: Plan, tasks: Tasks, event: AssessmentDecided) -> Plan:
    assessing = plan.assessing
    plan = replace(plan, assessing=None)
    if assessing is None or not event.accepted:
        return plan
    left = [i for i in assessing.item_ids if any(i in t.item_ids and t.state not in TASK_ENDED for t in tasks.values())]
    if not left:
        return plan
    _charge(tasks, CancellationRequested(at=event.at, item_ids=assessing.item_ids, charge=assessing.charge))
    return replace(plan, cancelled=tuple(dict.fromkeys((*plan.cancelled, *left))))


def _revised(plan: Plan, tasks: Tasks, event: Revised) -> Plan | None:
    wished = merged(plan, event.wish)
    try:
        in_order(wished)
    except CyclicPlan:
        return None
    tasks.clear()
    tasks.update(wished)
    _charge(tasks, event)
    wish = event.wish
    return replace(
        plan,
        cancelled=tuple(dict.fromkeys((*plan.cancelled, *wish.removed))),
        sequence=wish.sequence,
        priority=wish.priority,
        begins_at=wish.begins_at,
        promised_at=wish.promised_at,
        frozen_until=None,
        frozen_by=None,
    )


def _time_passed(plan: Plan, tasks: Tasks, at: datetime) -> Plan:
    """What is due by now: people are asked more urgently, or waited for no longer."""
    if plan.frozen_until is not None and plan.frozen_until <= at:
        plan = replace(plan, frozen_until=None, frozen_by=None)
    if plan.assessing is not None and plan.assessing.until <= at:
        plan = replace(plan, assessing=None)
    for task in list(tasks.values()):
        plan = _waited_too_long(plan, tasks, task, at)
        task = tasks[task.id]
        if task.attention is not None and task.worklist is not None:
            due_by_now = [e for e in task.worklist.escalations if task.attention.since + e.after <= at]
            if len(due_by_now) > task.attention.level:
                attention = replace(task.attention, level=len(due_by_now), queue=due_by_now[-1].to)
                tasks[task.id] = replace(task, attention=attention)
    return plan


def _waited_too_long(plan: Plan, tasks: Tasks, task: Task, at: datetime) -> Plan:
    since = task.attention.since if task.attention else task.started_at
    if task.timeout is None or since is None or task.state is not TaskState.AWAITING_RESULT:
        return plan
    if since + task.timeout.after > at:
        return plan
    revocable = _revocable(plan, tasks, task.item_ids)
    if task.timeout.then is OnTimeout.CANCEL and revocable:
        return replace(plan, cancelled=(*plan.cancelled, *revocable))
    # people have simply not done it; of a backend nothing is known
    cause = Cause(kind="TIMEOUT", message="no result came in time", final=task.by_people or task.pends)
    tasks[task.id] = _fallen_out(task, cause, at, attempts=task.attempts)
    return _after_failure(plan, tasks, task)


def _close(tasks: Tasks, plan: Plan, at: datetime) -> None:
    """What is done ends as soon as nothing is left that it must not end before."""
    changed = True
    while changed:
        changed = False
        for task in list(tasks.values()):
            if task.state is TaskState.CLOSING and all(_may_end(d, tasks[d.task_id]) for d in task.depends_on):
                _end(tasks, plan, task, at)
                changed = True


def _may_end(dependency: Dependency, other: Task) -> bool:
    if dependency.to_start:
        return True
    ended = other.state in TASK_ENDED and other.fate is not Fate.REDO
    return ended or (not dependency.of_finish and other.started)


def _end(tasks: Tasks, plan: Plan, task: Task, at: datetime) -> None:
    if task.fate is Fate.AMEND:
        tasks[task.id] = amending(task)
        return
    tasks[task.id] = replace(task, state=TaskState.COMPLETED, ended_at=at, amending=False)
    if task.undoes is not None:
        undone = tasks[task.undoes]
        if undone.fate is Fate.REDO:
            tasks[undone.id] = anew(tasks, undone, out_of_scope(tasks, plan))
        else:
            tasks[undone.id] = replace(undone, state=TaskState.UNDONE, ended_at=at)


def _start_ready(tasks: Tasks, plan: Plan, at: datetime) -> Iterable[Command]:
    stopped = (
        plan.held
        or plan.frozen_until is not None
        or plan.assessing is not None
        or (plan.begins_at is not None and at < plan.begins_at)
        or (
            plan.failure_policy is not FailurePolicy.CONTINUE
            and any(task.state is TaskState.FALLOUT for task in tasks.values())
        )
    )
    out = out_of_scope(tasks, plan)
    undone = {task.undoes for task in tasks.values() if task.undoes and task.state not in TASK_ENDED}
    later = not_yet(plan.sequence, tasks.values())
    for task in list(tasks.values()):
        if task.state is not TaskState.PENDING or not _ready(tasks, task):
            continue
        if not (task.undoes or task.amount) and (
            stopped
            or (task.not_before is not None and at < task.not_before)
            or (task.amending and serves_only(task, out))
            or any(item_id in later for item_id in task.item_ids)
            or _came_before(tasks, task, undone)
        ):
            continue
        begun = replace(task, state=TaskState.RUNNING, started_at=at)
        if task.by_people:
            tasks[task.id] = _handed_over(begun, at)
        else:
            tasks[task.id] = begun
            yield Run(task.id, task.revision)


def _handed_over(task: Task, at: datetime) -> Task:
    """The task as it waits for people to carry it out."""
    queue = task.worklist.queue if task.worklist else UNATTENDED
    return replace(
        task,
        state=TaskState.AWAITING_RESULT,
        attention=Attention(since=at, queue=queue),
        started_at=task.started_at or at,
    )


def _came_before(tasks: Tasks, task: Task, undone: Collection[str]) -> bool:
    """Whether something that was done on the ground of this one is still to be taken back."""
    if task.revision == 1 and not task.amending:
        return False
    # what was given up meanwhile and has left nothing is not done once more
    again = {t.id for t in tasks.values() if t.fate is Fate.REDO and (t.state not in TASK_ENDED or has_effect(t))}
    left = again | set(undone)
    return any(task.id in ancestors(tasks, other) for other in left if other != task.id)


def _ready(tasks: Tasks, task: Task) -> bool:
    """Whether nothing is waited for; what is taken back waits for no more than the end of what came before."""
    before = [(d, tasks[d.task_id]) for d in task.depends_on if d.to_start]
    if task.undoes:
        return all(other.state in TASK_ENDED for _, other in before)
    return all(
        _passed(dependency, other) or (other.state in TASK_LOST and of_another_item(task, other))
        for dependency, other in before
    )


def _passed(dependency: Dependency, other: Task) -> bool:
    if other.fate is Fate.REDO:
        return False
    if dependency.of_finish:
        return other.state in TASK_PASSED
    return other.started
