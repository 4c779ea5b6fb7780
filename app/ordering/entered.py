"""What people enter for an item that is being carried out, judged against the catalog like what a draft says."""

from dataclasses import replace
from typing import Final

from app.domain.facts import Facts
from app.domain.order import Characteristic, OrderItem, ProductOrder
from app.domain.rules.offerings import characteristics_allowed
from app.domain.violations import Violation, ViolationCode, relocated
from app.ordering.drafts import case_of
from app.ordering.facts import offerings_by_ids
from app.ordering.ordering import Ordering

ALLOWED: Final = "characteristicsAllowed"
_JUDGED: Final = "/items/0/characteristics"


async def characteristics_entered(
    ordering: Ordering,
    order: ProductOrder,
    item: OrderItem,
    entered: tuple[Characteristic, ...],
    path: str,
    *,
    others_too: bool = False,
) -> tuple[tuple[Characteristic, ...], tuple[Violation, ...]]:
    """What of this are characteristics of the item's product, and what the catalog does not allow of them.

    `path` is where the values stand in the input. With `others_too` what the product does not have is no mistake: it
    is something else. What the item has beside it is not judged, it was found good before. Raises BackendFailure.
    """
    offerings = await offerings_by_ids([item.offering_id], ordering.backends)
    found = offerings.get(item.offering_id)
    specified = {c.name for c in found.specification.characteristics} if found and found.specification else set()
    places = [n for n, c in enumerate(entered) if not others_too or c.name in specified]
    wanted = tuple(entered[n] for n in places)
    judged = replace(order, items=(replace(item, characteristics=wanted),))
    breaches = characteristics_allowed(case_of(ordering, judged, Facts(offerings=offerings)))
    moved = {f"{_JUDGED}/{n}": f"{path}/{place}" for n, place in enumerate(places)}
    return wanted, relocated((v for v in breaches if v.rule == ALLOWED), {**moved, _JUDGED: path})


def wrong(rule: str, path: str, code: ViolationCode, message: str) -> Violation:
    """A breach in the input."""
    return Violation(rule, path, code, f"{path}: {message} ({rule}).")
