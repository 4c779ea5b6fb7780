"""Every life cycle on one page: product order, order item, plan task.

Source: TMF622 v4 and v5, life cycle diagrams of ProductOrder and ProductOrderItem.
"""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar


class OrderState(StrEnum):
    """TMF622 ProductOrderStateType."""

    DRAFT = "draft"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    IN_PROGRESS = "inProgress"
    PENDING = "pending"
    HELD = "held"
    ASSESSING_CANCELLATION = "assessingCancellation"
    PENDING_CANCELLATION = "pendingCancellation"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    PARTIAL = "partial"


class ItemState(StrEnum):
    """TMF622 ProductOrderItemStateType: the order's states without `partial`."""

    DRAFT = "draft"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    IN_PROGRESS = "inProgress"
    PENDING = "pending"
    HELD = "held"
    ASSESSING_CANCELLATION = "assessingCancellation"
    PENDING_CANCELLATION = "pendingCancellation"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"


class Trigger(StrEnum):
    """What moves an order or an item along an edge of the diagram."""

    SUBMIT = "submit"
    REJECT = "reject"
    START = "start"
    ASK_INFORMATION = "ask for information"
    RECEIVE_INFORMATION = "receive information"
    HOLD = "hold"
    RELEASE = "release"
    GIVE_UP = "give up"
    ASSESS_CANCELLATION = "assess cancellation of"
    DENY_CANCELLATION = "deny cancellation of"
    ACCEPT_CANCELLATION = "accept cancellation of"
    CANCEL = "cancel"
    COMPLETE = "complete"
    FAIL = "fail"
    COMPLETE_PARTLY = "complete partly"


S = TypeVar("S", OrderState, ItemState)


@dataclass(frozen=True, slots=True)
class Move(Generic[S]):
    """One edge of a life cycle diagram."""

    source: S
    trigger: Trigger
    target: S


class IllegalMove(ValueError):
    """The diagram has no such edge; the message says what is possible instead."""

    def __init__(self, state: OrderState | ItemState, trigger: Trigger, possible: Iterable[Trigger]) -> None:
        way_out = ", ".join(possible) or "nothing, it has ended"
        super().__init__(f"state: cannot {trigger} what is {state}; possible: {way_out}")
        self.state = state
        self.trigger = trigger


_O = OrderState
_T = Trigger
MOVES: Final[tuple[Move[OrderState], ...]] = (  # nothing else moves an order
    Move(_O.DRAFT, _T.SUBMIT, _O.ACKNOWLEDGED),
    Move(_O.DRAFT, _T.REJECT, _O.REJECTED),
    Move(_O.DRAFT, _T.GIVE_UP, _O.CANCELLED),
    Move(_O.ACKNOWLEDGED, _T.START, _O.IN_PROGRESS),
    Move(_O.ACKNOWLEDGED, _T.ASK_INFORMATION, _O.PENDING),
    Move(_O.IN_PROGRESS, _T.ASK_INFORMATION, _O.PENDING),
    Move(_O.PENDING, _T.RECEIVE_INFORMATION, _O.IN_PROGRESS),
    Move(_O.PENDING, _T.GIVE_UP, _O.CANCELLED),
    Move(_O.IN_PROGRESS, _T.HOLD, _O.HELD),
    Move(_O.HELD, _T.RELEASE, _O.IN_PROGRESS),
    Move(_O.HELD, _T.GIVE_UP, _O.CANCELLED),
    Move(_O.IN_PROGRESS, _T.ASSESS_CANCELLATION, _O.ASSESSING_CANCELLATION),
    Move(_O.PENDING, _T.ASSESS_CANCELLATION, _O.ASSESSING_CANCELLATION),
    Move(_O.HELD, _T.ASSESS_CANCELLATION, _O.ASSESSING_CANCELLATION),
    Move(_O.ASSESSING_CANCELLATION, _T.DENY_CANCELLATION, _O.IN_PROGRESS),
    Move(_O.ASSESSING_CANCELLATION, _T.DENY_CANCELLATION, _O.PENDING),
    Move(_O.ASSESSING_CANCELLATION, _T.DENY_CANCELLATION, _O.HELD),
    Move(_O.ASSESSING_CANCELLATION, _T.ACCEPT_CANCELLATION, _O.PENDING_CANCELLATION),
    Move(_O.PENDING_CANCELLATION, _T.CANCEL, _O.CANCELLED),
    Move(_O.IN_PROGRESS, _T.COMPLETE, _O.COMPLETED),
    Move(_O.IN_PROGRESS, _T.FAIL, _O.FAILED),
    Move(_O.IN_PROGRESS, _T.COMPLETE_PARTLY, _O.PARTIAL),
)
ITEM_MOVES: Final[tuple[Move[ItemState], ...]] = tuple(
    Move(ItemState(m.source), m.trigger, ItemState(m.target)) for m in MOVES if m.target is not OrderState.PARTIAL
)


ON_PURPOSE: Final = frozenset({_T.GIVE_UP, _T.ASSESS_CANCELLATION, _T.DENY_CANCELLATION})
"""What never is a detour."""


