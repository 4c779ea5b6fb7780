"""Intelligent network: prepaid balances and numbers. TMF654 bucket, topupBalance, adjustBalance; TMF640 service; v4."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, OpenApi
from connectors.owners import by_owner
from connectors.wire import Instant, Json, Money, segment

APIS: Final[Apis] = {
    "TMF654": OpenApi(v4="tmf-api/prepayBalanceManagement/v4"),
    "TMF640": OpenApi(v4="tmf-api/ServiceActivationAndConfiguration/v4"),
}


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """A prepaid balance (TMF654). `status` is active, suspended or expired; `unit` a currency or a measure."""

    id: str
    name: str
    status: str
    remaining: Decimal
    unit: str
    msisdn: str | None = None
    valid_until: datetime | None = None
    customer_ids: tuple[str, ...] = ()


class TopUp(msgspec.Struct, frozen=True, kw_only=True):
    """Money loaded onto a balance (TMF654 TopupBalance)."""

    id: str
    status: str
    amount: Decimal
    currency: str
    bucket_id: str
    reversed: bool = False


class ActivationState(StrEnum):
    """What became of an activation."""

    ACTIVE = "active"
    FAILED = "failed"


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """A number on the prepaid platform (TMF640 Service)."""

    id: str
    state: ActivationState
    problem: str | None = None


class _Ref(msgspec.Struct):
    id: str
    role: str | None = None


class _Amount(msgspec.Struct):
    amount: Decimal
    units: str


class _Validity(msgspec.Struct, rename="camel"):
    end_date_time: Instant | None = None


class _Logical(msgspec.Struct):
    value: str | None = None


class _Bucket(msgspec.Struct, rename="camel"):
    id: str
    status: str
    remaining_value: _Amount
    name: str = ""
    logical_resource: list[_Logical] = []
    related_party: list[_Ref] = []
    valid_for: _Validity = msgspec.field(default_factory=_Validity)


class _TopUp(msgspec.Struct, rename="camel"):
    id: str
    status: str
    amount: Money
    bucket: _Ref
    reversed: bool = False


class _Activation(msgspec.Struct):
    id: str
    state: ActivationState
    note: str | None = None


def _read(wire: _Bucket) -> Bucket:
    return Bucket(
        id=wire.id,
        name=wire.name or wire.id,
        status=wire.status,
        remaining=wire.remaining_value.amount,
        unit=wire.remaining_value.units,
        msisdn=next((r.value for r in wire.logical_resource if r.value), None),
        valid_until=wire.valid_for.end_date_time,
        customer_ids=tuple(p.id for p in wire.related_party if (p.role or "customer").lower() == "customer"),
    )


def _top_up(wire: _TopUp) -> TopUp:
    return TopUp(
        id=wire.id,
        status=wire.status,
        amount=wire.amount.value,
        currency=wire.amount.unit,
        bucket_id=wire.bucket.id,
        reversed=wire.reversed,
    )


class IntelligentNetworkBackend:
    """Raises BackendFailure when there is no answer. An activation that fails is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._balances = http
        self._services = http.at("TMF640")

    async def create_bucket(
        self,
        *,
        msisdn: str,
        product_id: str,
        customer_id: str,
        external_id: str,
        key: str,
        usage_type: str = "monetary",
    ) -> Bucket:
        """Open an empty balance for the number."""
        body: Json = {
            "name": f"Balance of {msisdn}",
            "usageType": usage_type,
            "externalId": external_id,
            "logicalResource": [{"value": msisdn, "@type": "msisdn"}],
            "product": [{"id": product_id}],
            "relatedParty": [{"id": customer_id, "role": "customer", "@referredType": "Customer"}],
        }
        answer = await self._balances.write("POST", "createBucket", "bucket", body, key=key)
        return _read(answer.decode(_Bucket))

    async def top_up(self, bucket_id: str, amount: Decimal, currency: str, *, external_id: str, key: str) -> TopUp:
        """Load money onto the balance."""
        body: Json = {
            "amount": {"unit": currency, "value": amount},
            "bucket": {"id": bucket_id},
            "externalId": external_id,
        }
        answer = await self._balances.write("POST", "createTopupBalance", "topupBalance", body, key=key)
        return _top_up(answer.decode(_TopUp))

    async def reverse_top_up(self, top_up_id: str, *, key: str) -> TopUp | None:
        """Take what was loaded off again; None when there is no such top-up. Once, however often it is asked for."""
        body: Json = {
            "adjustType": "reversal",
            "topupBalance": {"id": top_up_id},
            "externalId": f"{top_up_id}:reversal",
        }
        answer = await self._balances.write(
            "POST", "createAdjustBalance", "adjustBalance", body, key=key, expected={HTTPStatus.NOT_FOUND}
        )
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        found = await self._balances.get("retrieveTopupBalance", f"topupBalance/{segment(top_up_id)}")
        return _top_up(found.decode(_TopUp))

    async def activate(
        self, *, msisdn: str, customer_id: str, bucket_id: str, external_id: str, key: str
    ) -> Activation:
        """Have the number work, charged to the balance."""
        body: Json = {
            "name": f"Prepaid {msisdn}",
            "state": "active",
            "externalId": external_id,
            "serviceSpecification": {"id": "rfs-prepaid"},
            "serviceCharacteristic": [
                {"name": "msisdn", "value": msisdn},
                {"name": "bucket", "value": bucket_id},
            ],
            "relatedParty": [{"id": customer_id, "role": "customer", "@referredType": "Customer"}],
        }
        answer = await self._services.write("POST", "createService", "service", body, key=key)
        wire = answer.decode(_Activation)
        return Activation(id=wire.id, state=wire.state, problem=wire.note)

    async def buckets_of(self, customer_ids: Collection[str]) -> dict[str, tuple[Bucket, ...]]:
        """The balances of each of these customers; every asked customer is in the answer."""
        found = await self._balances.where("listBucket", "bucket", "relatedParty.id", customer_ids, list[_Bucket])
        return by_owner(customer_ids, map(_read, found))

    async def by_ids(self, ids: Collection[str]) -> dict[str, Bucket]:
        """The balances with these ids; unknown ids are absent."""
        found = await self._balances.by_ids("listBucket", "bucket", ids, list[_Bucket])
        return {wire.id: _read(wire) for wire in found}
