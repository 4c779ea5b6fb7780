"""The plan of an order and its tasks (TMF701 processFlow, taskFlow)."""

from datetime import datetime, timedelta

import strawberry
from strawberry import field

from app.domain import plan
from resolvers.enums import TaskState
from resolvers.fields import resolved


@strawberry.type(description="Why a task did not succeed.")
class TaskCause:
    kind: str = field(description="Kind of failure, for example TIMEOUT, REFUSED, NOT_SERVICEABLE.")
    message: str = field(description="What the backend said, for people who have to decide.")
    final: bool = field(description="Whether the backend gave its answer, so that the same call would bring the same.")


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


def _backends(root: strawberry.Parent[plan.Plan]) -> list[str]:
    return sorted({task.backend for task in root.tasks})


@strawberry.type(description="How an order is carried out: its tasks and what they wait for (TMF701 processFlow).")
class Plan:
    revision: int = field(description="Rises with everything that happens to the plan.")
    tasks: list[Task] = field(description="All tasks; `dependsOn` makes them a graph.")
    backends = resolved(list[str], _backends, "The backends that take part.")
    ended: bool = field(description="Whether nothing is left to do or to decide.")
