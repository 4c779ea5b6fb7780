"""Rules that the catalog makes: what is sold, how it may be configured, bundled and priced (TMF620)."""

import re
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from app.domain.catalog import CharacteristicSpecification
from app.domain.order import ItemAction, RelationshipType
from app.domain.pricing import prices_of
from app.domain.rules.case import Case, breach, listed
from app.domain.violations import Violation, ViolationCode

NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
SELLABLE: Final = frozenset({"active", "launched"})


def offering_known(case: Case) -> Iterable[Violation]:
    """Each ordered offering is in the catalog (TMF620)."""
    for path, item, offering in case.items():
        if offering is None:
            yield breach(
                "offeringKnown",
                f"{path}/offeringId",
                ViolationCode.REFERENCE_NOT_FOUND,
                f"there is no product offering {item.offering_id!r}",
            )


def offering_sellable(case: Case) -> Iterable[Violation]:
    """What is added is active in the catalog and sold at this time."""
    for path, item, offering in case.items():
        if offering is None or item.action is not ItemAction.ADD:
            continue
        where = f"{path}/offeringId"
        if offering.lifecycle_status.lower() not in SELLABLE:
            yield breach(
                "offeringSellable",
                where,
                ViolationCode.INVALID_VALUE,
                f"{offering.id!r} is {offering.lifecycle_status} and no longer or not yet sold",
            )
        if offering.valid_from and case.at < offering.valid_from:
            yield breach(
                "offeringSellable",
                where,
                ViolationCode.INVALID_VALUE,
                f"{offering.id!r} is sold from {offering.valid_from.isoformat()}",
            )
        if offering.valid_until and case.at >= offering.valid_until:
            yield breach(
                "offeringSellable",
                where,
                ViolationCode.INVALID_VALUE,
                f"{offering.id!r} was sold until {offering.valid_until.isoformat()}",
            )


def characteristics_allowed(case: Case) -> Iterable[Violation]:
    """Chosen values are in the specification and allowed by it; required ones are chosen (TMF620)."""
    for path, item, offering in case.items():
        if offering is None or offering.specification is None:
            continue
        specified = {c.name: c for c in offering.specification.characteristics}
        chosen = {c.name for c in item.characteristics}
        for n, characteristic in enumerate(item.characteristics):
            where = f"{path}/characteristics/{n}"
            specification = specified.get(characteristic.name)
            if specification is None:
                yield breach(
                    "characteristicsAllowed",
                    f"{where}/name",
                    ViolationCode.UNEXPECTED_PROPERTY,
                    f"{offering.id!r} has no characteristic {characteristic.name!r}; it has {listed(specified)}",
                )
            elif problem := _value_problem(specification, characteristic.value):
                code, message = problem
                yield breach("characteristicsAllowed", f"{where}/value", code, message)
        for duplicate, times in Counter(c.name for c in item.characteristics).items():
            if times > 1:
                yield breach(
                    "characteristicsAllowed",
                    f"{path}/characteristics",
                    ViolationCode.TOO_MANY_RECORDS,
                    f"{duplicate!r} is given {times} times",
                )
        for name, specification in specified.items():
            if item.action is not ItemAction.ADD:
                break  # only what changes is named; the rest stays as it is
            if specification.required and specification.configurable and name not in chosen:
                yield breach(
                    "characteristicsComplete",
                    f"{path}/characteristics",
                    ViolationCode.MISSING_PROPERTY,
                    f"{name!r} is required; choose {_choices(specification)}",
                )


def _value_problem(specification: CharacteristicSpecification, value: str) -> tuple[ViolationCode, str] | None:
    if not specification.configurable and value not in specification.allowed:
        return (
            ViolationCode.INVALID_VALUE,
            f"{specification.name!r} cannot be chosen, it is {listed(specification.allowed)}",
        )
    if specification.allowed and value not in specification.allowed:
        return ViolationCode.INVALID_VALUE, f"{value!r} is not allowed; choose {_choices(specification)}"
    if specification.pattern and not re.fullmatch(specification.pattern, value):
        return ViolationCode.INVALID_FORMAT, f"{value!r} does not match {specification.pattern}"
    if specification.minimum is None and specification.maximum is None:
        return None
    if not NUMBER.fullmatch(value):
        return ViolationCode.INVALID_FORMAT, f"{value!r} is not a number"
    number = Decimal(value)
    low, high = specification.minimum, specification.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        return ViolationCode.INVALID_VALUE, f"{value} is not {_choices(specification)}"
    return None


