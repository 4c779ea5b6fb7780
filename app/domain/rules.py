"""The rules a product order must keep. Each is a function that gives every breach; its id is in the message.

A breach names the place in the order as a JSON pointer (`/items/0/quantity`), the rule and the way out.
Source of the codes: MEF 57.2 and TMF622 error 422.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from app.domain.catalog import CharacteristicSpecification, Offering
from app.domain.facts import Facts
from app.domain.order import ItemAction, OrderItem, ProductOrder, RelationshipType
from app.domain.rulebook import Need, Rulebook

SELLABLE: Final = frozenset({"active", "launched"})
CLOSED: Final = frozenset({"closed", "inactive", "terminated"})
LOST_APPOINTMENT: Final = frozenset({"cancelled", "failed", "completed"})
MAXIMUM_QUANTITY: Final = 100
MAXIMUM_ITEMS: Final = 200


class ViolationCode(StrEnum):
    """What kind of breach it is."""

    MISSING_PROPERTY = "missingProperty"
    INVALID_VALUE = "invalidValue"
    INVALID_FORMAT = "invalidFormat"
    REFERENCE_NOT_FOUND = "referenceNotFound"
    UNEXPECTED_PROPERTY = "unexpectedProperty"
    TOO_MANY_RECORDS = "tooManyRecords"
    OTHER_ISSUE = "otherIssue"


class Severity(StrEnum):
    """An error refuses the order; a warning only tells."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of one rule."""

    rule: str
    path: str
    code: ViolationCode
    message: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a rule judges: an order, the facts about it, the rules that are data, and the time."""

    order: ProductOrder
    facts: Facts
    rulebook: Rulebook
    at: datetime

    def items(self) -> Iterable[tuple[str, OrderItem, Offering | None]]:
        """Each item with its path and its offering, when the catalog knows it."""
        for n, item in enumerate(self.order.items):
            yield f"/items/{n}", item, self.facts.offerings.get(item.offering_id)


Rule = Callable[[Case], Iterable[Violation]]


def _breach(rule: str, path: str, code: ViolationCode, message: str) -> Violation:
    return Violation(rule, path, code, f"{path}: {message} ({rule}).")


def customer_known(case: Case) -> Iterable[Violation]:
    """The customer exists (TMF629)."""
    if case.facts.customer is None:
        yield _breach(
            "customerKnown",
            "/customerId",
            ViolationCode.REFERENCE_NOT_FOUND,
            f"there is no customer {case.order.customer_id!r}",
        )


def customer_open(case: Case) -> Iterable[Violation]:
    """A customer whose relationship has ended orders nothing."""
    customer = case.facts.customer
    if customer is not None and (customer.status or "").lower() in CLOSED:
        yield _breach(
            "customerOpen",
            "/customerId",
            ViolationCode.INVALID_VALUE,
            f"customer {customer.id!r} is {customer.status}; reopen the customer first",
        )


def has_items(case: Case) -> Iterable[Violation]:
    """An order orders something, and not more than can be handled as one."""
    count = len(case.order.items)
    if count == 0:
        yield _breach("hasItems", "/items", ViolationCode.MISSING_PROPERTY, "the order has no item; add at least one")
    if count > MAXIMUM_ITEMS:
        yield _breach(
            "hasItems",
            "/items",
            ViolationCode.TOO_MANY_RECORDS,
            f"{count} items are above the maximum {MAXIMUM_ITEMS}; place several orders",
        )


def item_ids_unique(case: Case) -> Iterable[Violation]:
    """Items are told apart by their id."""
    for item_id, times in Counter(item.id for item in case.order.items).items():
        if times > 1:
            yield _breach(
                "itemIdsUnique", "/items", ViolationCode.INVALID_VALUE, f"{times} items have the id {item_id!r}"
            )


def relationships_resolve(case: Case) -> Iterable[Violation]:
    """A relationship names another item of the same order, and items do not rely on each other in a circle."""
    ids = {item.id for item in case.order.items}
    for path, item, _ in case.items():
        for n, relationship in enumerate(item.relationships):
            if relationship.item_id not in ids or relationship.item_id == item.id:
                yield _breach(
                    "relationshipsResolve",
                    f"{path}/relationships/{n}/itemId",
                    ViolationCode.REFERENCE_NOT_FOUND,
                    f"{relationship.item_id!r} is no other item of this order",
                )
    for circle in _circles(case.order):
        yield _breach(
            "relationshipsResolve",
            "/items",
            ViolationCode.INVALID_VALUE,
            f"items {' → '.join(circle)} rely on each other",
        )


def _circles(order: ProductOrder) -> Iterable[tuple[str, ...]]:
    """One circle for each item that closes one; bundling and reliance are looked at together."""
    related = {item.id: tuple(r.item_id for r in item.relationships) for item in order.items}
    done: set[str] = set()
    for start in related:
        way: list[str] = []
        stack = [(start, iter(related[start]))]
        while stack:
            here, ahead = stack[-1]
            if here not in way:
                way.append(here)
            step = next((r for r in ahead if r in related and r not in done), None)
            if step is None:
                done.add(here)
                way.pop()
                stack.pop()
            elif step in way:
                yield (*way[way.index(step) :], step)
            else:
                stack.append((step, iter(related[step])))


def offering_known(case: Case) -> Iterable[Violation]:
    """Each ordered offering is in the catalog (TMF620)."""
    for path, item, offering in case.items():
        if offering is None:
            yield _breach(
                "offeringKnown",
                f"{path}/offeringId",
                ViolationCode.REFERENCE_NOT_FOUND,
                f"there is no product offering {item.offering_id!r}",
            )


def offering_sellable(case: Case) -> Iterable[Violation]:
    """What is added is active in the catalog, sold at this time and in this channel."""
    for path, item, offering in case.items():
        if offering is None or item.action is not ItemAction.ADD:
            continue
        where = f"{path}/offeringId"
        if offering.lifecycle_status.lower() not in SELLABLE:
            yield _breach(
                "offeringSellable",
                where,
                ViolationCode.INVALID_VALUE,
                f"{offering.id!r} is {offering.lifecycle_status} and no longer or not yet sold",
            )
        if offering.valid_from and case.at < offering.valid_from:
            yield _breach(
                "offeringSellable",
                where,
                ViolationCode.INVALID_VALUE,
                f"{offering.id!r} is sold from {offering.valid_from.isoformat()}",
            )
        if offering.valid_until and case.at >= offering.valid_until:
            yield _breach(
                "offeringSellable",
                where,
                ViolationCode.INVALID_VALUE,
                f"{offering.id!r} was sold until {offering.valid_until.isoformat()}",
            )


def quantity_in_range(case: Case) -> Iterable[Violation]:
    """At least one piece, and not more than one order may hold."""
    for path, item, _ in case.items():
        if not 1 <= item.quantity <= MAXIMUM_QUANTITY:
            yield _breach(
                "quantityInRange",
                f"{path}/quantity",
                ViolationCode.INVALID_VALUE,
                f"{item.quantity} is not between 1 and {MAXIMUM_QUANTITY}",
            )


def owned_product_named(case: Case) -> Iterable[Violation]:
    """Every action but add is about a product that the customer owns, and names it."""
    for path, item, _ in case.items():
        if item.action is not ItemAction.ADD and item.product_id is None:
            yield _breach(
                "ownedProductNamed",
                f"{path}/productId",
                ViolationCode.MISSING_PROPERTY,
                f"action {item.action} needs the owned product",
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
                yield _breach(
                    "characteristicsAllowed",
                    f"{where}/name",
                    ViolationCode.UNEXPECTED_PROPERTY,
                    f"{offering.id!r} has no characteristic {characteristic.name!r}; it has {_list(specified)}",
                )
            elif problem := _value_problem(specification, characteristic.value):
                code, message = problem
                yield _breach("characteristicsAllowed", f"{where}/value", code, message)
        for duplicate, times in Counter(c.name for c in item.characteristics).items():
            if times > 1:
                yield _breach(
                    "characteristicsAllowed",
                    f"{path}/characteristics",
                    ViolationCode.TOO_MANY_RECORDS,
                    f"{duplicate!r} is given {times} times",
                )
        for name, specification in specified.items():
            if specification.required and specification.configurable and name not in chosen:
                yield _breach(
                    "characteristicsComplete",
                    f"{path}/characteristics",
                    ViolationCode.MISSING_PROPERTY,
                    f"{name!r} is required; choose {_choices(specification)}",
                )


def _value_problem(specification: CharacteristicSpecification, value: str) -> tuple[ViolationCode, str] | None:
    if not specification.configurable and value not in specification.allowed:
        return (
            ViolationCode.INVALID_VALUE,
            f"{specification.name!r} cannot be chosen, it is {_list(specification.allowed)}",
        )
    if specification.allowed and value not in specification.allowed:
        return ViolationCode.INVALID_VALUE, f"{value!r} is not allowed; choose {_choices(specification)}"
    if specification.pattern and not re.fullmatch(specification.pattern, value):
        return ViolationCode.INVALID_FORMAT, f"{value!r} does not match {specification.pattern}"
    if specification.minimum is None and specification.maximum is None:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return ViolationCode.INVALID_FORMAT, f"{value!r} is not a number"
    low, high = specification.minimum, specification.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        return ViolationCode.INVALID_VALUE, f"{value} is not {_choices(specification)}"
    return None


def _choices(specification: CharacteristicSpecification) -> str:
    if specification.allowed:
        return f"one of {_list(specification.allowed)}"
    if specification.minimum is not None or specification.maximum is not None:
        return f"a number from {specification.minimum} to {specification.maximum}"
    return "a value"


def _list(values: Iterable[str]) -> str:
    return ", ".join(values) or "none"


def prices_agreed(case: Case) -> Iterable[Violation]:
    """A price that was shown to the customer is the one that the catalog asks now."""
    for path, item, offering in case.items():
        if offering is None:
            continue
        asked = {price.name: price.price for price in offering.prices}
        for n, agreed in enumerate(item.agreed_prices):
            where = f"{path}/agreedPrices/{n}"
            current = asked.get(agreed.name)
            if current is None:
                yield _breach(
                    "pricesAgreed",
                    f"{where}/name",
                    ViolationCode.REFERENCE_NOT_FOUND,
                    f"{offering.id!r} has no price {agreed.name!r}; it has {_list(asked)}",
                )
            elif current != agreed.price:
                yield _breach(
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
                yield _breach(
                    "bundleCardinality",
                    f"{path}/relationships",
                    ViolationCode.MISSING_PROPERTY if few else ViolationCode.TOO_MANY_RECORDS,
                    f"{b.offering_id} is chosen {chosen[b.offering_id]} times, "
                    f"{offering.id} takes {b.lower_limit} to {b.upper_limit}",
                )
        for child in children:
            if child.offering_id not in limits:
                yield _breach(
                    "bundleCardinality",
                    f"{path}/relationships",
                    ViolationCode.UNEXPECTED_PROPERTY,
                    f"{child.offering_id} is not part of {offering.id}; it bundles {_list(limits)}",
                )


def place_given(case: Case) -> Iterable[Violation]:
    """What is installed somewhere says where, and the address is a validated one (TMF673)."""
    if case.order.place and case.order.place.id not in case.facts.places:
        yield _breach(
            "placeKnown",
            "/placeId",
            ViolationCode.REFERENCE_NOT_FOUND,
            f"there is no address {case.order.place.id!r}",
        )
    for path, item, offering in case.items():
        place = case.order.place_of(item)
        if item.place and item.place.id not in case.facts.places:
            yield _breach(
                "placeKnown",
                f"{path}/placeId",
                ViolationCode.REFERENCE_NOT_FOUND,
                f"there is no address {item.place.id!r}",
            )
        if place is None and Need.PLACE in case.rulebook.needs(case.order, item, offering):
            yield _breach(
                "placeGiven",
                f"{path}/placeId",
                ViolationCode.MISSING_PROPERTY,
                f"{item.offering_name!r} is installed at a place; name a validated address",
            )


def place_serviceable(case: Case) -> Iterable[Violation]:
    """The place can be served with what the item needs, and that answer still holds (TMF645)."""
    for path, item, offering in case.items():
        place = case.order.place_of(item)
        if place is None or offering is None or offering.specification is None:
            continue
        fact = case.facts.serviceability.get((place.id, serviceability_key(offering)))
        if fact is None:
            continue
        if not fact.serviceable:
            yield _breach(
                "placeServiceable",
                f"{path}/placeId",
                ViolationCode.INVALID_VALUE,
                f"{item.offering_name!r} cannot be delivered at {place.label}: {fact.reason or 'not serviceable'}",
            )
        elif fact.valid_until and fact.valid_until <= case.at:
            yield _breach(
                "placeServiceable",
                f"{path}/placeId",
                ViolationCode.INVALID_VALUE,
                f"the answer for {place.label} expired at {fact.valid_until.isoformat()}; check again",
            )


def serviceability_key(offering: Offering) -> tuple[str, ...]:
    """What serviceability is asked for: the offering's service specifications, sorted."""
    return tuple(sorted(offering.specification.service_specification_ids)) if offering.specification else ()


