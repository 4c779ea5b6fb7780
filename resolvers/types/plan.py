"""The plan of an order and its tasks (TMF701 processFlow, taskFlow)."""

from datetime import UTC, datetime, timedelta

import strawberry
from strawberry import field

from app.domain import plan
from app.domain.drawing import drawn
from app.domain.step import critical_path
from resolvers.enums import TaskState
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


@strawberry.type(description="One piece of work on one backend (TMF701 taskFlow).")
class Task:
    id: strawberry.ID = field(description="Id of the task in its order: item and task.")
    name: str = field(description="What is done, for people.")
    item_id: strawberry.ID | None = field(description="The order item it serves; null: the whole order.")
    operation: str = field(description="The backend's operation.")
    backend: str = field(description="The backend that carries it out.")
    rule: str = field(description="The decomposition rule that made it.")
    depends_on: list[strawberry.ID] = field(description="The tasks that it waits for.")
    state: TaskState = field(description="Where it stands.")
    attempts: int = field(description="How often it was tried.")
    reference: str | None = field(description="The backend's own id of what was made.")
    expected: timedelta = field(description="How long it usually takes.")
    started_at: datetime | None = field(description="When it was first begun.")
    ended_at: datetime | None = field(description="When it ended.")
    cause: TaskCause | None = field(description="Why it did not succeed so far.")
    compensation: str | None = resolved(
        str | None, lambda root: root.undo, "The operation that takes back what it did; null: nothing has to be."
    )
    undoes: strawberry.ID | None = field(description="The task that this one takes back.")
    point_of_no_return = resolved(
        PointOfNoReturn | None, lambda root: root.no_return, "What binds its item once it has begun."
    )


def _backends(root: strawberry.Parent[plan.Plan]) -> list[str]:
    return sorted({task.backend for task in root.tasks})


def _critical_path(root: strawberry.Parent[plan.Plan]) -> tuple[str, ...]:
    return critical_path(root, datetime.now(UTC))


def _mermaid(root: strawberry.Parent[plan.Plan]) -> str:
    return drawn(root)


@strawberry.type(description="How an order is carried out: its tasks and what they wait for (TMF701 processFlow).")
class Plan:
    revision: int = field(description="Rises with everything that happens to the plan.")
    tasks: list[Task] = field(description="All tasks; `dependsOn` makes them a graph.")
    backends = resolved(list[str], _backends, "The backends that take part.")
    ended: bool = field(description="Whether nothing is left to do or to decide.")
    held: bool = field(description="Whether nothing more is begun until it is released.")
    critical_path = resolved(
        list[strawberry.ID], _critical_path, "The tasks whose delay delays the whole order, in their order."
    )
    mermaid: str = resolved(str, _mermaid, "The graph of tasks as Mermaid text, to be drawn.")
