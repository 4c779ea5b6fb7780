"""The plan of an order and its tasks (TMF701 processFlow, taskFlow)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

import strawberry
from strawberry import field

from app.domain import plan
from app.domain.drawing import drawn
from app.domain.sequence import turns
from app.domain.states import TASK_ENDED, TASK_PASSED
from app.domain.timing import critical_path, schedule
from resolvers.enums import DependencyKind, FailurePolicy, Fate, OnTimeout, TaskState
from resolvers.fields import resolved
from resolvers.types.money import Money


@strawberry.type(description="Why a task did not succeed.")
class TaskCause:
    kind: str = field(description="Kind of failure, for example TIMEOUT, REFUSED, NOT_SERVICEABLE.")
    message: str = field(description="What the backend said, for people who have to decide.")
    final: bool = field(description="Whether the backend gave its answer, so that the same call would bring the same.")


@strawberry.type(description="From here on its item cannot be cancelled, or only for a charge.")
class PointOfNoReturn:
    reason: str = field(description="Why.")
    charge: Money | None = field(description="What it costs to cancel all the same; null: there is no way back.")


@strawberry.type(description="A task that this one waits for, and how.")
class TaskDependency:
    task_id: strawberry.ID = field(description="The other task.")
    kind: DependencyKind = field(description="What of this one waits for what of the other one.")


@strawberry.type(description="A task that waits for people.")
class Attention:
    since: datetime = field(description="Since when.")
    queue: str = field(description="The worklist that it is on by now.")
    level: int = field(description="How often it was escalated; 0: not yet.")
    claimed_by: str | None = field(description="Who sees to it; null: nobody yet.")


@strawberry.type(description="A value that people entered when they completed a task.")
class EnteredValue:
    name: str = field(description="What was asked for.")
    value: str = field(description="What they entered.")


@strawberry.type(description="How long a result is awaited, and what then.")
class TaskTimeout:
    after: timedelta = field(description="For how long.")
    then: OnTimeout = field(description="What becomes of the task then.")


@strawberry.type(description="A milestone of an order (TMF622 v5 productOrderMilestone).")
class Milestone:
    name: str = field(description="Its name.")
    item_ids: list[strawberry.ID] = field(description="The items that it is about; empty: the whole order.")
    task_id: strawberry.ID = field(description="The task whose end reaches it.")
    expected_at: datetime | None = field(
        description="When it is expected; null once it is reached, or missed for good."
    )
    reached_at: datetime | None = field(description="When it was reached; null: not yet.")
    promised_at: datetime | None = field(description="When it was to be reached; null: it is not promised.")


@strawberry.type(description="How long an operation takes lately, learnt from completed tasks.")
class TaskDuration:
    operation: str = field(description="The backend's operation.")
    samples: int = field(description="From how many tasks it was learnt.")
    usual: timedelta = field(description="The mean of backends, in which newer tasks count more; of people the median.")
    by_people: bool = field(description="Whether people are waited for.")
    counts: bool = field(description="Whether it counts for more than what the rules say: enough is known.")


class _InPlan:
    """A task in its plan, which says when it is its turn. What is asked of the task is asked of it."""

    __slots__ = ("_task", "_times")

    def __init__(self, task: plan.Task, times: Callable[[], Mapping[str, tuple[datetime, datetime]]]) -> None:
        self._task = task
        self._times = times

    def __getattr__(self, name: str) -> object:
        return getattr(self._task, name)

    def times(self) -> tuple[datetime, datetime]:
        return self._times()[self._task.id]


def _expected_start(root: strawberry.Parent[plan.Task]) -> datetime | None:
    return root.times()[0] if isinstance(root, _InPlan) else None


def _expected_end(root: strawberry.Parent[plan.Task]) -> datetime | None:
    return root.times()[1] if isinstance(root, _InPlan) else None


@strawberry.type(description="One piece of work on one backend (TMF701 taskFlow).")
class Task:
    id: strawberry.ID = field(description="Id of the task in its order: item and task.")
    name: str = field(description="What is done, for people.")
    item_id: strawberry.ID | None = field(
        description="The only order item it serves; null: several, or the whole order."
    )
    item_ids: list[strawberry.ID] = field(description="The order items it serves; empty: the whole order.")
    operation: str = field(description="The backend's operation.")
    backend: str = field(description="The backend that carries it out.")
    rule: str = field(description="The decomposition rule that made it.")
    depends_on = resolved(
        list[strawberry.ID], lambda root: [d.task_id for d in root.depends_on], "The tasks that it waits for."
    )
    dependencies = resolved(
        list[TaskDependency], lambda root: root.depends_on, "The tasks that it waits for, and in which of four ways."
    )
    state: TaskState = field(description="Where it stands.")
    attempts: int = field(description="How often it was tried.")
    reference: str | None = field(description="The backend's own id of what was made.")
    expected: timedelta = field(description="How long it usually takes.")
    expected_start = resolved(
        datetime | None, _expected_start, "When it began or is expected to; null: its plan is not asked about."
    )
    expected_end = resolved(
        datetime | None, _expected_end, "When it ended or is expected to; null: its plan is not asked about."
    )
    started_at: datetime | None = field(description="When it was first begun.")
    ended_at: datetime | None = field(description="When it ended.")
    cause: TaskCause | None = field(description="Why it did not succeed so far.")
    compensation: str | None = resolved(
        str | None, lambda root: root.undo, "The operation that takes back what it did; null: nothing has to be."
    )
    undoes: strawberry.ID | None = field(description="The task that this one takes back.")
    revision: int = field(description="How often it was asked for anew, from 1; part of the key of its backend calls.")
    amendment: str | None = resolved(
        str | None, lambda root: root.amend, "The operation that changes in place what it did; null: it is done anew."
    )
    fate: Fate | None = field(description="What a revision of the order has in mind for it; null: it stays as it is.")
    not_before: datetime | None = field(description="It does not begin before.")
    timeout: TaskTimeout | None = field(description="How long its result is awaited; null: for ever.")
    attention: Attention | None = field(
        description="That it waits for people; null: it does not, or you are none of those who see worklists.",
    )
    entered = resolved(
        list[EnteredValue],
        lambda root: root.data,
        "What people entered when they completed it, for those who see worklists.",
    )
    milestone: str | None = field(description="The milestone that is reached when it is done.")
    awaits: list[strawberry.ID] = field(description="The customer's earlier orders that it waits for, by number.")
    point_of_no_return = resolved(
        PointOfNoReturn | None, lambda root: root.no_return, "What binds its item once it has begun."
    )


def _backends(root: strawberry.Parent[plan.Plan]) -> list[str]:
    return sorted({task.backend for task in root.tasks})


def _tasks(root: strawberry.Parent[plan.Plan]) -> list[_InPlan]:
    times = cache(lambda: schedule(root, datetime.now(UTC)))
    return [_InPlan(task, times) for task in root.tasks]


def _milestones(root: strawberry.Parent[plan.Plan]) -> list[Milestone]:
    return milestones_of(root)


def milestones_of(root: plan.Plan) -> list[Milestone]:
    """What is reached on the way through this plan."""
    times = schedule(root, datetime.now(UTC))
    return [
        Milestone(
            name=task.milestone,
            item_ids=[strawberry.ID(item_id) for item_id in task.item_ids],
            task_id=strawberry.ID(task.id),
            expected_at=None if task.state in TASK_ENDED else times[task.id][1],
            reached_at=task.ended_at if task.state in TASK_PASSED else None,
            promised_at=task.promised_at,
        )
        for task in root.tasks
        if task.milestone is not None
    ]


def _critical_path(root: strawberry.Parent[plan.Plan]) -> tuple[str, ...]:
    return critical_path(root, datetime.now(UTC))


def _turns(root: strawberry.Parent[plan.Plan]) -> list[list[str]]:
    return [[item for item in root.sequence if item in turn] for turn in turns(root.sequence, root.tasks)]


def _mermaid(root: strawberry.Parent[plan.Plan]) -> str:
    return drawn(root)


@strawberry.type(description="How an order is carried out: its tasks and what they wait for (TMF701 processFlow).")
class Plan:
    revision: int = field(description="Rises with everything that happens to the plan.")
    tasks = resolved(list[Task], _tasks, "All tasks; `dependsOn` makes them a graph.")
    milestones = resolved(list[Milestone], _milestones, "What is reached on the way (TMF622 v5).")
    failure_policy: FailurePolicy = field(description="What a task that cannot be done means for the rest.")
    turns = resolved(
        list[list[strawberry.ID]],
        _turns,
        "The items as they take their turn, those that wait for each other together; none: all at once.",
    )
    begins_at: datetime | None = field(description="Nothing is begun before; null: it has begun, or begins at once.")
    backends = resolved(list[str], _backends, "The backends that take part.")
    ended: bool = field(description="Whether nothing is left to do or to decide.")
    held: bool = field(description="Whether nothing more is begun until it is released.")
    critical_path = resolved(
        list[strawberry.ID], _critical_path, "The tasks whose delay delays the whole order, in their order."
    )
    mermaid: str = resolved(str, _mermaid, "The graph of tasks as Mermaid text, to be drawn.")
