"""What may be done with products that the customer owns: by their state, and by what depends on them (TMF637)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from app.domain.catalog import OfferingRelation
from app.domain.facts import OwnedProduct
from app.domain.order import ItemAction, OrderItem, ProductStatus
from app.domain.rules.case import Case, breach, listed
from app.domain.violations import Violation, ViolationCode

_P = ProductStatus
IN_USE: Final[frozenset[str]] = frozenset(ProductStatus)
FROM: Final[Mapping[ProductStatus, ProductStatus]] = {_P.SUSPENDED: _P.ACTIVE, _P.ACTIVE: _P.SUSPENDED}
"""By the status that a product is to have, the one that it must have before."""


def status_allows(case: Case) -> Iterable[Violation]:
    """A product is suspended when it is active, resumed when it is suspended, and ended when it is one of these.

    What counts is what it will be by then: the order waits for the customer's earlier orders for the same product.
    """
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
        kept = item.action is ItemAction.DELETE or item.product_status is not None or item.renewal is not None
        if product is not None and kept and product.offering_id not in (None, item.offering_id):
            yield breach(
                "productOffering",
                f"{path}/offeringId",
                ViolationCode.INVALID_VALUE,
                f"product {product.id!r} is a {product.offering_id!r}, not a {item.offering_id!r}",
            )
            continue
        allowed = _allowed(item)
        if product is None or not allowed:
            continue
        status, by = _status_then(case, product)
        if status not in allowed:
            will_be = f"will be {status}, by order {by}" if by else f"is {status}"
            yield breach(
                "productStatusAllows",
                f"{path}/productId",
                ViolationCode.OTHER_ISSUE,
                f"{product.name!r} {will_be}; only what is {listed(allowed)} can be {_done(item)}",
            )


def _status_then(case: Case, product: OwnedProduct) -> tuple[str, str | None]:
    """The product's status once the earlier orders under way are done, and the order that gives it."""
    changes = [(o.statuses[product.id], o.id) for o in case.earlier if product.id in o.statuses]
    return changes[-1] if changes else (product.status, None)


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
            return "renewed" if item.renewal else "changed"


def suspension_fits(case: Case) -> Iterable[Violation]:
    """How a product is suspended is said of what is suspended; it goes on by itself only later than it begins."""
    for path, item, _ in case.items():
        suspension = item.suspension
        if suspension is None:
            continue
        if item.product_status is not ProductStatus.SUSPENDED:
            yield breach(
                "suspensionOfSuspended",
                f"{path}/suspension",
                ViolationCode.UNEXPECTED_PROPERTY,
                "it is for what is suspended, with the product status suspended",
            )
        start = case.order.takes_effect_at(case.at)
        if suspension.resumes_at is not None and suspension.resumes_at <= max(start, case.at):
            yield breach(
                "resumesLater",
                f"{path}/suspension/resumesAt",
                ViolationCode.INVALID_VALUE,
                f"{suspension.resumes_at.isoformat()} is not after the suspension begins",
            )


def renewal_offered(case: Case) -> Iterable[Violation]:
    """A product is renewed for a term that its offering has, and nothing else is done with it by the same item."""
    for path, item, offering in case.items():
        renewal = item.renewal
        if renewal is None:
            continue
        other = item.characteristics or item.product_status is not None
        if item.action is not ItemAction.MODIFY or other:
            yield breach(
                "renewalAlone",
                f"{path}/renewal",
                ViolationCode.UNEXPECTED_PROPERTY,
                "a renewal is of action modify, and changes nothing but the term",
            )
        if offering is not None and renewal.term is None:
            names = listed(term.name for term in offering.terms)
            yield breach(
                "termOffered",
                f"{path}/renewal/termName",
                ViolationCode.INVALID_VALUE,
                f"{offering.name!r} has no term {renewal.term_name!r}; it has {names}"
                if renewal.term_name is not None
                else f"{offering.name!r} has more or less than one term; name one of {names}",
            )


def parts_ended(case: Case) -> Iterable[Violation]:
    """What belongs to a bundle ends with it."""
    owned = {product.id: product for product in case.facts.owned}
    ended = {item.product_id for item in case.order.items if item.action is ItemAction.DELETE}
    for path, item, _ in case.items():
        product = owned.get(item.product_id or "")
        if item.action is not ItemAction.DELETE or product is None:
            continue
        left = [p.name for i in product.parts if (p := owned.get(i)) and p.id not in ended and p.status in IN_USE]
        if left:
            yield breach(
                "partsEnded",
                f"{path}/productId",
                ViolationCode.MISSING_PROPERTY,
                f"{product.name!r} bundles {listed(left)}; end that in the same order",
            )


def named_once(case: Case) -> Iterable[Violation]:
    """What an order does with an owned product it does once."""
    seen: set[str] = set()
    for path, item, _ in case.items():
        if item.action is ItemAction.ADD or item.product_id is None:
            continue
        if item.product_id in seen:
            yield breach(
                "productNamedOnce",
                f"{path}/productId",
                ViolationCode.INVALID_VALUE,
                f"product {item.product_id!r} is in the order twice; say once what is to become of it",
            )
        seen.add(item.product_id)


def dependents_kept(case: Case) -> Iterable[Violation]:
    """What another owned product requires stays with it: neither ended, handed over nor moved before that one."""
    owned = {product.id: product for product in case.facts.owned}
    handed_over = case.order.ownership is not None
    going = (i for i in case.order.items if i.action is ItemAction.DELETE or handed_over or i.moved_from)
    ended = {item.product_id for item in going}
    left = [p for p in case.facts.owned if p.id not in ended and p.status in IN_USE]
    there = {p.offering_id for p in left} | {i.offering_id for i in case.order.items if i.action is ItemAction.ADD}
    for path, item, _ in case.items():
        product = owned.get(item.product_id or "")
        if item.product_id not in ended or product is None or product.offering_id is None:
            continue
        needing = [other.name for other in left if _left_alone(case, other, product.offering_id, there)]
        if needing:
            yield breach(
                "dependentsKept",
                f"{path}/productId",
                ViolationCode.OTHER_ISSUE,
                f"{listed(needing)} cannot be without it; "
                + ("end that, too, or first" if item.action is ItemAction.DELETE else "let that go along, too"),
            )


def _left_alone(case: Case, product: OwnedProduct, ended: str, there: Collection[str | None]) -> bool:
    """Whether the product requires what is ended, and nothing that is left serves in its place."""
    offering = case.facts.offerings.get(product.offering_id or "")
    required = offering.related(OfferingRelation.REQUIRES) if offering else ()
    groups = {r.group or r.offering_id for r in required if r.offering_id == ended}
    return any(
        not any(r.offering_id in there for r in required if (r.group or r.offering_id) == group) for group in groups
    )
