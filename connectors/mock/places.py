"""TMF673 addresses, TMF674 sites, TMF645 serviceability.

A free text is validated by its words: every word must begin a word of the address. One address left is a success,
several are alternatives, none is a failure with whatever shares a word as alternatives.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.collection import Refused, Resource, answer, body_of, error, now
from connectors.mock.faults import Control
from connectors.mock.state import Document, State, seed, text_of

ADDRESS_ROOT = "tmf-api/geographicAddressManagement/v4"
SERVICEABILITY_ROOT = "tmf-api/serviceQualificationManagement/v4"
SITE_ROOT = "tmf-api/geographicSiteManagement/v4"

CHECK = "checkServiceQualification"
MOST_ALTERNATIVES = 10
THINKS = timedelta(seconds=0.3)
"""How long a place of which the network is not known at once takes to be looked at."""


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower().replace("strasse", "straße").replace("str.", "straße"))


def _address_words(address: Document) -> list[str]:
    parts = ("streetName", "streetNr", "postcode", "city")
    return _words(" ".join(text_of(address, part) for part in parts))


def _means(wanted: list[str], words: list[str]) -> bool:
    # a number is meant whole, "1" is not the beginning of "12"; the last word may be cut short
    return all(w in words or (not w.isdigit() and any(x.startswith(w) for x in words)) for w in wanted)


class Places:
    """The operations that are more than collections."""

    def __init__(self, state: State, control: Control) -> None:
        self._state = state
        self._control = control
        self._networks = {text_of(entry, "place"): entry for entry in seed("serviceability")}
        self._words = {key: _address_words(a) for key, a in state.members("geographicAddress").items()}

    def resources(self) -> Iterable[Resource]:
        """The plain collections."""
        yield Resource(backend="address", name="geographicAddress", root=ADDRESS_ROOT)
        yield Resource(backend="address", name="geographicSite", root=SITE_ROOT)
        yield Resource(
            backend="serviceability",
            name=CHECK,
            root=SERVICEABILITY_ROOT,
            refresh=self._decide,
        )

    def routes(self) -> list[Route]:
        """The task resources: validate, check."""
        return [
            Route(f"/{ADDRESS_ROOT}/geographicAddressValidation", self._validate, methods=["POST"]),
            Route(f"/{SERVICEABILITY_ROOT}/{CHECK}", self._check, methods=["POST"]),
        ]

    async def _validate(self, request: Request) -> Response:
        try:
            document = await body_of(request)
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        submitted = document.get("submittedGeographicAddress")
        if not isinstance(submitted, dict):
            return error(400, "missing attribute", "submittedGeographicAddress is required")
        parts = ("fullText", "streetName", "streetNr", "postcode", "city")
        wanted = _words(" ".join(text_of(submitted, part) for part in parts))
        addresses = self._state.members("geographicAddress")
        exact = [addresses[key] for key, words in self._words.items() if wanted and _means(wanted, words)]
        names = [w for w in wanted if not w.isdigit()]
        near = exact or [
            addresses[key] for key, words in self._words.items() if any(x.startswith(w) for w in names for x in words)
        ]
        result: Document = {
            "state": "done",
            "validationDate": now(),
            "provideAlternative": True,
            "submittedGeographicAddress": submitted,
        }
        if len(exact) == 1:
            result |= {"validationResult": "success", "validGeographicAddress": exact[0]}
        else:
            result |= {
                "validationResult": "partial" if exact else "fail",
                "alternateGeographicAddress": near[:MOST_ALTERNATIVES],
            }
        return answer(201, result)

    async def _check(self, request: Request) -> Response:
        try:
            document = await body_of(request)
        except Refused as refusal:
            return error(refusal.status, refusal.reason, refusal.message)
        items = document.get("serviceQualificationItem")
        if not isinstance(items, list) or not items:
            return error(400, "missing attribute", "serviceQualificationItem is required")
        place = self._place_of(items[0])
        asked = hashlib.sha256(orjson.dumps(items)).hexdigest()[:12]
        check: Document = {
            "id": f"sq-{place or 'unknown'}-{asked}",
            "@type": "CheckServiceQualification",
            "instantSyncQualification": document.get("instantSyncQualification", True),
            "provideAlternative": document.get("provideAlternative", False),
            "serviceQualificationItem": items,
        }
        if self._network(place).get("thinks"):
            check |= {"state": "inProgress", "estimatedResponseDate": (datetime.now(UTC) + THINKS).isoformat()}
        else:
            check = self._decided(check)
        self._state.put(CHECK, check)
        return answer(201, check)

    def _decide(self) -> None:
        """Come to a result where the time for it is up."""
        for check in list(self._state.members(CHECK).values()):
            expected = text_of(check, "estimatedResponseDate")
            if check["state"] == "inProgress" and datetime.fromisoformat(expected) <= datetime.now(UTC):
                self._state.put(CHECK, self._decided(check))

    def _decided(self, check: Document) -> Document:
        items = [item for item in _list(check["serviceQualificationItem"]) if isinstance(item, dict)]
        results = [self._check_item(item, propose=check.get("provideAlternative") is True) for item in items]
        qualified = all(r["qualificationItemResult"] == "qualified" for r in results)
        guaranteed = timedelta(seconds=self._control.faults["serviceability"].guaranteed_seconds)
        return check | {
            "state": "done",
            "qualificationResult": "qualified" if qualified else "unqualified",
            "effectiveQualificationDate": now(),
            "expirationDate": (datetime.now(UTC) + guaranteed).isoformat(),
            "serviceQualificationItem": results,
        }

    def _network(self, place: str) -> Document:
        """What is known of the network at a place; what is said of no place holds for all others."""
        return self._networks.get(place) or self._networks[""]

    def _check_item(self, item: Document, *, propose: bool) -> Document:
        service = item.get("service")
        specification = service.get("serviceSpecification") if isinstance(service, dict) else None
        wanted = specification.get("id") if isinstance(specification, dict) else None
        place = self._place_of(item)
        network = self._network(place)
        known = place in self._state.members("geographicAddress")
        if known and wanted in _list(network.get("services")):
            return {**item, "state": "done", "qualificationItemResult": "qualified"}
        reason = text_of(network, "reason") if known else "the address is unknown"
        result: Document = {
            **item,
            "state": "done",
            "qualificationItemResult": "unqualified",
            "eligibilityUnavailabilityReason": [{"code": "NO_NETWORK", "label": reason}],
        }
        if known and propose:
            result["alternateServiceProposal"] = [
                {"id": str(n), "alternateService": {"serviceSpecification": {"id": service_id, "name": service_id}}}
                for n, service_id in enumerate(_list(network.get("alternatives")), 1)
                if service_id != wanted
            ]
        return result

    @staticmethod
    def _place_of(item: Document) -> str:
        service = item.get("service")
        places = service.get("place") if isinstance(service, dict) else None
        first = places[0] if isinstance(places, list) and places else None
        return text_of(first, "id") if isinstance(first, dict) else ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
