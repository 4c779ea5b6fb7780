"""The questions that can be asked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final, TypeVar

import strawberry
from strawberry import argument, field

from app.domain.access import Right, sees_customer
from app.domain.batch import Batch
from app.domain.order import ProductOrder as DomainOrder
from app.domain.violations import refusals
from app.domain.worklist import WorkItem as DomainWork
from app.ordering.batch import batch_of, batches_of, count_batches
from app.ordering.configure import check_configuration
from app.ordering.drafts import require
from app.ordering.load import backend_load
from app.ordering.qualify import Prospect, QualifyCustomer, qualify_customer
from app.ordering.reading import OrderSearch
from app.ordering.validate import validate_order
from app.ordering.worklists import (
    FalloutCount,
    QueueCount,
    WorkSearch,
    count_work,
    fallout_counts,
    one_work_item,
    work_of,
    worklist_counts,
)
from connectors.base import Page
from connectors.catalog import ProductOffering as DomainOffering
from connectors.customer import Customer as DomainCustomer
from resolvers import handovers, previews
from resolvers.context import Context, Info
from resolvers.enums import JeopardyLevel, OrderBy, OrderState, ResourceKind
from resolvers.fields import resolved
from resolvers.ids import OFFSET, bad_cursor, cursor_at, decode, encode, key_of, keys_of, place_of
from resolvers.node import Node
from resolvers.pages import After, Connection, First, connection, page_length
from resolvers.types.batch import BatchId, ProductOrderBatch
from resolvers.types.configuration import CheckProductConfigurationInput, ProductConfigurationCheck
from resolvers.types.contact import SalesChannel
from resolvers.types.customer import Customer
from resolvers.types.load import BackendLoad
from resolvers.types.offering import ProductOffering
from resolvers.types.order import OrderId, ProductOrder
from resolvers.types.place import AddressValidation, Serviceability, TimeSlot
from resolvers.types.plan import TaskDuration
from resolvers.types.preview import LifecyclePreview
from resolvers.types.qualification import CustomerQualification, QualifyCustomerInput
from resolvers.types.repackage import RepackagePreview
from resolvers.types.rule import Rulebook, rulebook_of
from resolvers.types.violation import ProductOrderValidation
from resolvers.types.work import WORK_ITEM, WorkItem, WorkItemFilter, Worklist
from resolvers.types.work import FalloutCount as FalloutSummary

T = TypeVar("T")

ORDER: Final = "ProductOrder"
BATCH: Final = "ProductOrderBatch"
WORK_PLACE: Final = "Work"
"""Cursors in the work that waits for people."""


@strawberry.input(description="Which orders; every criterion that is given must hold.")
class ProductOrderFilter:
    states: list[OrderState] | None = field(default=None, description="In one of these states.")
    created_from: datetime | None = field(default=None, description="Started at this time or later.")
    created_until: datetime | None = field(default=None, description="Started before this time.")
    customer_ids: list[strawberry.ID] | None = field(default=None, description="Of one of these customers, id or key.")
    channels: list[str] | None = field(default=None, description="Started in one of these channels.")
    seller_ids: list[str] | None = field(default=None, description="Sold by one of these dealers.")
    offering_text: str | None = field(
        default=None, description="Text in the name or key of an ordered offering, without regard to case."
    )
    place_ids: list[strawberry.ID] | None = field(
        default=None, description="Delivered, at least in part, to one of these addresses, id or key."
    )
    external_id: str | None = field(default=None, description="With this id in another system.")
    external_id_owner: str | None = field(default=None, description="With an id of this owner.")
    external_id_type: str | None = field(default=None, description="With an id of this type, for example POnumber.")
    jeopardy_levels: list[JeopardyLevel] | None = field(
        default=None, description="Whose promise is in danger this much, each level alone."
    )
    jeopardy_queues: list[str] | None = field(
        default=None, description="Whose danger is escalated to one of these worklists; for the operator's people only."
    )

    def to_search(self) -> OrderSearch:
        """The search as the store has it."""
        return OrderSearch(
            states=tuple(self.states or ()),
            created_from=self.created_from,
            created_until=self.created_until,
            customer_ids=keys_of(self.customer_ids, "Customer"),
            channels=tuple(self.channels or ()),
            seller_ids=tuple(self.seller_ids or ()),
            offering_text=self.offering_text,
            place_ids=keys_of(self.place_ids, "GeographicAddress"),
            external_id=self.external_id,
            external_owner=self.external_id_owner,
            external_type=self.external_id_type,
            jeopardy_levels=tuple(self.jeopardy_levels or ()),
            jeopardy_queues=tuple(self.jeopardy_queues or ()),
        )


@strawberry.input(description="Which offerings; every criterion that is given must hold.")
class ProductOfferingFilter:
    category: str | None = field(default=None, description="In the category with this id, for example fibre.")
    name: str | None = field(default=None, description="With this text in the name, without regard to case.")
    lifecycle_status: str | None = field(default=None, description="In this status, for example Active.")


async def _order(context: Context, key: str) -> DomainOrder | None:
    require(context.actor, Right.READ_ORDERS)
    stored = await context.loaders.order_by_id.load(key)
    return stored.order if stored else None


async def _customer(context: Context, key: str) -> object:
    require(context.actor, Right.READ_CUSTOMERS)
    return await context.loaders.customer_by_id.load(key) if sees_customer(context.actor, key) else None


def _offering(context: Context, key: str) -> Awaitable[object]:
    require(context.actor, Right.READ_CATALOG)
    return context.loaders.offering_by_id.load(key)


def _address(context: Context, key: str) -> Awaitable[object]:
    require(context.actor, Right.READ_PLACES)
    return context.loaders.address_by_id.load(key)


async def _product(context: Context, key: str) -> object:
    require(context.actor, Right.READ_CUSTOMERS)
    found = await context.loaders.product_by_id.load(key)
    return found if found and any(sees_customer(context.actor, owner) for owner in found.customer_ids) else None


async def _billing_account(context: Context, key: str) -> object:
    require(context.actor, Right.READ_CUSTOMERS)
    found = await context.loaders.billing_account_by_id.load(key)
    return found if found and any(sees_customer(context.actor, owner) for owner in found.customer_ids) else None


async def _batch(context: Context, key: str) -> object:
    return await batch_of(context.ordering, context.actor, key)


async def _work_item(context: Context, key: str) -> object:
    return await one_work_item(context.ordering, context.actor, key)


NODES: Final[Mapping[str, Callable[[Context, str], Awaitable[object]]]] = {
    ORDER: _order,
    "Customer": _customer,
    "ProductOffering": _offering,
    "GeographicAddress": _address,
    "Product": _product,
    "BillingAccount": _billing_account,
    BATCH: _batch,
    WORK_ITEM: _work_item,
}
"""How each kind of node is found again; every one is as careful as the query of its own."""


async def _node(info: Info, id: Annotated[strawberry.ID, argument(description="Opaque id of the node.")]) -> object:
    decoded = decode(id)
    find = NODES.get(decoded[0]) if decoded else None
    return await find(info.context, decoded[1]) if decoded and find else None


async def _nodes(
    info: Info, ids: Annotated[list[strawberry.ID], argument(description="Opaque ids, at most as many as a page.")]
) -> list[object]:
    page_length(len(ids), info.context.page_size)
    return list(await asyncio.gather(*(_node(info, one) for one in ids)))


async def _product_order(
    info: Info,
    id: OrderId,
    as_of: Annotated[datetime | None, argument(description="As it was at that time; null: as it is now.")] = None,
) -> object:
    key = key_of(id, ORDER)
    if as_of is not None:
        return await info.context.reading.as_of(info.context.actor, key, as_of)
    return await _order(info.context, key)


async def _product_orders(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: Annotated[ProductOrderFilter | None, argument(description="Which orders; null: all you may see.")] = None,
    order_by: Annotated[OrderBy, argument(description="How they are sorted.")] = OrderBy.CREATED_DESCENDING,
) -> Connection[DomainOrder]:
    context = info.context
    length = page_length(first, context.page_size)
    search = filter.to_search() if filter else OrderSearch()
    if search.jeopardy_queues:
        require(context.actor, Right.READ_INTERNAL)
    start = _id_after(after, ORDER)
    found = await context.reading.search(context.actor, search, order_by, after=start, limit=length + 1)
    page = found[:length]
    return connection(
        page,
        [encode(ORDER, order.id) for order in page],
        more_before=start is not None,
        more_after=len(found) > length,
        count=partial(context.reading.count, context.actor, search),
    )


def _id_after(cursor: str | None, kind: str) -> str | None:
    if cursor is None:
        return None
    decoded = decode(cursor)
    if decoded is None or decoded[0] != kind:
        raise bad_cursor()
    return decoded[1]


def _product_order_batch(info: Info, id: BatchId) -> Awaitable[object]:
    return _batch(info.context, key_of(id, BATCH))


async def _product_order_batches(info: Info, first: First = 20, after: After = None) -> Connection[Batch]:
    context = info.context
    length = page_length(first, context.page_size)
    start = _id_after(after, BATCH)
    found = await batches_of(context.ordering, context.actor, after=start, limit=length + 1)
    page = found[:length]
    return connection(
        page,
        [encode(BATCH, batch.id) for batch in page],
        more_before=start is not None,
        more_after=len(found) > length,
        count=partial(count_batches, context.ordering, context.actor),
    )


async def _work_items(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: Annotated[WorkItemFilter | None, argument(description="Which work; null: all.")] = None,
) -> Connection[DomainWork]:
    context = info.context
    length = page_length(first, context.page_size)
    search = filter.to_search() if filter else WorkSearch()
    start = _id_after(after, WORK_PLACE)
    found = await work_of(context.ordering, context.actor, search, after=start, limit=length + 1)
    page = found[:length]
    return connection(
        page,
        [encode(WORK_PLACE, item.place) for item in page],
        more_before=start is not None,
        more_after=len(found) > length,
        count=partial(count_work, context.ordering, context.actor, search),
    )


async def _fallout_summary(
    info: Info,
    filter: Annotated[WorkItemFilter | None, argument(description="Which fallout; null: all.")] = None,
) -> Sequence[FalloutCount]:
    search = filter.to_search() if filter else WorkSearch()
    return await fallout_counts(info.context.ordering, info.context.actor, search)


async def _worklists(info: Info) -> Sequence[QueueCount]:
    return await worklist_counts(info.context.ordering, info.context.actor)


async def _validate(info: Info, id: OrderId) -> ProductOrderValidation | None:
    context = info.context
    found = await validate_order(context.ordering, context.actor, key_of(id, ORDER))
    if found is None:
        return None
    return ProductOrderValidation(
        submittable=not refusals(found),
        violations=list(found),  # type: ignore[arg-type]  # described by the graph's type, not copied
    )


def _one_customer(info: Info, id: Annotated[strawberry.ID, argument(description="Id or customer number.")]) -> object:
    return _customer(info.context, key_of(id, "Customer"))


async def _customers(
    info: Info,
    first: First = 20,
    after: After = None,
    name: Annotated[str | None, argument(description="Text in the name, without regard to case.")] = None,
) -> Connection[DomainCustomer]:
    require(info.context.actor, Right.SEARCH_CUSTOMERS)
    search = partial(info.context.ordering.backends.customer.search, name)
    return await _page_by_offset(info.context, first, after, search)


def _one_offering(info: Info, id: Annotated[strawberry.ID, argument(description="Id or key.")]) -> object:
    return _offering(info.context, key_of(id, "ProductOffering"))


async def _offerings(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: Annotated[ProductOfferingFilter | None, argument(description="Which offerings; null: all.")] = None,
) -> Connection[DomainOffering]:
    require(info.context.actor, Right.READ_CATALOG)
    wanted = filter or ProductOfferingFilter()
    search = partial(
        info.context.ordering.backends.catalog.search_offerings,
        category=wanted.category,
        name=wanted.name,
        lifecycle_status=wanted.lifecycle_status,
    )
    return await _page_by_offset(info.context, first, after, search)


async def _page_by_offset(
    context: Context, first: int, after: str | None, search: Callable[..., Awaitable[Page[T]]]
) -> Connection[T]:
    length = page_length(first, context.page_size)
    offset = place_of(after, OFFSET) or 0
    page = await search(offset=offset, limit=length)

    async def total() -> int:
        return page.total

    return connection(
        page.items,
        [cursor_at(OFFSET, offset + n) for n in range(1, len(page.items) + 1)],
        more_before=offset > 0,
        more_after=offset + len(page.items) < page.total,
        count=total,
    )


async def _validate_address(
    info: Info, text: Annotated[str, argument(description="An address as people write it, whole or in part.")]
) -> object:
    require(info.context.actor, Right.READ_PLACES)
    return await info.context.ordering.backends.address.validate(text)


PlaceId = Annotated[strawberry.ID, argument(description="A validated address, id or key.")]


async def _serviceability(
    info: Info,
    place_id: PlaceId,
    offering_ids: Annotated[list[strawberry.ID], argument(description="What shall be delivered, id or key.")],
) -> object:
    require(info.context.actor, Right.READ_PLACES)
    backends = info.context.ordering.backends
    offerings = await backends.catalog.offerings_by_ids(keys_of(offering_ids, "ProductOffering"))
    services = {
        service
        for offering in offerings.values()
        if offering.specification
        for service in offering.specification.service_specification_ids
    }
    return await backends.serviceability.check(key_of(place_id, "GeographicAddress"), services)


async def _time_slots(
    info: Info,
    place_id: PlaceId,
    start: Annotated[datetime, argument(description="Not before.")],
    end: Annotated[datetime, argument(description="Not after.")],
) -> Sequence[object]:
    require(info.context.actor, Right.READ_PLACES)
    workforce = info.context.ordering.backends.workforce
    return await workforce.time_slots(key_of(place_id, "GeographicAddress"), start, end)


async def _qualify_customer(
    info: Info, input: Annotated[QualifyCustomerInput, argument(description="Who asks for what, where.")]
) -> object:
    prospect = input.prospect
    ask = QualifyCustomer(
        customer_id=key_of(input.customer_id, "Customer") if input.customer_id else None,
        prospect=Prospect(segment=prospect.market_segment, market=prospect.market, birth_date=prospect.birth_date)
        if prospect
        else Prospect(),
        place_id=key_of(input.place_id, "GeographicAddress") if input.place_id else None,
        offering_ids=keys_of(input.offering_ids, "ProductOffering"),
        credit_consent=input.credit_consent,
    )
    if ask.offering_ids:
        page_length(len(ask.offering_ids), info.context.page_size)
    return await qualify_customer(info.context.ordering, info.context.actor, ask)


async def _check_configuration(
    info: Info,
    input: Annotated[CheckProductConfigurationInput, argument(description="What is configured how, and for whom.")],
) -> object:
    ask = input.to_ask()
    page_length(1 + len(ask.related), info.context.page_size)
    return await check_configuration(info.context.ordering, info.context.actor, ask)


def _rulebook(info: Info) -> Rulebook:
    require(info.context.actor, Right.READ_INTERNAL)
    return rulebook_of(info.context.ordering.rules)


async def _backend_load(info: Info) -> Sequence[object]:
    return await backend_load(info.context.ordering, info.context.actor)


async def _task_durations(info: Info) -> list[TaskDuration]:
    found = await info.context.reading.durations(info.context.actor)
    return [
        TaskDuration(
            operation=one.operation,
            samples=one.count,
            usual=timedelta(seconds=one.seconds),
            by_people=one.by_people,
            counts=one.usual is not None,
        )
        for one in found
    ]


async def _channels(info: Info) -> Sequence[object]:
    require(info.context.actor, Right.READ_CATALOG)
    return await info.context.ordering.backends.channels.all()


async def _available_resources(
    info: Info,
    kind: Annotated[ResourceKind, argument(description="What is looked for.")],
    pattern: Annotated[str | None, argument(description="Digits that it should contain.")] = None,
    place_id: Annotated[strawberry.ID | None, argument(description="For ports: where, id or key.")] = None,
    first: First = 20,
) -> Sequence[str]:
    require(info.context.actor, Right.READ_CATALOG)
    return await info.context.ordering.backends.service_resources.available(
        kind,
        pattern=pattern,
        place_id=key_of(place_id, "GeographicAddress") if place_id else None,
        limit=page_length(first, info.context.page_size),
    )


@strawberry.type(description="Everything that can be asked.")
class Query:
    node = resolved(Node | None, _node, "The thing with this opaque id; null when there is none that you may see.")
    nodes = resolved(list[Node | None], _nodes, "The things with these opaque ids, in the same order.")
    product_order = resolved(ProductOrder | None, _product_order, "One order; null when there is none you may see.")
    product_orders = resolved(
        Connection[ProductOrder], _product_orders, "The orders that you may see, a page at a time."
    )
    product_order_batch = resolved(
        ProductOrderBatch | None, _product_order_batch, "One batch of orders; null when there is none you may see."
    )
    product_order_batches = resolved(
        Connection[ProductOrderBatch], _product_order_batches, "The batches that you may see, the newest first."
    )
    work_items = resolved(
        Connection[WorkItem] | None,
        _work_items,
        "What waits for people, the most urgent first and of these the oldest; for those who see worklists.",
    )
    fallout_summary = resolved(
        list[FalloutSummary] | None,
        _fallout_summary,
        "How many tasks wait for a decision and for how long, by backend and cause; for those who see worklists.",
    )
    worklists = resolved(
        list[Worklist] | None, _worklists, "Every worklist that has work; for those who see worklists."
    )
    validate_product_order = resolved(
        ProductOrderValidation | None, _validate, "What a submission would find now, all at once. Changes nothing."
    )
    preview_cancellation = resolved(
        LifecyclePreview | None,
        previews.preview_cancel,
        "What cancelProductOrder would do now: with which items, at what cost, with which tasks. Changes nothing.",
    )
    preview_revision = resolved(
        LifecyclePreview | None,
        previews.preview_revise,
        "What reviseProductOrder, rescheduleProductOrder or changeProductOrderPriority would do now. Changes nothing.",
    )
    preview_hold = resolved(
        LifecyclePreview | None, previews.preview_hold, "What holdProductOrder would do now. Changes nothing."
    )
    preview_release = resolved(
        LifecyclePreview | None, previews.preview_release, "What releaseProductOrder would do now. Changes nothing."
    )
    preview_fallout_decision = resolved(
        LifecyclePreview | None,
        previews.preview_fallout,
        "What resolveFallout would do now, for those who may decide it. Changes nothing.",
    )
    preview_ownership_change = resolved(
        LifecyclePreview | None,
        handovers.ownership_change,
        "What changeProductOwnership would do now. Changes nothing, and asks neither party.",
    )
    preview_move = resolved(
        LifecyclePreview | None,
        handovers.move,
        "What moveProduct would do now. Changes nothing, and holds no time slot.",
    )
    preview_repackage = resolved(
        RepackagePreview | None,
        handovers.repackage,
        "What repackageProducts would do now, before and after side by side. Changes nothing.",
    )
    preview_change_product = resolved(
        LifecyclePreview | None, previews.preview_change, "What changeProduct would do now. Changes nothing."
    )
    preview_suspend_product = resolved(
        LifecyclePreview | None, previews.preview_suspension, "What suspendProduct would do now. Changes nothing."
    )
    preview_resume_product = resolved(
        LifecyclePreview | None, previews.preview_resumption, "What resumeProduct would do now. Changes nothing."
    )
    preview_renew_product = resolved(
        LifecyclePreview | None, previews.preview_renewal, "What renewProduct would do now. Changes nothing."
    )
    preview_discontinue_product = resolved(
        LifecyclePreview | None,
        previews.preview_end,
        "What discontinueProduct would do now, and what it costs when the term has not run out. Changes nothing.",
    )
    customer = resolved(Customer | None, _one_customer, "One customer (TMF629).")
    customers = resolved(Connection[Customer] | None, _customers, "Customers by name (TMF629).")
    product_offering = resolved(ProductOffering | None, _one_offering, "One offering (TMF620).")
    product_offerings = resolved(Connection[ProductOffering] | None, _offerings, "What is sold (TMF620).")
    qualify_customer = resolved(
        CustomerQualification | None,
        _qualify_customer,
        "What a customer or prospect may have at a place, and on which conditions (TMF679). Changes nothing; null: "
        "there is no such customer that you may see.",
    )
    check_product_configuration = resolved(
        ProductConfigurationCheck | None,
        _check_configuration,
        "Whether something may be ordered as it is configured, what may still be chosen and what it costs (TMF760). "
        "Changes nothing, and asks no credit bureau; null: there is no such customer that you may see.",
    )
    available_resources = resolved(
        list[str] | None, _available_resources, "Numbers, SIMs or ports that can be reserved now (TMF685)."
    )
    sales_channels = resolved(list[SalesChannel] | None, _channels, "The operator's sales channels.")
    rulebook = resolved(Rulebook | None, _rulebook, "The rules that are data, as they are in force.")
    backend_load = resolved(
        list[BackendLoad] | None,
        _backend_load,
        "What the orders have to do on each backend and how much of it waits, a few seconds old at most.",
    )
    task_durations = resolved(
        list[TaskDuration], _task_durations, "How long operations take lately, learnt from completed tasks."
    )
    validate_address = resolved(
        AddressValidation | None,
        _validate_address,
        "Which address a text means; a text cut short is completed by the alternatives (TMF673).",
    )
    serviceability = resolved(
        Serviceability | None, _serviceability, "Whether these offerings can be delivered at a place (TMF645)."
    )
    time_slots = resolved(
        list[TimeSlot] | None, _time_slots, "When a technician is free to come, the earliest first (TMF646)."
    )
