"""What becomes of products that are repackaged, before and after."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry import field

from app.domain import repackage
from app.ordering.repackage import RepackagePreview as DomainPreview
from resolvers.enums import ComponentFate
from resolvers.fields import resolved
from resolvers.types.money import Money
from resolvers.types.preview import LifecyclePreview


@strawberry.type(description="What becomes of one component, and what that costs, tax included.")
class RepackagedComponent:
    item_id: strawberry.ID = field(description="Id of the item of the order that would do it.")
    fate: ComponentFate = field(description="What becomes of it.")
    offering_key: strawberry.ID = resolved(
        strawberry.ID, lambda root: root.offering_id, "What it would be, or has been when it ends: the offering."
    )
    offering_name: str = field(description="Name of the offering.")
    product_key: strawberry.ID | None = resolved(
        strawberry.ID | None,
        lambda root: root.product.id if root.product else None,
        "Id of the owned product (TMF637), which stays the same unless it ends; null: it is new.",
    )
    monthly_before: Money | None = field(description="What it costs a month now; null: nothing.")
    monthly_after: Money | None = field(description="What it would cost in the first month; null: nothing.")
    one_time: Money | None = field(description="What it would cost once; null: nothing.")
    early_termination: Money | None = field(
        description="What it would cost that it ends before its term has run out; null: nothing."
    )


def _components(root: strawberry.Parent[DomainPreview]) -> tuple[repackage.Compared, ...]:
    return root.comparison.components if root.comparison else ()


def _of_comparison(name: str, graphql_type: object, description: str) -> Any:  # stands for any field
    return resolved(graphql_type, lambda root: getattr(root.comparison, name) if root.comparison else None, description)


@strawberry.type(description="What repackageProducts would do, and the comparison by which it is decided about.")
class RepackagePreview:
    preview: LifecyclePreview = field(description="What the order would do, and why it would be refused.")
    components = resolved(
        list[RepackagedComponent], _components, "Component by component; empty when there is nothing to compare."
    )
    monthly_before = _of_comparison("monthly_before", Money | None, "What all of it costs a month now.")
    monthly_after = _of_comparison("monthly_after", Money | None, "What all of it would cost in the first month.")
    one_time = _of_comparison("one_time", Money | None, "What would be charged once.")
    early_termination = _of_comparison(
        "early_termination", Money | None, "What would be charged for ending products before their term has run out."
    )
    commitment = _of_comparison(
        "commitment", Money | None, "What would be taken on until the new terms end, all charges together."
    )
    commitment_ends_at = _of_comparison("commitment_ends_at", datetime | None, "When the last commitment would end.")
