"""Customer qualification as a contract of its own: what may this customer, or prospect, have here (TMF679).

Nothing is kept: an order asks the same questions again when it is put together. All sources are asked together, and
one that is away leaves its mark on the answer, not an error.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from app.domain.access import Right, is_customer, may
from app.domain.actor import Actor
from app.domain.catalog import Offering
from app.domain.facts import CustomerFact, Facts
from app.domain.order import ItemAction, OrderItem, PlaceRef, ProductOrder
from app.domain.qualification import (
    OfferingQualification,
    judged,
    with_alternatives,
)
from app.domain.rulebook import Rulebook
from app.domain.rules.case import Case
from app.domain.rules.credit import asks_bureau
from app.domain.rules.places import serviceability_key
from app.domain.views import BLANK_ORDER
from app.ordering.as_facts import offering_of
from app.ordering.credit import assessed
from app.ordering.drafts import require
from app.ordering.facts import Gathered, ask_qualifications, gather_facts, unanswered
from app.ordering.ordering import Ordering
from connectors.backends import Backends

PROSPECT: Final = "prospect"
MOST_OFFERINGS: Final = 500
SOURCES: Final = ("customer", "catalog", "inventory", "billing", "address", "serviceability", "credit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """Somebody who is no customer yet, as far as they tell."""

    segment: str | None = None
    market: str | None = None
    birth_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualifyCustomer:
    """Who asks for what, where. `customer_id` None: a prospect. Empty `offering_ids`: everything that is sold."""

    customer_id: str | None = None
    prospect: Prospect = Prospect()
    place_id: str | None = None
    offering_ids: tuple[str, ...] = ()
    credit_consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEvidence:
    """What one source said, in words; `answered` False: it gave no answer, and the qualification is partial."""

    source: str
    answered: bool
    text: str
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerQualification:
    """The answer as a whole. `unknown_offering_ids` are not in the catalog."""

    at: datetime
    items: tuple[OfferingQualification, ...]
    evidence: tuple[SourceEvidence, ...]
    unknown_offering_ids: tuple[str, ...] = ()

    @property
    def partial(self) -> bool:
        """Whether a source gave no answer."""
        return any(not evidence.answered for evidence in self.evidence)


async def qualify_customer(ordering: Ordering, actor: Actor, ask: QualifyCustomer) -> CustomerQualification | None:
    """What may be had; None when there is no such customer to see.

    Raises BackendFailure when the catalog gives no answer: then there is nothing to judge. NotPermitted.
    """
    require(actor, Right.READ_CATALOG)
    if ask.customer_id is not None and not is_customer(actor, ask.customer_id):
        return None
    at, rulebook, backends = ordering.clock(), ordering.rulebook(), ordering.backends
    named, pool = await asyncio.gather(_named(ask, backends), _pool(backends))
    offerings = {**pool, **named}
    wish = _wish(actor, ask, offerings.values(), at)
    g = await gather_facts(wish, backends, rulebook, ordering.store, at=at)
    if ask.customer_id is not None and g.facts.customer is None and "customer" not in g.failures:
        return None
    others = await _other_places(g, ask, offerings.values(), backends, at)
    facts = _completed(g, ask, offerings)
    asked = named if ask.offering_ids else pool
    credit_silent = False
    if ask.credit_consent and ask.customer_id is not None and _asks_bureau(wish, asked, facts, rulebook, at):
        hour = at.replace(minute=0, second=0, microsecond=0)
        key = f"qualification:{actor.subject}:{ask.customer_id}:{hour.isoformat()}"
        credit = await assessed(backends, wish, consent_at=hour, at=at, key=key)
        wish = replace(wish, credit=credit)
        credit_silent = credit.id is None
    judgements = {
        offering_id: judged(_case(wish, offering, facts, rulebook, at), other_places=others)
        for offering_id, offering in offerings.items()
    }
    return CustomerQualification(
        at=at,
        items=with_alternatives((judgements[offering_id] for offering_id in asked), judgements, offerings),
        evidence=tuple(_evidence(actor, wish, ask, facts, credit_silent=credit_silent)),
        unknown_offering_ids=tuple(sorted(set(ask.offering_ids) - named.keys())),
    )


async def _named(ask: QualifyCustomer, backends: Backends) -> dict[str, Offering]:
    found = await backends.catalog.offerings_by_ids(ask.offering_ids) if ask.offering_ids else {}
    return {offering_id: offering_of(found[offering_id]) for offering_id in ask.offering_ids if offering_id in found}


async def _pool(backends: Backends) -> dict[str, Offering]:
    """What is sold: all that can be qualified for, and the alternatives to what cannot."""
    page = await backends.catalog.search_offerings(lifecycle_status="Active", offset=0, limit=MOST_OFFERINGS)
    return {offering.id: offering_of(offering) for offering in page.items}


def _wish(actor: Actor, ask: QualifyCustomer, offerings: Iterable[Offering], at: datetime) -> ProductOrder:
    """An order of everything in question: what it names is asked of the backends at once."""
    return replace(
        BLANK_ORDER,
        customer_id=ask.customer_id or "",
        channel=actor.channel,
        controlled_by=actor.channel,
        created_at=at,
        updated_at=at,
        place=PlaceRef(id=ask.place_id, label=ask.place_id) if ask.place_id else None,
        items=tuple(_item(offering) for offering in offerings),
    )


def _item(offering: Offering) -> OrderItem:
    return OrderItem(id=offering.id, action=ItemAction.ADD, offering_id=offering.id, offering_name=offering.name)


def _case(wish: ProductOrder, offering: Offering, facts: Facts, rulebook: Rulebook, at: datetime) -> Case:
    return Case(order=replace(wish, items=(_item(offering),)), facts=facts, rulebook=rulebook, at=at)


def _asks_bureau(
    wish: ProductOrder, asked: Mapping[str, Offering], facts: Facts, rulebook: Rulebook, at: datetime
) -> bool:
    return any(asks_bureau(_case(wish, offering, facts, rulebook, at)) for offering in asked.values())


async def _other_places(
    g: Gathered, ask: QualifyCustomer, offerings: Iterable[Offering], backends: Backends, at: datetime
) -> tuple[PlaceRef, ...]:
    """The customer's own sites, as far as the wished-for place is not one, with what can be delivered there."""
    if ask.customer_id is None or ask.place_id is None:
        return ()
    sites = (await g.ask("address", backends.address.sites_of([ask.customer_id]), {})).get(ask.customer_id, ())
    places = sorted({site.place_id for site in sites if site.place_id and site.place_id != ask.place_id})
    services = {key for offering in offerings if (key := serviceability_key(offering))}
    wanted = [(place, key) for place in places for key in services]
    more = await g.ask("serviceability", ask_qualifications(wanted, backends, at), {})
    g.facts = replace(g.facts, qualifications={**g.facts.qualifications, **more})
    return tuple(PlaceRef(id=place, label=place) for place in places)


