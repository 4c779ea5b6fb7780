"""What a backend answered is used again as far as it allows: fresh, unchanged, or in place of a failure."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from connectors.base import BackendFailure, BackendHttp
from connectors.stale import StaleAllowed
from tests.contract.scripted_backend import Reply, ScriptedBackend, calling, read, scripted_backend, write

DOWN = Reply(status=503)


class Counts:
    """How many reads were saved, by how."""

    def __init__(self) -> None:
        self.saved_by: dict[str, int] = {}

    def called(self, backend: str, operation: str, outcome: str, seconds: float, attempts: int) -> None: ...

    def saved(self, backend: str, how: str) -> None:
        self.saved_by[how] = self.saved_by.get(how, 0) + 1


@pytest.fixture
async def backend() -> AsyncIterator[ScriptedBackend]:
    async with scripted_backend() as running:
        yield running


def body(answer: object) -> object:
    return answer.decode(list[str])  # type: ignore[attr-defined]


async def test_what_is_unchanged_is_not_sent_again(backend: ScriptedBackend) -> None:
    backend.answer(
        Reply(body=["a"], headers={"ETag": '"1"', "X-Total-Count": "7"}),
        Reply(status=304, body=b""),
        Reply(body=["b"], headers={"ETag": '"2"'}),
    )
    async with calling(backend.url) as http:
        first, same, other = [await read(http) for _ in range(3)]

    assert (body(first), body(same), body(other)) == (["a"], ["a"], ["b"])
    assert same.total == 7  # type: ignore[attr-defined]
    assert [r.headers.get("If-None-Match") for r in backend.received] == [None, '"1"', '"1"']


async def test_without_a_tag_the_date_is_asked_about(backend: ScriptedBackend) -> None:
    when = "Thu, 26 Nov 2026 03:00:00 GMT"
    backend.answer(Reply(body=["a"], headers={"Last-Modified": when}), Reply(status=304, body=b""))
    async with calling(backend.url) as http:
        await read(http)
        assert body(await read(http)) == ["a"]

    assert backend.received[1].headers["If-Modified-Since"] == when


async def test_what_is_fresh_is_not_asked_for_until_something_is_written(backend: ScriptedBackend) -> None:
    backend.answer(Reply(body=["a"], headers={"Cache-Control": "max-age=60"}), Reply(), Reply(body=["b"]))
    async with calling(backend.url) as http:
        assert [body(await read(http)) for _ in range(2)] == [["a"], ["a"]]
        await write(http)
        assert body(await read(http)) == ["b"]

    assert [r.method for r in backend.received] == ["GET", "POST", "GET"]


@pytest.mark.parametrize(
    "control", ["no-store, max-age=60", "no-cache, max-age=60", "max-age=0", "max-age=soon", "private"]
)
async def test_what_is_not_to_be_kept_is_asked_for_again(backend: ScriptedBackend, control: str) -> None:
    backend.answer(Reply(body=["a"], headers={"Cache-Control": control}), Reply(body=["b"]))
    async with calling(backend.url) as http:
        assert [body(await read(http)) for _ in range(2)] == [["a"], ["b"]]


async def test_what_a_write_overtook_is_not_fresh(backend: ScriptedBackend) -> None:
    held = asyncio.Event()
    slow = Reply(body=["old"], headers={"Cache-Control": "max-age=60"}, after=held)
    backend.answer(slow, Reply(), Reply(body=["new"]))
    async with calling(backend.url) as http:
        reading = asyncio.ensure_future(read(http))
        await backend.until_received(1)
        await write(http)
        held.set()
        assert body(await reading) == ["old"]
        assert body(await read(http)) == ["new"]


async def test_a_failure_is_stood_in_for_only_where_all_agree(backend: ScriptedBackend) -> None:
    allowing = Reply(body=["a"], headers={"Cache-Control": "stale-if-error=60"})
    async with calling(backend.url, attempts=1) as http:
        backend.answer(allowing, DOWN)
        await read(http)
        with StaleAllowed() as stale:
            assert body(await read(http)) == ["a"]
        [told] = stale.told
        with pytest.raises(BackendFailure):  # who decides by it cannot be told
            await read(http)

    assert told.backend == "some"
    assert 0 <= told.age < 60


async def test_one_who_may_not_have_it_stale_shares_no_stale_answer(backend: ScriptedBackend) -> None:
    held = asyncio.Event()
    allowing = Reply(body=["a"], headers={"Cache-Control": "stale-if-error=60"})

    async def looking(http: BackendHttp) -> object:
        with StaleAllowed():
            return body(await read(http))

    async with calling(backend.url, attempts=1) as http:
        backend.answer(allowing, Reply(status=503, after=held))
        await read(http)
        looks = asyncio.create_task(looking(http))
        await backend.until_received(2)
        decides = asyncio.ensure_future(read(http))
        await asyncio.sleep(0)
        held.set()
        assert await looks == ["a"]
        with pytest.raises(BackendFailure):
            await decides

    assert len(backend.received) == 2
