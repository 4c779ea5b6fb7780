"""What people are asked to do about an order: a few at once, each closed once, by who was first."""

from dataclasses import replace

import pytest

from app.domain.change_request import (
    MOST_KEPT,
    MOST_OPEN,
    ChangeRequest,
    ChangeRequestKind,
    ChangeRequestState,
    Requests,
    too_many,
    with_request,
)
from app.domain.plan import Plan
from app.domain.worklist import WorkAction, WorkKind, allowed_actions, order_and_task, suggested_action, work_items
from tests.unit.orders import NOW, item, order

ENDS = sorted(set(ChangeRequestState) - {ChangeRequestState.OPEN})


def asked(number: int, state: ChangeRequestState = ChangeRequestState.OPEN) -> ChangeRequest:
    kind = ChangeRequestKind.CANCEL
    return ChangeRequest(
        id=str(number), kind=kind, wish="do", requested_by="c1", requested_at=NOW, state=state, answer=None
    )


def some(count: int, state: ChangeRequestState = ChangeRequestState.OPEN) -> Requests:
    return tuple(asked(n + 1, state) for n in range(count))


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (some(MOST_OPEN - 1), True),
        (some(MOST_OPEN), False),
        (some(MOST_KEPT - 1, ChangeRequestState.DECLINED), True),
        (some(MOST_KEPT, ChangeRequestState.DECLINED), False),
    ],
)
def test_so_many_and_no_more_are_kept(there: Requests, taken: bool) -> None:
    new = asked(len(there) + 1)

    assert (too_many(there) is None) is taken
    assert with_request(there, new) == ((*there, new) if taken else None)


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", ENDS)
def test_who_is_second_changes_nothing(first: ChangeRequestState, second: ChangeRequestState) -> None:
    closed = with_request(some(2), asked(1, first))

    assert closed == (asked(1, first), asked(2))
    assert with_request(closed, replace(asked(1, second), answer="late")) is None
    assert with_request(closed, asked(3, second)) is None, "nobody asked for it"
    assert with_request(closed, asked(2)) is None, "somebody else asked for something meanwhile"


def test_what_is_open_waits_for_people_and_they_answer_it() -> None:
    wished = replace(order(item("1")), change_requests=(asked(1, ChangeRequestState.DECLINED), asked(2)))

    [work] = work_items(wished, Plan(order_id="o1", tasks=()))

    assert (work.kind, work.queue, work.task_id, work.request_id) == (
        *(WorkKind.CHANGE_REQUEST, "changeRequests", None),
        "2",
    )
    assert (order_and_task(work.id)[0], work.id) == ("o1", "o1:changeRequest-2")
    assert allowed_actions(work) == (suggested_action(work),) == (WorkAction.ANSWER_REQUEST,)
