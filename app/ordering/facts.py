"""Asks the backends together what a decision about an order needs to know, and gives it as the domain's facts.

A backend that gives no answer takes only its own facts with it; who needs them says so with `Gathered.need`.
"""

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from app.domain.catalog import (
    Offering,
)
from app.domain.facts import (
    AppointmentFact,
    BillingAccountFact,
    Facts,
    OtherOrder,
    OwnedProduct,
    PaymentMethodFact,
    PlaceFact,
    Unanswered,
)
from app.domain.order import (
    ItemAction,
    PlaceQualification,
    PlaceRef,
    ProductOrder,
)
from app.domain.rulebook import Need, Rulebook
from app.domain.rules.places import serviceability_key
from app.domain.states import ITEM, ORDER, OrderState
from app.domain.views import Surroundings
from app.ordering.as_facts import customer_fact, offering_of, overdue_fact, owned_product, place_fact, quote_fact
from app.store.port import OrderBy, OrderSearch, OrderStore
from connectors.backends import Backends
from connectors.base import BackendFailure
from connectors.customer import Customer, Party
from connectors.documents import SignatureState
from connectors.service_resources import HELD, Reservation

T = TypeVar("T")
Key = tuple[str, tuple[str, ...]]
"""A place and the services wanted there."""

LATELY: Final = timedelta(days=30)
SOON: Final = timedelta(seconds=5)
MOST_OTHERS: Final = 200
TERMINATED: Final = "terminated"


@dataclass(slots=True)
class Gathered:
    """The facts, and the failures of the backends that gave none."""

    facts: Facts = field(default_factory=Facts)
    failures: dict[str, BackendFailure] = field(default_factory=dict)

    def need(self, *backends: str) -> Facts:
        """The facts, once it is sure that these backends have answered. Raises BackendFailure."""
        for name in backends:
            if name in self.failures:
                raise self.failures[name]
        return self.facts

    def whole(self) -> Facts:
        """The facts, once it is sure that every backend has answered. Raises BackendFailure."""
        return self.need(*self.failures)

    async def ask(self, backend: str, answer: Awaitable[T], without: T) -> T:
        """The answer, or what stands for it while the backend gives none."""
        try:
            return await answer
        except BackendFailure as failure:
            self.failures[backend] = failure
            return without


