"""Questions about webhooks."""

from functools import partial

from app.domain.webhook import Webhook
from app.ordering.webhooks import count_webhooks, webhook_of, webhooks_of
from resolvers.context import Info
from resolvers.ids import encode, key_after
from resolvers.pages import After, Connection, First, connection, page_length
from resolvers.types.webhook import WebhookId

WEBHOOK = "Webhook"


async def webhook(info: Info, id: WebhookId) -> object:
    return await webhook_of(info.context.ordering, info.context.actor, id)


async def webhooks(info: Info, first: First = 20, after: After = None) -> Connection[Webhook]:
    context = info.context
    length = page_length(first, context.page_size)
    start = key_after(after, WEBHOOK)
    found = await webhooks_of(context.ordering, context.actor, after=start, limit=length + 1)
    page = found[:length]
    return connection(
        page,
        [encode(WEBHOOK, one.id) for one in page],
        more_before=start is not None,
        more_after=len(found) > length,
        count=partial(count_webhooks, context.ordering, context.actor),
    )
