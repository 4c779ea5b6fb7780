"""What the backends said, as far as a decision about an order needs it. Gathered by `app.ordering.facts`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from app.domain.catalog import Offering, OfferingPrice, PriceAlteration, Term
from app.domain.money import Money
from app.domain.order import PlaceQualification, Suspension


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
    """A product that the customer has (TMF637).

    `prices` are what it was sold for, all pieces together; empty: the inventory does not say. `term_ends_at` is when
    the last commitment ends that the customer has taken on for it. `parts` are the products that it bundles,
    `relies_on` those that it cannot be without.
    """

    id: str
    offering_id: str | None
    name: str
    status: str
    place_id: str | None = None
    billing_account_id: str | None = None
    started_at: datetime | None = None
    term_ends_at: datetime | None = None
    characteristics: Mapping[str, str] = field(default_factory=dict)
    prices: tuple[OfferingPrice, ...] = ()
    parts: tuple[str, ...] = ()
    relies_on: tuple[str, ...] = ()
    suspension: Suspension | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueFact:
    """What the customer should have paid by now (TMF678)."""

    amount: Money
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherOrder:
    """Another order of the same customer that was submitted lately. `product_ids` are the owned ones it is about.

    `statuses` are by owned product those that it will have when the order is done. `later`: it waits for a day to come.
    """

    id: str
    offering_ids: tuple[str, ...]
    place_ids: tuple[str, ...]
    submitted_at: datetime
    open: bool
    product_ids: tuple[str, ...] = ()
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
    ids of those that are still held. `unanswered` names the backends of which nothing is known now. `acceptor` is who
    is to take over what the order is about. `signed` holds the ids of the order's contracts that are signed, when it
    is not carried out without.
    """

    customer: CustomerFact | None = None
    acceptor: CustomerFact | None = None
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
    signed: frozenset[str] = frozenset()
    unanswered: Mapping[str, Unanswered] = field(default_factory=dict)
