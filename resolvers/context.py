"""What a resolver sees of the rest: who asks, the use cases, and the loaders of this operation."""

from dataclasses import dataclass

import strawberry

from app.domain.actor import Actor
from app.ordering.audit import Audit, Trail
from app.ordering.ordering import Ordering
from app.ordering.reading import Reading
from resolvers.loaders import Loaders


@dataclass(frozen=True, slots=True)
class Context:
    """Made anew for each operation, and for each message of a subscription.

    `trail` notes which personal data it is shown.
    `resume_after` is the cursor of the last message that the client got before its transport was interrupted.
    """

    actor: Actor
    ordering: Ordering
    reading: Reading
    loaders: Loaders
    page_size: int
    batch_lines: int
    audit: Audit
    trail: Trail
    resume_after: str | None = None

    def abandon(self) -> None:
        """Give up what the operation has begun to load."""
        self.loaders.abandon()


Info = strawberry.Info[Context, None]
