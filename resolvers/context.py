"""What a resolver sees of the rest: who asks, the use cases, and the loaders of this operation."""

from dataclasses import dataclass

import strawberry

from app.domain.actor import Actor
from app.ordering.ordering import Ordering
from app.ordering.reading import Reading
from resolvers.loaders import Loaders


@dataclass(frozen=True, slots=True)
class Context:
    """Made anew for each operation."""

    actor: Actor
    ordering: Ordering
    reading: Reading
    loaders: Loaders
    page_size: int
    batch_lines: int


Info = strawberry.Info[Context, None]
