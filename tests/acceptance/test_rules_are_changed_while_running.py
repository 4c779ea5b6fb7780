"""Rules are data: a change is taken while requests go on, whole or not at all, and nothing in it is run as Python."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest
from aiohttp import StreamReader

from app.domain.actor import Role
from tests.channel import Json, key, place, place_mobile, run, until_state
from tests.draft import Draft
from tests.harness import Answer, Product, until
from tests.own_rules import Rules
from tests.webhook_receiver import receiving

MOBILE: Final = {"id": "1", "offeringId": "mobile-m", "characteristics": [{"name": "simType", "value": "eSIM"}]}
WHEN: Final = 'order.pieces >= 3 && order.channel == "retail"'
MANY: Final = f"""
- id: noThreeAtOnce
  scope: order
  step: review
  path: /items
  code: tooManyRecords
  when: {WHEN}
  message: "{{order.pieces}} pieces are too many for {{order.channel}}"
"""
URGENT: Final = f"- {{id: shopsAreUrgent, when: '{WHEN}', priority: 1}}"
NO_NUMBER: Final = 'order.channel != "" && int(order.channel) > 3'
SUBMIT: Final = """mutation Submit($id: ID!, $key: String!) { submitProductOrder(
  input: { id: $id, expectedVersion: 1, idempotencyKey: $key }) {
    order { key } errors { message ... on ValidationFailed { violations { rule } } } } }"""
WORK: Final = """
- {id: bad, when: "true", tasks: [{id: t, name: T, operation: billing.printMoney, expected: PT1S}]}"""

AT_ONCE: Final = """
- {id: businesses, when: customer.segment == "business", within: PT0S, reason: business customers decide at once}
"""
ROUND: Final = """
- id: round
  when: item.offering == "mobile-m"
  tasks:
    - {id: there, name: There, operation: people.perform, after: [back], expected: PT1S}
    - {id: back, name: Back, operation: people.perform, after: [there], expected: PT1S}
