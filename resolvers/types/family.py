"""Orders that belong together, seen as one."""

from datetime import datetime

import strawberry
from strawberry import field

from app.domain import family
from resolvers.enums import OrderState
from resolvers.fields import resolved


@strawberry.type(description="How many orders are in a state.")
class OrderStateCount:
    state: OrderState = field(description="The state.")
    count: int = field(description="How many are in it.")


def _counts(root: strawberry.Parent[family.RollUp]) -> list[OrderStateCount]:
    return [OrderStateCount(state=state, count=count) for state, count in sorted(root.counts.items())]


@strawberry.type(description="An order and its parts taken together, as far as you may see them.")
class ProductOrderRollUp:
    state: OrderState = field(
        description="Where the whole stands: under way if one of them is; completed or failed if all are; partial when "
        "the outcome is mixed. Drafts, rejected and cancelled orders do not count unless there are no others."
    )
    total: int = field(description="How many orders there are, the parent included.")
    counts = resolved(list[OrderStateCount], _counts, "How many are in each state that there is.")
    expected_completion_at: datetime | None = field(
        description="When the last of them is expected to be complete; null: nothing is under way."
    )
    completed_at: datetime | None = field(description="When the last was completed; null: the whole is not.")
