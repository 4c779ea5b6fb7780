"""The circuit breaker: what opens it, what does not, and how it closes again."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import BackendFailure, BackendHttp, FailureKind
from connectors.breaker import Breaker, BreakerState
from tests.contract.scripted_backend import Reply, ScriptedBackend, calling

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
REST = 5.0


class Clock:
    """Goes on when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(window=4, threshold=0.5, rest=REST, clock=clock)


def admitted(breaker: Breaker) -> int:
    era = breaker.admit()
    assert era is not None
    return era


def happened(breaker: Breaker, *outcomes: bool | None) -> None:
    for outcome in outcomes:
        breaker.record(admitted(breaker), success=outcome)


def opened(breaker: Breaker) -> None:
    happened(breaker, False, False, False, False)
    assert breaker.state is OPEN


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([False] * 3, CLOSED),
        ([True, True, True, False], CLOSED),
        ([True, True, False, False], OPEN),
        ([False, True, False, True], OPEN),
        ([False, True, True, True, False], CLOSED),
        ([False, False, None, None, None], CLOSED),
        ([False, None, False, None, False, None, False], OPEN),
    ],
    ids=["too few", "below", "at the threshold", "mixed", "slid out", "given up", "given up do not count"],
)
def test_it_opens_when_half_of_the_last_four_failed(
    breaker: Breaker, outcomes: list[bool | None], state: BreakerState
) -> None:
    happened(breaker, *outcomes)

    assert breaker.state is state
    assert (breaker.admit() is None) is (state is OPEN)


def test_open_it_lets_nothing_through_until_it_has_rested(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)

    clock.now += REST - 0.01
    assert (breaker.state, breaker.admit()) == (OPEN, None)
    clock.now += 0.01
    assert breaker.state is HALF_OPEN


