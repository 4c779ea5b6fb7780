"""What a customer does with a product it owns."""

from collections.abc import Awaitable, Sequence
from datetime import datetime

import strawberry
from strawberry import field

from app.domain.order import ItemAction, ProductStatus
from app.ordering.outcomes import Outcome
from app.ordering.own import OrderForProduct, order_for_product
from resolvers.context import Info
from resolvers.ids import key_of
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import CharacteristicInput, characteristics_in


@strawberry.input(description="What everything that is done with an owned product asks for.")
class OwnedProductInput:
    product_id: strawberry.ID = field(description="The product: id or key.")
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )
    reason: str = field(description="Why; it is kept with the order.")
    start_at: datetime | None = field(default=None, description="Not to be begun before; null: now.")

    def to_ask(
        self,
        action: ItemAction,
        status: ProductStatus | None = None,
        characteristics: Sequence[CharacteristicInput] | None = None,
    ) -> OrderForProduct:
        """What the use case is asked."""
        return OrderForProduct(
            idempotency_key=self.idempotency_key,
            product_id=key_of(self.product_id, "Product"),
            action=action,
            reason=self.reason,
            status=status,
            characteristics=characteristics_in(characteristics),
            start_at=self.start_at,
        )


@strawberry.input(description="Input of changeProduct.")
class ChangeProductInput(OwnedProductInput):
    characteristics: list[CharacteristicInput] = field(description="What changes; the rest stays as it is.")


@strawberry.input(description="Input of suspendProduct.")
class SuspendProductInput(OwnedProductInput):
    pass


@strawberry.input(description="Input of resumeProduct.")
class ResumeProductInput(OwnedProductInput):
    pass


@strawberry.input(description="Input of discontinueProduct.")
class DiscontinueProductInput(OwnedProductInput):
    pass


@strawberry.type(description="Answer of changeProduct: the order that does it.")
class ChangeProductPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of suspendProduct: the order that does it.")
class SuspendProductPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of resumeProduct: the order that does it.")
class ResumeProductPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of discontinueProduct: the order that does it.")
class DiscontinueProductPayload(OrderPayload):
    pass


def _ordered(info: Info, ask: OrderForProduct) -> Awaitable[Outcome]:
    return order_for_product(info.context.ordering, info.context.actor, ask)


async def change_product(info: Info, input: ChangeProductInput) -> ChangeProductPayload:
    ask = input.to_ask(ItemAction.MODIFY, characteristics=input.characteristics)
    return await ChangeProductPayload.of(_ordered(info, ask))


async def suspend_product(info: Info, input: SuspendProductInput) -> SuspendProductPayload:
    ask = input.to_ask(ItemAction.MODIFY, ProductStatus.SUSPENDED)
    return await SuspendProductPayload.of(_ordered(info, ask))


async def resume_product(info: Info, input: ResumeProductInput) -> ResumeProductPayload:
    return await ResumeProductPayload.of(_ordered(info, input.to_ask(ItemAction.MODIFY, ProductStatus.ACTIVE)))


async def discontinue_product(info: Info, input: DiscontinueProductInput) -> DiscontinueProductPayload:
    return await DiscontinueProductPayload.of(_ordered(info, input.to_ask(ItemAction.DELETE)))
