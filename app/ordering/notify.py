"""Writes to the customer what becomes of the order, in the way that the customer prefers (TMF681)."""

from collections.abc import Iterable
from typing import Final, TypedDict

import structlog

from app.domain.change_request import CHANGE_REQUESTS, ChangeRequest
from app.domain.events import EventType, OrderEvent
from app.domain.order import ConsentSide, ProductOrder
from app.domain.plan import Plan
from app.domain.rulebook import Rulebook
from app.domain.states import ItemState, OrderState, TaskState, order_state_of
from app.ordering.ordering import Ordering
from connectors.backends import Backends
from connectors.base import BackendFailure
from connectors.channels import Message
from connectors.customer import Customer

AT_ONCE: Final = 200
NOTIFY_DELIVERY: Final = "channels.notifyDelivery"
DELIVERED: Final = frozenset({OrderState.COMPLETED, OrderState.PARTIAL})
MEDIA: Final = ("email", "sms", "post")

log = structlog.get_logger()


class Words(TypedDict):
    """What a message says."""

    subject: str
    content: str


def news_in(event: OrderEvent, order: ProductOrder, plan: Plan) -> bool:
    """Whether the customer may have to be told of it: of changes of the order's state that its plan does not tell of,
    of a promise more in danger, and of the answer to a wish.
    """
    by_plan = told_by_plan(plan) if order.acceptor_id is None else frozenset()
    return (_moved(event) and event.state not in by_plan) or _warns(event) or _about_a_wish(event)


def _moved(event: OrderEvent) -> bool:
    return event.type is EventType.STATE_CHANGED and event.before is not event.state


def _warns(event: OrderEvent) -> bool:
    return event.jeopardy is not None and event.jeopardy.raised


def _about_a_wish(event: OrderEvent) -> bool:
    return CHANGE_REQUESTS in event.changed


async def tell_customer(ordering: Ordering, order_id: str, *, after: int) -> int:
    """One message per change of the order's state after this event, one when its promise is more in danger and a rule
    says that the customer is to know, and one per answer to a wish; each sent once however often this is repeated.

    Of its delivery the order's own plan tells, when it has a task for that: nobody is told twice.
    Gives the sequence of the last event looked at. Raises BackendFailure when a message may be sent later.
    """
    while fed := await ordering.store.events.of(order_id, after=after, limit=AT_ONCE):
        moves = [f.event for f in fed if _moved(f.event)]
        warnings = [f.event for f in fed if _warns(f.event)]
        wishes = [f.event for f in fed if _about_a_wish(f.event)]
        if moves or warnings or wishes:
            # loaded after its events, so that it is no older than what is told of it
            stored = (await ordering.store.load([order_id]))[order_id]
            order, told = stored.order, told_by_plan(stored.plan)
            parties = [party for party in (order.customer_id, order.acceptor_id) if party is not None]
            known = await ordering.backends.customer.by_ids(parties)
            for move in moves:
                # the plan tells the customer only: who takes something over is told here
                for party in parties if move.state not in told else parties[1:]:
                    if (customer := known.get(party)) is not None:
                        await _send(ordering, order, customer, move)
            if (customer := known.get(order.customer_id)) is not None:
                for warning in warnings:
                    await _warn(ordering, order, customer, warning)
                for request in _answered_in(wishes, order):
                    await _answer(ordering, order, customer, request)
        after = fed[-1].event.sequence
    return after


def told_by_plan(plan: Plan | None) -> frozenset[OrderState]:
    """The states that the customer was told of by a task of the plan."""
    tasks = plan.tasks if plan else ()
    told = any(task.operation == NOTIFY_DELIVERY and task.state is TaskState.COMPLETED for task in tasks)
    return DELIVERED if told else frozenset()


def delivered_as(order: ProductOrder) -> OrderState:
    """How an order of which nothing more is to be done but to tell of it will end."""
    gone = {ItemState.PENDING_CANCELLATION: ItemState.CANCELLED}
    ends = (gone.get(item.state, item.state) for item in order.items)
    lost = (ItemState.CANCELLED, ItemState.FAILED)
    return order_state_of(state if state in lost else ItemState.COMPLETED for state in ends)


