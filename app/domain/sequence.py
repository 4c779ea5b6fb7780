"""Items that are carried out one after another: which of them take their turn together, and whose turn it is."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from app.domain.plan import Fate, Plan, Task
from app.domain.states import TASK_ENDED
from app.domain.undoing import has_effect

Network = tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
"""Of every task its id, its items, and the tasks that it waits for."""


def turns(sequence: tuple[str, ...], tasks: Iterable[Task]) -> tuple[frozenset[str], ...]:
    """The items of the sequence as they take their turn, those of one turn together.

    An item comes as early as the sequence says, but never before one that it waits for. Items that wait for each
    other, or share a task, take their turn together; otherwise none of them would ever come to an end.
    """
    if not sequence:
        return ()
    return _turns(
        sequence,
        tuple((task.id, task.item_ids, tuple(d.task_id for d in task.depends_on)) for task in tasks if not task.undoes),
    )


def turn_by_task(plan: Plan) -> dict[str, int]:
    """By task, the number of the turn in which it comes; tasks of the whole order have none."""
    taken = {item: number for number, turn in enumerate(turns(plan.sequence, plan.tasks)) for item in turn}
    return {
        task.id: min(numbers)
        for task in plan.tasks
        if (numbers := [taken[item] for item in task.item_ids if item in taken])
    }


def taken_before(plan: Plan, task_id: str) -> list[str]:
    """The tasks whose turn comes before that of this one."""
    turn = turn_by_task(plan)
    return [other for other, number in turn.items() if number < turn.get(task_id, 0)]


def not_yet(sequence: tuple[str, ...], tasks: Collection[Task]) -> frozenset[str]:
    """The items whose turn has not come: something is still open of one before them."""
    found: set[str] = set()
    open_items = {i for t in tasks if t.state not in TASK_ENDED or _is_done_anew(t) for i in t.item_ids}
    waiting = False
    for turn in turns(sequence, tasks):
        if waiting:
            found |= turn
        waiting = waiting or not turn.isdisjoint(open_items)
    return frozenset(found)


def _is_done_anew(task: Task) -> bool:
    return task.fate is Fate.REDO and has_effect(task)


@lru_cache(maxsize=1024)  # asked after each task, and what waits for what seldom changes
def _turns(sequence: tuple[str, ...], network: Network) -> tuple[frozenset[str], ...]:
    before = _before(sequence, network)
    left, found = list(sequence), list[frozenset[str]]()
    while left:
        together = next(
            group
            for item in left
            if (group := {item, *(other for other in before[item] if item in before[other])}) >= before[item] & {*left}
        )
        found.append(frozenset(together))
        left = [item for item in left if item not in together]
    return tuple(found)


def _before(sequence: tuple[str, ...], network: Network) -> Mapping[str, set[str]]:
    """By item, all that have to have ended before it ends, along every path."""
    tasks = {task_id: (items, waits) for task_id, items, waits in network}
    found: dict[str, set[str]] = {item: set() for item in sequence}
    for items, waits in tasks.values():
        others, seen, left = set(items), set(waits), [*waits]
        while left:
            theirs, before = tasks.get(left.pop(), ((), ()))
            others.update(theirs)
            left += [task_id for task_id in before if task_id not in seen]
            seen.update(before)
        for item in items:
            if item in found:
                found[item] |= (others & found.keys()) - {item}
    for middle in found:
        for before_it in found.values():
            if middle in before_it:
                before_it |= found[middle]
    return {item: others - {item} for item, others in found.items()}
