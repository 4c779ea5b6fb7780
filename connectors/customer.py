"""Customer information: who the customer is, and which people, organizations and roles stand behind. TMF629 customer,
TMF632 individual and organization, TMF669 partyRole, v4 and v5.
"""

import asyncio
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Final

import msgspec

from connectors.base import Apis, BackendHttp, Dialect, OpenApi, Page
from connectors.owners import grouped
from connectors.wire import Day, Instant, Json, Ref, segment

APIS: Final[Apis] = {
    "TMF629": OpenApi(v4="tmf-api/customerManagement/v4", v5="customerManagement/v5"),
    "TMF632": OpenApi(v4="tmf-api/party/v4", v5="partyManagement/v5"),
    "TMF669": OpenApi(v4="tmf-api/partyRoleManagement/v4", v5="partyRoleManagement/v5"),
}
MEDIA: Final[Mapping[str, str]] = {
    "email": "email",
    "emailcontactmedium": "email",
    "phone": "sms",
    "mobile": "sms",
    "telephone": "sms",
    "phonecontactmedium": "sms",
    "postaladdress": "post",
    "geographicaddresscontactmedium": "post",
}
"""How a customer can be reached, by mediumType (v4) or @type (v5) in small letters."""


class Customer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A customer (TMF629). `status` is the backend's own word; `party_id` the individual or organization (TMF632).

    `preferred_medium` is email, sms or post; `language` a tag such as "de". `consents` says since when the customer
    agrees, by purpose. TMF629 has no attributes for segment, market, language, vip and consents, so that they are
    characteristics of these names; a consent is "consent." and its purpose.
    """

    id: str
    name: str
    status: str | None = None
    status_reason: str | None = None
    party_id: str | None = None
    party_type: str | None = None
    email: str | None = None
    phone: str | None = None
    preferred_medium: str | None = None
    language: str | None = None
    segment: str | None = None
    market: str | None = None
    vip: bool = False
    agreement_ids: tuple[str, ...] = ()
    consents: Mapping[str, datetime] = {}


class Party(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A person or an organization (TMF632); `type` is Individual or Organization."""

    id: str
    type: str
    name: str
    status: str | None = None
    birth_date: date | None = None
    nationality: str | None = None
    parent_id: str | None = None


