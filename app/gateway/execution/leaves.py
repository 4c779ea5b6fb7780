"""graphql-core's executor with a short cut for leaves, for what is not compiled."""

from typing import Any, Final

from graphql import GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLNonNull, GraphQLString, Undefined
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

from app.gateway.execution.plan import as_made

TEXTS: Final = (GraphQLString, GraphQLID)
LEAST_INT: Final = -(2**31)
MOST_INT: Final = 2**31 - 1


class LeafExecutor(StrawberryGraphQLCoreExecutionContext):
    """Attributes that are leaves of the usual Python type are read directly: no info, no awaitable, no coercion.

    Whatever else a field is or has is left to graphql-core, and so is every error.
    """

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: list[FieldDetails], path: Path, position_context: Any
    ) -> Any:
        """The value of a field, or an awaitable of it."""
        definition = self.schema.get_field(parent_type, field_details_list[0].node.name.value)
        made_of = as_made(definition) if definition else None
        if definition and type(made_of) is StrawberryField and made_of.is_basic_field and not self.middleware_manager:
            try:
                value = made_of.default_resolver(source, made_of.python_name)
            except Exception:  # noqa: BLE001 - graphql-core meets it again, and tells it
                value = Undefined
            if _is_usual(definition.type, value):
                return value
        return super().execute_field(parent_type, source, field_details_list, path, position_context)


def _is_usual(type_: Any, value: Any) -> bool:
    """Whether this is a value that coerces to itself."""
    if value is None:
        return not isinstance(type_, GraphQLNonNull)
    if isinstance(type_, GraphQLNonNull):
        type_ = type_.of_type
    if type_ in TEXTS:
        return type(value) is str
    if type_ is GraphQLInt:
        return type(value) is int and LEAST_INT <= value <= MOST_INT
    if type_ is GraphQLBoolean:
        return type(value) is bool
    return type_ is GraphQLFloat and type(value) is float and value - value == 0.0
