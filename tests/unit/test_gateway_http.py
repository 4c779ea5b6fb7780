"""GraphQL over HTTP, against a real server: which status and media type answers what, and what stays hidden."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
import strawberry
from structlog.testing import capture_logs

from app.gateway.app import create_app
from app.gateway.limits import Limits
from tests.unit.gateway_toy import SCHEMA, Query, Toy, running

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with running(allowed_origins=["https://shop.example"]) as toy:
        yield toy


@dataclass
class Case:
    """A request, and the status and code of its answer as GraphQL's own media type and as plain JSON."""

    body: bytes | str | dict[str, object]
    modern: int
    legacy: int
    code: str | None
    content_type: str | None = JSON
    data: object = field(default=None)

    @property
    def sent(self) -> bytes:
        if isinstance(self.body, dict):
            return json.dumps(self.body).encode()
        return self.body.encode() if isinstance(self.body, str) else self.body


CASES = {
    "a query": Case({"query": "{ hello }"}, 200, 200, None, data={"hello": "Hello world"}),
    "nulls for optional parameters": Case(
        {"query": "{ hello }", "variables": None, "operationName": None, "extensions": None},
        200,
        200,
        None,
        data={"hello": "Hello world"},
    ),
    "utf-8 named": Case(
        {"query": "{ hello }"}, 200, 200, None, "application/json; charset=UTF-8", {"hello": "Hello world"}
    ),
    "chosen operation": Case(
        {"query": "query A { hello } query B { me }", "operationName": "B"}, 200, 200, None, data={"me": "ada"}
    ),
    "not JSON": Case("{", 400, 400, "BAD_REQUEST"),
    "no body": Case(b"", 400, 400, "BAD_REQUEST"),
    "not UTF-8": Case(b'{"query": "\xff"}', 400, 400, "BAD_REQUEST"),
    "half a surrogate pair": Case(b'{"query": "{ hello(name: \\"\\ud800\\") }"}', 400, 400, "BAD_REQUEST"),
    "a batch": Case("[]", 400, 400, "BAD_REQUEST"),
    "a string": Case('"{ hello }"', 400, 400, "BAD_REQUEST"),
    "no query": Case({"qeury": "{ hello }"}, 400, 400, "BAD_REQUEST"),
    "query is a number": Case({"query": 1}, 400, 400, "BAD_REQUEST"),
    "variables are a list": Case({"query": "{ hello }", "variables": [7]}, 400, 400, "BAD_REQUEST"),
    "operationName is a list": Case({"query": "{ hello }", "operationName": []}, 400, 400, "BAD_REQUEST"),
    "extensions are text": Case({"query": "{ hello }", "extensions": "x"}, 400, 400, "BAD_REQUEST"),
    "JSON nested beyond the parser": Case("[" * 5000, 400, 400, "BAD_REQUEST"),
    "JSON nested beyond the limit": Case(
        '{"query": "{ hello }", "variables": {"a": ' + "[" * 63 + "]" * 63 + "}}", 400, 400, "JSON_DEPTH_LIMIT_EXCEEDED"
    ),
    "query given twice": Case('{"query": "{ hello }", "query": "{ me }"}', 400, 400, "BAD_REQUEST"),
    "variables given twice": Case(
        '{"query": "{ hello }", "variables": {}, "variables": {"n": 1}}', 400, 400, "BAD_REQUEST"
    ),
    "the word query elsewhere": Case(
        {"query": "{ hello }", "variables": {"query": 1}, "extensions": {"query": 2}},
        200,
        200,
        None,
        data={"hello": "Hello world"},
    ),
    "a form": Case("query={hello}", 415, 415, "UNSUPPORTED_MEDIA_TYPE", "application/x-www-form-urlencoded"),
    "plain text": Case({"query": "{ hello }"}, 415, 415, "UNSUPPORTED_MEDIA_TYPE", "text/plain"),
    "another charset": Case(
        {"query": "{ hello }"}, 415, 415, "UNSUPPORTED_MEDIA_TYPE", "application/json; charset=utf-16"
    ),
    "no content type": Case({"query": "{ hello }"}, 415, 415, "UNSUPPORTED_MEDIA_TYPE", None),
    "syntax error": Case({"query": "{ hello"}, 400, 200, "GRAPHQL_PARSE_FAILED"),
    "empty document": Case({"query": ""}, 400, 200, "GRAPHQL_PARSE_FAILED"),
    "unknown field": Case({"query": "{ helo }"}, 400, 200, "GRAPHQL_VALIDATION_FAILED"),
    "fragments in a circle": Case(
        {"query": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"},
        400,
        200,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "no such operation": Case(
        {"query": "query A { hello }", "operationName": "B"}, 400, 200, "OPERATION_RESOLUTION_FAILURE"
    ),
    "which operation": Case({"query": "query A { hello } query B { me }"}, 400, 200, "OPERATION_RESOLUTION_FAILURE"),
    "a fragment only": Case({"query": "fragment A on Query { hello }"}, 400, 200, "OPERATION_RESOLUTION_FAILURE"),
    "missing variable": Case({"query": "query($n: String!) { hello(name: $n) }"}, 400, 200, "BAD_USER_INPUT"),
    "wrong variable": Case(
        {"query": "query($n: String!) { hello(name: $n) }", "variables": {"n": 3}}, 400, 200, "BAD_USER_INPUT"
    ),
    "a subscription": Case({"query": "subscription { count(to: 1) }"}, 406, 406, "SUBSCRIPTION_NEEDS_STREAM"),
}


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_post_answers_with_the_status_and_code_of_the_case(toy: Toy, case: Case, accept: str) -> None:
    headers = {"Accept": accept} | ({"Content-Type": case.content_type} if case.content_type else {})
    skip = () if case.content_type else ("Content-Type",)

    async with toy.http.post("/graphql", data=case.sent, headers=headers, skip_auto_headers=skip) as answer:
        body = json.loads(await answer.text())

        assert answer.status == (case.modern if accept == GRAPHQL else case.legacy)
        if case.code is None:
            assert body == {"data": case.data}
        else:
            assert {error["extensions"]["code"] for error in body["errors"]} == {case.code}
            assert "data" not in body
        assert answer.headers["Content-Type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.6", GRAPHQL),
        (f"{GRAPHQL};charset=utf-8, {JSON};charset=utf-8", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, */*", GRAPHQL),
        (f"{GRAPHQL};q=0, */*;q=0.1", JSON),
        ("APPLICATION/GRAPHQL-RESPONSE+JSON", GRAPHQL),
        (f"{JSON};q=nonsense, {GRAPHQL};q=0.1", GRAPHQL),
    ],
)
async def test_the_answer_has_the_media_type_that_the_client_likes_best(
    toy: Toy, accept: str | None, media: str
) -> None:
    headers, skip = ({"Accept": accept}, ()) if accept else ({}, ("Accept",))
    async with toy.http.post(
        "/graphql", json={"query": "{ hello }"}, headers=headers, skip_auto_headers=skip
    ) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == f"{media}; charset=utf-8"


@pytest.mark.parametrize("accept", ["image/png", f"{JSON};q=0", f"{GRAPHQL}; charset=latin-1"])
async def test_a_client_that_accepts_neither_media_type_is_told_so(toy: Toy, accept: str) -> None:
    async with toy.http.post("/graphql", json={"query": "{ hello }"}, headers={"Accept": accept}) as answer:
        assert answer.status == 406
        assert (await answer.json())["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize(
    ("parameters", "status", "expected"),
    [
        ({"query": "{ hello }"}, 200, {"hello": "Hello world"}),
        ({"query": "query($n: String!) { hello(name: $n) }", "variables": '{"n": "Bo"}'}, 200, {"hello": "Hello Bo"}),
        ({"query": "query A { hello } query B { me }", "operationName": "B"}, 200, {"me": "ada"}),
        ({"query": "{ hello }", "operationName": "", "variables": "", "extensions": ""}, 200, {"hello": "Hello world"}),
        ({"query": "{ hello }", "variables": "{"}, 400, "BAD_REQUEST"),
        ({"query": "{ hello }", "variables": "[]"}, 400, "BAD_REQUEST"),
        ([("query", "{ hello }"), ("query", "{ me }")], 400, "BAD_REQUEST"),
        ({}, 400, "BAD_REQUEST"),
        ({"query": "{ hello"}, 400, "GRAPHQL_PARSE_FAILED"),
        ({"query": "subscription { count(to: 1) }"}, 406, "SUBSCRIPTION_NEEDS_STREAM"),
    ],
)
async def test_get_answers_queries(
    toy: Toy, parameters: dict[str, str] | list[tuple[str, str]], status: int, expected: object
) -> None:
    async with toy.http.get("/graphql", params=parameters, headers={"Accept": GRAPHQL}) as answer:
        body = json.loads(await answer.text())
    assert answer.status == status
    assert (body["data"] if status == 200 else body["errors"][0]["extensions"]["code"]) == expected


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_a_mutation_needs_post(toy: Toy, method: str, accept: str) -> None:
    parameters = {"query": 'mutation { write(text: "by get") }'}
    async with toy.http.request(method, "/graphql", params=parameters, headers={"Accept": accept}) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"
    assert "by get" not in toy.world.written

    assert await toy.post('mutation { write(text: "by post") }') == (200, {"data": {"write": "by post"}})
    assert toy.world.written[-1] == "by post"


@pytest.mark.parametrize(
    ("authorization", "told"),
    [
        (None, "Sign in first."),
        ("Bearer nonsense", "Sign in first."),
        ("Bearer", "Authorization must be 'Bearer' and a token."),
        ("Basic YWRhOmFkYQ==", "Authorization must be 'Bearer' and a token."),
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_without_a_good_token_nothing_is_executed(authorization: str | None, told: str, accept: str) -> None:
    async with running(signed_in=False) as toy:
        headers = {"Accept": accept} | ({"Authorization": authorization} if authorization else {})
        mutation = {"query": 'mutation { write(text: "x") }'}
        async with toy.http.post("/graphql", json=mutation, headers=headers) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert json.loads(await answer.text()) == {
                "errors": [{"message": told, "extensions": {"code": "UNAUTHENTICATED"}}]
            }
        assert toy.world.written == []


async def test_an_issuer_out_of_reach_is_not_the_callers_fault(toy: Toy) -> None:
    headers = {"Authorization": "Bearer outage"}
    async with toy.http.post("/graphql", json={"query": "{ hello }"}, headers=headers) as answer:
        assert answer.status == 503
        assert (await answer.json())["errors"][0]["extensions"] == {"code": "AUTHENTICATION_UNAVAILABLE"}


async def test_an_unexpected_exception_is_masked_and_logged_once(toy: Toy) -> None:
    with capture_logs() as logged:
        headers = {"X-Correlation-ID": "case-7"}
        async with toy.http.post("/graphql", json={"query": "query Q { a: hidden me }"}, headers=headers) as answer:
            assert answer.status == 200
            text = await answer.text()

    assert json.loads(text) == {
        "data": {"a": None, "me": "ada"},
        "errors": [
            {
                "message": "Internal error",
                "locations": [{"line": 1, "column": 11}],
                "path": ["a"],
                "extensions": {"code": "INTERNAL_ERROR", "correlationId": "case-7"},
            }
        ],
    }
    errors = [event for event in logged if event["log_level"] == "error"]
    assert [(e["event"], e["operation_name"], e["path"], str(e["exc_info"])) for e in errors] == [
        ("internal_error", "Q", ["a"], "the password is swordfish")
    ]


@pytest.mark.parametrize("field", ["hidden", "required", "uncoded"])
async def test_nothing_of_an_unexpected_exception_reaches_the_client(toy: Toy, field: str) -> None:
    with capture_logs():
        status, body = await toy.post(f"{{ {field} }}")
    assert status == 200
    assert [error["message"] for error in body["errors"]] == ["Internal error"]  # type: ignore[attr-defined]
    assert "swordfish" not in str(body)
    assert "secrets" not in str(body)


async def test_errors_raised_on_purpose_reach_the_client_whole(toy: Toy) -> None:
    with capture_logs() as logged:
        async with toy.http.post(
            "/graphql", json={"query": "{ refused known }"}, headers={"X-Correlation-ID": "case-8"}
        ) as answer:
            body = await answer.json()

    assert body["data"] == {"refused": None, "known": None}
    assert [(e["message"], e["path"], e["extensions"]) for e in body["errors"]] == [
        ("Not for you.", ["refused"], {"code": "FORBIDDEN", "why": "role", "correlationId": "case-8"}),
        ("The shop is closed.", ["known"], {"code": "CLOSED", "correlationId": "case-8"}),
    ]
    assert logged == []


async def test_a_null_in_place_of_a_default_is_the_callers_mistake(toy: Toy) -> None:
    status, body = await toy.post('query($n: String = "x") { hello(name: $n) }', variables={"n": None})
    assert status == 200
    assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}  # type: ignore[index]


async def test_a_crash_beside_the_graph_is_masked_too(toy: Toy) -> None:
    with capture_logs() as logged:
        async with toy.http.get("/crash", headers={"X-Correlation-ID": "case-9"}) as answer:
            assert answer.status == 500
            assert await answer.json() == {
                "errors": [
                    {
                        "message": "Internal error",
                        "extensions": {"code": "INTERNAL_ERROR", "correlationId": "case-9"},
                    }
                ]
            }
    assert [(event["event"], event["path"]) for event in logged] == [("internal_error", "/crash")]


@pytest.mark.parametrize(("given", "kept"), [("order-17", True), ("x" * 129, False), ("a b", False), (None, False)])
async def test_a_plain_correlation_id_is_kept_and_any_other_replaced(toy: Toy, given: str | None, kept: bool) -> None:
    headers = {"X-Correlation-ID": given} if given else {}
    async with toy.http.post("/graphql", json={"query": "{ correlation }"}, headers=headers) as answer:
        returned = answer.headers["X-Correlation-ID"]
        assert (await answer.json())["data"] == {"correlation": returned}
    assert (returned == given) is kept
    assert toy.world.facts[-1].correlation_id == returned


async def test_the_callers_trace_goes_on(toy: Toy) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with toy.http.post("/graphql", json={"query": "{ trace }"}, headers={"traceparent": trace}) as answer:
        assert (await answer.json())["data"] == {"trace": trace}
    assert await toy.post("{ trace }") == (200, {"data": {"trace": None}})  # and is not left behind


async def test_a_body_without_declared_length_is_cut_off_at_the_limit() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"query": "{ hello }", "padding": "'
        for _ in range(3):
            yield b"x" * 500
        yield b'"}'

    async with running(limits=Limits(body_bytes=1000)) as toy:
        for path in ("/graphql", "/size"):
            async with toy.http.post(path, data=endless(), headers={"Content-Type": JSON}) as answer:
                assert answer.status == 413
                assert (await answer.json())["errors"][0]["extensions"]["code"] == "BODY_TOO_LARGE"


async def test_a_body_that_is_not_as_long_as_it_says() -> None:
    head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer valid\r\nContent-Type: {JSON}\r\n"
    async with running(limits=Limits(body_seconds=0.05)) as toy:
        host, port = toy.url.removeprefix("http://").split(":")
        for length, sent, status in ((30, '{"query": ', b" 408 "), (10, '{"query": "{ hello }"}', b" 400 ")):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"{head}Content-Length: {length}\r\n\r\n{sent}".encode())
            assert status in await reader.readuntil(b"\r\n")
            writer.close()
        # a client that goes before its body is whole is nobody's fault
        with capture_logs() as logged:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"{head}Content-Length: 30\r\n\r\n".encode())
            await writer.drain()
            writer.transport.abort()
            assert (await toy.post("{ hello }"))[0] == 200
        assert [event for event in logged if event["log_level"] == "error"] == []


