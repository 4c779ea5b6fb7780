"""Points of no return in the way of a change."""

from datetime import datetime

import strawberry
from strawberry import field

from resolvers.types.plan import PointOfNoReturn


@strawberry.type(description="A point of no return that an item has passed.")
class PassedPointOfNoReturn:
    item_id: strawberry.ID = field(description="The item.")
    task_id: strawberry.ID = field(
        description="The task that made it pass; or the rule, when a product is ended before its term."
    )
    task_name: str = field(description="The same, for people.")
    point: PointOfNoReturn = field(description="What it means.")


@strawberry.type(description="A point of no return that is still to come.")
class PointOfNoReturnAhead:
    item_ids: list[strawberry.ID] = field(description="The items that it will bind.")
    task_id: strawberry.ID = field(description="The task that makes them pass it.")
    task_name: str = field(description="The same, for people.")
    point: PointOfNoReturn = field(description="What it means.")
    possible_until: datetime = field(description="When that task is expected to begin: until then there is a way back.")
