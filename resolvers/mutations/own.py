"""What a customer does with a product it owns."""

from collections.abc import Awaitable
from dataclasses import replace

import strawberry
from strawberry import field

from app.ordering.outcomes import Outcome
from app.ordering.own import OrderForProduct, ProductWish, order_for_product
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.money import MoneyInput, money_in
from resolvers.types.own_input import (
    ProductChangeInput,
    ProductRenewalInput,
    ProductSuspensionInput,
    ProductWishInput,
)

KEY = "Yours to choose, up to 200 characters; the same key with the same input brings the first result."


@strawberry.input(description="Input of changeProduct.")
class ChangeProductInput(ProductChangeInput):
    idempotency_key: str = field(description=KEY)


@strawberry.input(description="Input of suspendProduct.")
class SuspendProductInput(ProductSuspensionInput):
    idempotency_key: str = field(description=KEY)


@strawberry.input(description="Input of resumeProduct.")
class ResumeProductInput(ProductWishInput):
    idempotency_key: str = field(description=KEY)


@strawberry.input(description="Input of renewProduct.")
class RenewProductInput(ProductRenewalInput):
    idempotency_key: str = field(description=KEY)


@strawberry.input(description="Input of discontinueProduct.")
class DiscontinueProductInput(ProductWishInput):
    idempotency_key: str = field(description=KEY)
    accepted_charge: MoneyInput | None = field(
        default=None,
        description="What the customer accepts to pay for ending it before its term has run out, exactly as "
        "previewDiscontinueProduct says.",
    )


@strawberry.type(description="Answer of changeProduct: the order that does it.")
class ChangeProductPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of suspendProduct: the order that does it.")
class SuspendProductPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of resumeProduct: the order that does it.")
class ResumeProductPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of renewProduct: the order that does it.")
class RenewProductPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of discontinueProduct: the order that does it.")
class DiscontinueProductPayload(OrderPayload):
    pass


def _ordered(info: Info, key: str, wish: ProductWish) -> Awaitable[Outcome]:
    ask = OrderForProduct(idempotency_key=key, wish=wish)
    return order_for_product(info.context.ordering, info.context.actor, ask)


async def change_product(info: Info, input: ChangeProductInput) -> ChangeProductPayload:
    return await ChangeProductPayload.of(_ordered(info, input.idempotency_key, input.changed()))


async def suspend_product(info: Info, input: SuspendProductInput) -> SuspendProductPayload:
    return await SuspendProductPayload.of(_ordered(info, input.idempotency_key, input.suspended()))


async def resume_product(info: Info, input: ResumeProductInput) -> ResumeProductPayload:
    return await ResumeProductPayload.of(_ordered(info, input.idempotency_key, input.resumed()))


async def renew_product(info: Info, input: RenewProductInput) -> RenewProductPayload:
    return await RenewProductPayload.of(_ordered(info, input.idempotency_key, input.renewed()))


async def discontinue_product(info: Info, input: DiscontinueProductInput) -> DiscontinueProductPayload:
    wish = replace(input.ended(), accepted_charge=money_in(input.accepted_charge))
    return await DiscontinueProductPayload.of(_ordered(info, input.idempotency_key, wish))
