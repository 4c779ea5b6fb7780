"""Serviceability: can we serve this place, and if not, with what else? TMF645 checkServiceQualification, v4."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, FailureKind, OpenApi
from connectors.wire import Instant, Json, Ref, segment

APIS: Final[Apis] = {"TMF645": OpenApi(v4="tmf-api/serviceQualificationManagement/v4")}
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 1.0
UNDECIDED: Final = frozenset({"acknowledged", "inProgress"})


class Serviceability(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one place. `valid_until` None: the backend did not say.

    `alternatives` are the ids of service specifications that can be delivered there in place of what was asked for.
    """

    id: str
    serviceable: bool
    reason: str | None = None
    alternatives: tuple[str, ...] = ()
    valid_until: datetime | None = None


class _Reason(msgspec.Struct):
    label: str


class _Service(msgspec.Struct, rename="camel"):
    service_specification: Ref | None = None


class _Proposal(msgspec.Struct, rename="camel"):
    alternate_service: _Service = msgspec.field(default_factory=_Service)


class _Item(msgspec.Struct, rename="camel"):
    eligibility_unavailability_reason: list[_Reason] = []
    alternate_service_proposal: list[_Proposal] = []


class _Check(msgspec.Struct, rename="camel"):
    id: str
    state: str
    qualification_result: str | None = None
    service_qualification_item: list[_Item] = []
    expiration_date: Instant | None = None


def _read(wire: _Check) -> Serviceability:
    items = wire.service_qualification_item
    reasons = [r.label for item in items for r in item.eligibility_unavailability_reason]
    proposed = [p.alternate_service.service_specification for item in items for p in item.alternate_service_proposal]
    return Serviceability(
        id=wire.id,
        serviceable=wire.qualification_result == "qualified",
        reason="; ".join(dict.fromkeys(reasons)) or None,
        alternatives=tuple(dict.fromkeys(ref.id for ref in proposed if ref)),
        valid_until=wire.expiration_date,
    )


class ServiceabilityBackend:
    """Raises BackendFailure when there is no answer. "No, not here" is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def check(self, place_id: str, service_specification_ids: Collection[str]) -> Serviceability:
        """Whether these services can all be delivered at the place with this TMF673 address id. Repeatable.

        A backend that needs time is asked again until it knows, as long as the deadline of a call lets it.
        """
        body: Json = {
            "instantSyncQualification": True,
            "provideAlternative": True,
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
        clock = asyncio.get_running_loop().time
        until = clock() + self._http.deadline
        answer = await self._http.ask("createCheckServiceQualification", "checkServiceQualification", body)
        wire = answer.decode(_Check)
        pause = FIRST_PAUSE
        while wire.state in UNDECIDED:
            if clock() + pause > until:
                detail = f"check {wire.id} is still {wire.state} after {self._http.deadline} s"
                raise self._http.failure(answer.operation, FailureKind.TIMEOUT, detail, retryable=True)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            answer = await self._http.get(
                "retrieveCheckServiceQualification", f"checkServiceQualification/{segment(wire.id)}"
            )
            wire = answer.decode(_Check)
        if wire.state != "done" or wire.qualification_result is None:
            detail = f"the check is {wire.state}, with the result {wire.qualification_result}"
            raise self._http.failure(answer.operation, FailureKind.MALFORMED, detail, retryable=True)
        return _read(wire)

    async def by_ids(self, ids: Collection[str]) -> dict[str, Serviceability]:
        """The checks with these ids that have come to a result; others are absent."""
        found = await self._http.by_ids("listCheckServiceQualification", "checkServiceQualification", ids, list[_Check])
        return {wire.id: _read(wire) for wire in found if wire.state == "done" and wire.qualification_result}
