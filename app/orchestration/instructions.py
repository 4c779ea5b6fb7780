"""What an instruction means to a plan, and when it cannot be followed."""

from datetime import datetime

from app.domain.access import Right, may
from app.domain.cancellation import points_passed
from app.domain.money import sum_of
from app.domain.ownership import WAITING
from app.domain.plan import Cause, Plan, Wish
from app.domain.plan_events import (
    Aborted,
    AssessmentDecided,
    AssessmentRequested,
    CancellationRequested,
    FalloutDecided,
    Frozen,
    HoldRequested,
    Noted,
    PlanEvent,
    ReleaseRequested,
    Revised,
    TaskClaimed,
    TaskCompleted,
    TaskFailed,
    TaskPerformed,
)
from app.domain.revision import bound_by, merged
from app.domain.states import TASK_ENDED, TaskState
from app.domain.timing import CyclicPlan, in_order
from app.domain.undoing import owed
from app.ordering.ordering import Instruction, InstructionKind

_K = InstructionKind


def event_of(instruction: Instruction, at: datetime) -> PlanEvent:
    """The event that the plan sees."""
    match instruction.kind:
        case _K.RESOLVE_FALLOUT if instruction.task_id is not None and instruction.action is not None:
            return FalloutDecided(at=at, task_id=instruction.task_id, action=instruction.action)
        case _K.CLAIM:
            return TaskClaimed(at=at, task_id=instruction.task_id, by=instruction.claimed_by)
        case _K.PERFORM if instruction.task_id is not None:
            return TaskPerformed(at=at, task_id=instruction.task_id, data=instruction.data)
        case _K.CANCEL:
            return CancellationRequested(at=at, item_ids=instruction.item_ids, charge=instruction.charge)
        case _K.CONSENT if instruction.consent is not None and instruction.task_id is not None:
            task_id, revision, consent = instruction.task_id, instruction.revision, instruction.consent
            if consent.given:
                return TaskCompleted(at=at, task_id=task_id, revision=revision)
            refused = Cause(kind="CONSENT_REFUSED", message=consent.refusal, final=True, calls_off=True)
            return TaskFailed(at=at, task_id=task_id, revision=revision, cause=refused)
        case _K.REQUEST_CANCELLATION if instruction.until is not None:
            return AssessmentRequested(
                at=at,
                item_ids=instruction.item_ids,
                until=instruction.until,
                reason=instruction.reason,
                charge=instruction.charge,
            )
        case _K.DECIDE_CANCELLATION:
            return AssessmentDecided(at=at, accepted=instruction.accepted)
        case _K.HOLD:
            return HoldRequested(at=at)
        case _K.RELEASE:
            return ReleaseRequested(at=at)
        case _K.FREEZE:
            return Frozen(at=at, until=instruction.until, by=instruction.by)
        case _K.THAW:
            return Frozen(at=at, until=None, by=instruction.by)
        case _K.REVISE if instruction.wish is not None:
            return Revised(at=at, wish=instruction.wish, charge=instruction.charge)
        case _K.ABORT:
            return Aborted(at=at)
        case _K.ADD_NOTE | _K.CHANGE_REQUEST:
            return Noted(at=at)
        case _:
            raise ValueError(f"{instruction.kind} lacks what it is about")


def refusal_of(plan: Plan, instruction: Instruction) -> str | None:
    """Why it cannot be followed now; None: it can. The plan may have moved on since it was judged outside."""
    if instruction.kind in (_K.ADD_NOTE, _K.CHANGE_REQUEST):
        return None
    if plan.revision and plan.ended:
        return "the order has ended"
    task = plan.task(instruction.task_id or "")
    match instruction.kind:
        case _K.RESOLVE_FALLOUT:
            waits = task is not None and task.state is TaskState.FALLOUT
            return None if waits else f"task {instruction.task_id} waits for no decision"
        case _K.PERFORM:
            if task is None or not task.by_people or task.state is not TaskState.AWAITING_RESULT:
                return f"task {instruction.task_id} waits for nobody"
            claimed = task.attention.claimed_by if task.attention else None
            return None if claimed in (None, instruction.actor.subject) else f"{claimed} sees to it"
        case _K.CLAIM:
            return _claim_refused(plan, instruction)
        case _K.CONSENT:
            waits = task is not None and task.state in WAITING and task.revision == instruction.revision
            return None if waits else "nobody waits for this consent"
        case _K.CANCEL | _K.REQUEST_CANCELLATION:
            return _too_late(plan, instruction)
        case _K.DECIDE_CANCELLATION:
            return None if plan.assessing else "no cancellation is being assessed"
        case _K.HOLD:
            return "it is held already" if plan.held else None
        case _K.RELEASE:
            return None if plan.held else "it is not held"
        case _K.FREEZE:
            # who got no answer asks again
            mine = instruction.by is not None and instruction.by == plan.frozen_by
            return "another revision is being assessed" if plan.frozen_until and not mine else None
        case _K.REVISE if instruction.wish is not None:
            return _revision_refused(plan, instruction, instruction.wish)
        case _:
            return None


def _claim_refused(plan: Plan, instruction: Instruction) -> str | None:
    task = plan.task(instruction.task_id) if instruction.task_id else None
    waiting = task.attention if task is not None else plan.assessing
    if waiting is None or (instruction.task_id is not None and task is None):
        return f"task {instruction.task_id} waits for nobody"
    mine = waiting.claimed_by in (None, instruction.actor.subject)
    given_back = instruction.claimed_by is None and may(instruction.actor, Right.RESOLVE_FALLOUT)
    if not (mine or given_back):
        return f"{waiting.claimed_by} sees to it"
    return None


def _too_late(plan: Plan, instruction: Instruction) -> str | None:
    """What has ended, or a point of no return, that was passed after the cancellation was agreed."""
    new = set(instruction.item_ids) - set(plan.cancelled)
    if not new:
        return "these items are cancelled already"
    if plan.assessing is not None:
        return "its cancellation is being assessed"
    for item_id in sorted(new):
        if all(task.state in TASK_ENDED for task in plan.tasks_of(item_id)) and not owed(plan, item_id):
            return f"item {item_id} has ended"
    passed = points_passed(plan, new)
    if instruction.kind is _K.REQUEST_CANCELLATION:
        return None  # that is what people are asked about
    for one in passed:
        if one.point.charge is None:
            return f"{one.task_name}: {one.point.reason}"
    due = sum_of(one.point.charge for one in passed if one.point.charge is not None)
    return None if due == instruction.charge else "it costs something else by now"


def _revision_refused(plan: Plan, instruction: Instruction, wish: Wish) -> str | None:
    if plan.assessing is not None:
        return "its cancellation is being assessed"
    tasks = merged(plan, wish)
    try:
        in_order(tasks)
    except CyclicPlan as problem:
        return str(problem)
    points = [(task, point) for task, point in bound_by(plan, tasks, wish)]
    for task, point in points:
        if point.charge is None:
            return f"{task.name}: {point.reason}"
    charges = (wish.charge, *(point.charge for _, point in points))
    due = sum_of(charge for charge in charges if charge is not None)
    return None if due == instruction.charge else "it costs something else by now"
