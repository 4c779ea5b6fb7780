"""What an operation is given, and what it may answer."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.order import OrderItem, ProductOrder, ReservationRef
from app.domain.states import NOT_WANTED
from app.orchestration.contract import TaskCall
from app.ordering.ordering import Ordering
from connectors.backends import Backends
from connectors.catalog import ProductOffering


@dataclass(frozen=True, slots=True)
class Done:
    """The work is done; `reference` is what the backend made."""

    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The backend took the work and will report under `reference`.

    `ask_at`: when time alone settles it; until then there is no use in asking. None: it may be settled at any time.
    """

    reference: str
    ask_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The backend's answer is no, and asking again would bring the same. `calls_off`: that ends the whole order."""

    kind: str
    message: str
    calls_off: bool = False


Result = Done | Accepted | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Everything that an operation needs to know."""

    call: TaskCall
    order: ProductOrder
    backends: Backends
    ordering: Ordering

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
    def effective_at(self) -> datetime:
        """From when on it holds what the task does: the past time of a retro-active order, or when it was begun.

        Not the time now: a repeated request must be the same request.
        """
        started = self.call.task.started_at
        assert started is not None, "what is carried out has been begun"
        return self.order.effective_at or started

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
