"""The product order and its items (TMF622 ProductOrder, ProductOrderItem), as immutable values."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.domain.catalog import PriceAlteration, PriceType, Term
from app.domain.change_request import ChangeRequest
from app.domain.jeopardy import Jeopardy
from app.domain.money import Money
from app.domain.states import ItemState, OrderState


class ItemAction(StrEnum):
    """TMF622 OrderItemActionType."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"
    NO_CHANGE = "noChange"


class ProductStatus(StrEnum):
    """The statuses of an owned product that an order may ask for (TMF637 ProductStatusType)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class FailurePolicy(StrEnum):
    """What a task that cannot be done means for the rest of its order (TM Forum's OrderFailurePolicy)."""

    CONTINUE = "continue"
    HALT = "halt"
    HALT_AND_ROLLBACK = "haltAndRollback"


class Sequencing(StrEnum):
    """Whether the items of an order are carried out one after another (TM Forum's Sequencing)."""

    ANY = "any"
    """However suits, which is as soon as can be."""
    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"


class SuspensionOriginator(StrEnum):
    """Who wants a product put out of use."""

    CUSTOMER = "customer"
    OPERATOR = "operator"
    CREDIT = "credit"
    """The operator, because something was not paid."""


class SuspensionScope(StrEnum):
    """How much of a product is put out of use."""

    FULL = "full"
    OUTGOING = "outgoing"
    DATA = "data"


class SuspensionBilling(StrEnum):
    """What becomes of the recurring charges of a product that is out of use."""

    CONTINUE = "continue"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Why, by whom and how far a product is put out of use, and when it is put into use again by itself, if it is."""

    reason: str
    originator: SuspensionOriginator = SuspensionOriginator.CUSTOMER
    scope: SuspensionScope = SuspensionScope.FULL
    billing: SuspensionBilling = SuspensionBilling.CONTINUE
    resumes_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """That a product is kept for another term: of its offering's terms that with this name, None: the only one.

    `term` and its dates are found when the order is established; it begins when the term before has run out.
    """

    term_name: str | None = None
    term: Term | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class RelationshipType(StrEnum):
    """How one item relates to another (TMF622 OrderItemRelationship.relationshipType)."""

    BUNDLES = "bundles"
    RELIES_ON = "reliesOn"
    REQUIRES = "requires"
    DEPENDS_ON = "dependsOn"
    BRINGS = "brings"


@dataclass(frozen=True, slots=True)
class ItemRelationship:
    """This item has a relationship of `type` with the item `item_id` of the same order."""

    type: RelationshipType
    item_id: str


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A chosen value of a product characteristic."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRef:
    """A validated address (TMF673 GeographicAddress) and how it reads."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRef:
    """An appointment held with the workforce (TMF646 Appointment)."""

    id: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRef:
    """A number, SIM or port reserved for an item until a time (TMF685 ResourceReservation)."""

    id: str
    kind: str
    value: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceQualification:
    """What serviceability answered for a place and some services, kept with the order that relies on it (TMF645).

    `alternatives` are services that could be delivered instead. It may be relied on before `guaranteed_until`.
    """

    id: str
    place_id: str
    services: tuple[str, ...]
    serviceable: bool
    asked_at: datetime
    reason: str | None = None
    alternatives: tuple[str, ...] = ()
    guaranteed_until: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether the answer may still be relied on; one without an end is good for the moment only."""
        return self.guaranteed_until is not None and at < self.guaranteed_until


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteItemRef:
    """An item of a quote (TMF648)."""

    quote_id: str
    id: str


class CreditDecision(StrEnum):
    """What the credit bureau's answer means for an order."""

    ACCEPT = "accept"
    DEPOSIT = "deposit"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditAssessment:
    """What was decided of the customer's credit for this order (TMF696).

    `id` None: the bureau did not answer, and by policy people decide. `amount` is the commitment that was assessed,
    tax included; `consent_at` when the customer agreed to be asked about.
    """

    id: str | None
    decision: CreditDecision
    amount: Money
    assessed_at: datetime
    consent_at: datetime
    deposit: Money | None = None
    score: int | None = None
    reasons: tuple[str, ...] = ()
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentChoice:
    """How what is due now is paid: a payment method of the customer (TMF670), or cash over the counter.

    `due` is what is taken before delivery, fixed at submission.
    """

    method_id: str
    label: str
    due: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The contract and its summary as they were drawn up (TMF667).

    `content` identifies what was agreed: when the order no longer has it, the agreement is outdated.
    """

    version: int
    content: str
    contract_id: str
    summary_id: str
    signature_required: bool
    prepared_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPrice:
    """One price of an item, frozen at submission (TMF622 OrderPrice).

    `unit_price` is duty free for a quantity of one, before alterations; `tax_rate` is a percentage.
    `unit_of_measure` is what a usage price buys, "minute" for example.
    `duty_free` and `tax_included` are what the first charge period costs: alterations applied, times the quantity.
    """

    name: str
    price_type: PriceType
    unit_price: Money
    tax_rate: Decimal
    duty_free: Money
    tax_included: Money
    period: str | None = None
    alterations: tuple[PriceAlteration, ...] = ()
    quantity: int = 1
    unit_of_measure: str | None = None


@dataclass(frozen=True, slots=True)
class AgreedPrice:
    """A price as it was shown to the customer: duty free, for a quantity of one, before alterations."""

    name: str
    price: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTotal:
    """The sum of all prices of one type and period (TMF622 orderTotalPrice)."""

    price_type: PriceType
    period: str | None
    duty_free: Money
    tax_included: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    """One thing that the order adds, changes or ends (TMF622 ProductOrderItem).

    `place` overrides the order's place. `reservations` are the numbers and SIMs held for it. `product_id` is the
    owned product (TMF637), known for every action but add, and for add once the inventory has it; `product_status` is
    the one that it is to have, when the item is about that, and `suspension` how it is suspended; `renewal` is for
    what term it is to be kept. `quote_item` is what it was quoted as, when it was. `moved_from` is where its product is
    installed until it works at the item's own place, when it moves.
    """

    id: str
    action: ItemAction
    offering_id: str
    offering_name: str
    quantity: int = 1
    state: ItemState = ItemState.DRAFT
    characteristics: tuple[Characteristic, ...] = ()
    relationships: tuple[ItemRelationship, ...] = ()
    place: PlaceRef | None = None
    appointment: AppointmentRef | None = None
    product_id: str | None = None
    product_status: ProductStatus | None = None
    suspension: Suspension | None = None
    renewal: Renewal | None = None
    agreed_prices: tuple[AgreedPrice, ...] = ()
    prices: tuple[ItemPrice, ...] = ()
    terms: tuple[Term, ...] = ()
    reservations: tuple[ReservationRef, ...] = ()
    quote_item: QuoteItemRef | None = None
    moved_from: PlaceRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark on the order (TMF622 Note). An internal one is for the operator's own people only."""

    author: str
    at: datetime
    text: str
    internal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalId:
    """The order's id in another system (TMF622 v5 ExternalIdentifier)."""

    owner: str
    type: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """That items were cancelled, why, and what it cost (TMF622 cancelProductOrder)."""

    item_ids: tuple[str, ...]
    reason: str
    requested_at: datetime
    requested_by: str
    charge: Money | None = None


class ConsentSide(StrEnum):
    """Who of the two parties of a change of ownership."""

    RELEASING = "releasing"
    ACCEPTING = "accepting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a party said to a change of ownership: who said it, through which channel, for whom, and when.

    `billing_account_id` is the accepting party's choice of where its charges go; None: to an account that it has, or
    a new one.
    """

    side: ConsentSide
    given: bool
    by: str
    channel: str
    at: datetime
    on_behalf_of: str | None = None
    reason: str | None = None
    billing_account_id: str | None = None

    @property
    def refusal(self) -> str:
        """A refusal, for people."""
        return f"the {self.side} party does not consent" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipChange:
    """That the order's products go over to another customer, as soon as both parties have consented in time.

    `acceptor_id` is the customer (TMF629) who takes them over; the order's own customer is the one who releases them.
    They change hands at `effective_at`; None: as soon as everything is agreed.
    """

    acceptor_id: str
    consent_until: datetime
    acceptor_name: str = ""
    effective_at: datetime | None = None
    consents: tuple[Consent, ...] = ()

    def consent_of(self, side: ConsentSide) -> Consent | None:
        """What this party has said last."""
        return next((consent for consent in reversed(self.consents) if consent.side is side), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repackaging:
    """That owned products become parts of this offering, as what was quoted, when something was (TMF648)."""

    target_offering_id: str
    product_ids: tuple[str, ...]
    quote_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductOrder:
    """A customer order (TMF622 ProductOrder).

    `version` rises with every change of the order. `channel` is where it was started, `controlled_by` the channel
    that may edit the draft, `seller_id` the dealer organization that sells it, when one does.
    `priority` is 0 (highest) to 4. `place` holds for every item that names no other. `planned_at` is when somebody
    began to carry it out, or to wait for its day. `ownership` is set when the order hands products over to another
    customer, `repackaging` when it makes them parts of another offering. `jeopardy`: that what was promised
    of it is in danger. `takes_back` is the completed order that it takes back, when it does. `change_requests` are what
    people were asked to do about it while it was under way, the oldest first.
    """

    id: str
    version: int
    state: OrderState
    customer_id: str
    customer_name: str
    channel: str
    controlled_by: str
    created_at: datetime
    created_by: str
    updated_at: datetime
    items: tuple[OrderItem, ...] = ()
    seller_id: str | None = None
    place: PlaceRef | None = None
    billing_account_id: str | None = None
    category: str | None = None
    description: str | None = None
    priority: int = 4
    external_ids: tuple[ExternalId, ...] = ()
    notes: tuple[Note, ...] = ()
    requested_start_at: datetime | None = None
    requested_completion_at: datetime | None = None
    expected_completion_at: datetime | None = None
    submitted_at: datetime | None = None
    completed_at: datetime | None = None
    totals: tuple[PriceTotal, ...] = ()
    qualifications: tuple[PlaceQualification, ...] = ()
    credit: CreditAssessment | None = None
    payment: PaymentChoice | None = None
    agreement: Agreement | None = None
    expiry_told_at: datetime | None = None
    cancellations: tuple[Cancellation, ...] = ()
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    sequencing: Sequencing = Sequencing.ANY
    parent_id: str | None = None
    planned_at: datetime | None = None
    jeopardy: Jeopardy | None = None
    ownership: OwnershipChange | None = None
    repackaging: Repackaging | None = None
    takes_back: str | None = None
    change_requests: tuple[ChangeRequest, ...] = ()

    @property
    def acceptor_id(self) -> str | None:
        """The customer who is to take over what the order is about, when it is about that."""
        return self.ownership.acceptor_id if self.ownership else None

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the order waits: a draft for its channel, a submitted order for somebody to carry it out."""
        match self.state:
            case OrderState.DRAFT:
                return self.updated_at
            case OrderState.ACKNOWLEDGED:
                return self.submitted_at if self.planned_at is None else None
            case _:
                return None

    @property
    def effective_at(self) -> datetime | None:
        """The past time from which on a retro-active order holds: it was submitted after the start it asks for."""
        start, submitted = self.requested_start_at, self.submitted_at
        return start if start and submitted and start < submitted else None

    def takes_effect_at(self, at: datetime) -> datetime:
        """From when on it holds what is done: the wished-for start, be it past or to come, or else this time."""
        return self.requested_start_at or at

    @property
    def waits_for_its_day(self) -> bool:
        """Whether somebody has looked at it and nothing was to be begun yet."""
        return self.state is OrderState.ACKNOWLEDGED and self.planned_at is not None

    @property
    def deposit(self) -> Money | None:
        """What the customer has to deposit before delivery."""
        return self.credit.deposit if self.credit and self.credit.decision is CreditDecision.DEPOSIT else None

    @property
    def place_ids(self) -> frozenset[str]:
        """Every place that something of it is delivered to."""
        places = (self.place, *(item.place for item in self.items))
        return frozenset(place.id for place in places if place)

    def item(self, item_id: str) -> OrderItem | None:
        """The item with this id."""
        return next((item for item in self.items if item.id == item_id), None)

    def place_of(self, item: OrderItem) -> PlaceRef | None:
        """Where this item is delivered."""
        return item.place or self.place

    def items_that(self, relationship: RelationshipType, item: OrderItem) -> tuple[OrderItem, ...]:
        """The items that `item` has this relationship with."""
        ids = {r.item_id for r in item.relationships if r.type is relationship}
        return tuple(other for other in self.items if other.id in ids)
