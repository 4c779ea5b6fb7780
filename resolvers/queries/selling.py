"""Questions before there is an order: who is this, what may they have, where, when."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, TypeVar

import strawberry
from strawberry import argument, field

from app.ordering.configure import check_configuration
from app.ordering.qualify import Prospect, QualifyCustomer, qualify_customer
from connectors.base import Page
from connectors.catalog import ProductOffering as DomainOffering
from connectors.customer import Customer as DomainCustomer
from resolvers.context import Context, Info
from resolvers.enums import ResourceKind
from resolvers.ids import OFFSET, cursor_at, key_of, keys_of, place_of
from resolvers.pages import After, Connection, First, connection, page_length
from resolvers.queries import nodes
from resolvers.types.configuration import CheckProductConfigurationInput
from resolvers.types.qualification import QualifyCustomerInput

T = TypeVar("T")


@strawberry.input(description="Which offerings; every criterion that is given must hold.")
class ProductOfferingFilter:
    category: str | None = field(default=None, description="In the category with this id, for example fibre.")
    name: str | None = field(default=None, description="With this text in the name, without regard to case.")
    lifecycle_status: str | None = field(default=None, description="In this status, for example Active.")


def customer_by_id(info: Info, id: Annotated[strawberry.ID, argument(description="Id or customer number.")]) -> object:
    return nodes.customer(info.context, key_of(id, "Customer"))


async def customers(
    info: Info,
    first: First = 20,
    after: After = None,
    name: Annotated[str | None, argument(description="Text in the name, without regard to case.")] = None,
) -> Connection[DomainCustomer]:
    search = partial(info.context.ordering.backends.customer.search, name)
    return await _page_by_offset(info.context, first, after, search)


def offering_by_id(info: Info, id: Annotated[strawberry.ID, argument(description="Id or key.")]) -> object:
    return nodes.offering(info.context, key_of(id, "ProductOffering"))


async def offerings(
    info: Info,
    first: First = 20,
    after: After = None,
    filter: Annotated[ProductOfferingFilter | None, argument(description="Which offerings; null: all.")] = None,
) -> Connection[DomainOffering]:
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


async def validate_address(
    info: Info, text: Annotated[str, argument(description="An address as people write it, whole or in part.")]
) -> object:
    return await info.context.ordering.backends.address.validate(text)


PlaceId = Annotated[strawberry.ID, argument(description="A validated address, id or key.")]


async def serviceability(
    info: Info,
    place_id: PlaceId,
    offering_ids: Annotated[list[strawberry.ID], argument(description="What shall be delivered, id or key.")],
) -> object:
    backends = info.context.ordering.backends
    offerings = await backends.catalog.offerings_by_ids(keys_of(offering_ids, "ProductOffering"))
    services = {
        service
        for offering in offerings.values()
        if offering.specification
        for service in offering.specification.service_specification_ids
    }
    return await backends.serviceability.check(key_of(place_id, "GeographicAddress"), services)


async def time_slots(
    info: Info,
    place_id: PlaceId,
    start: Annotated[datetime, argument(description="Not before.")],
    end: Annotated[datetime, argument(description="Not after.")],
) -> Sequence[object]:
    workforce = info.context.ordering.backends.workforce
    return await workforce.time_slots(key_of(place_id, "GeographicAddress"), start, end)


async def qualify(
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


async def check(
    info: Info,
    input: Annotated[CheckProductConfigurationInput, argument(description="What is configured how, and for whom.")],
) -> object:
    ask = input.to_ask()
    page_length(1 + len(ask.related), info.context.page_size)
    return await check_configuration(info.context.ordering, info.context.actor, ask)


async def sales_channels(info: Info) -> Sequence[object]:
    return await info.context.ordering.backends.channels.all()


async def available_resources(
    info: Info,
    kind: Annotated[ResourceKind, argument(description="What is looked for.")],
    pattern: Annotated[str | None, argument(description="Digits that it should contain.")] = None,
    place_id: Annotated[strawberry.ID | None, argument(description="For ports: where, id or key.")] = None,
    first: First = 20,
) -> Sequence[str]:
    return await info.context.ordering.backends.service_resources.available(
        kind,
        pattern=pattern,
        place_id=key_of(place_id, "GeographicAddress") if place_id else None,
        limit=page_length(first, info.context.page_size),
    )
