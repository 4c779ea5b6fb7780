"""What people are asked to do about an order under way."""

from datetime import datetime

import strawberry
from strawberry import field

from resolvers.enums import ChangeRequestKind, ChangeRequestState


@strawberry.type(description="What somebody asks people to do about an order under way, and what was said to it.")
class ProductOrderChangeRequest:
    id: strawberry.ID = field(description="1, 2, 3 … within its order.")
    kind: ChangeRequestKind = field(description="What kind of change is wished for.")
    wish: str = field(description="What is wished for, in words.")
    reason: str | None = field(description="Why; null: nobody said.")
    state: ChangeRequestState = field(description="Where it stands.")
    requested_by: str = field(description="Who asked for it.")
    requested_at: datetime = field(description="When.")
    answer: str | None = field(description="What was said to it; null: nothing yet, or it was withdrawn.")
    decided_by: str | None = field(description="Who answered or withdrew it; null: it is open.")
    decided_at: datetime | None = field(description="When.")
    led_to_version: int | None = field(description="The version of the order that came of it, when the answer says so.")
