"""What waits for people, for those who have the right to see it."""

from collections.abc import Sequence
from typing import Final

from app.domain.access import Right, may
from app.domain.actor import Actor
from app.domain.worklist import WorkAction, WorkItem, allowed_actions
from app.ordering.drafts import require
from app.ordering.ordering import Ordering
from app.store.port import FalloutCount as FalloutCount
from app.store.port import QueueCount as QueueCount
from app.store.port import WorkSearch as WorkSearch

RIGHTS: Final = {
    WorkAction.COMPLETE: Right.WORK_LISTS,
    WorkAction.ANSWER_REQUEST: Right.WORK_LISTS,
    WorkAction.ABORT: Right.ABORT_ORDERS,
}
"""What an action takes; every other one takes the right to decide fallout."""


async def work_of(
    ordering: Ordering, actor: Actor, search: WorkSearch, *, after: str | None, limit: int
) -> list[WorkItem]:
    """A page of what waits, the most urgent first and of these the oldest. Raises NotPermitted."""
    require(actor, Right.WORK_LISTS)
    return await ordering.store.work.search(search, after=after, limit=limit)


async def count_work(ordering: Ordering, actor: Actor, search: WorkSearch) -> int:
    """How much of it waits. Raises NotPermitted."""
    require(actor, Right.WORK_LISTS)
    return await ordering.store.work.count(search)


async def one_work_item(ordering: Ordering, actor: Actor, work_id: str) -> WorkItem | None:
    """The work with this id, as long as it waits. Raises NotPermitted."""
    require(actor, Right.WORK_LISTS)
    return (await ordering.store.work.load([work_id])).get(work_id)


async def fallout_counts(ordering: Ordering, actor: Actor, search: WorkSearch) -> Sequence[FalloutCount]:
    """How many tasks wait for a decision and for how long, by backend and cause. Raises NotPermitted."""
    require(actor, Right.WORK_LISTS)
    return await ordering.store.work.fallout(search)


async def worklist_counts(ordering: Ordering, actor: Actor) -> Sequence[QueueCount]:
    """Every worklist that has work. Raises NotPermitted."""
    require(actor, Right.WORK_LISTS)
    return await ordering.store.work.queues()


def actions_for(actor: Actor, item: WorkItem) -> tuple[WorkAction, ...]:
    """What the actor may do about it."""
    return tuple(action for action in allowed_actions(item) if may(actor, RIGHTS.get(action, Right.RESOLVE_FALLOUT)))
