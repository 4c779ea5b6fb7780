"""Limits at, below and above; documents checked once; readiness."""

import pytest
from graphql import get_introspection_query, parse

from app.gateway.documents import Documents
from app.gateway.errors import Code, Refused
from app.gateway.execution.executor import Executor
from app.gateway.health import Dependency, Status
from app.gateway.limits import Limits
from app.gateway.size import has_more_tokens, json_deeper_than, measure
from tests.unit.gateway_toy import SCHEMA, running


def documents(**limits: int) -> Documents:
    return Documents(Executor(SCHEMA).schema, Limits(**limits))


def refusal(kept: Documents, text: str) -> Code | None:
    try:
        kept.operation(text, None)
    except Refused as refused:
        return refused.code
    return None


def nested(depth: int) -> str:
    return "{" + "again {" * (depth - 1) + "hello" + "}" * depth


@pytest.mark.parametrize(
    ("limits", "document", "code"),
    [
        ({"depth": 3}, nested(2), None),
        ({"depth": 3}, nested(3), None),
        ({"depth": 3}, nested(4), Code.DEPTH_LIMIT_EXCEEDED),
        ({"depth": 3}, "{ again { ...F } } fragment F on Query { again { hello } }", None),
        ({"depth": 3}, "{ again { ...F } } fragment F on Query { again { again { hello } } }", "DEPTH_LIMIT_EXCEEDED"),
        ({"depth": 3}, "{ ... { again { ... on Query { again { ... { hello } } } } } }", None),
        ({"depth": 1}, "query A { hello } query B { again { hello } }", "DEPTH_LIMIT_EXCEEDED"),
        ({"aliases": 2}, "{ a: hello }", None),
        ({"aliases": 2}, "{ a: hello b: hello }", None),
        ({"aliases": 2}, "{ a: hello b: hello c: hello }", Code.ALIAS_LIMIT_EXCEEDED),
        ({"aliases": 2}, "{ ...F again { ...F } } fragment F on Query { a: hello }", None),
        (
            {"aliases": 2},
            "{ ...F again { ...F again { ...F } } } fragment F on Query { a: hello }",
            "ALIAS_LIMIT_EXCEEDED",
        ),
        ({"tokens": 4}, "{ me }", None),
        ({"tokens": 4}, "{ me hello }", None),
        ({"tokens": 4}, "{ me hello again }", Code.TOKEN_LIMIT_EXCEEDED),
        ({"depth": 5000}, nested(400), Code.DEPTH_LIMIT_EXCEEDED),  # the parser's own
        ({}, "{ hello(name: " + "[" * 2000 + "]" * 2000 + ") }", Code.DEPTH_LIMIT_EXCEEDED),
    ],
)
def test_a_document_is_refused_above_a_limit_only(limits: dict[str, int], document: str, code: Code | None) -> None:
    found = refusal(documents(**limits), document)
    # which operation of several is meant is not asked in these cases
    assert (None if found is Code.OPERATION_RESOLUTION_FAILURE else found) == code


@pytest.mark.parametrize(
    ("value", "levels"), [(1, 0), ({}, 1), ([1, 2], 1), ({"a": [1]}, 2), ([[], [[], [1]]], 3), ({"a": {"b": "c"}}, 2)]
)
def test_json_depth_counts_levels_of_objects_and_lists(value: object, levels: int) -> None:
    assert [limit for limit in range(6) if json_deeper_than(value, limit)] == list(range(levels))


async def test_the_json_limit_of_a_request_is_exact() -> None:
    async with running(limits=Limits(json_depth=3)) as toy:
        assert (await toy.post("{ hello }", variables={"a": [1]}))[0] == 200
        assert (await toy.post("{ hello }", variables={"a": [[1]]}))[0] == 400


def doubling(levels: int, field: str) -> str:
    """Fragments that each spread the next one twice: 2^levels fields when spread out."""
    parts = [f"fragment F{n} on Query {{ {field} ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return "{ ...F0 }" + "".join(parts) + f"fragment F{levels} on Query {{ {field} }}"


def test_fragments_that_spread_each_other_are_measured_each_once() -> None:
    size = measure(parse(doubling(800, "a: hello")))
    assert size.aliases == 2**801 - 1  # spread out, they would never end
    assert refusal(documents(), doubling(400, "a: hello")) is Code.ALIAS_LIMIT_EXCEEDED


def test_a_chain_of_fragments_too_long_to_check_is_refused_and_not_a_fault() -> None:
    chain = "".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(1100)) + "fragment F1100 on Query { me }"
    assert refusal(documents(fragment_spreads=5000), "{ ...F0 }" + chain) is Code.GRAPHQL_VALIDATION_FAILED


