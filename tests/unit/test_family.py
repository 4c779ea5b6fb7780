"""An order and its parts taken together: the state of the whole, by the states of its parts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.family import roll_up, together
from app.domain.states import ORDER, ItemState, OrderState, order_state_of
from tests.unit.orders import NOW, order

S = OrderState


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ((S.DRAFT,), S.DRAFT),
        ((S.REJECTED,), S.REJECTED),
        ((S.REJECTED, S.CANCELLED), S.CANCELLED),
        ((S.DRAFT, S.COMPLETED), S.COMPLETED),
        ((S.ACKNOWLEDGED, S.ACKNOWLEDGED), S.ACKNOWLEDGED),
        ((S.ACKNOWLEDGED, S.COMPLETED), S.IN_PROGRESS),
        ((S.HELD, S.IN_PROGRESS), S.IN_PROGRESS),
        ((S.HELD, S.PENDING, S.COMPLETED), S.HELD),
        ((S.PENDING, S.PENDING_CANCELLATION), S.PENDING_CANCELLATION),
        ((S.COMPLETED, S.CANCELLED), S.COMPLETED),
        ((S.COMPLETED, S.FAILED), S.PARTIAL),
        ((S.COMPLETED, S.PARTIAL), S.PARTIAL),
        ((S.FAILED, S.FAILED, S.CANCELLED), S.FAILED),
    ],
)
def test_the_whole_stands_where_its_parts_say(states: tuple[OrderState, ...], whole: OrderState) -> None:
    assert together(states) is whole


@given(st.lists(st.sampled_from(OrderState), min_size=1))
def test_the_whole_has_ended_when_all_that_counts_of_it_has(states: list[OrderState]) -> None:
    whole = together(states)

    counted = [s for s in states if s not in (S.DRAFT, S.REJECTED, S.CANCELLED)]
    assert (whole in ORDER.terminal) is all(s in ORDER.terminal for s in counted or states)
    assert together(reversed(states)) is whole
    assert together([*states, *states]) is whole


ALIKE = [s for s in ItemState if s not in (ItemState.DRAFT, ItemState.REJECTED)]


@given(st.lists(st.sampled_from([s for s in ALIKE if ORDER.terminal >= {OrderState(s)}]), min_size=1))
def test_outcomes_count_as_those_of_items_do(ends: list[ItemState]) -> None:
    assert together(OrderState(s) for s in ends) is order_state_of(ends)


def test_the_whole_is_expected_and_completed_with_its_last_part() -> None:
    soon, late = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    going = replace(order(), state=S.IN_PROGRESS, expected_completion_at=soon)
    slower = replace(going, id="o2", expected_completion_at=late)
    done = replace(order(), id="o3", state=S.COMPLETED, completed_at=NOW)

    under_way, complete = roll_up([going, slower, done]), roll_up([done, replace(done, completed_at=soon)])

    assert (under_way.total, under_way.counts) == (3, {S.IN_PROGRESS: 2, S.COMPLETED: 1})
    assert (under_way.expected_completion_at, under_way.completed_at) == (late, None)
    assert (complete.expected_completion_at, complete.completed_at) == (None, soon)
