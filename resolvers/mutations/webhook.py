"""Have an address called back about events, no more, or again."""

from collections.abc import Awaitable
from typing import Self

import strawberry
from strawberry import field

from app.ordering.webhooks import (
    Outcome,
    RegisterWebhook,
    ReplayWebhook,
    UnregisterWebhook,
    WebhookKnown,
    register_webhook,
    replay_webhook,
    unregister_webhook,
)
from resolvers.context import Info
from resolvers.errors import UserError, user_error
from resolvers.fields import described
from resolvers.ids import POSITION, place_of
from resolvers.types.webhook import Webhook

KEY = "Yours to choose, up to 200 characters; the same key with the same input brings the first result."


@strawberry.input(description="Input of registerWebhook.")
class RegisterWebhookInput:
    idempotency_key: str = field(description=KEY)
    callback: str = field(description="The address: https, and on the public internet.")
    query: str | None = field(
        default=None,
        description="Which events, as a TMF630 query such as `eventType=ProductOrderStateChangeEvent&state=completed`: "
        "`eventType`, and of the order `id`, `state`, `channel`, `seller` and `customer`, each a list separated by "
        "commas. Null: all that you may see.",
    )


@strawberry.input(description="Input of unregisterWebhook.")
class UnregisterWebhookInput:
    idempotency_key: str = field(description=KEY)
    id: strawberry.ID = field(description="The webhook.")


@strawberry.input(description="Input of replayWebhook.")
class ReplayWebhookInput:
    idempotency_key: str = field(description=KEY)
    id: strawberry.ID = field(description="The webhook.")
    after: str | None = field(
        default=None,
        description="Cursor of the last event that it need not be told again; null: begin with the first.",
    )


@strawberry.type(description="Answer of registerWebhook.")
class RegisterWebhookPayload:
    webhook: Webhook | None = field(description="The webhook; null when it was refused.")
    secret: str | None = field(
        description="What its calls are signed with (Standard Webhooks). Shown this once: null when `replayed`."
    )
    errors: list[UserError] = field(description="Why it was refused; when there is any, nothing was changed.")
    replayed: bool = field(description="Whether the key had been used before, and this is the first result again.")


@strawberry.interface(description="What a mutation of a webhook answers.")
class WebhookPayload:
    webhook: Webhook | None = field(description="The webhook as it is now; null when it was refused.")
    errors: list[UserError] = field(description="Why it was refused; when there is any, nothing was changed.")
    replayed: bool = field(description="Whether it had been done before, and nothing was changed now.")

    @classmethod
    async def of(cls, outcome: Awaitable[Outcome]) -> Self:
        """The payload for what a use case brings."""
        match await outcome:
            case WebhookKnown(webhook, replayed=replayed):
                return cls(webhook=described(webhook), errors=[], replayed=replayed)
            case refusal:
                return cls(webhook=None, errors=[user_error(refusal)], replayed=False)


@strawberry.type(description="Answer of unregisterWebhook.")
class UnregisterWebhookPayload(WebhookPayload):
    pass


@strawberry.type(description="Answer of replayWebhook.")
class ReplayWebhookPayload(WebhookPayload):
    pass


async def register(info: Info, input: RegisterWebhookInput) -> RegisterWebhookPayload:
    context = info.context
    ask = RegisterWebhook(idempotency_key=input.idempotency_key, callback=input.callback, query=input.query)
    match await register_webhook(context.ordering, context.actor, ask):
        case WebhookKnown(webhook, secret, replayed):
            return RegisterWebhookPayload(
                webhook=described(webhook),
                secret=secret,
                errors=[],
                replayed=replayed,
            )
        case refusal:
            return RegisterWebhookPayload(webhook=None, secret=None, errors=[user_error(refusal)], replayed=False)


async def unregister(info: Info, input: UnregisterWebhookInput) -> UnregisterWebhookPayload:
    context = info.context
    ask = UnregisterWebhook(idempotency_key=input.idempotency_key, webhook_id=input.id)
    return await UnregisterWebhookPayload.of(unregister_webhook(context.ordering, context.actor, ask))


async def replay(info: Info, input: ReplayWebhookInput) -> ReplayWebhookPayload:
    context = info.context
    after = place_of(input.after, POSITION) or 0
    ask = ReplayWebhook(idempotency_key=input.idempotency_key, webhook_id=input.id, after=after)
    return await ReplayWebhookPayload.of(replay_webhook(context.ordering, context.actor, ask))
