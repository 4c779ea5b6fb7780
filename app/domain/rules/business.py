"""Rules that are data: evaluated here, written in rule files (`app/rules/validation.yaml`, `priority.yaml`)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from app.domain.actor import Role
from app.domain.catalog import Offering
from app.domain.conditions import CannotJudge, Members, View
from app.domain.facts import CustomerFact, Facts, OwnedProduct
from app.domain.order import ItemAction, OrderItem, ProductOrder
from app.domain.periods import months_left
from app.domain.repackage import commitment, commitment_ends_at
from app.domain.rulebook import DecompositionRule, PriorityRule, Rulebook, Scope, TerminationRule, ValidationRule
from app.domain.rules.case import Case, breach
from app.domain.rules.documents import content_of
from app.domain.views import BLANK_ITEM, BLANK_ORDER, item_part, order_part
from app.domain.violations import Violation, ViolationCode

UNLIMITED_AGE: Final = 999
EXTERNAL: Final = frozenset({Role.CUSTOMER, Role.DEALER, Role.AFFILIATE})
"""Who is not of the operator's own people."""
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)


def business_rules(case: Case) -> Iterable[Violation]:
    """Every breach of every validation rule that is in force and whose sources have answered."""
    views = {scope: tuple(_views(case, scope)) for scope in Scope}
    for rule in case.rulebook.validation:
        if rule.in_force(case.at) and rule.sources.isdisjoint(case.facts.unanswered):
            for item_id, view in views[rule.scope]:
                path = _path_of(case, item_id)
                try:
                    broken = rule.when.holds(view)
                except CannotJudge as problem:
                    # what cannot be judged must not pass for kept
                    yield replace(breach(rule.id, path, ViolationCode.OTHER_ISSUE, str(problem)), step=rule.step)
                else:
                    if broken:
                        yield _broken(rule, f"{path}{rule.path}", view)
    yield from _unjudged(case)


def _unjudged(case: Case) -> Iterable[Violation]:
    """Rules of the other kinds that cannot be judged for this order: nothing is published on a guess."""
    whole = case_view(case, None, None)
    asked: list[tuple[str, PriorityRule | DecompositionRule | TerminationRule, View]] = [
        ("", r, whole) for r in case.rulebook.priority
    ]
    for path, item, offering in case.items():
        work = case.work(item, offering)
        asked += [(path, rule, work) for rule in case.rulebook.decomposition]
        if item.action is ItemAction.DELETE:
            ended = case_view(case, item, offering)
            asked += [(path, rule, ended) for rule in case.rulebook.termination]
    for path, rule, view in asked:
        try:
            rule.when.holds(view)
        except CannotJudge as problem:
            yield breach(rule.id, path, ViolationCode.OTHER_ISSUE, str(problem))


def _broken(rule: ValidationRule, path: str, view: View) -> Violation:
    violation = breach(rule.id, path, rule.code, rule.message(view))
    return replace(violation, severity=rule.severity, step=rule.step, because=rule.when.text)