def appointment_held(case: Case) -> Iterable[Violation]:
    """What needs a technician's visit has an appointment, still held and not in the past (TMF646)."""
    for path, item, offering in case.items():
        if item.appointment is None:
            if Need.APPOINTMENT in case.rulebook.needs(case.order, item, offering):
                yield _breach(
                    "appointmentGiven",
                    f"{path}/appointment",
                    ViolationCode.MISSING_PROPERTY,
                    f"{item.offering_name!r} needs a visit; choose a time slot",
                )
            continue
        fact = case.facts.appointments.get(item.appointment.id)
        if fact is None or fact.status.lower() in LOST_APPOINTMENT:
            yield _breach(
                "appointmentHeld",
                f"{path}/appointment",
                ViolationCode.REFERENCE_NOT_FOUND,
                "the appointment is no longer held; choose a new time slot",
            )
        elif item.appointment.start <= case.at:
            yield _breach(
                "appointmentHeld",
                f"{path}/appointment",
                ViolationCode.INVALID_VALUE,
                f"the appointment was at {item.appointment.start.isoformat()}; choose a new time slot",
            )


def dates_in_order(case: Case) -> Iterable[Violation]:
    """The wished-for dates lie ahead, the start before the completion."""
    start, completion = case.order.requested_start_at, case.order.requested_completion_at
    if start and completion and completion < start:
        yield _breach(
            "datesInOrder",
            "/requestedCompletionAt",
            ViolationCode.INVALID_VALUE,
            f"{completion.isoformat()} is before the requested start {start.isoformat()}",
        )
    if completion and completion < case.at:
        yield _breach(
            "datesInOrder",
            "/requestedCompletionAt",
            ViolationCode.INVALID_VALUE,
            f"{completion.isoformat()} has passed",
        )


