"""A webhook: who is called back about which events, and how that goes."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import field

from app.domain import webhook
from app.ordering.webhooks import count_dead_letters, dead_letters_of
from resolvers.context import Info
from resolvers.demand import listed
from resolvers.enums import EventType, WebhookState
from resolvers.fields import resolved
from resolvers.ids import POSITION, cursor_at, encode
from resolvers.pages import First, page_length

WebhookId = Annotated[strawberry.ID, strawberry.argument(description="Id of the webhook.")]


@strawberry.type(description="An event that a webhook did not take, however often it was told.")
class DeadLetter:
    cursor: str = resolved(
        str, lambda root: cursor_at(POSITION, root.position), "Its place in the feed; replay after the one before."
    )
    order_id = resolved(strawberry.ID, lambda root: encode("ProductOrder", root.order_id), "The order, opaque id.")
    order_key: str = resolved(str, lambda root: root.order_id, "Order number.")
    sequence: int = field(description="Its number among the events of its order.")
    type: EventType = field(description="What kind of thing happened.")
    attempts: int = field(description="How often it was tried.")
    failure: str = field(description="Why it was not taken the last time.")
    given_up_at: datetime = resolved(datetime, lambda root: root.at, "When it was tried for the last time.")


async def _dead_letters(root: strawberry.Parent[webhook.Webhook], info: Info, first: First = 20) -> object:
    return await dead_letters_of(info.context.ordering, root, page_length(first, info.context.page_size))


async def _dead_letter_count(root: strawberry.Parent[webhook.Webhook], info: Info) -> int:
    return await count_dead_letters(info.context.ordering, root)


@strawberry.type(description="An address that is called back about events (TMF hub).")
class Webhook:
    id: strawberry.ID = field(description="Its id, in the TMF hub, too.")
    callback: str = field(description="The address.")
    query: str | None = field(description="Which events, as a TMF630 query; null: all that its owner may see.")
    owner: str = resolved(str, lambda root: root.owner.subject, "Whose it is: it is told what that one may see.")
    state: WebhookState = field(description="How it is doing.")
    cursor: str = resolved(
        str, lambda root: cursor_at(POSITION, root.position), "Place in the feed up to which it has been told."
    )
    created_at: datetime = field(description="When it was registered.")
    removed_at: datetime | None = field(description="When it was unregistered.")
    delivered_at: datetime | None = field(description="When it last took an event.")
    attempts: int = field(description="How often it was told of the next event in vain.")
    failure: str | None = field(description="Why it did not take the last event that it was told of; null: it did.")
    next_try_at: datetime | None = field(description="When it is told again.")
    dead_letter_count = resolved(int, _dead_letter_count, "How many events were given up.", weight=1)
    dead_letters = resolved(
        list[DeadLetter], _dead_letters, "The events that were given up, the newest first.", size=listed("first")
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, webhook.Webhook)