def test_comparing_fields_of_one_name_is_limited() -> None:
    def repeated(times: int) -> str:
        return "{ again {" + "again { hello } " * times + "} }"

    assert refusal(documents(), repeated(50)) is None
    assert refusal(documents(), repeated(400)) is Code.GRAPHQL_VALIDATION_FAILED  # valid, but 80,000 comparisons


def test_an_unknown_or_circular_fragment_is_left_to_validation() -> None:
    assert refusal(documents(), "{ ...Nobody }") is Code.GRAPHQL_VALIDATION_FAILED
    circle = "{ ...A } fragment A on Query { a: hello ...B } fragment B on Query { ...A }"
    assert refusal(documents(aliases=1), circle) is Code.GRAPHQL_VALIDATION_FAILED


def test_introspection_as_graphiql_asks_it_is_within_the_limits() -> None:
    query = get_introspection_query(specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True)
    assert refusal(documents(), query) is None


async def test_a_document_is_checked_once_however_often_it_is_sent() -> None:
    async with running() as toy:
        kept: Documents = toy.app.state.gateway.documents
        query = "query A($n: String!) { hello(name: $n) } query B { me }"
        for name in ("Ada", "Bo", "Cy"):
            status, body = await toy.post(query, operationName="A", variables={"n": name})
            assert (status, body) == (200, {"data": {"hello": f"Hello {name}"}})
        assert kept.validations == 1
        assert await toy.post(query, operationName="B") == (200, {"data": {"me": "ada"}})
        assert kept.validations == 2
        async with toy.socket() as ws:
            await ws.send_json({"id": "1", "type": "subscribe", "payload": {"query": query, "operationName": "B"}})
            assert (await ws.receive_json())["payload"] == {"data": {"me": "ada"}}
        assert kept.validations == 2


def test_what_was_not_used_longest_is_forgotten_first_and_the_rest_is_bounded() -> None:
    kept = documents(cached_characters=1000)
    texts = [f'{{ hello(name: "{n:04}") }}' for n in range(60)]
    assert len(texts[0]) == 23
    for text in texts[:43]:
        kept.operation(text, None)
    assert kept.validations == 43
    kept.operation(texts[0], None)
    kept.operation(texts[43], None)  # drives out texts[1], as texts[0] was used again
    kept.operation(texts[0], None)
    assert kept.validations == 44
    kept.operation(texts[1], None)
    assert kept.validations == 45


def test_a_huge_document_is_checked_each_time_and_drives_nobody_out() -> None:
    kept = documents(cached_characters=1000)
    small, huge = "{ me }", "{ me }" + " " * 60
    kept.operation(small, None)
    kept.operation(huge, None)
    kept.operation(huge, None)
    kept.operation(small, None)
    assert kept.validations == 3


def test_an_invalid_document_is_not_kept() -> None:
    kept = documents()
    for _ in range(2):
        assert refusal(kept, "{ helo }") is Code.GRAPHQL_VALIDATION_FAILED
    assert kept.validations == 2
    assert kept.kept == 0


UP, DEGRADED, DOWN = Status.UP, Status.DEGRADED, Status.DOWN


@pytest.mark.parametrize(
    ("store", "temporal", "backends", "http", "status"),
    [
        (UP, UP, UP, 200, "up"),
        (UP, UP, DEGRADED, 200, "degraded"),
        (UP, UP, DOWN, 200, "degraded"),
        (DEGRADED, UP, UP, 200, "degraded"),
        (DOWN, UP, UP, 503, "down"),
        (UP, DOWN, DOWN, 503, "down"),
    ],
)
async def test_readiness_follows_what_orderway_cannot_do_without(
    store: Status, temporal: Status, backends: Status, http: int, status: str
) -> None:
    async with running(signed_in=False) as toy:
        toy.world.healthy.update(
            store=Dependency(store),
            temporal=Dependency(temporal),
            backends=Dependency(backends, required=False, detail={"catalog": {"breaker": "closed"}}),
        )
        async with toy.http.get("/health/ready") as answer:
            assert answer.status == http
            assert await answer.json() == {
                "status": status,
                "dependencies": {
                    "store": {"status": store},
                    "temporal": {"status": temporal},
                    "backends": {"status": backends, "catalog": {"breaker": "closed"}},
                },
            }
        async with toy.http.get("/health/live") as answer:
            assert answer.status == 200


def test_tokens_are_counted_as_the_parser_counts_them_and_each_character_once() -> None:
    text = '{ a(b: "x \\" # y", c: -1.5e3, d: [$e]) ...F @g # no token\n } fragment F on Q { h(i: """j "" \\""" k""") }'
    tokens = parse(text).token_count
    hostile = '"""' + '\n\\"""' * 200_000

    assert [has_more_tokens(text, most) for most in (tokens - 1, tokens)] == [True, False]
    assert not has_more_tokens(hostile, 1)
