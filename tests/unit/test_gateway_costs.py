"""What operations cost before they run, who has spent how much, and what answers say of it."""

import asyncio
from typing import Any

import pytest
import strawberry
from graphql import parse

from app.gateway.clients import Throttle
from app.gateway.costs import Costs
from app.gateway.documents import Documents
from app.gateway.errors import Refused
from app.gateway.execution.executor import Executor
from app.gateway.limits import Limits
from resolvers.demand import PAGE, ListSize, declared, listed
from resolvers.fields import resolved
from tests.unit.gateway_toy import running

STRICT = ListSize(slicing_arguments=["first"], sized_fields=["nodes"])
SLICED = ListSize(assumed_size=50, slicing_arguments=["slice.first"], require_one_slicing_argument=False)


@strawberry.interface
class Animal:
    name: str

    @strawberry.field
    def young(self) -> list["Animal"]:
        return []


@strawberry.type
class Cat(Animal):
    purr = resolved(str, lambda: "", "", weight=7)


@strawberry.type(directives=declared(3))
class Dog(Animal):
    bark = resolved(str, lambda: "", "", weight=2)


@strawberry.type
class Page:
    nodes: list[Animal]
    total = resolved(int, lambda: 0, "", weight=10)


@strawberry.input
class Slice:
    first: int = 2


def _first(first: int = 20) -> Page:
    return Page(nodes=[])


def _by_ids(ids: list[str]) -> list[Animal]:
    return []


def _sliced(slice: Slice | None = None) -> list[Animal]:
    return []


@strawberry.type
class Query:
    strict = resolved(Page, _first, "", size=STRICT)
    page = resolved(Page, _first, "", size=PAGE)
    by_ids = resolved(list[Animal], _by_ids, "", size=listed("ids"))
    sliced = resolved(list[Animal], _sliced, "", size=SLICED)

    @strawberry.field
    def dog(self) -> Dog:
        return Dog(name="")

    @strawberry.field
    def animal(self) -> Animal:
        return Dog(name="")


SCHEMA = strawberry.Schema(Query, types=[Cat, Dog])
COSTS = Costs(SCHEMA._schema)


def cost(text: str, **variables: object) -> int:
    document = parse(text)
    return COSTS.compile(document, document.definitions[-1]).of(variables)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{ __typename }", {}, 1),
        ("{ dog { name } }", {}, 3),
        ("{ dog { bark } }", {}, 5),
        ("{ animal { name ... on Cat { purr } ... on Dog { bark } } }", {}, 1 + 7),
        ("{ animal { ... on Animal { young { name } } ... on Cat { purr } } }", {}, 1 + 5 + 7),
        ("{ animal { young { young { name } } } }", {}, 1 + 5 * (1 + 5)),
        ("{ page { nodes { name } total } }", {}, 1 + 20 + 10),
        ("{ page(first: 3) { nodes { name young { name } } total } }", {}, 1 + 3 * 6 + 10),
        ("query($n: Int!) { page(first: $n) { nodes { name } } }", {"n": 7}, 1 + 7),
        ("query($n: Int = 4) { page(first: $n) { nodes { name } } }", {}, 1 + 4),
        ("query($n: Int) { page(first: $n) { nodes { name } } }", {}, 1 + 20),
        ("query($n: Int!) { page(first: $n) { nodes { name } } }", {"n": "much"}, 1 + 5),
        ("query($n: Int!) { page(first: $n) { nodes { name } } }", {"n": -9}, 1),
        ("query($n: Int!) { page(first: $n) { nodes { name } } }", {"n": 10**400}, 1 + 10**12),
        ("{ strict(first: 3) { nodes { name } } }", {}, 1 + 3),
        ('{ byIds(ids: ["a", "b"]) { name } }', {}, 2),
        ("query($ids: [String!]!) { byIds(ids: $ids) { name } }", {"ids": ["a"] * 9}, 9),
        ("{ sliced(slice: {first: 3}) { name } }", {}, 3),
        ("query($n: Int!) { sliced(slice: {first: $n}) { name } }", {"n": 8}, 8),
        ("query($s: Slice) { sliced(slice: $s) { name } }", {"s": {"first": 6}}, 6),
        ("{ sliced { name } }", {}, 50),
        (
            "fragment P on Page { nodes { ...A } } fragment A on Animal { young { name } }"
            " query($n: Int!) { a: page(first: $n) { ...P } b: page(first: 2) { ...P } }",
            {"n": 10},
            1 + 10 * 6 + 1 + 2 * 6,
        ),
        ("query($yes: Boolean!) { page { nodes { name } total @include(if: $yes) } }", {"yes": False}, 1 + 20),
        ("query($no: Boolean!) { page @skip(if: $no) { total } dog { name } }", {"no": True}, 3),
        ("{ page @skip(if: true) { total } dog @include(if: true) { name } }", {}, 3),
        ("{ __schema { types { name } } }", {}, 10),
    ],
)
def test_what_an_operation_costs(document: str, variables: dict[str, Any], expected: int) -> None:
    assert cost(document, **variables) == expected


