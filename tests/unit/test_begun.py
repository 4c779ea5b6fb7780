"""What is begun before anybody waits for it ends as it would have ended otherwise."""

import asyncio

import pytest

from app.gateway.begun import Begun


async def at_once() -> str:
    return "there"


async def later(go: asyncio.Event) -> str:
    await go.wait()
    await asyncio.sleep(0)
    return "there"


async def fails(go: asyncio.Event | None) -> str:
    if go is not None:
        await go.wait()
    raise LookupError("gone")


async def test_what_waits_for_nothing_is_done_when_it_is_begun() -> None:
    begun = Begun(at_once())

    assert (begun.done, begun.result, await begun) == (True, "there", "there")


async def test_what_waits_goes_on_when_it_is_awaited() -> None:
    go = asyncio.Event()
    begun = Begun(later(go))
    assert not begun.done

    asyncio.get_running_loop().call_soon(go.set)

    assert await begun == "there"
    assert begun.done


async def test_what_it_raises_comes_out() -> None:
    with pytest.raises(LookupError):
        Begun(fails(None))
    go = asyncio.Event()
    begun = Begun(fails(go))
    go.set()
    with pytest.raises(LookupError):
        await begun


async def test_a_time_limit_cancels_what_is_left_of_it() -> None:
    ended: list[str] = []

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # whoever is cancelled may still wait for its own end
            ended.append("cleaned up")

    begun = Begun(cleans_up())

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await begun
    assert ended == ["cleaned up"]
