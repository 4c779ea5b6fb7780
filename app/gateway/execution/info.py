"""What a resolver is told of the field it resolves: everything is worked out when it is asked for."""

from typing import TYPE_CHECKING, Any

import msgspec
import strawberry
from graphql import GraphQLResolveInfoHelpers
from graphql.pyutils import Path, gather_with_cancel
from strawberry.execution import optimized_is_awaitable
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.nodes import Selection, convert_selections

from app.gateway.execution.plan import PlanField

if TYPE_CHECKING:
    from app.gateway.execution.run import Run

Link = tuple[Any, str | int]
"""A place in the answer: the place above it (None: the root), and its key or index there."""


def keys_of(link: Link | None) -> list[str | int]:
    """The keys and indexes on the way to a place."""
    keys: list[str | int] = []
    while link is not None:
        keys.append(link[1])
        link = link[0]
    return keys[::-1]


def path_of(at: PlanField, link: Link) -> Path:
    """The place of a field as graphql-core tells it, with the types on the way."""
    above = link[0]
    field = at.above
    indexes: list[int] = []
    while above is not None and isinstance(above[1], int):
        indexes.append(above[1])
        above = above[0]
    prev = path_of(field, above) if above is not None and field is not None else None
    for index in reversed(indexes):
        prev = Path(prev, index, None)
    return Path(prev, link[1], at.parent.name)


class RawInfo(msgspec.Struct, gc=False):
    """What graphql-core tells a resolver: Strawberry's GraphQLResolveInfo, by the same names."""

    plan_field: PlanField
    run: "Run"
    link: Link

    @property
    def field_name(self) -> str:
        return self.plan_field.nodes[0].name.value

    @property
    def field_nodes(self) -> Any:
        return self.plan_field.nodes

    @property
    def return_type(self) -> Any:
        return self.plan_field.definition.type

    @property
    def parent_type(self) -> Any:
        return self.plan_field.parent

    @property
    def path(self) -> Path:
        return path_of(self.plan_field, self.link)

    @property
    def schema(self) -> Any:
        return self.run.plan.schema

    @property
    def fragments(self) -> Any:
        return self.run.plan.fragments

    @property
    def root_value(self) -> None:
        return None

    @property
    def operation(self) -> Any:
        return self.run.plan.operation

    @property
    def variable_values(self) -> dict[str, Any]:
        return self.run.variables.coerced

    @property
    def context(self) -> Any:
        return self.run.context

    @property
    def is_awaitable(self) -> Any:
        return optimized_is_awaitable

    @property
    def abort_signal(self) -> None:
        return None

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        return GraphQLResolveInfoHelpers(gather=lambda values: gather_with_cancel(*values), track=self.run.track)

    @property
    def operation_extensions(self) -> None:
        return None


class Info(msgspec.Struct, gc=False):
    """What Strawberry tells a resolver, by the names of `strawberry.Info`; a quarter of its price."""

    plan_field: PlanField
    run: "Run"
    link: Link

    @property
    def _raw_info(self) -> RawInfo:
        return RawInfo(self.plan_field, self.run, self.link)

    @property
    def _field(self) -> Any:
        return self.plan_field.strawberry_field

    @property
    def context(self) -> Any:
        return self.run.context

    @property
    def field_name(self) -> str:
        return self.plan_field.nodes[0].name.value

    @property
    def schema(self) -> strawberry.Schema:
        return self.run.plan.strawberry_schema

    @property
    def selected_fields(self) -> list[Selection]:
        raw: Any = self._raw_info
        return convert_selections(raw, self.plan_field.nodes)

    @property
    def input_extensions(self) -> None:
        return None

    @property
    def root_value(self) -> None:
        return None

    @property
    def variable_values(self) -> dict[str, Any]:
        return self.run.variables.coerced

    @property
    def return_type(self) -> Any:
        return self._field.type

    @property
    def python_name(self) -> str:
        name: str = self._field.python_name
        return name

    @property
    def operation(self) -> Any:
        return self.run.plan.operation

    @property
    def query(self) -> str | None:
        location = self.operation.loc
        return location.source.body if location is not None else None

    @property
    def path(self) -> Path:
        return path_of(self.plan_field, self.link)

    def get_argument_definition(self, name: str) -> StrawberryArgument | None:
        return next((argument for argument in self._field.arguments if argument.python_name == name), None)
