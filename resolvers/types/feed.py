"""What subscribers get: each message with its cursor, and what it is about."""

from collections.abc import Hashable
from dataclasses import dataclass

import strawberry

from app.domain.actor import Actor
from app.ordering.reading import Snapshot, Told
from resolvers.fields import resolved
from resolvers.ids import POSITION, cursor_at
from resolvers.types.event import FeedLag, ProductOrderEvent
from resolvers.types.order import ProductOrder


@dataclass(frozen=True, slots=True)
class Message(Told):
    """An event as the gateway carries it: resumed after `cursor`, and answered once for all that have equal `share`."""

    cursor: str = ""

    @property
    def share(self) -> Hashable:
        """None: this one is for its own subscriber only."""
        return None if self.behind else self.view

    @classmethod
    def of(cls, told: Told) -> "Message":
        """The message of this event."""
        return cls(told.position, told.event, told.view, told.behind, cursor_at(POSITION, told.position))


@dataclass(frozen=True, slots=True)
class Update:
    """A message about one order: how it stands, or what has happened to it."""

    cursor: str
    share: Actor | None
    told: Told | None = None
    snapshot: Snapshot | None = None

    @classmethod
    def of(cls, message: Snapshot | Told) -> "Update":
        """The message of this snapshot or event."""
        cursor = cursor_at(POSITION, message.position)
        if isinstance(message, Snapshot):
            return cls(cursor, None, snapshot=message)
        return cls(cursor, None if message.behind else message.view, told=message)


def _lag(root: strawberry.Parent[Update]) -> FeedLag | None:
    return FeedLag(behind=root.told.behind) if root.told and root.told.behind else None


@strawberry.type(
    description="First the order as it stands, then each thing that happens to it: nothing is missed between the two."
)
class ProductOrderUpdate:
    cursor: str = strawberry.field(description="Its place in the feed of all orders; resume `after` it.")
    order = resolved(
        ProductOrder | None,
        lambda root: root.snapshot.stored.order if root.snapshot else None,
        "The order as it stands; in the first message only.",
    )
    event = resolved(ProductOrderEvent | None, lambda root: root.told, "What happened; in every message but the first.")
    lag = resolved(
        FeedLag | None, _lag, "Set once you have fallen behind so far that older events had to be read from the store."
    )
