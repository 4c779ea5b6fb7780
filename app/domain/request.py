"""What a channel asks for when it starts an order, and the draft that this makes."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.actor import Actor, Role
from app.domain.facts import Facts
from app.domain.money import Money
from app.domain.order import (
    AgreedPrice,
    AppointmentRef,
    Characteristic,
    Consent,
    ConsentSide,
    ExternalId,
    FailurePolicy,
    ItemAction,
    ItemRelationship,
    Note,
    OrderItem,
    OwnershipChange,
    PaymentChoice,
    PlaceRef,
    ProductOrder,
    ProductStatus,
    QuoteItemRef,
    Renewal,
    Repackaging,
    Sequencing,
    Suspension,
)
from app.domain.states import NOT_WANTED, OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A time slot that the channel chose for a visit."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRequest:
    """One wished-for item. `id` None: the next free number."""

    offering_id: str
    id: str | None = None
    action: ItemAction = ItemAction.ADD
    quantity: int = 1
    characteristics: tuple[Characteristic, ...] = ()
    relationships: tuple[ItemRelationship, ...] = ()
    place_id: str | None = None
    slot: Slot | None = None
    product_id: str | None = None
    product_status: ProductStatus | None = None
    suspension: Suspension | None = None
    renewal: Renewal | None = None
    agreed_prices: tuple[AgreedPrice, ...] = ()
    quote_item: QuoteItemRef | None = None
    moved_from_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipRequest:
    """Who is to take the order's products over, within which time both have to consent, and from when on they do."""

    acceptor_id: str
    consent_within: timedelta
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """A whole wished-for order, complete or not. `seller_id` None: nobody but the operator sells it.

    `parent_id` is the order that it is part of.

    `accepted_charge` is what the customer accepts to pay for ending products before their term has run out.
    """

    customer_id: str
    items: tuple[ItemRequest, ...] = ()
    place_id: str | None = None
    billing_account_id: str | None = None
    payment_method_id: str | None = None
    credit_consent: bool = False
    seller_id: str | None = None
    category: str | None = None
    description: str | None = None
    priority: int = 4
    external_ids: tuple[ExternalId, ...] = ()
    notes: tuple[str, ...] = ()
    internal_notes: tuple[str, ...] = ()
    requested_start_at: datetime | None = None
    requested_completion_at: datetime | None = None
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    sequencing: Sequencing = Sequencing.ANY
    parent_id: str | None = None
    accepted_charge: Money | None = None
    ownership: OwnershipRequest | None = None
    repackaging: Repackaging | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisedWish:
    """What an order that is under way is to be from now on; None: as it is.

    `items` are all that are wanted: one that the order has and that is not among them is not wanted any more.
    """

    items: tuple[ItemRequest, ...] | None = None
    place_id: str | None = None
    billing_account_id: str | None = None
    payment_method_id: str | None = None
    priority: int | None = None
    requested_start_at: datetime | None = None
    requested_completion_at: datetime | None = None


def as_wished(order: ProductOrder, wish: RevisedWish) -> ProductOrder:
    """The order with what is wished for from now on and none of what has been given up; names are not looked up yet.

    What an item has beside what is wished of it, it keeps: its state, its product, what is reserved for it.
    """
    wanted = tuple(item for item in order.items if item.state not in NOT_WANTED)
    changed = replace(
        order,
        items=wanted if wish.items is None else (),
        place=_place(wish.place_id) or order.place,
        billing_account_id=wish.billing_account_id or order.billing_account_id,
        payment=_payment(wish.payment_method_id) or order.payment,
        priority=order.priority if wish.priority is None else wish.priority,
        requested_start_at=wish.requested_start_at or order.requested_start_at,
        requested_completion_at=wish.requested_completion_at or order.requested_completion_at,
    )
    kept = {item.id: item for item in wanted}
    taken = {item.id for item in order.items}
    for asked in wish.items or ():
        old = kept.get(asked.id or "")
        if old is not None:
            changed = replace(changed, items=(*changed.items, _changed(old, asked)))
        else:
            changed = with_item(changed, replace(asked, id=asked.id or _next_of(taken)))
        taken.add(changed.items[-1].id)
    return changed


def _changed(item: OrderItem, wish: ItemRequest) -> OrderItem:
    visit = item.appointment
    if wish.slot and (visit is None or (visit.start, visit.end) != (wish.slot.start, wish.slot.end)):
        visit = provisional(wish.slot)
    new = replace(
        item,
        action=wish.action,
        offering_id=wish.offering_id,
        quantity=wish.quantity,
        characteristics=wish.characteristics,
        relationships=wish.relationships,
        place=_place(wish.place_id) if wish.place_id else item.place,
        appointment=visit,
        product_status=wish.product_status,
        quote_item=wish.quote_item or item.quote_item,
    )
    # what was agreed for something else is not agreed for this
    return new if differs(item, new) is False else replace(new, agreed_prices=wish.agreed_prices)


def differs(one: OrderItem, other: OrderItem) -> bool:
    """Whether something else is wanted, not only called otherwise or further on its way."""
    return _wanted_of(one) != _wanted_of(other)