def billing_account_of_customer(case: Case) -> Iterable[Violation]:
    """A named billing account exists, is open and is the customer's own (TMF666)."""
    account_id = case.order.billing_account_id
    if account_id is None:
        return
    account = case.facts.billing_accounts.get(account_id)
    where = "/billingAccountId"
    if account is None:
        yield _breach(
            "billingAccountKnown",
            where,
            ViolationCode.REFERENCE_NOT_FOUND,
            f"there is no billing account {account_id!r}",
        )
    elif case.order.customer_id not in account.customer_ids:
        yield _breach(
            "billingAccountKnown",
            where,
            ViolationCode.INVALID_VALUE,
            f"billing account {account_id!r} is not of customer {case.order.customer_id!r}",
        )
    elif (account.state or "").lower() in CLOSED:
        yield _breach(
            "billingAccountOpen",
            where,
            ViolationCode.INVALID_VALUE,
            f"billing account {account_id!r} is {account.state}",
        )


def priority_in_range(case: Case) -> Iterable[Violation]:
    """TMF622: 0 is the highest priority, 4 the lowest."""
    if not 0 <= case.order.priority <= 4:
        yield _breach(
            "priorityInRange", "/priority", ViolationCode.INVALID_VALUE, f"{case.order.priority} is not between 0 and 4"
        )


