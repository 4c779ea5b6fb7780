"""Billing: the accounts that charges go to. TMF666 billingAccount, v4."""

from collections.abc import Collection
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, OpenApi
from connectors.owners import by_owner
from connectors.wire import Json

APIS: Final[Apis] = {"TMF666": OpenApi(v4="tmf-api/accountManagement/v4")}


class BillingAccount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A billing account (TMF666) and whose it is."""

    id: str
    name: str
    state: str | None = None
    customer_ids: tuple[str, ...] = ()


class _Ref(msgspec.Struct):
    id: str
    role: str | None = None


class _BillingAccount(msgspec.Struct, rename="camel"):
    id: str
    name: str
    state: str | None = None
    related_party: list[_Ref] = []


def _read(wire: _BillingAccount) -> BillingAccount:
    customers = tuple(p.id for p in wire.related_party if (p.role or "customer").lower() == "customer")
    return BillingAccount(id=wire.id, name=wire.name, state=wire.state, customer_ids=customers)


class BillingBackend:
    """Raises BackendFailure when there is no answer. An unknown account is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http

    async def by_ids(self, ids: Collection[str]) -> dict[str, BillingAccount]:
        """The accounts with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listBillingAccount", "billingAccount", ids, list[_BillingAccount])
        return {wire.id: _read(wire) for wire in found}

    async def accounts_of(self, customer_ids: Collection[str]) -> dict[str, tuple[BillingAccount, ...]]:
        """The accounts of each of these customers; every asked customer is in the answer."""
        found = await self._http.where(
            "listBillingAccount", "billingAccount", "relatedParty.id", customer_ids, list[_BillingAccount]
        )
        return by_owner(customer_ids, map(_read, found))

    async def open_account(self, customer_id: str, customer_name: str, *, key: str) -> BillingAccount:
        """Open an account for the customer."""
        body: Json = {
            "name": f"Account of {customer_name}",
            "relatedParty": [{"id": customer_id, "name": customer_name, "role": "customer"}],
        }
        answer = await self._http.write("POST", "createBillingAccount", "billingAccount", body, key=key)
        return _read(answer.decode(_BillingAccount))
