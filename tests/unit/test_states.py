"""The life cycles, compared with TMF622's diagrams as they are typed here from the standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.states import (
    ITEM,
    ITEM_MOVES,
    MOVES,
    ORDER,
    IllegalMove,
    ItemState,
    OrderState,
    Trigger,
    order_state_of,
)

S = OrderState
DIAGRAM = {
    (S.DRAFT, S.ACKNOWLEDGED),
    (S.DRAFT, S.REJECTED),
    (S.DRAFT, S.CANCELLED),  # the standard draws no way out of a draft; ours is given up like what is pending
    (S.ACKNOWLEDGED, S.IN_PROGRESS),
    (S.ACKNOWLEDGED, S.PENDING),
    (S.IN_PROGRESS, S.PENDING),
    (S.PENDING, S.IN_PROGRESS),
    (S.PENDING, S.CANCELLED),
    (S.IN_PROGRESS, S.HELD),
    (S.HELD, S.IN_PROGRESS),
    (S.HELD, S.CANCELLED),
    (S.IN_PROGRESS, S.ASSESSING_CANCELLATION),
    (S.PENDING, S.ASSESSING_CANCELLATION),
    (S.HELD, S.ASSESSING_CANCELLATION),
    (S.ASSESSING_CANCELLATION, S.IN_PROGRESS),
    (S.ASSESSING_CANCELLATION, S.PENDING),
    (S.ASSESSING_CANCELLATION, S.HELD),
    (S.ASSESSING_CANCELLATION, S.PENDING_CANCELLATION),
    (S.PENDING_CANCELLATION, S.CANCELLED),
    (S.IN_PROGRESS, S.COMPLETED),
    (S.IN_PROGRESS, S.FAILED),
    (S.IN_PROGRESS, S.PARTIAL),
}
TERMINAL = {S.REJECTED, S.CANCELLED, S.COMPLETED, S.FAILED, S.PARTIAL}


def test_the_order_moves_along_the_diagram_and_nowhere_else() -> None:
    assert {(m.source, m.target) for m in MOVES} == DIAGRAM
    assert len(MOVES) == len(DIAGRAM), "no edge twice"
    assert ORDER.terminal == TERMINAL


def test_the_item_moves_like_the_order_but_is_never_partial() -> None:
    assert {(m.source.value, m.target.value) for m in ITEM_MOVES} == {
        (a.value, b.value) for a, b in DIAGRAM if b is not S.PARTIAL
    }
    assert {state.value for state in ITEM.terminal} == {s.value for s in TERMINAL} - {"partial"}


@given(st.lists(st.sampled_from(Trigger), max_size=30), st.sampled_from([S.IN_PROGRESS, S.PENDING, S.HELD]))
def test_no_sequence_of_triggers_leaves_the_diagram(triggers: list[Trigger], before: OrderState) -> None:
    state = S.DRAFT
    for trigger in triggers:
        try:
            after = ORDER.move(state, trigger, before_assessment=before)
        except IllegalMove as refusal:
            assert trigger not in ORDER.possible(state)
            assert trigger in str(refusal)
        else:
            assert (state, after) in DIAGRAM
            state = after


def test_every_state_is_reached_and_every_open_one_can_end() -> None:
    reached, frontier = {S.DRAFT}, {S.DRAFT}
    while frontier := {b for a, b in DIAGRAM if a in frontier} - reached:
        reached |= frontier
    assert reached == set(S)
    can_end = set(TERMINAL)
    while more := {a for a, b in DIAGRAM if b in can_end} - can_end:
        can_end |= more
    assert can_end == set(S)


def test_a_denied_cancellation_returns_to_the_state_before_it() -> None:
    for before in (S.IN_PROGRESS, S.PENDING, S.HELD):
        denied = ORDER.move(S.ASSESSING_CANCELLATION, Trigger.DENY_CANCELLATION, before_assessment=before)
        assert denied is before
    with pytest.raises(IllegalMove):
        ORDER.move(S.ASSESSING_CANCELLATION, Trigger.DENY_CANCELLATION, before_assessment=S.DRAFT)


@given(st.sampled_from(S), st.sampled_from(S))
def test_a_way_follows_the_diagram_and_never_cancels_in_passing(start: OrderState, end: OrderState) -> None:
    try:
        way = ORDER.way(start, end)
    except IllegalMove:
        return
    states = [start, *way]
    assert all(step in DIAGRAM for step in zip(states, way, strict=False))
    assert (states[-1], S.CANCELLED in way[:-1], S.ASSESSING_CANCELLATION in way) == (end, False, False)


def test_an_end_that_is_reported_early_passes_through_the_beginning() -> None:
    assert ORDER.way(S.ACKNOWLEDGED, S.COMPLETED) == (S.IN_PROGRESS, S.COMPLETED)
    assert ORDER.way(S.HELD, S.FAILED) == (S.IN_PROGRESS, S.FAILED)


I = ItemState  # noqa: E741  # as short as S


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([I.ACKNOWLEDGED, I.ACKNOWLEDGED], S.ACKNOWLEDGED),
        ([I.ACKNOWLEDGED, I.IN_PROGRESS], S.IN_PROGRESS),
        ([I.IN_PROGRESS, I.HELD, I.FAILED], S.IN_PROGRESS),
        ([I.HELD, I.COMPLETED], S.HELD),
        ([I.PENDING, I.COMPLETED], S.PENDING),
        ([I.ACKNOWLEDGED, I.COMPLETED], S.IN_PROGRESS),
        ([I.COMPLETED, I.COMPLETED], S.COMPLETED),
        ([I.FAILED, I.FAILED], S.FAILED),
        ([I.COMPLETED, I.FAILED], S.PARTIAL),
        ([I.CANCELLED, I.CANCELLED], S.CANCELLED),
        ([I.COMPLETED, I.CANCELLED], S.COMPLETED),
        ([I.FAILED, I.CANCELLED], S.FAILED),
    ],
)
def test_the_order_agrees_with_its_items(items: list[ItemState], state: OrderState) -> None:
    assert order_state_of(items) is state


@given(st.lists(st.sampled_from([s for s in ItemState if s not in (I.DRAFT, I.REJECTED)]), min_size=1))
def test_completed_means_all_and_failed_means_none_completed(items: list[ItemState]) -> None:
    state = order_state_of(items)

    if state is S.COMPLETED:
        assert set(items) <= {I.COMPLETED, I.CANCELLED}
    if state is S.FAILED:
        assert I.COMPLETED not in items
    if I.IN_PROGRESS in items:
        assert state is S.IN_PROGRESS
