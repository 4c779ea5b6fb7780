"""Cancel an order and its parts."""

import strawberry
from strawberry import field

from app.domain.money import Money
from app.ordering.cancel_hierarchy import AcceptedCharge, CancelHierarchy, HierarchyCancelled, PartCancelled
from app.ordering.cancel_hierarchy import cancel_hierarchy as cancel
from app.ordering.outcomes import Committed
from resolvers.context import Info
from resolvers.errors import UserError, user_error
from resolvers.fields import described, resolved
from resolvers.ids import key_of
from resolvers.types.money import MoneyInput
from resolvers.types.order import ProductOrder
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="What the customer accepts to pay for the cancellation of one of the orders.")
class AcceptedOrderChargeInput:
    order_id: strawberry.ID = field(description="The order, id or order number.")
    charge: MoneyInput = field(description="As previewHierarchyCancellation says.")

    def to_accepted(self) -> AcceptedCharge:
        """As the use case has it."""
        return AcceptedCharge(
            order_id=key_of(self.order_id, "ProductOrder"), charge=Money(self.charge.amount, self.charge.currency)
        )


@strawberry.input(description="Input of cancelProductOrderHierarchy.")
class CancelProductOrderHierarchyInput(OrderChangeInput):
    reason: str = field(description="Why; it is kept with each of the orders.")
    accepted_charges: list[AcceptedOrderChargeInput] | None = field(
        default=None, description="What the customer accepts to pay, for each order that costs something."
    )

    def to_ask(self) -> CancelHierarchy:
        """What the use case is asked."""
        return CancelHierarchy(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            reason=self.reason,
            accepted_charges=tuple(one.to_accepted() for one in self.accepted_charges or ()),
        )


def _order(root: strawberry.Parent[PartCancelled]) -> object:
    return root.outcome.order if isinstance(root.outcome, Committed) else None


def _errors(root: strawberry.Parent[PartCancelled]) -> list[UserError]:
    return [] if isinstance(root.outcome, Committed) else [user_error(root.outcome)]


def _replayed(root: strawberry.Parent[PartCancelled]) -> bool:
    return isinstance(root.outcome, Committed) and root.outcome.replayed


@strawberry.type(description="What became of the cancellation of one of the orders.")
class ProductOrderCancellationResult:
    order_key = resolved(strawberry.ID, lambda root: root.order_id, "Its number.")
    order = resolved(ProductOrder | None, _order, "The order with its cancellation begun; null when it was refused.")
    errors = resolved(list[UserError], _errors, "Why it was refused; it goes on then.")
    replayed: bool = resolved(bool, _replayed, "Whether it had been cancelled before, under the same key.")


@strawberry.type(description="Answer of cancelProductOrderHierarchy.")
class CancelProductOrderHierarchyPayload:
    results: list[ProductOrderCancellationResult] = field(
        description="Order by order, what became of it: the one that was named first, then its parts."
    )
    errors: list[UserError] = field(
        description="Why it was refused as a whole; when there is any, nothing was changed."
    )
    replayed: bool = field(description="Whether the key had been used before, and these are the same orders again.")


async def cancel_order_hierarchy(
    info: Info, input: CancelProductOrderHierarchyInput
) -> CancelProductOrderHierarchyPayload:
    context = info.context
    match await cancel(context.ordering, context.actor, input.to_ask()):
        case HierarchyCancelled(results=results, replayed=replayed):
            return CancelProductOrderHierarchyPayload(results=described(list(results)), errors=[], replayed=replayed)
        case refusal:
            return CancelProductOrderHierarchyPayload(results=[], errors=[user_error(refusal)], replayed=False)
