"""Serviceability: can we serve this place? TMF645 checkServiceQualification, v4."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, FailureKind, OpenApi
from connectors.wire import Instant, Json

APIS: Final[Apis] = {"TMF645": OpenApi(v4="tmf-api/serviceQualificationManagement/v4")}


class Serviceability(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one place. `valid_until` None: the backend did not say."""

    id: str
    serviceable: bool
    reason: str | None = None
    valid_until: datetime | None = None


class _Reason(msgspec.Struct):
    label: str


class _Item(msgspec.Struct, rename="camel"):
    eligibility_unavailability_reason: list[_Reason] = []


class _Check(msgspec.Struct, rename="camel"):
    id: str
    state: str
    qualification_result: str | None = None
    service_qualification_item: list[_Item] = []
    expiration_date: Instant | None = None


class ServiceabilityBackend:
    """Raises BackendFailure when there is no answer. "No, not here" is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def check(self, place_id: str, service_specification_ids: Collection[str]) -> Serviceability:
        """Whether these services can all be delivered at the place with this TMF673 address id. Repeatable."""
        body: Json = {
            "instantSyncQualification": True,
            "provideUnavailabilityReason": True,
            "serviceQualificationItem": [
                {
                    "id": str(n),
                    "service": {
                        "serviceSpecification": {"id": specification_id},
                        "place": [
                            {"id": place_id, "role": "installationAddress", "@referredType": "GeographicAddress"}
                        ],
                    },
                }
                for n, specification_id in enumerate(sorted(service_specification_ids), 1)
            ],
        }
        answer = await self._http.ask("createCheckServiceQualification", "checkServiceQualification", body)
        wire = answer.decode(_Check)
        if wire.state != "done" or wire.qualification_result is None:
            detail = f"the check is {wire.state}, with the result {wire.qualification_result}"
            raise self._http.failure(answer.operation, FailureKind.MALFORMED, detail, retryable=True)
        reasons = [r.label for item in wire.service_qualification_item for r in item.eligibility_unavailability_reason]
        return Serviceability(
            id=wire.id,
            serviceable=wire.qualification_result == "qualified",
            reason="; ".join(dict.fromkeys(reasons)) or None,
            valid_until=wire.expiration_date,
        )
