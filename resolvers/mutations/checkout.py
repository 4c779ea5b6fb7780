"""Check out a shopping cart."""

import strawberry
from strawberry import field

from app.ordering.checkout import CheckoutCart, checkout_cart
from resolvers.context import Info
from resolvers.ids import key_of
from resolvers.mutations.payload import OrderPayload


@strawberry.input(description="Input of checkoutCart.")
class CheckoutCartInput:
    cart_id: strawberry.ID = field(description="Id of the shopping cart in its channel (TMF663).")
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )
    customer_id: strawberry.ID | None = field(
        default=None, description="Who orders, id or customer number, when the cart itself does not say so."
    )

    def to_ask(self) -> CheckoutCart:
        """What the use case is asked."""
        return CheckoutCart(
            idempotency_key=self.idempotency_key,
            cart_id=self.cart_id,
            customer_id=key_of(self.customer_id, "Customer") if self.customer_id else None,
        )


@strawberry.type(description="Answer of checkoutCart.")
class CheckoutCartPayload(OrderPayload):
    pass


async def checkout(info: Info, input: CheckoutCartInput) -> CheckoutCartPayload:
    context = info.context
    return await CheckoutCartPayload.of(checkout_cart(context.ordering, context.actor, input.to_ask()))
