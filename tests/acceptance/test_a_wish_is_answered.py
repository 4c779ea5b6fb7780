"""What a customer cannot do to an order under way it asks people for; they answer, once; the plan stays as it is."""

import asyncio
from datetime import UTC, datetime, timedelta

from app.domain.actor import Role
from app.domain.change_request import MOST_OPEN
from tests.channel import Json, key, order, until_state
from tests.draft import Draft, mutate
from tests.harness import Answer, Product, until
from tests.manual_work import MOBILE, waiting

WISH = {"kind": "RESCHEDULE", "wish": "Please come after the 20th", "reason": "We are on holiday"}
SEEN = """query Seen($id: ID!) { productOrder(id: $id) { version
  changeRequests { id kind wish reason state requestedBy answer decidedBy decidedAt ledToVersion }
  timeline(first: 100) { nodes { summary actor { subject }
    ... on ProductOrderAttributeValueChangeEvent { changed }
    ... on WorkItemChangeEvent { work { kind move queue } } } } } }"""
MESSAGES = "query Messages($id: ID!) { productOrder(id: $id) { messages { content } } }"
ITEMS = """query Items { workItems(first: 100, filter: { kinds: [CHANGE_REQUEST] }) { nodes {
  orderKey queue name taskId cancellation { reason } changeRequest { id wish } allowedActions } } }"""


def codes(payload: Json) -> list[str]:
    return [error["code"] for error in payload["errors"]]


def rules(payload: Json) -> list[tuple[str, str]]:
    return [(v["rule"], v["path"]) for e in payload["errors"] for v in e["violations"]]


async def under_way(product: Product, customer: str, token: str) -> Draft:
    """An order of this customer that waits for its day, in the hands of the token's channel."""
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    draft = await Draft.start(product, customer, items=[MOBILE], requestedStartAt=later)
    await draft.do("submitProductOrder")
    draft.token = token
    return draft


