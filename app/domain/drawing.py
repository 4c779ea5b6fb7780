"""A plan as a picture: Mermaid text, which many pages and tools draw."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from app.domain.plan import Dependency, DependencyKind, Plan, Task
from app.domain.sequence import turns
from app.domain.states import TaskState

STYLES = {
    TaskState.COMPLETED: "done",
    TaskState.SKIPPED: "done",
    TaskState.RUNNING: "active",
    TaskState.AWAITING_RESULT: "active",
    TaskState.CLOSING: "active",
    TaskState.FALLOUT: "trouble",
    TaskState.FAILED: "trouble",
    TaskState.ABANDONED: "gone",
    TaskState.UNDONE: "gone",
}
KINDS = {
    DependencyKind.START_TO_START: "start to start",
    DependencyKind.FINISH_TO_FINISH: "finish to finish",
    DependencyKind.START_TO_FINISH: "start to finish",
}
LEGEND = (
    "classDef done fill:#d7f0dd,stroke:#2e7d4f",
    "classDef active fill:#fff3c4,stroke:#a17c00",
    "classDef trouble fill:#fbd9d7,stroke:#b3261e",
    "classDef gone fill:#eee,stroke:#999,color:#777",
)


def drawn(plan: Plan) -> str:
    """The graph of tasks, grouped by item, with an arrow from each to what waits for it."""
    number = {task.id: f"t{n}" for n, task in enumerate(plan.tasks)}
    groups: dict[tuple[str, ...], list[Task]] = {}
    for task in plan.tasks:
        groups.setdefault(task.item_ids, []).append(task)
    lines = ["flowchart LR"]
    for n, (item_ids, tasks) in enumerate(groups.items()):
        lines.append(f'  subgraph g{n}["{_served(item_ids)}"]')
        lines += [f'    {number[task.id]}["{_plain(task.name)}"]{_style(task)}' for task in tasks]
        lines.append("  end")
    lines += [_arrow(number, task, before) for task in plan.tasks for before in task.depends_on]
    lines += _turns_drawn(plan, tuple(groups))
    return "\n".join([*lines, *(f"  {line}" for line in LEGEND)])


def _turns_drawn(plan: Plan, groups: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """A dotted arrow from the items of each turn to those of the next."""
    drawn_turns = [
        [n for n, items in enumerate(groups) if not turn.isdisjoint(items)] for turn in turns(plan.sequence, plan.tasks)
    ]
    for before, after in pairwise(turn for turn in drawn_turns if turn):
        yield from (f"  g{one} -.-> g{other}" for one in before for other in after)


def _served(item_ids: tuple[str, ...]) -> str:
    if not item_ids:
        return "whole order"
    return f"{'item' if len(item_ids) == 1 else 'items'} {_plain(', '.join(item_ids))}"


def _arrow(number: dict[str, str], task: Task, before: Dependency) -> str:
    """An arrow, with the kind of relation on it unless it is the usual one."""
    label = KINDS.get(before.kind)
    return f"  {number[before.task_id]} -->{f'|{label}|' if label else ''} {number[task.id]}"


def _style(task: Task) -> str:
    style = STYLES.get(task.state)
    return f":::{style}" if style else ""


def _plain(text: str) -> str:
    """Without what would end a label."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
