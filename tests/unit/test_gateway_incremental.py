"""`@defer` and `@stream` against a real server: both formats, every protocol, and as a whole where none fits."""

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from app.gateway.limits import Limits
from tests.unit.gateway_toy import Toy, running

IDS = "multipart/mixed;incrementalSpec=v0.2"
PATHS = "multipart/mixed;deferSpec=20220824"
PLAIN = "application/graphql-response+json,application/json;q=0.9"
NUMBERS = """{
  hello
  ... @defer(label: "later") { number again { number } }
  three @stream(initialCount: 1, label: "more") { number }
}"""
NUMBER = {"number": 7}
WHOLE = {"hello": "Hello world", "number": 7, "again": NUMBER, "three": [NUMBER] * 3}


@pytest.fixture(scope="module")
async def toy() -> AsyncIterator[Toy]:
    async with running() as toy:
        yield toy


async def parts(toy: Toy, query: str, accept: str) -> tuple[str, list[dict[str, object]]]:
    """The media type of the answer, and its parts."""
    async with toy.http.post("/graphql", json={"query": query}, headers={"Accept": f"{accept},{PLAIN}"}) as answer:
        assert answer.status == 200
        text = await answer.text()
        media = answer.headers["Content-Type"]
    if not media.startswith("multipart/mixed"):
        return media, [json.loads(text)]
    first, *found, last = text.split("\r\n--graphql")
    assert (first, last) == ("", "--\r\n")
    head = "\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
    assert all(part.startswith(head) for part in found)
    return media, [json.loads(part.removeprefix(head)) for part in found]


async def test_parts_name_what_is_pending_by_ids(toy: Toy) -> None:
    media, (first, *later) = await parts(toy, NUMBERS, IDS)
    assert media == 'multipart/mixed; boundary="graphql"; incrementalSpec=v0.2'
    assert first == {
        "data": {"hello": "Hello world", "three": [NUMBER]},
        "pending": [{"id": "0", "path": [], "label": "later"}, {"id": "1", "path": ["three"], "label": "more"}],
        "hasNext": True,
    }
    assert [part["hasNext"] for part in later] == [True] * (len(later) - 1) + [False]
    assert [i for part in later for i in part["incremental"]] == [  # type: ignore[attr-defined]
        {"id": "0", "data": {"number": 7, "again": NUMBER}},
        {"id": "1", "items": [NUMBER, NUMBER]},
    ]
    assert [done for part in later for done in part["completed"]] == [{"id": "0"}, {"id": "1"}]  # type: ignore[attr-defined]


@pytest.mark.parametrize("accept", [PATHS, "multipart/mixed", f"{PATHS};q=0.5,{IDS};q=0.1"])
async def test_or_repeat_path_and_label_for_clients_of_2022(toy: Toy, accept: str) -> None:
    media, (first, *later) = await parts(toy, NUMBERS, accept)
    assert media == 'multipart/mixed; boundary="graphql"; deferSpec=20220824'
    assert first == {"data": {"hello": "Hello world", "three": [NUMBER]}, "hasNext": True}
    assert [i for part in later for i in part["incremental"]] == [  # type: ignore[attr-defined]
        {"label": "later", "path": [], "data": {"number": 7, "again": NUMBER}},
        {"label": "more", "path": ["three", 1], "items": [NUMBER, NUMBER]},
    ]
    assert all(part.keys() == {"hasNext", "incremental"} for part in later)


async def test_what_is_streamed_inside_of_what_is_deferred_goes_on_at_the_right_index(toy: Toy) -> None:
    query = "{ ... @defer { again { three @stream(initialCount: 2) { number } } } }"
    _, found = await parts(toy, query, PATHS)
    assert [i for part in found for i in part.get("incremental", ())] == [  # type: ignore[attr-defined]
        {"path": [], "data": {"again": {"three": [NUMBER, NUMBER]}}},
        {"path": ["again", "three", 2], "items": [NUMBER]},
    ]


@pytest.mark.parametrize("accept", [PLAIN, "*/*", "application/json", "multipart/*"])
async def test_who_cannot_read_parts_is_answered_as_a_whole(toy: Toy, accept: str) -> None:
    async with toy.http.post("/graphql", json={"query": NUMBERS}, headers={"Accept": f"{accept},*/*"}) as answer:
        assert json.loads(await answer.text()) == {"data": WHOLE}


