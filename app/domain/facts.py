"""What the backends said, as far as a decision about an order needs it. Gathered by `app.ordering.facts`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from app.domain.catalog import Offering, PriceAlteration, Term
from app.domain.money import Money
from app.domain.order import PlaceQualification


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFact:
    """The customer (TMF629) that the order is for. `status` is the customer's own life cycle."""

    id: str
    name: str
    status: str | None
    segment: str | None = None
    market: str | None = None
    birth_date: date | None = None
    vip: bool = False

    def age_on(self, day: date) -> int | None:
        """Whole years on that day; None when the birth date is not known."""
        born = self.birth_date
        return None if born is None else day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFact:
    """A validated address (TMF673)."""

    id: str
    label: str
    country: str | None = None
    postcode: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedProduct:
    """A product that the customer has (TMF637)."""

    id: str
    offering_id: str | None
    name: str
    status: str
    place_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueFact:
    """What the customer should have paid by now (TMF678)."""

    amount: Money
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherOrder:
    """Another order of the same customer that was submitted lately.

    `statuses` are by owned product those that it will have when the order is done. `later`: it waits for a day to come.
    """

    id: str
    offering_ids: tuple[str, ...]
    place_ids: tuple[str, ...]
    submitted_at: datetime
    open: bool
    statuses: Mapping[str, str] = field(default_factory=dict)
    later: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodFact:
    """A way in which the customer can pay (TMF670)."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A backend that gave no answer when it was asked for facts."""

    backend: str
    kind: str
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentFact:
    """An appointment as the workforce knows it (TMF646)."""

    id: str
    status: str
    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingAccountFact:
    """A billing account (TMF666) and whose it is."""

    id: str
    customer_ids: tuple[str, ...]
    state: str | None


@dataclass(frozen=True, slots=True)
class QuotedPrice:
    """A price as it was quoted: duty free, for one piece, before alterations."""

    name: str
    price: Money
    period: str | None = None
    alterations: tuple[PriceAlteration, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedItem:
    """An item of a quote; `action` in the words of TMF622."""

    action: str
    offering_id: str
    quantity: int = 1
    characteristics: Mapping[str, str] = field(default_factory=dict)
    prices: tuple[QuotedPrice, ...] = ()
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteFact:
    """A quote (TMF648), whose it is, and its items by id."""

    id: str
    state: str
    customer_ids: tuple[str, ...]
    valid_until: datetime | None = None
    items: Mapping[str, QuotedItem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything asked for one decision. What a backend does not know is absent.

    `qualifications` is keyed by (place id, service specification ids of the item, sorted). `reservations` holds the
    ids of those that are still held. `unanswered` names the backends of which nothing is known now.
    """

    customer: CustomerFact | None = None
    offerings: Mapping[str, Offering] = field(default_factory=dict)
    places: Mapping[str, PlaceFact] = field(default_factory=dict)
    qualifications: Mapping[tuple[str, tuple[str, ...]], PlaceQualification] = field(default_factory=dict)
    appointments: Mapping[str, AppointmentFact] = field(default_factory=dict)
    billing_accounts: Mapping[str, BillingAccountFact] = field(default_factory=dict)
    owned: tuple[OwnedProduct, ...] = ()
    overdue: OverdueFact | None = None
    other_orders: tuple[OtherOrder, ...] = ()
    payment_methods: tuple[PaymentMethodFact, ...] = ()
    reservations: frozenset[str] = frozenset()
    quotes: Mapping[str, QuoteFact] = field(default_factory=dict)
    unanswered: Mapping[str, Unanswered] = field(default_factory=dict)
