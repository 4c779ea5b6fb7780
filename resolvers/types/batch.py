"""A batch of orders, its lines, and what became of them."""

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry
from strawberry import field

from app.domain import batch
from app.ordering.batch import lines_of
from resolvers.context import Info
from resolvers.demand import PAGE
from resolvers.enums import BatchState, LineState
from resolvers.fields import resolved
from resolvers.ids import LINE, cursor_at, encode, place_of
from resolvers.node import Node
from resolvers.pages import After, Connection, First, page_after, page_length
from resolvers.types.order import ProductOrder

BatchId = Annotated[strawberry.ID, strawberry.argument(description="Id or key of the batch.")]


@strawberry.type(description="Why a line was refused.")
class BatchLineError:
    code: str = field(description="Stable code: those of UserErrorCode and of top-level errors.")
    message: str = field(description="What is wrong and the way out, in one sentence.")
    path: str | None = field(description="JSON pointer into the line; null: the line as a whole.")
    rule: str | None = field(description="Id of the broken rule, when one was broken.")


async def _order(root: strawberry.Parent[batch.BatchLine], info: Info) -> object:
    if root.result is None or root.result.order_id is None:
        return None
    stored = await info.context.loaders.order_by_id.load(root.result.order_id)
    return stored.order if stored else None


@strawberry.type(description="One order of a batch.")
class ProductOrderBatchLine:
    number: int = field(description="Its number in what was sent, from 1.")
    state: LineState = field(description="What became of it.")
    order_key: strawberry.ID | None = resolved(
        strawberry.ID | None, lambda root: root.result.order_id if root.result else None, "Number of its order."
    )
    order = resolved(ProductOrder | None, _order, "Its order.")
    errors = resolved(
        list[BatchLineError], lambda root: root.result.errors if root.result else (), "Why there is no order."
    )


async def _lines(
    root: strawberry.Parent[batch.Batch],
    info: Info,
    first: First = 50,
    after: After = None,
    state: Annotated[LineState | None, strawberry.argument(description="Only those in this state.")] = None,
) -> Connection[batch.BatchLine]:
    async def count() -> int:
        return root.count_of(state) if state else root.line_count

    return await page_after(
        page_length(first, info.context.page_size),
        place_of(after, LINE) or 0,
        partial(lines_of, info.context.ordering, root, state),
        cursor=lambda line: cursor_at(LINE, line.number),
        count=count,
    )


@strawberry.type(description="Many orders that were sent at once; each line becomes an order, or tells why not.")
class ProductOrderBatch(Node):
    id = resolved(strawberry.ID, lambda root: encode("ProductOrderBatch", root.id), "Opaque id.")
    key: str = resolved(str, lambda root: root.id, "Number of the batch.")
    state: BatchState = field(description="How far it is.")
    created_at: datetime = field(description="When it was sent.")
    completed_at: datetime | None = field(description="When its last line had a result.")
    sent_by: str = resolved(str, lambda root: root.actor.subject, "Who sent it.")
    channel: str = resolved(str, lambda root: root.actor.channel, "Through which channel.")
    line_count: int = field(description="How many lines it has.")
    accepted_count: int = field(description="How many of them are orders.")
    refused_count: int = field(description="How many of them were refused.")
    pending_count: int = field(description="How many of them have no result yet.")
    lines = resolved(Connection[ProductOrderBatchLine], _lines, "Its lines, in the order they were sent.", size=PAGE)

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, batch.Batch)