@pytest.mark.parametrize("query", ["{ hello }", "{ hello ... @defer(if: false) { number } }"])
async def test_what_puts_nothing_off_is_answered_as_a_whole(toy: Toy, query: str) -> None:
    media, (answer,) = await parts(toy, query, IDS)
    assert media == "application/graphql-response+json; charset=utf-8"
    assert answer.keys() == {"data"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ hello ... @defer { helo } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: String!) { hello(name: $n) ... @defer { number } }", "BAD_USER_INPUT"),
        ('mutation { ... @defer { write(text: "x") } }', "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { ... @defer { count(to: 1) } }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_wrong_request_is_refused_in_one_piece(toy: Toy, query: str, code: str) -> None:
    async with toy.http.post("/graphql", json={"query": query}, headers={"Accept": f"{IDS},{PLAIN}"}) as answer:
        assert answer.status == 400
        assert json.loads(await answer.text())["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize("accept", [IDS, PATHS])
async def test_errors_of_what_was_put_off_are_masked_like_all_others(toy: Toy, accept: str) -> None:
    query = "{ hello a: again { ... @defer { hidden } } b: again { ... @defer { required } } }"
    _, found = await parts(toy, query, accept)
    text = json.dumps(found)
    assert text.count("Internal error") == 2
    assert "swordfish" not in text
    if accept == PATHS:
        failed = [i for part in found for i in part.get("incremental", ()) if i["data"] is None]  # type: ignore[attr-defined]
        assert [i["path"] for i in failed] == [["b"]]


async def test_a_slow_part_does_not_hold_the_first_and_is_given_up_with_its_client(toy: Toy) -> None:
    body = {"query": "{ hello ... @defer { slow } }"}
    async with aiohttp.ClientSession(toy.url, headers=dict(toy.http.headers)) as other:
        answer = await other.post("/graphql", json=body, headers={"Accept": IDS})
        await answer.content.readuntil(b"\r\n--graphql")
        # with the boundary behind it, which tells a client that the part is complete
        assert b'"hello":"Hello world"' in await answer.content.readuntil(b"\r\n--graphql")
        await toy.world.until_watched_by(1)
        answer.close()
        await toy.world.until_watched_by(0)

    async with toy.http.post("/graphql", json=body, headers={"Accept": IDS}) as answer:
        await toy.world.until_watched_by(1)
        toy.world.slow_may_answer.set()
        assert '"slow":"at last"' in await answer.text()


async def test_what_takes_too_long_is_given_up_and_said_so() -> None:
    async with running(limits=Limits(operation_seconds=0.2, cost_shown=False)) as toy:
        _, ids = await parts(toy, "{ hello ... @defer { slow } }", IDS)
        _, paths = await parts(toy, "{ hello ... @defer { slow } }", PATHS)
        await toy.world.until_watched_by(0)
        assert toy.world.abandoned == 2
    assert [p["completed"][0]["errors"][0]["extensions"]["code"] for p in ids[1:]] == ["OPERATION_TIMED_OUT"]  # type: ignore[index]
    assert [(p["incremental"][0]["data"], p["hasNext"]) for p in paths[1:]] == [(None, False)]  # type: ignore[index]


async def test_parts_come_over_a_websocket_too(toy: Toy) -> None:
    async with toy.socket() as ws:
        for extensions, incremental in (
            ({}, {"id": "0", "data": NUMBER}),
            ({"incrementalSpec": "20220824"}, {"path": [], "data": NUMBER}),
        ):
            payload = {"query": "{ hello ... @defer { number } }", "extensions": extensions}
            await ws.send_json({"id": "d", "type": "subscribe", "payload": payload})
            first, second, end = [await ws.receive_json() for _ in range(3)]
            assert first["payload"]["data"] == {"hello": "Hello world"}
            assert first["payload"]["hasNext"] is True
            assert second["payload"]["incremental"] == [incremental]
            assert second["payload"]["hasNext"] is False
            assert end == {"id": "d", "type": "complete"}
        await ws.send_json(
            {"id": "d", "type": "subscribe", "payload": {**payload, "extensions": {"incrementalSpec": 1}}}
        )
        assert (await ws.receive_json())["payload"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_and_as_events(toy: Toy) -> None:
    query = {"query": "{ hello ... @defer { number } }"}
    async with toy.http.post("/graphql", json=query, headers={"Accept": "text/event-stream"}) as answer:
        events = (await answer.text()).split("\n\n")
    assert [json.loads(event.split("data: ")[1]) for event in events[1:3]] == [
        {"data": {"hello": "Hello world"}, "pending": [{"id": "0", "path": []}], "hasNext": True},
        {"hasNext": False, "incremental": [{"id": "0", "data": NUMBER}], "completed": [{"id": "0"}]},
    ]
    assert events[3] == "event: complete\ndata:"
