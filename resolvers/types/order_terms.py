"""What was agreed about a product order: prices, credit, payment, contract, handing over, repackaging."""

from datetime import datetime

import strawberry
from strawberry import field

from app.domain import order
from app.domain.actor import Role
from resolvers.context import Info
from resolvers.enums import (
    ConsentSide,
    CreditDecision,
    PriceType,
)
from resolvers.fields import resolved
from resolvers.types.money import Money


@strawberry.type(description="The sum of all prices of one kind (TMF622 orderTotalPrice).")
class OrderTotal:
    price_type: PriceType = field(description="When it is charged.")
    period: str | None = field(description="Charge period of recurring prices.")
    duty_free: Money = field(description="Without tax, for the first charge period.")
    tax_included: Money = field(description="With tax, for the first charge period.")


def _acceptor_name(root: strawberry.Parent[order.OwnershipChange], info: Info) -> str | None:
    """Who only names a customer number learns no name by it, before that customer has consented."""
    actor, said = info.context.actor, root.consent_of(ConsentSide.ACCEPTING)
    known = actor.role is not Role.CUSTOMER or actor.party == root.acceptor_id or (said is not None and said.given)
    return root.acceptor_name if known else None


@strawberry.type(description="What serviceability answered, kept with the order that relies on it (TMF645).")
class PlaceQualification:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the answer in serviceability.")
    place_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.place_id, "The address.")
    services: list[str] = field(description="The service specifications that were asked for.")
    asked_at: datetime = field(description="When it was asked.")
    guaranteed_until: datetime | None = field(description="Until when it holds; null: for the moment only.")


@strawberry.type(description="What was decided of the customer's credit for this order (TMF696).")
class CreditAssessment:
    decision: CreditDecision = field(description="What the credit bureau's answer means.")
    deposit: Money | None = field(description="What has to be deposited.")
    amount: Money = field(description="The commitment that was assessed, with tax.")
    score: int | None = field(description="The bureau's score; for the operator's own people only.")
    reasons: list[str] = field(description="Why, in the bureau's words.")
    assessed_at: datetime = field(description="When.")
    consent_at: datetime = field(description="When the customer agreed to be asked about.")
    valid_until: datetime | None = field(description="Until when it holds.")


@strawberry.type(description="How what is due before delivery is paid.")
class PaymentChoice:
    method_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.method_id, "The payment method, or `cash`.")
    label: str = field(description="How people recognise it.")
    due: Money | None = field(description="How much, with tax; fixed at submission.")


@strawberry.type(description="The contract as it was drawn up (TMF667).")
class Agreement:
    version: int = field(description="Rises each time it is drawn up anew.")
    contract_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.contract_id, "Id of the contract.")
    summary_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.summary_id, "Id of its summary.")
    signature_required: bool = field(description="Whether it has to be signed.")
    prepared_at: datetime = field(description="When it was drawn up.")


@strawberry.type(description="What a party said to a change of ownership.")
class OwnershipConsent:
    side: ConsentSide = field(description="Which party.")
    given: bool = field(description="Whether it consents.")
    by: str = field(description="Who said it.")
    channel: str = field(description="Through which channel.")
    on_behalf_of: str | None = field(description="The party's customer number, when somebody else noted it down.")
    at: datetime = field(description="When.")
    reason: str | None = field(description="What was said with it.")


@strawberry.type(description="That the order hands its products over to another customer.")
class OwnershipChange:
    acceptor_key: strawberry.ID = resolved(
        strawberry.ID, lambda root: root.acceptor_id, "Customer number of who takes over (TMF629)."
    )
    acceptor_name = resolved(
        str | None, _acceptor_name, "Name of who takes over; to the other party once it has consented."
    )
    consent_until: datetime = field(description="Until when both parties have to consent.")
    effective_at: datetime | None = field(description="Not before; null: as soon as everything is agreed.")
    consents: list[OwnershipConsent] = field(description="What the parties said, the oldest first.")


@strawberry.type(description="That the order makes owned products parts of another offering.")
class Repackaging:
    target_offering_key: strawberry.ID = resolved(
        strawberry.ID, lambda root: root.target_offering_id, "Id of the offering that they become (TMF620)."
    )
    product_keys: list[strawberry.ID] = resolved(
        list[strawberry.ID], lambda root: root.product_ids, "Ids of the products (TMF637)."
    )
    quote_key: strawberry.ID | None = resolved(
        strawberry.ID | None, lambda root: root.quote_id, "Id of the quote by which it is done (TMF648)."
    )


@strawberry.type(description="What recurring prices come to from one charge period to another.")
class PricePeriod:
    first: int = field(description="The first charge period, counted from 1.")
    last: int | None = field(description="The last; null: for good.")
    totals: list[OrderTotal] = field(description="What it comes to in each of them.")
