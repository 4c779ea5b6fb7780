"""The backends in v5: the same documents, translated on the way in and out. Everything else here knows v4 only.

What v5 does otherwise: each write says its `@type`; a related party is inside `partyOrPartyRole`, a related place
inside `place`; characteristics are typed; contact media are flat; a price alteration is a price of its own, which the
price names as `discountedBy`; a service order's external id is an `externalReference`. Source: TMF620, 629, 632, 637,
639, 641 v5.0.
"""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.mock import catalog, people, provisioning
from connectors.mock.collection import error
from connectors.mock.state import Document, text_of

ROOTS = {
    "productCatalogManagement/v5": catalog.ROOT,
    "customerManagement/v5": people.CUSTOMER_ROOT,
    "partyManagement/v5": people.PARTY_ROOT,
    "partyRoleManagement/v5": people.PARTY_ROLE_ROOT,
    "serviceOrdering/v5": provisioning.ROOT,
    "productInventory/v5": people.INVENTORY_ROOT,
    "resourceInventoryManagement/v5": people.NETWORK_ROOT,
}
"""Where each Open API is in v5, and where in v4."""

FILTERS = {"relatedParty.partyOrPartyRole.id": "relatedParty.id", "place.place.id": "place.id"}
PLAIN_PLACES = frozenset({"productOffering", "productOfferingPrice"})
TYPED = ("characteristic", "productCharacteristic", "productOfferingCharacteristic", "resourceCharacteristic")
MEDIA = {"email": "Email", "phone": "Phone", "postalAddress": "GeographicAddress"}
ALTERATION = "-alteration-"


def outgoing(resource: str, document: Document) -> Document:
    """The v4 document as v5 has it."""
    told = {"@type": resource[0].upper() + resource[1:], **document}
    if "relatedParty" in told:
        told["relatedParty"] = [_wrapped_party(party) for party in _dicts(told["relatedParty"])]
    if "place" in told and resource not in PLAIN_PLACES:
        told["place"] = [_wrapped_place(place) for place in _dicts(told["place"])]
    for name in TYPED:
        if name in told:
            told[name] = [_typed(characteristic) for characteristic in _dicts(told[name])]
    translate = OUT.get(resource)
    return translate(told) if translate else told


def incoming(resource: str, document: Document) -> Document:
    """The v5 document as v4 has it."""
    asked = dict(document)
    if "relatedParty" in asked:
        asked["relatedParty"] = [_unwrapped(party, "partyOrPartyRole") for party in _dicts(asked["relatedParty"])]
    if "place" in asked:
        asked["place"] = [_unwrapped(place, "place") for place in _dicts(asked["place"])]
    if resource == "serviceOrder":
        for reference in _dicts(asked.pop("externalReference", [])):
            asked["externalId"] = text_of(reference, "id")
        asked["serviceOrderItem"] = [
            {**item, "service": incoming("service", service)}
            if isinstance(service := item.get("service"), dict)
            else item
            for item in _dicts(asked.get("serviceOrderItem"))
        ]
    return asked


class V5:
    """Answers v5 requests with the v4 application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Translate, unless the request is in v4 or for none of the backends that speak v5."""
        found = next((root for root in ROOTS if scope.get("path", "").startswith(f"/{root}/")), None)
        if scope["type"] != "http" or found is None:
            await self._app(scope, receive, send)
            return
        rest = scope["path"].removeprefix(f"/{found}/")
        resource = rest.split("/", 1)[0]
        body = await Request(scope, receive).body()
        if body:
            document = orjson.loads(body)
            if not isinstance(document, dict) or not document.get("@type"):
                await error(400, "missing attribute", "@type is required")(scope, receive, send)
                return
            body = orjson.dumps(incoming(resource, document))
        query = [(FILTERS.get(name, name), value) for name, value in parse_qsl(scope["query_string"].decode())]
        wanted = next((value.split(",") for name, value in query if name == "id"), None)
        if resource == "productOfferingPrice" and wanted is not None:
            prices = dict.fromkeys(price_id.split(ALTERATION)[0] for price_id in wanted)
            query = [(name, ",".join(prices) if name == "id" else value) for name, value in query]
        asked = {
            **scope,
            "dialect": "v5",
            "path": f"/{ROOTS[found]}/{rest}",
            "query_string": urlencode(query).encode(),
        }
        await self._app(asked, _once(body), _Translated(send, resource, wanted))


