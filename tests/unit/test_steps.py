"""The step guide: which steps there are, what they ask for, and that a value changes only what depends on it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.catalog import (
    CharacteristicSpecification,
    CreditCheck,
    Offering,
    OfferingRelation,
    OfferingRelationship,
    PriceType,
    ProductSpecification,
)
from app.domain.facts import AppointmentFact, CustomerFact, Facts, PaymentMethodFact, PlaceFact, Unanswered
from app.domain.money import Money
from app.domain.order import (
    Agreement,
    AppointmentRef,
    Characteristic,
    CreditAssessment,
    CreditDecision,
    PaymentChoice,
    PlaceQualification,
    PlaceRef,
    ProductOrder,
)
from app.domain.pricing import price_order
from app.domain.rules.case import Case
from app.domain.rules.documents import content_of
from app.domain.states import OrderState
from app.domain.steps import BlockedBy, FieldType, Step, StepState, next_steps
from app.domain.violations import StepKind
from app.orchestration.operations import OPERATIONS
from app.ordering.rulebook.read import read_rulebook
from tests.unit.orders import NOW, item, order, price

S, TODO, DONE, BLOCKED = StepKind, StepState.TODO, StepState.DONE, StepState.BLOCKED
RULEBOOK = read_rulebook(None, OPERATIONS)
PLACE = PlaceRef(id="addr-1", label="Harbour 1")
CUSTOMER = CustomerFact(id="c1", name="Ada", status="active", segment="business")


def sold(offering_id: str, service: str, category: str, **more: Any) -> Offering:
    return replace(
        Offering(
            id=offering_id,
            name=offering_id.title(),
            lifecycle_status="Active",
            categories=(category,),
            specification=ProductSpecification(
                id="s",
                name="s",
                characteristics=(CharacteristicSpecification(name="type", required=True, allowed=("a", "b")),),
                service_specification_ids=(service,),
            ),
            prices=(price("10"),),
        ),
        **more,
    )


PREPAID = sold("prepaid", "cfs-mobile-prepaid", "prepaid", prices=(price("10", PriceType.ONE_TIME),))
BUSINESS = sold("business", "cfs-business-access", "business", credit_check=CreditCheck.FULL, signature_required=True)
OFFERINGS = {"prepaid": PREPAID, "business": BUSINESS}


def draft(offering_id: str, *, chosen: bool = True) -> ProductOrder:
    values = (Characteristic("type", "a"),) if chosen else ()
    wanted = replace(
        order(state=OrderState.DRAFT), items=(replace(item("1", offering=offering_id), characteristics=values),)
    )
    return price_order(wanted, OFFERINGS, at=NOW)


def case(wanted: ProductOrder, **more: Any) -> Case:
    facts = Facts(
        customer=CUSTOMER,
        offerings=OFFERINGS,
        places={PLACE.id: PlaceFact(id=PLACE.id, label=PLACE.label)},
        payment_methods=(PaymentMethodFact(id="pm-1", label="Card"),),
    )
    return Case(order=wanted, facts=replace(facts, **more), rulebook=RULEBOOK, at=NOW)


def states(steps: tuple[Step, ...]) -> dict[StepKind, StepState]:
    return {step.kind: step.state for step in steps}


def qualified(serviceable: bool = True) -> dict[tuple[str, tuple[str, ...]], PlaceQualification]:
    key = (PLACE.id, ("cfs-business-access",))
    kept = PlaceQualification(
        id="sq-1",
        place_id=key[0],
        services=key[1],
        serviceable=serviceable,
        asked_at=NOW,
        guaranteed_until=NOW + timedelta(days=1),
    )
    return {key: kept}


def test_a_prepaid_sim_takes_four_steps() -> None:
    steps = next_steps(case(draft("prepaid", chosen=False)))

    assert states(steps) == {S.CUSTOMER: DONE, S.OFFERING: TODO, S.PAYMENT: BLOCKED, S.REVIEW: BLOCKED}
    field, number = steps[1].fields
    assert (number.type, number.required, number.item_id) == (FieldType.TELEPHONE_NUMBER, False, "1")
    assert (field.path, field.required, field.allowed) == ("/items/0/characteristics/type", True, ("a", "b"))
    assert steps[2].blocked is not None
    assert steps[2].blocked.steps == (S.OFFERING,)


def test_a_business_line_takes_every_step() -> None:
    assert list(states(next_steps(case(draft("business", chosen=False))))) == list(StepKind)


def test_each_value_opens_exactly_what_depends_on_it() -> None:
    wanted = draft("business", chosen=False)
    facts: dict[str, Any] = {}

    def now() -> dict[StepKind, StepState]:
        return states(next_steps(case(wanted, **facts)))

    def changed(before: dict[StepKind, StepState]) -> dict[StepKind, StepState]:
        return {kind: state for kind, state in now().items() if before[kind] is not state}

    before = now()
    assert before == {
        S.CUSTOMER: DONE,
        S.OFFERING: TODO,
        S.PLACE: TODO,
        S.SERVICEABILITY: BLOCKED,
        S.QUALIFICATION: BLOCKED,
        S.APPOINTMENT: BLOCKED,
        S.PRICE: BLOCKED,
        S.AGREEMENT: BLOCKED,
        S.PAYMENT: BLOCKED,
        S.REVIEW: BLOCKED,
    }
    wanted = draft("business")
    assert changed(before) == {S.OFFERING: DONE, S.QUALIFICATION: TODO, S.PRICE: DONE}

    before, wanted = now(), replace(wanted, place=PLACE)
    facts = {"qualifications": qualified()}
    assert changed(before) == {S.PLACE: DONE, S.SERVICEABILITY: DONE, S.APPOINTMENT: TODO, S.AGREEMENT: TODO}

    before = now()
    credit = CreditAssessment(
        id="ra-1",
        decision=CreditDecision.DEPOSIT,
        amount=Money(Decimal(100), "EUR"),
        assessed_at=NOW,
        consent_at=NOW,
        deposit=Money(Decimal(50), "EUR"),
    )
    wanted = replace(wanted, credit=credit)
    assert changed(before) == {S.QUALIFICATION: DONE, S.PAYMENT: TODO}

    before, wanted = now(), replace(wanted, payment=PaymentChoice(method_id="pm-1", label="Card"))
    assert changed(before) == {S.PAYMENT: DONE}

    before = now()
    visit = AppointmentRef(id="appt-1", start=NOW + timedelta(days=1), end=NOW + timedelta(days=1, hours=2))
    wanted = replace(wanted, items=(replace(wanted.items[0], appointment=visit),))
    facts["appointments"] = {"appt-1": AppointmentFact(id="appt-1", status="initialized", start=visit.start)}
    assert changed(before) == {S.APPOINTMENT: DONE}

    before = now()
    wanted = replace(
        wanted,
        agreement=Agreement(
            version=1,
            content=content_of(wanted),
            contract_id="doc-1",
            summary_id="doc-2",
            signature_required=True,
            prepared_at=NOW,
        ),
    )
    assert changed(before) == {S.AGREEMENT: DONE, S.REVIEW: TODO}

    before, wanted = now(), replace(wanted, items=(replace(wanted.items[0], quantity=2),))
    assert changed(before) == {S.AGREEMENT: TODO, S.REVIEW: BLOCKED}, "another quantity is another contract"


def test_a_place_that_cannot_be_served_blocks_with_the_rule() -> None:
    placed = replace(draft("business"), place=PLACE)

    steps = {s.kind: s for s in next_steps(case(placed, qualifications=qualified(serviceable=False)))}

    assert steps[S.PLACE].state is DONE
    blocked = steps[S.SERVICEABILITY].blocked
    assert blocked is not None
    assert blocked.by is BlockedBy.RULES
    assert "cannot be delivered" in blocked.message


@pytest.mark.parametrize(
    ("backend", "kind"),
    [
        ("customer", S.CUSTOMER),
        ("address", S.PLACE),
        ("serviceability", S.SERVICEABILITY),
        ("workforce", S.APPOINTMENT),
        ("billing", S.PAYMENT),
    ],
)
def test_a_silent_backend_blocks_the_step_it_serves_and_no_other(backend: str, kind: StepKind) -> None:
    placed = replace(draft("business"), place=PLACE)
    silent = {backend: Unanswered(backend=backend, kind="TIMEOUT", retryable=True)}
    known = {"qualifications": qualified()}

    before = {s.kind: s for s in next_steps(case(placed, **known))}
    after = {s.kind: s for s in next_steps(case(placed, unanswered=silent, **known))}

    blocked = after[kind].blocked
    assert blocked is not None
    others = [k for k in after if after[k].blocked and after[k].blocked.by is BlockedBy.BACKEND]  # type: ignore[union-attr]
    if blocked.by is BlockedBy.BACKEND:
        assert (blocked.backend, blocked.retryable) == (backend, True)
        assert others == [kind]
    else:
        assert blocked == before[kind].blocked, "it waited for other steps already"


def test_one_of_a_group_of_requirements_is_enough() -> None:
    required = tuple(
        OfferingRelationship(OfferingRelation.REQUIRES, other, "television") for other in ("prepaid", "other")
    )
    extra = sold("extra", "cfs-none", "tv", relationships=required)
    alone = replace(order(state=OrderState.DRAFT), items=(item("1", offering="extra"),))
    together = replace(alone, items=(*alone.items, item("2", offering="prepaid")))

    def open_rules(wanted: ProductOrder) -> set[str]:
        return {v.rule for s in next_steps(case(wanted, offerings={**OFFERINGS, "extra": extra})) for v in s.violations}

    assert "requirementsMet" in open_rules(alone)
    assert "requirementsMet" not in open_rules(together)
