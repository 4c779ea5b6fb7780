"""How long operations take lately, learnt from the tasks that were carried out."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.domain.plan import Plan, Task
from app.domain.states import TaskState

ENOUGH: Final = 10
"""So many samples are needed before they count for more than what the rules say."""
ENOUGH_OF_PEOPLE: Final = 20
NEWEST: Final = 0.05
"""What the newest sample counts at least for: what lies more than some twenty samples back is forgotten."""
OUTLIER: Final = 10
"""A sample counts for no more than so many times what is usual: an outage is not how long things take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How long one task took. `by_people`: what was waited for was somebody outside."""

    operation: str
    seconds: float
    by_people: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long an operation usually takes.

    Of a backend that is the mean, in which newer samples count for more. Of people it is the median: some sign at
    once and some after their holidays, and a mean says nothing about either.
    """

    operation: str
    count: int
    seconds: float
    by_people: bool = False

    @property
    def usual(self) -> timedelta | None:
        """How long to expect it to take; None: too little is known yet."""
        enough = ENOUGH_OF_PEOPLE if self.by_people else ENOUGH
        return timedelta(seconds=self.seconds) if self.count >= enough else None


def learnt(known: Duration | None, sample: Sample) -> Duration:
    """What is known once this sample is, too."""
    if known is None:
        return Duration(operation=sample.operation, count=1, seconds=sample.seconds, by_people=sample.by_people)
    count = known.count + 1
    weight = max(1 / count, NEWEST)
    if sample.by_people:
        step = math.copysign(weight, sample.seconds - known.seconds) if sample.seconds != known.seconds else 0.0
        seconds = max(known.seconds, 0.001) * math.exp(step)
    else:
        taken = min(sample.seconds, OUTLIER * known.seconds) if known.count >= ENOUGH else sample.seconds
        seconds = known.seconds + weight * (taken - known.seconds)
    return Duration(operation=sample.operation, count=count, seconds=seconds, by_people=sample.by_people)


def samples(before: Plan | None, after: Plan) -> Iterable[Sample]:
    """The tasks that were completed from one plan to the next, as far as it says something of how long they take."""
    old = {task.id: task for task in before.tasks} if before else {}
    for task in after.tasks:
        if task.state is TaskState.COMPLETED and _tells(old.get(task.id), task):
            assert task.started_at is not None, "it tells"
            assert task.ended_at is not None, "it tells"
            yield Sample(
                operation=task.operation,
                seconds=(task.ended_at - task.started_at).total_seconds(),
                by_people=task.pends or task.by_people,
            )


def _tells(before: Task | None, task: Task) -> bool:
    """Not what takes something back or changes it, was asked anew after people had decided, or waited for others."""
    new = before is None or (before.state is not TaskState.COMPLETED and not before.amending)
    plain = task.undoes is None and task.amount is None and task.revision == 1
    alone = all(dependency.to_start for dependency in task.depends_on)
    return new and plain and alone and task.started_at is not None and task.ended_at is not None