async def _send(ordering: Ordering, order: ProductOrder, customer: Customer, move: OrderEvent) -> None:
    key = f"{order.id}:state:{move.sequence}"
    if customer.id == order.acceptor_id:
        key = f"{key}:acceptor"
    words = wording(ordering.rulebook(), order, move.state)
    words["content"] += _more(order, customer, move)
    await write_to(ordering, order, customer, **words, key=key)


def wording(rulebook: Rulebook, order: ProductOrder, state: OrderState) -> Words:
    """What the customer is told of a state, in the words of the order's channel."""
    called = rulebook.called(state, order.channel)
    return {"subject": f"Your order {order.id}: {called}", "content": called}


def _more(order: ProductOrder, customer: Customer, move: OrderEvent) -> str:
    """What a party of a change of ownership has to know beyond the state: what is wanted of it, why it was called off.

    Made of what does not change any more, so that a repeated message is the same message.
    """
    ownership = order.ownership
    if ownership is None:
        return ""
    if move.state is OrderState.CANCELLED and order.cancellations:
        return f": {order.cancellations[-1].reason}"
    said = ownership.consent_of(ConsentSide.ACCEPTING)
    asked = move.state is OrderState.PENDING and (said is None or said.at > move.at)
    if asked and customer.id == ownership.acceptor_id:
        what = ", ".join(item.offering_name for item in order.items)
        until = ownership.consent_until.date().isoformat()
        return f": {order.customer_name} offers to hand {what} over to you; please answer until {until}"
    return ""


async def _warn(ordering: Ordering, order: ProductOrder, customer: Customer, warning: OrderEvent) -> None:
    notice = warning.jeopardy.after.notice if warning.jeopardy and warning.jeopardy.after else None
    if notice is not None:
        key = f"{order.id}:jeopardy:{warning.sequence}"
        await write_to(ordering, order, customer, subject=f"Your order {order.id}", content=notice, key=key)


def _answered_in(wishes: Iterable[OrderEvent], order: ProductOrder) -> Iterable[ChangeRequest]:
    """The requests that these events say are answered."""
    told = {event.summary for event in wishes}
    return (request for request in order.change_requests if request.answered and request.summary in told)


async def _answer(ordering: Ordering, order: ProductOrder, customer: Customer, request: ChangeRequest) -> None:
    content = f"You asked: {request.wish}\nOur answer: {request.answer}"
    key = f"{order.id}:changeRequest:{request.id}"
    await write_to(ordering, order, customer, subject=f"Your order {order.id}", content=content, key=key)


async def write_to(
    ordering: Ordering, order: ProductOrder, customer: Customer, *, subject: str, content: str, key: str
) -> None:
    """One message, once per key. One that is refused for good is not sent. Raises BackendFailure."""
    try:
        await send(ordering.backends, order, customer, subject=subject, content=content, key=key)
    except BackendFailure as failure:
        if failure.retryable:
            raise
        log.warning("message_refused", order_id=order.id, key=key, reason=str(failure))


async def send(
    backends: Backends, order: ProductOrder, customer: Customer, *, subject: str, content: str, key: str
) -> Message | None:
    """The message, once per key; None: the customer has no address of any kind. Raises BackendFailure."""
    if (found := contact(customer)) is None:
        log.info("customer_without_contact", order_id=order.id, customer_id=customer.id)
        return None
    medium, address = found
    return await backends.channels.send_message(
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


def contact(customer: Customer) -> tuple[str, str] | None:
    """The medium that the customer prefers and the address there, or another that reaches the customer."""
    addresses = {"email": customer.email, "sms": customer.phone}
    for medium in dict.fromkeys((customer.preferred_medium or "email", *MEDIA)):
        if address := addresses.get(medium):
            return medium, address
    return None
