"""What an instruction means to a plan, and when it cannot be followed."""

from datetime import datetime

from app.domain.plan import CancellationRequested, FalloutDecided, HoldRequested, Plan, PlanEvent, ReleaseRequested
from app.domain.states import TaskState
from app.ordering.ordering import Instruction, InstructionKind


def event_of(instruction: Instruction, at: datetime) -> PlanEvent:
    """The event that the plan sees."""
    match instruction.kind:
        case InstructionKind.RESOLVE_FALLOUT if instruction.task_id is not None and instruction.action is not None:
            return FalloutDecided(at=at, task_id=instruction.task_id, action=instruction.action)
        case InstructionKind.CANCEL:
            return CancellationRequested(at=at, item_ids=instruction.item_ids, charge=instruction.charge)
        case InstructionKind.HOLD:
            return HoldRequested(at=at)
        case InstructionKind.RELEASE:
            return ReleaseRequested(at=at)
        case _:
            raise ValueError(f"{instruction.kind} lacks what it is about")


def refusal_of(plan: Plan, instruction: Instruction) -> str | None:
    """Why it cannot be followed now; None: it can. The plan may have moved on since it was judged outside."""
    match instruction.kind:
        case InstructionKind.RESOLVE_FALLOUT:
            task = plan.task(instruction.task_id or "")
            waits = task is not None and task.state is TaskState.FALLOUT
            return None if waits else f"task {instruction.task_id} waits for no decision"
        case InstructionKind.CANCEL:
            return _too_late(plan, instruction)
        case InstructionKind.HOLD:
            return "it is held already" if plan.held else "it has ended" if plan.ended else None
        case InstructionKind.RELEASE:
            return None if plan.held else "it is not held"


def _too_late(plan: Plan, instruction: Instruction) -> str | None:
    """A point of no return that was passed after the charge was agreed, or one that no charge helps over."""
    if set(instruction.item_ids) <= set(plan.cancelled):
        return "these items are cancelled already"
    for task in plan.tasks:
        if task.item_id in instruction.item_ids and task.no_return is not None and task.begun:
            charge = task.no_return.charge
            if charge is None or instruction.charge is None:
                return f"{task.name}: {task.no_return.reason}"
    return None