def test_exactly_one_slicing_argument_is_required_where_that_is_declared() -> None:
    with pytest.raises(Refused):
        cost("{ strict { nodes { name } } }")


def doubling(levels: int) -> str:
    """Fragments that each spread the next one three times."""
    parts = [f"fragment F{n} on Animal {{ ...F{n + 1} ...F{n + 1} young {{ ...F{n + 1} }} }}" for n in range(levels)]
    query = "query($n: Int!) { page(first: $n) { nodes { ...F0 } } }"
    return "".join(parts) + f"fragment F{levels} on Animal {{ name }} {query}"


def test_fragments_that_spread_each_other_are_weighed_each_once() -> None:
    assert cost(doubling(3), n=1) == 1 + 1 + 285  # each costs 2 times the next and 5 times (1 + the next)
    assert cost(doubling(100), n=1) == 10**15  # more than any limit: spread out, they would never end


def test_fragments_too_deep_to_weigh_are_refused_and_no_fault() -> None:
    with pytest.raises(Refused):
        cost(doubling(2000), n=1)


async def test_answers_say_what_was_spent_and_what_is_left() -> None:
    async with running(limits=Limits(cost_bucket=10, cost_restored=0.001, cost=8)) as toy:
        _, body = await toy.post("{ again { again { me } } }")
        throttle = {"maximumAvailable": 10, "currentlyAvailable": 8, "restoreRate": 0.001}
        assert body["extensions"] == {"cost": {"requested": 2, "max": 8, "throttleStatus": throttle}}
        async with toy.socket() as ws:
            await ws.send_json({"id": "1", "type": "subscribe", "payload": {"query": "subscription { count(to: 2) }"}})
            assert [(await ws.receive_json())["type"] for _ in range(3)] == ["next", "next", "complete"]
        _, body = await toy.post("{ me }")  # the subscription has cost 1 in all
        assert body["extensions"] == {
            "cost": {"requested": 1, "max": 8, "throttleStatus": throttle | {"currentlyAvailable": 6}}
        }

    async with running(limits=Limits(cost_shown=False)) as toy:
        assert "extensions" not in (await toy.post("{ me }"))[1]


@pytest.mark.parametrize("media", ["application/json", "application/graphql-response+json"])
async def test_who_has_spent_all_waits_and_is_told_how_long(media: str) -> None:
    async with running(limits=Limits(cost_bucket=3, cost_restored=0.001)) as toy:
        assert (await toy.post("{ again { again { again { me } } } }"))[0] == 200
        query = {"query": "{ again { again { me } } }"}
        async with toy.http.post("/graphql", json=query, headers={"Accept": media}) as answer:
            assert answer.status == 429
            assert 1900 < int(answer.headers["Retry-After"]) <= 2000  # some of it comes back meanwhile
            extensions = (await answer.json())["errors"][0]["extensions"]
        assert extensions["code"] == "RATE_LIMITED"
        assert extensions["cost"]["requested"] == 2
        assert extensions["cost"]["throttleStatus"]["maximumAvailable"] == 3


