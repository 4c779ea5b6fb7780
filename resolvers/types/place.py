"""Places and visits: addresses, whether they can be served, free time slots (TMF673, 645, 646)."""

from datetime import datetime

import strawberry
from strawberry import field

from connectors import address
from resolvers.enums import ValidationResult
from resolvers.fields import resolved
from resolvers.ids import encode
from resolvers.node import Node


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


@strawberry.type(description="A time in which a technician is free (TMF646 availableTimeSlot).")
class TimeSlot:
    start: datetime = field(description="When it begins.")
    end: datetime = field(description="When it ends.")
