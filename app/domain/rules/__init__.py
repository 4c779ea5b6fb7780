"""The rules that a product order must keep. Each is a function that gives every breach; its id is in the message.

A breach names the place in the order as a JSON pointer (`/items/0/quantity`), the rule and the way out. Rules that
an operator changes are not here: they are data, see `business`. Source of the codes: MEF 57.2 and TMF622 error 422.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from app.domain.rules import (
    compatibility,
    credit,
    documents,
    offerings,
    owned,
    ownership,
    parties,
    payments,
    places,
    quotes,
    structure,
)
from app.domain.rules.business import business_rules
from app.domain.rules.case import Breaches, Case, breach
from app.domain.violations import StepKind, Violation, ViolationCode


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, the step in which its breaches are mended, and the backends whose facts it needs.

    While one of these gives no answer the rule is silent: that the answer is missing is a breach of its own.
    """

    breaches: Breaches
    step: StepKind
    sources: frozenset[str] = frozenset()


def _of(step: StepKind, breaches: Breaches, *sources: str) -> Rule:
    return Rule(breaches, step, frozenset(sources))


_S = StepKind
RULES: Final[tuple[Rule, ...]] = (
    _of(_S.CUSTOMER, parties.customer_known, "customer"),
    _of(_S.CUSTOMER, parties.customer_open, "customer"),
    _of(_S.OFFERING, structure.has_items),
    _of(_S.OFFERING, structure.item_ids_unique),
    _of(_S.OFFERING, structure.relationships_resolve),
    _of(_S.REVIEW, structure.texts_in_limits),
    _of(_S.OFFERING, offerings.offering_known, "catalog"),
    _of(_S.OFFERING, offerings.offering_sellable, "catalog"),
    _of(_S.OFFERING, structure.quantity_in_range),
    _of(_S.OFFERING, structure.owned_product_named),
    _of(_S.OFFERING, offerings.characteristics_allowed, "catalog"),
    _of(_S.OFFERING, offerings.one_currency, "catalog"),
    _of(_S.PRICE, offerings.prices_agreed, "catalog"),
    _of(_S.PRICE, quotes.quote_known, "channels"),
    _of(_S.PRICE, quotes.quote_accepted, "channels"),
    _of(_S.PRICE, quotes.quote_valid, "channels"),
    _of(_S.PRICE, quotes.quote_matched, "channels"),
    _of(_S.PRICE, quotes.quote_covers, "channels"),
    _of(_S.PRICE, quotes.quote_prices, "catalog", "channels"),
    _of(_S.OFFERING, offerings.bundle_cardinality, "catalog"),
    _of(_S.OFFERING, compatibility.owned_product_known, "inventory"),
    _of(_S.OFFERING, owned.status_allows, "inventory"),
    _of(_S.OFFERING, owned.suspension_fits),
    _of(_S.OFFERING, owned.renewal_offered, "catalog"),
    _of(_S.OFFERING, owned.parts_ended, "inventory"),
    _of(_S.OFFERING, owned.named_once),
    _of(_S.OFFERING, owned.dependents_kept, "catalog", "inventory"),
    _of(_S.CUSTOMER, ownership.acceptor_known, "customer"),
    _of(_S.OFFERING, ownership.acceptor_suits, "catalog", "customer"),
    _of(_S.OFFERING, ownership.handed_over_only),
    _of(_S.OFFERING, ownership.bundle_kept_together, "inventory"),
    _of(_S.OFFERING, ownership.nothing_under_way),
    _of(_S.REVIEW, ownership.consent_in_time),
    _of(_S.OFFERING, compatibility.requirements_met, "catalog", "inventory"),
    _of(_S.OFFERING, compatibility.nothing_excluded, "catalog", "inventory"),
    _of(_S.OFFERING, compatibility.on_an_upgrade_path, "catalog", "inventory"),
    _of(_S.OFFERING, offerings.reservations_held, "service_resources"),
    _of(_S.PLACE, places.place_given, "address", "catalog"),
    _of(_S.PLACE, places.moves_elsewhere, "address"),
    _of(_S.SERVICEABILITY, places.place_serviceable, "address", "catalog", "serviceability"),
    _of(_S.QUALIFICATION, credit.credit_decided, "catalog"),
    _of(_S.APPOINTMENT, places.appointment_held, "catalog", "workforce"),
    _of(_S.REVIEW, structure.dates_in_order),
    _of(_S.AGREEMENT, documents.agreement_prepared, "catalog"),
    _of(_S.PAYMENT, parties.billing_account_of_customer, "billing"),
    _of(_S.PAYMENT, payments.payment_chosen, "billing", "catalog"),
    _of(_S.REVIEW, structure.priority_in_range),
)
SERVES: Final = {
    "customer": _S.CUSTOMER,
    "catalog": _S.OFFERING,
    "inventory": _S.OFFERING,
    "service_resources": _S.OFFERING,
    "address": _S.PLACE,
    "serviceability": _S.SERVICEABILITY,
    "workforce": _S.APPOINTMENT,
    "channels": _S.PRICE,
    "billing": _S.PAYMENT,
    "documents": _S.AGREEMENT,
}
"""The step that each backend's facts serve."""


def violations(case: Case) -> tuple[Violation, ...]:
    """Every breach of every rule."""
    return (*_coded(case), *business_rules(case), *_unanswered(case))


def _coded(case: Case) -> Iterable[Violation]:
    for rule in RULES:
        if rule.sources.isdisjoint(case.facts.unanswered):
            for violation in rule.breaches(case):
                yield replace(violation, step=rule.step)


def _unanswered(case: Case) -> Iterable[Violation]:
    """What could not be found out is no reason to refuse a change to a draft, but nothing is published on a guess."""
    for missing in case.facts.unanswered.values():
        again = "try again soon" if missing.retryable else "somebody has to look at it"
        violation = breach(
            "sourceAnswered",
            "",
            ViolationCode.OTHER_ISSUE,
            f"the backend {missing.backend!r} gives no answer ({missing.kind}); {again}",
        )
        yield replace(violation, step=SERVES[missing.backend])
