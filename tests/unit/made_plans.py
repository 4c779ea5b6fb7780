"""Plans that Hypothesis makes up: tasks that wait for each other in all ways, over three items and the whole order."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from app.domain.money import Money
from app.domain.order import FailurePolicy
from app.domain.plan import (
    Dependency,
    DependencyKind,
    Escalation,
    OnTimeout,
    Plan,
    PointOfNoReturn,
    Task,
    Timeout,
    Worklist,
)
from tests.unit.orders import NOW

FEE = Money(Decimal(1), "EUR")
OWNERS = [("1",), ("2",), ("3",), ("1", "2"), ()]


@st.composite
def tasks(draw: st.DrawFn, number: int, owners: Collection[tuple[str, ...]] = tuple(OWNERS)) -> Task:
    """A task that waits only for earlier ones, in any of the four ways."""
    before = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
    kinds = st.sampled_from([DependencyKind.FINISH_TO_START, DependencyKind.FINISH_TO_START, *DependencyKind])
    people = draw(st.integers(0, 6)) == 0
    chance = st.integers(0, 5)
    points = {0: PointOfNoReturn(reason="delivered"), 1: PointOfNoReturn(reason="ordered", charge=FEE)}
    timeouts = {
        0: Timeout(after=timedelta(seconds=20)),
        1: Timeout(after=timedelta(seconds=20), then=OnTimeout.CANCEL),
    }
    return Task(
        id=f"t{number}",
        item_ids=draw(st.sampled_from(sorted(owners))),
        name=f"t{number}",
        operation=f"people.do{number}" if people else f"backend.do{number}",
        rule="r",
        depends_on=tuple(Dependency(f"t{b}", draw(kinds)) for b in before),
        expected=timedelta(seconds=draw(st.integers(1, 5))),
        undo=f"backend.undo{number}" if draw(st.booleans()) and not people else None,
        amend=f"backend.amend{number}" if draw(chance) == 0 and not people else None,
        no_return=points.get(draw(chance)),
        pends=draw(chance) == 0,
        tolerant=draw(chance) == 0,
        content=draw(st.sampled_from("ab")),
        not_before=NOW + timedelta(seconds=30) if draw(st.integers(0, 9)) == 0 else None,
        timeout=timeouts.get(draw(chance)),
        worklist=Worklist(queue="desk", escalations=(Escalation(after=timedelta(seconds=15), to="leads"),)),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of up to eight tasks over three items, some of them together, and the whole order."""
    return Plan(
        order_id="o1",
        tasks=tuple(draw(tasks(n)) for n in range(draw(st.integers(1, 8)))),
        failure_policy=draw(st.sampled_from([FailurePolicy.CONTINUE, FailurePolicy.CONTINUE, *FailurePolicy])),
        sequence=draw(st.sampled_from([(), (), ("1", "2", "3"), ("3", "1", "2")])),
        begins_at=NOW + timedelta(seconds=25) if draw(st.integers(0, 5)) == 0 else None,
        promised_at=NOW + timedelta(seconds=60) if draw(st.booleans()) else None,
    )
