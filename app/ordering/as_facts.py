"""What backends say, in the words of the rules."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from app.domain.catalog import (
    BundledOffering,
    CharacteristicSpecification,
    CreditCheck,
    Offering,
    OfferingPrice,
    OfferingRelation,
    OfferingRelationship,
    PriceAlteration,
    PriceType,
    ProductSpecification,
    Term,
)
from app.domain.facts import (
    CustomerFact,
    OverdueFact,
    OwnedProduct,
    PlaceFact,
    QuotedItem,
    QuotedPrice,
    QuoteFact,
)
from app.domain.money import Money
from app.domain.order import (
    RelationshipType,
    Suspension,
    SuspensionBilling,
    SuspensionOriginator,
    SuspensionScope,
)
from connectors import catalog, inventory
from connectors.address import GeographicAddress
from connectors.billing import Bill
from connectors.customer import Customer, Party
from connectors.inventory import Product
from connectors.quote import Quote

W = TypeVar("W", bound=StrEnum)
RELATIONS: Final = frozenset(OfferingRelation)
CHECKS: Final = frozenset(CreditCheck)
PRICE_TYPES: Final = frozenset(PriceType)


def customer_fact(wire: Customer, party: Party | None) -> CustomerFact:
    """The customer as the rules know them; `party` is who that is in person, if it was asked for."""
    return CustomerFact(
        id=wire.id,
        name=wire.name,
        status=wire.status,
        segment=wire.segment,
        market=wire.market,
        birth_date=party.birth_date if party else None,
        vip=wire.vip,
    )


def place_fact(wire: GeographicAddress) -> PlaceFact:
    """The address as the rules know it."""
    return PlaceFact(id=wire.id, label=wire.label, country=wire.country, postcode=wire.postcode)


def owned_product(wire: Product) -> OwnedProduct:
    """The product as the rules know it."""

    def related(relationship: RelationshipType) -> tuple[str, ...]:
        return tuple(r.product_id for r in wire.relationships if r.type == relationship)

    return OwnedProduct(
        id=wire.id,
        offering_id=wire.offering_id,
        name=wire.name,
        status=wire.status,
        place_id=wire.place_id,
        billing_account_id=wire.billing_account_id,
        started_at=wire.start_date,
        term_ends_at=wire.term_ends_at,
        characteristics=wire.characteristics,
        prices=tuple(_sold_for(price) for price in wire.prices if price.price_type in PRICE_TYPES),
        parts=related(RelationshipType.BUNDLES),
        relies_on=related(RelationshipType.RELIES_ON),
        suspension=_suspension(wire.suspension) if wire.suspension else None,
    )


def _sold_for(wire: inventory.ProductPrice) -> OfferingPrice:
    return OfferingPrice(
        id=wire.name,
        name=wire.name,
        price_type=PriceType(wire.price_type),
        price=Money(wire.amount, wire.currency),
        tax_rate=wire.tax_rate,
        period=wire.period,
        alterations=tuple(_alteration(a, wire.currency) for a in wire.alterations),
    )


def _alteration(wire: catalog.PriceAlteration | inventory.ProductAlteration, currency: str) -> PriceAlteration:
    return PriceAlteration(
        name=wire.name,
        percentage=wire.percentage,
        amount=Money(wire.amount, currency) if wire.amount is not None else None,
        periods=wire.periods,
        priority=wire.priority,
    )


def _suspension(wire: inventory.Suspension) -> Suspension:
    """What is known of it; a word that we do not know is taken for the strictest."""
    return Suspension(
        reason=wire.reason,
        originator=_known(SuspensionOriginator, wire.originator, SuspensionOriginator.OPERATOR),
        scope=_known(SuspensionScope, wire.scope, SuspensionScope.FULL),
        billing=_known(SuspensionBilling, wire.billing, SuspensionBilling.CONTINUE),
        resumes_at=wire.resumes_at,
    )


def _known(words: type[W], word: str, otherwise: W) -> W:
    return words(word) if word in set(words) else otherwise


def overdue_fact(bills: Iterable[Bill], today: date) -> OverdueFact | None:
    """What of these bills should have been paid by today; None: nothing."""
    late = [bill for bill in bills if bill.overdue_at(today)]
    if not late:
        return None
    amounts = [Money(bill.remaining, bill.currency) for bill in late]
    return OverdueFact(amount=sum(amounts[1:], amounts[0]), since=min(bill.due_on for bill in late if bill.due_on))


def quote_fact(wire: Quote) -> QuoteFact:
    """The quote as the rules know it."""
    return QuoteFact(
        id=wire.id,
        state=wire.state,
        customer_ids=wire.customer_ids,
        valid_until=wire.valid_until,
        items={
            item.id: QuotedItem(
                action=item.action,
                offering_id=item.offering_id or "",
                quantity=item.quantity,
                characteristics=dict(item.characteristics),
                prices=tuple(
                    QuotedPrice(
                        price.name,
                        Money(price.amount, price.currency),
                        price.period,
                        tuple(
                            PriceAlteration(
                                name=price.name,
                                percentage=a.percentage,
                                amount=Money(a.amount, price.currency) if a.amount is not None else None,
                                periods=a.periods,
                            )
                            for a in price.alterations
                        ),
                    )
                    for price in item.prices
                ),
                terms=tuple(Term(name=t.name, amount=t.amount, unit=t.unit) for t in item.terms),
            )
            for item in wire.items
        },
    )


def offering_of(wire: catalog.ProductOffering) -> Offering:
    """The offering as the rules know it."""
    return Offering(
        id=wire.id,
        name=wire.name,
        lifecycle_status=wire.lifecycle_status,
        is_bundle=wire.is_bundle,
        valid_from=wire.valid_from,
        valid_until=wire.valid_until,
        categories=wire.categories,
        specification=_specification(wire.specification, wire.characteristics) if wire.specification else None,
        prices=tuple(_price(price) for price in wire.prices),
        terms=tuple(Term(name=t.name, amount=t.amount, unit=t.unit) for t in wire.terms),
        bundled=tuple(
            BundledOffering(
                offering_id=b.offering_id,
                lower_limit=b.lower_limit,
                upper_limit=b.upper_limit,
                prices=tuple(_price(price) for price in b.prices),
            )
            for b in wire.bundled
        ),
        channels=wire.channels,
        market_segments=wire.market_segments,
        markets=wire.places,
        relationships=tuple(
            OfferingRelationship(OfferingRelation(r.type), r.offering_id, r.role)
            for r in wire.relationships
            if r.type in RELATIONS
        ),
        minimum_age=wire.minimum_age,
        maximum_age=wire.maximum_age,
        # a check that we do not know is not taken lightly
        credit_check=CreditCheck(wire.credit_check or "none")
        if (wire.credit_check or "none") in CHECKS
        else CreditCheck.FULL,
        signature_required=wire.signature_required,
    )


def _specification(
    wire: catalog.ProductSpecification, open_to_choice: tuple[catalog.Characteristic, ...]
) -> ProductSpecification:
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
                value_type=c.value_type,
                default=next((v.value for v in c.values if v.is_default), None),
                description=c.description,
            )
            for c in open_to_choice
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
        alterations=tuple(_alteration(a, wire.currency) for a in wire.alterations),
        valid_from=wire.valid_from,
        valid_until=wire.valid_until,
    )
