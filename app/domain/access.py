"""Who may see and do what: the rights of each role, and which orders are an actor's own. Denied unless said here.

`app/security/policy.py` says which right each field of the graph needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.domain.actor import Actor, Role
from app.domain.events import EventType


class Right(StrEnum):
    """Something that a role may or may not do."""

    READ_ORDERS = "readOrders"
    READ_DETAILS = "readDetails"
    WRITE_ORDERS = "writeOrders"
    STEER_ORDERS = "steerOrders"
    TEND_PRODUCTS = "tendProducts"
    READ_CATALOG = "readCatalog"
    READ_PLACES = "readPlaces"
    READ_CUSTOMERS = "readCustomers"
    SEARCH_CUSTOMERS = "searchCustomers"
    READ_CONTACT = "readContact"
    READ_IDENTITY = "readIdentity"
    READ_PAYMENTS = "readPayments"
    READ_DOCUMENTS = "readDocuments"
    READ_FINANCES = "readFinances"
    READ_INTERNAL = "readInternal"
    CONSENT_FOR_OTHERS = "consentForOthers"
    WORK_LISTS = "workLists"
    RESOLVE_FALLOUT = "resolveFallout"
    ABORT_ORDERS = "abortOrders"


_ALL: Final = frozenset(Right)
_OPERATING: Final = frozenset({Right.RESOLVE_FALLOUT, Right.ABORT_ORDERS})
_INTERNAL: Final = _OPERATING | {
    Right.SEARCH_CUSTOMERS,
    Right.READ_INTERNAL,
    Right.CONSENT_FOR_OTHERS,
    Right.WORK_LISTS,
}
_PRIVATE: Final = frozenset({Right.READ_IDENTITY, Right.READ_PAYMENTS})
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.CUSTOMER: _ALL - _INTERNAL,
    Role.AGENT: _ALL - _OPERATING,
    Role.DEALER: _ALL - _INTERNAL - _PRIVATE - {Right.READ_FINANCES},
    Role.AFFILIATE: frozenset({Right.READ_ORDERS, Right.WRITE_ORDERS, Right.READ_CATALOG, Right.READ_PLACES}),
    Role.OPERATIONS: _ALL - _PRIVATE - {Right.WRITE_ORDERS, Right.TEND_PRODUCTS, Right.READ_DOCUMENTS},
    Role.DEVELOPER: _ALL,
    Role.SYSTEM: _ALL,
}

EVENT_RIGHTS: Final[Mapping[EventType, Right]] = {
    EventType.CREATED: Right.READ_ORDERS,
    EventType.STATE_CHANGED: Right.READ_ORDERS,
    EventType.CHANGED: Right.READ_DETAILS,
    EventType.TASK_STATE_CHANGED: Right.READ_DETAILS,
    EventType.MILESTONE_REACHED: Right.READ_DETAILS,
    EventType.JEOPARDY_CHANGED: Right.READ_DETAILS,
    EventType.WORK_ITEM_CHANGED: Right.WORK_LISTS,
}
"""What it takes to be told of each kind of event."""


def may(actor: Actor, right: Right) -> bool:
    """Whether the actor's role has this right."""
    return right in RIGHTS[actor.role]


def is_told(actor: Actor, kind: EventType) -> bool:
    """Whether this kind of event is for the actor."""
    return may(actor, EVENT_RIGHTS[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which orders are an actor's own. None does not restrict."""

    customer_id: str | None = None
    seller_id: str | None = None


def rows_of(actor: Actor) -> Rows:
    """A customer sees its own orders, a dealer or affiliate those it sells, everybody else all."""
    match actor.role:
        case Role.CUSTOMER:
            return Rows(customer_id=actor.subject)
        case Role.DEALER | Role.AFFILIATE:
            return Rows(seller_id=actor.subject)
        case _:
            return Rows()


def sees(actor: Actor, *, customer_id: str, seller_id: str | None) -> bool:
    """Whether an order of this customer, sold by this dealer, is among the actor's rows."""
    rows = rows_of(actor)
    return rows.customer_id in (None, customer_id) and rows.seller_id in (None, seller_id)


def sees_as_acceptor(actor: Actor, *, acceptor_id: str | None, seller_id: str | None) -> bool:
    """Whether the actor may look at an order because it is asked to take over what the order is about.

    It may look, and consent; everything else is for those who `sees` the order as their own.
    """
    rows = rows_of(actor)
    return acceptor_id is not None and rows.customer_id == acceptor_id and rows.seller_id in (None, seller_id)


def sees_customer(actor: Actor, customer_id: str) -> bool:
    """Whether the actor may see this customer: a customer only itself."""
    return rows_of(actor).customer_id in (None, customer_id)


def view_of(actor: Actor) -> Actor:
    """The actor without what makes no difference to what it is told: who it is, for those whose rows are all rows.

    Actors with equal views see the same events and the same of each, so that these can be judged and put into words
    once for all of them.
    """
    return replace(actor, subject="") if rows_of(actor) == Rows() else actor
