"""Hand an owned product over to another customer, and consent to it."""

from datetime import datetime, timedelta

import strawberry
from strawberry import field

from app.domain.ownership import LONGEST_WAIT
from app.ordering.change_ownership import ChangeOwnership, ConsentToOwnership
from app.ordering.change_ownership import change_ownership as change
from app.ordering.change_ownership import consent_to_ownership_change as consent
from resolvers.context import Info
from resolvers.enums import ConsentSide
from resolvers.ids import key_of
from resolvers.mutations.payload import OrderPayload
from resolvers.types.order_input import OrderChangeInput


@strawberry.input(description="What product is handed over to whom.")
class OwnershipChangeInput:
    product_id: strawberry.ID = field(description="The product: id or key.")
    new_owner_id: strawberry.ID = field(description="The customer who takes it over: id or customer number.")
    reason: str = field(description="Why; it is kept with the order.")
    consent_within: timedelta | None = field(
        default=None, description="How long consent is waited for, at most and by default 14 days."
    )
    effective_at: datetime | None = field(
        default=None, description="From when on it is the new owner's; null: as soon as everything is agreed."
    )

    def to_ask(self, idempotency_key: str = "") -> ChangeOwnership:
        """What the use case is asked; a preview has no key."""
        return ChangeOwnership(
            idempotency_key=idempotency_key,
            product_id=key_of(self.product_id, "Product"),
            new_owner_id=key_of(self.new_owner_id, "Customer"),
            reason=self.reason,
            consent_within=LONGEST_WAIT if self.consent_within is None else self.consent_within,
            effective_at=self.effective_at,
        )


@strawberry.input(description="Input of changeProductOwnership.")
class ChangeProductOwnershipInput(OwnershipChangeInput):
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )


@strawberry.type(description="Answer of changeProductOwnership: the order that does it.")
class ChangeProductOwnershipPayload(OrderPayload):
    pass


@strawberry.input(description="Input of consentToOwnershipChange.")
class ConsentToOwnershipChangeInput(OrderChangeInput):
    side: ConsentSide = field(description="The party that says it.")
    accept: bool = field(description="Yes or no; a no ends the order without effect.")
    credit_consent: bool = field(
        default=False,
        description="Whether the accepting party agrees that the credit bureau is asked; its yes needs that.",
    )
    billing_account_id: strawberry.ID | None = field(
        default=None,
        description="The accepting party's account for the charges, id or key; null: one that it has, or a new one.",
    )
    reason: str | None = field(default=None, description="What is said with it; both parties may read it.")

    def to_ask(self) -> ConsentToOwnership:
        """What the use case is asked."""
        return ConsentToOwnership(
            order_id=self.order_id,
            expected_version=self.expected_version,
            idempotency_key=self.idempotency_key,
            side=self.side,
            given=self.accept,
            credit_consent=self.credit_consent,
            billing_account_id=key_of(self.billing_account_id, "BillingAccount") if self.billing_account_id else None,
            reason=self.reason,
        )


@strawberry.type(description="Answer of consentToOwnershipChange.")
class ConsentToOwnershipChangePayload(OrderPayload):
    pass


async def change_product_ownership(info: Info, input: ChangeProductOwnershipInput) -> ChangeProductOwnershipPayload:
    context = info.context
    ask = input.to_ask(input.idempotency_key)
    return await ChangeProductOwnershipPayload.of(change(context.ordering, context.actor, ask))


async def consent_to_ownership_change(
    info: Info, input: ConsentToOwnershipChangeInput
) -> ConsentToOwnershipChangePayload:
    context = info.context
    return await ConsentToOwnershipChangePayload.of(consent(context.ordering, context.actor, input.to_ask()))
