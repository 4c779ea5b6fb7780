"""The bounded memory of what was read lately."""

import pytest

from connectors.failure import BackendFailure, FailureKind
from connectors.recent import Recent
from connectors.stale import StaleAllowed


async def loaded(ids: list[str]) -> dict[str, str]:
    return {i: i.upper() for i in ids}


async def test_the_memory_is_bounded_and_gives_up_what_was_not_read_for_longest() -> None:
    recent = Recent[str](seconds=60, entries=2)
    asked: list[list[str]] = []

    async def load(ids: list[str]) -> dict[str, str]:
        asked.append(ids)
        return await loaded(ids)

    await recent.through(["a", "b"], load)
    await recent.through(["a"], load)
    await recent.through(["c"], load)
    assert await recent.through(["a", "c"], load) == {"a": "A", "c": "C"}
    assert await recent.through(["b"], load) == {"b": "B"}

    assert asked == [["a", "b"], ["c"], ["b"]]


async def test_the_memory_gives_more_than_it_can_keep() -> None:
    recent = Recent[str](seconds=60, entries=1)

    assert await recent.through(["a", "b", "c"], loaded) == {"a": "A", "b": "B", "c": "C"}


async def test_what_is_too_old_is_loaded_again() -> None:
    recent = Recent[str](seconds=0, entries=2)
    recent.keep({"a": "old"}, since=recent.changes)

    assert await recent.through(["a"], loaded) == {"a": "A"}


async def test_what_is_forgotten_is_loaded_again_and_the_rest_is_not() -> None:
    recent = Recent[str](seconds=60, entries=9)
    await recent.through(["a", "b"], loaded)

    recent.forget(lambda key, value: (key, value) == ("a", "A"))
    asked: list[list[str]] = []

    async def load(ids: list[str]) -> dict[str, str]:
        asked.append(ids)
        return await loaded(ids)

    assert await recent.through(["a", "b"], load) == {"a": "A", "b": "B"}
    assert asked == [["a"]]


async def test_what_was_being_read_when_something_was_forgotten_is_not_kept() -> None:
    recent = Recent[str](seconds=60, entries=9)

    async def load(ids: list[str]) -> dict[str, str]:
        recent.forget(lambda key, _: key == "b")
        return dict.fromkeys(ids, "old")

    assert await recent.through(["a"], load) == {"a": "old"}
    assert await recent.through(["a"], loaded) == {"a": "A"}


async def test_what_is_old_stands_in_for_who_can_be_told() -> None:
    ages: list[float] = []
    recent = Recent[str](seconds=0, entries=9, stale_seconds=60, used_stale=ages.append)
    await recent.through(["a", "b"], loaded)
    recent.forget(lambda key, _: key == "b")

    async def down(_: list[str]) -> dict[str, str]:
        raise BackendFailure("some", "read", FailureKind.TIMEOUT, retryable=True, detail="", correlation_id="")

    with StaleAllowed():
        assert await recent.through(["a"], down) == {"a": "A"}
        with pytest.raises(BackendFailure):  # known to have changed
            await recent.through(["a", "b"], down)
    with pytest.raises(BackendFailure):
        await recent.through(["a"], down)

    assert len(ages) == 1