class LifeCycle(Generic[S]):
    """A diagram that can be asked: what is possible, where does a trigger lead, which way is there."""

    def __init__(self, states: type[S], moves: tuple[Move[S], ...]) -> None:
        self._from: dict[S, dict[Trigger, list[S]]] = {state: {} for state in states}
        for m in moves:
            self._from[m.source].setdefault(m.trigger, []).append(m.target)
        self.terminal: frozenset[S] = frozenset(state for state, out in self._from.items() if not out)

    def possible(self, state: S) -> tuple[Trigger, ...]:
        """The triggers that move this state, in the diagram's order."""
        return tuple(self._from[state])

    def move(self, state: S, trigger: Trigger, *, before_assessment: S | None = None) -> S:
        """The state after `trigger`.

        `before_assessment` is the state that a denied cancellation returns to.
        Raises IllegalMove when the diagram has no such edge.
        """
        targets = self._from[state].get(trigger, [])
        if len(targets) == 1:
            return targets[0]
        if before_assessment is not None and before_assessment in targets:
            return before_assessment
        raise IllegalMove(state, trigger, self.possible(state))

    def way(self, state: S, target: S, *, purpose: Collection[Trigger] = ()) -> tuple[S, ...]:
        """The states passed on the shortest way from `state` to `target`, the target last; empty when already there.

        A backend may report the end before its beginning was seen: the steps between are then taken at once.
        Giving up and cancelling are never a detour: those edges are taken on purpose only, by `move`, or here when
        they are among the `purpose`.
        Raises IllegalMove when no way leads there.
        """
        if state is target:
            return ()
        came: dict[S, S] = {}
        queue = deque([state])
        while queue:
            here = queue.popleft()
            for trigger, targets in self._from[here].items():
                if trigger in ON_PURPOSE and trigger not in purpose:
                    continue
                for there in targets:
                    if there in came or there is state:
                        continue
                    came[there] = here
                    if there is target:
                        return _walk_back(came, state, target)
                    queue.append(there)
        raise IllegalMove(state, Trigger.START, self.possible(state))


def _walk_back(came: dict[S, S], start: S, end: S) -> tuple[S, ...]:
    way = [end]
    while came[way[-1]] is not start:
        way.append(came[way[-1]])
    return tuple(reversed(way))


NOT_WANTED: Final = frozenset(
    {ItemState.CANCELLED, ItemState.PENDING_CANCELLATION, ItemState.FAILED, ItemState.REJECTED}
)
"""The states of items that nothing is done for any more, but to take back what was done."""
CANCELLING: Final = frozenset({_T.ASSESS_CANCELLATION})
"""The purpose of a cancellation whose assessment was passed."""
ORDER: Final = LifeCycle(OrderState, MOVES)
ITEM: Final = LifeCycle(ItemState, ITEM_MOVES)


class TaskState(StrEnum):
    """Where a task of the plan stands (TMF701 taskFlow, told apart further)."""

    PENDING = "pending"
    """Waits for the tasks it depends on."""
    RUNNING = "running"
    """Being carried out on its backend, retries included."""
    AWAITING_RESULT = "awaitingResult"
    """The backend, or people, accepted it and will report the end later."""
    CLOSING = "closing"
    """Done, and not counted as such before the tasks that it must not end before have come so far."""
    COMPLETED = "completed"
    FALLOUT = "fallout"
    """Needs a person's decision."""
    SKIPPED = "skipped"
    """A person decided to go on without it."""
    FAILED = "failed"
    """A person decided to give it up."""
    ABANDONED = "abandoned"
    """Never started, or not waited for any more, because its item, or a task that it waits for, was given up."""
    UNDONE = "undone"
    """Done, and taken back since."""


TASK_PASSED: Final = frozenset({TaskState.COMPLETED, TaskState.SKIPPED})
TASK_LOST: Final = frozenset({TaskState.FAILED, TaskState.ABANDONED, TaskState.UNDONE})
TASK_ENDED: Final = TASK_PASSED | TASK_LOST


def order_state_of(items: Iterable[ItemState]) -> OrderState:
    """The state of an order under way, given the states of its items.

    Source: TMF622 guide: inProgress if at least one item is; completed only if all are; failed if all are;
    partial if the outcome is mixed. Cancelled items do not count towards the outcome unless all are.
    """
    states = set(items)
    for waiting in (ItemState.IN_PROGRESS, ItemState.ASSESSING_CANCELLATION, ItemState.PENDING_CANCELLATION):
        if waiting in states:
            return OrderState(waiting)
    if states <= {ItemState.ACKNOWLEDGED}:
        return OrderState.ACKNOWLEDGED
    for blocked in (ItemState.HELD, ItemState.PENDING):
        if blocked in states:
            return OrderState(blocked)
    if ItemState.ACKNOWLEDGED in states:
        return OrderState.IN_PROGRESS
    outcome = states - {ItemState.CANCELLED}
    if not outcome:
        return OrderState.CANCELLED
    if outcome == {ItemState.COMPLETED}:
        return OrderState.COMPLETED
    if ItemState.COMPLETED not in outcome:
        return OrderState.FAILED
    return OrderState.PARTIAL
