"""Webhooks: who is told of events by being called back. Registered, ended, told again, looked at."""

from dataclasses import dataclass, replace
from secrets import token_bytes
from typing import Final

from app.domain.access import Right, may
from app.domain.actor import Actor
from app.domain.violations import Violation, ViolationCode
from app.domain.webhook import (
    MOST_WEBHOOKS,
    DeadLetter,
    Replay,
    Webhook,
    callback_breach,
    filter_of,
    new_secret,
)
from app.ordering.drafts import require
from app.ordering.ordering import Ask, Ordering, key_breach, key_of
from app.ordering.outcomes import IdempotencyConflict, NotFound, ValidationFailed

SECRET_BYTES: Final = 32
TRIES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterWebhook(Ask):
    """Who is to be called, and about which events: a TMF630 query, None: about all that the owner may see."""

    callback: str
    query: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnregisterWebhook(Ask):
    """Which webhook is to be called no more."""

    webhook_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayWebhook(Ask):
    """Which webhook is to be told again of everything after this position of the feed."""

    webhook_id: str
    after: int


@dataclass(frozen=True, slots=True)
class WebhookKnown:
    """The webhook as it is now. `secret` is there when it has just been made, and never again."""

    webhook: Webhook
    secret: str | None = None
    replayed: bool = False


Outcome = WebhookKnown | NotFound | IdempotencyConflict | ValidationFailed


async def register_webhook(ordering: Ordering, actor: Actor, ask: RegisterWebhook) -> Outcome:
    """Keep a webhook, which is told of what happens from now on. Raises NotPermitted."""
    require(actor, Right.READ_ORDERS)
    key = key_of(actor, ask)
    wanted = filter_of(ask.query)
    found = (
        key_breach(key),
        callback_breach(ask.callback, ordering.webhooks),
        wanted if isinstance(wanted, Violation) else None,
    )
    if breaches := tuple(breach for breach in found if breach):
        return ValidationFailed(breaches)
    assert not isinstance(wanted, Violation), "that is a breach"
    webhook = Webhook(
        id=ordering.new_id(),
        owner=actor,
        callback=ask.callback,
        query=ask.query,
        filter=wanted,
        secret=new_secret(token_bytes(SECRET_BYTES)),
        created_at=ordering.clock(),
        position=await ordering.store.events.last_position(),
    )
    kept = await ordering.store.webhooks.add(webhook, key, MOST_WEBHOOKS)
    if kept is None:
        message = f"/callback: you have {MOST_WEBHOOKS} webhooks; unregister one that you do not need (webhookCount)."
        return ValidationFailed((Violation("webhookCount", "/callback", ViolationCode.TOO_MANY_RECORDS, message),))
    if kept.fingerprint != key.fingerprint:
        return IdempotencyConflict(kept.webhook.created_at)
    if kept.webhook.id != webhook.id:
        return WebhookKnown(kept.webhook, replayed=True)
    return WebhookKnown(webhook, webhook.secret)


async def unregister_webhook(ordering: Ordering, actor: Actor, ask: UnregisterWebhook) -> Outcome:
    """Call a webhook no more; its secret is forgotten. Doing it twice is doing it once. Raises NotPermitted."""
    if breach := key_breach(key_of(actor, ask)):
        return ValidationFailed((breach,))
    for _ in range(TRIES):
        webhook = await webhook_of(ordering, actor, ask.webhook_id)
        if webhook is None:
            return _unknown(ask.webhook_id)
        if webhook.removed_at is not None:
            return WebhookKnown(webhook, replayed=True)
        ended = replace(webhook, removed_at=ordering.clock(), run=webhook.run + 1, secret="", next_try_at=None)
        if await ordering.store.webhooks.change(ended, webhook.run):
            return WebhookKnown(ended)
    raise RuntimeError("others change this webhook all the time")


async def replay_webhook(ordering: Ordering, actor: Actor, ask: ReplayWebhook) -> Outcome:
    """Tell a webhook again of everything after a position, at once even if it is waiting for another try.

    Raises NotPermitted.
    """
    key = key_of(actor, ask)
    if breach := key_breach(key):
        return ValidationFailed((breach,))
    for _ in range(TRIES):
        webhook = await webhook_of(ordering, actor, ask.webhook_id)
        if webhook is None or webhook.removed_at is not None:
            return _unknown(ask.webhook_id)
        if webhook.replay and webhook.replay.key == key.key:
            if webhook.replay.fingerprint != key.fingerprint:
                return IdempotencyConflict(webhook.replay.at)
            return WebhookKnown(webhook, replayed=True)
        again = replace(
            webhook,
            position=min(ask.after, await ordering.store.events.last_position()),
            attempts=0,
            failure=None,
            next_try_at=None,
            run=webhook.run + 1,
            replay=Replay(key=key.key, fingerprint=key.fingerprint, at=ordering.clock()),
        )
        if await ordering.store.webhooks.change(again, webhook.run):
            return WebhookKnown(again)
    raise RuntimeError("others change this webhook all the time")


def _unknown(webhook_id: str) -> NotFound:
    return NotFound("/id", f"/id: there is no webhook {webhook_id!r} (webhookKnown).")


async def webhook_of(ordering: Ordering, actor: Actor, webhook_id: str) -> Webhook | None:
    """The webhook, a removed one too, when the actor may see it: its owner, and who tends them all."""
    require(actor, Right.READ_ORDERS)
    found = (await ordering.store.webhooks.load([webhook_id])).get(webhook_id)
    return found if found and _owner(actor) in (None, found.owner.subject) else None


async def webhooks_of(ordering: Ordering, actor: Actor, *, after: str | None, limit: int) -> list[Webhook]:
    """A page of the webhooks that the actor may see, the newest first."""
    require(actor, Right.READ_ORDERS)
    return await ordering.store.webhooks.search(_owner(actor), after=after, limit=limit)


async def count_webhooks(ordering: Ordering, actor: Actor) -> int:
    """How many webhooks the actor may see."""
    require(actor, Right.READ_ORDERS)
    return await ordering.store.webhooks.count(_owner(actor))


async def dead_letters_of(ordering: Ordering, webhook: Webhook, limit: int) -> list[DeadLetter]:
    """What a webhook that the actor sees could not be told of, the newest first."""
    return await ordering.store.webhooks.dead_letters(webhook.id, limit)


async def count_dead_letters(ordering: Ordering, webhook: Webhook) -> int:
    """How much a webhook that the actor sees could not be told of."""
    return await ordering.store.webhooks.count_dead_letters(webhook.id)


def _owner(actor: Actor) -> str | None:
    """Whose webhooks the actor sees; None: everybody's."""
    return None if may(actor, Right.TEND_WEBHOOKS) else actor.subject
