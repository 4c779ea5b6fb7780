"""What the backends said, as far as a decision about an order needs it. Gathered by `app.ordering.facts`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.catalog import Offering


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFact:
    """The customer (TMF629) that the order is for. `status` is the customer's own life cycle."""

    id: str
    name: str
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFact:
    """A validated address (TMF673)."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceabilityFact:
    """Whether the services of the order can be delivered at a place (TMF645)."""

    serviceable: bool
    reason: str | None = None
    valid_until: datetime | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything asked for one decision. What a backend does not know is absent.

    `serviceability` is keyed by (place id, service specification ids of the item, sorted).
    """

    customer: CustomerFact | None = None
    offerings: Mapping[str, Offering] = field(default_factory=dict)
    places: Mapping[str, PlaceFact] = field(default_factory=dict)
    serviceability: Mapping[tuple[str, tuple[str, ...]], ServiceabilityFact] = field(default_factory=dict)
    appointments: Mapping[str, AppointmentFact] = field(default_factory=dict)
    billing_accounts: Mapping[str, BillingAccountFact] = field(default_factory=dict)
