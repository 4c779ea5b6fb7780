"""What a customer may have: conditions, reasons, what a silent source leaves open, and for how long it holds."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from app.domain.catalog import (
    CharacteristicSpecification,
    CreditCheck,
    Offering,
    OfferingRelation,
    OfferingRelationship,
    ProductSpecification,
)
from app.domain.facts import OverdueFact
from app.domain.money import Money
from app.domain.order import CreditAssessment, CreditDecision, PlaceRef
from app.domain.qualification import (
    GUARANTEED_FOR,
    ConditionKind,
    OfferingQualification,
    QualificationResult,
    judged,
    with_alternatives,
)
from app.domain.rules import violations
from app.domain.rules.case import Case
from app.domain.violations import StepKind
from app.orchestration.operations import OPERATIONS
from app.ordering.qualify import CustomerQualification, SourceEvidence
from app.ordering.rulebook.read import read_rulebook
from tests.unit.orders import (
    NOW,
    case,
    credit,
    customer,
    euros,
    facts,
    item,
    offering,
    order,
    owned,
    place,
    served,
    silent,
)

R, K, S = QualificationResult, ConditionKind, StepKind
RULEBOOK = read_rulebook(None, OPERATIONS)
SERVICE = "cfs-fibre-access"
HERE, THERE, FAR = place("addr-1"), place("addr-2"), place("addr-3")
DAY = timedelta(days=1)
FIBRE = replace(offering(), specification=ProductSpecification(id="s", name="s", service_specification_ids=(SERVICE,)))
CHECKED = replace(offering(), credit_check=CreditCheck.FULL)


def wish(
    offered: Offering, *, at_place: PlaceRef | None = None, assessed: CreditAssessment | None = None, **known: Any
) -> Case:
    wanted = replace(order(item("1")), place=at_place, credit=assessed)
    return case(wanted, facts(offered, offering("base"), **known), RULEBOOK)


def kinds(found: OfferingQualification) -> list[ConditionKind]:
    return [condition.kind for condition in found.conditions]


def test_what_nothing_speaks_against_is_qualified() -> None:
    found = judged(wish(offering()))

    assert (found.offering_id, found.offering_name, found.result) == ("line", "Line", R.QUALIFIED)
    assert (found.reasons, found.conditions, found.missing, found.alternatives) == ((), (), (), ())


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (wish(CHECKED), K.CREDIT_CHECK),
        (wish(CHECKED, assessed=credit(CreditDecision.REVIEW)), K.CREDIT_REVIEW),
        (wish(CHECKED, assessed=credit(CreditDecision.DEPOSIT, deposit=euros("50"))), K.DEPOSIT),
        (wish(replace(offering(), signature_required=True)), K.AGREEMENT),
        (wish(FIBRE), K.ADDRESS),
        (
            wish(replace(offering(), relationships=(OfferingRelationship(OfferingRelation.REQUIRES, "base"),))),
            K.OTHER_OFFERING,
        ),
    ],
    ids=lambda value: value.value if isinstance(value, ConditionKind) else "",
)
def test_what_can_be_fulfilled_is_a_condition_and_no_reason(asked: Case, kind: ConditionKind) -> None:
    found = judged(asked)

    assert (found.result, kinds(found), found.reasons) == (R.CONDITIONAL, [kind], ())
    assert found.guaranteed_until is not None


@pytest.mark.parametrize(
    "asked",
    [
        wish(CHECKED, assessed=credit(CreditDecision.ACCEPT)),
        wish(CHECKED, assessed=credit(CreditDecision.ACCEPT, deposit=euros("50"))),
        wish(replace(offering(), credit_check=CreditCheck.SOFT)),
        wish(replace(offering(), credit_check=CreditCheck.SOFT), assessed=credit(CreditDecision.REVIEW)),
        wish(FIBRE, at_place=HERE, qualifications=served(HERE.id, SERVICE)),
        wish(
            replace(offering(), relationships=(OfferingRelationship(OfferingRelation.REQUIRES, "base"),)),
            owned=(owned("p1", "base"),),
        ),
    ],
    ids=[
        "credit accepted",
        "credit accepted after all",
        "credit not asked",
        "credit asked for others",
        "served here",
        "requirement owned",
    ],
)
def test_a_condition_that_is_fulfilled_is_none(asked: Case) -> None:
    found = judged(asked)

    assert (found.result, found.conditions, found.reasons) == (R.QUALIFIED, (), ())


def test_a_deposit_names_its_amount() -> None:
    [condition] = judged(wish(CHECKED, assessed=credit(CreditDecision.DEPOSIT, deposit=euros("49.90")))).conditions

    assert condition.deposit == euros("49.90")
    assert condition.text == "a deposit of 49.90 EUR"


def test_other_offerings_are_named_with_every_choice() -> None:
    either = tuple(OfferingRelationship(OfferingRelation.REQUIRES, o, "any") for o in ("base", "spare"))

    [condition] = judged(wish(replace(offering(), relationships=either))).conditions

    assert condition.offering_ids == ("base", "spare")


def test_all_conditions_are_told_together() -> None:
    demanding = replace(
        FIBRE,
        credit_check=CreditCheck.FULL,
        signature_required=True,
        relationships=(OfferingRelationship(OfferingRelation.REQUIRES, "base"),),
    )

    assert kinds(judged(wish(demanding))) == [K.CREDIT_CHECK, K.AGREEMENT, K.ADDRESS, K.OTHER_OFFERING]


BASE_EXCLUDED = replace(offering(), relationships=(OfferingRelationship(OfferingRelation.EXCLUDES, "base"),))
UNSERVED = served(HERE.id, SERVICE, serviceable=False, reason="no fibre in the street")
AGAINST = {
    "catalog": (wish(replace(offering(), lifecycle_status="Retired")), "offeringSellable", S.OFFERING),
    "customer": (wish(offering(), customer=customer(status="closed")), "customerOpen", S.CUSTOMER),
    "no customer": (wish(offering(), customer=None), "customerKnown", S.CUSTOMER),
    "segment": (
        wish(replace(offering(), market_segments=("business",)), customer=customer(segment="residential")),
        "marketSegmentAllowed",
        S.OFFERING,
    ),
    "channel": (wish(replace(offering(), channels=("retail",))), "channelAllowed", S.OFFERING),
    "inventory": (wish(BASE_EXCLUDED, owned=(owned("p1", "base"),)), "nothingExcluded", S.OFFERING),
    "address": (wish(FIBRE, at_place=FAR), "placeKnown", S.PLACE),
    "serviceability": (wish(FIBRE, at_place=HERE, qualifications=UNSERVED), "placeServiceable", S.SERVICEABILITY),
    "credit": (wish(CHECKED, assessed=credit(CreditDecision.REJECT)), "creditAccepted", S.QUALIFICATION),
}


@pytest.mark.parametrize(("asked", "rule", "step"), AGAINST.values(), ids=AGAINST)
def test_what_a_source_says_against_it_is_a_reason(asked: Case, rule: str, step: StepKind) -> None:
    found = judged(asked)

    assert found.result is R.UNQUALIFIED
    assert [(reason.rule, reason.step) for reason in found.reasons] == [(rule, step)]
    assert found.guaranteed_until is None


def test_a_reason_says_what_its_source_said() -> None:
    [reason] = judged(AGAINST["serviceability"][0]).reasons

    assert "no fibre in the street" in reason.message


def test_what_an_order_brings_later_does_not_speak_against_it() -> None:
    to_choose = ProductSpecification(
        id="s",
        name="s",
        characteristics=(CharacteristicSpecification(name="speed", required=True),),
        service_specification_ids=(SERVICE,),
    )
    prepaid = replace(FIBRE, categories=("prepaid",), specification=to_choose)

    found = judged(wish(prepaid, at_place=HERE, qualifications=served(HERE.id, SERVICE)))

    assert (found.result, found.reasons, found.conditions) == (R.QUALIFIED, (), ())


def test_how_an_order_would_be_paid_for_is_open_but_what_is_overdue_speaks_against_it() -> None:
    asked = wish(replace(offering(), categories=("prepaid",)))
    owed = OverdueFact(amount=Money(Decimal("120.50"), "EUR"), since=NOW.date() - 60 * DAY)

    overdue = judged(replace(asked, facts=replace(asked.facts, overdue=owed)))

    assert "paymentChosen" in {v.rule for v in violations(asked)}
    assert judged(asked).result is R.QUALIFIED
    assert (overdue.result, [reason.rule for reason in overdue.reasons]) == (R.UNQUALIFIED, ["noOverdueBalance"])


def test_a_warning_is_no_reason() -> None:
    senior = customer(birth_date=NOW.date().replace(year=1950))

    found = judged(wish(replace(offering(), categories=("mobile",)), customer=senior))

    assert (found.result, found.reasons) == (R.QUALIFIED, ())


def test_what_can_be_had_at_another_address_is_conditional_and_names_only_those() -> None:
    answers = {**UNSERVED, **served(THERE.id, SERVICE), **served(FAR.id, SERVICE, serviceable=False)}

    found = judged(wish(FIBRE, at_place=HERE, qualifications=answers), other_places=(FAR, THERE))

    assert (found.result, kinds(found)) == (R.CONDITIONAL, [K.OTHER_ADDRESS])
    assert found.conditions[0].place_ids == (THERE.id,)
    assert [reason.rule for reason in found.reasons] == ["placeServiceable"]


def test_another_address_is_no_matter_where_this_one_is_served() -> None:
    answers = {**served(HERE.id, SERVICE), **served(THERE.id, SERVICE)}

    found = judged(wish(FIBRE, at_place=HERE, qualifications=answers), other_places=(THERE,))

    assert (found.result, found.conditions) == (R.QUALIFIED, ())


@pytest.mark.parametrize(
    "answers",
    [
        served(THERE.id, SERVICE, serviceable=False),
        served(THERE.id, "cfs-tv"),
        {},
    ],
    ids=["not served", "served with something else", "not known"],
)
def test_an_address_that_is_not_served_either_is_no_way_out(answers: dict[Any, Any]) -> None:
    found = judged(wish(FIBRE, at_place=HERE, qualifications={**UNSERVED, **answers}), other_places=(THERE,))

    assert (found.result, found.conditions) == (R.UNQUALIFIED, ())


def test_another_address_does_not_help_when_more_speaks_against_it() -> None:
    retired = replace(FIBRE, lifecycle_status="Retired")
    answers = {**UNSERVED, **served(THERE.id, SERVICE)}

    found = judged(wish(retired, at_place=HERE, qualifications=answers), other_places=(THERE,))

    assert (found.result, kinds(found)) == (R.UNQUALIFIED, [])
    assert {reason.rule for reason in found.reasons} == {"offeringSellable", "placeServiceable"}


@pytest.mark.parametrize("source", ["customer", "catalog", "inventory", "address", "serviceability", "billing"])
def test_without_a_source_that_decides_nothing_is_promised_and_the_source_is_named(source: str) -> None:
    found = judged(wish(FIBRE, at_place=HERE, qualifications=served(HERE.id, SERVICE), unanswered=silent(source)))

    assert (found.result, found.missing, found.reasons) == (R.UNDETERMINED, (source,), ())
    assert found.guaranteed_until is None


def test_a_source_that_decides_later_is_not_missed() -> None:
    found = judged(wish(offering(), unanswered=silent("workforce")))

    assert (found.result, found.missing) == (R.QUALIFIED, ())


@pytest.mark.parametrize(
    ("source", "offered", "at_place", "result"),
    [
        ("address", offering(), HERE, R.QUALIFIED),
        ("serviceability", offering(), HERE, R.QUALIFIED),
        ("serviceability", FIBRE, None, R.CONDITIONAL),
    ],
    ids=["address of no matter", "service of no matter", "no place named"],
)
def test_what_is_about_no_place_does_not_miss_what_is_known_of_places(
    source: str, offered: Offering, at_place: PlaceRef | None, result: QualificationResult
) -> None:
    found = judged(wish(offered, at_place=at_place, unanswered=silent(source)))

    assert (found.result, found.missing) == (result, ())


def test_a_no_stays_a_no_whatever_a_silent_source_would_have_said() -> None:
    retired = replace(offering(), lifecycle_status="Retired")

    found = judged(wish(retired, unanswered=silent("customer", "inventory")))

    assert (found.result, found.missing) == (R.UNQUALIFIED, ("customer", "inventory"))
    assert [reason.rule for reason in found.reasons] == ["offeringSellable"]


def test_conditions_are_told_though_a_source_is_silent() -> None:
    found = judged(wish(replace(CHECKED, signature_required=True), unanswered=silent("customer")))

    assert (found.result, kinds(found)) == (R.UNDETERMINED, [K.CREDIT_CHECK, K.AGREEMENT])


@pytest.mark.parametrize(
    ("answered", "partial"), [((True, True), False), ((True, False), True), ((), False)], ids=["all", "one not", "none"]
)
def test_an_answer_is_partial_when_a_source_gave_none(answered: tuple[bool, ...], partial: bool) -> None:
    evidence = tuple(SourceEvidence(source=str(n), answered=yes, text="") for n, yes in enumerate(answered))

    assert CustomerQualification(at=NOW, items=(), evidence=evidence).partial is partial


def told(offering_id: str, result: QualificationResult) -> OfferingQualification:
    return replace(judged(wish(offering())), offering_id=offering_id, result=result)


def in_categories(**categories: str) -> dict[str, Offering]:
    return {name: replace(offering(name), categories=tuple(of.split())) for name, of in categories.items()}


def test_instead_of_what_cannot_be_had_others_of_its_kind_that_can_are_named() -> None:
    offerings = in_categories(no="tv fixed", yes="fixed", maybe="tv", other="mobile", neither="tv", unknown="tv")
    results = {
        "no": R.UNQUALIFIED,
        "yes": R.QUALIFIED,
        "maybe": R.CONDITIONAL,
        "other": R.QUALIFIED,
        "neither": R.UNQUALIFIED,
        "unknown": R.UNDETERMINED,
    }
    pool = {name: told(name, result) for name, result in results.items()}

    found = with_alternatives([pool["no"]], pool, offerings)

    assert [sorted(f.alternatives) for f in found] == [["maybe", "yes"]]
    assert [replace(f, alternatives=()) for f in found] == [pool["no"]]


@pytest.mark.parametrize("result", [R.QUALIFIED, R.CONDITIONAL, R.UNDETERMINED])
def test_what_may_still_be_had_needs_no_alternative(result: QualificationResult) -> None:
    offerings = in_categories(asked="tv", other="tv")
    pool = {"asked": told("asked", result), "other": told("other", R.QUALIFIED)}

    assert with_alternatives(pool.values(), pool, offerings) == tuple(pool.values())


def guaranteed(*, serviceable: datetime | None, sold: datetime | None, credible: datetime | None) -> datetime | None:
    offered = replace(FIBRE, valid_until=sold, credit_check=CreditCheck.FULL)
    answer = served(HERE.id, SERVICE, guaranteed_until=serviceable)
    assessed = credit(valid_until=credible)
    return judged(wish(offered, at_place=HERE, qualifications=answer, assessed=assessed)).guaranteed_until


@pytest.mark.parametrize("days", list(permutations((1, 2, 3))))
def test_an_answer_holds_as_long_as_the_first_source_to_change_its_mind(days: tuple[int, int, int]) -> None:
    serviceable, sold, credible = (NOW + day * DAY for day in days)

    assert guaranteed(serviceable=serviceable, sold=sold, credible=credible) == NOW + DAY
    assert guaranteed(serviceable=serviceable, sold=None, credible=credible) == min(serviceable, credible)
    assert guaranteed(serviceable=serviceable, sold=sold, credible=None) == min(serviceable, sold)


def test_an_answer_that_no_source_bounds_holds_for_two_weeks() -> None:
    assert judged(wish(offering())).guaranteed_until == NOW + GUARANTEED_FOR == NOW + timedelta(days=14)


def test_an_answer_without_an_end_is_good_for_the_moment_and_none_is_for_long() -> None:
    open_ended = served(HERE.id, SERVICE, guaranteed_until=None)
    far_away = replace(FIBRE, valid_until=NOW + 400 * DAY)

    assert judged(wish(far_away, at_place=HERE, qualifications=open_ended)).guaranteed_until == NOW
    assert judged(wish(replace(offering(), valid_until=NOW + 400 * DAY))).guaranteed_until == NOW + GUARANTEED_FOR


def test_another_address_is_good_for_as_long_as_its_own_answer() -> None:
    there = served(THERE.id, SERVICE, guaranteed_until=NOW + DAY)

    found = judged(wish(FIBRE, at_place=HERE, qualifications={**UNSERVED, **there}), other_places=(THERE,))

    assert (found.result, found.guaranteed_until) == (R.CONDITIONAL, NOW + DAY)


def test_what_is_not_asked_about_does_not_bound_the_answer() -> None:
    elsewhere = served(THERE.id, SERVICE, guaranteed_until=NOW + DAY)
    unasked = credit(valid_until=NOW + DAY)
    here = served(HERE.id, SERVICE, guaranteed_until=NOW + 3 * DAY)

    found = judged(wish(FIBRE, at_place=HERE, assessed=unasked, qualifications={**elsewhere, **here}))

    assert found.guaranteed_until == NOW + 3 * DAY
