"""What every store promises about orders, shown for SQLite and for MongoDB alike."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.durations import Duration, Sample
from app.domain.jeopardy import Jeopardy, JeopardyLevel
from app.domain.order import ExternalId, OwnershipChange, PlaceRef
from app.domain.plan import Plan, Task
from app.domain.states import OrderState, TaskState
from app.store.port import ExternalIdUsed, KeyUsed, MovedOn, OrderBy, OrderSearch, OrderStore, Written
from tests.contract.conftest import Open
from tests.contract.stored import NOW, change, new_order

HOME = PlaceRef(id="a1", label="Home")


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
    (OrderSearch(parent_ids=("a", "z")), {"b", "c"}),
    (OrderSearch(parent_ids=("a",), channels=("nowhere",)), set()),
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
            "b",
            state=OrderState.COMPLETED,
            seller_id="dealer-1",
            created_at=NOW + day,
            jeopardy=in_danger("low"),
            parent_id="a",
        ),
        new_order(
            "c",
            state=OrderState.HELD,
            customer_id="c2",
            parent_id="z",
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