def _wanted_of(item: OrderItem) -> tuple[object, ...]:
    return (
        item.action,
        item.offering_id,
        item.quantity,
        {c.name: c.value for c in item.characteristics},
        set(item.relationships),
        item.place.id if item.place else None,
        (item.appointment.start, item.appointment.end) if item.appointment else None,
        item.product_status,
    )


def draft_of(request: OrderRequest, actor: Actor, *, order_id: str, at: datetime) -> ProductOrder:
    """The draft that the request makes, its names not yet looked up."""
    order = ProductOrder(
        id=order_id,
        version=1,
        state=OrderState.DRAFT,
        customer_id=request.customer_id,
        customer_name="",
        channel=actor.channel,
        controlled_by=actor.channel,
        created_at=at,
        created_by=actor.subject,
        updated_at=at,
        seller_id=request.seller_id,
        place=_place(request.place_id),
        billing_account_id=request.billing_account_id,
        payment=_payment(request.payment_method_id),
        category=request.category,
        description=request.description,
        priority=request.priority,
        external_ids=request.external_ids,
        notes=tuple(
            Note(author=actor.subject, at=at, text=text, internal=internal)
            for texts, internal in ((request.notes, False), (request.internal_notes, True))
            for text in texts
        ),
        requested_start_at=request.requested_start_at,
        requested_completion_at=request.requested_completion_at,
        failure_policy=request.failure_policy,
        sequencing=request.sequencing,
        parent_id=request.parent_id,
        ownership=_ownership(request, actor, at),
        repackaging=request.repackaging,
    )
    for item in request.items:
        order = with_item(order, item)
    return order


def _ownership(request: OrderRequest, actor: Actor, at: datetime) -> OwnershipChange | None:
    """The change of ownership, with the consent of the releasing party when it asks for it itself."""
    wish = request.ownership
    if wish is None:
        return None
    itself = actor.role is Role.CUSTOMER and actor.party == request.customer_id
    consent = Consent(
        side=ConsentSide.RELEASING, given=True, by=actor.subject, channel=actor.channel, at=at, reason="asked for it"
    )
    return OwnershipChange(
        acceptor_id=wish.acceptor_id,
        consent_until=at + wish.consent_within,
        effective_at=wish.effective_at,
        consents=(consent,) if itself else (),
    )


def with_item(order: ProductOrder, wish: ItemRequest) -> ProductOrder:
    """The order with one item more, its names not yet looked up."""
    item = OrderItem(
        id=wish.id or _next_item_id(order),
        action=wish.action,
        offering_id=wish.offering_id,
        offering_name=wish.offering_id,
        quantity=wish.quantity,
        characteristics=wish.characteristics,
        relationships=wish.relationships,
        place=_place(wish.place_id),
        appointment=provisional(wish.slot) if wish.slot else None,
        product_id=wish.product_id,
        product_status=wish.product_status,
        suspension=wish.suspension or _plainly(order, wish),
        renewal=wish.renewal,
        agreed_prices=wish.agreed_prices,
        quote_item=wish.quote_item,
        moved_from=_place(wish.moved_from_id),
    )
    return replace(order, items=(*order.items, item))


def _plainly(order: ProductOrder, wish: ItemRequest) -> Suspension | None:
    """How a product is suspended of which only that is said."""
    suspended = wish.product_status is ProductStatus.SUSPENDED
    return Suspension(reason=order.description or "") if suspended else None


def provisional(slot: Slot) -> AppointmentRef:
    """A visit that is wished for and not booked yet."""
    return AppointmentRef(id="", start=slot.start, end=slot.end)


def _place(place_id: str | None) -> PlaceRef | None:
    return PlaceRef(id=place_id, label=place_id) if place_id else None


def _payment(method_id: str | None) -> PaymentChoice | None:
    return PaymentChoice(method_id=method_id, label=method_id) if method_id else None


def _next_item_id(order: ProductOrder) -> str:
    return _next_of({item.id for item in order.items})


def _next_of(taken: Collection[str]) -> str:
    return next(str(n) for n in range(1, len(taken) + 2) if str(n) not in taken)


def named(order: ProductOrder, facts: Facts) -> ProductOrder:
    """The order with the names of its customer, offerings and places as the backends have them."""

    def place(ref: PlaceRef | None) -> PlaceRef | None:
        fact = facts.places.get(ref.id) if ref else None
        return PlaceRef(id=fact.id, label=fact.label) if fact else ref

    methods = {method.id: method.label for method in facts.payment_methods}
    ownership, acceptor = order.ownership, facts.acceptor
    payment = order.payment
    return replace(
        order,
        payment=replace(payment, label=methods.get(payment.method_id, payment.label)) if payment else None,
        customer_name=facts.customer.name if facts.customer else order.customer_name,
        place=place(order.place),
        ownership=replace(ownership, acceptor_name=acceptor.name) if ownership and acceptor else ownership,
        items=tuple(
            replace(
                item,
                offering_name=facts.offerings[item.offering_id].name
                if item.offering_id in facts.offerings
                else item.offering_name,
                place=place(item.place),
                moved_from=place(item.moved_from),
            )
            for item in order.items
        ),
    )
