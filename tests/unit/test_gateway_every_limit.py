"""Every limit below, at and above; refused, or only watched; counted each time."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from app.limits import LIMITS, Limits
from tests.unit.gateway_toy import Toy, running

Send = Callable[[Toy, int], Awaitable[str | None]]
"""Asks for so much of what a limit is about; gives the code of the refusal."""

FRAGMENT = "fragment F on Query { me }"


def asked(document: Callable[[int], str], **parameters: Callable[[int], object]) -> Send:
    """A request whose document, and whose further parameters, are made for a size."""

    async def send(toy: Toy, size: int) -> str | None:
        return await code_of(toy, document(size), {name: make(size) for name, make in parameters.items()})

    return send


async def code_of(toy: Toy, query: str, parameters: Mapping[str, object], token: str = "valid") -> str | None:
    headers = {"Authorization": f"Bearer {token}"}
    async with toy.http.post("/graphql", json={"query": query} | dict(parameters), headers=headers) as answer:
        body = await answer.json()
    match body.get("errors"):
        case [{"extensions": {"code": str(code)}}, *_]:
            return code
        case _:
            assert body["data"] is not None
            return None


async def body_of(toy: Toy, size: int) -> str | None:
    body = b'{"query": "{ me }"}'
    async with toy.http.post(
        "/graphql", data=body + b" " * (size - len(body)), headers={"Content-Type": "application/json"}
    ) as answer:
        return (await answer.json()).get("errors", [{"extensions": {"code": None}}])[0]["extensions"]["code"]  # type: ignore[no-any-return]


async def batch_of(toy: Toy, size: int) -> str | None:
    async with toy.http.post("/batch", data=b" " * size) as answer:
        told = await answer.json()
        return None if told == size else told["errors"][0]["extensions"]["code"]


async def on_one_socket(toy: Toy, size: int) -> str | None:
    async with toy.socket() as ws:
        for number in range(size):
            payload = {"query": "subscription { forever }"}
            await ws.send_json({"id": str(number), "type": "subscribe", "payload": payload})
            told = await ws.receive_json()
        await ws.close()
    await toy.world.until_watched_by(0)
    return told["payload"][0]["extensions"]["code"] if told["type"] == "error" else None


async def on_many_sockets(toy: Toy, size: int) -> str | None:
    async with AsyncExitStack() as stack:
        for _ in range(size):
            ws = await stack.enter_async_context(toy.socket())
            await ws.send_json({"id": "1", "type": "subscribe", "payload": {"query": "subscription { forever }"}})
            told = await ws.receive_json()
    await toy.world.until_watched_by(0)
    return told["payload"][0]["extensions"]["code"] if told["type"] == "error" else None


async def on_many_streams(toy: Toy, size: int) -> str | None:
    forever, events = {"query": "subscription { forever }"}, {"Accept": "text/event-stream"}
    async with AsyncExitStack() as stack:
        for _ in range(size):
            answer = await stack.enter_async_context(toy.http.post("/graphql", json=forever, headers=events))
            told = json.loads((await answer.content.readuntil(b"}\n\n")).partition(b"data: ")[2])
    await toy.world.until_watched_by(0)
    return told["errors"][0]["extensions"]["code"] if "errors" in told else None


async def one_by_one(toy: Toy, size: int) -> str | None:
    """Operations that cost 1 each, of a client that has asked for nothing yet."""
    client = f"{uuid4()}"
    codes = [await code_of(toy, "{ me }", {}, client) for _ in range(size)]
    assert not any(codes[:-1])
    return codes[-1]


async def in_one_request(toy: Toy, size: int) -> str | None:
    async with toy.http.post("/graphql", json=[{"query": "{ me }"}] * size) as answer:
        told = await answer.json()
    return told["errors"][0]["extensions"]["code"] if "errors" in told else None


async def on_reserved_streams(toy: Toy, size: int) -> str | None:
    code = None
    tokens = []
    for _ in range(size):
        async with toy.http.put("/graphql") as answer:
            if answer.status == 201:
                tokens.append(await answer.text())
            else:
                code = (await answer.json())["errors"][0]["extensions"]["code"]
    for token in tokens:  # who opens them may reserve others
        async with toy.http.get("/graphql", params={"token": token}) as answer:
            assert answer.status == 200
    return code


def nested(levels: int) -> list[object]:
    return [nested(levels - 1)] if levels > 1 else []


def plain(_: int) -> str:
    return 'query($text: String = "") { hello(name: $text) }'


ROWS: Final[dict[str, tuple[int, tuple[Send, ...]]]] = {
    "body_bytes": (400, (body_of,)),
    "batch_bytes": (400, (batch_of,)),
    "json_depth": (4, (asked(plain, extensions=lambda n: {"a": nested(n - 2)}),)),
    "tokens": (10, (asked(lambda n: "{" + " me" * (n - 2) + "}"),)),
    "operations": (
        3,
        (asked(lambda n: " ".join(f"query Q{i} {{ me }}" for i in range(n)), operationName=lambda _: "Q0"),),
    ),
    "depth": (
        3,
        (
            asked(lambda n: "{" + "again {" * (n - 1) + "me" + "}" * n),
            asked(lambda n: "{ again { ...G } } fragment G on Query {" + "again {" * (n - 2) + "me" + "}" * (n - 1)),
        ),
    ),
    "fields": (
        5,
        (
            asked(lambda n: "{" + " me" * n + "}"),
            asked(lambda n: "{" + "again { ...F }" * ((n - 1) // 2) + " me" * (2 - n % 2) + "}" + FRAGMENT),
        ),
    ),
    "root_fields": (
        4,
        (asked(lambda n: "{" + " me" * n + "}"), asked(lambda n: "{ ... {" + " ...F" * n + "} }" + FRAGMENT)),
    ),
    "aliases": (
        4,
        (
            asked(lambda n: "{" + "".join(f" a{i}: me" for i in range(n)) + "}"),
            asked(lambda n: "{" + "".join(" again { ...G }" * n) + "} fragment G on Query { a: me }"),
        ),
    ),
    "directives": (
        4,
        (
            asked(lambda n: "{" + " me @skip(if: false)" * n + "}"),
            asked(lambda n: "{" + " again { ...G }" * n + "} fragment G on Query { me @skip(if: false) }"),
        ),
    ),
    "fragment_spreads": (
        4,
        (
            asked(lambda n: "{" + " ...F" * n + "}" + FRAGMENT),
            asked(lambda n: "{ ...G" + " ...F" * (n - 2) + "} fragment G on Query { ...F }" + FRAGMENT),
        ),
    ),
    "variables": (
        3,
        (
            asked(
                lambda n: (
                    "query(" + ", ".join(f'$v{i}: String = ""' for i in range(n)) + ") {"
                    "again {" + " ".join(f"a{i}: hello(name: $v{i})" for i in range(n)) + "} }"
                )
            ),
        ),
    ),
    "list_items": (
        3,
        (
            asked(lambda _: "query($t: [String!]!) { count(texts: $t) }", variables=lambda n: {"t": ["x"] * n}),
            asked(lambda n: "{ count(texts: [" + '"x" ' * n + "]) }"),
        ),
    ),
    "string_characters": (
        5,
        (
            asked(plain, variables=lambda n: {"text": "x" * n}),
            asked(lambda n: f'{{ hello(name: "{"x" * n}") }}'),
            asked(lambda n: f'query($t: String = "{"x" * n}") {{ hello(name: $t) }}'),
        ),
    ),
    "cost": (
        4,
        (
            asked(lambda n: "{" + " again { me }" * n + "}"),
            asked(lambda n: "{" + " ...G" * n + "} fragment G on Query { again { me } }"),
        ),
    ),
    "cost_bucket": (4, (one_by_one,)),
    "operations_per_connection": (2, (on_one_socket,)),
    "subscriptions": (2, (on_many_sockets, on_many_streams)),
    "operations_per_request": (2, (in_one_request,)),
    "reserved_streams": (2, (on_reserved_streams,)),
}
"""By limit: the number that it is set to, and the ways to come up to it."""


def counted(limit: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("orderway_limit_exceeded_total", {"limit": limit, "outcome": outcome}) or 0.0


def test_every_limit_is_tried() -> None:
    assert set(ROWS) | {"operation_seconds"} == set(LIMITS)  # time has a test of its own


@pytest.mark.parametrize("limit", ROWS)
async def test_a_limit_refuses_what_is_above_it_and_nothing_else(limit: str) -> None:
    most, ways = ROWS[limit]
    for send in ways:
        async with running(limits=Limits(**{limit: most}, cost_restored=0.001)) as toy:
            before = counted(limit, "refused")
            assert [await send(toy, size) for size in (most - 1, most)] == [None, None]
            assert counted(limit, "refused") == before
            assert await send(toy, most + 1) == LIMITS[limit].code
            assert counted(limit, "refused") == before + 1


@pytest.mark.parametrize("limit", ROWS)
async def test_a_limit_that_is_only_watched_lets_everything_through_and_says_so(limit: str) -> None:
    most, (send, *_) = ROWS[limit]
    async with running(limits=Limits(**{limit: most}, cost_restored=0.001, warn_only=limit)) as toy:
        before = counted(limit, "warned")
        assert await send(toy, most) is None
        assert counted(limit, "warned") == before
        for times in (1, 2):  # the second time, the document is known
            assert await send(toy, most + 1) is None
            assert counted(limit, "warned") == before + times
