"""Revise an order that is under way: as a whole, or its dates or urgency only."""

from datetime import datetime

import strawberry
from strawberry import field

from app.domain.money import Money
from app.domain.request import RevisedWish
from app.ordering.revise import ReviseOrder, revise_order
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.money import MoneyInput
from resolvers.types.order_input import OrderChangeInput, OrderRevisionInput


@strawberry.input(description="What every revision of an order asks for.")
class RevisionInput(OrderChangeInput):
    reason: str = field(description="Why; it is kept with the order.")
    accepted_charge: MoneyInput | None = field(
        default=None, description="What the customer accepts to pay for it, as the preview says."
    )

    def asked(self, wish: RevisedWish, *, credit_consent: bool = False) -> ReviseOrder:
        """What the use case is asked."""
        charge = self.accepted_charge
        return ReviseOrder(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            reason=self.reason,
            wish=wish,
            accepted_charge=Money(charge.amount, charge.currency) if charge else None,
            credit_consent=credit_consent,
        )


@strawberry.input(description="Input of reviseProductOrder.")
class ReviseProductOrderInput(RevisionInput):
    revision: OrderRevisionInput = field(description="What the order is to be from now on.")

    def to_ask(self) -> ReviseOrder:
        """What the use case is asked."""
        return self.asked(self.revision.to_wish(), credit_consent=self.revision.credit_consent)


@strawberry.input(description="Input of rescheduleProductOrder.")
class RescheduleProductOrderInput(RevisionInput):
    requested_start_at: datetime | None = field(default=None, description="Not to be begun before; null: as it is.")
    requested_completion_at: datetime | None = field(
        default=None, description="Wished to be complete by then; null: as it is."
    )

    def to_ask(self) -> ReviseOrder:
        """What the use case is asked."""
        return self.asked(
            RevisedWish(
                requested_start_at=self.requested_start_at, requested_completion_at=self.requested_completion_at
            )
        )


@strawberry.input(description="Input of changeProductOrderPriority.")
class ChangeProductOrderPriorityInput(RevisionInput):
    priority: int = field(description="From 0, the highest, to 4.")

    def to_ask(self) -> ReviseOrder:
        """What the use case is asked."""
        return self.asked(RevisedWish(priority=self.priority))


@strawberry.type(description="Answer of reviseProductOrder.")
class ReviseProductOrderPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of rescheduleProductOrder.")
class RescheduleProductOrderPayload(OrderPayload):
    pass


@strawberry.type(description="Answer of changeProductOrderPriority.")
class ChangeProductOrderPriorityPayload(OrderPayload):
    pass


async def revise(info: Info, input: ReviseProductOrderInput) -> ReviseProductOrderPayload:
    context = info.context
    return await ReviseProductOrderPayload.of(revise_order(context.ordering, context.actor, input.to_ask()))


async def reschedule(info: Info, input: RescheduleProductOrderInput) -> RescheduleProductOrderPayload:
    context = info.context
    return await RescheduleProductOrderPayload.of(revise_order(context.ordering, context.actor, input.to_ask()))


async def change_priority(info: Info, input: ChangeProductOrderPriorityInput) -> ChangeProductOrderPriorityPayload:
    context = info.context
    return await ChangeProductOrderPriorityPayload.of(revise_order(context.ordering, context.actor, input.to_ask()))
