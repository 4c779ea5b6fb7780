"""Handing a product over to another customer: who has to consent, how long, and what each party sees of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from app.domain.access import Dealers, sees, sees_as_acceptor
from app.domain.actor import Actor
from app.domain.order import ConsentSide, ProductOrder
from app.domain.plan import Plan, Task
from app.domain.states import TaskState

LONGEST_WAIT: Final = timedelta(days=14)
"""For how long the parties may think it over, when the order says no less."""
AWAIT_CONSENT: Final[Mapping[ConsentSide, str]] = {
    ConsentSide.RELEASING: "customer.awaitReleasingConsent",
    ConsentSide.ACCEPTING: "customer.awaitAcceptingConsent",
}
"""The operation that waits for what each party says."""
WAITING: Final = (TaskState.RUNNING, TaskState.AWAITING_RESULT)


def task_awaiting(plan: Plan | None, side: ConsentSide) -> Task | None:
    """The task that waits for this party's consent now."""
    tasks = plan.tasks if plan else ()
    return next((t for t in tasks if t.operation == AWAIT_CONSENT[side] and t.state in WAITING), None)


def party_of(order: ProductOrder, side: ConsentSide) -> str | None:
    """The customer on this side; None when the order changes no ownership."""
    if order.ownership is None:
        return None
    return order.customer_id if side is ConsentSide.RELEASING else order.ownership.acceptor_id


def as_seen_by(actor: Actor, dealers: Dealers, order: ProductOrder) -> ProductOrder | None:
    """The order as the actor may see it; None: not at all.

    Who is asked to take something over sees what it is about and how far it has come. Everything else stays between
    the operator and the other party: what is not named here is not shown.
    """
    if sees(actor, dealers, customer_id=order.customer_id, seller_id=order.seller_id):
        return order
    if not sees_as_acceptor(actor, acceptor_id=order.acceptor_id):
        return None
    return ProductOrder(
        id=order.id,
        version=order.version,
        state=order.state,
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        channel=order.channel,
        controlled_by=order.controlled_by,
        created_at=order.created_at,
        created_by=order.created_by,
        updated_at=order.updated_at,
        items=tuple(replace(item, reservations=(), agreed_prices=(), quote_item=None) for item in order.items),
        place=order.place,
        category=order.category,
        priority=order.priority,
        expected_completion_at=order.expected_completion_at,
        submitted_at=order.submitted_at,
        completed_at=order.completed_at,
        totals=order.totals,
        cancellations=order.cancellations,
        ownership=order.ownership,
    )
