"""The network at a place: what is recorded of it, what discovery has seen, and how the two differ. TMF639 resource."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from connectors.base import BackendHttp
from connectors.wire import PlaceRef, Ref

COMPARED: Final = ("resource_status", "administrative_state", "operational_state", "usage_state")


class Resource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A piece of the network (TMF639). The states are the standard's words; None: it is not said.

    `discovered`: seen in the network itself, in place of recorded in the inventory. The same piece has the same name
    in both.
    """

    id: str
    name: str
    kind: str | None = None
    place_id: str | None = None
    discovered: bool = False
    resource_status: str | None = None
    administrative_state: str | None = None
    operational_state: str | None = None
    usage_state: str | None = None


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Where the record and the network do not agree. `attribute` None: the piece is only in one of the two."""

    name: str
    attribute: str | None
    recorded: str | None
    discovered: str | None

    def __str__(self) -> str:
        if self.attribute is None:
            return f"{self.name} is not in the network" if self.recorded else f"{self.name} is not on record"
        return f"{self.name}: {self.attribute} is {self.discovered}, on record it is {self.recorded}"


def drift(recorded: Sequence[Resource], discovered: Sequence[Resource]) -> tuple[Drift, ...]:
    """Where they do not agree, by name. A state that one of the two does not know is no disagreement."""
    on_record, seen = {r.name: r for r in recorded}, {r.name: r for r in discovered}
    found: list[Drift] = []
    for name in sorted(on_record.keys() | seen.keys()):
        ours, theirs = on_record.get(name), seen.get(name)
        if ours is None or theirs is None:
            found.append(
                Drift(
                    name=name,
                    attribute=None,
                    recorded=ours.id if ours else None,
                    discovered=theirs.id if theirs else None,
                )
            )
            continue
        for attribute in COMPARED:
            said: tuple[str | None, str | None] = (getattr(ours, attribute), getattr(theirs, attribute))
            if None not in said and said[0] != said[1]:
                found.append(Drift(name=name, attribute=attribute, recorded=said[0], discovered=said[1]))
    return tuple(found)


class _Characteristic(msgspec.Struct):
    name: str
    value: object = None


class _Resource(msgspec.Struct, rename="camel"):
    id: str
    name: str = ""
    category: str | None = None
    place: list[PlaceRef] = []
    resource_specification: Ref | None = None
    resource_status: str | None = None
    administrative_state: str | None = None
    operational_state: str | None = None
    usage_state: str | None = None
    resource_characteristic: list[_Characteristic] = []


def _read(wire: _Resource) -> Resource:
    return Resource(
        id=wire.id,
        name=wire.name or wire.id,
        kind=wire.category or (wire.resource_specification.id if wire.resource_specification else None),
        place_id=next((place.place_id for place in wire.place if place.place_id), None),
        discovered=any(c.name == "source" and c.value == "discovery" for c in wire.resource_characteristic),
        resource_status=wire.resource_status,
        administrative_state=wire.administrative_state,
        operational_state=wire.operational_state,
        usage_state=wire.usage_state,
    )


async def read_resources(http: BackendHttp, attribute: str, place_ids: Collection[str]) -> list[Resource]:
    """All of the network at these places, recorded and discovered. Raises BackendFailure."""
    found = await http.where("listResource", "resource", attribute, place_ids, list[_Resource])
    return [_read(wire) for wire in found]
