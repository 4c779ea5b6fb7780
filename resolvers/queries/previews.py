"""What lifecycle mutations would do: their query twins."""

from collections.abc import Awaitable, Sequence
from typing import Annotated

import strawberry
from strawberry import argument

from app.ordering import hold
from app.ordering.cancel import preview_cancellation
from app.ordering.cancel_hierarchy import PartPreview, preview_hierarchy_cancellation
from app.ordering.change_ownership import ConsentToOwnership, preview_consent, preview_ownership_change
from app.ordering.claim_work import preview_claim
from app.ordering.complete_task import preview_completion
from app.ordering.decide_cancellation import preview_cancellation_decision
from app.ordering.move import preview_move
from app.ordering.own import ProductWish, preview_for_product
from app.ordering.place import preview_placement
from app.ordering.preview import Preview
from app.ordering.repackage import RepackagePreview, preview_repackage
from app.ordering.resolve_fallout import preview_fallout_decision
from app.ordering.revise import preview_revision
from app.ordering.take_back import preview_take_back
from resolvers.context import Info
from resolvers.enums import ConsentSide, FalloutDecision
from resolvers.ids import key_of
from resolvers.mutations.change_ownership import OwnershipChangeInput
from resolvers.mutations.move import MoveInput
from resolvers.mutations.place import CompleteOrderInput
from resolvers.mutations.repackage import RepackageInput
from resolvers.types.order import OrderId
from resolvers.types.order_input import CharacteristicInput, OrderRevisionInput, characteristics_in
from resolvers.types.own_input import (
    ProductChangeInput,
    ProductRenewalInput,
    ProductSuspensionInput,
    ProductWishInput,
)


def preview_cancel(
    info: Info,
    id: OrderId,
    item_ids: Annotated[list[strawberry.ID] | None, argument(description="Which items; null: the whole order.")] = None,
) -> Awaitable[Preview]:
    wanted = None if item_ids is None else tuple(item_ids)
    return preview_cancellation(info.context.ordering, info.context.actor, key_of(id, "ProductOrder"), wanted)


def preview_cancel_hierarchy(info: Info, id: OrderId) -> Awaitable[Sequence[PartPreview]]:
    return preview_hierarchy_cancellation(info.context.ordering, info.context.actor, key_of(id, "ProductOrder"))


def preview_revise(
    info: Info,
    id: OrderId,
    revision: Annotated[OrderRevisionInput, argument(description="What the order is to be from now on.")],
) -> Awaitable[Preview]:
    return preview_revision(
        info.context.ordering,
        info.context.actor,
        key_of(id, "ProductOrder"),
        revision.to_wish(),
        credit_consent=revision.credit_consent,
    )


def preview_taking_back(info: Info, id: OrderId) -> Awaitable[Preview]:
    return preview_take_back(info.context.ordering, info.context.actor, key_of(id, "ProductOrder"))


def preview_hold(info: Info, id: OrderId) -> Awaitable[Preview]:
    return hold.preview_hold(info.context.ordering, info.context.actor, key_of(id, "ProductOrder"))


def preview_release(info: Info, id: OrderId) -> Awaitable[Preview]:
    return hold.preview_release(info.context.ordering, info.context.actor, key_of(id, "ProductOrder"))


def preview_fallout(
    info: Info,
    id: OrderId,
    task_id: Annotated[strawberry.ID, argument(description="The task that could not be done.")],
    action: Annotated[FalloutDecision, argument(description="What would become of it.")],
) -> Awaitable[Preview]:
    order_id = key_of(id, "ProductOrder")
    return preview_fallout_decision(info.context.ordering, info.context.actor, order_id, task_id, action)


def preview_completing(
    info: Info,
    id: OrderId,
    task_id: Annotated[strawberry.ID, argument(description="The task that people carry out.")],
    data: Annotated[list[CharacteristicInput] | None, argument(description="What would be entered.")] = None,
) -> Awaitable[Preview]:
    order_id, entered = key_of(id, "ProductOrder"), characteristics_in(data)
    return preview_completion(info.context.ordering, info.context.actor, order_id, task_id, entered)


TaskOrCancellation = Annotated[
    strawberry.ID | None, argument(description="The task; null: the cancellation that is being assessed.")
]


def preview_claiming(info: Info, id: OrderId, task_id: TaskOrCancellation = None) -> Awaitable[Preview]:
    order_id = key_of(id, "ProductOrder")
    return preview_claim(info.context.ordering, info.context.actor, order_id, task_id, back=False)


def preview_giving_back(info: Info, id: OrderId, task_id: TaskOrCancellation = None) -> Awaitable[Preview]:
    order_id = key_of(id, "ProductOrder")
    return preview_claim(info.context.ordering, info.context.actor, order_id, task_id, back=True)


def preview_deciding(
    info: Info,
    id: OrderId,
    accept: Annotated[bool, argument(description="Whether it would be accepted.")],
) -> Awaitable[Preview]:
    order_id = key_of(id, "ProductOrder")
    return preview_cancellation_decision(info.context.ordering, info.context.actor, order_id, accept=accept)


def preview_consenting(
    info: Info,
    id: OrderId,
    side: Annotated[ConsentSide, argument(description="The party that would say it.")],
    accept: Annotated[bool, argument(description="Yes or no.")],
    credit_consent: Annotated[
        bool, argument(description="Whether the accepting party would agree that the credit bureau is asked.")
    ] = False,
) -> Awaitable[Preview]:
    ask = ConsentToOwnership(
        idempotency_key="",
        order_id=key_of(id, "ProductOrder"),
        expected_version=0,
        side=side,
        given=accept,
        credit_consent=credit_consent,
    )
    return preview_consent(info.context.ordering, info.context.actor, ask)


def preview_placing(
    info: Info, input: Annotated[CompleteOrderInput, argument(description="The complete order.")]
) -> Awaitable[Preview]:
    return preview_placement(info.context.ordering, info.context.actor, input.to_order())


def _preview(info: Info, wish: ProductWish) -> Awaitable[Preview]:
    return preview_for_product(info.context.ordering, info.context.actor, wish)


def preview_change(
    info: Info, input: Annotated[ProductChangeInput, argument(description="What is wished for.")]
) -> Awaitable[Preview]:
    return _preview(info, input.changed())


def preview_suspension(
    info: Info, input: Annotated[ProductSuspensionInput, argument(description="What is wished for.")]
) -> Awaitable[Preview]:
    return _preview(info, input.suspended())


def preview_resumption(
    info: Info, input: Annotated[ProductWishInput, argument(description="What is wished for.")]
) -> Awaitable[Preview]:
    return _preview(info, input.resumed())


def preview_renewal(
    info: Info, input: Annotated[ProductRenewalInput, argument(description="What is wished for.")]
) -> Awaitable[Preview]:
    return _preview(info, input.renewed())


def preview_end(
    info: Info, input: Annotated[ProductWishInput, argument(description="What is wished for.")]
) -> Awaitable[Preview]:
    return _preview(info, input.ended())


async def preview_handover(
    info: Info, input: Annotated[OwnershipChangeInput, argument(description="What is handed over to whom.")]
) -> Preview:
    return await preview_ownership_change(info.context.ordering, info.context.actor, input.to_ask())


async def preview_moving(info: Info, input: Annotated[MoveInput, argument(description="What moves where.")]) -> Preview:
    return await preview_move(info.context.ordering, info.context.actor, input.to_ask())


async def preview_repackaging(
    info: Info, input: Annotated[RepackageInput, argument(description="Which products become parts of what.")]
) -> RepackagePreview:
    return await preview_repackage(info.context.ordering, info.context.actor, input.to_ask())
