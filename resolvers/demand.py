"""What fields cost, declared on the schema (GraphQL Cost Directives)."""

from typing import Final

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    name="cost",
    locations=[
        Location.ARGUMENT_DEFINITION,
        Location.ENUM,
        Location.FIELD_DEFINITION,
        Location.OBJECT,
        Location.SCALAR,
    ],
    description="What it adds to the cost of an operation each time it appears. By default 1 for objects.",
)
class Cost:
    weight: str = strawberry.directive_field(name="weight")


@strawberry.schema_directive(
    name="listSize",
    locations=[Location.FIELD_DEFINITION],
    description="How many elements a list has when the cost of an operation is estimated; 5 where nothing is said.",
)
class ListSize:
    assumed_size: int | None = strawberry.directive_field(name="assumedSize", default=strawberry.UNSET)
    slicing_arguments: list[str] | None = strawberry.directive_field(name="slicingArguments", default=strawberry.UNSET)
    sized_fields: list[str] | None = strawberry.directive_field(name="sizedFields", default=strawberry.UNSET)
    require_one_slicing_argument: bool | None = strawberry.directive_field(
        name="requireOneSlicingArgument", default=True
    )


PAGE: Final = ListSize(slicing_arguments=["first"], sized_fields=["edges", "nodes"], require_one_slicing_argument=False)
"""A page of a connection."""


def declared(weight: int, size: ListSize | None = None) -> list[object]:
    """The directives of a field with this weight and size."""
    return [*([Cost(weight=str(weight))] if weight else []), *([size] if size else [])]


def listed(argument: str) -> ListSize:
    """As many elements as this list argument has."""
    return ListSize(slicing_arguments=[argument], require_one_slicing_argument=False)
