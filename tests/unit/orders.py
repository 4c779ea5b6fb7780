"""Small orders, offerings and rules for the unit tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.catalog import Offering, OfferingPrice, PriceType, ProductSpecification
from app.domain.conditions import Condition
from app.domain.facts import CustomerFact, Facts, OwnedProduct, PlaceFact, Unanswered
from app.domain.money import Money
from app.domain.order import (
    CreditAssessment,
    CreditDecision,
    ItemAction,
    ItemRelationship,
    OrderItem,
    PlaceQualification,
    PlaceRef,
    ProductOrder,
)
from app.domain.rulebook import After, DecompositionRule, Rulebook, Scope, TaskTemplate
from app.domain.rules.case import Case
from app.domain.states import ItemState, OrderState

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALWAYS = Condition("true", lambda _: True)


def item(item_id: str, *relationships: ItemRelationship, offering: str = "line", quantity: int = 1) -> OrderItem:
    """An item that adds a product."""
    return OrderItem(
        id=item_id,
        action=ItemAction.ADD,
        offering_id=offering,
        offering_name=offering.title(),
        quantity=quantity,
        state=ItemState.ACKNOWLEDGED,
        relationships=relationships,
    )


def order(*items: OrderItem, state: OrderState = OrderState.ACKNOWLEDGED) -> ProductOrder:
    """An order of these items."""
    return ProductOrder(
        id="o1",
        version=1,
        state=state,
        customer_id="c1",
        customer_name="Ada",
        channel="online",
        controlled_by="online",
        created_at=NOW,
        created_by="c1",
        updated_at=NOW,
        items=items,
        submitted_at=NOW,
    )


def offering(offering_id: str = "line", *prices: OfferingPrice) -> Offering:
    """An offering that is sold."""
    return Offering(
        id=offering_id,
        name=offering_id.title(),
        lifecycle_status="Active",
        specification=ProductSpecification(id=f"spec-{offering_id}", name=offering_id),
        prices=prices,
    )


def price(amount: str, price_type: PriceType = PriceType.RECURRING, tax: str = "19") -> OfferingPrice:
    """A price in euros."""
    return OfferingPrice(
        id="p",
        name="fee",
        price_type=price_type,
        price=Money(Decimal(amount), "EUR"),
        tax_rate=Decimal(tax),
        period="month" if price_type is PriceType.RECURRING else None,
    )


def rule(rule_id: str, *tasks: TaskTemplate, scope: Scope = Scope.ITEM) -> DecompositionRule:
    """A rule that holds for every item."""
    return DecompositionRule(id=rule_id, scope=scope, when=ALWAYS, needs=frozenset(), tasks=tasks)


def task(task_id: str, *after: str, seconds: int = 1) -> TaskTemplate:
    """A task of a rule."""
    return TaskTemplate(
        id=task_id,
        name=task_id.title(),
        operation=f"backend.{task_id}",
        expected=timedelta(seconds=seconds),
        after=tuple(map(After, after)),
    )


def rulebook(*rules: DecompositionRule) -> Rulebook:
    """A rulebook of these rules."""
    return Rulebook(decomposition=rules)


def euros(amount: str) -> Money:
    """An amount in euros."""
    return Money(Decimal(amount), "EUR")


def place(place_id: str = "addr-1") -> PlaceRef:
    """An address that `facts` know when it is addr-1 or addr-2."""
    return PlaceRef(id=place_id, label=place_id.title())


def customer(**more: Any) -> CustomerFact:
    """A customer in good standing, of the orders that `order` makes."""
    return replace(CustomerFact(id="c1", name="Ada", status="active"), **more)


def owned(product_id: str, offering_id: str | None = "line", **more: Any) -> OwnedProduct:
    """A product that the customer has and uses."""
    return replace(OwnedProduct(id=product_id, offering_id=offering_id, name=product_id, status="active"), **more)


def facts(*offerings: Offering, **more: Any) -> Facts:
    """Facts with which nothing is wrong: these offerings, a customer in good standing and two addresses."""
    known = Facts(
        customer=customer(),
        offerings={o.id: o for o in offerings},
        places={p: PlaceFact(id=p, label=p, country="DE", postcode="20457") for p in ("addr-1", "addr-2")},
    )
    return replace(known, **more)


def case(wanted: ProductOrder, known: Facts, rules: Rulebook, *, at: datetime = NOW) -> Case:
    """An order to be judged."""
    return Case(order=wanted, facts=known, rulebook=rules, at=at)


def silent(*backends: str) -> dict[str, Unanswered]:
    """These backends give no answer now."""
    return {name: Unanswered(backend=name, kind="TIMEOUT", retryable=True) for name in backends}


def served(place_id: str, *services: str, **more: Any) -> dict[tuple[str, tuple[str, ...]], PlaceQualification]:
    """The services can be delivered at the place for another day, unless `more` says otherwise."""
    answer = PlaceQualification(
        id=f"sq-{place_id}",
        place_id=place_id,
        services=services,
        serviceable=True,
        asked_at=NOW,
        guaranteed_until=NOW + timedelta(days=1),
    )
    return {(place_id, services): replace(answer, **more)}


def credit(decision: CreditDecision = CreditDecision.ACCEPT, **more: Any) -> CreditAssessment:
    """What the bureau says of a commitment of 100 euros."""
    assessment = CreditAssessment(id="ra-1", decision=decision, amount=euros("100"), assessed_at=NOW, consent_at=NOW)
    return replace(assessment, **more)
