"""Rules about what goes together: in one order, and with what the customer already has (TMF620, TMF637)."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from app.domain.catalog import OfferingRelation
from app.domain.facts import OwnedProduct
from app.domain.order import ItemAction, OrderItem
from app.domain.rules.case import Case, breach, listed
from app.domain.violations import Violation, ViolationCode

HELD: Final = frozenset({"created", "pendingActive", "active", "suspended"})


def owned_product_known(case: Case) -> Iterable[Violation]:
    """What is changed or ended is a product that the customer has."""
    owned = {product.id for product in case.facts.owned}
    for path, item, _ in case.items():
        if item.action is not ItemAction.ADD and item.product_id is not None and item.product_id not in owned:
            yield breach(
                "ownedProductKnown",
                f"{path}/productId",
                ViolationCode.REFERENCE_NOT_FOUND,
                f"customer {case.order.customer_id!r} has no product {item.product_id!r}",
            )


def requirements_met(case: Case) -> Iterable[Violation]:
    """What an offering requires is ordered with it or owned already; of a group of requirements one is enough."""
    for path, item, offering in case.items():
        if offering is None or item.action is not ItemAction.ADD:
            continue
        there = _there(case, besides=item)
        required = sorted(offering.related(OfferingRelation.REQUIRES), key=lambda r: r.group or r.offering_id)
        for _, group in groupby(required, key=lambda r: r.group or r.offering_id):
            wanted = [r.offering_id for r in group]
            if there.isdisjoint(wanted):
                yield breach(
                    "requirementsMet",
                    f"{path}/offeringId",
                    ViolationCode.MISSING_PROPERTY,
                    f"{offering.name!r} requires {' or '.join(sorted(wanted))}; add one",
                )


def nothing_excluded(case: Case) -> Iterable[Violation]:
    """What an offering excludes is neither ordered for, nor owned at, the same place."""
    for path, item, offering in case.items():
        if offering is None or not (item.action is ItemAction.ADD or item.moved_from):
            continue
        excluded = {r.offering_id for r in offering.related(OfferingRelation.EXCLUDES)}
        at = _place_id(case, item)
        met = [
            other.offering_name
            for other in _ordered(case, besides=item)
            if other.offering_id in excluded and _place_id(case, other) == at
        ]
        met += [p.name for p in _kept(case) if p.offering_id in excluded and p.place_id == at]
        if met:
            yield breach(
                "nothingExcluded",
                f"{path}/offeringId",
                ViolationCode.INVALID_VALUE,
                f"{offering.name!r} does not go together with {listed(met)}; take one out, or change the owned product",
            )


def _place_id(case: Case, item: OrderItem) -> str | None:
    place = case.order.place_of(item)
    return place.id if place else None


def on_an_upgrade_path(case: Case) -> Iterable[Violation]:
    """An owned product becomes another offering only where the catalog has a path from the one to the other."""
    owned = {product.id: product for product in case.facts.owned}
    for path, item, _ in case.items():
        product = owned.get(item.product_id or "")
        if item.action is not ItemAction.MODIFY or product is None or product.offering_id in (None, item.offering_id):
            continue
        current = case.facts.offerings.get(product.offering_id or "")
        if current is None:
            continue
        paths = (OfferingRelation.UPGRADES_TO, OfferingRelation.MIGRATES_TO)
        ahead = {r.offering_id for relation in paths for r in current.related(relation)}
        if item.offering_id not in ahead:
            yield breach(
                "onAnUpgradePath",
                f"{path}/offeringId",
                ViolationCode.INVALID_VALUE,
                f"{product.name!r} cannot become {item.offering_name!r}; it can become {listed(ahead)}",
            )


def _ordered(case: Case, *, besides: OrderItem) -> Iterable[OrderItem]:
    bringing = (ItemAction.ADD, ItemAction.MODIFY, ItemAction.NO_CHANGE)
    return (item for item in case.order.items if item is not besides and item.action in bringing)


def _kept(case: Case) -> Iterable[OwnedProduct]:
    """What the customer has and does not change with this order."""
    changed = {item.product_id for item in case.order.items if item.action is not ItemAction.NO_CHANGE}
    return (product for product in case.facts.owned if product.status in HELD and product.id not in changed)


def _there(case: Case, *, besides: OrderItem) -> frozenset[str]:
    ordered = {item.offering_id for item in _ordered(case, besides=besides)}
    # what an earlier order brings is waited for
    ordered |= {offering_id for other in case.earlier for offering_id in other.offering_ids}
    return frozenset(ordered | {product.offering_id for product in _kept(case) if product.offering_id})
