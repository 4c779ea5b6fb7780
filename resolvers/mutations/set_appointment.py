"""Choose the time of a technician's visit."""

import strawberry
from strawberry import field

from app.ordering.set_appointment import SetAppointment, set_appointment
from resolvers.context import Info
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput, TimeSlotInput


@strawberry.input(description="Input of setProductOrderAppointment.")
class SetProductOrderAppointmentInput(OrderChangeInput):
    item_id: strawberry.ID = field(description="The item that needs the visit.")
    slot: TimeSlotInput = field(description="When the technician shall come.")

    def to_ask(self) -> SetAppointment:
        """What the use case is asked."""
        return SetAppointment(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            item_id=self.item_id,
            slot=self.slot.to_slot(),
        )


@strawberry.type(description="Answer of setProductOrderAppointment.")
class SetProductOrderAppointmentPayload(OrderPayload):
    pass


async def set_product_order_appointment(
    info: Info, input: SetProductOrderAppointmentInput
) -> SetProductOrderAppointmentPayload:
    context = info.context
    return await SetProductOrderAppointmentPayload.of(set_appointment(context.ordering, context.actor, input.to_ask()))