async def test_who_sends_again_and_again_what_is_refused_has_to_wait_and_nobody_else_has() -> None:
    async with running(limits=Limits(cost_bucket=200, cost_restored=1)) as toy:
        wrong = "{ " + "nothingOfThatName " * 10 + "}"
        assert [(await toy.post(wrong))[0] for _ in range(4)] == [200, 200, 429, 429]  # application/json
        assert (await toy.post("{ me }"))[0] == 429
        other = {"Authorization": f"Bearer {'x' * 36}"}
        async with toy.http.post("/graphql", json={"query": "{ me }"}, headers=other) as answer:
            assert answer.status == 200


async def test_a_role_may_have_a_cost_limit_of_its_own() -> None:
    async with running(limits=Limits(cost=1, cost_of_role={"agent": 2})) as toy:
        assert "errors" not in (await toy.post("{ again { again { me } } }"))[1]
        _, body = await toy.post("{ again { again { again { me } } } }")
        assert body["errors"] == [
            {"message": "The operation costs 3; at most 2 is allowed.", "extensions": {"code": "COST_LIMIT_EXCEEDED"}}
        ]


def test_what_was_spent_comes_back_over_time_and_clients_do_not_share_it() -> None:
    now = 0.0
    limits = Limits(cost_bucket=10, cost_restored=2)
    throttle = Throttle(limits, clock=lambda: now)
    assert throttle.take(("ada", ""), 8).available == 2
    with pytest.raises(Refused) as refused:
        throttle.take(("ada", ""), 5)
    assert refused.value.retry_after == 2  # 3 are missing, 2 come back in a second
    assert throttle.take(("bo", ""), 8).available == 2
    now = 1.5
    assert throttle.take(("ada", ""), 5).available == 0
    now = 100.0
    assert throttle.take(("ada", ""), 50).available == 0  # dearer than the whole bucket: all of it
    throttle.charge(("ada", ""), 50)  # it has been done: a whole bucket more than there was
    with pytest.raises(Refused) as refused:
        throttle.admit(("ada", ""))
    assert refused.value.retry_after == 5
    throttle.admit(("bo", ""))
    now = 105.0
    throttle.admit(("ada", ""))


async def test_the_estimate_of_a_repeated_document_is_computed_and_not_compiled() -> None:
    documents = Documents(Executor(SCHEMA).schema, Limits())
    text = "query($n: Int!) { page(first: $n) { nodes { name } } }"
    assert documents.operation(text, None).cost is documents.operation(text, None).cost


async def test_costly_operations_of_a_client_take_turns_and_nobody_else_waits() -> None:
    async with running(limits=Limits(costly=2, costly_at_once=1)) as toy, toy.socket() as ws:

        async def ask(number: str, query: str) -> None:
            await ws.send_json({"id": number, "type": "subscribe", "payload": {"query": query}})

        costly = "{ again { again { slow } } }"
        for number in ("first", "second", "given up"):
            await ask(number, costly)
        await ask("cheap", "{ me }")
        assert (await ws.receive_json())["id"] == "cheap"
        assert toy.world.watching == 1, "the second one waits for the first"

        other = {"Authorization": f"Bearer {'x' * 36}"}
        theirs = asyncio.create_task(toy.http.post("/graphql", json={"query": costly}, headers=other))
        await toy.world.until_watched_by(2)
        await ws.send_json({"id": "given up", "type": "complete"})
        await ask("cheap again", "{ me }")
        told = [(await ws.receive_json())["id"] for _ in range(3)]
        toy.world.slow_may_answer.set()

        assert (await theirs).status == 200
        told += [(await ws.receive_json())["id"] for _ in range(4)]
        assert told == ["cheap", "cheap again", "cheap again", "first", "first", "second", "second"]
