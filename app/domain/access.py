"""Who may see and do what: the rights of each role, and which orders are an actor's own. Denied unless said here.

`app/security/policy.py` says which right each field of the graph needs.
"""

from collections.abc import Iterable, Mapping
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
    PROPOSE_CHANGES = "proposeChanges"
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
    READ_AUDIT = "readAudit"
    TEND_WEBHOOKS = "tendWebhooks"


class Scope(StrEnum):
    """Which orders a role sees."""

    OWN = "own"
    """Those of the customer that it is, and, to look at and consent to, those that would hand it something over."""
    HIERARCHY = "hierarchy"
    """Those that it sells, or that dealers below it sell."""
    BROUGHT = "brought"
    """Those that it sells."""
    ALL = "all"


_ALL: Final = frozenset(Right)
_OPERATING: Final = frozenset({Right.RESOLVE_FALLOUT, Right.ABORT_ORDERS, Right.TEND_WEBHOOKS})
_INTERNAL: Final = _OPERATING | {
    Right.SEARCH_CUSTOMERS,
    Right.READ_INTERNAL,
    Right.CONSENT_FOR_OTHERS,
    Right.WORK_LISTS,
    Right.READ_AUDIT,
}
_PRIVATE: Final = frozenset({Right.READ_IDENTITY, Right.READ_PAYMENTS})
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.CUSTOMER: _ALL - _INTERNAL,
    Role.AGENT: _ALL - _OPERATING - {Right.READ_AUDIT},
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
    """Whether the actor's role has this right, and its token does not withhold it."""
    return right in RIGHTS[actor.role] and (actor.scopes is None or right in actor.scopes)


def is_told(actor: Actor, kind: EventType) -> bool:
    """Whether this kind of event is for the actor."""
    return may(actor, EVENT_RIGHTS[kind])


Dealers = Mapping[str, frozenset[str]]
"""Of each dealer that has others below it: all of these, however deep (`dealers.yaml`)."""

ROWS: Final[Mapping[Role, Scope]] = {
    Role.CUSTOMER: Scope.OWN,
    Role.AGENT: Scope.ALL,
    Role.DEALER: Scope.HIERARCHY,
    Role.AFFILIATE: Scope.BROUGHT,
    Role.OPERATIONS: Scope.ALL,
    Role.DEVELOPER: Scope.ALL,
    Role.SYSTEM: Scope.ALL,
}
"""Which orders are a role's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which orders are an actor's own. None does not restrict."""

    customer_id: str | None = None
    seller_ids: frozenset[str] | None = None

    def have(self, *, customer_id: str, seller_id: str | None) -> bool:
        """Whether an order of this customer, sold by this dealer, is among them."""
        return self.customer_id in (None, customer_id) and (self.seller_ids is None or seller_id in self.seller_ids)


def rows_of(actor: Actor, dealers: Dealers) -> Rows:
    """The actor's rows: those of the party that it is, or acts for."""
    match ROWS[actor.role]:
        case Scope.OWN:
            return Rows(customer_id=actor.party)
        case Scope.HIERARCHY:
            return Rows(seller_ids=dealers.get(actor.party, frozenset()) | {actor.party})
        case Scope.BROUGHT:
            return Rows(seller_ids=frozenset({actor.party}))
        case Scope.ALL:
            return Rows()


def sees(actor: Actor, dealers: Dealers, *, customer_id: str, seller_id: str | None) -> bool:
    """Whether an order of this customer, sold by this dealer, is among the actor's rows."""
    return rows_of(actor, dealers).have(customer_id=customer_id, seller_id=seller_id)


def sees_as_acceptor(actor: Actor, *, acceptor_id: str | None) -> bool:
    """Whether the actor may look at an order because it is asked to take over what the order is about.

    It may look, and consent; everything else is for those who `sees` the order as their own.
    """
    return ROWS[actor.role] is Scope.OWN and acceptor_id is not None and acceptor_id == actor.party


def is_customer(actor: Actor, customer_id: str) -> bool:
    """Whether the actor, if it is a customer, is this one."""
    return ROWS[actor.role] is not Scope.OWN or customer_id == actor.party


def sells_for(actor: Actor) -> str | None:
    """The dealer or affiliate in whose name the actor sells; None: it is neither."""
    return actor.party if ROWS[actor.role] in (Scope.HIERARCHY, Scope.BROUGHT) else None


def branches(below: Mapping[str, Iterable[str]]) -> Dealers:
    """Of each dealer all that are below it, by who is right below whom. Raises ValueError when one is below itself."""
    found: dict[str, frozenset[str]] = {}

    def branch(dealer: str, above: tuple[str, ...]) -> frozenset[str]:
        if dealer in above:
            raise ValueError(f"{dealer} is below itself: {' > '.join((*above, dealer))}")
        if dealer not in found:
            direct = frozenset(below.get(dealer, ()))
            found[dealer] = direct.union(*(branch(one, (*above, dealer)) for one in direct))
        return found[dealer]

    for dealer in below:
        branch(dealer, ())
    return {dealer: ones for dealer, ones in found.items() if ones}


def view_of(actor: Actor) -> Actor:
    """The actor without what makes no difference to what it is told: who it is, for those whose rows are all rows.

    Actors with equal views see the same events and the same of each, so that these can be judged and put into words
    once for all of them.
    """
    return replace(actor, subject="") if ROWS[actor.role] is Scope.ALL else actor
