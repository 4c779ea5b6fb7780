"""Pools of numbers, SIMs and ports with reservations that expire, and TMF638 services in use.

Every address has 64 ports, but for those seeded in `fullPlace.json`. A reservation lasts until its `validFor` ends,
half an hour when the request does not say.
"""

import heapq
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.mock.collection import Refused, Resource, answer, body_of, now
from connectors.mock.state import Document, State, seed, text_of

POOL_ROOT = "tmf-api/resourcePoolManagement/v4"
SERVICE_ROOT = "tmf-api/serviceInventory/v4"
ROOTS = (POOL_ROOT, SERVICE_ROOT)
POOL_SIZE = 20000
PORTS = 64
HELD_FOR = timedelta(minutes=30)
LIVE = frozenset({"reserved", "inUse"})
MOVES = {
    "reserved": frozenset({"inUse", "released"}),
    "inUse": frozenset({"released"}),
    "released": frozenset({"released"}),
    "expired": frozenset({"released"}),
}


def _number(n: int) -> str:
    return f"+49151{55000000 + n * 7:08d}"


def _iccid(n: int) -> str:
    digits = f"894915{n:012d}"
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits))]
    return f"{digits}{-sum(d - 9 if d > 9 else d for d in doubled) % 10}"


class ServiceResources:
    """The pools and what is held of them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._full = {text_of(entry, "place") for entry in seed("fullPlace")}
        self._pools: dict[str, Callable[[str], Iterable[str]]] = {
            "msisdn": lambda _: map(_number, range(POOL_SIZE)),
            "sim": lambda _: map(_iccid, range(POOL_SIZE)),
            "port": self._ports,
        }
        # what is held, and when it ends, so that a pool of thousands is not searched for each request
        self._held: dict[tuple[str, str], str] = {}
        self._ends: list[tuple[datetime, str]] = []
        for reservation in state.members("reservation").values():
            self._note(reservation)

    def resources(self) -> Iterable[Resource]:
        """The plain collections."""
        yield Resource(
            backend="service_resources",
            name="reservation",
            root=POOL_ROOT,
            id_prefix="rsv-",
            required=("resourceType",),
            on_create=self._reserve,
            on_patch=self._move,
            created=self._note,
            changed=self._note,
            refresh=self._expire,
            once_by="externalId",
            once_while=LIVE,
            patchable=True,
        )
        yield Resource(backend="service_resources", name="service", root=SERVICE_ROOT)

    def routes(self) -> list[Route]:
        """The task resource."""
        return [Route(f"/{POOL_ROOT}/availabilityCheck", self._check, methods=["POST"])]

    def _ports(self, place: str) -> Iterable[str]:
        return () if place in self._full else (f"port-{place}-{n}" for n in range(1, PORTS + 1))

    def _candidates(self, wish: Document) -> Iterable[str]:
        kind = text_of(wish, "resourceType")
        if kind not in self._pools:
            raise Refused(400, "bad resource type", f"resourceType is one of {', '.join(self._pools)}")
        place = wish.get("place")
        return self._pools[kind](text_of(place, "id") if isinstance(place, dict) else "")

    def _note(self, reservation: Document) -> None:
        held = (text_of(reservation, "resourceType"), text_of(reservation, "value"))
        if reservation["state"] in LIVE:
            self._held[held] = text_of(reservation, "id")
        elif self._held.get(held) == reservation["id"]:
            del self._held[held]
        valid_for = reservation.get("validFor")
        if reservation["state"] == "reserved" and isinstance(valid_for, dict):
            until = datetime.fromisoformat(text_of(valid_for, "endDateTime"))
            heapq.heappush(self._ends, (until, text_of(reservation, "id")))

    def _expire(self) -> None:
        """What was not taken into use in time is free again."""
        while self._ends and self._ends[0][0] <= datetime.now(UTC):
            _, reservation_id = heapq.heappop(self._ends)
            reservation = self._state.members("reservation")[reservation_id]
            if reservation["state"] == "reserved":
                expired = {**reservation, "state": "expired"}
                self._state.put("reservation", expired)
                self._note(expired)

    def _reserve(self, reservation: Document) -> None:
        kind, wanted = text_of(reservation, "resourceType"), text_of(reservation, "value")
        candidates = self._candidates(reservation)
        if wanted and ((kind, wanted) in self._held or wanted not in set(candidates)):
            raise Refused(409, "taken", f"{wanted} is not free")
        value = wanted or next((c for c in candidates if (kind, c) not in self._held), "")
        if not value:
            raise Refused(409, "none left", f"no {kind} is free")
        reservation["value"] = value
        reservation["state"] = "reserved"
        until = (datetime.now(UTC) + HELD_FOR).isoformat()
        reservation.setdefault("validFor", {"startDateTime": now(), "endDateTime": until})

    @staticmethod
    def _move(reservation: Document, patch: Document) -> None:
        old, new = text_of(reservation, "state"), text_of(patch, "state")
        if new and new != old and new not in MOVES.get(old, frozenset()):
            raise Refused(409, "illegal transition", f"a reservation that is {old} does not become {new}")

    async def _check(self, request: Request) -> Response:
        try:
            wish = await body_of(request)
            candidates = self._candidates(wish)
        except Refused as refusal:
            return refusal.answer()
        self._expire()
        kind, pattern, limit = text_of(wish, "resourceType"), text_of(wish, "pattern"), wish.get("requestedQuantity")
        free = (c for c in candidates if (kind, c) not in self._held and pattern in c)
        found = islice(free, limit if isinstance(limit, int) else 20)
        return answer(201, {"state": "done", "availableResource": [{"value": value} for value in found]})
