"""Rules about how is paid what is due before delivery (TMF670, TMF676)."""

from collections.abc import Iterable
from typing import Final

from app.domain.catalog import PriceType
from app.domain.money import Money, sum_of
from app.domain.rulebook import Need
from app.domain.rules.case import Case, breach, listed
from app.domain.violations import Violation, ViolationCode

CASH: Final = "cash"
STAFFED: Final = frozenset({"retail", "dealer"})
"""The channels that can take cash over the counter."""


def due_now(case: Case) -> bool:
    """Whether something has to be paid before delivery: a deposit, or what no bill will follow for."""
    return case.order.deposit is not None or any(
        Need.PAYMENT in case.needs(item, offering) for _, item, offering in case.items()
    )


def amount_due(case: Case) -> Money | None:
    """What has to be paid before delivery: the deposit, and the one-time prices of what no bill will follow for."""
    amounts = [case.order.deposit] if case.order.deposit else []
    for _, item, offering in case.items():
        if Need.PAYMENT in case.needs(item, offering):
            amounts += [p.tax_included for p in item.prices if p.price_type is PriceType.ONE_TIME]
    return sum_of(amounts)


def ways_to_pay(case: Case) -> tuple[str, ...]:
    """The ids of the payment methods that may be chosen."""
    cash = (CASH,) if case.order.controlled_by in STAFFED else ()
    return (*(method.id for method in case.facts.payment_methods), *cash)


def payment_chosen(case: Case) -> Iterable[Violation]:
    """What is due now is paid by a method of the customer's own, or in cash where somebody can take it."""
    payment, ways = case.order.payment, ways_to_pay(case)
    if payment is not None and payment.method_id not in ways:
        yield breach(
            "paymentMethodKnown",
            "/paymentMethodId",
            ViolationCode.REFERENCE_NOT_FOUND,
            f"the customer has no payment method {payment.method_id!r}; choose one of {listed(ways)}",
        )
    elif payment is None and due_now(case):
        yield breach(
            "paymentChosen",
            "/paymentMethodId",
            ViolationCode.MISSING_PROPERTY,
            f"something is due before delivery; choose one of {listed(ways)}",
        )
