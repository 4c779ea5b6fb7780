"""Asks the backends together what a decision about an order needs to know, and gives it as the domain's facts."""

import asyncio
from collections.abc import Collection, Mapping

from app.domain.catalog import (
    BundledOffering,
    CharacteristicSpecification,
    Offering,
    OfferingPrice,
    PriceAlteration,
    PriceType,
    ProductSpecification,
    Term,
)
from app.domain.facts import (
    AppointmentFact,
    BillingAccountFact,
    CustomerFact,
    Facts,
    PlaceFact,
    ServiceabilityFact,
)
from app.domain.money import Money
from app.domain.order import ProductOrder
from app.domain.rulebook import Need, Rulebook
from app.domain.rules.places import serviceability_key
from connectors import catalog
from connectors.backends import Backends


async def facts_for(order: ProductOrder, backends: Backends, rulebook: Rulebook) -> Facts:
    """Everything the rules ask about this order, in two steps: what it names, then what depends on the catalog.

    Raises BackendFailure when one of the backends does not answer.
    """
    items = order.items
    places = {p.id for item in items if (p := order.place_of(item))} | ({order.place.id} if order.place else set())
    appointments = {item.appointment.id for item in items if item.appointment and item.appointment.id}
    accounts = {order.billing_account_id} if order.billing_account_id else set()
    customers, offerings, addresses, visits, billing = await asyncio.gather(
        backends.customer.by_ids([order.customer_id]),
        offerings_of(order, backends),
        backends.address.by_ids(places),
        backends.workforce.by_ids(appointments),
        backends.billing.by_ids(accounts),
    )
    customer = customers.get(order.customer_id)
    return Facts(
        customer=CustomerFact(id=customer.id, name=customer.name, status=customer.status) if customer else None,
        offerings=offerings,
        places={a.id: PlaceFact(id=a.id, label=a.label) for a in addresses.values()},
        serviceability=await _serviceability(order, offerings, addresses, backends, rulebook),
        appointments={v.id: AppointmentFact(id=v.id, status=v.status, start=v.start) for v in visits.values()},
        billing_accounts={
            a.id: BillingAccountFact(id=a.id, customer_ids=a.customer_ids, state=a.state) for a in billing.values()
        },
    )


async def offerings_of(order: ProductOrder, backends: Backends) -> dict[str, Offering]:
    """The ordered offerings that the catalog knows. Raises BackendFailure when it does not answer."""
    found = await backends.catalog.offerings_by_ids({item.offering_id for item in order.items})
    return {offering.id: _offering(offering) for offering in found.values()}


async def _serviceability(
    order: ProductOrder,
    offerings: Mapping[str, Offering],
    known_places: Collection[str],
    backends: Backends,
    rulebook: Rulebook,
) -> dict[tuple[str, tuple[str, ...]], ServiceabilityFact]:
    wanted: set[tuple[str, tuple[str, ...]]] = set()
    for item in order.items:
        offering, place = offerings.get(item.offering_id), order.place_of(item)
        if offering and place and place.id in known_places and Need.PLACE in rulebook.needs(order, item, offering):
            wanted.add((place.id, serviceability_key(offering)))
    asked = sorted(wanted)
    answers = await asyncio.gather(*(backends.serviceability.check(place, services) for place, services in asked))
    return {
        key: ServiceabilityFact(serviceable=a.serviceable, reason=a.reason, valid_until=a.valid_until)
        for key, a in zip(asked, answers, strict=True)
    }


def _offering(wire: catalog.ProductOffering) -> Offering:
    return Offering(
        id=wire.id,
        name=wire.name,
        lifecycle_status=wire.lifecycle_status,
        is_bundle=wire.is_bundle,
        valid_from=wire.valid_from,
        valid_until=wire.valid_until,
        categories=wire.categories,
        specification=_specification(wire.specification) if wire.specification else None,
        prices=tuple(_price(price) for price in wire.prices),
        terms=tuple(Term(name=t.name, amount=t.amount, unit=t.unit) for t in wire.terms),
        bundled=tuple(
            BundledOffering(offering_id=b.offering_id, lower_limit=b.lower_limit, upper_limit=b.upper_limit)
            for b in wire.bundled
        ),
    )


def _specification(wire: catalog.ProductSpecification) -> ProductSpecification:
    return ProductSpecification(
        id=wire.id,
        name=wire.name,
        characteristics=tuple(
            CharacteristicSpecification(
                name=c.name,
                required=c.required,
                configurable=c.configurable,
                allowed=tuple(v.value for v in c.values),
                pattern=c.pattern,
                minimum=c.minimum,
                maximum=c.maximum,
            )
            for c in wire.characteristics
        ),
        service_specification_ids=wire.service_specification_ids,
        resource_specification_ids=wire.resource_specification_ids,
    )


def _price(wire: catalog.OfferingPrice) -> OfferingPrice:
    return OfferingPrice(
        id=wire.id,
        name=wire.name,
        price_type=PriceType(wire.price_type),
        price=Money(wire.amount, wire.currency),
        tax_rate=wire.tax_rate,
        period=wire.period,
        unit_of_measure=wire.unit_of_measure,
        alterations=tuple(
            PriceAlteration(
                name=a.name,
                percentage=a.percentage,
                amount=Money(a.amount, wire.currency) if a.amount is not None else None,
                periods=a.periods,
                priority=a.priority,
            )
            for a in wire.alterations
        ),
        valid_from=wire.valid_from,
        valid_until=wire.valid_until,
    )
