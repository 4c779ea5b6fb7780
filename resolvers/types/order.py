"""Product orders and their items (TMF622)."""

from collections.abc import Awaitable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry import field

from app.domain import difference, order, pricing
from app.domain.access import Right, may, sees_customer
from app.domain.actor import Role
from app.domain.plan import Plan as DomainPlan
from app.ordering.drafts import require
from app.ordering.guide import fired_rules, steps_of
from app.ordering.reading import FeedEvent
from app.ordering.reading import OrderVersion as DomainVersion
from resolvers.context import Info
from resolvers.enums import (
    ConsentSide,
    CreditDecision,
    FailurePolicy,
    ItemAction,
    ItemState,
    OrderState,
    PriceType,
    ProductStatus,
    RelationshipType,
    SuspensionBilling,
    SuspensionOriginator,
    SuspensionScope,
)
from resolvers.fields import resolved
from resolvers.ids import SEQUENCE, cursor_at, encode, place_of
from resolvers.node import Node
from resolvers.pages import After, Connection, First, connection, page_length
from resolvers.types.contact import Message
from resolvers.types.customer import BillingAccount, Characteristic, Customer, Product
from resolvers.types.document import Document
from resolvers.types.event import ProductOrderEvent
from resolvers.types.finance import Journal, Payment
from resolvers.types.jeopardy import Jeopardy
from resolvers.types.money import Money
from resolvers.types.offering import PriceAlteration, ProductOffering, Term
from resolvers.types.place import GeographicAddress, WorkOrder
from resolvers.types.plan import Milestone, Plan, milestones_of
from resolvers.types.resource import Reservation
from resolvers.types.rule import FiredRule, rule_of
from resolvers.types.step import OrderStep


@strawberry.type(description="A relationship with another item of the same order.")
class OrderItemRelationship:
    type: RelationshipType = field(description="What kind of relationship.")
    item_id: strawberry.ID = field(description="The other item.")


@strawberry.type(description="A technician's visit held for an item (TMF646).")
class Appointment:
    id: strawberry.ID = field(description="Id of the appointment in workforce management.")
    start: datetime = field(description="When it begins.")
    end: datetime = field(description="When it ends.")


@strawberry.type(description="An item of a quote (TMF648).")
class QuoteItemRef:
    quote_id: strawberry.ID = field(description="Id of the quote.")
    id: strawberry.ID = field(description="Id of the item in the quote.")


def _alterations(root: strawberry.Parent[order.ItemPrice]) -> list[PriceAlteration]:
    return [
        PriceAlteration(
            name=a.name,
            percentage=a.percentage,
            amount=a.amount.amount if a.amount else None,
            periods=a.periods,
            priority=a.priority,
        )
        for a in root.alterations
    ]


@strawberry.type(description="A price of an item; frozen when the order is submitted (TMF622 OrderPrice).")
class OrderPrice:
    name: str = field(description="What the price is for.")
    price_type: PriceType = field(description="When it is charged.")
    period: str | None = field(description="Charge period of a recurring price.")
    unit_price: Money = field(description="For one piece, duty free, before alterations.")
    tax_rate: Decimal = field(description="Tax in hundredths of the price.")
    duty_free: Money = field(description="For all pieces in the first charge period, alterations applied, without tax.")
    tax_included: Money = field(description="The same with tax.")
    alterations = resolved(list[PriceAlteration], _alterations, "Reductions of this price.")


@strawberry.type(description="The sum of all prices of one kind (TMF622 orderTotalPrice).")
class OrderTotal:
    price_type: PriceType = field(description="When it is charged.")
    period: str | None = field(description="Charge period of recurring prices.")
    duty_free: Money = field(description="Without tax, for the first charge period.")
    tax_included: Money = field(description="With tax, for the first charge period.")


def _item_offering(root: strawberry.Parent[order.OrderItem], info: Info) -> Awaitable[object]:
    return info.context.loaders.offering_by_id.load(root.offering_id)


