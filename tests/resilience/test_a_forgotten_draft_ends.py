"""A draft that nobody carries on ends, after the customer was told once, and gives back what it held."""

from datetime import datetime, timedelta

from connectors.mock.state import State, seed
from tests.acceptance.test_any_channel_carries_a_draft_on import BOTH, NOTHING, free, holding, timeline
from tests.channel import messages_of, until_state
from tests.draft import Draft
from tests.harness import Product, start, until


async def test_a_draft_that_nobody_carries_on_ends_after_the_customer_was_told_once(fragile: Product) -> None:
    product = fragile
    await product.worker.stop()
    drafts = {channel: await unfinished(product, channel) for channel in ("kiosk", "retail", "online")}
    draft, number, slot = await holding(product, "cust-1113", "addr-1113")

    await start(product.worker)
    first = [f"{draft.key}:expiry:{draft.version}"]
    await until(lambda: messages_of(product, draft.key))
    later = await unfinished(product, "retail")
    await until(lambda: messages_of(product, later.key))

    assert await messages_of(product, draft.key) == first, "told once, however often it was looked at since"
    assert await subjects(product, drafts["kiosk"]) == [await kept(product, drafts["kiosk"], days=2)]
    assert await subjects(product, drafts["retail"]) == [await kept(product, drafts["retail"], days=7)]
    assert await subjects(product, drafts["online"]) == []
    assert await free(product, "addr-1113", slot, number) == NOTHING

    await let_drafts_end_at_once(product, "retail")

    ended = await until_state(product, draft.key, "CANCELLED")
    assert [item["state"] for item in ended["items"]] == ["CANCELLED", "CANCELLED"]

    async def given_back() -> bool:
        return await free(product, "addr-1113", slot, number) == BOTH

    await until(given_back)
    last = (await timeline(product, draft))[-1]
    assert (last["state"], last["summary"]) == ("CANCELLED", "draft expired")
    assert await messages_of(product, draft.key) == first
    assert [(await timeline(product, drafts[other]))[-1]["state"] for other in ("kiosk", "online")] == ["DRAFT"] * 2


async def let_drafts_end_at_once(product: Product, channel: str) -> None:
    """Change the mock's registry of channels, which has no door of its own for that, and have it read anew."""
    await product.worker.stop()
    await product.mock.stop()
    state = State(product.settings.data_dir / "mock-bss")
    [registered] = [c for c in seed("channel") if c["id"] == channel]
    state.put("channel", {**registered, "draftDays": 0})
    state.close()
    await start(product.mock)
    await start(product.worker)


async def unfinished(product: Product, channel: str) -> Draft:
    return await Draft.start(product, "cust-1110", channel=channel)


async def subjects(product: Product, draft: Draft) -> list[str]:
    """What the customer was told about this draft."""
    query = "query Told($id: ID!) { productOrder(id: $id) { messages { subject } } }"
    told = (await product.graphql(query, {"id": draft.key})).whole()["productOrder"]["messages"]
    return [message["subject"] for message in told]


async def kept(product: Product, draft: Draft, *, days: int) -> str:
    """What the customer is told when the channel keeps drafts for so many days."""
    begun = datetime.fromisoformat((await timeline(product, draft))[0]["occurredAt"])
    return f"Your order {draft.key} is kept until {begun + timedelta(days=days):%Y-%m-%d}"
