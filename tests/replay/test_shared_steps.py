"""Tasks that become ready together cost one step of their workflow: read from the recorded histories, not timed.

The histories replay (`test_replay`), so this is what the workflow does now.
"""

from collections import defaultdict

import pytest
from temporalio.client import WorkflowHistory

from app.domain.plan import Dependency, Task
from app.orchestration.contract import RUN_TASK, TaskCall
from app.orchestration.payloads import DATA_CONVERTER
from tests.replay.record import HISTORIES

FAMILIES = sorted(HISTORIES.glob("*/family-bundle.json"))


def begun(history: WorkflowHistory) -> dict[str, tuple[Task, int]]:
    """By task, the task as it was begun, and the workflow's step that began it."""
    found = {}
    for event in history.events:
        scheduled = event.activity_task_scheduled_event_attributes
        if scheduled.activity_type.name == RUN_TASK:
            [call] = DATA_CONVERTER.payload_converter.from_payloads(scheduled.input.payloads, [TaskCall])
            found[call.task.id] = (call.task, scheduled.workflow_task_completed_event_id)
    return found


@pytest.mark.parametrize("text", [f.read_text() for f in FAMILIES], ids=[f.parent.name for f in FAMILIES])
def test_what_becomes_ready_together_is_begun_in_one_step(text: str) -> None:
    steps = defaultdict[tuple[Dependency, ...], set[int]](set)
    members = defaultdict[tuple[Dependency, ...], list[str]](list)
    for task, step in begun(WorkflowHistory.from_json("family", text)).values():
        if task.item_id is not None and task.depends_on:
            steps[task.depends_on].add(step)
            members[task.depends_on].append(task.id)

    together = {tuple(tasks): steps[waits] for waits, tasks in members.items() if len(tasks) > 1}

    assert max(len(tasks) for tasks in together) >= 4
    assert {tasks: len(taken) for tasks, taken in together.items()} == dict.fromkeys(together, 1)