class PartyRole(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a party is to the operator (TMF669); `name` is the role: dealer, affiliate …"""

    id: str
    name: str
    party_id: str
    status: str | None = None


class _EngagedParty(msgspec.Struct):
    id: str
    type: str | None = msgspec.field(default=None, name="@referredType")


class _Reached(msgspec.Struct, rename="camel"):
    email_address: str | None = None
    phone_number: str | None = None


class _ContactMedium(msgspec.Struct, rename="camel"):
    """v4 has the address inside `characteristic`, v5 beside the type."""

    type: str | None = msgspec.field(default=None, name="@type")
    medium_type: str | None = None
    preferred: bool = False
    characteristic: _Reached | None = None
    email_address: str | None = None
    phone_number: str | None = None

    @property
    def email(self) -> str | None:
        return self.characteristic.email_address if self.characteristic else self.email_address

    @property
    def phone(self) -> str | None:
        return self.characteristic.phone_number if self.characteristic else self.phone_number

    @property
    def kind(self) -> str | None:
        said = (self.medium_type, self.type)
        return next((MEDIA[word.lower()] for word in said if word and word.lower() in MEDIA), None)


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class _Customer(msgspec.Struct, rename="camel"):
    id: str
    name: str
    status: str | None = None
    status_reason: str | None = None
    engaged_party: _EngagedParty | None = None
    contact_medium: list[_ContactMedium] = []
    characteristic: list[_Characteristic] = []
    agreement: list[Ref] = []


class _Parent(msgspec.Struct):
    organization: Ref


class _Party(msgspec.Struct, rename="camel"):
    """An individual or an organization; v5 calls fullName name."""

    id: str
    name: str | None = None
    full_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    trading_name: str | None = None
    status: str | None = None
    birth_date: Day | None = None
    nationality: str | None = None
    organization_parent_relationship: _Parent | None = None

    @property
    def called(self) -> str:
        whole = " ".join(part for part in (self.given_name, self.family_name) if part)
        return self.name or self.full_name or self.trading_name or whole or self.id


class _PartyRole(msgspec.Struct, rename="camel"):
    id: str
    name: str
    engaged_party: _EngagedParty
    status: str | None = None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _since(value: object) -> datetime | None:
    """A consent that names no time was not given: nobody could prove it."""
    try:
        return msgspec.convert(value, Instant)
    except msgspec.ValidationError:
        return None


def _read(wire: _Customer) -> Customer:
    media = sorted(wire.contact_medium, key=lambda medium: not medium.preferred)
    said = {c.name: c.value for c in wire.characteristic}
    consents = {name.removeprefix("consent."): _since(v) for name, v in said.items() if name.startswith("consent.")}
    return Customer(
        id=wire.id,
        name=wire.name,
        status=wire.status,
        status_reason=wire.status_reason,
        party_id=wire.engaged_party.id if wire.engaged_party else None,
        party_type=wire.engaged_party.type if wire.engaged_party else None,
        email=next((medium.email for medium in media if medium.email), None),
        phone=next((medium.phone for medium in media if medium.phone), None),
        preferred_medium=next((medium.kind for medium in media if medium.preferred), None),
        language=_text(said.get("language")),
        segment=_text(said.get("segment")),
        market=_text(said.get("market")),
        vip=said.get("vip") in (True, "true"),
        agreement_ids=tuple(agreement.id for agreement in wire.agreement),
        consents={purpose: since for purpose, since in consents.items() if since},
    )


def _read_party(wire: _Party, kind: str) -> Party:
    parent = wire.organization_parent_relationship
    return Party(
        id=wire.id,
        type=kind,
        name=wire.called,
        status=wire.status,
        birth_date=wire.birth_date.day if wire.birth_date else None,
        nationality=wire.nationality,
        parent_id=parent.organization.id if parent else None,
    )


class CustomerBackend:
    """Raises BackendFailure when there is no answer. An unknown customer is an answer."""

    def __init__(self, http: BackendHttp) -> None:
        self._http = http
        self._parties = http.at("TMF632")
        self._roles = http.at("TMF669")

    async def by_ids(self, ids: Collection[str]) -> dict[str, Customer]:
        """The customers with these ids; unknown ids are absent."""
        found = await self._http.by_ids("listCustomer", "customer", ids, list[_Customer])
        return {wire.id: _read(wire) for wire in found}

    async def search(self, name: str | None, *, offset: int, limit: int) -> Page[Customer]:
        """Customers whose name contains `name`, without regard to case, sorted by the backend."""
        query = {"offset": str(offset), "limit": str(limit)}
        if name:
            query["name.regex"] = f"(?i){re.escape(name)}"
        answer = await self._http.get("listCustomer", "customer", query)
        found = tuple(_read(wire) for wire in answer.decode(list[_Customer]))
        return Page(found, offset + len(found) if answer.total is None else answer.total)

    async def parties_by_ids(self, ids: Collection[str]) -> dict[str, Party]:
        """The people and organizations with these ids; unknown ids are absent."""
        people, organizations = await asyncio.gather(
            self._parties.by_ids("listIndividual", "individual", ids, list[_Party]),
            self._parties.by_ids("listOrganization", "organization", ids, list[_Party]),
        )
        found = [_read_party(wire, "Individual") for wire in people]
        found += [_read_party(wire, "Organization") for wire in organizations]
        return {party.id: party for party in found}

    async def roles_of(self, party_ids: Collection[str]) -> dict[str, tuple[PartyRole, ...]]:
        """What each of these parties is to the operator; every asked party is in the answer."""
        found = await self._roles.where("listPartyRole", "partyRole", "engagedParty.id", party_ids, list[_PartyRole])
        roles = (
            PartyRole(id=wire.id, name=wire.name, party_id=wire.engaged_party.id, status=wire.status) for wire in found
        )
        return grouped(party_ids, roles, lambda role: (role.party_id,))

    async def set_status(self, customer_id: str, status: str, *, key: str) -> Customer | None:
        """Give the customer this status; None when there is no such customer."""
        body: dict[str, Json] = {"status": status}
        if self._http.dialect is Dialect.V5:
            body["@type"] = "Customer"
        answer = await self._http.write(
            "PATCH",
            "patchCustomer",
            f"customer/{segment(customer_id)}",
            body,
            key=key,
            expected={HTTPStatus.NOT_FOUND},
        )
        return None if answer.status == HTTPStatus.NOT_FOUND else _read(answer.decode(_Customer))
