"""What a rule judges, and how it says that it is broken."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Role
from app.domain.catalog import Offering
from app.domain.facts import Facts
from app.domain.order import OrderItem, ProductOrder
from app.domain.rulebook import Rulebook
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

    def items(self) -> Iterable[tuple[str, OrderItem, Offering | None]]:
        """Each item with its path and its offering, when the catalog knows it."""
        for n, item in enumerate(self.order.items):
            yield f"/items/{n}", item, self.facts.offerings.get(item.offering_id)


Breaches = Callable[[Case], Iterable[Violation]]


def breach(rule: str, path: str, code: ViolationCode, message: str) -> Violation:
    """A breach of `rule` at `path`; the message names both."""
    return Violation(rule, path, code, f"{path}: {message} ({rule}).")


def listed(names: Iterable[str]) -> str:
    """The names in alphabetical order, as a sentence names them."""
    return ", ".join(sorted(names)) or "nothing"
