"""Customer qualification: what may this customer, or prospect, have at this place, and on which conditions (TMF679).

The same rules judge here that judge an order; each offering is judged as if it were ordered alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.catalog import Offering, OfferingRelation
from app.domain.money import Money
from app.domain.order import CreditDecision, PlaceRef
from app.domain.rules import SERVES, violations
from app.domain.rules.case import Case
from app.domain.rules.credit import asks_bureau
from app.domain.rules.documents import signature_required
from app.domain.rules.places import serviceability_key
from app.domain.violations import Severity, StepKind, Violation, ViolationCode

GUARANTEED_FOR: Final = timedelta(days=14)
"""How long an answer holds that no source bounds."""


class QualificationResult(StrEnum):
    """TMF679 qualificationItemResult, told apart further."""

    QUALIFIED = "qualified"
    CONDITIONAL = "conditional"
    UNQUALIFIED = "unqualified"
    UNDETERMINED = "undetermined"
    """A source that decides gave no answer."""


class ConditionKind(StrEnum):
    """What has to be fulfilled before the offering can be had."""

    CREDIT_CHECK = "creditCheck"
    CREDIT_REVIEW = "creditReview"
    DEPOSIT = "deposit"
    AGREEMENT = "agreement"
    ADDRESS = "address"
    OTHER_ADDRESS = "otherAddress"
    OTHER_OFFERING = "otherOffering"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationCondition:
    """A condition, in words and with what it names: the deposit, the places or the offerings."""

    kind: ConditionKind
    text: str
    deposit: Money | None = None
    place_ids: tuple[str, ...] = ()
    offering_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferingQualification:
    """What was found out about one offering. `missing` names the sources that gave no answer."""

    offering_id: str
    offering_name: str
    result: QualificationResult
    reasons: tuple[Violation, ...]
    conditions: tuple[QualificationCondition, ...]
    missing: tuple[str, ...]
    guaranteed_until: datetime | None
    alternatives: tuple[str, ...] = ()


# what a real order will bring later does not speak against the offering now
_LATER: Final = frozenset({StepKind.APPOINTMENT, StepKind.AGREEMENT, StepKind.REVIEW})
# without these an offering cannot be judged at all
_DECISIVE: Final = frozenset(
    {StepKind.OFFERING, StepKind.PLACE, StepKind.SERVICEABILITY, StepKind.CUSTOMER, StepKind.PAYMENT}
)


def judged(case: Case, *, other_places: Iterable[PlaceRef] = ()) -> OfferingQualification:
    """What the case's only item qualifies for. `other_places` are those where the customer might have it instead."""
    (item,) = case.order.items
    offering = case.facts.offerings[item.offering_id]
    found = [v for v in violations(case) if v.severity is Severity.ERROR and v.rule != "sourceAnswered"]
    against = tuple(v for v in found if v.step not in _LATER and v.code is not ViolationCode.MISSING_PROPERTY)
    conditions = tuple(_conditions(case, offering, found))
    missing = tuple(name for name in case.facts.unanswered if _matters(case, offering, name))
    if case.order.credit is not None and case.order.credit.id is None and asks_bureau(case):
        missing += ("credit",)
    unserved = bool(against) and all(v.step is StepKind.SERVICEABILITY for v in against)
    elsewhere = tuple(p.id for p in other_places if unserved and _served(case, offering, p))
    if elsewhere:
        text = f"{offering.name!r} can be delivered at another address"
        conditions += (QualificationCondition(kind=ConditionKind.OTHER_ADDRESS, text=text, place_ids=elsewhere),)
        result = QualificationResult.CONDITIONAL
    elif against:
        result = QualificationResult.UNQUALIFIED
    elif any(name in SERVES and SERVES[name] in _DECISIVE for name in missing):
        result = QualificationResult.UNDETERMINED
    else:
        result = QualificationResult.CONDITIONAL if conditions else QualificationResult.QUALIFIED
    holds = result in (QualificationResult.QUALIFIED, QualificationResult.CONDITIONAL)
    return OfferingQualification(
        offering_id=offering.id,
        offering_name=offering.name,
        result=result,
        reasons=against,
        conditions=conditions,
        missing=missing,
        guaranteed_until=_guaranteed_until(case, offering, elsewhere) if holds else None,
    )


