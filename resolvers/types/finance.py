"""What is billed, paid and booked (TMF678, 676, 670, and the general ledger)."""

from datetime import date, datetime
from decimal import Decimal

import strawberry
from strawberry import field

from connectors import billing, ledger
from resolvers.fields import resolved
from resolvers.scalars import CurrencyCode
from resolvers.types.money import Money


def _remaining(root: strawberry.Parent[billing.Bill]) -> Money:
    return Money(amount=root.remaining, currency=CurrencyCode(root.currency))


@strawberry.type(description="A bill of the customer (TMF678 CustomerBill).")
class CustomerBill:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the bill.")
    number: str | None = field(description="Number on the bill.")
    state: str = field(description="new, onHold, validated, sent, partiallyPaid or settled.")
    billed_on: date | None = field(description="When it was made out.")
    due_on: date | None = field(description="When it is to be paid.")
    remaining = resolved(Money, _remaining, "What is still to be paid.")


@strawberry.type(description="A way in which the customer can pay (TMF670 PaymentMethod).")
class PaymentMethod:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id to choose it by.")
    kind: str = field(description="Kind of method, for example bankCard.")
    label: str = field(description="How people recognise it.")
    preferred: bool = field(description="Whether the customer prefers it.")


def _amount(root: strawberry.Parent[billing.Payment]) -> Money:
    return Money(amount=root.amount, currency=CurrencyCode(root.currency))


@strawberry.type(description="A payment for an order (TMF676 Payment).")
class Payment:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the payment.")
    state: str = field(description="authorized, captured, canceled, refunded …")
    amount = resolved(Money, _amount, "How much.")


def _charged(root: strawberry.Parent[billing.RecurringRate]) -> Money:
    return Money(amount=root.amount, currency=CurrencyCode(root.currency))


@strawberry.type(description="A time in which nothing is charged.")
class ChargePause:
    starts_at: datetime = field(description="When it began.")
    ends_at: datetime | None = field(description="When it ended; null: it goes on.")


@strawberry.type(description="What billing charges for a product again and again (TMF678, type recurring).")
class RecurringCharge:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the rate.")
    description: str | None = field(description="What it is for.")
    amount = resolved(Money, _charged, "How much, with tax.")
    period: str = field(description="For how long that is, for example month.")
    starts_at: datetime = field(description="From when on.")
    ends_at: datetime | None = field(description="Until when; null: until further notice.")
    pauses: list[ChargePause] = field(description="When it was not charged.")


@strawberry.type(description="One line of a journal; one of debit and credit is zero.")
class JournalLine:
    account: str = field(description="Account of the general ledger.")
    debit: Decimal = field(description="Amount on the left.")
    credit: Decimal = field(description="Amount on the right.")


def _currency(root: strawberry.Parent[ledger.Journal]) -> CurrencyCode:
    return CurrencyCode(root.currency)


@strawberry.type(description="What an order means to the general ledger: debits and credits that balance.")
class Journal:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the journal.")
    booked_on: date = field(description="The day that it counts for.")
    period: str = field(description="The period that it falls into.")
    currency = resolved(CurrencyCode, _currency, "Currency of all lines.")
    lines: list[JournalLine] = field(description="Its lines.")
    reverses: strawberry.ID | None = field(description="The journal that it reverses.")
    reversed_by: strawberry.ID | None = field(description="The journal that reverses it.")
