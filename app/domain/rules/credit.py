"""Rules about the customer's credit (TMF696)."""

from collections.abc import Iterable

from app.domain.catalog import CreditCheck
from app.domain.money import Money, sum_of
from app.domain.order import CreditDecision, ItemAction, ProductOrder
from app.domain.rules.case import Case, breach
from app.domain.violations import Violation, ViolationCode


def asks_bureau(case: Case) -> bool:
    """Whether something in the order is delivered only after the credit bureau has been asked."""
    return any(
        offering is not None and offering.credit_check is CreditCheck.FULL and item.action is ItemAction.ADD
        for _, item, offering in case.items()
    )


def commitment(order: ProductOrder) -> Money | None:
    """What the customer takes on: all one-time charges and one period of each recurring one, with tax.

    None when nothing of it has a price, or when its prices are in several currencies, which refuses it anyway.
    """
    return sum_of(total.tax_included for total in order.totals)


def credit_decided(case: Case) -> Iterable[Violation]:
    """Where it has to be, the customer's credit was assessed for what the order costs now, and was not refused."""
    if not asks_bureau(case):
        return
    credit, amount = case.order.credit, commitment(case.order)
    if credit is None:
        yield breach(
            "creditAssessed",
            "/creditConsent",
            ViolationCode.MISSING_PROPERTY,
            "the customer's credit has to be assessed; ask for the customer's consent and assess it",
        )
    elif credit.decision is CreditDecision.REJECT:
        yield breach(
            "creditAccepted",
            "/creditConsent",
            ViolationCode.INVALID_VALUE,
            f"the credit bureau advises against it ({'; '.join(credit.reasons) or 'no reason given'}); "
            "offer prepaid products instead",
        )
    elif credit.valid_until is not None and credit.valid_until <= case.at:
        yield breach(
            "creditValid",
            "/creditConsent",
            ViolationCode.MISSING_PROPERTY,
            f"the assessment was good until {credit.valid_until.isoformat()}; assess it again",
        )
    elif amount is not None and (amount.currency != credit.amount.currency or amount.amount > credit.amount.amount):
        yield breach(
            "creditCovers",
            "/creditConsent",
            ViolationCode.MISSING_PROPERTY,
            f"{credit.amount.amount} {credit.amount.currency} was assessed, the order now comes to "
            f"{amount.amount} {amount.currency}; assess it again",
        )