def _completed(g: Gathered, ask: QualifyCustomer, offerings: Mapping[str, Offering]) -> Facts:
    """The facts with the prospect in the customer's place."""
    facts = replace(g.facts, offerings=offerings, unanswered=unanswered(g.failures))
    if ask.customer_id is not None:
        return facts
    prospect = CustomerFact(
        id=PROSPECT,
        name=PROSPECT,
        status="prospective",
        segment=ask.prospect.segment,
        market=ask.prospect.market,
        birth_date=ask.prospect.birth_date,
    )
    return replace(facts, customer=prospect)


def _evidence(
    actor: Actor, wish: ProductOrder, ask: QualifyCustomer, facts: Facts, *, credit_silent: bool
) -> Iterable[SourceEvidence]:
    said: dict[str, tuple[str, str | None]] = {"catalog": (f"{len(facts.offerings)} offerings", None)}
    if ask.customer_id is not None:
        customer = facts.customer
        said["customer"] = (f"{customer.name}, {customer.status}" if customer else "", ask.customer_id)
        said["inventory"] = (f"{len(facts.owned)} products owned", None)
        overdue = f"{facts.overdue.amount.amount} {facts.overdue.amount.currency}" if facts.overdue else "nothing"
        said["billing"] = (f"{overdue} overdue" if may(actor, Right.READ_FINANCES) else "asked", None)
    if ask.place_id is not None:
        place = facts.places.get(ask.place_id)
        said["address"] = (place.label if place else f"there is no address {ask.place_id!r}", ask.place_id)
        served = [q for q in facts.qualifications.values() if q.place_id == ask.place_id]
        ok = sum(q.serviceable for q in served)
        said["serviceability"] = (f"{ok} of {len(served)} services can be delivered", served[0].id if served else None)
    if wish.credit is not None:
        said["credit"] = (wish.credit.decision.value, wish.credit.id)
    for source in SOURCES:
        if source == "serviceability" and "address" in facts.unanswered:
            continue  # nobody was asked about an address that is not known
        if source in facts.unanswered or (source == "credit" and credit_silent):
            yield SourceEvidence(source=source, answered=False, text="no answer")
        elif source in said:
            text, reference = said[source]
            yield SourceEvidence(source=source, answered=True, text=text, reference=reference)
