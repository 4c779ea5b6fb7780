"""Decide about many tasks that could not be done at once."""

import strawberry
from strawberry import field

from app.domain.worklist import order_and_task
from app.ordering.resolve_fallouts import Resolutions, ResolveFallouts
from app.ordering.resolve_fallouts import resolve_fallouts as resolve
from resolvers.context import Info
from resolvers.enums import FalloutDecision
from resolvers.errors import UserError, user_error
from resolvers.fields import described, resolved
from resolvers.ids import encode, keys_of
from resolvers.mutations.payload import OneOfMany
from resolvers.types.work import WORK_ITEM


@strawberry.input(description="Which fallout is decided about: that of one backend for one cause.")
class FalloutFilter:
    backend: str = field(description="The backend.")
    cause: str = field(description="The kind of failure, as falloutSummary tells it.")
    operation: str | None = field(default=None, description="Only of this operation.")
    queue: str | None = field(default=None, description="Only on this worklist.")


@strawberry.input(description="Input of resolveFallouts.")
class ResolveFalloutsInput:
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters. The same key with the same input meets the same tasks, and "
        "repeats nothing; take a new one for what is left."
    )
    action: FalloutDecision = field(description="What becomes of them: RETRY, SKIP or FAIL_ITEM.")
    reason: str = field(description="Why; it is kept with each order.")
    filter: FalloutFilter | None = field(default=None, description="Which; null: those of `workItemIds`.")
    work_item_ids: list[strawberry.ID] | None = field(
        default=None, description="Which, one by one, id or key; null: those of `filter`."
    )
    limit: int = field(default=50, description="How many at most; from 1 to the maximum of a page (100 by default).")

    def to_ask(self) -> ResolveFallouts:
        """What the use case is asked."""
        wanted = self.filter
        return ResolveFallouts(
            idempotency_key=self.idempotency_key,
            action=self.action,
            reason=self.reason,
            limit=self.limit,
            item_ids=None if self.work_item_ids is None else keys_of(self.work_item_ids, WORK_ITEM),
            backend=wanted.backend if wanted else None,
            cause=wanted.cause if wanted else None,
            operation=wanted.operation if wanted else None,
            queue=wanted.queue if wanted else None,
        )


@strawberry.type(description="What became of the decision about one task.")
class FalloutResolution(OneOfMany):
    work_item_id = resolved(strawberry.ID, lambda root: encode(WORK_ITEM, root.work_id), "The work, opaque id.")
    order_key = resolved(strawberry.ID, lambda root: order_and_task(root.work_id)[0], "Number of its order.")
    task_id = resolved(strawberry.ID, lambda root: order_and_task(root.work_id)[1], "Its task.")


@strawberry.type(description="Answer of resolveFallouts.")
class ResolveFalloutsPayload:
    results: list[FalloutResolution] = field(description="Task by task, what became of it.")
    left: int = field(description="How much of what the filter finds still waits; with ids: 0.")
    errors: list[UserError] = field(
        description="Why it was refused as a whole; when there is any, nothing was changed."
    )
    replayed: bool = field(description="Whether the key had been used before, and these are the same tasks again.")


async def resolve_fallouts(info: Info, input: ResolveFalloutsInput) -> ResolveFalloutsPayload:
    context = info.context
    match await resolve(context.ordering, context.actor, input.to_ask(), most=context.page_size):
        case Resolutions(results=results, left=left, replayed=replayed):
            return ResolveFalloutsPayload(
                results=described(list(results)),
                left=left,
                errors=[],
                replayed=replayed,
            )
        case refusal:
            return ResolveFalloutsPayload(results=[], left=0, errors=[user_error(refusal)], replayed=False)
