"""What an operation is given, and what it may answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.domain.decomposition import NOT_WANTED
from app.domain.earlier import Missed, Waiting
from app.domain.order import OrderItem, ProductOrder, ReservationRef
from app.domain.plan import Task
from app.orchestration.contract import TaskCall
from connectors.backends import Backends
from connectors.catalog import ProductOffering


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done; `reference` is what the backend made."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The backend took the work and will report under `reference`."""

    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The backend's answer is no, and asking again would bring the same."""

    kind: str
    message: str


Result = Done | Accepted | Refused


Earlier = Callable[[ProductOrder, Task], Awaitable[Waiting | Missed | None]]
"""What has become of the orders that a task waits for; None: all have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Everything that an operation needs to know, and `earlier`, which knows of the customer's other orders."""

    call: TaskCall
    order: ProductOrder
    backends: Backends
    earlier: Earlier

    @property
    def items(self) -> tuple[OrderItem, ...]:
        """The items that the task serves and that are still wanted; all of them when none is."""
        served = tuple(item for item in self.order.items if item.id in self.call.task.item_ids)
        return tuple(item for item in served if item.state not in NOT_WANTED) or served

    @property
    def item(self) -> OrderItem:
        """The item that the task serves, the first of several."""
        if not self.items:
            raise LookupError(f"task {self.call.task.id} serves no item of order {self.order.id}")
        return self.items[0]

    @property
    def reference(self) -> str:
        """What the task made when it was accepted."""
        return self.call.task.reference or ""

    @property
    def billing_account_id(self) -> str | None:
        """The account that charges go to: the customer's choice, or the one opened for this order."""
        return self.order.billing_account_id or self.call.references.get("billing.openAccount")

    @property
    def product_id(self) -> str:
        """The owned product of the item: the one that it changes, or the one recorded for it."""
        return self.item.product_id or self.call.references["inventory.createProduct"]

    def reservation(self, kind: str) -> ReservationRef | None:
        """What the channel reserved of this kind for the item."""
        return next((r for r in self.item.reservations if r.kind == kind), None)

    async def offering(self) -> ProductOffering:
        """The offering of the item."""
        offering_id = self.item.offering_id
        return (await self.backends.catalog.offerings_by_ids([offering_id]))[offering_id]
