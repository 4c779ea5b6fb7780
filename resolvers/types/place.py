"""Places and visits: addresses, whether they can be served, free time slots (TMF673, 645, 646)."""

import asyncio
from datetime import datetime

import strawberry
from strawberry import field

from connectors import address, inventory
from resolvers.context import Info
from resolvers.enums import ValidationResult
from resolvers.fields import loaded, resolved
from resolvers.ids import encode
from resolvers.loaders import Loaders
from resolvers.node import Node


@strawberry.type(description="A resource of the network (TMF639 Resource).")
class NetworkResource:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the resource.")
    name: str = field(description="What it is called.")
    kind: str = field(description="Kind of resource.")
    resource_status: str = field(description="standby, alarm, available, reserved, unknown or suspended.")
    administrative_state: str | None = field(description="locked, unlocked or shutdown.")
    operational_state: str | None = field(description="enable or disable.")
    usage_state: str | None = field(description="idle, active or busy.")


@strawberry.type(description="A difference between what is recorded of the network and what it shows.")
class ResourceDrift:
    resource_key: strawberry.ID = resolved(strawberry.ID, lambda root: root.resource_id, "The resource.")
    attribute: str = field(description="What differs.")
    recorded: str | None = field(description="What the inventory has; null: nothing.")
    discovered: str | None = field(description="What the network shows; null: nothing.")


async def _drift(root: strawberry.Parent[address.GeographicAddress], info: Info) -> object:
    loaders = info.context.loaders
    recorded, discovered = await asyncio.gather(
        loaders.resources_by_place_id.load(root.id), loaders.discovered_by_place_id.load(root.id)
    )
    return inventory.drift(recorded or (), discovered or ())


@strawberry.type(description="A postal address that is known to exist (TMF673 GeographicAddress).")
class GeographicAddress(Node):
    id = resolved(strawberry.ID, lambda root: encode("GeographicAddress", root.id), "Opaque id.")
    key: str = resolved(str, lambda root: root.id, "Id of the address in address management (TMF673).")
    label: str = field(description="The address in one line.")
    street_name: str | None = field(description="Name of the street.")
    street_nr: str | None = field(description="Number in the street.")
    postcode: str | None = field(description="Postal code.")
    city: str | None = field(description="Town.")
    country: str | None = field(description="Country, ISO 3166 alpha-2.")
    resources = resolved(
        list[NetworkResource] | None,
        loaded(Loaders.resources_by_place_id, lambda root: root.id),
        "What the inventory records of the network there (TMF639). Null with an error while it is down.",
    )
    drift = resolved(
        list[ResourceDrift] | None,
        _drift,
        "Where the network differs from its records (TMF639). Null with an error while the inventory is down.",
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, address.GeographicAddress)


@strawberry.type(description="What an address text means (TMF673 GeographicAddressValidation).")
class AddressValidation:
    result: ValidationResult = field(description="Whether it means one address, several or none.")
    address: GeographicAddress | None = field(description="The one address that it means.")
    alternatives: list[GeographicAddress] = field(description="Addresses that it may mean, the likeliest first.")


@strawberry.type(description="Whether services can be delivered at a place (TMF645 checkServiceQualification).")
class Serviceability:
    serviceable: bool = field(description="Whether all of them can.")
    reason: str | None = field(description="Why not.")
    valid_until: datetime | None = field(description="Until when the answer holds; null: the backend did not say.")
    alternatives: list[str] = field(description="Service specifications that could be delivered instead.")


@strawberry.type(description="A time in which a technician is free (TMF646 availableTimeSlot).")
class TimeSlot:
    start: datetime = field(description="When it begins.")
    end: datetime = field(description="When it ends.")


@strawberry.type(description="A technician's work for an order (TMF697 WorkOrder).")
class WorkOrder:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the work order.")
    state: str = field(description="How far it has come.")
    description: str = field(description="What is done.")
