"""Make owned products parts of another offering."""

from datetime import datetime

import strawberry
from strawberry import field

from app.domain.repackage import ComponentWish
from app.ordering.repackage import RepackageProducts
from app.ordering.repackage import repackage_products as repackage
from resolvers.context import Info
from resolvers.ids import key_of, keys_of
from resolvers.mutations.payload import OrderPayload
from resolvers.types.money import MoneyInput, money_in
from resolvers.types.order_input import CharacteristicInput, TimeSlotInput, characteristics_in


@strawberry.input(description="A component that is wanted.")
class RepackageComponentInput:
    offering_id: strawberry.ID = field(description="What it is to be: id or key of the offering.")
    product_id: strawberry.ID | None = field(
        default=None,
        description="The owned product that it is to be made of, id or key; null: whichever fits, or a new one.",
    )
    characteristics: list[CharacteristicInput] | None = field(
        default=None, description="How it is configured: of an owned product what changes, of a new one everything."
    )
    place_id: strawberry.ID | None = field(
        default=None, description="Where a new one goes, id or key; null: where the other products are."
    )
    slot: TimeSlotInput | None = field(default=None, description="When the technician shall come, when one has to.")

    def to_wish(self) -> ComponentWish:
        """The wish as the domain has it."""
        return ComponentWish(
            offering_id=key_of(self.offering_id, "ProductOffering"),
            product_id=key_of(self.product_id, "Product") if self.product_id else None,
            characteristics=characteristics_in(self.characteristics),
            place_id=key_of(self.place_id, "GeographicAddress") if self.place_id else None,
            slot=self.slot.to_slot() if self.slot else None,
        )


@strawberry.input(description="Which owned products become parts of which offering.")
class RepackageInput:
    product_ids: list[strawberry.ID] = field(description="The products, id or key, all of one customer; up to 50.")
    target_offering_id: strawberry.ID = field(description="The offering that they become: id or key.")
    reason: str = field(description="Why; it is kept with the order.")
    components: list[RepackageComponentInput] | None = field(
        default=None,
        description="What it is to consist of; a product that has no place in it ends. Null: what the offering takes "
        "at least, and as many of the products as it takes.",
    )
    quote_id: strawberry.ID | None = field(
        default=None, description="The quote (TMF648) that the customer has accepted for it, where one is needed."
    )
    credit_consent: bool = field(
        default=False, description="Whether the customer agrees that the credit bureau is asked, where it has to be."
    )
    start_at: datetime | None = field(default=None, description="Not to be begun before; null: now.")
    accepted_charge: MoneyInput | None = field(
        default=None,
        description="What the customer accepts to pay for ending products before their term has run out, exactly.",
    )

    def to_ask(self, idempotency_key: str = "", *, as_draft: bool = False) -> RepackageProducts:
        """What the use case is asked; a preview has no key."""
        return RepackageProducts(
            idempotency_key=idempotency_key,
            product_ids=keys_of(self.product_ids, "Product"),
            target_offering_id=key_of(self.target_offering_id, "ProductOffering"),
            reason=self.reason,
            components=None if self.components is None else tuple(c.to_wish() for c in self.components),
            quote_id=self.quote_id,
            credit_consent=self.credit_consent,
            accepted_charge=money_in(self.accepted_charge),
            start_at=self.start_at,
            as_draft=as_draft,
        )


@strawberry.input(description="Input of repackageProducts.")
class RepackageProductsInput(RepackageInput):
    idempotency_key: str = field(
        description="Yours to choose, up to 200 characters; the same key with the same input brings the first result."
    )
    as_draft: bool = field(
        default=False,
        description="Begin it as a draft: its contract is drawn up and signed before it is submitted.",
    )


@strawberry.type(description="Answer of repackageProducts: the order that does it, or its draft.")
class RepackageProductsPayload(OrderPayload):
    pass


async def repackage_products(info: Info, input: RepackageProductsInput) -> RepackageProductsPayload:
    context = info.context
    ask = input.to_ask(input.idempotency_key, as_draft=input.as_draft)
    return await RepackageProductsPayload.of(repackage(context.ordering, context.actor, ask))
