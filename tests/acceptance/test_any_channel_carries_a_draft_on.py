"""A draft belongs to the customer: any channel finds it and carries it on, and what it holds is given back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from app.domain.actor import Role
from tests.channel import Json, free_slot, run, until_state
from tests.draft import Draft
from tests.harness import WAIT_SECONDS, Product

FIBRE: Final = {"id": "fibre", "offeringId": "fibre-250", "characteristics": [{"name": "router", "value": "own"}]}
MOBILE: Final = {"id": "mobile", "offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
BOTH, NOTHING = (True, True), (False, False)


async def test_a_draft_begun_online_is_finished_and_submitted_in_a_shop(product: Product) -> None:
    draft = await Draft.start(
        product, "cust-1101", role=Role.CUSTOMER, subject="cust-1101", channel="online", items=[FIBRE]
    )
    shop = product.token(Role.AGENT, "agent-7", "retail")
    drafts = """query Drafts($filter: ProductOrderFilter) {
      productOrders(filter: $filter) { nodes { key state channel version } } }"""
    wanted = {"filter": {"customerIds": ["cust-1101"], "states": ["DRAFT"], "channels": ["online"]}}

    found = (await product.graphql(drafts, wanted, token=shop)).whole()["productOrders"]["nodes"]
    early = await draft.ask("setProductOrderPlace", token=shop, placeId="addr-1101")
    told = await taken_over(product, draft, shop)
    late = await draft.ask("setProductOrderPlace", placeId="addr-1101")
    await draft.do("setProductOrderPlace", token=shop, placeId="addr-1101")
    await draft.do("setProductOrderAppointment", token=shop, itemId="fibre", slot=await free_slot(product, "addr-1101"))
    await draft.do("submitProductOrder", token=shop)

    assert found == [{"key": draft.key, "state": "DRAFT", "channel": "online", "version": 1}]
    assert [e["__typename"] for e in early["errors"]] == ["NotInControl"]
    assert "online" in early["errors"][0]["message"]
    assert (told["actor"], told["changed"]) == ({"subject": "agent-7", "channel": "retail"}, ["/controlledBy"])
    assert [e["__typename"] for e in late["errors"]] == ["NotInControl"]
    assert "retail" in late["errors"][0]["message"]
    await until_state(product, draft.key, "COMPLETED")
    query = """query Whose($id: ID!) { productOrder(id: $id) {
      channel controlledBy versions { version channel subject } } }"""
    whose = (await product.graphql(query, {"id": draft.key}, token=draft.token)).whole()["productOrder"]
    assert (whose["channel"], whose["controlledBy"]) == ("online", "retail")
    edits = {v["version"]: (v["subject"], v["channel"]) for v in whose["versions"] if v["version"] <= draft.version}
    assert edits == {1: ("cust-1101", "online"), **dict.fromkeys(range(2, 6), ("agent-7", "retail"))}


async def taken_over(product: Product, draft: Draft, token: str) -> Json:
    """What the channel that had the draft is told when another one takes it over."""
    subscription = """subscription Told($filter: ProductOrderEventFilter, $after: String) {
      productOrderEvents(filter: $filter, after: $after) {
        summary actor { subject channel } ... on ProductOrderAttributeValueChangeEvent { changed } } }"""
    given = {"filter": {"orderIds": [draft.key]}, "after": (await timeline(product, draft))[-1]["cursor"]}
    async with asyncio.timeout(WAIT_SECONDS), product.subscribed(subscription, given, token=draft.token) as events:
        await draft.do("takeOverProductOrder", token=token)
        return (await anext(events))["data"]["productOrderEvents"]


async def test_what_was_chosen_in_one_session_is_there_in_the_next(product: Product) -> None:
    draft = await Draft.start(product, "cust-1104", channel="callCentre", placeId="addr-1104", notes=["ring twice"])
    number, slot = await free_number(product), await free_slot(product, "addr-1104")
    await draft.do("addProductOrderItem", item=FIBRE)
    await draft.do("addProductOrderItem", item={**MOBILE, "quantity": 1, "placeId": "addr-1103"})
    await draft.do("setProductOrderAppointment", itemId="fibre", slot=slot)
    await draft.do("reserveProductOrderResource", itemId="mobile", kind="NUMBER", value=number)

    query = """query Saved($id: ID!) { productOrder(id: $id) {
      state version place { key } notes { text }
      items { id offeringKey quantity characteristics { name value } place { key } appointment { start end }
        reservations { kind value } prices { name } } } }"""
    async with product.connection(token=product.token(Role.AGENT, "agent-8", "retail")) as session:
        saved = (await session.execute(query, {"id": draft.key}))["data"]["productOrder"]

    fibre, mobile = saved.pop("items")
    assert saved == {
        "state": "DRAFT",
        "version": 5,
        "place": {"key": "addr-1104"},
        "notes": [{"text": "ring twice"}],
    }
    assert (fibre["offeringKey"], fibre["characteristics"]) == ("fibre-250", FIBRE["characteristics"])
    assert fibre["appointment"] == slot
    assert {p["name"] for p in fibre["prices"]} == {"Monthly fee", "Installation fee"}
    assert (mobile["characteristics"], mobile["place"]) == (MOBILE["characteristics"], {"key": "addr-1103"})
    assert mobile["reservations"] == [{"kind": "NUMBER", "value": number}]


async def test_a_discarded_draft_gives_back_what_it_held(product: Product) -> None:
    draft, number, slot = await holding(product, "cust-1107", "addr-1107")
    assert await free(product, "addr-1107", slot, number) == NOTHING

    order = await draft.do("discardProductOrder", reason="found it cheaper")

    assert order["state"] == "CANCELLED"
    assert await free(product, "addr-1107", slot, number) == BOTH
    last = (await timeline(product, draft))[-1]
    assert (last["state"], last["actor"]["channel"]) == ("CANCELLED", "retail")
    assert "found it cheaper" in last["summary"]
    again = await draft.ask("addProductOrderItem", item=MOBILE)
    assert [e["code"] for e in again["errors"]] == ["NOT_ALLOWED_IN_STATE"]


async def holding(product: Product, customer: str, place: str) -> tuple[Draft, str, Json]:
    """A draft in a shop that holds a number and a visit; the number and the visit's time."""
    draft = await Draft.start(product, customer, channel="retail", placeId=place, items=[FIBRE, MOBILE])
    number, slot = await free_number(product), await free_slot(product, place)
    await draft.do("setProductOrderAppointment", itemId="fibre", slot=slot)
    await draft.do("reserveProductOrderResource", itemId="mobile", kind="NUMBER", value=number)
    return draft, number, slot


async def free_number(product: Product) -> str:
    """A number far from those that orders are given by chance."""
    return str((await numbers(product, ""))[-1])


async def free(product: Product, place: str, slot: Json, number: str) -> tuple[bool, bool]:
    """Whether the visit's time and the number can be had."""
    now = datetime.now(UTC)
    period = {"placeId": place, "start": now.isoformat(), "end": (now + timedelta(days=300)).isoformat()}
    slots = (await run(product, "08-free-time-slots", period))["timeSlots"]
    return slot in slots, number in await numbers(product, number)


async def numbers(product: Product, digits: str) -> list[str]:
    query = "query Free($digits: String) { availableResources(kind: NUMBER, pattern: $digits) }"
    free: list[str] = (await product.graphql(query, {"digits": digits})).whole()["availableResources"]
    return free


async def timeline(product: Product, draft: Draft) -> list[Json]:
    query = """query Timeline($id: ID!) { productOrder(id: $id) { timeline { nodes {
      cursor state summary occurredAt actor { subject channel } } } } }"""
    found: list[Json] = (await product.graphql(query, {"id": draft.key})).whole()["productOrder"]["timeline"]["nodes"]
    return found
