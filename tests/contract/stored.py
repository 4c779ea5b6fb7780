"""Orders to be stored, and changes of them."""

from dataclasses import replace
from datetime import UTC, datetime

from app.domain.actor import Actor, Role
from app.domain.events import EventType, order_event
from app.domain.order import ItemAction, OrderItem, ProductOrder
from app.domain.plan import Plan
from app.domain.states import OrderState
from app.store.port import Change, IdempotencyKey

ADA = Actor(subject="ada", role=Role.AGENT, channel="online")
NOW = datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC)


def new_order(order_id: str, **other: object) -> ProductOrder:
    return replace(
        ProductOrder(
            id=order_id,
            version=1,
            state=OrderState.DRAFT,
            customer_id="c1",
            customer_name="Ada",
            channel="online",
            controlled_by="online",
            created_at=NOW,
            created_by="ada",
            updated_at=NOW,
            items=(OrderItem(id="1", action=ItemAction.ADD, offering_id="fibre-500", offering_name="Fibre 500"),),
        ),
        **other,  # type: ignore[arg-type]  # fields of the order
    )


def change(
    order: ProductOrder, after: int = 0, *, key: str | None = None, events: int = 1, plan: Plan | None = None
) -> Change:
    return Change(
        order=order,
        after=after,
        events=tuple(
            order_event(order, after + n, EventType.CREATED, at=NOW, actor=ADA, summary=f"event {after + n}")
            for n in range(1, events + 1)
        ),
        actor=ADA,
        reason="because",
        at=NOW,
        plan=plan,
        key=IdempotencyKey(owner="ada", key=key, fingerprint="f") if key else None,
    )