def _choices(specification: CharacteristicSpecification) -> str:
    if specification.allowed:
        return f"one of {listed(specification.allowed)}"
    if specification.minimum is not None or specification.maximum is not None:
        low = "" if specification.minimum is None else f" from {specification.minimum}"
        high = "" if specification.maximum is None else f" up to {specification.maximum}"
        return f"a number{low}{high}"
    return "a value"


def one_currency(case: Case) -> Iterable[Violation]:
    """What is ordered together is paid in one currency."""
    currencies = {total.tax_included.currency for total in case.order.totals}
    if len(currencies) > 1:
        yield breach(
            "oneCurrency",
            "/items",
            ViolationCode.INVALID_VALUE,
            f"prices are in {listed(currencies)}; place an order for each currency",
        )


def prices_agreed(case: Case) -> Iterable[Violation]:
    """A price that was shown to the customer is the one that the catalog asks now."""
    for path, item, offering in case.items():
        if offering is None or not item.agreed_prices:
            continue
        asked = {p.name: p.price for p in prices_of(case.order, item, case.facts.offerings, at=case.at)}
        for n, agreed in enumerate(item.agreed_prices):
            where = f"{path}/agreedPrices/{n}"
            current = asked.get(agreed.name)
            if current is None:
                yield breach(
                    "pricesAgreed",
                    f"{where}/name",
                    ViolationCode.REFERENCE_NOT_FOUND,
                    f"{offering.id!r} has no price {agreed.name!r}; it has {listed(asked)}",
                )
            elif current != agreed.price:
                yield breach(
                    "pricesAgreed",
                    f"{where}/price",
                    ViolationCode.INVALID_VALUE,
                    f"{agreed.price.amount} {agreed.price.currency} was shown, "
                    f"the price is {current.amount} {current.currency}",
                )


def bundle_cardinality(case: Case) -> Iterable[Violation]:
    """Each offering in a bundle is chosen at least its lower and at most its upper limit of times.

    Source: TMF620 bundledProductOfferingOption, numberRelOfferLowerLimit and numberRelOfferUpperLimit.
    """
    for path, item, offering in case.items():
        if offering is None or not offering.is_bundle or item.action is not ItemAction.ADD:
            continue
        children = case.order.items_that(RelationshipType.BUNDLES, item)
        chosen: Counter[str] = Counter()
        for child in children:
            chosen[child.offering_id] += child.quantity
        limits = {b.offering_id: b for b in offering.bundled}
        for b in offering.bundled:
            if not b.lower_limit <= chosen[b.offering_id] <= b.upper_limit:
                few = chosen[b.offering_id] < b.lower_limit
                yield breach(
                    "bundleCardinality",
                    f"{path}/relationships",
                    ViolationCode.MISSING_PROPERTY if few else ViolationCode.TOO_MANY_RECORDS,
                    f"{b.offering_id} is chosen {chosen[b.offering_id]} times, "
                    f"{offering.id} takes {b.lower_limit} to {b.upper_limit}",
                )
        for child in children:
            if child.offering_id not in limits:
                yield breach(
                    "bundleCardinality",
                    f"{path}/relationships",
                    ViolationCode.UNEXPECTED_PROPERTY,
                    f"{child.offering_id} is not part of {offering.id}; it bundles {listed(limits)}",
                )


def reservations_held(case: Case) -> Iterable[Violation]:
    """The numbers and SIMs that were reserved for the order are still held for it (TMF685)."""
    for path, item, _ in case.items():
        for n, reservation in enumerate(item.reservations):
            if reservation.id not in case.facts.reservations:
                yield breach(
                    "reservationsHeld",
                    f"{path}/reservations/{n}",
                    ViolationCode.REFERENCE_NOT_FOUND,
                    f"the {reservation.kind} {reservation.value} is no longer reserved; reserve another one",
                )
