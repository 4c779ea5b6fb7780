"""The rules that a product order must keep. Each is a function that gives every breach; its id is in the message.

A breach names the place in the order as a JSON pointer (`/items/0/quantity`), the rule and the way out.
Source of the codes: MEF 57.2 and TMF622 error 422.
"""

from typing import Final

from app.domain.rules import offerings, parties, places, structure
from app.domain.rules.case import Case, Rule
from app.domain.violations import Violation

RULES: Final[tuple[Rule, ...]] = (
    parties.customer_known,
    parties.customer_open,
    structure.has_items,
    structure.item_ids_unique,
    structure.relationships_resolve,
    structure.texts_in_limits,
    offerings.offering_known,
    offerings.offering_sellable,
    structure.quantity_in_range,
    structure.owned_product_named,
    offerings.characteristics_allowed,
    offerings.prices_agreed,
    offerings.bundle_cardinality,
    places.place_given,
    places.place_serviceable,
    places.appointment_held,
    structure.dates_in_order,
    parties.billing_account_of_customer,
    structure.priority_in_range,
)


def violations(case: Case) -> tuple[Violation, ...]:
    """Every breach of every rule."""
    return tuple(violation for rule in RULES for violation in rule(case))
