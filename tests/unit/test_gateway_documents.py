"""How requests name their documents: by hash, by id, only those that are trusted; and several in one request."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from app.gateway.limits import Limits
from app.gateway.manifest import TrustedDocument, Unreadable, read_documents, read_manifest, write_manifest
from app.gateway.persisted import Persisted, Trust
from tests.unit.gateway_toy import Toy, running

GRAPHQL = {"Accept": "application/graphql-response+json"}
ME = "query Me { me }"
GREETING = "query Hello($n: String!) { hello(name: $n) }"
TRUSTED = (*read_documents(ME), *read_manifest(json.dumps({"custom-1": GREETING}).encode()))


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def automatic(text: str) -> dict[str, object]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hashed(text)}}


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with running() as toy:
        yield toy


async def ask(toy: Toy, token: str = "valid", **parameters: object) -> tuple[int, object]:
    """The status and the data of an answer, or the code of a refusal."""
    headers = {**GRAPHQL, "Authorization": f"Bearer {token}"}
    async with toy.http.post("/graphql", json=parameters, headers=headers) as answer:
        body = json.loads(await answer.text())
        return answer.status, body["errors"][0]["extensions"]["code"] if "errors" in body else body["data"]


async def test_a_document_is_sent_once_and_named_by_its_hash_from_then_on(toy: Toy) -> None:
    query = "{ hello }"
    async with toy.http.post("/graphql", json={"extensions": automatic(query)}) as answer:
        assert answer.status == 200
        assert await answer.json() == {
            "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]
        }
    greeting = {"hello": "Hello world"}
    assert await ask(toy, query=query, extensions=automatic(query)) == (200, greeting)
    assert await ask(toy, extensions=automatic(query)) == (200, greeting)
    given = {"extensions": json.dumps(automatic(query))}
    async with toy.http.get("/graphql", params=given, headers=GRAPHQL) as answer:
        assert json.loads(await answer.text()) == {"data": greeting}
    async with toy.socket() as ws:
        await ws.send_json({"id": "h", "type": "subscribe", "payload": {"extensions": automatic(query)}})
        assert (await ws.receive_json())["payload"] == {"data": greeting}


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"query": ME, "extensions": automatic("{ hello }")}, 400, "PERSISTED_QUERY_HASH_MISMATCH"),
        ({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": hashed(ME)}}}, 400, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": {"version": 1}}}, 400, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": "x"}}, 400, "BAD_REQUEST"),
        ({"documentId": "sha256:unknown"}, 400, "PERSISTED_QUERY_NOT_IN_LIST"),
        ({"documentId": 7}, 400, "BAD_REQUEST"),
    ],
)
async def test_what_names_no_document_is_refused(
    toy: Toy, parameters: dict[str, object], status: int, code: str
) -> None:
    assert await ask(toy, "valid", **parameters) == (status, code)


async def test_a_mutation_that_is_known_by_its_hash_needs_post_all_the_same(toy: Toy) -> None:
    query = 'mutation { write(text: "by hash") }'
    assert (await ask(toy, query=query, extensions=automatic(query)))[0] == 200
    async with toy.http.get("/graphql", params={"extensions": json.dumps(automatic(query))}) as answer:
        assert answer.status == 405
    assert toy.world.written.count("by hash") == 1


async def test_what_is_invalid_is_not_kept_and_what_is_kept_is_bounded() -> None:
    async with running(limits=Limits(cached_characters=400)) as toy:
        assert await ask(toy, query="{ helo }", extensions=automatic("{ helo }")) == (400, "GRAPHQL_VALIDATION_FAILED")
        assert await ask(toy, extensions=automatic("{ helo }")) == (400, "PERSISTED_QUERY_NOT_FOUND")
        huge = "{ me " + " " * 40 + "}"
        assert await ask(toy, query=huge, extensions=automatic(huge)) == (200, {"me": "ada"})
        assert await ask(toy, extensions=automatic(huge)) == (400, "PERSISTED_QUERY_NOT_FOUND")
        many = [f"{{ a{n:03}: me }}" for n in range(40)]
        for query in many:
            await ask(toy, query=query, extensions=automatic(query))
        assert (await ask(toy, extensions=automatic(many[0])))[1] == "PERSISTED_QUERY_NOT_FOUND"
        assert (await ask(toy, extensions=automatic(many[-1])))[0] == 200


async def test_automatic_persisted_queries_can_be_turned_off() -> None:
    async with running(persisted=Persisted(automatic=False)) as toy:
        assert await ask(toy, extensions=automatic(ME)) == (400, "PERSISTED_QUERY_NOT_SUPPORTED")
        assert (await ask(toy, query=ME, extensions=automatic(ME)))[0] == 200


async def test_only_trusted_documents_are_executed_where_that_is_enforced() -> None:
    rules = Persisted(trust=Trust.ENFORCE, documents=TRUSTED, exempt=frozenset({"developer"}))
    async with running(persisted=rules) as toy:
        printed = TRUSTED[0].text
        me = (200, {"me": "ada"})
        ways: list[dict[str, object]] = [
            {"documentId": hashed(printed)},
            {"documentId": f"sha256:{hashed(printed)}"},
            {"extensions": automatic(printed)},
            {"query": printed},
            {"query": ME},  # the same in another layout
        ]
        for named in ways:
            assert await ask(toy, "valid", **named) == me
        assert (await ask(toy, documentId="custom-1", variables={"n": "Bo"}))[1] == {"hello": "Hello Bo"}

        assert await ask(toy, query="{ me }") == (400, "QUERY_NOT_IN_SAFELIST")
        assert await ask(toy, query="{ me }", extensions=automatic("{ me }")) == (400, "QUERY_NOT_IN_SAFELIST")
        # and no client is asked to send it
        assert await ask(toy, extensions=automatic("{ me }")) == (400, "PERSISTED_QUERY_NOT_IN_LIST")
        assert await ask(toy, documentId="unknown") == (400, "PERSISTED_QUERY_NOT_IN_LIST")
        async with toy.socket() as ws:
            await ws.send_json({"id": "q", "type": "subscribe", "payload": {"query": "{ me }"}})
            assert (await ws.receive_json())["payload"][0]["extensions"]["code"] == "QUERY_NOT_IN_SAFELIST"

        assert await ask(toy, "bob", query="{ me }", extensions=automatic("{ me }")) == (200, {"me": "bob"})
        assert (await ask(toy, extensions=automatic("{ me }")))[1] == "PERSISTED_QUERY_NOT_IN_LIST"


async def test_trusted_documents_are_compiled_before_anybody_sends_them() -> None:
    def compiled() -> float:
        return REGISTRY.get_sample_value("orderway_executions_total", {"how": "compiled"}) or 0

    async with running(persisted=Persisted(documents=TRUSTED)) as toy:
        before = compiled()
        assert await ask(toy, documentId=hashed(TRUSTED[0].text)) == (200, {"me": "ada"})
        assert compiled() - before == 1


async def test_or_others_are_executed_and_logged_once() -> None:
    async with running(persisted=Persisted(trust=Trust.LOG, documents=TRUSTED)) as toy:
        with capture_logs() as logged:
            for query in (ME, "query Other { me }", "query Other { me }"):
                assert (await ask(toy, query=query))[0] == 200
        assert [(e["operation_name"], e["hash"]) for e in logged if e["event"] == "untrusted_document"] == [
            ("Other", hashed("query Other { me }"))
        ]


def test_manifests_are_read_in_their_common_shapes_and_written_in_one() -> None:
    texts = 'query B { me ...F } mutation A { write(text: "x") } fragment F on Query { hello }'
    written = write_manifest(read_documents(texts))
    manifest = json.loads(written)
    assert (manifest["format"], manifest["version"]) == ("apollo-persisted-query-manifest", 1)
    assert [(o["name"], o["type"]) for o in manifest["operations"]] == [("A", "mutation"), ("B", "query")]
    assert manifest["operations"][0]["id"] == hashed(manifest["operations"][0]["body"])
    assert {d.id for d in read_manifest(written)} == {d.id for d in read_documents(texts)}
    assert read_manifest(b'{"sha256:ab": "{ me }"}') == [TrustedDocument("ab", "{ me }", None, "query", "{\n  me\n}")]
    for wrong in (b"[", b"[]", b'{"a": 1}', b'{"format": "apollo-persisted-query-manifest", "version": 2}'):
        with pytest.raises(Unreadable):
            read_manifest(wrong)


async def test_several_operations_in_one_request_have_to_be_allowed(toy: Toy) -> None:
    queries = [{"query": "{ hello }"}, {"query": "{ me }"}]
    async with toy.http.post("/graphql", json=queries) as answer:
        assert answer.status == 400
    async with running(limits=Limits(operations_per_request=4, cost_shown=False)) as several:
        mixed = [*queries, {"query": "{ helo }"}, {"query": "subscription { count(to: 1) }"}]
        async with several.http.post("/graphql", json=mixed) as answer:
            assert answer.status == 200
            answers = await answer.json()
        assert answers[:2] == [{"data": {"hello": "Hello world"}}, {"data": {"me": "ada"}}]
        assert [a["errors"][0]["extensions"]["code"] for a in answers[2:]] == [
            "GRAPHQL_VALIDATION_FAILED",
            "SUBSCRIPTION_NEEDS_STREAM",
        ]
        writes = [{"query": f'mutation {{ write(text: "{n}") }}'} for n in range(4)]
        async with several.http.post("/graphql", json=writes) as answer:
            assert answer.status == 200
        assert several.world.written == ["0", "1", "2", "3"]
        for wrong in ([], [{"query": "{ me }"}] * 5):
            async with several.http.post("/graphql", json=wrong) as answer:
                assert answer.status == 400
