"""Rules about what is agreed in writing (TMF667)."""

import hashlib
from collections.abc import Iterable

from app.domain.order import ItemAction, ProductOrder
from app.domain.rules.case import Case, breach
from app.domain.violations import Violation, ViolationCode


def signature_required(case: Case) -> bool:
    """Whether something in the order is sold only with a signed contract."""
    return any(
        offering is not None and offering.signature_required and item.action is ItemAction.ADD
        for _, item, offering in case.items()
    )


def content_of(order: ProductOrder) -> str:
    """What identifies that which a contract about this order says: who, what, where, for how much and how long."""
    said = [order.customer_id, order.customer_name, order.billing_account_id]
    items = [
        (
            item.id,
            item.action.value,
            item.offering_id,
            item.quantity,
            item.characteristics,
            order.place_of(item),
            item.prices,
            item.terms,
        )
        for item in order.items
    ]
    return hashlib.sha256(repr((said, items)).encode()).hexdigest()


def agreement_prepared(case: Case) -> Iterable[Violation]:
    """What is sold only with a contract has one, and it says what is ordered now."""
    if not signature_required(case):
        return
    agreement = case.order.agreement
    if agreement is None:
        yield breach(
            "agreementPrepared",
            "/agreement",
            ViolationCode.MISSING_PROPERTY,
            "this is sold only with a contract; have it drawn up",
        )
    elif agreement.content != content_of(case.order):
        yield breach(
            "agreementCurrent",
            "/agreement",
            ViolationCode.MISSING_PROPERTY,
            f"the order has changed since version {agreement.version} of its contract; have it drawn up again",
        )
