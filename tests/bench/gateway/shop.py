"""The shop that all contenders serve, as a Strawberry schema written the way Orderway's own graph is.

Types describe what the backend sent, which is not copied; relations are loaders' futures, one call per level.
"""

import enum
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import strawberry
from strawberry.dataloader import DataLoader

from app.domain.actor import Actor
from app.relation import Relation
from connectors.base import Apis, BackendHttp, OpenApi
from resolvers.fields import resolved

T = TypeVar("T", bound="Found")

APIS: Apis = {"shop": OpenApi(v4="")}


@strawberry.enum(name="OrderState")
class State(enum.Enum):
    """As TMF622 has them."""

    ACKNOWLEDGED = "ACKNOWLEDGED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class Found(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What the backend has, under its id."""

    id: str


class Customer(Found, frozen=True):
    """As it is on the wire."""

    name: str
    email: str | None
    phone: str | None
    segment: str | None
    status: str | None
    city: str | None
    country: str | None


class Offering(Found, frozen=True):
    """As it is on the wire."""

    name: str
    description: str | None
    version: str | None
    price: float
    is_sellable: bool
    lifecycle_status: str | None
    category: str | None


class Item(Found, frozen=True):
    """As it is on the wire."""

    action: str
    quantity: int
    unit_price: float
    state: State
    offering_id: str


class Order(Found, frozen=True):
    """As it is on the wire."""

    href: str
    state: State
    external_id: str | None
    description: str | None
    category: str | None
    priority: str | None
    channel: str | None
    order_date: str
    completion_date: str | None
    expected_completion_date: str | None
    requested_start_date: str | None
    requested_completion_date: str | None
    cancellation_date: str | None
    cancellation_reason: str | None
    notification_contact: str | None
    currency: str
    total_price: float
    tax_rate: float
    item_count: int
    version: int
    is_urgent: bool
    is_bundle: bool
    site_name: str | None
    note: str | None
    customer_id: str
    items: list[Item]


class Context:
    """What one operation's resolvers see."""

    def __init__(self, actor: Actor, backend: BackendHttp) -> None:
        self.actor = actor
        self.backend = backend
        self.customers = _by_id(backend, "customers", list[Customer])
        self.offerings = _by_id(backend, "offerings", list[Offering])

    def abandon(self) -> None:
        """No query here takes so long that it is given up."""


def _by_id(backend: BackendHttp, path: str, shape: type[list[T]]) -> DataLoader[str, T | None]:
    async def load(keys: Sequence[str]) -> list[T | None]:
        found = {one.id: one for one in await backend.where(path, path, "id.in", keys, shape)}
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)


Info = strawberry.Info[Context, None]


@strawberry.type(name="Customer")
class CustomerType:
    id: strawberry.ID
    name: str
    email: str | None
    phone: str | None
    segment: str | None
    status: str | None
    city: str | None
    country: str | None


@strawberry.type(name="Offering")
class OfferingType:
    id: strawberry.ID
    name: str
    description: str | None
    version: str | None
    price: float
    is_sellable: bool
    lifecycle_status: str | None
    category: str | None


@strawberry.type
class ItemLeaves:
    id: strawberry.ID
    action: str
    quantity: int
    unit_price: float
    state: State


@strawberry.type(name="OrderItem")
class ItemType(ItemLeaves):
    offering = resolved(
        OfferingType | None,
        Relation(lambda context: context.offerings, lambda item: item.offering_id),
        "What is ordered.",
    )


@strawberry.type
class OrderLeaves:
    id: strawberry.ID
    href: str
    state: State
    external_id: str | None
    description: str | None
    category: str | None
    priority: str | None
    channel: str | None
    order_date: str
    completion_date: str | None
    expected_completion_date: str | None
    requested_start_date: str | None
    requested_completion_date: str | None
    cancellation_date: str | None
    cancellation_reason: str | None
    notification_contact: str | None
    currency: str
    total_price: float
    tax_rate: float
    item_count: int
    version: int
    is_urgent: bool
    is_bundle: bool
    site_name: str | None
    note: str | None


@strawberry.type(name="Order")
class OrderType(OrderLeaves):
    items: list[ItemType]
    customer = resolved(
        CustomerType | None,
        Relation(lambda context: context.customers, lambda order: order.customer_id),
        "Who ordered.",
    )


async def _orders(info: Info, first: int = 50) -> list[Order]:
    answer = await info.context.backend.get("orders", "orders", {"limit": str(first)})
    return answer.decode(list[Order])


async def _order(info: Info, id: strawberry.ID) -> Order:
    return (await info.context.backend.get("order", f"orders/{id}")).decode(Order)


@strawberry.type
class Query:
    hello = resolved(str, lambda: "world", "Costs nothing.")
    orders = resolved(list[OrderType], _orders, "The first orders.")
    order = resolved(OrderType | None, _order, "One order.")


schema = strawberry.Schema(Query)