"""
CREATED: Final = "ProductOrderCreateEvent"
CREATIONS: Final = "subscription { productOrderEvents(filter: { types: [CREATED] }) { orderKey } }"


def rule(when: str, *, name: str = "bad", message: str = "m", more: str = "code: invalidValue") -> str:
    head = f"- id: {name}\n  scope: order\n  step: review\n  message: '{message}'\n  {more}"
    return f"\n{head}\n  when: >-\n    {when}\n"


async def basket(rules: Rules) -> str:
    """A draft in a shop of three pieces; it lacks nothing."""
    items = [{**MOBILE, "quantity": 3}]
    return (await Draft.start(rules.product, "cust-1102", channel="retail", items=items)).key


async def judge(rules: Rules, key: str) -> Answer:
    query = """query Judge($id: ID!) { validateProductOrder(id: $id) {
      submittable violations { rule path code message severity step because } } }"""
    return await rules.product.graphql(query, {"id": key})


async def broken(rules: Rules, key: str) -> list[str]:
    violations = (await judge(rules, key)).whole()["validateProductOrder"]["violations"]
    return [v["rule"] for v in violations if v["severity"] == "ERROR"]


async def test_a_new_rule_is_taken_while_requests_go_on(rules: Rules) -> None:
    key = await basket(rules)
    answers: list[Answer] = []
    changed = asyncio.Event()

    async def keep_asking() -> None:
        while len(answers) < 200 or not changed.is_set():
            answers.append(await judge(rules, key))

    async with asyncio.TaskGroup() as callers:
        for _ in range(4):
            callers.create_task(keep_asking())
        await rules.take("validation.yaml", MANY)
        changed.set()

    submittable = {answer.whole()["validateProductOrder"]["submittable"] for answer in answers}
    assert submittable == {True, False}, "asked before and after the change"
    judged = (await judge(rules, key)).whole()["validateProductOrder"]
    [violation] = [v for v in judged["violations"] if v["severity"] == "ERROR"]
    assert (violation["rule"], violation["path"], violation["step"]) == ("noThreeAtOnce", "/items", "REVIEW")
    assert violation["message"] == "/items: 3 pieces are too many for retail (noThreeAtOnce)."
    assert (violation["code"], violation["because"]) == ("TOO_MANY_RECORDS", WHEN)
    shop = rules.product.token(channel="retail")
    requests = [{"customerId": "cust-1103", "items": [{**MOBILE, "quantity": n}]} for n in (3, 2)]
    refused, kept = [await place(rules.product, request, token=shop) for request in requests]
    assert "noThreeAtOnce" in [v["rule"] for v in refused["errors"][0]["violations"]]
    assert (refused["order"], kept["errors"]) == (None, [])


async def test_a_priority_rule_moves_the_priority_and_says_why(rules: Rules) -> None:
    query = """query Fired($id: ID!) { productOrder(id: $id) {
      priority firedRules { rule { id kind effect } itemId because } } }"""
    shop = rules.product.token(channel="retail")
    await rules.take("priority.yaml", URGENT)

    placed = [
        await place(rules.product, {"customerId": customer, "items": [{**MOBILE, "quantity": n}]}, token=shop)
        for customer, n in (("cust-1106", 3), ("cust-1108", 1))
    ]

    urgent, usual = [
        (await rules.product.graphql(query, {"id": p["order"]["key"]})).whole()["productOrder"] for p in placed
    ]
    assert (urgent["priority"], usual["priority"]) == (1, 4)
    assert "shopsAreUrgent" not in [f["rule"]["id"] for f in usual["firedRules"]]
    assert next(f for f in urgent["firedRules"] if f["rule"]["id"] == "shopsAreUrgent") == {
        "rule": {"id": "shopsAreUrgent", "kind": "PRIORITY", "effect": "priority 1"},
        "itemId": None,
        "because": ["order.pieces = 3", "order.channel = retail"],
    }


async def test_a_rule_is_kept_only_while_it_is_in_force(rules: Rules) -> None:
    dated = {"notYet": "validFrom: 2999-01-01T00:00:00Z", "noLonger": "validUntil: 2020-01-01T00:00:00Z"}
    dated["now"] = "validFrom: 2020-01-01T00:00:00Z"
    key = await basket(rules)

    await rules.take("validation.yaml", "".join(rule("true", name=n, more=d) for n, d in dated.items()))

    assert dated.keys() <= {rule["id"] for rule in (await rules.book())["rules"]}
    assert await broken(rules, key) == ["now"]


async def test_a_change_with_one_bad_rule_is_refused_as_a_whole(rules: Rules) -> None:
    key, before = await basket(rules), await rules.book()
    bad_ones = {
        rule("order.colour == 'red'"): "rule bad: there is no order.colour",
        rule("weather == 'fine'"): "rule bad",
        rule("order.pieces >> 3"): "rule bad: `when` is no condition",
        rule("order.pieces > 3") * 2: "more than one rule has the id bad",
        "- id: [unclosed": "validation.yaml: while parsing",
    }

    for bad, said in bad_ones.items():
        assert said in await rules.refuse("validation.yaml", MANY + bad)
        now = await rules.book()
        assert (now["version"], now["rules"]) == (before["version"], before["rules"])
    assert await broken(rules, key) == []
    await rules.take("validation.yaml", MANY)
    assert "there is no operation 'billing.printMoney'" in await rules.refuse("decomposition.yaml", WORK)
    assert await broken(rules, key) == ["noThreeAtOnce"]


async def test_a_condition_that_is_neither_true_nor_false_is_refused(rules: Rules) -> None:
    assert "rule bad" in await rules.refuse("validation.yaml", rule("order.pieces + 1"))


@pytest.mark.parametrize(
    ("name", "added"),
    [
        ("validation.yaml", rule("10 / (order.pieces - 3) > 100", name="odd")),
        ("priority.yaml", f"- {{id: odd, when: '{NO_NUMBER}', priority: 1}}"),
        ("decomposition.yaml", f"- {{id: odd, when: '{NO_NUMBER}', tasks: []}}"),
    ],
)
async def test_a_rule_that_meets_an_order_it_cannot_judge_is_named(rules: Rules, name: str, added: str) -> None:
    key = await basket(rules)
    await rules.take(name, added)

    judged = await judge(rules, key)
    submitted = await rules.product.graphql(
        SUBMIT, {"id": key, "key": key}, token=rules.product.token(channel="retail")
    )

    assert (judged.errors, submitted.errors) == ([], [])
    payload = submitted.data["submitProductOrder"]
    assert payload["order"] or "odd" in [v["rule"] for e in payload["errors"] for v in e["violations"]], payload


async def test_nothing_in_a_rule_is_run_as_python(rules: Rules, tmp_path: Path) -> None:
    marker, version = tmp_path / "was-run", (await rules.book())["version"]
    conditions = (
        f'__import__("pathlib").Path("{marker}").touch() == null',
        "order.__class__.__name__ != ''",
    )
    bad_ones = [
        *map(rule, conditions),
        rule("order.pieces > 0", message="{order.__class__}"),
        f"- !!python/object/apply:os.mkdir ['{marker}']",
    ]

    for bad in bad_ones:
        assert await rules.refuse("validation.yaml", bad)
        assert (await rules.book())["version"] == version

    assert not marker.exists()


async def test_work_that_goes_round_in_a_circle_is_refused_with_the_circle(rules: Rules) -> None:
    await rules.take("decomposition.yaml", ROUND)

    placed = await place(rules.product, {"customerId": "cust-1102", "items": [MOBILE]})

    [error] = placed["errors"]
    assert (placed["order"], error["code"]) == (None, "VALIDATION_FAILED")
    [violation] = error["violations"]
    assert (violation["rule"], violation["path"]) == ("planPossible", "/items")
    assert "1/there → 1/back → 1/there" in violation["message"]


async def test_the_time_in_which_an_order_can_be_taken_back_is_a_rule(rules: Rules) -> None:
    product = rules.product
    bought = await until_state(product, await place_mobile(product, "cust-1065"), "COMPLETED")

    before = await foreseen_taking_back(product, bought["key"])
    await rules.take("takeback.yaml", AT_ONCE)
    after = await foreseen_taking_back(product, bought["key"])
    given = {"id": bought["key"], "expectedVersion": bought["version"], "idempotencyKey": "k", "reason": "withdraws"}
    refused = (await run(product, "90-take-back-an-order", {"input": given}))["takeBackProductOrder"]

    assert [error["code"] for error in before["errors"]] == ["VALIDATION_FAILED"], "no rule is about business customers"
    assert (after["possible"], refused["order"]) == (False, None)
    for error in (*after["errors"], *refused["errors"]):
        assert (error["__typename"], error["path"], error["until"]) == ("TooLate", "/id", bought["completedAt"])
        assert "business customers decide at once" in error["message"]
    assert len(after["errors"]) == len(refused["errors"]) == 1


async def foreseen_taking_back(product: Product, order_key: str) -> Json:
    return (await run(product, "89-preview-taking-back", {"id": order_key}))["previewTakeBack"]


async def test_whom_a_dealer_is_above_decides_at_once_what_each_of_its_channels_is_told(rules: Rules) -> None:
    product = rules.product
    above, below, other = (product.token(Role.DEALER, f"dealer-{n}") for n in (1, 2, 3))
    orders = "{ productOrders { nodes { key } } }"

    async def seen() -> set[str]:
        nodes = (await product.graphql(orders, token=above)).whole()["productOrders"]["nodes"]
        return {node["key"] for node in nodes}

    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving())
        given = {"input": {"idempotencyKey": key(), "callback": receiver.url, "query": f"eventType={CREATED}"}}
        webhook = (await run(product, "105-register-a-webhook", given, token=above))["registerWebhook"]["webhook"]
        socket = await stack.enter_async_context(product.subscribed(CREATIONS, token=above))
        stream = await stack.enter_async_context(product.events(CREATIONS, {}, Authorization=f"Bearer {above}"))
        by_socket: list[str] = []
        by_stream: list[str] = []
        following = [
            asyncio.create_task(follow_socket(socket, by_socket.append)),
            asyncio.create_task(follow_stream(stream, by_stream.append)),
        ]

        async def told(order_key: str) -> None:
            """Each has been told of this order, and so has judged those before it by the rules of then."""

            async def by_all() -> bool:
                return all(order_key in heard for heard in (by_socket, by_stream, receiver.orders()))

            await until(by_all)

        early = await place_mobile(product, "cust-1003", token=below)
        own = await place_mobile(product, "cust-1003", token=above)
        assert await seen() == {own}
        await told(own)

        await rules.take("dealers.yaml", "\ndealer-1: [dealer-0]\ndealer-0: [dealer-2]\n", by_worker=True)
        late = await place_mobile(product, "cust-1003", token=below)
        assert await seen() == {own, early, late}
        await told(late)
        await rules.take("dealers.yaml", "\ndealer-1: [dealer-3]\n", by_worker=True)
        await place_mobile(product, "cust-1003", token=below)
        gained = await place_mobile(product, "cust-1003", token=other)
        assert await seen() == {own, gained}
        await told(gained)

        assert [by_socket, by_stream, receiver.orders()] == [[own, late, gained]] * 3
        for task in following:
            task.cancel()
        gone = {"input": {"idempotencyKey": key(), "id": webhook["id"]}}
        await run(product, "108-unregister-a-webhook", gone, token=above)
    assert "dealer-1 is below itself" in await rules.refuse(
        "dealers.yaml", "\ndealer-1: [dealer-2]\ndealer-2: [dealer-1]\n"
    )


async def follow_socket(results: AsyncIterator[Json], hear: Callable[[str], None]) -> None:
    async for result in results:
        hear(result["data"]["productOrderEvents"]["orderKey"])


async def follow_stream(stream: StreamReader, hear: Callable[[str], None]) -> None:
    async for line in stream:
        if line.startswith(b"data: {"):
            hear(json.loads(line.removeprefix(b"data: "))["data"]["productOrderEvents"]["orderKey"])
