"""Product orders and their items (TMF622)."""

from collections.abc import Awaitable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry import field

from app.domain import difference, family, order, pricing
from app.domain.access import is_customer
from app.domain.plan import Plan as DomainPlan
from app.ordering.guide import fired_rules, steps_of
from app.ordering.reading import FeedEvent, OrderBy, OrderSearch
from app.ordering.reading import OrderVersion as DomainVersion
from resolvers.context import Info
from resolvers.demand import PAGE
from resolvers.enums import (
    FailurePolicy,
    OrderState,
    PriceType,
    Sequencing,
)
from resolvers.fields import loaded, resolved
from resolvers.ids import SEQUENCE, cursor_at, encode, key_after, place_of
from resolvers.loaders import Loaders
from resolvers.node import Node
from resolvers.pages import After, Connection, First, page_after, page_length
from resolvers.types.change_request import ProductOrderChangeRequest
from resolvers.types.contact import Message
from resolvers.types.customer import BillingAccount, Customer
from resolvers.types.document import Document
from resolvers.types.event import ProductOrderEvent
from resolvers.types.family import ProductOrderRollUp
from resolvers.types.finance import Journal, Payment
from resolvers.types.jeopardy import Jeopardy
from resolvers.types.money import Money
from resolvers.types.order_item import ProductOrderItem
from resolvers.types.order_terms import (
    Agreement,
    CreditAssessment,
    OrderTotal,
    OwnershipChange,
    PaymentChoice,
    PlaceQualification,
    PricePeriod,
    Repackaging,
)
from resolvers.types.place import GeographicAddress, WorkOrder
from resolvers.types.plan import Milestone, Plan, milestones_of
from resolvers.types.rule import FiredRule, rule_of
from resolvers.types.step import OrderStep


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
    return is_customer(info.context.actor, root.customer_id)


def _customer(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.customer_by_id.load(root.customer_id) if _own(root, info) else None


async def _parent(root: strawberry.Parent[order.ProductOrder], info: Info) -> order.ProductOrder | None:
    stored = await info.context.loaders.order_by_id.load(root.parent_id) if root.parent_id else None
    return stored.order if stored else None


async def _children(
    root: strawberry.Parent[order.ProductOrder], info: Info, first: First = 20, after: After = None
) -> Connection[order.ProductOrder]:
    context, search = info.context, OrderSearch(parent_ids=(root.id,))
    return await page_after(
        page_length(first, context.page_size),
        key_after(after, "ProductOrder"),
        partial(context.reading.search, context.actor, search, OrderBy.CREATED_ASCENDING),
        cursor=lambda child: encode("ProductOrder", child.id),
        count=partial(context.reading.count, context.actor, search),
    )


async def _roll_up(root: strawberry.Parent[order.ProductOrder], info: Info) -> family.RollUp:
    return family.roll_up([root, *(await info.context.loaders.children_by_order_id.load(root.id) or ())])


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

    async def count() -> int:
        stored = await context.loaders.order_by_id.load(root.id)
        return await context.reading.count_events(context.actor, stored) if stored else 0

    return await page_after(
        page_length(first, context.page_size),
        place_of(after, SEQUENCE) or 0,
        partial(context.reading.events_of, context.actor, root.id),
        cursor=lambda fed: cursor_at(SEQUENCE, fed.event.sequence),
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
    return difference.differences(versions[since], other)


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


def _documents(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.documents_by_order_id.load(root.id) if _own(root, info) else None


async def _messages(root: strawberry.Parent[order.ProductOrder], info: Info) -> object:
    found = await info.context.loaders.messages_by_order_id.load(root.id)
    # one that names no receiver was written before there could be two
    return [m for m in found or () if is_customer(info.context.actor, m.receiver_id or root.customer_id)]


def _payments(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.payments_by_order_id.load(root.id) if _own(root, info) else None


def _work_orders(root: strawberry.Parent[order.ProductOrder], info: Info) -> Awaitable[object] | None:
    return info.context.loaders.work_orders_by_order_id.load(root.id) if _own(root, info) else None


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
        loaded(Loaders.address_by_id, lambda root: root.place.id if root.place else None),
        "Where its items are delivered, unless they say otherwise (TMF673). Null with an error while it is down.",
    )
    billing_account = resolved(
        BillingAccount | None,
        loaded(Loaders.billing_account_by_id, lambda root: root.billing_account_id),
        "Where its charges go, when the channel chose an account (TMF666). Null with an error while billing is down.",
    )
    category: str | None = field(description="Kind of order, in the channel's own word.")
    description: str | None = field(description="What the order is about.")
    priority: int = field(description="From 0, the highest, to 4.")
    external_ids: list[ExternalId] = field(description="Its ids in other systems.")
    notes: list[Note] = field(description="Remarks, as far as you may read them.")
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
        list[Journal] | None,
        loaded(Loaders.journals_by_order_id, lambda root: root.id),
        "What it means to the ledger. Null with an error while the ledger is down.",
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
    change_requests: list[ProductOrderChangeRequest] = field(
        description="What people were asked to do about it while it was under way, the oldest first; at most 50."
    )
    failure_policy: FailurePolicy = field(description="What a task that cannot be done means for the rest.")
    sequencing: Sequencing = field(description="Whether the items are carried out one after another.")
    ownership: OwnershipChange | None = field(
        description="When it hands its products over to another customer: to whom, and what the parties said."
    )
    repackaging: Repackaging | None = field(
        description="When it makes owned products parts of another offering: which, and of what."
    )
    takes_back_key: strawberry.ID | None = resolved(
        strawberry.ID | None,
        lambda root: root.takes_back,
        "The completed order that this one takes back, by its number; null: it takes none back.",
    )
    parent_key: strawberry.ID | None = resolved(
        strawberry.ID | None, lambda root: root.parent_id, "The order that it is part of, by its number; null: none."
    )
    parent = resolved(
        Annotated["ProductOrder", strawberry.lazy("resolvers.types.order")] | None,
        _parent,
        "The order that it is part of; null: none, or you may not see it (TMF622 v5 orderRelationship).",
    )
    children = resolved(
        Connection[Annotated["ProductOrder", strawberry.lazy("resolvers.types.order")]],
        _children,
        "The orders that are parts of it, the oldest first, as far as you may see them.",
        size=PAGE,
    )
    roll_up = resolved(ProductOrderRollUp, _roll_up, "How far it and its parts are, taken together.")
    plan = resolved(Plan | None, _plan, "How it is carried out; null until that begins.")
    timeline = resolved(
        Connection[ProductOrderEvent], _timeline, "Everything that happened to it, the oldest first.", size=PAGE
    )
    differences = resolved(
        list[VersionDifference], _differences, "How two of its versions differ: what stands where in each of them."
    )
    versions = resolved(list[ProductOrderVersion], _versions, "All its versions, the oldest first.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, order.ProductOrder)


OrderId = Annotated[strawberry.ID, strawberry.argument(description="Id or order number of the order.")]
