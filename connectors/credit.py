"""Credit bureau: is the customer good for what is ordered? TMF696 partyRoleProductOfferingRiskAssessment, v4."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, OpenApi
from connectors.wire import Instant, Json, Money

APIS: Final[Apis] = {"TMF696": OpenApi(v4="tmf-api/riskManagement/v4")}
PATH: Final = "partyRoleProductOfferingRiskAssessment"


class Decision(StrEnum):
    """What the bureau advises."""

    ACCEPT = "accept"
    DEPOSIT = "deposit"
    REVIEW = "review"
    REJECT = "reject"


class RiskAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """The bureau's answer. The deposit is there when the advice is to take one."""

    id: str
    decision: Decision
    assessed_at: datetime
    score: int | None = None
    deposit_amount: Decimal | None = None
    deposit_currency: str | None = None
    reasons: tuple[str, ...] = ()
    valid_until: datetime | None = None
    customer_id: str | None = None


class NoConsent(msgspec.Struct, frozen=True, kw_only=True):
    """The bureau tells nothing about somebody who did not agree to be asked about."""

    reason: str


class _Ref(msgspec.Struct):
    id: str


class _Validity(msgspec.Struct, rename="camel"):
    end_date_time: Instant | None = None


class _Reason(msgspec.Struct):
    label: str


class _Result(msgspec.Struct, rename="camel"):
    overall_result: Decision
    score: int | None = None
    deposit: Money | None = None
    reason: list[_Reason] = []


class _Assessment(msgspec.Struct, rename="camel"):
    id: str
    risk_assessment_result: _Result
    assessment_date: Instant
    valid_for: _Validity = msgspec.field(default_factory=_Validity)
    party_role: _Ref | None = None


def _read(wire: _Assessment) -> RiskAssessment:
    result = wire.risk_assessment_result
    return RiskAssessment(
        id=wire.id,
        decision=result.overall_result,
        assessed_at=wire.assessment_date,
        score=result.score,
        deposit_amount=result.deposit.value if result.deposit else None,
        deposit_currency=result.deposit.unit if result.deposit else None,
        reasons=tuple(reason.label for reason in result.reason),
        valid_until=wire.valid_for.end_date_time,
        customer_id=wire.party_role.id if wire.party_role else None,
    )


class CreditBackend:
    """Raises BackendFailure when there is no answer. Bad advice is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def assess(
        self,
        *,
        customer_id: str,
        offering_ids: Collection[str],
        amount: Decimal,
        currency: str,
        consent_at: datetime,
        key: str,
    ) -> RiskAssessment | NoConsent:
        """What the bureau thinks of this commitment of the customer's, who agreed at `consent_at` to be asked about."""
        body: Json = {
            "partyRole": {"id": customer_id, "@referredType": "Customer"},
            "productOffering": [{"id": offering_id} for offering_id in sorted(offering_ids)],
            "commitment": {"unit": currency, "value": amount},
            "consentDate": consent_at.isoformat(),
        }
        answer = await self._http.write(
            "POST", f"create{PATH[0].upper()}{PATH[1:]}", PATH, body, key=key, expected={HTTPStatus.FORBIDDEN}
        )
        if answer.status == HTTPStatus.FORBIDDEN:
            return NoConsent(reason=answer.refusal.text or "the customer did not agree")
        return _read(answer.decode(_Assessment))

    async def by_ids(self, ids: Collection[str]) -> dict[str, RiskAssessment]:
        """The assessments with these ids, as they are now; unknown ids are absent."""
        found = await self._http.by_ids(f"list{PATH[0].upper()}{PATH[1:]}", PATH, ids, list[_Assessment])
        return {wire.id: _read(wire) for wire in found}
