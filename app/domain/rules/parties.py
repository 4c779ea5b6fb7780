"""Rules about who orders and who pays."""

from collections.abc import Iterable
from typing import Final

from app.domain.rules.case import Case, breach
from app.domain.violations import Violation, ViolationCode

CLOSED: Final = frozenset({"closed", "inactive", "terminated"})


def customer_known(case: Case) -> Iterable[Violation]:
    """The customer exists (TMF629)."""
    if case.facts.customer is None:
        yield breach(
            "customerKnown",
            "/customerId",
            ViolationCode.REFERENCE_NOT_FOUND,
            f"there is no customer {case.order.customer_id!r}",
        )


def customer_open(case: Case) -> Iterable[Violation]:
    """A customer whose relationship has ended orders nothing."""
    customer = case.facts.customer
    if customer is not None and (customer.status or "").lower() in CLOSED:
        yield breach(
            "customerOpen",
            "/customerId",
            ViolationCode.INVALID_VALUE,
            f"customer {customer.id!r} is {customer.status}; reopen the customer first",
        )


def billing_account_of_customer(case: Case) -> Iterable[Violation]:
    """A named billing account exists, is open and is the customer's own (TMF666)."""
    account_id = case.order.billing_account_id
    if account_id is None:
        return
    account = case.facts.billing_accounts.get(account_id)
    where = "/billingAccountId"
    if account is None:
        yield breach(
            "billingAccountKnown",
            where,
            ViolationCode.REFERENCE_NOT_FOUND,
            f"there is no billing account {account_id!r}",
        )
    elif case.order.customer_id not in account.customer_ids:
        yield breach(
            "billingAccountKnown",
            where,
            ViolationCode.INVALID_VALUE,
            f"billing account {account_id!r} is not of customer {case.order.customer_id!r}",
        )
    elif (account.state or "").lower() in CLOSED:
        yield breach(
            "billingAccountOpen",
            where,
            ViolationCode.INVALID_VALUE,
            f"billing account {account_id!r} is {account.state}",
        )
