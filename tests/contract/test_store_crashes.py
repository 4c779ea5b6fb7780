"""What was acknowledged outlives a killed process and a killed database, and a dead one is told of."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from app.store import open_store
from app.store.feed import Feed
from app.store.mongo import MongoStore
from app.store.port import OrderSearch, OrderStore, StoreUnavailable, Written
from tests.contract.conftest import KEPT
from tests.contract.stored import change, new_order
from tests.harness import ROOT, WAIT_SECONDS, until
from tests.mongod import Mongod

WRITER = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from app.store import open_store
from tests.contract.stored import change, new_order

async def main(uri, database, folder):
    store = await open_store(uri or None, database, Path(folder), keys_kept_for=timedelta(days=1))
    for n in range(100000):
        await store.commit(change(new_order(f"o{n:06}"), key=f"k{n}", events=3))
        print(n, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def writer(place: tuple[str | None, str, Path]) -> Iterator[subprocess.Popen[bytes]]:
    uri, database, folder = place
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, uri or "", database, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    with process:
        yield process
        process.kill()


async def test_what_a_killed_process_was_told_is_written_is_there_whole(
    writer: subprocess.Popen[bytes], store: OrderStore
) -> None:
    assert writer.stdout is not None
    acknowledged = [int(await asyncio.to_thread(writer.stdout.readline)) for _ in range(40)][-1]

    writer.send_signal(signal.SIGKILL)
    rest = (await asyncio.to_thread(writer.communicate))[0].split()
    acknowledged = int(rest[-1]) if rest else acknowledged

    orders = [f"o{n:06}" for n in range(acknowledged + 1)]
    found = await store.load(orders)
    assert sorted(found) == orders
    assert {stored.sequence for stored in found.values()} == {3}
    assert await store.recall("ada", f"k{acknowledged}") is not None
    # one more order may have been written that nobody was told of, but then whole
    total = await store.count(OrderSearch())
    assert total in (len(orders), len(orders) + 1)

    async def all_events() -> bool:
        return len(await store.events.after(0, limit=1000)) == 3 * total

    await until(all_events)


async def test_a_dead_mongodb_is_told_of_in_seconds(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        async with asyncio.timeout(15):
            await open_store("mongodb://127.0.0.1:1", "orderway", tmp_path, keys_kept_for=KEPT)


async def test_acknowledged_changes_outlive_a_killed_mongodb(tmp_path: Path) -> None:
    server = Mongod(tmp_path / "data")
    if server.given:
        pytest.skip("a server that was given is not ours to kill")
    (tmp_path / "data").mkdir()
    await server.start()
    try:
        store = await open_store(server.uri, "orderway", tmp_path, keys_kept_for=KEPT)
        for n in range(20):
            assert await store.commit(change(new_order(f"o{n:02}"))) == Written()
        server.kill()
        with pytest.raises(StoreUnavailable):
            await store.commit(change(new_order("p")))
        await server.start()
        assert len(await store.load([f"o{n:02}" for n in range(20)])) == 20
        await store.close()
    finally:
        server.kill()


async def test_a_mongodb_that_says_nothing_is_told_of_and_followed_again(tmp_path: Path) -> None:
    server = Mongod(tmp_path / "data")
    if server.given:
        pytest.skip("a server that was given is not ours to stop")
    (tmp_path / "data").mkdir()
    await server.start()
    store = MongoStore(server.uri, "orderway", keys_kept_for=KEPT, silent_for=timedelta(seconds=1))
    try:
        await store.open()
        async with Feed(store) as feed, aclosing(feed.follow(0)) as stretches:
            seen: list[str] = []

            async def until_seen(count: int) -> None:
                async with asyncio.timeout(WAIT_SECONDS):
                    while len(seen) < count:
                        seen.extend(e.event.order_id for e in (await anext(stretches)).events)

            assert await store.commit(change(new_order("o1"))) == Written()
            await until_seen(1)
            server.stop_for_now()
            with pytest.raises(StoreUnavailable):
                async with asyncio.timeout(WAIT_SECONDS):
                    await store.load(["o1"])
            server.go_on()

            async def answers() -> bool:
                with suppress(StoreUnavailable):
                    return bool(await store.load(["o1"]))
                return False

            await until(answers)
            assert await store.commit(change(new_order("o2"))) == Written()
            await until_seen(2)
        assert seen == ["o1", "o2"]
    finally:
        server.go_on()
        await store.close()
        server.kill()