async def gather_facts(
    order: ProductOrder, backends: Backends, rulebook: Rulebook, store: OrderStore, *, at: datetime
) -> Gathered:
    """Everything the rules ask about this order, in two steps: what it names, then what depends on the catalog."""
    g = Gathered()
    customer_id = order.customer_id
    known = [customer_id] if customer_id else []  # a prospect is nobody whom a backend could know
    parties = [*known, *([order.acceptor_id] if order.acceptor_id else [])]
    places = {place.id for place in (*_places(order), *(item.moved_from for item in order.items)) if place}
    appointments = {item.appointment.id for item in order.items if item.appointment and item.appointment.id}
    reservations = {reservation.id for item in order.items for reservation in item.reservations}
    quoted = {item.quote_item.quote_id for item in order.items if item.quote_item}
    if order.repackaging and order.repackaging.quote_id:
        quoted.add(order.repackaging.quote_id)
    contracts = [order.agreement.contract_id] if order.repackaging and order.agreement else []
    (
        (customers, offerings, addresses, visits, reserved, quotes),
        (accounts, bills, methods, products, others, papers),
    ) = await asyncio.gather(
        asyncio.gather(
            g.ask("customer", backends.customer.by_ids(parties), {}),
            g.ask("catalog", offerings_of(order, backends), {}),
            g.ask("address", backends.address.by_ids(places), {}),
            g.ask("workforce", backends.workforce.by_ids(appointments), {}),
            g.ask("service_resources", backends.service_resources.by_ids(reservations), {}),
            g.ask("channels", backends.channels.quotes_by_ids(quoted), {}),
        ),
        asyncio.gather(
            g.ask(
                "billing",
                backends.billing.by_ids([order.billing_account_id] if order.billing_account_id else []),
                {},
            ),
            g.ask("billing", backends.billing.bills_of(known), {}),
            g.ask("billing", backends.billing.methods_of(known), {}),
            g.ask("inventory", backends.inventory.products_of(known), {}),
            other_orders(order, store, at),
            g.ask("documents", backends.documents.by_ids(contracts), {}),
        ),
    )
    owned = tuple(owned_product(product) for product in products.get(customer_id, ()))
    customer, acceptor = customers.get(customer_id), customers.get(order.acceptor_id or "")
    qualifications, party, second_party, owned_offerings = await asyncio.gather(
        _qualifications(g, order, offerings, addresses, backends, rulebook, at),
        _party(g, customer, offerings, backends),
        _party(g, acceptor, offerings, backends),
        g.ask("catalog", _offerings_changed(order, owned, offerings, backends), {}),
    )
    g.facts = Facts(
        customer=customer_fact(customer, party) if customer else None,
        acceptor=customer_fact(acceptor, second_party) if acceptor else None,
        offerings={**owned_offerings, **offerings},
        places={a.id: place_fact(a) for a in addresses.values()},
        qualifications=qualifications,
        appointments={v.id: AppointmentFact(id=v.id, status=v.status, start=v.start) for v in visits.values()},
        billing_accounts={
            a.id: BillingAccountFact(id=a.id, customer_ids=a.customer_ids, state=a.state) for a in accounts.values()
        },
        owned=owned,
        overdue=overdue_fact(bills.get(customer_id, ()), at.date()),
        other_orders=others,
        payment_methods=tuple(PaymentMethodFact(id=m.id, label=m.label) for m in methods.get(customer_id, ())),
        reservations=frozenset(r.id for r in reserved.values() if _still_held(r, at)),
        signed=frozenset(paper.id for paper in papers.values() if paper.signature is SignatureState.SIGNED),
        quotes={quote.id: quote_fact(quote) for quote in quotes.values()},
        unanswered=unanswered(g.failures),
    )
    return g


def unanswered(failures: Mapping[str, BackendFailure]) -> dict[str, Unanswered]:
    """The silence of these backends, as a fact."""
    return {
        name: Unanswered(backend=name, kind=failure.kind.value, retryable=failure.retryable)
        for name, failure in failures.items()
    }


async def offerings_of(order: ProductOrder, backends: Backends) -> dict[str, Offering]:
    """The ordered offerings that the catalog knows. Raises BackendFailure when it does not answer."""
    return await offerings_by_ids({item.offering_id for item in order.items}, backends)


async def offerings_by_ids(offering_ids: Collection[str], backends: Backends) -> dict[str, Offering]:
    """The offerings with these ids that the catalog knows. Raises BackendFailure when it does not answer."""
    found = await backends.catalog.offerings_by_ids(offering_ids)
    return {offering.id: offering_of(offering) for offering in found.values()}


async def other_orders(order: ProductOrder, store: OrderStore, at: datetime) -> tuple[OtherOrder, ...]:
    """What else the customer ordered lately, the newest first."""
    search = OrderSearch(customer_ids=(order.customer_id,), created_from=at - LATELY)
    found = await store.search(search, OrderBy.CREATED_DESCENDING, after=None, limit=MOST_OTHERS)
    return tuple(
        OtherOrder(
            id=other.id,
            offering_ids=tuple(item.offering_id for item in other.items if item.action is ItemAction.ADD),
            place_ids=tuple(sorted({place.id for place in _places(other)})),
            submitted_at=other.submitted_at,
            open=other.state not in ORDER.terminal,
            product_ids=tuple(item.product_id for item in other.items if item.product_id),
            statuses=dict(_statuses(other)),
            later=other.waits_for_its_day or (other.requested_start_at is not None and other.requested_start_at > at),
        )
        for other in found
        if other.submitted_at and other.id != order.id and other.state is not OrderState.REJECTED
    )


