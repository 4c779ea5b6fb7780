"""Small orders, offerings and rules for the unit tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.domain.catalog import Offering, OfferingPrice, PriceType, ProductSpecification
from app.domain.money import Money
from app.domain.order import ItemAction, ItemRelationship, OrderItem, ProductOrder
from app.domain.rulebook import Condition, DecompositionRule, Rulebook, Scope, TaskTemplate
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
        after=after,
    )


def rulebook(*rules: DecompositionRule) -> Rulebook:
    """A rulebook of these rules."""
    return Rulebook(decomposition=rules)
