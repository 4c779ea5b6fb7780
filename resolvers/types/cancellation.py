"""What a cancellation would do."""

import strawberry
from strawberry import field

from resolvers.fields import resolved
from resolvers.types.money import Money
from resolvers.types.plan import PointOfNoReturn


@strawberry.type(description="A point of no return that an item has passed.")
class PassedPointOfNoReturn:
    item_id: strawberry.ID = field(description="The item.")
    task_id: strawberry.ID = field(
        description="The task that made it pass; or the rule, when a product is ended before its term."
    )
    task_name: str = field(description="The same, for people.")
    point: PointOfNoReturn = field(description="What it means.")


@strawberry.type(description="What cancelProductOrder would do now.")
class CancellationPreview:
    possible: bool = resolved(bool, lambda root: not root.blocked_by, "Whether it can be done, for the charge.")
    item_ids: list[strawberry.ID] = field(
        description="The items that would be cancelled: those asked for, parts of bundles, and what relies on them."
    )
    charge: Money | None = field(description="What it would cost; null: nothing.")
    passed: list[PassedPointOfNoReturn] = field(description="Points of no return that have been passed.")
    taken_back: list[strawberry.ID] = field(
        description="Tasks whose effect would be taken back, in the order in which that begins."
    )
    abandoned: list[strawberry.ID] = field(description="Tasks that would not be begun or waited for any more.")