async def test_a_customer_asks_and_people_answer_once(product: Product) -> None:
    customer, agent = product.token(Role.CUSTOMER, "cust-1063"), product.token(Role.AGENT, "ada")
    # a self-service channel that may ask, and not steer
    narrow = frozenset({"readOrders", "readDetails", "proposeChanges"})
    web = product.token(Role.CUSTOMER, "cust-1063", scopes=narrow)
    draft = await Draft.start(product, "cust-1063", items=[MOBILE])
    early = await draft.ask("requestProductOrderChange", token=customer, **WISH)
    await draft.do("discardProductOrder", reason="only asked")
    draft = await under_way(product, "cust-1063", web)

    # Given what the channel may not do, and what nobody may ask for
    steered = await product.graphql(
        "mutation C($i: CancelProductOrderInput!) { cancelProductOrder(input: $i) { errors { code } } }",
        {"i": {"id": draft.key, "expectedVersion": 1, "idempotencyKey": key(), "reason": "x"}},
        token=web,
    )
    stranger = await draft.ask("requestProductOrderChange", token=product.token(Role.CUSTOMER, "cust-1059"), **WISH)
    blank = await draft.ask("requestProductOrderChange", **{**WISH, "wish": " ", "reason": "x" * 2001})

    # When it asks, twice with the same key, and until it may ask no more
    version = (await draft.tell("requestProductOrderChange", **WISH))["version"]
    plan = (await order(product, draft.key))["plan"]
    given = {"id": draft.key, "expectedVersion": version, "idempotencyKey": key(), **WISH, "kind": "OTHER"}
    first = await mutate(product, "requestProductOrderChange", given, web)
    again = await mutate(product, "requestProductOrderChange", given, web)
    for _ in range(MOST_OPEN - 2):
        await draft.tell("requestProductOrderChange", **{**WISH, "kind": "CANCEL"})
    full = await draft.ask("requestProductOrderChange", **WISH)
    waits = (await product.graphql(ITEMS, token=agent)).whole()["workItems"]["nodes"]
    listed = [w for w in waits if w["orderKey"] == draft.key]

    # And people answer; of two who decide about the same at once, one is first
    not_theirs = await product.graphql(
        "mutation R($i: ResolveProductOrderChangeRequestInput!) "
        "{ resolveProductOrderChangeRequest(input: $i) { errors { code } } }",
        {"i": {**_known(draft), "requestId": "1", "accept": True, "answer": "yes"}},
        token=customer,
    )
    future = {"requestId": "1", "accept": True, "answer": "On the 21st", "ledToVersion": 99}
    wrong = await draft.ask("resolveProductOrderChangeRequest", token=agent, **future)
    done = {**future, "ledToVersion": version}
    await draft.tell("resolveProductOrderChangeRequest", token=agent, **done)
    closed = await draft.ask("withdrawProductOrderChangeRequest", requestId="1")
    unknown = await draft.ask("withdrawProductOrderChangeRequest", requestId="9")
    others = await draft.ask("withdrawProductOrderChangeRequest", token=product.token(Role.AGENT, "bob"), requestId="2")
    decline = {**_known(draft), "requestId": "2", "accept": False, "answer": "Not any more"}
    raced = await asyncio.gather(
        mutate(product, "resolveProductOrderChangeRequest", decline, agent),
        mutate(product, "withdrawProductOrderChangeRequest", {**_known(draft), "requestId": "2"}, web),
    )

    # Then everybody sees what was asked and said, and the work is as it was
    assert (codes(early), codes(stranger)) == (["NOT_ALLOWED_IN_STATE"], ["NOT_FOUND"])
    assert rules(blank) == [("textsInLimits", "/wish"), ("textsInLimits", "/reason")]
    for refused in (steered, not_theirs):
        assert _forbidden(refused)
    assert (first["errors"], again["errors"], again["replayed"]) == ([], [], True)
    assert rules(full) == [("changeRequestsLimited", "/id")]
    assert [w["changeRequest"]["id"] for w in listed] == ["1", "2", "3"]
    assert {(w["queue"], w["taskId"], w["cancellation"], *w["allowedActions"]) for w in listed} == {
        ("changeRequests", None, None, "ANSWER_REQUEST")
    }
    assert rules(wrong) == [("ledToVersion", "/ledToVersion")]
    assert (rules(closed), codes(unknown)) == ([("requestOpen", "/requestId")], ["NOT_FOUND"])
    assert rules(others) == [("ownRequest", "/requestId")]
    assert sorted(codes(payload) for payload in raced) == [[], ["STALE_VERSION"]]
    seen = (await product.graphql(SEEN, {"id": draft.key}, token=web)).whole()["productOrder"]
    one, two, three = seen["changeRequests"]
    assert one == {
        **WISH,
        "id": "1",
        "state": "RESOLVED",
        "requestedBy": "cust-1063",
        "decidedAt": one["decidedAt"],
    } | {
        "answer": "On the 21st",
        "decidedBy": "ada",
        "ledToVersion": version,
    }
    assert (two["state"], two["decidedBy"]) == (
        ("DECLINED", "ada") if raced[0]["errors"] == [] else ("WITHDRAWN", "cust-1063")
    )
    assert (three["kind"], three["state"], three["answer"]) == ("CANCEL", "OPEN", None)
    told = [e for e in seen["timeline"]["nodes"] if e.get("changed") == ["/changeRequests"]]
    assert len(told) == MOST_OPEN + 2
    assert (told[0]["summary"], told[3]["summary"]) == (
        "change request 1: ask for: reschedule",
        "change request 1: accept",
    )
    assert not any("work" in event for event in seen["timeline"]["nodes"]), "worklists are the operator's own affair"
    assert (await order(product, draft.key))["plan"]["tasks"] == plan["tasks"]

    # And the customer is told the answer, once

    async def written() -> list[str]:
        found = (await product.graphql(MESSAGES, {"id": draft.key}, token=agent)).whole()["productOrder"]["messages"]
        return [message["content"] for message in found if "21st" in message["content"]]

    assert await until(written) == [f"You asked: {WISH['wish']}\nOur answer: On the 21st"]

    # And what is open when the order ends is answered all the same
    await draft.tell("cancelProductOrder", token=agent, reason="as the customer wishes")
    draft.version = (await until_state(product, draft.key, "CANCELLED"))["version"]
    late = await draft.ask("requestProductOrderChange", **WISH)
    [left] = await waiting(product, draft.key)
    await draft.tell("resolveProductOrderChangeRequest", token=agent, requestId="3", accept=True, answer="Done")
    assert (codes(late), left["kind"]) == (["NOT_ALLOWED_IN_STATE"], "CHANGE_REQUEST")
    assert await waiting(product, draft.key) == []
    ended = (await product.graphql(SEEN, {"id": draft.key}, token=agent)).whole()["productOrder"]
    moves = [e["work"]["move"] for e in ended["timeline"]["nodes"] if e.get("work")]
    assert moves.count("RAISED") == moves.count("CLEARED") == MOST_OPEN


def _known(draft: Draft) -> Json:
    return {"id": draft.key, "expectedVersion": draft.version, "idempotencyKey": key()}


def _forbidden(answer: Answer) -> bool:
    return [error["extensions"]["code"] for error in answer.errors] == ["FORBIDDEN"]