async def test_the_body_limit_is_exact() -> None:
    async with running(limits=Limits(body_bytes=1000)) as toy:
        for size, status in ((1000, 200), (1001, 413)):
            async with toy.http.post("/size", data=b"x" * size) as answer:
                assert answer.status == status


async def test_a_client_that_sends_all_of_a_large_body_first_reads_why_it_was_refused() -> None:
    async with running(limits=Limits(body_bytes=1000)) as toy:
        host, port = toy.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: 20000000\r\n\r\n"
        writer.write(head.encode())
        for _ in range(20):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
        assert b" 413 " in await reader.readuntil(b"\r\n")
        writer.close()


async def test_answers_carry_security_headers_and_are_not_stored(toy: Toy) -> None:
    async with toy.http.post("/graphql", json={"query": "{ hello }"}) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("origin", "allowed"), [("https://shop.example", True), ("https://evil.example", False)])
async def test_only_listed_origins_may_call_from_a_browser(toy: Toy, origin: str, allowed: bool) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-correlation-id",
    }
    async with toy.http.options("/graphql", headers=asked) as answer:
        assert (answer.status == 200) is allowed
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
    async with toy.http.post("/graphql", json={"query": "{ hello }"}, headers={"Origin": origin}) as answer:
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed


def test_a_schema_with_extensions_is_refused_at_start() -> None:
    class Timing(strawberry.extensions.SchemaExtension):
        pass

    with pytest.raises(ValueError, match="extension hooks"):
        create_app(
            strawberry.Schema(Query, extensions=[Timing]),
            authenticate=None,  # type: ignore[arg-type]
            make_context=None,  # type: ignore[arg-type]
            readiness=None,  # type: ignore[arg-type]
            limits=Limits(),
        )
    assert SCHEMA.extensions == ()


async def test_raw_garbage_in_the_path_is_not_a_fault(toy: Toy) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{toy.url}/graphql?query=%FF%FE") as answer:
        assert answer.status == 401
    async with toy.http.get("/graphql?query=%FF%FE", headers={"Accept": GRAPHQL}) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(("token", "query"), [("crash", "{ hello }"), ("valid", "query Broken { hello }")])
async def test_a_fault_around_the_operation_is_masked_too(toy: Toy, token: str, query: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "X-Correlation-ID": "case-10"}
    with capture_logs() as logged:
        async with toy.http.post("/graphql", json={"query": query}, headers=headers) as answer:
            assert answer.status == 500
            assert [error["message"] for error in (await answer.json())["errors"]] == ["Internal error"]
    assert [event["event"] for event in logged] == ["internal_error"]


async def test_an_answer_says_what_in_it_is_old(toy: Toy) -> None:
    _, body = await toy.post("{ old }")

    assert body["data"] == {"old": "as it was"}
    assert body["extensions"] == {
        "warnings": [
            {
                "code": "STALE",
                "message": "The backend 'catalog' gave no answer; what it said 12 seconds ago is shown instead.",
                "backend": "catalog",
                "ageSeconds": 12,
            }
        ]
    }
