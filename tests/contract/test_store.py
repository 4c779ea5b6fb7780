"""What every store promises, shown for SQLite and for MongoDB alike."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from app.domain.actor import Actor, Role
from app.domain.batch import Batch, BatchLine, BatchState, LineError, LineResult, LineState
from app.domain.durations import Duration, Sample
from app.domain.events import EventType, OrderEvent, order_event
from app.domain.jeopardy import Jeopardy, JeopardyLevel
from app.domain.order import ExternalId, ItemAction, OrderItem, OwnershipChange, PlaceRef, ProductOrder
from app.domain.plan import Attention, Cause, Plan, Task
from app.domain.request import OrderRequest
from app.domain.states import OrderState, TaskState
from app.domain.worklist import WorkItem, WorkKind, work_items
from app.store import open_store
from app.store.feed import Feed, of_order
from app.store.mongo import MongoStore
from app.store.port import (
    BatchSearch,
    Change,
    ExternalIdUsed,
    FalloutCount,
    IdempotencyKey,
    KeyUsed,
    MovedOn,
    OrderBy,
    OrderSearch,
    OrderStore,
    QueueCount,
    StoreUnavailable,
    WorkSearch,
    Written,
)
from tests.contract.conftest import KEPT, Open
from tests.harness import ROOT, WAIT_SECONDS, until
from tests.mongod import Mongod

ADA = Actor(subject="ada", role=Role.AGENT, channel="online")
NOW = datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC)
HOME = PlaceRef(id="a1", label="Home")


def new_order(order_id: str, **other: object) -> ProductOrder:
    return replace(
        ProductOrder(
            id=order_id,
            version=1,
            state=OrderState.DRAFT,
            customer_id="c1",
            customer_name="Ada",
            channel="online",
            controlled_by="online",
            created_at=NOW,
            created_by="ada",
            updated_at=NOW,
            items=(OrderItem(id="1", action=ItemAction.ADD, offering_id="fibre-500", offering_name="Fibre 500"),),
        ),
        **other,  # type: ignore[arg-type]  # fields of the order
    )


def change(
    order: ProductOrder, after: int = 0, *, key: str | None = None, events: int = 1, plan: Plan | None = None
) -> Change:
    return Change(
        order=order,
        after=after,
        events=tuple(
            order_event(order, after + n, EventType.CREATED, at=NOW, actor=ADA, summary=f"event {after + n}")
            for n in range(1, events + 1)
        ),
        actor=ADA,
        reason="because",
        at=NOW,
        plan=plan,
        key=IdempotencyKey(owner="ada", key=key, fingerprint="f") if key else None,
    )


async def test_an_order_comes_back_as_it_was_written(store: OrderStore) -> None:
    order = new_order("o1", external_ids=(ExternalId(owner="TMF", type="PO", id="456"),), submitted_at=NOW)
    plan = Plan(order_id="o1", tasks=())

    assert await store.commit(change(order, plan=plan, events=2)) == Written()

    [found] = (await store.load(["o1", "o2"])).values()
    assert (found.order, found.plan, found.sequence) == (order, plan, 2)
    assert [v.order for v in await store.versions("o1")] == [order]


async def test_a_refused_commit_leaves_nothing(store: OrderStore) -> None:
    await store.commit(change(new_order("o1"), key="k1"))

    moved = await store.commit(change(new_order("o1", version=2), after=7, key="k2"))
    again = await store.commit(change(new_order("o1"), key="k3"))
    used = await store.commit(change(new_order("o2"), key="k1"))

    assert (moved, again) == (MovedOn(), MovedOn())
    assert isinstance(used, KeyUsed)
    assert (used.record.order_id, used.record.version, used.record.key.fingerprint) == ("o1", 1, "f")
    assert await store.load(["o2"]) == {}
    assert len(await store.versions("o1")) == 1
    assert [e.event.sequence for e in await store.events.of("o1", after=0, limit=10)] == [1]
    assert await store.recall("ada", "k2") is None
    assert await store.recall("ada", "k3") is None
    assert len(await store.events.after(0, limit=100)) == 1


async def test_of_twenty_writers_one_wins_each_time(store: OrderStore, open_another: Open) -> None:
    stores = [store, await open_another()]
    await store.commit(change(new_order("o1")))
    for sequence in (1, 2, 3):
        order = new_order("o1", version=sequence + 1)
        outcomes = await asyncio.gather(*(stores[n % 2].commit(change(order, sequence)) for n in range(20)))
        assert outcomes.count(Written()) == 1
        assert outcomes.count(MovedOn()) == 19
    assert [v.order.version for v in await store.versions("o1")] == [1, 2, 3, 4]


async def test_of_concurrent_uses_of_a_key_one_is_written(store: OrderStore, open_another: Open) -> None:
    stores = [store, await open_another()]

    outcomes = await asyncio.gather(*(stores[n % 2].commit(change(new_order(f"o{n}"), key="k")) for n in range(10)))

    assert outcomes.count(Written()) == 1
    assert sum(isinstance(outcome, KeyUsed) for outcome in outcomes) == 9
    assert await store.count(OrderSearch()) == 1


async def test_only_a_changed_version_is_kept_and_the_plan_stays_until_it_is_replaced(store: OrderStore) -> None:
    plan = Plan(order_id="o1", tasks=(), revision=3)
    order = new_order("o1")
    await store.commit(change(order, plan=plan))

    await store.commit(change(order, after=1))

    assert len(await store.versions("o1")) == 1
    found = (await store.load(["o1"]))["o1"]
    assert (found.plan, found.sequence) == (plan, 2)


SEARCHES = [
    (OrderSearch(), {"a", "b", "c", "d"}),
    (OrderSearch(states=(OrderState.COMPLETED, OrderState.HELD)), {"b", "c"}),
    (OrderSearch(created_from=NOW + timedelta(days=1)), {"b", "c", "d"}),
    (OrderSearch(created_until=NOW + timedelta(days=1)), {"a"}),
    (OrderSearch(customer_ids=("c2",)), {"c"}),
    (OrderSearch(channels=("retail",)), {"d"}),
    (OrderSearch(seller_ids=("dealer-1",)), {"b"}),
    (OrderSearch(offering_text="FIBRE 5"), {"a", "b", "c", "d"}),
    (OrderSearch(offering_text="tv"), set()),
    (OrderSearch(offering_text="%"), set()),
    (OrderSearch(external_id="456"), {"d"}),
    (OrderSearch(states=(OrderState.COMPLETED,), customer_ids=("c1", "c9"), offering_text="500"), {"b"}),
    (OrderSearch(states=(OrderState.COMPLETED,), channels=("retail",)), set()),
    (OrderSearch(external_id="456", external_owner="x", external_type="y"), {"d"}),
    (OrderSearch(external_id="456", external_owner="z"), set()),
    (OrderSearch(place_ids=("a1", "a2")), {"c"}),
    (OrderSearch(party_id="c2"), {"c", "d"}),
    (OrderSearch(party_id="c2", channels=("retail",)), {"d"}),
    (OrderSearch(party_id="c9"), set()),
    (OrderSearch(jeopardy_levels=(JeopardyLevel.LOW,)), {"b"}),
    (OrderSearch(jeopardy_levels=(JeopardyLevel.LOW, JeopardyLevel.HIGH)), {"b", "c"}),
    (OrderSearch(jeopardy_levels=(JeopardyLevel.LOW, JeopardyLevel.HIGH), customer_ids=("c2",)), {"c"}),
    (OrderSearch(jeopardy_queues=("desk",)), {"c"}),
]


def in_danger(level: str, queue: str | None = None) -> Jeopardy:
    return Jeopardy(level=JeopardyLevel(level), since=NOW, rule="r", predicted_at=NOW, queue=queue)


@pytest.mark.parametrize(("search", "expected"), SEARCHES)
async def test_a_search_finds_what_meets_every_criterion(
    store: OrderStore, search: OrderSearch, expected: set[str]
) -> None:
    day = timedelta(days=1)
    for order in (
        new_order("a"),
        new_order(
            "b", state=OrderState.COMPLETED, seller_id="dealer-1", created_at=NOW + day, jeopardy=in_danger("low")
        ),
        new_order(
            "c",
            state=OrderState.HELD,
            customer_id="c2",
            created_at=NOW + 2 * day,
            place=HOME,
            jeopardy=in_danger("high", queue="desk"),
        ),
        new_order(
            "d",
            channel="retail",
            created_at=NOW + 3 * day,
            external_ids=(ExternalId(owner="x", type="y", id="456"),),
            ownership=OwnershipChange(acceptor_id="c2", consent_until=NOW),
        ),
    ):
        await store.commit(change(order))

    found = await store.search(search, OrderBy.CREATED_ASCENDING, after=None, limit=10)

    assert {order.id for order in found} == expected
    assert await store.count(search) == len(expected)


async def test_an_external_id_names_one_order(store: OrderStore) -> None:
    mine, other = ExternalId(owner="x", type="po", id="456"), ExternalId(owner="y", type="po", id="456")
    await store.commit(change(new_order("o1", external_ids=(mine,)), key="k1"))

    refused = await store.commit(change(new_order("o2", external_ids=(other, mine)), key="k2"))
    again = await store.commit(change(new_order("o1", version=2, external_ids=(mine,)), after=1))

    assert refused == ExternalIdUsed(mine, "o1")
    assert again == Written()
    assert (await store.load(["o2"]), await store.recall("ada", "k2"), await store.holder([other])) == ({}, None, None)
    assert await store.holder([other, mine]) == ExternalIdUsed(mine, "o1")
    assert await store.commit(change(new_order("o3", external_ids=(other,)))) == Written()


async def test_of_orders_with_one_external_id_at_once_one_is_kept(store: OrderStore) -> None:
    same = ExternalId(owner="x", type="po", id="1")
    orders = [new_order(f"o{n}", external_ids=(same,)) for n in range(6)]

    outcomes = await asyncio.gather(*(store.commit(change(order)) for order in orders))

    kept = [order.id for order, outcome in zip(orders, outcomes, strict=True) if outcome == Written()]
    assert len(kept) == 1
    assert [o for o in outcomes if o != Written()] == [ExternalIdUsed(same, kept[0])] * 5


async def test_an_order_is_found_by_the_place_it_goes_to_now(store: OrderStore) -> None:
    await store.commit(change(new_order("o1", place=HOME)))
    await store.commit(change(new_order("o1", version=2, place=PlaceRef(id="a2", label="Away")), after=1))

    async def at(place_id: str) -> int:
        return await store.count(OrderSearch(place_ids=(place_id,)))

    assert (await at("a1"), await at("a2")) == (0, 1)


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


async def test_what_is_in_danger_no_longer_is_not_found_as_such(store: OrderStore) -> None:
    search = OrderSearch(jeopardy_levels=(JeopardyLevel.LOW,))
    order = new_order("o1", jeopardy=in_danger("low"))
    await store.commit(change(order))
    assert await store.count(search) == 1

    await store.commit(change(replace(order, jeopardy=in_danger("critical")), 1))
    assert await store.count(search) == 0
    assert await store.count(OrderSearch(jeopardy_levels=(JeopardyLevel.CRITICAL,))) == 1

    await store.commit(change(replace(order, jeopardy=None), 2))
    assert await store.count(OrderSearch(jeopardy_levels=tuple(JeopardyLevel))) == 0


def waiting_plan(order_id: str, *awaited: str, state: TaskState = TaskState.AWAITING_RESULT) -> Plan:
    task = Task(
        id="1/w", item_ids=("1",), name="W", operation="orders.awaitEarlier", rule="r", state=state, awaits=awaited
    )
    return Plan(order_id=order_id, tasks=(task,))


async def test_who_awaits_an_order_is_found_until_the_task_has_ended(store: OrderStore) -> None:
    await store.commit(change(new_order("b"), plan=waiting_plan("b", "a", "a2")))
    await store.commit(change(new_order("c"), plan=waiting_plan("c", "a")))
    await store.commit(change(new_order("d"), plan=Plan(order_id="d", tasks=())))
    assert (sorted(await store.awaiting("a")), await store.awaiting("a2")) == (["b", "c"], ["b"])

    await store.commit(change(new_order("b"), 1))
    assert await store.awaiting("a2") == ["b"], "the plan is as it was"
    await store.commit(change(new_order("b"), 2, plan=waiting_plan("b", "a", "a2", state=TaskState.COMPLETED)))
    assert (await store.awaiting("a"), await store.awaiting("a2"), await store.awaiting("x")) == (["c"], [], [])


async def test_what_is_learnt_is_known_to_every_process(store: OrderStore, open_another: Open) -> None:
    assert await store.learnt() == []

    await store.learn([Sample(operation="a.b", seconds=1.0), Sample(operation="a.b", seconds=3.0)])
    await store.learn([Sample(operation="a.b", seconds=5.0), Sample(operation="people.x", seconds=9.5, by_people=True)])

    known = {duration.operation: duration for duration in await (await open_another()).learnt()}
    assert known == {
        "a.b": Duration(operation="a.b", count=3, seconds=3.0),
        "people.x": Duration(operation="people.x", count=1, seconds=9.5, by_people=True),
    }


async def test_writers_who_learn_at_once_disturb_nobody(store: OrderStore, open_another: Open) -> None:
    other = await open_another()
    samples = [Sample(operation=f"a.{n}", seconds=1.0) for n in range(5)]

    await asyncio.gather(*(one.learn(samples) for one in (store, other) for _ in range(10)))

    known = await store.learnt()
    assert {duration.operation for duration in known} == {sample.operation for sample in samples}
    assert all(1 <= duration.count <= 20 for duration in known)


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


async def test_pages_follow_each_other_in_both_directions_while_orders_are_added(store: OrderStore) -> None:
    for n in range(10):
        await store.commit(change(new_order(f"o{n}")))

    first = await store.search(OrderSearch(), OrderBy.CREATED_DESCENDING, after=None, limit=4)
    await store.commit(change(new_order("p0")))
    second = await store.search(OrderSearch(), OrderBy.CREATED_DESCENDING, after=first[-1].id, limit=4)
    upwards = await store.search(OrderSearch(), OrderBy.CREATED_ASCENDING, after="o7", limit=4)

    assert [o.id for o in (*first, *second)] == [f"o{n}" for n in range(9, 1, -1)]
    assert [o.id for o in upwards] == ["o8", "o9", "p0"]


async def test_what_was_submitted_and_never_started_is_found(store: OrderStore) -> None:
    acknowledged = new_order("o1", state=OrderState.ACKNOWLEDGED, submitted_at=NOW)
    await store.commit(change(acknowledged))
    await store.commit(change(new_order("o2")))

    assert await store.waiting(OrderState.ACKNOWLEDGED, NOW + timedelta(seconds=1), 10) == ["o1"]
    assert await store.waiting(OrderState.ACKNOWLEDGED, NOW, 10) == []
    assert await store.waiting(OrderState.DRAFT, NOW + timedelta(seconds=1), 10) == ["o2"]
    started = replace(acknowledged, state=OrderState.IN_PROGRESS, version=2)
    await store.commit(change(started, after=1))
    assert await store.waiting(OrderState.ACKNOWLEDGED, NOW + timedelta(seconds=1), 10) == []


async def test_a_reader_of_the_feed_sees_each_event_once_whoever_writes(store: OrderStore, open_another: Open) -> None:
    stores = [store, await open_another(), await open_another()]
    orders = [f"o{n:02}" for n in range(12)]

    async def write(order_id: str, mine: OrderStore) -> None:
        sequence = 0
        while sequence < 6:
            outcome = await mine.commit(change(new_order(order_id, version=sequence + 1), sequence, events=2))
            assert outcome == Written()
            sequence += 2

    async def read(mine: OrderStore) -> list[tuple[int, str, int]]:
        seen: list[tuple[int, str, int]] = []
        while len(seen) < len(orders) * 6:
            events = await mine.events.after(seen[-1][0] if seen else 0, limit=5)
            seen += [(e.position, e.event.order_id, e.event.sequence) for e in events]
            await asyncio.sleep(0)
        return seen

    async with asyncio.timeout(WAIT_SECONDS):
        reading = [asyncio.create_task(read(mine)) for mine in stores]
        await asyncio.gather(*(write(order_id, stores[n % 3]) for n, order_id in enumerate(orders)))
        one, two, three = await asyncio.gather(*reading)

    assert one == two == three
    positions = [position for position, _, _ in one]
    assert positions == sorted(set(positions))
    for order_id in orders:
        assert [s for _, o, s in one if o == order_id] == [1, 2, 3, 4, 5, 6]
    assert await store.events.last_position() >= positions[-1]


async def test_followers_get_what_was_and_what_comes_from_any_position(store: OrderStore, open_another: Open) -> None:
    other = await open_another()
    await store.commit(change(new_order("o1"), events=3))
    async with Feed(store) as feed:
        [first, *_] = await store.events.after(0, limit=1)

        async def follow(after: int | None, count: int) -> list[tuple[str, int]]:
            seen: list[tuple[str, int]] = []
            async for stretch in feed.follow(after):
                seen += [(e.event.order_id, e.event.sequence) for e in stretch.events]
                if len(seen) >= count:
                    break
            return seen

        early = asyncio.create_task(follow(0, 5))
        later = asyncio.create_task(follow(first.position, 4))
        now = asyncio.create_task(follow(None, 2))
        await asyncio.sleep(0)
        await other.commit(change(new_order("o2"), events=2))

        async with asyncio.timeout(WAIT_SECONDS):
            assert await early == [("o1", 1), ("o1", 2), ("o1", 3), ("o2", 1), ("o2", 2)]
            assert await later == [("o1", 2), ("o1", 3), ("o2", 1), ("o2", 2)]
            assert await now == [("o2", 1), ("o2", 2)]


async def test_a_slow_follower_is_told_and_catches_up_from_the_store(
    store: OrderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.feed.RING", 4)
    monkeypatch.setattr("app.store.feed.LANE", 3)
    async with Feed(store) as feed:
        slow, other = feed.follow(0), feed.follow(0)
        await store.commit(change(new_order("o0")))
        async with asyncio.timeout(WAIT_SECONDS):
            stretches = [await anext(slow)]
            await anext(other)
            for n in range(1, 20):
                await store.commit(change(new_order(f"o{n:02}")))
            await until(lambda: _reached(feed, store))
            assert (feed.followers, feed.lanes) == (2, 1)
            while sum(len(one.events) for one in stretches) < 20:
                stretches.append(await anext(slow))
            late = await anext(other)
            await store.commit(change(new_order("o20")))
            last = await anext(slow)
        await slow.aclose()
        await other.aclose()
        assert (feed.followers, feed.lanes) == (0, 0)

    seen = [event.event.order_id for one in stretches for event in one.events]
    assert seen == ["o0", *(f"o{n:02}" for n in range(1, 20))]
    assert [one.behind for one in stretches if one.behind] == [19]
    assert (late.behind, last.behind) == (19, 0)


async def test_followers_with_one_interest_share_a_lane_and_nobody_is_woken_for_others(store: OrderStore) -> None:
    judged: list[tuple[str, str]] = []

    @dataclass(frozen=True)
    class Of:
        order_id: str

        @property
        def topics(self) -> frozenset[str]:
            return frozenset({of_order(self.order_id)})

        def wants(self, event: OrderEvent) -> bool:
            judged.append((self.order_id, event.order_id))
            return event.order_id == self.order_id

    async with Feed(store) as feed:
        followers = [feed.follow(None, Of(order_id)) for order_id in ("o1", "o2", "o1", "o3")]
        waiting = [asyncio.ensure_future(anext(follower)) for follower in followers]
        await asyncio.sleep(0)
        await store.commit(change(new_order("o1")))
        await store.commit(change(new_order("o2")))
        async with asyncio.timeout(WAIT_SECONDS):
            got = [(await one).events[0].event.order_id for one in waiting[:3]]
        waiting[3].cancel()
        await asyncio.gather(waiting[3], return_exceptions=True)
        for follower in followers:
            await follower.aclose()

    assert got == ["o1", "o2", "o1"]
    assert judged == [("o1", "o1"), ("o2", "o2")]
    assert (feed.followers, feed.lanes) == (0, 0)


async def _reached(feed: Feed, store: OrderStore) -> bool:
    return feed.position >= await store.events.last_position()


WRITER = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from app.store import open_store
from tests.contract.test_store import change, new_order

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


async def test_the_newest_position_is_before_a_hole_whose_writer_may_still_come(mongod: Mongod, tmp_path: Path) -> None:
    database = f"test-{uuid4()}"
    store = MongoStore(mongod.uri, database, keys_kept_for=KEPT, grace=timedelta(seconds=60))
    await store.open()
    await store.commit(change(new_order("o1")))
    raw: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(mongod.uri)
    await raw[database]["counter"].update_one({"_id": "feed"}, {"$inc": {"last": 1}})
    await store.commit(change(new_order("o3")))

    assert await store.events.last_position() == 1
    raw.close()
    await store.close()


async def test_a_hole_of_a_crashed_writer_is_waited_for_and_then_passed(mongod: Mongod, tmp_path: Path) -> None:
    database = f"test-{uuid4()}"
    store = MongoStore(mongod.uri, database, keys_kept_for=KEPT, grace=timedelta(seconds=0.3))
    await store.open()
    await store.commit(change(new_order("o1")))
    raw: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(mongod.uri)
    # a writer took a position and died before it wrote its event
    await raw[database]["counter"].update_one({"_id": "feed"}, {"$inc": {"last": 1}})
    await store.commit(change(new_order("o3")))

    early = await store.events.after(0, limit=10)

    async def passed() -> list[str]:
        return [e.event.order_id for e in await store.events.after(early[-1].position, limit=10)]

    assert [e.event.order_id for e in early] == ["o1"], "the hole's writer may still come"
    assert await passed() == []
    assert await until(passed) == ["o3"]
    # the late writer finds its position taken: what it would have written under it can no longer appear
    assert await raw[database]["event"].find_one({"_id": 2}) == {"_id": 2}
    raw.close()
    await store.close()
