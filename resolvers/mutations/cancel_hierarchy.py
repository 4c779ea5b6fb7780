"""Cancel an order and its parts."""

import strawberry
from strawberry import field

from app.domain.money import Money
from app.ordering.cancel_hierarchy import AcceptedCharge, CancelHierarchy, HierarchyCancelled
from app.ordering.cancel_hierarchy import cancel_hierarchy as cancel
from resolvers.context import Info
from resolvers.errors import UserError, user_error
from resolvers.fields import described, resolved
from resolvers.ids import key_of
from resolvers.mutations.payload import OneOfMany
from resolvers.types.money import MoneyInput
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


@strawberry.type(description="What became of the cancellation of one of the orders.")
class ProductOrderCancellationResult(OneOfMany):
    order_key = resolved(strawberry.ID, lambda root: root.order_id, "Its number.")


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
