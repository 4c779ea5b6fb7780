"""What each thing that is done with an owned product would do: the query twins of the mutations."""

from collections.abc import Awaitable
from typing import Annotated

from strawberry import argument

from app.ordering.own import ProductWish, preview_for_product
from app.ordering.preview import Preview
from resolvers.context import Info
from resolvers.types.own_input import (
    ProductChangeInput,
    ProductRenewalInput,
    ProductSuspensionInput,
    ProductWishInput,
)


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
