"""What a rule judges, and how it says that it is broken."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.actor import Role
from app.domain.catalog import Offering
from app.domain.conditions import View
from app.domain.facts import Facts, OtherOrder
from app.domain.order import OrderItem, ProductOrder
from app.domain.rulebook import Need, Rulebook
from app.domain.views import Surroundings, item_view
from app.domain.violations import Violation, ViolationCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a rule judges: an order, the facts about it, the rules that are data, and the time.

    `role` is that of the actor who wants it; None: nobody in particular asks.
    """

    order: ProductOrder
    facts: Facts
    rulebook: Rulebook
    at: datetime
    role: Role | None = None
    _work: dict[int, "_Work"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def items(self) -> Iterable[tuple[str, OrderItem, Offering | None]]:
        """Each item with its path and its offering, when the catalog knows it."""
        for n, item in enumerate(self.order.items):
            yield f"/items/{n}", item, self.facts.offerings.get(item.offering_id)

    @property
    def earlier(self) -> tuple[OtherOrder, ...]:
        """The customer's orders under way that are carried out before this one, the first submitted first."""
        own = self.order.submitted_at
        found = [o for o in self.facts.other_orders if o.open and not o.later and (own is None or o.submitted_at < own)]
        return tuple(sorted(found, key=lambda o: o.submitted_at))

    @property
    def around(self) -> Surroundings:
        """What conditions about the work may look at beside the order."""
        return Surroundings(customer=self.facts.customer, places=self.facts.places)

    def needs(self, item: OrderItem, offering: Offering | None) -> frozenset[Need]:
        """What must be known before this item of the order can be delivered."""
        return self._work_of(item, offering).needs

    def work(self, item: OrderItem, offering: Offering | None) -> View:
        """What conditions about the work for this item of the order may speak of."""
        return self._work_of(item, offering).view

    def _work_of(self, item: OrderItem, offering: Offering | None) -> "_Work":
        """Found out once: many rules ask for it."""
        found = self._work.get(id(item))
        if found is None:
            view = item_view(self.order, item, offering, self.around)
            found = self._work[id(item)] = _Work(item, view, self.rulebook.needed(view))
        return found


@dataclass(frozen=True, slots=True)
class _Work:
    """What is known of the work for an item, which is kept here so that no other has its identity."""

    item: OrderItem
    view: View
    needs: frozenset[Need]


Breaches = Callable[[Case], Iterable[Violation]]


def breach(rule: str, path: str, code: ViolationCode, message: str) -> Violation:
    """A breach of `rule` at `path`; the message names both."""
    return Violation(rule, path, code, f"{path}: {message} ({rule}).")


def listed(names: Iterable[str]) -> str:
    """The names in alphabetical order, as a sentence names them."""
    return ", ".join(sorted(names)) or "nothing"
