"""What every store promises about webhooks, shown for SQLite and for MongoDB alike."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.actor import Actor
from app.domain.event_filter import EventFilter
from app.domain.events import EventType
from app.domain.webhook import DeadLetter, Webhook
from app.store.port import IdempotencyKey, OrderStore, WebhooksBehind
from tests.contract.stored import ADA, NOW

MINUTE = timedelta(minutes=1)
MOST = 4


def webhook(webhook_id: str = "w1", owner: Actor = ADA, position: int = 5) -> Webhook:
    return Webhook(
        id=webhook_id,
        owner=owner,
        callback="https://example.com/hook",
        query="eventType=ProductOrderStateChangeEvent",
        filter=EventFilter(types=frozenset({EventType.STATE_CHANGED})),
        secret="whsec_c2VjcmV0",
        created_at=NOW,
        position=position,
    )


async def keep(store: OrderStore, one: Webhook, fingerprint: str = "f", key: str | None = None) -> Webhook:
    own = IdempotencyKey(owner=one.owner.subject, key=key or one.id, fingerprint=fingerprint)
    kept = await store.webhooks.add(one, own, MOST)
    assert kept is not None
    return kept.webhook


async def claimed(store: OrderStore, holder: str, *, minutes: int = 0, before: int = 9) -> list[str]:
    at = NOW + minutes * MINUTE
    found = await store.webhooks.claim(holder, at, at + MINUTE, before=before, limit=9)
    return [one.id for one in found]


async def test_a_webhook_comes_back_as_it_was_kept_and_is_kept_once(store: OrderStore) -> None:
    first = await keep(store, webhook(), key="k")
    again = await store.webhooks.add(webhook("w2"), IdempotencyKey(owner="ada", key="k", fingerprint="g"), MOST)

    assert again is not None
    assert first == webhook() == again.webhook
    assert again.fingerprint == "f"
    assert await store.webhooks.load(["w1", "w2"]) == {"w1": webhook()}


async def test_an_owner_has_no_more_webhooks_than_may_be_and_is_told_again_of_those_there_are(
    store: OrderStore,
) -> None:
    for number in range(MOST):
        await keep(store, webhook(f"w{number}"))

    more = await store.webhooks.add(webhook("more"), IdempotencyKey(owner="ada", key="more", fingerprint="f"), MOST)

    assert more is None
    assert await store.webhooks.load(["more"]) == {}
    assert await keep(store, webhook("again"), key="w0") == webhook("w0")
    assert await store.webhooks.change(replace(webhook("w1"), removed_at=NOW, run=2), 1)
    assert await keep(store, webhook("more")) == webhook("more")


async def test_of_those_who_register_at_once_no_more_are_kept_than_may_be(store: OrderStore) -> None:
    async def register(number: int) -> bool:
        own = IdempotencyKey(owner="ada", key=f"k{number}", fingerprint="f")
        return await store.webhooks.add(webhook(f"w{number}"), own, MOST) is not None

    kept = await asyncio.gather(*map(register, range(4 * MOST)))

    assert (sum(kept), await store.webhooks.count("ada")) == (MOST, MOST)


async def test_webhooks_are_found_by_their_owner_the_newest_first_without_removed_ones(store: OrderStore) -> None:
    bob = replace(ADA, subject="bob")
    for number, owner in enumerate([ADA, bob, ADA, ADA], 1):
        await keep(store, webhook(f"w{number}", owner))
    gone = replace(webhook("w3"), removed_at=NOW, run=2, secret="")

    assert await store.webhooks.change(gone, 1)
    assert not await store.webhooks.change(gone, 1), "it is in its second run by now"

    async def ids(owner: str | None, after: str | None = None) -> list[str]:
        return [one.id for one in await store.webhooks.search(owner, after=after, limit=2)]

    assert (await ids("ada"), await ids(None), await ids(None, "w2")) == (["w4", "w1"], ["w4", "w2"], ["w1"])
    assert (await store.webhooks.count("ada"), await store.webhooks.count(None)) == (2, 3)
    assert (await store.webhooks.load(["w3"]))["w3"] == gone
    assert await claimed(store, "h") == ["w1", "w2", "w4"]


async def test_a_webhook_is_told_by_one_at_a_time_until_its_time_is_over(store: OrderStore) -> None:
    await keep(store, webhook())
    await keep(store, webhook("done", position=9))

    both = await asyncio.gather(claimed(store, "a"), claimed(store, "b"))
    holder, other = ("a", "b") if both[0] else ("b", "a")
    assert sorted(both) == [[], ["w1"]]
    told = replace(webhook(), position=6)
    assert not await store.webhooks.record(told, other, None)
    assert await store.webhooks.record(told, holder, NOW + 2 * MINUTE)
    assert await claimed(store, "c", minutes=1) == []
    assert await claimed(store, "c", minutes=2) == ["w1"], "what has its time behind it is anybody's"
    assert not await store.webhooks.record(told, holder, None), "and no longer its holder's"
    assert (await store.webhooks.load(["w1"]))["w1"].position == 6

    assert await store.webhooks.record(told, "c", None)
    assert await claimed(store, "d", minutes=2) == ["w1"]


async def test_who_is_behind_is_counted_with_how_far_the_last_one_is(store: OrderStore) -> None:
    for name, position in {"w1": 5, "w2": 3, "w3": 1, "w4": 9}.items():
        await keep(store, webhook(name, position=position))
    assert await store.webhooks.change(replace(webhook("w3", position=1), removed_at=NOW, run=2), 1)
    await claimed(store, "whoever tells it", before=4)

    assert await store.webhooks.behind(9) == WebhooksBehind(count=2, position=3)
    assert await store.webhooks.behind(3) is None


async def test_who_waits_for_another_try_is_due_later_and_a_replay_ends_an_earlier_run(store: OrderStore) -> None:
    await keep(store, webhook())
    await claimed(store, "a")
    retrying = replace(webhook(), attempts=1, failure="answered 500", next_try_at=NOW + 3 * MINUTE)
    assert await store.webhooks.record(retrying, "a", None)
    assert await claimed(store, "b", minutes=2) == []
    assert await claimed(store, "b", minutes=3) == ["w1"]

    again = replace(webhook(), run=2, position=0)
    assert await store.webhooks.change(again, 1)

    assert not await store.webhooks.record(replace(retrying, position=6), "b", None)
    assert await claimed(store, "c") == ["w1"], "at once, and whoever had it"
    assert (await store.webhooks.load(["w1"]))["w1"] == again


@pytest.mark.parametrize("holder", ["mine", "somebody else"])
async def test_what_was_given_up_is_kept_with_how_far_it_was_told(store: OrderStore, holder: str) -> None:
    letters = [
        DeadLetter(
            webhook_id="w1",
            position=position,
            order_id="o1",
            sequence=position,
            type=EventType.CREATED,
            attempts=3,
            failure="answered 500",
            at=NOW,
        )
        for position in (6, 7, 7)
    ]
    await keep(store, webhook())
    await claimed(store, "mine")

    recorded = await store.webhooks.record(replace(webhook(), position=7), holder, None, letters)

    mine = holder == "mine"
    assert recorded is mine
    kept = [one.position for one in await store.webhooks.dead_letters("w1", 9)]
    assert kept == ([7, 6] if mine else [])
    assert await store.webhooks.count_dead_letters("w1") == len(kept)
    assert await store.webhooks.dead_letters("w2", 9) == []