def test_half_open_it_lets_one_probe_through_which_closes_it(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += REST

    probe = admitted(breaker)
    assert breaker.admit() is None
    breaker.record(probe, success=True)

    assert breaker.state is CLOSED
    happened(breaker, False, False, False)
    assert breaker.state is CLOSED, "the failures from before are forgotten"


def test_a_failed_probe_begins_the_rest_anew(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += REST
    happened(breaker, False)

    assert breaker.state is OPEN
    clock.now += REST - 0.01
    assert breaker.state is OPEN
    clock.now += 0.01
    happened(breaker, True)
    assert breaker.state is CLOSED


def test_a_probe_that_is_given_up_makes_room_for_another(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += REST
    happened(breaker, None)

    assert breaker.state is HALF_OPEN
    happened(breaker, True)
    assert breaker.state is CLOSED


@pytest.mark.parametrize("late", [True, False, None])
def test_calls_from_before_it_opened_decide_nothing(breaker: Breaker, clock: Clock, late: bool | None) -> None:
    before = [admitted(breaker) for _ in range(3)]
    opened(breaker)

    clock.now += REST - 0.01
    breaker.record(before[0], success=late)
    assert breaker.state is OPEN
    clock.now += 0.01
    assert breaker.state is HALF_OPEN, "a late failure does not prolong the rest"
    admitted(breaker)
    breaker.record(before[1], success=late)
    assert breaker.admit() is None, "the probe is still under way"
    assert breaker.state is HALF_OPEN


@given(st.lists(st.tuples(st.sampled_from(["call", "end", "wait"]), st.sampled_from([True, False, None]))))
def test_never_more_than_one_call_is_under_way_to_a_backend_that_is_tried(
    steps: list[tuple[str, bool | None]],
) -> None:
    clock = Clock()
    breaker = Breaker(window=2, threshold=0.5, rest=1.0, clock=clock)
    under_way: list[tuple[int, BreakerState]] = []
    for step, outcome in steps:
        if step == "wait":
            clock.now += 1.0
        elif step == "end" and under_way:
            breaker.record(under_way.pop(0)[0], success=outcome)
        elif step == "call":
            state = breaker.state
            era = breaker.admit()
            assert not (state is OPEN and era is not None)
            assert not (state is CLOSED and era is None)
            if era is not None:
                under_way.append((era, state))
        if breaker.state is not CLOSED:
            probes = [era for era, state in under_way if state is HALF_OPEN]
            assert len(probes) <= 1


# As callers see it


async def fails(http: BackendHttp, n: int = 0) -> BackendFailure:
    with pytest.raises(BackendFailure) as raised:
        await http.get("listThing", f"thing/{n}")
    return raised.value


async def rested(http: BackendHttp) -> None:
    async with asyncio.timeout(5):
        while http.health.breaker is OPEN:  # noqa: ASYNC110  # the clock makes it so
            await asyncio.sleep(0.01)


async def test_a_backend_that_fails_is_left_alone_then_tried_then_trusted(backend: ScriptedBackend) -> None:
    go = asyncio.Event()
    backend.answer(*[Reply(status=500)] * 4, Reply(after=go), Reply())

    async with calling(backend.url, attempts=1, breaker_window=4, breaker_rest=0.2) as http:
        for _ in range(4):
            await fails(http)
        left_alone = await fails(http)
        assert (left_alone.kind, left_alone.retryable) == (FailureKind.UNREACHABLE, True)
        assert 0 < left_alone.retry_after <= 0.2
        assert len(backend.received) == 4

        await rested(http)
        probe = asyncio.create_task(http.get("listThing", "thing/probe"))
        await backend.until_received(5)
        await fails(http)
        assert (http.health.breaker, len(backend.received)) == (HALF_OPEN, 5)
        go.set()
        await probe

        assert http.health.breaker is CLOSED
        await http.get("listThing", "thing")
    assert len(backend.received) == 6


async def test_who_comes_while_a_backend_is_tried_learns_how_that_ends(backend: ScriptedBackend) -> None:
    go = asyncio.Event()
    backend.answer(Reply(status=500), Reply(status=500), Reply(after=go), Reply())

    async with calling(backend.url, attempts=20, breaker_window=2, breaker_rest=1.0) as http:
        await fails(http)
        await rested(http)
        probe = asyncio.create_task(http.get("listThing", "thing/probe"))
        await backend.until_received(3)
        others = [asyncio.create_task(http.get("listThing", f"thing/{n}")) for n in range(3)]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(probe, *others)

    assert len(backend.received) == 6


async def test_a_failure_tells_how_long_the_backend_asked_to_be_spared(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=503, headers={"Retry-After": "30"}))

    async with calling(backend.url) as http:
        spared = await fails(http)

    assert (spared.kind, spared.retry_after) == (FailureKind.OVERLOADED, 30.0)


async def test_an_open_breaker_ends_the_retries_of_a_call(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=500))

    async with calling(backend.url, attempts=5, breaker_window=2, breaker_rest=60.0) as http:
        await fails(http)

    assert len(backend.received) == 2


async def test_refusals_are_the_work_of_a_healthy_backend(backend: ScriptedBackend) -> None:
    backend.answer(Reply(status=400))

    async with calling(backend.url, breaker_window=2) as http:
        for _ in range(4):
            assert (await fails(http)).kind is FailureKind.REFUSED
        assert http.health.breaker is CLOSED


async def test_callers_that_give_up_say_nothing_about_the_backend(backend: ScriptedBackend) -> None:
    backend.answer(Reply(after=asyncio.Event()))

    async with calling(backend.url, breaker_window=2) as http:
        writes = [asyncio.create_task(http.write("POST", "createThing", "thing", {}, key=str(n))) for n in range(4)]
        await backend.until_received(4)
        for write in writes:
            write.cancel()
        await asyncio.gather(*writes, return_exceptions=True)

        assert (http.health.breaker, http.health.in_flight) == (CLOSED, 0)


async def test_a_hung_backend_is_noticed_when_the_deadline_is_shorter_than_an_attempt(backend: ScriptedBackend) -> None:
    backend.answer(Reply(after=asyncio.Event()))

    async with calling(backend.url, deadline=0.1, attempt_timeout=3.0, breaker_window=2, breaker_rest=60.0) as http:
        for _ in range(2):
            assert (await fails(http)).kind is FailureKind.TIMEOUT
        assert http.health.breaker is OPEN


async def test_callers_in_the_queue_are_told_at_once_when_it_is_open(backend: ScriptedBackend) -> None:
    backend.answer(Reply(after=asyncio.Event()))

    async with calling(
        backend.url, concurrency=1, attempts=1, attempt_timeout=0.2, breaker_window=1, breaker_rest=60.0
    ) as http:
        failures = await asyncio.gather(*(fails(http, n) for n in range(5)))

    assert [f.kind for f in failures] == [FailureKind.TIMEOUT] + [FailureKind.UNREACHABLE] * 4
    assert len(backend.received) == 1
