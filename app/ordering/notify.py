"""Writes to the customer what becomes of the order, in the way that the customer prefers (TMF681)."""

from typing import Final

import structlog

from app.domain.events import EventType, OrderEvent
from app.domain.order import ProductOrder
from app.ordering.ordering import Ordering
from connectors.base import BackendFailure
from connectors.customer import Customer

AT_ONCE: Final = 200
MEDIA: Final = ("email", "sms", "post")

log = structlog.get_logger()


async def tell_customer(ordering: Ordering, order_id: str, *, after: int) -> int:
    """One message per change of the order's state after this event, and one when its promise is more in danger and a
    rule says that the customer is to know; each sent once however often this is repeated.

    Gives the sequence of the last event looked at. Raises BackendFailure when a message may be sent later.
    """
    stored = (await ordering.store.load([order_id]))[order_id]
    while fed := await ordering.store.events_of(order_id, after=after, limit=AT_ONCE):
        moves = [
            f.event for f in fed if f.event.type is EventType.STATE_CHANGED and f.event.before is not f.event.state
        ]
        warnings = [f.event for f in fed if f.event.jeopardy is not None and f.event.jeopardy.raised]
        if moves or warnings:
            customer = (await ordering.backends.customer.by_ids([stored.order.customer_id])).get(
                stored.order.customer_id
            )
            for move in moves:
                if customer is not None:
                    await _send(ordering, stored.order, customer, move)
            for warning in warnings:
                if customer is not None:
                    await _warn(ordering, stored.order, customer, warning)
        after = fed[-1].event.sequence
    return after


async def _send(ordering: Ordering, order: ProductOrder, customer: Customer, move: OrderEvent) -> None:
    called = ordering.rulebook().called(move.state, order.channel)
    key = f"{order.id}:state:{move.sequence}"
    await write_to(ordering, order, customer, subject=f"Your order {order.id}: {called}", content=called, key=key)


async def _warn(ordering: Ordering, order: ProductOrder, customer: Customer, warning: OrderEvent) -> None:
    notice = warning.jeopardy.after.notice if warning.jeopardy and warning.jeopardy.after else None
    if notice is not None:
        key = f"{order.id}:jeopardy:{warning.sequence}"
        await write_to(ordering, order, customer, subject=f"Your order {order.id}", content=notice, key=key)


async def write_to(
    ordering: Ordering, order: ProductOrder, customer: Customer, *, subject: str, content: str, key: str
) -> None:
    """One message, once per key. A customer without an address of any kind gets none. Raises BackendFailure."""
    if (found := contact(customer)) is None:
        log.info("customer_without_contact", order_id=order.id, customer_id=customer.id)
        return
    medium, address = found
    try:
        await ordering.backends.channels.send_message(
            receiver_id=customer.id,
            receiver_name=customer.name,
            medium=medium,
            address=address,
            subject=subject,
            content=content,
            order_id=order.id,
            external_id=key,
            key=key,
        )
    except BackendFailure as failure:
        if failure.retryable:
            raise
        log.warning("message_refused", order_id=order.id, key=key, reason=str(failure))


def contact(customer: Customer) -> tuple[str, str] | None:
    """The medium that the customer prefers and the address there, or another that reaches the customer."""
    addresses = {"email": customer.email, "sms": customer.phone}
    for medium in dict.fromkeys((customer.preferred_medium or "email", *MEDIA)):
        if address := addresses.get(medium):
            return medium, address
    return None
