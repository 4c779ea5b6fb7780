"""Questions of those who see to the orders: what waits for people, how the backends are loaded, the rules."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from strawberry import argument

from app.domain.worklist import WorkItem as DomainWork
from app.ordering.load import backend_load
from app.ordering.worklists import (
    FalloutCount,
    QueueCount,
    WorkSearch,
    count_work,
    fallout_counts,
    work_of,
    worklist_counts,
)
from resolvers.context import Info
from resolvers.ids import encode, key_after
from resolvers.pages import After, Connection, First, page_after, page_length
from resolvers.types.plan import TaskDuration
from resolvers.types.rule import Rulebook, rulebook_of
from resolvers.types.work import WorkItemFilter

WORK_PLACE: Final = "Work"
"""Cursors in the work that waits for people."""


async def work_items(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: Annotated[WorkItemFilter | None, argument(description="Which work; null: all.")] = None,
) -> Connection[DomainWork]:
    context = info.context
    search = filter.to_search() if filter else WorkSearch()
    return await page_after(
        page_length(first, context.page_size),
        key_after(after, WORK_PLACE),
        partial(work_of, context.ordering, context.actor, search),
        cursor=lambda item: encode(WORK_PLACE, item.place),
        count=partial(count_work, context.ordering, context.actor, search),
    )


async def fallout_summary(
    info: Info,
    filter: Annotated[WorkItemFilter | None, argument(description="Which fallout; null: all.")] = None,
) -> Sequence[FalloutCount]:
    search = filter.to_search() if filter else WorkSearch()
    return await fallout_counts(info.context.ordering, info.context.actor, search)


async def worklists(info: Info) -> Sequence[QueueCount]:
    return await worklist_counts(info.context.ordering, info.context.actor)


def rulebook(info: Info) -> Rulebook:
    return rulebook_of(info.context.ordering.rules)


async def load(info: Info) -> Sequence[object]:
    return await backend_load(info.context.ordering, info.context.actor)


async def task_durations(info: Info) -> list[TaskDuration]:
    found = await info.context.reading.durations(info.context.actor)
    return [
        TaskDuration(
            operation=one.operation,
            samples=one.count,
            usual=timedelta(seconds=one.seconds),
            by_people=one.by_people,
            counts=one.usual is not None,
        )
        for one in found
    ]
