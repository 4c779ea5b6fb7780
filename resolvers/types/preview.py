"""What a lifecycle mutation would do."""

from datetime import datetime

import strawberry
from strawberry import field

from app.ordering import preview
from resolvers.enums import PriceType
from resolvers.errors import UserError, user_error
from resolvers.fields import resolved
from resolvers.types.cancellation import PassedPointOfNoReturn, PointOfNoReturnAhead
from resolvers.types.money import Money
from resolvers.types.order import ProductOrder
from resolvers.types.plan import Task


@strawberry.type(description="What the order costs of one price type and period, before and after, tax included.")
class PriceChange:
    price_type: PriceType = field(description="When it is charged.")
    period: str | None = field(description="Charge period of recurring prices.")
    before: Money | None = field(description="Before; null: nothing of the kind.")
    after: Money | None = field(description="After; null: nothing of the kind.")
    delta: Money | None = field(description="What is added; below zero: taken off.")


def _errors(root: strawberry.Parent[preview.Preview]) -> list[UserError]:
    return [user_error(refusal) for refusal in root.refusals]


@strawberry.type(description="What a lifecycle mutation would do if it came now. Asking changes nothing.")
class LifecyclePreview:
    possible: bool = resolved(
        bool, lambda root: not root.refusals, "Whether it can be done: for the charge, and with the approvals."
    )
    errors = resolved(list[UserError], _errors, "Why it would be refused, as the mutation would say it.")
    order: ProductOrder | None = field(description="The order as it would be; null when it would be refused.")
    item_ids: list[strawberry.ID] = field(description="The items that it concerns.")
    prices: list[PriceChange] = field(description="How the order's price changes, total by total.")
    expected_before: datetime | None = field(description="When the order is expected to be complete as it is.")
    expected_after: datetime | None = field(description="When it would be expected to be complete.")
    kept: list[Task] = field(description="Tasks that stay as they are.")
    taken_back: list[Task] = field(
        description="Tasks whose effect would be taken back, in the order in which that begins."
    )
    redone: list[Task] = field(description="Tasks that would be done once more, otherwise than before.")
    added: list[Task] = field(description="Tasks that would be new.")
    abandoned: list[Task] = field(description="Tasks that would not be begun or waited for any more.")
    passed: list[PassedPointOfNoReturn] = field(
        description="Points of no return that have been passed; one without a charge refuses it."
    )
    ahead: list[PointOfNoReturnAhead] = field(
        description="Points of no return that are still to come, the next one first."
    )
    charge: Money | None = field(description="What it costs and has to be accepted; null: nothing.")
    approvals: list[str] = field(description="What somebody has to agree to before it is done.")


@strawberry.type(description="What a mutation of an order and its parts would do to one of them.")
class PartPreview:
    order_key = resolved(strawberry.ID, lambda root: root.order_id, "Its number.")
    preview: LifecyclePreview = field(description="What would become of it.")
