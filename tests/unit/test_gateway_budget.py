"""What takes too long is given up; what has begun to write is not; who may see the schema."""

import asyncio

import pytest
from graphql import get_introspection_query

from app.gateway.limits import Limits
from tests.unit.gateway_toy import Toy, running
from tests.unit.test_gateway_every_limit import counted

SOON = Limits(operation_seconds=0.05, cost_shown=False)


async def test_a_query_that_takes_too_long_is_given_up_with_what_it_waits_for() -> None:
    async with running(limits=SOON) as toy:
        before = counted("operation_seconds", "refused")
        status, body = await toy.post("{ me a: never b: never }")
        assert (status, body["errors"]) == (
            504,
            [
                {
                    "message": "The operation has taken 0.05 seconds; it may not take longer.",
                    "extensions": {"code": "OPERATION_TIMED_OUT"},
                }
            ],
        )
        await toy.world.until_watched_by(0)
        assert toy.world.abandoned == 1
        assert counted("operation_seconds", "refused") == before + 1
        assert (await toy.post("{ me }"))[0] == 200


async def test_a_mutation_that_takes_too_long_is_carried_out_and_its_caller_told_so() -> None:
    async with running(limits=SOON) as toy:
        status, body = await toy.post("mutation { writeSlowly }")
        assert (status, body["errors"][0]["extensions"]["code"]) == (504, "OPERATION_TIMED_OUT")  # type: ignore[index]
        assert "idempotency key" in str(body["errors"])
        assert toy.world.written == []
        await toy.world.watch(-1)
        await toy.world.until_watched_by(1)
        assert toy.world.written == ["slowly"]


async def test_a_mutation_whose_caller_goes_away_is_carried_out() -> None:
    async with running() as toy:
        async with toy.socket() as ws:
            await ws.send_json({"id": "1", "type": "subscribe", "payload": {"query": "mutation { writeSlowly }"}})
            await toy.world.until_watched_by(1)
        await toy.world.watch(-1)
        await toy.world.until_watched_by(1)
        assert toy.world.written == ["slowly"]


async def test_subscriptions_may_last() -> None:
    async with running(limits=SOON) as toy, toy.socket() as ws:
        await ws.send_json({"id": "1", "type": "subscribe", "payload": {"query": "subscription { forever }"}})
        assert (await ws.receive_json())["type"] == "next"
        assert (await toy.post("{ never }"))[0] == 504  # that much time has passed since
        await ws.send_json({"type": "ping"})
        assert (await ws.receive_json())["type"] == "pong"


async def test_a_budget_that_is_only_watched_is_noted_when_it_is_over() -> None:
    async with running(limits=Limits(operation_seconds=0.01, warn_only="operation_seconds")) as toy:
        before = counted("operation_seconds", "warned")
        asking = asyncio.create_task(toy.post("mutation { writeSlowly }"))
        await toy.world.until_watched_by(1)
        await asyncio.sleep(0.02)
        await toy.world.watch(-1)
        assert (await asking)[0] == 200
        assert counted("operation_seconds", "warned") == before + 1


INTROSPECTIONS = (
    get_introspection_query(),
    '{ __type(name: "Query") { name } }',
    "{ ...F } fragment F on Query { ... { __schema { types { name } } } }",
)


async def code_of(toy: Toy, query: str) -> object:
    _, body = await toy.post(query)
    return body["errors"][0]["extensions"]["code"] if "errors" in body else None  # type: ignore[index]


@pytest.mark.parametrize("query", INTROSPECTIONS)
async def test_the_schema_is_told_to_roles_that_may_ask_for_it(query: str) -> None:
    async with running(introspection_roles=["agent"]) as toy:
        assert await code_of(toy, query) is None
    async with running(introspection_roles=["developer"]) as toy:
        assert await code_of(toy, query) == "INTROSPECTION_NOT_ALLOWED"
        assert await code_of(toy, "{ __typename me }") is None


@pytest.mark.parametrize(
    ("query", "variables", "told"),
    [
        ("{ helo }", {}, " Did you mean 'hello'?"),
        ("query($f: Filter!) { search(filter: $f) }", {"f": {"txt": "x"}}, " Did you mean 'text'?"),
    ],
)
async def test_what_may_have_been_meant_is_told_to_them_only(query: str, variables: object, told: str) -> None:
    messages = []
    for roles in (["agent"], ["developer"]):
        async with running(introspection_roles=roles) as toy:
            _, body = await toy.post(query, variables=variables)
            messages.append(str(body["errors"][0]["message"]))  # type: ignore[index]
    assert told in messages[0]
    assert messages[1] == messages[0].replace(told, "")
