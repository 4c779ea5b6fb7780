"""Work that waits for people, and the worklists that it is on."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import field

from app.domain import plan, worklist
from app.ordering.worklists import WorkSearch, actions_for
from resolvers.context import Info
from resolvers.enums import WorkAction, WorkKind
from resolvers.fields import resolved
from resolvers.ids import encode
from resolvers.node import Node
from resolvers.types.change_request import ProductOrderChangeRequest
from resolvers.types.money import Money
from resolvers.types.order import ProductOrder
from resolvers.types.plan import Task

WORK_ITEM = "WorkItem"
WorkItemId = Annotated[strawberry.ID, strawberry.argument(description="Id or key of the work.")]


@strawberry.input(description="Which work; every criterion that is given must hold.")
class WorkItemFilter:
    queues: list[str] | None = field(default=None, description="On one of these worklists.")
    kinds: list[WorkKind] | None = field(default=None, description="Of one of these kinds.")
    backends: list[str] | None = field(default=None, description="On one of these backends.")
    causes: list[str] | None = field(default=None, description="Fallout of one of these causes, for example TIMEOUT.")
    operations: list[str] | None = field(default=None, description="Of one of these operations.")
    claimed_by: str | None = field(default=None, description="That this person sees to.")
    unclaimed: bool = field(default=False, description="Only what nobody sees to.")

    def to_search(self) -> WorkSearch:
        """The search as the store has it."""
        return WorkSearch(
            queues=tuple(self.queues or ()),
            kinds=tuple(self.kinds or ()),
            backends=tuple(self.backends or ()),
            causes=tuple(self.causes or ()),
            operations=tuple(self.operations or ()),
            claimed_by=self.claimed_by,
            claimed=False if self.unclaimed else None,
        )


@strawberry.type(description="A cancellation that people are asked about.")
class CancellationRequest:
    item_ids: list[strawberry.ID] = field(description="The items that are not wanted any more.")
    reason: str = field(description="Why.")
    until: datetime = field(description="Nobody having said so by then, they are not cancelled.")
    charge: Money | None = field(description="What the customer has accepted to pay for it.")


async def _order(root: strawberry.Parent[worklist.WorkItem], info: Info) -> object:
    stored = await info.context.loaders.order_by_id.load(root.order_id)
    return stored.order if stored else None


async def _plan(root: worklist.WorkItem, info: Info) -> plan.Plan | None:
    stored = await info.context.loaders.order_by_id.load(root.order_id)
    return stored.plan if stored else None


async def _task(root: strawberry.Parent[worklist.WorkItem], info: Info) -> object:
    found = await _plan(root, info) if root.task_id else None
    return found.task(root.task_id) if found and root.task_id else None


async def _cancellation(root: strawberry.Parent[worklist.WorkItem], info: Info) -> object:
    found = await _plan(root, info) if root.kind is WorkKind.CANCELLATION else None
    return found.assessing if found else None


async def _change_request(root: strawberry.Parent[worklist.WorkItem], info: Info) -> object:
    stored = await info.context.loaders.order_by_id.load(root.order_id) if root.request_id else None
    requests = stored.order.change_requests if stored else ()
    return next((one for one in requests if one.id == root.request_id), None)


def _allowed(root: strawberry.Parent[worklist.WorkItem], info: Info) -> list[WorkAction]:
    return list(actions_for(info.context.actor, root))


def _suggested(root: strawberry.Parent[worklist.WorkItem]) -> WorkAction | None:
    return worklist.suggested_action(root)


@strawberry.type(description="One piece of work that waits for people.")
class WorkItem(Node):
    id = resolved(strawberry.ID, lambda root: encode(WORK_ITEM, root.id), "Opaque id.")
    key: str = resolved(
        str, lambda root: root.id, "Its order and task, or request; the same whenever work on the task comes up."
    )
    kind: WorkKind = field(description="What people are wanted for.")
    queue: str = field(description="The worklist that it is on by now.")
    level: int = field(description="How often it was escalated; 0: not yet.")
    since: datetime = field(description="Since when it waits.")
    priority: int = field(description="The order's, from 0, the highest, to 4.")
    name: str = field(description="What is to be done, for people.")
    backend: str | None = field(description="The backend that could not do it, or `people`.")
    operation: str | None = field(description="The operation.")
    cause: str | None = field(description="Of fallout: the kind of failure, as falloutSummary counts it.")
    asks: list[str] = field(description="What has to be entered when it is completed.")
    claimed_by: str | None = field(description="Who sees to it; null: nobody yet.")
    order_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.order_id, "Number of its order.")
    order = resolved(ProductOrder | None, _order, "Its order.")
    task_id: strawberry.ID | None = field(
        description="Its task; null: a cancellation that is being assessed, or a change request."
    )
    task = resolved(
        Task | None, _task, "Its task, with attempts and cause; secrets in what the backend said are hidden."
    )
    cancellation = resolved(CancellationRequest | None, _cancellation, "The cancellation that people are asked about.")
    change_request = resolved(
        ProductOrderChangeRequest | None, _change_request, "The wish that people are asked to answer."
    )
    suggested_action = resolved(WorkAction | None, _suggested, "What usually helps; null: you know better.")
    allowed_actions = resolved(list[WorkAction], _allowed, "What you may do about it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, worklist.WorkItem)


@strawberry.type(description="How much fallout one backend has for one cause.")
class FalloutCount:
    backend: str = field(description="The backend.")
    cause: str = field(description="The kind of failure, for example TIMEOUT.")
    count: int = field(description="How many tasks wait for a decision.")
    oldest_since: datetime = field(description="Since when the oldest of them does.")


@strawberry.type(description="How much work is on one worklist.")
class Worklist:
    queue: str = field(description="Its name.")
    count: int = field(description="How much work is on it.")
    oldest_since: datetime = field(description="Since when the oldest of it waits.")