def with_alternatives(
    asked: Iterable[OfferingQualification], pool: Mapping[str, OfferingQualification], offerings: Mapping[str, Offering]
) -> tuple[OfferingQualification, ...]:
    """The answers with what could be had instead: of the same category or purpose, the likeliest first."""

    def alternatives(of: OfferingQualification) -> list[str]:
        categories = set(offerings[of.offering_id].categories)
        shared = {other: len(categories & set(offerings[other].categories)) for other in pool}
        good = (QualificationResult.QUALIFIED, QualificationResult.CONDITIONAL)
        can = [
            o for o in pool.values() if o.result in good and o.offering_id != of.offering_id and shared[o.offering_id]
        ]
        can.sort(key=lambda o: (good.index(o.result), -shared[o.offering_id]))
        return [o.offering_id for o in can]

    bad = QualificationResult.UNQUALIFIED
    return tuple(replace(of, alternatives=tuple(alternatives(of))) if of.result is bad else of for of in asked)


def _matters(case: Case, offering: Offering, source: str) -> bool:
    """Whether the silence of this source leaves something open about the offering."""
    if source in ("serviceability", "address"):
        return bool(serviceability_key(offering)) and case.order.place is not None
    return source in SERVES and SERVES[source] not in _LATER


def _served(case: Case, offering: Offering, place: PlaceRef) -> bool:
    kept = case.facts.qualifications.get((place.id, serviceability_key(offering)))
    return kept is not None and kept.serviceable


def _conditions(case: Case, offering: Offering, found: Iterable[Violation]) -> Iterable[QualificationCondition]:
    credit = case.order.credit
    if asks_bureau(case):
        if credit is None:
            text = "the credit bureau has to be asked, with the customer's consent"
            yield QualificationCondition(kind=ConditionKind.CREDIT_CHECK, text=text)
        elif credit.decision is CreditDecision.DEPOSIT and credit.deposit:
            text = f"a deposit of {credit.deposit.amount} {credit.deposit.currency}"
            yield QualificationCondition(kind=ConditionKind.DEPOSIT, text=text, deposit=credit.deposit)
        elif credit.decision is CreditDecision.REVIEW:
            yield QualificationCondition(kind=ConditionKind.CREDIT_REVIEW, text="people decide about the credit")
    if signature_required(case):
        yield QualificationCondition(kind=ConditionKind.AGREEMENT, text="a signed contract")
    if any(v.rule == "placeGiven" for v in found):
        yield QualificationCondition(kind=ConditionKind.ADDRESS, text="an address where it can be delivered")
    if any(v.rule == "requirementsMet" for v in found):
        required = tuple(r.offering_id for r in offering.related(OfferingRelation.REQUIRES))
        text = f"together with one of {', '.join(required)}"
        yield QualificationCondition(kind=ConditionKind.OTHER_OFFERING, text=text, offering_ids=required)


def _guaranteed_until(case: Case, offering: Offering, elsewhere: tuple[str, ...]) -> datetime:
    """The earliest end of what the answer stands on, two weeks at most."""
    places = elsewhere or ((case.order.place.id,) if case.order.place else ())
    answers = [case.facts.qualifications.get((place, serviceability_key(offering))) for place in places]
    credit = case.order.credit
    bounds = (
        # an answer without an end is good for the moment only
        *(answer.guaranteed_until or case.at for answer in answers if answer),
        offering.valid_until,
        credit.valid_until if credit and asks_bureau(case) else None,
        case.at + GUARANTEED_FOR,
    )
    return min(bound for bound in bounds if bound is not None)
