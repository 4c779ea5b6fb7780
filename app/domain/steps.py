"""The step guide: which steps lead to a valid order, what each still asks for, and why one cannot be taken yet.

Steps follow from the catalog and the rules: what no item needs is no step. A step is done when no rule that is mended
in it is broken; it is blocked while a step that it builds on is not done, or while its backend gives no answer.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.catalog import CharacteristicSpecification, Offering, PriceType
from app.domain.order import ItemAction, OrderItem, RelationshipType
from app.domain.rulebook import Need
from app.domain.rules import SERVES, violations
from app.domain.rules.case import Case
from app.domain.rules.credit import asks_bureau
from app.domain.rules.documents import signature_required
from app.domain.rules.payments import due_now, ways_to_pay
from app.domain.rules.places import serviceability_key
from app.domain.violations import Severity, StepKind, Violation

NUMBER: Final = "msisdn"
"""The kind of reservation that is a telephone number, in the words of resource pools (TMF685)."""


class StepState(StrEnum):
    """Where a step stands."""

    DONE = "done"
    TODO = "todo"
    """It can be taken now."""
    BLOCKED = "blocked"


class FieldType(StrEnum):
    """What kind of value a field takes."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CUSTOMER = "customer"
    OFFERING = "offering"
    PLACE = "place"
    TIME_SLOT = "timeSlot"
    PAYMENT_METHOD = "paymentMethod"
    BILLING_ACCOUNT = "billingAccount"
    TELEPHONE_NUMBER = "telephoneNumber"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A value that a step asks for, where it stands in the order (JSON pointer), and the mutation that sets it.

    `allowed` empty: any value of the type that fits `pattern`, `minimum` and `maximum`.
    """

    path: str
    type: FieldType
    label: str
    mutation: str
    required: bool = True
    value: str | None = None
    item_id: str | None = None
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: str | None = None
    maximum: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What satisfied a step, and which backend says so; `source` "order": the channel's own words."""

    source: str
    text: str
    reference: str | None = None
    valid_until: datetime | None = None


