"""Contacts with the customer: channels, messages, interactions (TMF681, 683)."""

from datetime import datetime

import strawberry
from strawberry import field

from resolvers.fields import resolved


@strawberry.type(description="A sales channel of the operator.")
class SalesChannel:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the channel, as orders name it.")
    name: str = field(description="What it is called.")
    kind: str = field(description="Kind of channel, for example assisted or selfService.")
    active: bool = field(description="Whether it sells at the moment.")
    draft_days: int = field(description="For how many days it keeps a draft that nobody goes on with.")
    market_segments: list[str] = field(description="The segments that it sells to; empty: all.")


@strawberry.type(description="A message to the customer (TMF681 CommunicationMessage).")
class Message:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the message where it was sent.")
    state: str = field(description="How far it has come: initial, inProgress, completed, failed.")
    medium: str = field(description="email, sms, post or app.")
    subject: str = field(description="What it is about.")
    content: str = field(description="What it says.")
    sent_at: datetime | None = field(description="When it was sent.")


@strawberry.type(description="A contact with the customer (TMF683 PartyInteraction).")
class Interaction:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the interaction.")
    status: str = field(description="open, inProgress or completed.")
    description: str = field(description="What it was about.")
    channel: str = field(description="Through which channel.")
    at: datetime | None = field(description="When.")
    order_key: str | None = resolved(str | None, lambda root: root.order_id, "The order that it was about.")