async def _item_product(root: strawberry.Parent[order.OrderItem], info: Info) -> object:
    # an order outlives its customer's owning the product: what became of it since is the new owner's
    found = await info.context.loaders.product_by_id.load(root.product_id) if root.product_id else None
    return found if found and any(sees_customer(info.context.actor, owner) for owner in found.customer_ids) else None


def _item_place(root: strawberry.Parent[order.OrderItem], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.address_by_id.load(root.place.id) if root.place else None


def _moved_from(root: strawberry.Parent[order.OrderItem], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.address_by_id.load(root.moved_from.id) if root.moved_from else None


@strawberry.type(description="How a product is put out of use.")
class Suspension:
    reason: str = field(description="Why.")
    originator: SuspensionOriginator = field(description="Who wants it.")
    scope: SuspensionScope = field(description="How much of it.")
    billing: SuspensionBilling = field(description="What becomes of its recurring charges.")
    resumes_at: datetime | None = field(description="When it is put into use again by itself; null: it is not.")


@strawberry.type(description="For which term a product is kept on.")
class Renewal:
    term_name: str | None = field(description="The term that was asked for; null: the only one.")
    term: Term | None = field(description="The term; null: the offering has none that is meant.")
    starts_at: datetime | None = field(description="When it begins: when the term before has run out.")
    ends_at: datetime | None = field(description="When it ends.")


@strawberry.type(description="One thing that an order adds, changes or ends (TMF622 ProductOrderItem).")
class ProductOrderItem:
    id: strawberry.ID = field(description="Id of the item in its order.")
    action: ItemAction = field(description="What it does to a product.")
    state: ItemState = field(description="Where the item stands.")
    quantity: int = field(description="How many pieces.")
    offering_name: str = field(description="Name of the offering when it was last looked up.")
    offering_key: str = resolved(str, lambda root: root.offering_id, "Id of the offering in the catalog (TMF620).")
    offering = resolved(
        ProductOffering | None,
        _item_offering,
        "The offering as the catalog has it now (TMF620). Null with an error while the catalog is down.",
    )
    characteristics: list[Characteristic] = field(description="How it is configured.")
    relationships: list[OrderItemRelationship] = field(description="How it relates to other items.")
    place = resolved(
        GeographicAddress | None,
        _item_place,
        "Where it is delivered, when that is not the order's place (TMF673).",
    )
    appointment: Appointment | None = field(description="The technician's visit held for it.")
    prices: list[OrderPrice] = field(description="What it costs.")
    terms: list[Term] = field(description="Commitments that come with it.")
    reservations: list[Reservation] = field(description="Numbers and SIMs held for it (TMF685).")
    moved_from = resolved(
        GeographicAddress | None,
        _moved_from,
        "Where its product is installed until it works at its new place (TMF673); null: it does not move.",
    )
    product_status: ProductStatus | None = field(description="The status that its product is to have; null: as it is.")
    suspension: Suspension | None = field(description="How it is put out of use; null: it is not about that.")
    renewal: Renewal | None = field(description="For which term it is kept on; null: it is not about that.")
    quote_item: QuoteItemRef | None = field(description="What it was quoted as, when it is ordered by a quote.")
    product_key: str | None = resolved(str | None, lambda root: root.product_id, "Id of the owned product (TMF637).")
    product = resolved(
        Product | None,
        _item_product,
        "The owned product, once the inventory has it (TMF637). Null with an error while the inventory is down, and "
        "without one while it is somebody else's.",
    )


@strawberry.type(description="A remark on an order (TMF622 Note).")
class Note:
    author: str = field(description="Who wrote it.")
    at: datetime = field(description="When.")
    text: str = field(description="The remark.")
    internal: bool = field(description="Whether it is for the operator's own people only.")


@strawberry.type(description="That items were cancelled (TMF622 cancelProductOrder).")
class Cancellation:
    item_ids: list[strawberry.ID] = field(description="The items.")
    reason: str = field(description="Why.")
    requested_at: datetime = field(description="When.")
    requested_by: str = field(description="By whom.")
    charge: Money | None = field(description="What it cost; null: nothing.")


@strawberry.type(description="The order's id in another system (TMF622 ExternalIdentifier).")
class ExternalId:
    owner: str = field(description="Whose id it is.")
    type: str = field(description="What kind of id, for example POnumber.")
    id: str = field(description="The id itself.")


@strawberry.type(description="A place at which two versions of an order differ.")
class VersionDifference:
    path: str = field(description="JSON pointer; members of lists are named by their id or name.")
    before: str | None = field(description="What stands there in the one version; null: nothing.")
    after: str | None = field(description="What stands there in the other one; null: nothing.")


@strawberry.type(description="One kept version of an order.")
class ProductOrderVersion:
    version: int = resolved(int, lambda root: root.order.version, "Its number.")
    at: datetime = field(description="When it was made.")
    reason: str = field(description="Why it was made.")
    subject: str = resolved(str, lambda root: root.actor.subject, "Who made it.")
    channel: str = resolved(str, lambda root: root.actor.channel, "Through which channel.")
    on_behalf_of: str | None = resolved(
        str | None, lambda root: root.actor.on_behalf_of, "For whom, when not for itself."
    )
    order = resolved("ProductOrder", lambda root: root.order, "The order as it was.")


def _own(root: order.ProductOrder, info: Info) -> bool:
    """Whether it is an order of a customer whom the actor may see; who only takes something over sees no more of it."""
    return sees_customer(info.context.actor, root.customer_id)


def _customer(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.customer_by_id.load(root.customer_id) if _own(root, info) else None


def _place(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.address_by_id.load(root.place.id) if root.place else None


def _billing_account(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    account_id = root.billing_account_id
    return info.context.loaders.billing_account_by_id.load(account_id) if account_id else None


async def _plan(root: strawberry.Parent[order.ProductOrder], info: Info) -> DomainPlan | None:
    stored = await info.context.loaders.order_by_id.load(root.id)
    return stored.plan if stored else None


async def _milestones(root: strawberry.Parent[order.ProductOrder], info: Info) -> list[Milestone]:
    plan = await _plan(root, info)
    return milestones_of(plan) if plan else []


async def _timeline(
    root: strawberry.Parent[order.ProductOrder], info: Info, first: First = 50, after: After = None
) -> Connection[FeedEvent]:
    context = info.context
    length = page_length(first, context.page_size)
    start = place_of(after, SEQUENCE) or 0
    found = await context.reading.events_of(context.actor, root.id, after=start, limit=length + 1)
    page = found[:length]

    async def count() -> int:
        stored = await context.loaders.order_by_id.load(root.id)
        return await context.reading.count_events(context.actor, stored) if stored else 0

    return connection(
        page,
        [cursor_at(SEQUENCE, fed.event.sequence) for fed in page],
        more_before=start > 0,
        more_after=len(found) > length,
        count=count,
    )


async def _versions(root: strawberry.Parent[order.ProductOrder], info: Info) -> Sequence[DomainVersion]:
    return await info.context.reading.versions(info.context.actor, root.id)


async def _differences(
    root: strawberry.Parent[order.ProductOrder],
    info: Info,
    since: Annotated[int, strawberry.argument(description="The one version.")],
    until: Annotated[int | None, strawberry.argument(description="The other one; null: this one.")] = None,
) -> Sequence[difference.Difference]:
    versions = {v.order.version: v.order for v in await info.context.reading.versions(info.context.actor, root.id)}
    other = root if until is None else versions.get(until)
    if since not in versions or other is None:
        raise GraphQLError("The order has no such version.", extensions={"code": "BAD_USER_INPUT"})
    internal = may(info.context.actor, Right.READ_INTERNAL)
    found = difference.differences(versions[since], other)
    return [d for d in found if internal or not d.path.startswith(("/notes/", "/credit/score"))]


def _next_steps(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object]:
    return steps_of(info.context.ordering, root)


async def _fired_rules(root: strawberry.Parent[order.ProductOrder], info: Info) -> list[FiredRule]:
    if not _own(root, info):
        return []  # they tell what they looked at of the customer
    found = await fired_rules(info.context.ordering, root)
    return [
        FiredRule(
            rule=rule_of(one.rule),
            item_id=strawberry.ID(one.item_id) if one.item_id else None,
            because=list(one.because),
        )
        for one in found
    ]


def _status_text(root: strawberry.Parent[order.ProductOrder], info: Info) -> str:
    return info.context.ordering.rulebook().called(root.state, info.context.actor.channel)


def _notes(root: strawberry.Parent[order.ProductOrder], info: Info) -> list[order.Note]:
    return [note for note in root.notes if not note.internal or may(info.context.actor, Right.READ_INTERNAL)]


def _credit_score(root: strawberry.Parent[order.CreditAssessment], info: Info) -> int | None:
    return root.score if may(info.context.actor, Right.READ_INTERNAL) else None


def _documents(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.documents_by_order_id.load(root.id) if _own(root, info) else None


async def _messages(root: strawberry.Parent[order.ProductOrder], info: Info) -> object:
    found = await info.context.loaders.messages_by_order_id.load(root.id)
    # one that names no receiver was written before there could be two
    return [m for m in found or () if sees_customer(info.context.actor, m.receiver_id or root.customer_id)]


def _payments(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.payments_by_order_id.load(root.id) if _own(root, info) else None


def _journals(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object]:
    require(info.context.actor, Right.READ_INTERNAL)
    return info.context.loaders.journals_by_order_id.load(root.id)


def _work_orders(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.work_orders_by_order_id.load(root.id) if _own(root, info) else None


def _acceptor_name(root: strawberry.Parent[order.OwnershipChange], info: Info) -> str | None:
    """Who only names a customer number learns no name by it, before that customer has consented."""
    actor, said = info.context.actor, root.consent_of(ConsentSide.ACCEPTING)
    known = actor.role is not Role.CUSTOMER or actor.subject == root.acceptor_id or (said is not None and said.given)
    return root.acceptor_name if known else None


def _price_periods(root: strawberry.Parent[order.ProductOrder]) -> tuple[pricing.PricePeriod, ...]:
    return pricing.price_periods(root)


def _proration(
    root: strawberry.Parent[order.ProductOrder],
    start: Annotated[date, strawberry.argument(description="The first day that is charged.")],
    period_start: Annotated[date, strawberry.argument(description="First day of the charge period.")],
    period_end: Annotated[date, strawberry.argument(description="First day of the next charge period.")],
) -> list[order.PriceTotal]:
    if not period_start <= start < period_end:
        raise GraphQLError(
            "`start` has to lie within the charge period, before `periodEnd`.", extensions={"code": "BAD_USER_INPUT"}
        )
    recurring = (total for total in root.totals if total.price_type is PriceType.RECURRING)
    return [pricing.prorated(t, start=start, period_start=period_start, period_end=period_end) for t in recurring]


@strawberry.type(description="What serviceability answered, kept with the order that relies on it (TMF645).")
class PlaceQualification:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the answer in serviceability.")
    place_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.place_id, "The address.")
    services: list[str] = field(description="The service specifications that were asked for.")
    asked_at: datetime = field(description="When it was asked.")
    guaranteed_until: datetime | None = field(description="Until when it holds; null: for the moment only.")


@strawberry.type(description="What was decided of the customer's credit for this order (TMF696).")
class CreditAssessment:
    decision: CreditDecision = field(description="What the credit bureau's answer means.")
    deposit: Money | None = field(description="What has to be deposited.")
    amount: Money = field(description="The commitment that was assessed, with tax.")
    score: int | None = resolved(int | None, _credit_score, "The bureau's score; for the operator's own people only.")
    reasons: list[str] = field(description="Why, in the bureau's words.")
    assessed_at: datetime = field(description="When.")
    consent_at: datetime = field(description="When the customer agreed to be asked about.")
    valid_until: datetime | None = field(description="Until when it holds.")


@strawberry.type(description="How what is due before delivery is paid.")
class PaymentChoice:
    method_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.method_id, "The payment method, or `cash`.")
    label: str = field(description="How people recognise it.")
    due: Money | None = field(description="How much, with tax; fixed at submission.")


@strawberry.type(description="The contract as it was drawn up (TMF667).")
class Agreement:
    version: int = field(description="Rises each time it is drawn up anew.")
    contract_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.contract_id, "Id of the contract.")
    summary_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.summary_id, "Id of its summary.")
    signature_required: bool = field(description="Whether it has to be signed.")
    prepared_at: datetime = field(description="When it was drawn up.")


@strawberry.type(description="What a party said to a change of ownership.")
class OwnershipConsent:
    side: ConsentSide = field(description="Which party.")
    given: bool = field(description="Whether it consents.")
    by: str = field(description="Who said it.")
    channel: str = field(description="Through which channel.")
    on_behalf_of: str | None = field(description="The party's customer number, when somebody else noted it down.")
    at: datetime = field(description="When.")
    reason: str | None = field(description="What was said with it.")


@strawberry.type(description="That the order hands its products over to another customer.")
class OwnershipChange:
    acceptor_key: strawberry.ID = resolved(
        strawberry.ID, lambda root: root.acceptor_id, "Customer number of who takes over (TMF629)."
    )
    acceptor_name = resolved(
        str | None, _acceptor_name, "Name of who takes over; to the other party once it has consented."
    )
    consent_until: datetime = field(description="Until when both parties have to consent.")
    effective_at: datetime | None = field(description="Not before; null: as soon as everything is agreed.")
    consents: list[OwnershipConsent] = field(description="What the parties said, the oldest first.")


@strawberry.type(description="That the order makes owned products parts of another offering.")
class Repackaging:
    target_offering_key: strawberry.ID = resolved(
        strawberry.ID, lambda root: root.target_offering_id, "Id of the offering that they become (TMF620)."
    )
    product_keys: list[strawberry.ID] = resolved(
        list[strawberry.ID], lambda root: root.product_ids, "Ids of the products (TMF637)."
    )
    quote_key: strawberry.ID | None = resolved(
        strawberry.ID | None, lambda root: root.quote_id, "Id of the quote by which it is done (TMF648)."
    )


@strawberry.type(description="What recurring prices come to from one charge period to another.")
class PricePeriod:
    first: int = field(description="The first charge period, counted from 1.")
    last: int | None = field(description="The last; null: for good.")
    totals: list[OrderTotal] = field(description="What it comes to in each of them.")


@strawberry.type(description="A customer order, from its first step to its completion (TMF622 ProductOrder).")
class ProductOrder(Node):
    id = resolved(strawberry.ID, lambda root: encode("ProductOrder", root.id), "Opaque id.")
    key: str = resolved(str, lambda root: root.id, "Order number: the id as TMF622 has it.")
    version: int = field(description="Rises with every change; name it in `expectedVersion`.")
    state: OrderState = field(description="Where the order stands.")
    customer_key: str = resolved(str, lambda root: root.customer_id, "Customer number (TMF629).")
    customer_name: str = field(description="Name of the customer when it was last looked up.")
    customer = resolved(
        Customer | None,
        _customer,
        "Who ordered (TMF629). Null with an error while customer information is down, and without one for who only "
        "takes something over.",
    )
    items: list[ProductOrderItem] = field(description="What is ordered.")
    channel: str = field(description="The sales channel that started the order.")
    controlled_by: str = field(description="The channel that may edit the draft.")
    seller_key: str | None = resolved(str | None, lambda root: root.seller_id, "The dealer that sells it (TMF632).")
    place = resolved(
        GeographicAddress | None,
        _place,
        "Where its items are delivered, unless they say otherwise (TMF673). Null with an error while it is down.",
    )
    billing_account = resolved(
        BillingAccount | None,
        _billing_account,
        "Where its charges go, when the channel chose an account (TMF666). Null with an error while billing is down.",
    )
    category: str | None = field(description="Kind of order, in the channel's own word.")
    description: str | None = field(description="What the order is about.")
    priority: int = field(description="From 0, the highest, to 4.")
    external_ids: list[ExternalId] = field(description="Its ids in other systems.")
    notes = resolved(list[Note], _notes, "Remarks, as far as you may read them.")
    status_text: str = resolved(str, _status_text, "What your channel calls the state.")
    next_steps = resolved(
        list[OrderStep] | None,
        _next_steps,
        "What leads from this draft to a valid order, step by step; null when it is no draft.",
    )
    fired_rules = resolved(
        list[FiredRule], _fired_rules, "The rules that are data and speak of this order now, and why."
    )
    qualifications: list[PlaceQualification] = field(description="What it relies on for its places (TMF645).")
    credit: CreditAssessment | None = field(description="What was decided of the customer's credit (TMF696).")
    payment: PaymentChoice | None = field(description="How what is due before delivery is paid (TMF670).")
    agreement: Agreement | None = field(description="Its contract, drawn up with the channel (TMF667).")
    documents = resolved(
        list[Document] | None, _documents, "Its documents (TMF667). Null with an error while documents are down."
    )
    messages = resolved(
        list[Message] | None, _messages, "What the customer was told (TMF681). Null with an error while it is down."
    )
    payments = resolved(
        list[Payment] | None, _payments, "What was paid for it (TMF676). Null with an error while billing is down."
    )
    journals = resolved(
        list[Journal] | None, _journals, "What it means to the ledger. Null with an error while the ledger is down."
    )
    work_orders = resolved(
        list[WorkOrder] | None,
        _work_orders,
        "The technicians' work for it (TMF697). Null with an error while workforce is down.",
    )
    price_periods = resolved(
        list[PricePeriod], _price_periods, "How its recurring total goes on when reductions run out."
    )
    proration = resolved(
        list[OrderTotal],
        _proration,
        "What its recurring prices come to in the first charge period, when they begin within it: by the day.",
    )
    totals: list[OrderTotal] = field(description="What it costs, per kind of price.")
    created_at: datetime = field(description="When it was started.")
    created_by: str = field(description="Who started it.")
    updated_at: datetime = field(description="When it last changed.")
    submitted_at: datetime | None = field(description="When it was submitted.")
    requested_start_at: datetime | None = field(description="Not to be begun before.")
    effective_at: datetime | None = field(
        description="The past time from which on it holds, when it is retro-active: for inventory, billing and ledger."
    )
    requested_completion_at: datetime | None = field(description="Wished to be complete by then.")
    expected_completion_at: datetime | None = field(
        description="When it will be complete if every task takes its usual time; null when it is not under way."
    )
    jeopardy: Jeopardy | None = field(description="That its promise is in danger; null: it is not.")
    milestones = resolved(
        list[Milestone], _milestones, "What is reached on the way (TMF622 v5); none until somebody carries it out."
    )
    completed_at: datetime | None = field(description="When it was completed.")
    cancellations: list[Cancellation] = field(description="What of it was cancelled, and why (TMF622).")
    failure_policy: FailurePolicy = field(description="What a task that cannot be done means for the rest.")
    ownership: OwnershipChange | None = field(
        description="When it hands its products over to another customer: to whom, and what the parties said."
    )
    repackaging: Repackaging | None = field(
        description="When it makes owned products parts of another offering: which, and of what."
    )
    plan = resolved(Plan | None, _plan, "How it is carried out; null until that begins.")
    timeline = resolved(Connection[ProductOrderEvent], _timeline, "Everything that happened to it, the oldest first.")
    differences = resolved(
        list[VersionDifference], _differences, "How two of its versions differ: what stands where in each of them."
    )
    versions = resolved(list[ProductOrderVersion], _versions, "All its versions, the oldest first.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, order.ProductOrder)


OrderId = Annotated[strawberry.ID, strawberry.argument(description="Id or order number of the order.")]
