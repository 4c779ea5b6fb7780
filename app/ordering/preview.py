"""What a lifecycle mutation would do if it came now: said beforehand, and exactly what is done then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.cancellation import Passed
from app.domain.catalog import PriceType
from app.domain.foresight import Outlook, PointAhead
from app.domain.money import Money
from app.domain.order import PriceTotal, ProductOrder
from app.domain.plan import Task
from app.ordering.outcomes import Refusal, in_input


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """What the order costs of one price type and period, before and after; None: nothing of the kind."""

    price_type: PriceType
    period: str | None
    before: Money | None
    after: Money | None

    @property
    def delta(self) -> Money | None:
        """What is added to the price, tax included; below zero: taken off."""
        if self.before is None:
            return self.after
        return (self.after or self.before.times(0)) - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a lifecycle mutation would do. Nothing was changed by asking.

    `refusals` is why it would be refused, as the mutation's payload would have it; with any, the rest may be empty.
    `order` is the order as it would be. `kept` tasks stay as they are, `taken_back` is done by now and would be undone
    (in the order in which that begins), `redone` would be done once more, `added` is new, `abandoned` would not be
    begun or waited for any more. `passed` are the points of no return in the way: one without a charge refuses it.
    `ahead` are those that are still to come, with how long there is a way back. `charge` has to be accepted.
    `approvals` are what somebody has to agree to, as sentences for people.
    """

    item_ids: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    order: ProductOrder | None = None
    prices: tuple[PriceChange, ...] = ()
    expected_before: datetime | None = None
    expected_after: datetime | None = None
    kept: tuple[Task, ...] = ()
    taken_back: tuple[Task, ...] = ()
    redone: tuple[Task, ...] = ()
    added: tuple[Task, ...] = ()
    abandoned: tuple[Task, ...] = ()
    passed: tuple[Passed, ...] = ()
    ahead: tuple[PointAhead, ...] = ()
    charge: Money | None = None
    approvals: tuple[str, ...] = ()

    def in_input(self, prefixes: Mapping[str, str]) -> "Preview":
        """The same with refusals in the words of the input; see `outcomes.in_input`."""
        return replace(self, refusals=tuple(in_input(refusal, prefixes) for refusal in self.refusals))


def price_changes(before: tuple[PriceTotal, ...], after: tuple[PriceTotal, ...]) -> tuple[PriceChange, ...]:
    """How the totals differ, tax included; what stays the same is left out."""
    old = {(total.price_type, total.period): total.tax_included for total in before}
    new = {(total.price_type, total.period): total.tax_included for total in after}
    return tuple(
        PriceChange(price_type=kind, period=period, before=old.get((kind, period)), after=new.get((kind, period)))
        for kind, period in dict.fromkeys((*old, *new))
        if old.get((kind, period)) != new.get((kind, period))
    )


def foreseen(preview: Preview, outlook: Outlook) -> Preview:
    """The preview with what becomes of the tasks."""
    return replace(
        preview,
        expected_after=outlook.ends_at,
        kept=outlook.kept,
        taken_back=outlook.taken_back,
        redone=outlook.redone,
        added=outlook.added,
        abandoned=outlook.abandoned,
    )