class BlockedBy(StrEnum):
    """Why a step cannot be taken."""

    STEPS = "steps"
    BACKEND = "backend"
    RULES = "rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Why a step cannot be taken now. `steps`: those to be taken first; `backend`: who gives no answer."""

    by: BlockedBy
    message: str
    steps: tuple[StepKind, ...] = ()
    backend: str | None = None
    retryable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step towards a valid order."""

    kind: StepKind
    state: StepState
    fields: tuple[Field, ...]
    evidence: tuple[Evidence, ...]
    violations: tuple[Violation, ...]
    blocked: Blocked | None = None


def next_steps(case: Case) -> tuple[Step, ...]:
    """The steps of this draft, in their order."""
    found = violations(case)
    steps: dict[StepKind, Step] = {}
    for kind in StepKind:
        guide = GUIDES[kind]
        if guide.applies(case):
            mine = tuple(v for v in found if v.step is kind)
            steps[kind] = _step(case, kind, guide, mine, steps)
    return tuple(steps.values())


def _step(
    case: Case, kind: StepKind, guide: "_Guide", mine: tuple[Violation, ...], before: Mapping[StepKind, Step]
) -> Step:
    errors = [v for v in mine if v.severity is Severity.ERROR]
    fields = tuple(guide.fields(case))
    blocked = _blocked(case, kind, guide, errors, fields, before)
    state = StepState.BLOCKED if blocked else StepState.TODO if errors or kind is StepKind.REVIEW else StepState.DONE
    evidence = tuple(guide.evidence(case)) if state is StepState.DONE else ()
    return Step(kind=kind, state=state, fields=fields, evidence=evidence, violations=mine, blocked=blocked)


def _blocked(
    case: Case,
    kind: StepKind,
    guide: "_Guide",
    errors: list[Violation],
    fields: tuple[Field, ...],
    before: Mapping[StepKind, Step],
) -> Blocked | None:
    # the review builds on every step there is
    wanted = tuple(before) if kind is StepKind.REVIEW else guide.after
    undone = tuple(s for s in wanted if s in before and before[s].state is not StepState.DONE)
    if undone:
        return Blocked(by=BlockedBy.STEPS, message=f"first: {', '.join(undone)}", steps=undone)
    silent = next((missing for missing in case.facts.unanswered.values() if SERVES[missing.backend] is kind), None)
    if silent is not None:
        message = f"the backend {silent.backend!r} gives no answer"
        return Blocked(by=BlockedBy.BACKEND, message=message, backend=silent.backend, retryable=silent.retryable)
    if errors and not fields:
        return Blocked(by=BlockedBy.RULES, message=errors[0].message)
    return None


def _needs(case: Case, need: Need) -> bool:
    return any(need in case.needs(item, offering) for _, item, offering in case.items())


def _always(_: Case) -> bool:
    return True


def _has_price(case: Case) -> bool:
    """Whether the customer takes on something that goes on, a recurring price or a commitment, or orders by a quote."""
    return any(
        item.terms or item.quote_item or any(price.price_type is PriceType.RECURRING for price in item.prices)
        for item in case.order.items
    )


def _no_fields(_: Case) -> Iterable[Field]:
    return ()


def _no_evidence(_: Case) -> Iterable[Evidence]:
    return ()


def _customer_fields(case: Case) -> Iterable[Field]:
    yield Field(
        path="/customerId",
        type=FieldType.CUSTOMER,
        label="Customer",
        mutation="createProductOrder",
        value=case.order.customer_id,
    )


def _customer_evidence(case: Case) -> Iterable[Evidence]:
    if customer := case.facts.customer:
        yield Evidence(source="customer", text=f"{customer.name}, {customer.status}", reference=customer.id)


def _offering_fields(case: Case) -> Iterable[Field]:
    if not case.order.items:
        yield Field(path="/items", type=FieldType.OFFERING, label="Offering", mutation="addProductOrderItem")
    for path, item, offering in case.items():
        if offering is None:
            continue
        yield from _part_fields(case, path, item, offering)
        if offering.specification:
            chosen = {c.name: c.value for c in item.characteristics}
            for specification in offering.specification.characteristics:
                if specification.configurable:
                    yield _characteristic_field(path, item, specification, chosen.get(specification.name))
        if Need.NUMBER in case.needs(item, offering):
            yield Field(
                path=f"{path}/reservations",
                type=FieldType.TELEPHONE_NUMBER,
                label="Telephone number; any when none is chosen",
                mutation="reserveProductOrderResource",
                required=False,
                value=next((r.value for r in item.reservations if r.kind == NUMBER), None),
                item_id=item.id,
            )


def _part_fields(case: Case, path: str, item: OrderItem, offering: Offering) -> Iterable[Field]:
    """A bundle asks for its parts until each is chosen often enough."""
    if item.action is not ItemAction.ADD:
        return
    chosen = case.order.items_that(RelationshipType.BUNDLES, item)
    for part in offering.bundled:
        pieces = sum(child.quantity for child in chosen if child.offering_id == part.offering_id)
        if pieces < part.upper_limit:
            yield Field(
                path=f"{path}/relationships",
                type=FieldType.OFFERING,
                label=f"{part.offering_id}: {part.lower_limit} to {part.upper_limit}",
                mutation="addProductOrderItem",
                required=pieces < part.lower_limit,
                value=str(pieces),
                item_id=item.id,
                allowed=(part.offering_id,),
                minimum=str(part.lower_limit),
                maximum=str(part.upper_limit),
            )


def _characteristic_field(
    path: str, item: OrderItem, specification: CharacteristicSpecification, value: str | None
) -> Field:
    number = specification.minimum is not None or specification.maximum is not None
    return Field(
        path=f"{path}/characteristics/{specification.name}",
        type=FieldType.NUMBER if number else FieldType.TEXT,
        label=specification.description or specification.name,
        mutation="changeProductOrderItem",
        required=specification.required,
        value=value,
        item_id=item.id,
        allowed=specification.allowed,
        pattern=specification.pattern,
        minimum=None if specification.minimum is None else str(specification.minimum),
        maximum=None if specification.maximum is None else str(specification.maximum),
    )


def _offering_evidence(case: Case) -> Iterable[Evidence]:
    for _, item, offering in case.items():
        if offering:
            yield Evidence(
                source="catalog",
                text=f"{item.quantity} × {offering.name}, {offering.lifecycle_status}",
                reference=offering.id,
                valid_until=offering.valid_until,
            )


def _place_fields(case: Case) -> Iterable[Field]:
    yield Field(
        path="/placeId",
        type=FieldType.PLACE,
        label="Address of delivery",
        mutation="setProductOrderPlace",
        required=any(case.order.place_of(item) is None for item in _placed_items(case)),
        value=case.order.place.id if case.order.place else None,
    )
    for path, item, _ in case.items():
        if item.place:
            yield Field(
                path=f"{path}/placeId",
                type=FieldType.PLACE,
                label=f"Address of {item.offering_name}",
                mutation="setProductOrderPlace",
                required=False,
                value=item.place.id,
                item_id=item.id,
            )


def _placed_items(case: Case) -> Iterable[OrderItem]:
    for _, item, offering in case.items():
        if Need.PLACE in case.needs(item, offering):
            yield item


def _place_evidence(case: Case) -> Iterable[Evidence]:
    places = {place.id for item in _placed_items(case) if (place := case.order.place_of(item))}
    for place_id in sorted(places):
        if fact := case.facts.places.get(place_id):
            yield Evidence(source="address", text=fact.label, reference=fact.id)


def _serviceability_evidence(case: Case) -> Iterable[Evidence]:
    for _, item, offering in case.items():
        place = case.order.place_of(item)
        kept = case.facts.qualifications.get((place.id, serviceability_key(offering))) if place and offering else None
        if kept:
            yield Evidence(
                source="serviceability",
                text=f"{item.offering_name} can be delivered at {place.label if place else ''}",
                reference=kept.id,
                valid_until=kept.guaranteed_until,
            )


def _credit_fields(case: Case) -> Iterable[Field]:
    credit = case.order.credit
    yield Field(
        path="/creditConsent",
        type=FieldType.BOOLEAN,
        label="The customer agrees that the credit bureau is asked",
        mutation="assessProductOrderCredit",
        value="true" if credit else None,
        allowed=("true",),
    )


def _credit_evidence(case: Case) -> Iterable[Evidence]:
    if credit := case.order.credit:
        deposit = f", deposit {credit.deposit.amount} {credit.deposit.currency}" if credit.deposit else ""
        text = f"{credit.decision}{deposit}" + ("" if credit.id else " by people: the credit bureau gave no answer")
        yield Evidence(source="credit", text=text, reference=credit.id, valid_until=credit.valid_until)


def _appointment_fields(case: Case) -> Iterable[Field]:
    for path, item, offering in case.items():
        if Need.APPOINTMENT in case.needs(item, offering):
            yield Field(
                path=f"{path}/appointment",
                type=FieldType.TIME_SLOT,
                label=f"Visit for {item.offering_name}",
                mutation="setProductOrderAppointment",
                value=item.appointment.start.isoformat() if item.appointment else None,
                item_id=item.id,
            )


def _appointment_evidence(case: Case) -> Iterable[Evidence]:
    for item in case.order.items:
        fact = case.facts.appointments.get(item.appointment.id) if item.appointment else None
        if fact:
            yield Evidence(source="workforce", text=f"{fact.status} for {fact.start.isoformat()}", reference=fact.id)


def _price_evidence(case: Case) -> Iterable[Evidence]:
    for total in case.order.totals:
        period = f" per {total.period}" if total.period else ""
        sum_ = f"{total.tax_included.amount} {total.tax_included.currency}"
        yield Evidence(source="catalog", text=f"{total.price_type} {sum_}{period}, with tax")
    for item in case.order.items:
        for term in item.terms:
            yield Evidence(source="catalog", text=f"{item.offering_name}: {term.amount} {term.unit}")
        if item.quote_item and (quote := case.facts.quotes.get(item.quote_item.quote_id)):
            text = f"{item.offering_name} as quoted, {quote.state}"
            yield Evidence(source="channels", text=text, reference=quote.id, valid_until=quote.valid_until)


def _agreement_fields(case: Case) -> Iterable[Field]:
    agreement = case.order.agreement
    yield Field(
        path="/agreement",
        type=FieldType.BOOLEAN,
        label="Contract and summary",
        mutation="prepareProductOrderAgreement",
        value=str(agreement.version) if agreement else None,
        allowed=("true",),
    )


def _agreement_evidence(case: Case) -> Iterable[Evidence]:
    if agreement := case.order.agreement:
        yield Evidence(
            source="documents", text=f"contract, version {agreement.version}", reference=agreement.contract_id
        )


def _payment_fields(case: Case) -> Iterable[Field]:
    payment = case.order.payment
    if due_now(case):
        yield Field(
            path="/paymentMethodId",
            type=FieldType.PAYMENT_METHOD,
            label="How it is paid",
            mutation="setProductOrderPayment",
            value=payment.method_id if payment else None,
            allowed=ways_to_pay(case),
        )
    yield Field(
        path="/billingAccountId",
        type=FieldType.BILLING_ACCOUNT,
        label="Account that charges go to; one is opened when there is none",
        mutation="setProductOrderPayment",
        required=False,
        value=case.order.billing_account_id,
    )


def _payment_evidence(case: Case) -> Iterable[Evidence]:
    if payment := case.order.payment:
        yield Evidence(source="billing", text=payment.label, reference=payment.method_id)
    if account := case.order.billing_account_id:
        yield Evidence(source="billing", text=f"charges go to account {account}", reference=account)
    elif not payment:
        yield Evidence(source="order", text="charges go to the customer's account; one is opened if there is none")


def _review_fields(case: Case) -> Iterable[Field]:
    yield Field(path="", type=FieldType.BOOLEAN, label="Submit the order", mutation="submitProductOrder")


@dataclass(frozen=True, slots=True)
class _Guide:
    """When there is such a step, what it builds on, what it asks for, what satisfied it."""

    applies: Callable[[Case], bool]
    after: tuple[StepKind, ...]
    fields: Callable[[Case], Iterable[Field]]
    evidence: Callable[[Case], Iterable[Evidence]]


_S = StepKind
GUIDES: Final[Mapping[StepKind, _Guide]] = {
    _S.CUSTOMER: _Guide(_always, (), _customer_fields, _customer_evidence),
    _S.OFFERING: _Guide(_always, (), _offering_fields, _offering_evidence),
    _S.PLACE: _Guide(lambda case: _needs(case, Need.PLACE), (), _place_fields, _place_evidence),
    _S.SERVICEABILITY: _Guide(lambda case: _needs(case, Need.PLACE), (_S.PLACE,), _no_fields, _serviceability_evidence),
    _S.QUALIFICATION: _Guide(asks_bureau, (_S.CUSTOMER, _S.OFFERING), _credit_fields, _credit_evidence),
    _S.APPOINTMENT: _Guide(
        lambda case: _needs(case, Need.APPOINTMENT), (_S.SERVICEABILITY,), _appointment_fields, _appointment_evidence
    ),
    _S.PRICE: _Guide(_has_price, (_S.OFFERING,), _no_fields, _price_evidence),
    _S.AGREEMENT: _Guide(signature_required, (_S.PRICE, _S.PLACE), _agreement_fields, _agreement_evidence),
    _S.PAYMENT: _Guide(_always, (_S.OFFERING, _S.QUALIFICATION), _payment_fields, _payment_evidence),
    _S.REVIEW: _Guide(_always, (), _review_fields, _no_evidence),
}
