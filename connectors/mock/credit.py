"""TMF696 risk assessments: decided by a seeded score; people at the bureau decide those in review by PATCH."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_UP, Decimal

from connectors.mock.collection import Refused, Resource, now
from connectors.mock.state import Document, seed, text_of

ROOT = "tmf-api/riskManagement/v4"
GOOD_SCORE = 700
ACCEPTED_FROM, DEPOSIT_FROM, REVIEW_FROM = 600, 500, 400
VALID_FOR = timedelta(days=30)
LEAST_DEPOSIT = Decimal(50)
DECIDED = {"accept": "decided by people", "reject": "decided by people"}


class Credit:
    """The bureau."""

    def __init__(self) -> None:
        self._scores = {text_of(entry, "customer"): entry["score"] for entry in seed("creditScore")}

    def resources(self) -> Iterable[Resource]:
        """The plain collection."""
        yield Resource(
            backend="credit",
            name="partyRoleProductOfferingRiskAssessment",
            root=ROOT,
            id_prefix="ra-",
            required=("partyRole", "productOffering"),
            on_create=self._assess,
            on_patch=_decide,
            patchable=True,
        )

    def _assess(self, assessment: Document) -> None:
        if not assessment.get("consentDate"):
            raise Refused(403, "no consent", "the customer did not agree to be asked about")
        party = assessment["partyRole"]
        score = self._scores.get(text_of(party, "id") if isinstance(party, dict) else "", GOOD_SCORE)
        assert isinstance(score, int), "seeded scores are numbers"
        assessment["assessmentDate"] = now()
        assessment["state"] = "done"
        assessment["validFor"] = {"startDateTime": now(), "endDateTime": (datetime.now(UTC) + VALID_FOR).isoformat()}
        assessment["riskAssessmentResult"] = _result(score, assessment.get("commitment"))


def _result(score: int, commitment: object) -> Document:
    if score >= ACCEPTED_FROM:
        return {"overallResult": "accept", "score": score, "reason": []}
    if score >= DEPOSIT_FROM:
        value = Decimal(str(commitment.get("value", 0))) if isinstance(commitment, dict) else Decimal(0)
        deposit = max((value / 10).quantize(Decimal("1E1"), ROUND_UP) * 2, LEAST_DEPOSIT)
        unit = commitment.get("unit", "EUR") if isinstance(commitment, dict) else "EUR"
        return {
            "overallResult": "deposit",
            "score": score,
            "deposit": {"unit": unit, "value": float(deposit)},
            "reason": [{"label": "payments were late before"}],
        }
    if score >= REVIEW_FROM:
        return {"overallResult": "review", "score": score, "reason": [{"label": "too little is known"}]}
    return {"overallResult": "reject", "score": score, "reason": [{"label": "debts are being collected"}]}


def _decide(assessment: Document, patch: Document) -> None:
    decision = text_of(patch, "decision")
    result = assessment["riskAssessmentResult"]
    if decision not in DECIDED or not isinstance(result, dict):
        raise Refused(400, "bad decision", f"decision is one of {', '.join(DECIDED)}")
    if result["overallResult"] != "review":
        raise Refused(409, "decided already", f"the assessment is {result['overallResult']}")
    patch.clear()
    patch["riskAssessmentResult"] = {**result, "overallResult": decision, "reason": [{"label": DECIDED[decision]}]}
