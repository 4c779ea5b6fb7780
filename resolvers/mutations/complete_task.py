"""Say that a task which people carry out is done."""

import strawberry
from strawberry import field

from app.ordering.complete_task import CompleteTask
from app.ordering.complete_task import complete_task as complete
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import CharacteristicInput, OrderChangeInput, characteristics_in


@strawberry.input(description="Input of completeTask.")
class CompleteTaskInput(OrderChangeInput):
    task_id: strawberry.ID = field(description="The task.")
    data: list[CharacteristicInput] | None = field(
        default=None,
        description="What the work item `asks` for, and what else is worth keeping. What the catalog knows as a "
        "characteristic of the task's item is put in place of the item's.",
    )
    note: str | None = field(default=None, description="A remark; it is kept with the order.")


@strawberry.type(description="Answer of completeTask.")
class CompleteTaskPayload(OrderPayload):
    pass


async def complete_task(info: Info, input: CompleteTaskInput) -> CompleteTaskPayload:
    context = info.context
    ask = CompleteTask(
        order_id=input.order_id,
        expected_version=input.expected_version,
        idempotency_key=input.idempotency_key,
        task_id=input.task_id,
        data=characteristics_in(input.data),
        note=input.note or "",
    )
    return await CompleteTaskPayload.of(complete(context.ordering, context.actor, ask))