class _Translated:
    """Sends an answer in v5."""

    def __init__(self, send: Send, resource: str, wanted: list[str] | None) -> None:
        self._send = send
        self._resource = resource
        self._wanted = wanted
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body, headers = self._body, MutableHeaders(raw=list(self._start["headers"]))
        if (
            self._start["status"] < 300
            and Headers(raw=self._start["headers"]).get("content-type") == "application/json"
        ):
            body = orjson.dumps(self._translated(orjson.loads(body), headers))
        headers["content-length"] = str(len(body))
        await self._send({**self._start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})

    def _translated(self, answer: object, headers: MutableHeaders) -> object:
        if isinstance(answer, dict):
            return outgoing(self._resource, answer)
        members = [outgoing(self._resource, member) for member in _dicts(answer)]
        if self._resource == "productOfferingPrice":
            everything = [alteration for price in _dicts(answer) for alteration in _alterations(price)] + members
            members = [m for m in everything if self._wanted is None or m["id"] in self._wanted]
            if self._wanted is not None:
                headers["x-total-count"] = str(len(members))
        return members


def _once(body: bytes) -> Receive:
    """The body as one message."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return receive


def _dicts(value: object) -> list[Document]:
    return [member for member in value if isinstance(member, dict)] if isinstance(value, list) else []


def _wrapped_party(party: Document) -> Document:
    ref = {name: value for name, value in party.items() if name != "role"}
    return {
        "@type": "RelatedPartyRefOrPartyRoleRef",
        "role": party.get("role"),
        "partyOrPartyRole": {"@type": "PartyRef", **ref},
    }


def _wrapped_place(place: Document) -> Document:
    ref = {name: value for name, value in place.items() if name != "role"}
    return {"@type": "RelatedPlaceRefOrValue", "role": place.get("role"), "place": {"@type": "PlaceRef", **ref}}


def _unwrapped(related: Document, inside: str) -> Document:
    ref = related.get(inside)
    if not isinstance(ref, dict):
        return related
    flat = {name: value for name, value in ref.items() if name != "@type"}
    return {**flat, "role": related["role"]} if "role" in related else flat


def _typed(characteristic: Document) -> Document:
    kinds: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
    kind = kinds.get(type(characteristic.get("value")), "object")
    return {**characteristic, "valueType": kind, "@type": f"{kind.capitalize()}Characteristic"}


def _customer(customer: Document) -> Document:
    media = []
    for medium in _dicts(customer.get("contactMedium")):
        reached = medium.get("characteristic")
        flat = reached if isinstance(reached, dict) else {}
        kind = MEDIA.get(text_of(medium, "mediumType"), "")
        media.append({"@type": f"{kind}ContactMedium", "preferred": medium.get("preferred", False), **flat})
    return {**customer, "contactMedium": media}


def _individual(individual: Document) -> Document:
    return {**_without(individual, "fullName"), "name": individual.get("fullName")}


def _specification(specification: Document) -> Document:
    characteristics = [
        {
            **_without(characteristic, "productSpecCharacteristicValue"),
            "@type": "CharacteristicSpecification",
            "characteristicValueSpecification": characteristic.get("productSpecCharacteristicValue", []),
        }
        for characteristic in _dicts(specification.get("productSpecCharacteristic"))
    ]
    return {**specification, "productSpecCharacteristic": characteristics}


def _price(price: Document) -> Document:
    related = [
        {
            "id": alteration["id"],
            "name": alteration["name"],
            "relationshipType": "discountedBy",
            "@referredType": "ProductOfferingPriceAlteration",
            "@type": "ProductOfferingPriceRelationship",
        }
        for alteration in _alterations(price)
    ]
    return {**_without(price, "priceAlteration"), "popRelationship": related}


def _alterations(price: Document) -> list[Document]:
    return [
        {**alteration, "id": f"{price['id']}{ALTERATION}{n}", "@type": "ProductOfferingPriceAlteration"}
        for n, alteration in enumerate(_dicts(price.get("priceAlteration")), 1)
    ]


def _service_order(order: Document) -> Document:
    external_id = order.get("externalId")
    reference = {"@type": "ExternalReference", "externalReferenceType": "task", "id": external_id, "name": external_id}
    items = [
        {**item, "service": outgoing("service", service)} if isinstance(service := item.get("service"), dict) else item
        for item in _dicts(order.get("serviceOrderItem"))
    ]
    told = _without(order, "externalId")
    if external_id is not None:
        told["externalReference"] = [reference]
    return {**told, "serviceOrderItem": items} if items else told


def _without(document: Document, name: str) -> Document:
    return {key: value for key, value in document.items() if key != name}


OUT: Mapping[str, Callable[[Document], Document]] = {
    "customer": _customer,
    "individual": _individual,
    "productSpecification": _specification,
    "productOfferingPrice": _price,
    "serviceOrder": _service_order,
}
"""What is special about a resource."""