RULES: Final[tuple[Rule, ...]] = (
    customer_known,
    customer_open,
    has_items,
    item_ids_unique,
    relationships_resolve,
    offering_known,
    offering_sellable,
    quantity_in_range,
    owned_product_named,
    characteristics_allowed,
    prices_agreed,
    bundle_cardinality,
    place_given,
    place_serviceable,
    appointment_held,
    dates_in_order,
    billing_account_of_customer,
    priority_in_range,
)


def violations(case: Case) -> tuple[Violation, ...]:
    """Every breach of every rule."""
    return tuple(violation for rule in RULES for violation in rule(case))


def refusals(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """The breaches that refuse an order at submission."""
    return tuple(v for v in found if v.severity is Severity.ERROR)


def mistakes(found: Iterable[Violation]) -> tuple[Violation, ...]:
    """The breaches that refuse even a draft: what is wrong, as opposed to what is still missing."""
    return tuple(v for v in refusals(found) if v.code is not ViolationCode.MISSING_PROPERTY)


def relocated(found: Iterable[Violation], prefixes: Mapping[str, str]) -> tuple[Violation, ...]:
    """The same breaches with paths into the caller's input: a path under a key of `prefixes` moves under its value."""
    moved = []
    for violation in found:
        path = violation.path
        for old, new in prefixes.items():
            if path == old or path.startswith(f"{old}/"):
                path = new + path[len(old) :]
                break
        moved.append(replace(violation, path=path, message=violation.message.replace(violation.path, path, 1)))
    return tuple(moved)
