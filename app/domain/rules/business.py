"""Rules that are data: evaluated here, written in rule files (`app/rules/validation.yaml`, `priority.yaml`)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from app.domain.catalog import Offering
from app.domain.facts import CustomerFact, Facts
from app.domain.order import OrderItem, ProductOrder
from app.domain.rulebook import BLANK_ITEM, BLANK_ORDER, Rulebook, Scope, ValidationRule, View, item_part, order_part
from app.domain.rules.case import Case, breach
from app.domain.violations import Violation

UNLIMITED_AGE: Final = 999
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)


def business_rules(case: Case) -> Iterable[Violation]:
    """Every breach of every validation rule that is in force and whose sources have answered."""
    for rule in case.rulebook.validation:
        if rule.in_force(case.at) and rule.sources.isdisjoint(case.facts.unanswered):
            for path, view in _views(case, rule.scope):
                if rule.when.holds(view):
                    yield _broken(rule, f"{path}{rule.path}", view)


def _broken(rule: ValidationRule, path: str, view: View) -> Violation:
    violation = breach(rule.id, path, rule.code, rule.message(view))
    return replace(violation, severity=rule.severity, step=rule.step, because=rule.when.text)


def prioritised(case: Case) -> ProductOrder:
    """The order with the highest priority that it asks for or that a rule gives it."""
    view = case_view(case, None, None)
    given = [rule.priority for rule in case.rulebook.priority if rule.when.holds(view)]
    return replace(case.order, priority=min([case.order.priority, *given]))


def _views(case: Case, scope: Scope) -> Iterable[tuple[str, View]]:
    if scope is Scope.ORDER:
        yield "", case_view(case, None, None)
        return
    for path, item, offering in case.items():
        if offering is not None:
            yield path, case_view(case, item, offering)


def case_view(case: Case, item: OrderItem | None, offering: Offering | None) -> View:
    """What a validation or priority condition may speak of."""
    item = item or BLANK_ITEM
    return {
        "item": item_part(item, offering),
        "order": order_part(case.order),
        "offering": _offering_part(offering),
        "customer": _customer_part(case),
        "place": _place_part(case, item),
        "duplicate": _duplicate_part(case, item),
    }


def _offering_part(offering: Offering | None) -> View:
    found = offering or BLANK_OFFERING
    return {
        "id": found.id,
        "name": found.name,
        "categories": list(found.categories),
        "channels": list(found.channels),
        "marketSegments": list(found.market_segments),
        "markets": list(found.markets),
        "minimumAge": found.minimum_age or 0,
        "maximumAge": UNLIMITED_AGE if found.maximum_age is None else found.maximum_age,
        "creditCheck": found.credit_check.value,
    }


def _customer_part(case: Case) -> View:
    customer, facts = case.facts.customer or BLANK_CUSTOMER, case.facts
    age = customer.age_on(case.at.date())
    return {
        "id": customer.id,
        "segment": customer.segment or "",
        "status": customer.status or "",
        "market": customer.market or "",
        "vip": customer.vip,
        "age": -1 if age is None else age,
        "owns": [p.offering_id for p in facts.owned if p.offering_id and p.status == "active"],
        "overdue": f"{facts.overdue.amount.amount} {facts.overdue.amount.currency}" if facts.overdue else "",
        "overdueCents": int(facts.overdue.amount.amount * 100) if facts.overdue else 0,
        "overdueDays": (case.at.date() - facts.overdue.since).days if facts.overdue else 0,
        "ordersOfToday": sum(case.at - other.submitted_at <= DAY for other in facts.other_orders),
        "isNew": not facts.owned,
    }


def _place_part(case: Case, item: OrderItem) -> View:
    place = case.order.place_of(item)
    at = case.facts.places.get(place.id) if place else None
    return {
        "known": at is not None,
        "country": (at.country or "") if at else "",
        "postcode": (at.postcode or "") if at else "",
    }


def _duplicate_part(case: Case, item: OrderItem) -> View:
    """The open order of the same customer that already brings the same offering to the same place."""
    place = case.order.place_of(item)
    for other in case.facts.other_orders:
        same_place = place is None or place.id in other.place_ids
        if other.open and item.offering_id in other.offering_ids and same_place:
            return {"found": True, "order": other.id, "hours": (case.at - other.submitted_at) // HOUR}
    return {"found": False, "order": "", "hours": 0}


BLANK_OFFERING: Final = Offering(id="", name="", lifecycle_status="")
BLANK_CUSTOMER: Final = CustomerFact(id="", name="", status=None)
BLANK_CASE: Final = Case(
    order=BLANK_ORDER, facts=Facts(), rulebook=Rulebook(decomposition=()), at=BLANK_ORDER.created_at
)
"""A case of which nothing is known: a condition that cannot be judged of it speaks of what is never there."""
