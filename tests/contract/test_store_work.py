"""Work that waits for people is found as the newest plans have it, in either store."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.plan import Attention, Cause, Plan, Task
from app.domain.states import TaskState
from app.domain.worklist import WorkItem, WorkKind, work_items
from app.store.port import FalloutCount, MovedOn, OrderStore, QueueCount, WorkSearch, Written
from tests.contract.stored import NOW, change, new_order
from tests.contract.test_store_batches import batch_key


def fallen_out(order_id: str, *, minutes: int = 0, **other: Any) -> Plan:
    """A plan of one task that waits for a decision since so many minutes after NOW."""
    task = Task(
        id="1/provision",
        item_ids=("1",),
        name="Set up",
        operation="provisioning.createServiceOrder",
        rule="r",
        state=TaskState.FALLOUT,
        cause=Cause(kind="UNREACHABLE", message="away", final=False),
        attention=Attention(since=NOW + timedelta(minutes=minutes), queue="network-desk"),
    )
    return Plan(order_id=order_id, tasks=(replace(task, **other),))


BY_HAND: dict[str, Any] = {"operation": "people.perform", "state": TaskState.AWAITING_RESULT, "cause": None}


async def work(store: OrderStore, **criteria: object) -> list[str]:
    search = WorkSearch(**criteria)  # type: ignore[arg-type]  # fields of the search
    found = await store.work.search(search, after=None, limit=10)
    assert await store.work.count(search) == len(found)
    return [item.order_id for item in found]


async def test_work_that_waits_for_people_is_what_the_newest_plan_says(store: OrderStore) -> None:
    order, waits = new_order("o1"), fallen_out("o1")
    await store.commit(change(order, plan=waits))
    [item] = await store.work.search(WorkSearch(), after=None, limit=10)
    await store.commit(change(order, after=1))
    unchanged = await store.work.load(["o1:1/provision", "o2:1/provision"])

    refused = await store.commit(change(order, after=9, plan=fallen_out("o1", state=TaskState.COMPLETED)))
    still = await work(store)
    attention = Attention(since=NOW, queue="leads", level=1, claimed_by="ada")
    await store.commit(change(order, after=2, plan=fallen_out("o1", attention=attention)))
    [escalated] = await store.work.search(WorkSearch(), after=None, limit=10)
    await store.commit(change(order, after=3, plan=fallen_out("o1", minutes=5)))
    [again] = await store.work.search(WorkSearch(), after=None, limit=10)
    await store.commit(change(order, after=4, plan=fallen_out("o1", state=TaskState.COMPLETED)))

    assert (item,) == work_items(order, waits)
    assert unchanged == {"o1:1/provision": item}
    assert (refused, still) == (MovedOn(), ["o1"])
    assert (escalated.queue, escalated.level, escalated.claimed_by) == ("leads", 1, "ada")
    assert (again.id, again.since) == (item.id, NOW + timedelta(minutes=5))
    assert (await work(store), await store.work.load([item.id])) == ([], {})


WORK_SEARCHES: list[tuple[dict[str, object], list[str]]] = [
    ({}, ["urgent", "old", "new", "hand"]),
    ({"queues": ("network-desk",)}, ["urgent", "old", "new"]),
    ({"kinds": (WorkKind.MANUAL,)}, ["hand"]),
    ({"kinds": (WorkKind.FALLOUT,), "causes": ("TIMEOUT",)}, ["urgent"]),
    ({"backends": ("provisioning",), "causes": ("UNREACHABLE",)}, ["old", "new"]),
    ({"operations": ("people.perform",)}, ["hand"]),
    ({"claimed": False}, ["urgent", "old", "new"]),
    ({"claimed": True}, ["hand"]),
    ({"claimed_by": "ada"}, ["hand"]),
    ({"claimed_by": "ada", "claimed": False}, []),
    ({"claimed_by": "bob"}, []),
    ({"order_ids": ("new", "old")}, ["old", "new"]),
]


async def four_orders_wait(store: OrderStore) -> None:
    late = Cause(kind="TIMEOUT", message="late", final=False)
    by_ada = Attention(since=NOW + timedelta(hours=9), queue="order-desk", claimed_by="ada")
    for order, plan in (
        (new_order("new"), fallen_out("new", minutes=9)),
        (new_order("hand"), fallen_out("hand", **BY_HAND, attention=by_ada)),
        (new_order("old"), fallen_out("old", minutes=1)),
        (new_order("urgent", priority=0), fallen_out("urgent", minutes=20, cause=late)),
    ):
        assert await store.commit(change(order, plan=plan)) == Written()


@pytest.mark.parametrize(("criteria", "expected"), WORK_SEARCHES)
async def test_work_is_found_the_most_urgent_first_then_the_oldest(
    store: OrderStore, criteria: dict[str, object], expected: list[str]
) -> None:
    await four_orders_wait(store)

    assert await work(store, **criteria) == expected


async def test_pages_of_work_follow_each_other_while_work_comes_and_goes(store: OrderStore) -> None:
    for n in range(6):
        await store.commit(change(new_order(f"o{n}"), plan=fallen_out(f"o{n}", minutes=n)))

    async def page(after: WorkItem | None) -> list[WorkItem]:
        return await store.work.search(WorkSearch(), after=after.place if after else None, limit=2)

    first = await page(None)
    await store.commit(change(new_order("o0"), after=1, plan=fallen_out("o0", state=TaskState.COMPLETED)))
    second = await page(first[-1])
    await store.commit(change(new_order("o9"), plan=fallen_out("o9", minutes=9)))
    third, fourth = await page(second[-1]), await page((await page(second[-1]))[-1])

    pages = [[item.order_id for item in one] for one in (first, second, third, fourth)]
    assert pages == [["o0", "o1"], ["o2", "o3"], ["o4", "o5"], ["o9"]]


async def test_work_is_counted_by_cause_and_by_worklist_with_the_age_of_the_oldest(store: OrderStore) -> None:
    await four_orders_wait(store)

    by_cause = await store.work.fallout(WorkSearch())
    urgent = await store.work.fallout(WorkSearch(causes=("TIMEOUT",)))
    by_queue = await store.work.queues()

    minute = timedelta(minutes=1)
    one = FalloutCount(backend="provisioning", cause="TIMEOUT", count=1, oldest_since=NOW + 20 * minute)
    two = FalloutCount(backend="provisioning", cause="UNREACHABLE", count=2, oldest_since=NOW + minute)
    assert (by_cause, urgent) == ([two, one], [one])
    assert by_queue == [
        QueueCount(queue="network-desk", count=3, oldest_since=NOW + minute),
        QueueCount(queue="order-desk", count=1, oldest_since=NOW + timedelta(hours=9)),
    ]


async def test_a_choice_of_work_is_kept_once_under_its_key(store: OrderStore) -> None:
    first = await store.work.select(["a", "b"], batch_key(), NOW)
    again = await store.work.select(["c"], batch_key(fingerprint="g"), NOW + timedelta(days=1))

    assert (first.item_ids, first.fingerprint, first.at) == (("a", "b"), "f", NOW)
    assert again == first == await store.work.selected("ada", "k")
    assert await store.work.selected("bob", "k") is None