def _statuses(order: ProductOrder) -> Iterable[tuple[str, str]]:
    """The statuses that owned products will have when this order is done."""
    for item in order.items:
        if item.product_id is None or item.state in ITEM.terminal:
            continue
        if item.action is ItemAction.DELETE:
            yield item.product_id, TERMINATED
        elif item.action is ItemAction.MODIFY and item.product_status is not None:
            yield item.product_id, item.product_status


async def ask_qualifications(wanted: Iterable[Key], backends: Backends, at: datetime) -> dict[Key, PlaceQualification]:
    """What serviceability says now of these services at these places. Raises BackendFailure."""
    asked = sorted(set(wanted))
    answers = await asyncio.gather(*(backends.serviceability.check(place, services) for place, services in asked))
    return {
        key: PlaceQualification(
            id=answer.id,
            place_id=key[0],
            services=key[1],
            serviceable=answer.serviceable,
            asked_at=at,
            reason=answer.reason,
            alternatives=answer.alternatives,
            guaranteed_until=answer.valid_until,
        )
        for key, answer in zip(asked, answers, strict=True)
    }


def _places(order: ProductOrder) -> list[PlaceRef]:
    return [place for place in (order.place, *(item.place for item in order.items)) if place]


async def _qualifications(
    g: Gathered,
    order: ProductOrder,
    offerings: Mapping[str, Offering],
    known_places: Collection[str],
    backends: Backends,
    rulebook: Rulebook,
    at: datetime,
) -> dict[Key, PlaceQualification]:
    """What the order relies on; what does not hold any more, or not for as long as judging takes, is asked again."""
    wanted: set[Key] = set()
    for item in order.items:
        offering, place = offerings.get(item.offering_id), order.place_of(item)
        if offering and place and place.id in known_places and Need.PLACE in rulebook.needs(order, item, offering):
            wanted.add((place.id, serviceability_key(offering)))
    kept = {(q.place_id, q.services): q for q in order.qualifications if q.serviceable and q.holds_at(at + SOON)}
    found = {key: kept[key] for key in wanted & kept.keys()}
    return found | await g.ask("serviceability", ask_qualifications(wanted - kept.keys(), backends, at), {})


async def _party(
    g: Gathered, customer: Customer | None, offerings: Mapping[str, Offering], backends: Backends
) -> Party | None:
    """Who the customer is, when an offering asks for an age."""
    limited = any(o.minimum_age is not None or o.maximum_age is not None for o in offerings.values())
    if not limited or customer is None or customer.party_id is None:
        return None
    party_id = customer.party_id
    return (await g.ask("customer", backends.customer.parties_by_ids([party_id]), {})).get(party_id)


async def _offerings_changed(
    order: ProductOrder, owned: Sequence[OwnedProduct], known: Mapping[str, Offering], backends: Backends
) -> dict[str, Offering]:
    """The offerings of the products that the order changes, or when it ends some of all: what they may become, and
    what they require, is written there.
    """
    changed = {item.product_id for item in order.items if item.action is ItemAction.MODIFY}
    ends = order.ownership is not None or any(i.action is ItemAction.DELETE or i.moved_from for i in order.items)
    touched = (p.offering_id for p in owned if ends or p.id in changed)
    wanted = {offering_id for offering_id in touched if offering_id and offering_id not in known}
    return await offerings_by_ids(wanted, backends) if wanted else {}


async def surroundings_of(order: ProductOrder, backends: Backends, rulebook: Rulebook) -> Surroundings:
    """What the rules about work look at beside the order; what none of them looks at is not asked for.

    Raises BackendFailure.
    """
    looked_at = {part for rule in rulebook.decomposition for part, _ in rule.when.names}
    customer, places = None, dict[str, PlaceFact]()
    if "customer" in looked_at:
        found = (await backends.customer.by_ids([order.customer_id])).get(order.customer_id)
        customer = customer_fact(found, None) if found else None
    if "place" in looked_at:
        addresses = await backends.address.by_ids(order.place_ids)
        places = {address.id: place_fact(address) for address in addresses.values()}
    return Surroundings(customer=customer, places=places)


def _still_held(reservation: Reservation, at: datetime) -> bool:
    return reservation.state in HELD and (reservation.expires_at is None or at < reservation.expires_at)
