"""Numbers, SIMs, services and network resources behind a product (TMF685, 638, 654, 639)."""

from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry import field

from resolvers.enums import ResourceKind
from resolvers.fields import resolved


@strawberry.type(description="A number, SIM or port held for an item until a time (TMF685 ResourceReservation).")
class Reservation:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the reservation.")
    kind: ResourceKind = resolved(ResourceKind, lambda root: ResourceKind(root.kind), "What it is.")
    value: str = field(description="The number, the ICCID or the port.")
    expires_at: datetime | None = field(description="Until when it is held; null: without end.")


@strawberry.type(description="A service that realises what the customer owns (TMF638 Service).")
class RealisingService:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the service in its inventory.")
    name: str = field(description="What it is called.")
    state: str = field(description="feasibilityChecked, designed, reserved, inactive, active or terminated.")


@strawberry.type(description="A prepaid balance (TMF654 Bucket).")
class Bucket:
    key: strawberry.ID = resolved(strawberry.ID, lambda root: root.id, "Id of the balance.")
    name: str = field(description="What it is called.")
    status: str = field(description="active, suspended or expired.")
    remaining: Decimal = field(description="What is left, in units.")
    unit: str = field(description="Unit: a currency, or for example MB.")
    valid_until: datetime | None = field(description="When it runs out.")
