"""Previews of what is done with owned products that others have a say in: a new owner, a new place, a new offering."""

from typing import Annotated

from strawberry import argument

from app.ordering.change_ownership import preview_ownership_change
from app.ordering.move import preview_move
from app.ordering.preview import Preview
from app.ordering.repackage import RepackagePreview, preview_repackage
from resolvers.context import Info
from resolvers.mutations.change_ownership import OwnershipChangeInput
from resolvers.mutations.move import MoveInput
from resolvers.mutations.repackage import RepackageInput


async def ownership_change(
    info: Info, input: Annotated[OwnershipChangeInput, argument(description="What is handed over to whom.")]
) -> Preview:
    return await preview_ownership_change(info.context.ordering, info.context.actor, input.to_ask())


async def move(info: Info, input: Annotated[MoveInput, argument(description="What moves where.")]) -> Preview:
    return await preview_move(info.context.ordering, info.context.actor, input.to_ask())


async def repackage(
    info: Info, input: Annotated[RepackageInput, argument(description="Which products become parts of what.")]
) -> RepackagePreview:
    return await preview_repackage(info.context.ordering, info.context.actor, input.to_ask())
