"""What a channel wishes for a product that a customer owns; asked as a preview, or under a key as a mutation."""

from datetime import datetime

import strawberry
from strawberry import field

from app.domain.order import ItemAction, ProductStatus, Renewal, Suspension
from app.ordering.own import ProductWish
from resolvers.enums import SuspensionBilling, SuspensionOriginator, SuspensionScope
from resolvers.ids import key_of
from resolvers.types.order_input import CharacteristicInput, characteristics_in


@strawberry.input(description="What everything that is done with an owned product asks for.")
class ProductWishInput:
    product_id: strawberry.ID = field(description="The product: id or key.")
    reason: str = field(description="Why; it is kept with the order.")
    start_at: datetime | None = field(
        default=None,
        description="Not to be begun before; null: now. When it lies behind, it holds from then on (retro-active).",
    )

    @property
    def product_key(self) -> str:
        """The product."""
        return key_of(self.product_id, "Product")

    def resumed(self) -> ProductWish:
        """That it is put into use again."""
        return ProductWish(
            product_id=self.product_key,
            action=ItemAction.MODIFY,
            reason=self.reason,
            status=ProductStatus.ACTIVE,
            start_at=self.start_at,
        )

    def ended(self) -> ProductWish:
        """That it is ended."""
        return ProductWish(
            product_id=self.product_key, action=ItemAction.DELETE, reason=self.reason, start_at=self.start_at
        )


@strawberry.input(description="How an owned product is to be configured.")
class ProductChangeInput(ProductWishInput):
    characteristics: list[CharacteristicInput] = field(description="What changes; the rest stays as it is.")

    def changed(self) -> ProductWish:
        """That it is configured otherwise."""
        return ProductWish(
            product_id=self.product_key,
            action=ItemAction.MODIFY,
            reason=self.reason,
            characteristics=characteristics_in(self.characteristics),
            start_at=self.start_at,
        )


@strawberry.input(description="How an owned product is to be put out of use for a time.")
class ProductSuspensionInput(ProductWishInput):
    originator: SuspensionOriginator = field(
        default=SuspensionOriginator.CUSTOMER,
        description="Who wants it. What the operator suspends, for credit or otherwise, only its own people resume.",
    )
    scope: SuspensionScope = field(default=SuspensionScope.FULL, description="How much of it is put out of use.")
    billing: SuspensionBilling = field(
        default=SuspensionBilling.CONTINUE, description="What becomes of its recurring charges."
    )
    resume_at: datetime | None = field(
        default=None, description="When it is put into use again by itself; null: when somebody orders that."
    )

    def suspended(self) -> ProductWish:
        """That it is put out of use."""
        return ProductWish(
            product_id=self.product_key,
            action=ItemAction.MODIFY,
            reason=self.reason,
            status=ProductStatus.SUSPENDED,
            suspension=Suspension(
                reason=self.reason,
                originator=self.originator,
                scope=self.scope,
                billing=self.billing,
                resumes_at=self.resume_at,
            ),
            start_at=self.start_at,
        )


@strawberry.input(description="For which term an owned product is to be kept on.")
class ProductRenewalInput(ProductWishInput):
    offering_id: strawberry.ID | None = field(
        default=None,
        description="What you know the product as, id or key: it is refused when it is something else; null: whatever.",
    )
    term_name: str | None = field(
        default=None, description="Which of the terms of its offering; null: the only one that it has."
    )

    def renewed(self) -> ProductWish:
        """That it is kept for another term."""
        return ProductWish(
            product_id=self.product_key,
            action=ItemAction.MODIFY,
            reason=self.reason,
            renewal=Renewal(term_name=self.term_name),
            offering_id=key_of(self.offering_id, "ProductOffering") if self.offering_id else None,
            start_at=self.start_at,
        )
