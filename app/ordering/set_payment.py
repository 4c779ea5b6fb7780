"""Say how the draft is paid: what is due now by a payment method, the rest on a billing account."""

from dataclasses import dataclass, replace

from app.domain.actor import Actor
from app.domain.order import PaymentChoice, ProductOrder
from app.ordering.drafts import edit_draft
from app.ordering.ordering import OrderAsk, Ordering
from app.ordering.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPayment(OrderAsk):
    """The payment method (TMF670 id, or "cash") and the billing account; None leaves a part as it is."""

    payment_method_id: str | None = None
    billing_account_id: str | None = None


async def set_payment(ordering: Ordering, actor: Actor, ask: SetPayment) -> Outcome:
    """The draft with its means of payment. Raises BackendFailure, NotPermitted."""

    def edit(order: ProductOrder) -> ProductOrder:
        method = ask.payment_method_id
        return replace(
            order,
            payment=PaymentChoice(method_id=method, label=method) if method else order.payment,
            billing_account_id=ask.billing_account_id or order.billing_account_id,
        )

    return await edit_draft(
        ordering,
        actor,
        ask,
        edit,
        action="set the payment",
        changed=("/payment",) if ask.payment_method_id else ("/billingAccountId",),
        summary="payment set",
        input_paths=lambda _: {"/paymentMethodId": "/paymentMethodId", "/billingAccountId": "/billingAccountId"},
        needs=("billing",),
    )
