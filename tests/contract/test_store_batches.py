"""What every store promises about batches and their lines."""

import asyncio
from dataclasses import replace

from app.domain.actor import Actor
from app.domain.batch import Batch, BatchLine, BatchState, LineError, LineResult, LineState
from app.domain.request import OrderRequest
from app.store.port import BatchSearch, IdempotencyKey, OrderStore
from tests.contract.conftest import KEPT
from tests.contract.stored import ADA, NOW


def batch(batch_id: str = "b1", sender: Actor = ADA, lines: int = 5) -> Batch:
    return Batch(id=batch_id, actor=sender, created_at=NOW, line_count=lines)


def lines(count: int = 5) -> list[BatchLine]:
    return [BatchLine(number=n, request=OrderRequest(customer_id=f"c{n}")) for n in range(1, count + 1)]


def batch_key(key: str = "k", fingerprint: str = "f") -> IdempotencyKey:
    return IdempotencyKey(owner="ada", key=key, fingerprint=fingerprint)


async def test_a_batch_comes_back_as_it_was_kept_and_is_kept_once(store: OrderStore) -> None:
    unreadable = LineResult(number=6, errors=(LineError(code="X", message="no", path="/items"),))
    all_lines = [*lines(), BatchLine(number=6, request=None, result=unreadable)]

    first = await store.batches.add(batch(lines=6), all_lines, batch_key())
    again = await store.batches.add(batch("b2", lines=6), all_lines, batch_key(fingerprint="g"))

    assert first.batch == replace(batch(lines=6), refused_count=1) == again.batch
    assert (first.fingerprint, again.fingerprint) == ("f", "f")
    assert await store.batches.load(["b1", "b2"]) == {"b1": first.batch}
    assert await store.batches.lines("b1", None, after=0, limit=10) == all_lines
    assert await store.batches.lines("b1", LineState.PENDING, after=2, limit=2) == all_lines[2:4]
    assert await store.batches.lines("b2", None, after=0, limit=10) == []


async def test_of_two_uploads_at_once_under_one_key_one_is_kept(store: OrderStore) -> None:
    kept = await asyncio.gather(*(store.batches.add(batch(f"b{n}"), lines(), batch_key()) for n in range(4)))

    assert len({k.batch.id for k in kept}) == 1
    assert await store.batches.count(BatchSearch()) == 1
    assert len(await store.batches.lines(kept[0].batch.id, None, after=0, limit=10)) == 5


async def test_a_line_keeps_its_first_result_and_the_last_one_completes_the_batch(store: OrderStore) -> None:
    await store.batches.add(batch(lines=2), lines(2), batch_key())

    await store.batches.record("b1", [LineResult(number=1, order_id="o1")], NOW + KEPT)
    halfway = (await store.batches.load(["b1"]))["b1"]
    unfinished = await store.batches.unfinished(NOW + KEPT, 10)
    refusal = LineResult(number=2, errors=(LineError(code="X", message="no"),))
    await store.batches.record("b1", [LineResult(number=1, order_id="o9"), refusal], NOW + 2 * KEPT)
    whole = (await store.batches.load(["b1"]))["b1"]

    assert (halfway.accepted_count, halfway.pending_count, halfway.state) == (1, 1, BatchState.IN_PROGRESS)
    assert (whole.accepted_count, whole.refused_count, whole.completed_at) == (1, 1, NOW + 2 * KEPT)
    results = [line.result for line in await store.batches.lines("b1", None, after=0, limit=9)]
    assert results == [LineResult(number=1, order_id="o1"), refusal]
    assert (unfinished, await store.batches.unfinished(NOW + KEPT, 10)) == (["b1"], [])
    assert await store.batches.unfinished(NOW, 10) == []


async def test_batches_are_found_by_their_sender_the_newest_first(store: OrderStore) -> None:
    bob = replace(ADA, subject="bob")
    for number, sender in enumerate([ADA, bob, ADA, ADA], 1):
        key = replace(batch_key(f"k{number}"), owner=sender.subject)
        await store.batches.add(batch(f"b{number}", sender), lines(), key)

    async def ids(sender: str | None, after: str | None = None) -> list[str]:
        return [b.id for b in await store.batches.search(BatchSearch(sender=sender), after=after, limit=2)]

    assert (await ids("ada"), await ids("ada", "b3"), await ids(None)) == (["b4", "b3"], ["b1"], ["b4", "b3"])
    assert (await store.batches.count(BatchSearch(sender="ada")), await store.batches.count(BatchSearch())) == (3, 4)
