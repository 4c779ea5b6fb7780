"""What an instruction means to a plan, and when it cannot be followed."""

from datetime import datetime

from app.domain.money import sum_of
from app.domain.ownership import WAITING
from app.domain.plan import (
    CancellationRequested,
    Cause,
    FalloutDecided,
    HoldRequested,
    Plan,
    PlanEvent,
    ReleaseRequested,
    TaskCompleted,
    TaskFailed,
)
from app.domain.states import TASK_ENDED, TaskState
from app.domain.step import owed
from app.ordering.ordering import Instruction, InstructionKind


def event_of(instruction: Instruction, at: datetime) -> PlanEvent:
    """The event that the plan sees."""
    match instruction.kind:
        case InstructionKind.RESOLVE_FALLOUT if instruction.task_id is not None and instruction.action is not None:
            return FalloutDecided(at=at, task_id=instruction.task_id, action=instruction.action)
        case InstructionKind.CANCEL:
            return CancellationRequested(at=at, item_ids=instruction.item_ids, charge=instruction.charge)
        case InstructionKind.CONSENT if instruction.consent is not None and instruction.task_id is not None:
            task_id, revision, consent = instruction.task_id, instruction.revision, instruction.consent
            if consent.given:
                return TaskCompleted(at=at, task_id=task_id, revision=revision)
            refused = Cause(kind="CONSENT_REFUSED", message=consent.refusal, final=True, calls_off=True)
            return TaskFailed(at=at, task_id=task_id, revision=revision, cause=refused)
        case InstructionKind.HOLD:
            return HoldRequested(at=at)
        case InstructionKind.RELEASE:
            return ReleaseRequested(at=at)
        case _:
            raise ValueError(f"{instruction.kind} lacks what it is about")


def refusal_of(plan: Plan, instruction: Instruction) -> str | None:
    """Why it cannot be followed now; None: it can. The plan may have moved on since it was judged outside."""
    if plan.revision and plan.ended:
        return "the order has ended"
    match instruction.kind:
        case InstructionKind.RESOLVE_FALLOUT:
            task = plan.task(instruction.task_id or "")
            waits = task is not None and task.state is TaskState.FALLOUT
            return None if waits else f"task {instruction.task_id} waits for no decision"
        case InstructionKind.CONSENT:
            task = plan.task(instruction.task_id or "")
            waits = task is not None and task.state in WAITING and task.revision == instruction.revision
            return None if waits else "nobody waits for this consent"
        case InstructionKind.CANCEL:
            return _too_late(plan, instruction)
        case InstructionKind.HOLD:
            return "it is held already" if plan.held else None
        case InstructionKind.RELEASE:
            return None if plan.held else "it is not held"


def _too_late(plan: Plan, instruction: Instruction) -> str | None:
    """What has ended, or a point of no return, that was passed after the cancellation was agreed."""
    new = set(instruction.item_ids) - set(plan.cancelled)
    if not new:
        return "these items are cancelled already"
    for item_id in sorted(new):
        tasks = [task for task in plan.tasks if task.item_id == item_id]
        if all(task.state in TASK_ENDED for task in tasks) and not owed(plan, item_id):
            return f"item {item_id} has ended"
    bound = [task for task in plan.tasks if task.item_id in new and task.no_return is not None and task.begun]
    points = [(task, task.no_return) for task in bound if task.no_return is not None]
    for task, point in points:
        if point.charge is None:
            return f"{task.name}: {point.reason}"
    due = sum_of(point.charge for _, point in points if point.charge is not None)
    return None if due == instruction.charge else "it costs something else by now"
