"""What may be done with products that the customer owns: by their state, and by what depends on them (TMF637)."""

from collections.abc import Iterable, Mapping
from typing import Final

from app.domain.catalog import OfferingRelation
from app.domain.order import ItemAction, OrderItem, ProductStatus
from app.domain.rules.case import Case, breach, listed
from app.domain.violations import Violation, ViolationCode

_P = ProductStatus
IN_USE: Final[frozenset[str]] = frozenset(ProductStatus)
FROM: Final[Mapping[ProductStatus, ProductStatus]] = {_P.SUSPENDED: _P.ACTIVE, _P.ACTIVE: _P.SUSPENDED}
"""By the status that a product is to have, the one that it must have before."""


def status_allows(case: Case) -> Iterable[Violation]:
    """A product is suspended when it is active, resumed when it is suspended, and ended when it is one of these."""
    owned = {product.id: product for product in case.facts.owned}
    for path, item, _ in case.items():
        if item.product_status is not None and item.action is not ItemAction.MODIFY:
            yield breach(
                "productStatusModified",
                f"{path}/productStatus",
                ViolationCode.UNEXPECTED_PROPERTY,
                f"a status is for action modify, not {item.action}",
            )
            continue
        product = owned.get(item.product_id or "")
        allowed = _allowed(item)
        if product is not None and allowed and product.status not in allowed:
            yield breach(
                "productStatusAllows",
                f"{path}/productId",
                ViolationCode.OTHER_ISSUE,
                f"{product.name!r} is {product.status}; only what is {listed(allowed)} can be {_done(item)}",
            )


def _allowed(item: OrderItem) -> frozenset[str]:
    match item.action:
        case ItemAction.DELETE:
            return IN_USE
        case ItemAction.MODIFY:
            return frozenset({FROM[item.product_status] if item.product_status else ProductStatus.ACTIVE})
        case _:
            return frozenset()


def _done(item: OrderItem) -> str:
    if item.action is ItemAction.DELETE:
        return "ended"
    match item.product_status:
        case ProductStatus.SUSPENDED:
            return "suspended"
        case ProductStatus.ACTIVE:
            return "resumed"
        case None:
            return "changed"


def dependents_kept(case: Case) -> Iterable[Violation]:
    """What another owned product requires is not ended before that one, unless something else serves it."""
    ended = {item.product_id for item in case.order.items if item.action is ItemAction.DELETE}
    left = [p for p in case.facts.owned if p.id not in ended and p.status in IN_USE]
    there = {p.offering_id for p in left} | {
        item.offering_id for item in case.order.items if item.action is ItemAction.ADD
    }
    for path, item, _ in case.items():
        if item.action is not ItemAction.DELETE:
            continue
        needing = [
            product.name
            for product in left
            if (offering := case.facts.offerings.get(product.offering_id or "")) is not None
            and (required := {r.offering_id for r in offering.related(OfferingRelation.REQUIRES)})
            and item.offering_id in required
            and there.isdisjoint(required)
        ]
        if needing:
            yield breach(
                "dependentsKept",
                f"{path}/productId",
                ViolationCode.OTHER_ISSUE,
                f"{listed(needing)} cannot be without it; end that, too, or first",
            )
