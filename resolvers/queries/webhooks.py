"""Questions about webhooks."""

from functools import partial

from app.domain.webhook import Webhook
from app.ordering.webhooks import count_webhooks, webhook_of, webhooks_of
from resolvers.context import Info
from resolvers.ids import encode, key_after
from resolvers.pages import After, Connection, First, page_after, page_length
from resolvers.types.webhook import WebhookId

WEBHOOK = "Webhook"


async def webhook(info: Info, id: WebhookId) -> object:
    return await webhook_of(info.context.ordering, info.context.actor, id)


async def webhooks(info: Info, first: First = 20, after: After = None) -> Connection[Webhook]:
    context = info.context
    return await page_after(
        page_length(first, context.page_size),
        key_after(after, WEBHOOK),
        partial(webhooks_of, context.ordering, context.actor),
        cursor=lambda one: encode(WEBHOOK, one.id),
        count=partial(count_webhooks, context.ordering, context.actor),
    )