def prioritised(case: Case) -> ProductOrder:
    """The order with the highest priority that it asks for or that a rule gives it.

    Raises CannotJudge; an order whose rules have been judged breaks none of them in this way.
    """
    view = case_view(case, None, None)
    given = [rule.priority for rule in case.rulebook.priority if rule.when.holds(view)]
    return replace(case.order, priority=min([case.order.priority, *given]))


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that is data and whose condition holds, for which item (None: the order), and what it looked at."""

    rule: ValidationRule | PriorityRule | DecompositionRule
    item_id: str | None
    because: tuple[str, ...]


def fired(case: Case) -> Iterable[Fired]:
    """Every rule that is data and speaks of this order: what it must keep, how urgent it is, which work it asks for."""
    views = {scope: tuple(_views(case, scope)) for scope in Scope}
    for rule in case.rulebook.validation:
        if rule.in_force(case.at) and rule.sources.isdisjoint(case.facts.unanswered):
            for item_id, view in views[rule.scope]:
                yield from _if_held(rule, item_id, view)
    whole = case_view(case, None, None)
    for urgency in case.rulebook.priority:
        yield from _if_held(urgency, None, whole)
    for _, item, offering in case.items():
        work = case.work(item, offering)
        for decomposition in case.rulebook.decomposition:
            if (decomposition.scope is Scope.TAKE_BACK) is (case.order.takes_back is not None):
                yield from _if_held(decomposition, item.id, work)


def _if_held(
    rule: ValidationRule | PriorityRule | DecompositionRule, item_id: str | None, view: View
) -> Iterable[Fired]:
    try:
        if rule.when.holds(view):
            yield Fired(rule, item_id, rule.when.because(view))
    except CannotJudge as problem:
        yield Fired(rule, item_id, (str(problem),))


def _views(case: Case, scope: Scope) -> Iterable[tuple[str | None, View]]:
    if scope is Scope.ORDER:
        yield None, case_view(case, None, None)
        return
    for _, item, offering in case.items():
        if offering is not None:
            yield item.id, case_view(case, item, offering)


def _path_of(case: Case, item_id: str | None) -> str:
    return next((path for path, item, _ in case.items() if item.id == item_id), "")


def case_view(case: Case, item: OrderItem | None, offering: Offering | None) -> View:
    """What a validation or priority condition may speak of."""
    item = item or BLANK_ITEM
    return View(
        {
            "item": item_part(item, offering),
            "order": {**order_part(case.order), "daysBack": _days_back(case)},
            "actor": {"role": case.role.value if case.role else "", "external": case.role in EXTERNAL},
            "offering": _offering_part(offering),
            "customer": _customer_part(case),
            "place": _place_part(case, item),
            "product": _product_part(case, item),
            "duplicate": _duplicate_part(case, item),
            "repackaging": _repackaging_part(case),
        }
    )


def _days_back(case: Case) -> int:
    """How many whole days lie between the start that the order asks for and now; 0: it does not lie behind."""
    start = case.order.requested_start_at
    return max((case.at - start).days, 0) if start else 0


def _offering_part(offering: Offering | None) -> Members:
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


def _customer_part(case: Case) -> Members:
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


def _place_part(case: Case, item: OrderItem) -> Members:
    place = case.order.place_of(item)
    at = case.facts.places.get(place.id) if place else None
    return {
        "known": at is not None,
        "country": (at.country or "") if at else "",
        "postcode": (at.postcode or "") if at else "",
    }


def _product_part(case: Case, item: OrderItem) -> Members:
    """The owned product that the item is about, as it is when the order takes effect."""
    named = (product for product in case.facts.owned if product.id == item.product_id)
    product, at = next(named, BLANK_PRODUCT), case.order.takes_effect_at(case.at)
    suspension = product.suspension
    return {
        "id": product.id,
        "offering": product.offering_id or "",
        "name": product.name,
        "status": product.status,
        "ageDays": (at - product.started_at).days if product.started_at else -1,
        "monthsLeft": months_left(product.term_ends_at, at),
        "termEndsOn": product.term_ends_at.date().isoformat() if product.term_ends_at else "",
        "suspendedBy": suspension.originator.value if suspension else "",
        "suspensionScope": suspension.scope.value if suspension else "",
        "suspensionBilling": suspension.billing.value if suspension else "",
    }


def _repackaging_part(case: Case) -> Members:
    """What the customer takes on when owned products become another offering, and what was agreed about it."""
    repackaging, agreement = case.order.repackaging, case.order.agreement
    takes_on = commitment(case.order) if repackaging else None
    ends_at = commitment_ends_at(case.order, case.facts.owned, case.order.takes_effect_at(case.at))
    quote = case.facts.quotes.get(repackaging.quote_id or "") if repackaging else None
    mine = quote is not None and case.order.customer_id in quote.customer_ids
    if repackaging is None or agreement is None:
        agreed = ""
    elif agreement.content != content_of(case.order):
        agreed = "outdated"
    else:
        agreed = "signed" if agreement.contract_id in case.facts.signed else "requested"
    return {
        "asked": repackaging is not None,
        "commitment": f"{takes_on.amount} {takes_on.currency}" if takes_on else "",
        "commitmentCents": int(takes_on.amount * 100) if takes_on else 0,
        "endsOn": ends_at.date().isoformat() if repackaging and ends_at else "",
        "quote": quote.state if quote is not None and mine else "",
        "agreement": agreed,
    }


def _duplicate_part(case: Case, item: OrderItem) -> Members:
    """An open order of the same customer that already brings the same offering, first of all to the same place."""
    place = case.order.place_of(item)
    found = [
        (place is not None and place.id in other.place_ids, other)
        for other in case.facts.other_orders
        if other.open and item.offering_id in other.offering_ids
    ]
    if not found:
        return {"found": False, "atPlace": False, "order": "", "hours": 0}
    at_place, other = max(found, key=lambda match: match[0])
    return {"found": True, "atPlace": at_place, "order": other.id, "hours": (case.at - other.submitted_at) // HOUR}


BLANK_OFFERING: Final = Offering(id="", name="", lifecycle_status="")
BLANK_CUSTOMER: Final = CustomerFact(id="", name="", status=None)
BLANK_PRODUCT: Final = OwnedProduct(id="", offering_id=None, name="", status="")
BLANK_CASE: Final = Case(
    order=BLANK_ORDER, facts=Facts(), rulebook=Rulebook(decomposition=()), at=BLANK_ORDER.created_at
)
"""A case of which nothing is known: a condition that cannot be judged of it speaks of what is never there."""
